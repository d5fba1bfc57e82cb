/* SPDX-License-Identifier: GPL-2.0-only */
/* Bit operations and atomics. The lock-prefixed ones may be used on memory that guests share. */
#ifndef XEN_BITOPS_H
#define XEN_BITOPS_H

#include <xen/types.h>

static inline bool test_bit(u64 n, const volatile void *p)
{
	return ((const volatile u8 *)p)[n >> 3] & (1 << (n & 7));
}

static inline void set_bit(u64 n, volatile void *p)
{
	asm volatile("lock orb %1, %0" : "+m" (((volatile u8 *)p)[n >> 3])
		     : "q" ((u8)(1 << (n & 7))) : "memory");
}

static inline void clear_bit(u64 n, volatile void *p)
{
	asm volatile("lock andb %1, %0" : "+m" (((volatile u8 *)p)[n >> 3])
		     : "q" ((u8)~(1 << (n & 7))) : "memory");
}

/* The word-wide forms address the aligned 32-bit word that holds the bit. */
static inline bool test_and_set_bit(u64 n, volatile void *p)
{
	bool old;

	asm volatile("lock btsl %2, %0" : "+m" (((volatile u32 *)p)[n >> 5]), "=@ccc" (old)
		     : "r" ((u32)(n & 31)) : "memory");
	return old;
}

static inline bool test_and_clear_bit(u64 n, volatile void *p)
{
	bool old;

	asm volatile("lock btrl %2, %0" : "+m" (((volatile u32 *)p)[n >> 5]), "=@ccc" (old)
		     : "r" ((u32)(n & 31)) : "memory");
	return old;
}

static inline void __set_bit(u64 n, void *p) { ((u8 *)p)[n >> 3] |= 1 << (n & 7); }
static inline void __clear_bit(u64 n, void *p) { ((u8 *)p)[n >> 3] &= ~(1 << (n & 7)); }

/* First set (or clear) bit at or after @from; @size if none. */
u64 find_next_bit(const void *p, u64 size, u64 from);
u64 find_next_zero_bit(const void *p, u64 size, u64 from);

static inline unsigned ffs64(u64 x) { return __builtin_ctzl(x); }
static inline unsigned fls64(u64 x) { return 63 - __builtin_clzl(x); }

static inline unsigned weight64(u64 x)		/* bits that are set */
{
	unsigned n = 0;

	for (; x; x &= x - 1)
		n++;
	return n;
}

#define cmpxchg(p, old, new) ({						\
	__typeof__(*(p)) old_ = (old);					\
	__atomic_compare_exchange_n((p), &old_, (new), false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);\
	old_; })
#define xchg(p, v)		__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_add(p, v)	__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub(p, v)	__atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_read(p)		__atomic_load_n((p), __ATOMIC_RELAXED)
#define smp_mb()		asm volatile("mfence" ::: "memory")
#define smp_wmb()		barrier()
#define smp_rmb()		barrier()

static inline void cpu_relax(void) { asm volatile("pause" ::: "memory"); }

#endif
