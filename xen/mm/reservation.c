/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames for a domain, and frames it gives back: XENMEM_increase_reservation,
 * decrease_reservation, populate_physmap. The result is the number of extents
 * that are done; the first that can't be done ends the operation.
 */
#include <xen/lib.h>
#include <xen/trace.h>
#include "memory.h"

/* Look for other work after so many frames. */
#define FRAMES_PER_LOOK	64

bool remove_frame(struct domain *d, mfn_t mfn)
{
	struct page_info *pg = get_page_from_mfn(mfn, d);
	bool owned;

	if (!pg)
		return false;
	owned = __atomic_fetch_and(&pg->count, ~PGC_ALLOCATED, __ATOMIC_SEQ_CST) & PGC_ALLOCATED;
	if (owned) {
		set_m2p(mfn, M2P_INVALID);
		put_page(pg);
	}
	put_page(pg);
	return owned;
}

static struct page_info *give_extent(struct domain *d, const struct xen_memory_reservation *r)
{
	unsigned bits = XENMEMF_get_address_bits(r->mem_flags);
	struct page_info *pg;

	pg = alloc_domain_frames(d, r->extent_order, MEMF_bits(bits) | alloc_flags(d));
	if (pg && assign_frames(d, pg, r->extent_order)) {
		free_frames(pg, r->extent_order);
		pg = NULL;
	}
	return pg;
}

static bool increase(struct domain *d, const struct xen_memory_reservation *r, u64 i)
{
	struct page_info *pg = give_extent(d, r);
	xen_pfn_t mfn;

	if (!pg)
		return false;
	mfn = page_to_mfn(pg);
	return !handle_va(r->extent_start) || !put_guest(handle_va(r->extent_start), i, &mfn);
}

static bool populate(struct domain *d, const struct xen_memory_reservation *r, u64 i)
{
	u64 frames = 1UL << r->extent_order;
	struct page_info *pg;
	xen_pfn_t gpfn, mfn;

	/* Written back at once: so the list can be written, before a frame is given away. */
	if (get_guest(&gpfn, handle_va(r->extent_start), i) ||
	    put_guest(handle_va(r->extent_start), i, &gpfn) || gpfn + frames < gpfn)
		return false;
	pg = give_extent(d, r);
	if (!pg)
		return false;
	mfn = page_to_mfn(pg);
	for (u64 j = 0; j < frames; j++)
		set_m2p(mfn + j, gpfn + j);
	return !put_guest(handle_va(r->extent_start), i, &mfn);
}

static bool decrease(struct domain *d, const struct xen_memory_reservation *r, u64 i)
{
	xen_pfn_t mfn;

	if (get_guest(&mfn, handle_va(r->extent_start), i))
		return false;
	for (u64 j = 0; j < 1UL << r->extent_order; j++)
		if (!remove_frame(d, mfn + j))
			return false;
	trace(TRC_MEM_DECREASE_RESERVATION, TRACE_U64(mfn), d->id | r->extent_order << 16);
	return true;
}

static bool sane(u64 op, const struct xen_memory_reservation *r)
{
	unsigned bits = XENMEMF_get_address_bits(r->mem_flags);

	if (r->nr_extents > ~0UL >> MEMOP_EXTENT_SHIFT || r->extent_order > max_order())
		return false;
	if (op == XENMEM_decrease_reservation)
		return true;
	return !bits || bits >= r->extent_order + PAGE_SHIFT;
}

long memory_reservation(u64 op, u64 arg, u64 done)
{
	struct xen_memory_reservation r;
	struct domain *d;
	u64 frames = 0, i;

	if (copy_from_guest(&r, arg, sizeof(r)) || !sane(op, &r) || done >= r.nr_extents)
		return done;
	d = get_domain_or_self(r.domid);
	if (!d)
		return done;
	if (!may_control(d)) {
		put_domain(d);
		return done;
	}
	for (i = done; i < r.nr_extents; i++) {
		bool ok;

		if (op == XENMEM_increase_reservation)
			ok = increase(d, &r, i);
		else if (op == XENMEM_populate_physmap)
			ok = populate(d, &r, i);
		else
			ok = decrease(d, &r, i);
		if (!ok)
			break;
		frames += 1UL << r.extent_order;
		if (frames < FRAMES_PER_LOOK || i + 1 == r.nr_extents)
			continue;
		frames = 0;
		if (preempt_check()) {
			put_domain(d);
			return hypercall_restart(__HYPERVISOR_memory_op, 2,
						 op | (i + 1) << MEMOP_EXTENT_SHIFT, arg);
		}
	}
	put_domain(d);
	return i;
}
