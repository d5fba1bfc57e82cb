/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: owners and general references.
 *
 * A frame exists for others while its count isn't zero. The owner's own
 * reference is PGC_ALLOCATED; every mapping, pin and base pointer holds one
 * more. Owner and count are one word, so that taking a reference checks both at
 * once: a frame can't change hands between check and use.
 *
 *	free (heap) -> the hypervisor's, count 1	alloc_frames
 *	the hypervisor's -> a domain's, PGC_ALLOCATED	assign_frames
 *	the hypervisor's -> shared, PGC_HVPAGE		share_frame
 *	shared -> the hypervisor's			unshare_frame
 *	a domain's or unshared, count 0 -> free		put_page, steal_frame
 *
 * A domain is kept alive by its frames: the first takes a reference to it, the
 * last drops it. So a dead domain's id can't return while frames bear it, and
 * shared frames lose its id when they are taken back.
 */
#include "pt.h"

#define COUNT_LIMIT	0x80000000UL	/* far from where the count would wrap */
#define OWNER(id)	((u64)(id) << PGC_OWNER_SHIFT)

bool get_page(struct page_info *pg, const struct domain *d)
{
	u64 x = atomic_read(&pg->count);

	for (;;) {
		domid_t owner = (x & PGC_OWNER_MASK) >> PGC_OWNER_SHIFT;

		if (!(x & PGC_COUNT_MASK) || (x & PGC_COUNT_MASK) >= COUNT_LIMIT ||
		    owner == DOMID_INVALID || owner == DOMID_IO || (x & PGC_FREE))
			return false;
		if (d && owner != d->id)
			return false;
		if (owner == DOMID_XEN && !(x & PGC_HVPAGE))
			return false;
		if (__atomic_compare_exchange_n(&pg->count, &x, x + 1, false, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	}
}

struct page_info *get_page_from_mfn(mfn_t mfn, const struct domain *d)
{
	struct page_info *pg = mfn_to_page(mfn);

	if (!is_ram(mfn) || !((d && quick_get_page(pg, d)) || get_page(pg, d)))
		return NULL;
	return pg;
}

/* A domain's frame leaves it. */
static void uncount_frame(struct domain *d)
{
	bool last;

	spin_lock(&d->page_lock);
	last = !--d->tot_pages;
	spin_unlock(&d->page_lock);
	if (last)
		put_domain(d);
}

/* To the heap; or to nobody, if a machine check found it bad: as badpage= leaves frames. */
static void give_back(struct page_info *pg)
{
	if (likely(!(pg->count & PGC_BAD))) {
		free_frames(pg, 0);
		return;
	}
	set_m2p(page_to_mfn(pg), M2P_INVALID);
	pg->type = pg->aux = 0;
	WRITE_ONCE(pg->count, OWNER(DOMID_XEN) | PGC_BAD | 1);
}

/* No reference is left, so nobody else can look at the frame. */
static void release_frame(struct page_info *pg)
{
	domid_t owner = page_owner(pg);

	BUG_ON(pg->type & (PGT_COUNT_MASK | PGT_LOCKED | PGT_PARTIAL));
	if (owner == DOMID_XEN) {
		/* Was shared: the heap must know that guests' TLBs may remember it. */
		WRITE_ONCE(pg->count, OWNER(DOMID_XEN) | PGC_HVPAGE);
		free_frames(pg, 0);
	} else if (owner == current->domain->id) {
		give_back(pg);
		uncount_frame(current->domain);
	} else {
		struct domain *d = get_domain(owner);

		BUG_ON(!d);
		give_back(pg);
		uncount_frame(d);
		put_domain(d);
	}
}

long last_page_ref(struct page_info *pg, u64 left)
{
	BUG_ON(left & PGC_COUNT_MASK);		/* there was none */
	release_frame(pg);
	return 0;
}

void put_page(struct page_info *pg)
{
	drop_page(pg);
}

int assign_frames(struct domain *d, struct page_info *pg, unsigned order)
{
	u64 n = 1UL << order;
	int rc = 0;

	spin_lock(&d->page_lock);
	if (d->is_dying)
		rc = -EINVAL;
	else if (n > d->max_pages || d->tot_pages > d->max_pages - n)
		rc = -E2BIG;
	if (rc)
		goto out;
	if (!d->tot_pages)
		ref_domain(d);
	d->tot_pages += n;
	/* The type stays: none of a new frame; what a stolen one last was. */
	for (u64 i = 0; i < n; i++) {
		mfn_t mfn = page_to_mfn(pg) + i;

		if (!i || mfn % CHUNK_FRAMES == 0)
			set_bit(mfn / CHUNK_FRAMES, d->owned_chunks);
		__atomic_store_n(&pg[i].count, OWNER(d->id) | PGC_ALLOCATED | 1,
				 __ATOMIC_RELEASE);
	}
out:
	spin_unlock(&d->page_lock);
	return rc;
}

bool steal_frame(struct domain *d, struct page_info *pg)
{
	u64 alone = OWNER(d->id) | PGC_ALLOCATED | 1;

	if (cmpxchg(&pg->count, alone, OWNER(d->id)) != alone)
		return false;
	BUG_ON(pg->type & (PGT_COUNT_MASK | PGT_LOCKED | PGT_PARTIAL));
	set_m2p(page_to_mfn(pg), M2P_INVALID);
	uncount_frame(d);
	return true;
}

void condemn_frame(struct page_info *pg)
{
	u64 x = atomic_read(&pg->count);

	while ((x & PGC_COUNT_MASK) && !(x & (PGC_FREE | PGC_HVPAGE)) &&
	       (domid_t)(x >> PGC_OWNER_SHIFT) < FIRST_RESERVED_DOMID &&
	       !__atomic_compare_exchange_n(&pg->count, &x, x | PGC_BAD, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED))
		;
}

void share_frame(struct page_info *pg, struct domain *d, bool writable)
{
	/* A type reference of its own keeps it from becoming anything else. */
	pg->type = (writable ? PGT_WRITABLE : PGT_NONE) | PGT_VALIDATED | 1;
	__atomic_store_n(&pg->count, OWNER(d->id) | PGC_HVPAGE | 1, __ATOMIC_RELEASE);
}

void unshare_frame(struct page_info *pg)
{
	u64 x = atomic_read(&pg->count);

	/* Mappings that exist stay; new ones can't be made of an unshared hypervisor frame. */
	while (!__atomic_compare_exchange_n(&pg->count, &x,
					    OWNER(DOMID_XEN) | (x & PGC_COUNT_MASK), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	put_page_type(pg, false);
	put_page(pg);
}

u64 domain_total_frames(const struct domain *d)
{
	return atomic_read(&d->tot_pages);
}

bool iomem_ok(const struct domain *d, mfn_t mfn)
{
	return ranges_contain(&d->iomem, mfn, mfn);
}
