/* SPDX-License-Identifier: GPL-2.0-only */
/* Among memory.c, reservation.c and exchange.c: the XENMEM_* operations. */
#ifndef MM_MEMORY_H
#define MM_MEMORY_H

#include <xen/hypercall.h>

/* A restarted operation carries the number of extents that are done in the command. */
#define MEMOP_EXTENT_SHIFT	6
#define MEMOP_CMD_MASK		((1UL << MEMOP_EXTENT_SHIFT) - 1)

/* Largest extent, 2^order frames, that a caller may name: it is worked on in one go. */
#define CONTROL_ORDER_MAX	12
#define GUEST_ORDER_MAX		9
static inline unsigned max_order(void)
{
	return is_control_domain(current->domain) ? CONTROL_ORDER_MAX : GUEST_ORDER_MAX;
}

/*
 * reservation.c: increase, decrease, populate; goes on after @done extents. Returns how many
 * extents are done in all, not an error number.
 */
long memory_reservation(u64 op, u64 arg, u64 done);
/*
 * Take the owner's own reference from a frame of @d; the frame is the heap's when the last
 * reference goes. False if @d doesn't own it, or has given it back already.
 */
bool remove_frame(struct domain *d, mfn_t mfn);
/*
 * For alloc_domain_frames(): only dom0 may see old bytes. Its devices need frames side by side;
 * guests' builders take single ones instead.
 */
static inline unsigned alloc_flags(const struct domain *d)
{
	return is_control_domain(d) ? MEMF_NO_SCRUB | MEMF_JOIN : 0;
}

/* exchange.c */
long memory_exchange(u64 arg);

/* memory.c, boot: note what XENMEM_machine_memory_map will tell. */
void machine_map_init(void);

#endif
