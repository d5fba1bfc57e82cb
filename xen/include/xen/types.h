/* SPDX-License-Identifier: GPL-2.0-only */
/* Basic types. Address kinds have names of their own, so that a signature says what it takes. */
#ifndef XEN_TYPES_H
#define XEN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 mfn_t;	/* machine frame number: a frame of real RAM or MMIO */
typedef u64 pfn_t;	/* pseudo-physical frame number: what a guest counts */
typedef u64 paddr_t;	/* machine address */
typedef u64 vaddr_t;	/* virtual address, of a guest or the hypervisor */
typedef s64 stime_t;	/* system time: nanoseconds since the hypervisor started */

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define MFN_INVALID	(~0UL)

#define PFN_UP(x)	(((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)	((x) >> PAGE_SHIFT)
#define ROUND_UP(x, n)	(((x) + (n) - 1) & ~((n) - 1UL))

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(n)		(1UL << (n))
#define MIN(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define MAX(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define container_of(p, type, member)	((type *)((char *)(p) - offsetof(type, member)))

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define __init		__attribute__((section(".init.text"), cold))
#define __initdata	__attribute__((section(".init.data")))
#define __noreturn	__attribute__((noreturn))
#define __cold		__attribute__((cold, noinline))	/* rarely called: out of the way of what calls it */
#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __must_check	__attribute__((warn_unused_result))
#define __used		__attribute__((used))

#define barrier()	asm volatile("" ::: "memory")
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
