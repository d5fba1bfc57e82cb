/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a domain's memory: one pass over the chunks that may hold its frames.
 *
 * In each frame: unpin it, finish a table left half done, drop the allocation
 * reference. One pass is enough. A type reference to a table comes from a pin,
 * a base pointer (gone by now) or a table of a higher level, and a level never
 * refers to itself, so with the pins gone all tables come down, and with them
 * the general references of their entries. What then remains is held by others:
 * control domains that map the frame, grants in use. The frames go to the heap
 * when these let go, and the domain, which its frames keep alive, goes with the
 * last of them.
 *
 * No new frame and no new pin can appear behind us: both are refused to a dying domain.
 */
#include "pt.h"

static int unpin_and_finish(struct page_info *pg)
{
	int rc = 0;

	if (clear_pinned(pg)) {
		rc = put_page_type(pg, true);
		put_page(pg);
	}
	while (!rc && (READ_ONCE(pg->type) & (PGT_PARTIAL | PGT_LOCKED))) {
		rc = finish_table(pg, true);
		if (!rc && preempt_check())
			rc = -ERESTART;
	}
	return rc;
}

static int relinquish_frame(struct domain *d, struct page_info *pg)
{
	u64 x;
	int rc;

	if (!get_page(pg, d))
		return 0;
	if (atomic_read(&pg->count) & PGC_HVPAGE) {
		put_page(pg);
		return 0;
	}
	rc = unpin_and_finish(pg);
	if (!rc) {
		x = __atomic_fetch_and(&pg->count, ~PGC_ALLOCATED, __ATOMIC_SEQ_CST);
		if (x & PGC_ALLOCATED)
			put_page(pg);
	}
	put_page(pg);
	return rc;
}

int relinquish_frames(struct domain *d)
{
	if (!d->relinquish_next) {
		/* Whoever was giving it frames has seen is_dying, or is done. */
		spin_lock(&d->page_lock);
		spin_unlock(&d->page_lock);
	}
	while (d->relinquish_next < max_mfn) {
		mfn_t mfn = d->relinquish_next;

		if (!test_bit(mfn / CHUNK_FRAMES, d->owned_chunks)) {
			d->relinquish_next = ROUND_UP(mfn + 1, CHUNK_FRAMES);
			continue;
		}
		if (mfn_valid(mfn) && page_owner(mfn_to_page(mfn)) == d->id &&
		    relinquish_frame(d, mfn_to_page(mfn)))
			return -ERESTART;
		d->relinquish_next++;
		if (!(mfn & 31) && preempt_check())
			return -ERESTART;
	}
	return 0;
}
