/* SPDX-License-Identifier: GPL-2.0-only */
/* Between memory.c, exchange.c and reservation.c: XENMEM_* operations. */
#ifndef MM_MEMORY_H
#define MM_MEMORY_H

#include <xen/hypercall.h>

/*
 * Operations that stop in between return -ERESTART with *done extents done; the
 * dispatcher turns that into a restart of the hypercall with *done in the command.
 */
#define MEMOP_EXTENT_SHIFT	6
#define MEMOP_CMD_MASK		((1UL << MEMOP_EXTENT_SHIFT) - 1)

/* Largest extents, as 2^order frames: the control domain's, and others'. */
#define CONTROL_ORDER_MAX	18
#define GUEST_ORDER_MAX		9

/* reservation.c: increase, decrease, populate. Number of extents done, or -ERESTART. */
long memory_reservation(unsigned cmd, u64 arg, u64 *done);
/* exchange.c */
long memory_exchange(u64 arg);
/*
 * Take the owner's own reference from a frame of @d; the frame is the heap's when the last
 * reference goes. False if @d doesn't own it, or has given it back already.
 */
bool remove_frame(struct domain *d, mfn_t mfn);
unsigned max_order(const struct domain *caller);

/* memory.c, boot: what XENMEM_machine_memory_map will tell. */
void machine_map_init(void);

#endif
