/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to guest memory through the guest's current page table. Addresses are
 * checked to lie outside the hypervisor; a fault ends the copy. Guest memory can
 * change between two reads: copy a struct in once, check the copy, use the copy.
 */
#ifndef XEN_UACCESS_H
#define XEN_UACCESS_H

#include <xen/layout.h>
#include <xen/errno.h>

/* Bytes NOT copied: 0 is success. */
size_t raw_copy(void *d, const void *s, size_t n);	/* faults on either side end it */

/*
 * Are the bytes outside the hypervisor? From its end up, over zero, to the end of the lower half
 * all addresses are a guest's, so one comparison does; a wrap at zero is the guest's own affair.
 */
static inline bool guest_copy_ok(vaddr_t va, size_t n)
{
	const u64 span = 0x0000800000000000UL - HV_VIRT_END;

	return n <= span && va - HV_VIRT_END <= span - n;
}

static inline int copy_from_guest(void *d, vaddr_t s, size_t n)
{
	return guest_copy_ok(s, n) && !raw_copy(d, (const void *)s, n) ? 0 : -EFAULT;
}

static inline int copy_to_guest(vaddr_t d, const void *s, size_t n)
{
	return guest_copy_ok(d, n) && !raw_copy((void *)d, s, n) ? 0 : -EFAULT;
}

/* Atomic 8-byte compare and exchange on guest memory: 0 and *old set to what was there, or -EFAULT. */
int cmpxchg_raw(vaddr_t p, u64 *old, u64 new);
static inline int cmpxchg_guest(vaddr_t p, u64 *old, u64 new)
{
	return guest_range_ok(p, 8) ? cmpxchg_raw(p, old, new) : -EFAULT;
}

/* Two words at once: 0, or -EFAULT. */
static inline int read_guest_pair(vaddr_t at, u64 *a, u64 *b)
{
	if (!guest_copy_ok(at, 16))
		return -EFAULT;
	asm goto("1: mov (%2), %0\n2: mov 8(%2), %1\n"
		 "	.pushsection .ex_table, \"a\"\n"
		 "	.long 1b - ., %l3 - ., 2b - ., %l3 - .\n"
		 "	.popsection"
		 : "=&r" (*a), "=&r" (*b) : "r" (at) : "memory" : fault);
	return 0;
fault:
	return -EFAULT;
}

/* Element @i of an array of typed objects behind guest address @h. */
#define get_guest(dst, h, i)	copy_from_guest((dst), (vaddr_t)(h) + (i) * sizeof(*(dst)), sizeof(*(dst)))
#define put_guest(h, i, src)	copy_to_guest((vaddr_t)(h) + (i) * sizeof(*(src)), (src), sizeof(*(src)))
/* The address in a XEN_GUEST_HANDLE or XEN_GUEST_HANDLE_64. */
#define handle_va(h)		((vaddr_t)(h).p)

#endif
