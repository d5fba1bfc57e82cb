/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap: free frames of the machine, a buddy allocator.
 *
 * Free chunks of 2^order frames, aligned to their size, hang in lists by zone
 * and order. A zone holds the frames whose addresses need the same number of
 * bits; requests are served from the highest zone that fits, so that low memory
 * stays for those who can't use other (devices that address 24 or 32 bits).
 *
 * A freed frame keeps its old bytes (PGC_DIRTY) until it is handed out or an
 * idle CPU has the time to zero it. So a free frame without PGC_DIRTY is zero.
 *
 * CPUs may still hold a guest's translation of a frame that was freed. The heap
 * notes the TLB clock when guest frames come in, and before it zeroes or hands
 * out frames it flushes the CPUs that haven't flushed since.
 *
 * Frame 0 is never free: link 0 ends a list.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include "heap.h"

#define MAX_ORDER	20
#define LOW_BITS	24		/* the lowest zone: all below 16 MB */
#define NR_ZONES	20		/* up to 43 bits */
#define FREE_ORDER_MASK	0xffUL
#define SCRUB_LOOKS	256		/* frames that a scrubber looks at before it lets go of the lock */

static spinlock_t heap_lock = SPINLOCK_INIT(LOCK_HEAP);
/* All below: heap lock. */
static u32 chunks[NR_ZONES][MAX_ORDER + 1];	/* frame number of the first free chunk */
static u32 orders[NR_ZONES];			/* bit n: chunks[][n] isn't empty */
static u64 nr_free, nr_dirty, nr_claimed;
static u32 last_free_clock;			/* tlb_clock when a guest's frame was last freed */
static mfn_t scrub_next;

static unsigned zone_of(mfn_t mfn)
{
	unsigned bits = mfn ? fls64(mfn) + 1 + PAGE_SHIFT : 0;

	return bits <= LOW_BITS ? 0 : bits - LOW_BITS;
}

static void push(mfn_t mfn, unsigned order)
{
	struct page_info *pg = mfn_to_page(mfn);
	u32 *head = &chunks[zone_of(mfn)][order];

	pg->count |= PGC_FREE | order;
	pg->prev = 0;
	pg->next = *head;
	if (*head)
		mfn_to_page(*head)->prev = mfn;
	*head = mfn;
	orders[zone_of(mfn)] |= 1u << order;
}

static void unlink(mfn_t mfn, unsigned order)
{
	struct page_info *pg = mfn_to_page(mfn);
	unsigned zone = zone_of(mfn);

	pg->count &= ~(PGC_FREE | FREE_ORDER_MASK);
	if (pg->next)
		mfn_to_page(pg->next)->prev = pg->prev;
	if (pg->prev)
		mfn_to_page(pg->prev)->next = pg->next;
	else if (!(chunks[zone][order] = pg->next))
		orders[zone] &= ~(1u << order);
	pg->next = pg->prev = 0;
}

/* Put a chunk into the lists, joined with its buddies as far as these are free. */
static void insert(mfn_t mfn, unsigned order)
{
	nr_free += 1UL << order;
	for (; order < MAX_ORDER; order++) {
		mfn_t buddy = mfn ^ (1UL << order);
		u64 count;

		if (!mfn_valid(buddy) || zone_of(buddy) != zone_of(mfn))
			break;
		count = mfn_to_page(buddy)->count;
		if (!(count & PGC_FREE) || (count & FREE_ORDER_MASK) != order)
			break;
		unlink(buddy, order);
		mfn &= ~(1UL << order);
	}
	push(mfn, order);
}

/*
 * Take a chunk out of the lists, its frames all below 2^bits bytes (bits 0: anywhere),
 * the rest of a larger one going back. 0: there is none.
 */
static mfn_t take(unsigned order, unsigned bits)
{
	u64 limit = !bits || bits >= 64 ? ~0UL : (1UL << bits) >> PAGE_SHIFT;
	int zone = NR_ZONES - 1;

	if (bits && bits < LOW_BITS + NR_ZONES)
		zone = bits <= LOW_BITS ? 0 : bits - LOW_BITS;
	for (; zone >= 0; zone--) {
		u32 todo = orders[zone] & ~((1u << order) - 1);

		for (; todo; todo &= todo - 1) {
			unsigned o = ffs64(todo);
			mfn_t mfn = chunks[zone][o];

			/* Only for fewer than LOW_BITS bits is there more than one look. */
			while (mfn && mfn + (1UL << order) > limit)
				mfn = mfn_to_page(mfn)->next;
			if (!mfn)
				continue;
			unlink(mfn, o);
			while (o > order) {
				o--;
				push(mfn + (1UL << o), o);
			}
			nr_free -= 1UL << order;
			return mfn;
		}
	}
	return 0;
}

/* Make the frames of a chunk that was just taken the hypervisor's. PGC_DIRTY stays. */
static void own(mfn_t mfn, unsigned order)
{
	for (u64 i = 0; i < 1UL << order; i++) {
		struct page_info *pg = mfn_to_page(mfn + i);

		nr_dirty -= !!(pg->count & PGC_DIRTY);
		pg->count = COUNT_XEN | (pg->count & PGC_DIRTY);
		pg->type = pg->aux = 0;
	}
}

/* After own(), without the lock. */
static struct page_info *hand_out(mfn_t mfn, unsigned order, unsigned memf, u32 clock)
{
	bool scrub = (memf & MEMF_ZERO) || !(memf & MEMF_NO_SCRUB);
	u64 mask = cpus_to_flush(clock);

	if (mask)
		flush_tlb_mask(mask, ~0UL);
	for (u64 i = 0; i < 1UL << order; i++) {
		struct page_info *pg = mfn_to_page(mfn + i);

		if (!(pg->count & PGC_DIRTY))
			continue;
		if (scrub)
			clear_page(page_to_va(pg));
		__atomic_and_fetch(&pg->count, ~PGC_DIRTY, __ATOMIC_RELEASE);
	}
	return mfn_to_page(mfn);
}

struct page_info *alloc_frames(unsigned order, unsigned memf)
{
	u32 clock;
	mfn_t mfn;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock(&heap_lock);
	mfn = take(order, MEMF_bits(memf));
	if (mfn)
		own(mfn, order);
	clock = last_free_clock;
	spin_unlock(&heap_lock);
	return mfn ? hand_out(mfn, order, memf, clock) : NULL;
}

struct page_info *alloc_domain_frames(struct domain *d, unsigned order, unsigned memf)
{
	u64 n = 1UL << order;
	mfn_t mfn = 0;
	u32 clock;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock(&heap_lock);
	if (nr_free + d->claimed >= n + nr_claimed)
		mfn = take(order, MEMF_bits(memf));
	if (mfn) {
		u64 claimed = MIN(d->claimed, n);

		own(mfn, order);
		d->claimed -= claimed;
		nr_claimed -= claimed;
	}
	clock = last_free_clock;
	spin_unlock(&heap_lock);
	return mfn ? hand_out(mfn, order, memf, clock) : NULL;
}

int claim_frames(struct domain *d, u64 pages)
{
	u64 have = atomic_read(&d->tot_pages);
	int rc = 0;

	spin_lock(&heap_lock);
	if (!pages) {
		nr_claimed -= d->claimed;
		d->claimed = 0;
	} else if (d->is_dying || d->claimed || pages <= have || pages > d->max_pages) {
		rc = -EINVAL;
	} else if (pages - have > nr_free - MIN(nr_free, nr_claimed)) {
		rc = -ENOMEM;
	} else {
		d->claimed = pages - have;
		nr_claimed += d->claimed;
	}
	spin_unlock(&heap_lock);
	return rc;
}

void free_frames(struct page_info *pg, unsigned order)
{
	mfn_t mfn = page_to_mfn(pg);
	bool guest = false;

	for (u64 i = 0; i < 1UL << order; i++) {
		u64 count = pg[i].count;

		BUG_ON((count & PGC_COUNT_MASK) > 1 || (count & (PGC_FREE | PGC_BAD)) ||
		       page_owner(&pg[i]) == DOMID_INVALID || page_owner(&pg[i]) == DOMID_IO);
		guest |= page_owner(&pg[i]) != DOMID_XEN || (count & PGC_HVPAGE);
		set_m2p(mfn + i, M2P_INVALID);
	}
	spin_lock(&heap_lock);
	for (u64 i = 0; i < 1UL << order; i++) {
		pg[i].count = COUNT_FREE_DIRTY;
		pg[i].type = pg[i].aux = 0;
	}
	nr_dirty += 1UL << order;
	if (guest)
		last_free_clock = atomic_add(&tlb_clock, 1) - 1;	/* so that a flush from now on counts */
	insert(mfn, order);
	spin_unlock(&heap_lock);
}

void free_boot_frame(mfn_t mfn)
{
	if (!(mfn_to_page(mfn)->count & PGC_BAD))
		free_frames(mfn_to_page(mfn), 0);
}

/* Zeroes one of the next frames that needs it; false: there is nothing to do, or not now. */
static bool scrub_next_frame(void)
{
	bool found = false;
	mfn_t tried;

	if (!spin_trylock(&heap_lock))
		return true;
	if (cpus_to_flush(last_free_clock)) {	/* not worth an interrupt to a busy CPU */
		spin_unlock(&heap_lock);
		return false;
	}
	for (tried = 0; tried < SCRUB_LOOKS && !found; tried++) {
		struct page_info *pg;

		if (++scrub_next >= max_mfn)
			scrub_next = 1;
		if (!mfn_valid(scrub_next))
			continue;
		pg = mfn_to_page(scrub_next);
		found = page_owner(pg) == DOMID_INVALID && (pg->count & PGC_DIRTY);
		if (found) {
			clear_page(page_to_va(pg));
			pg->count &= ~PGC_DIRTY;
			nr_dirty--;
		}
	}
	found = nr_dirty;
	spin_unlock(&heap_lock);
	return found;
}

/* One CPU at a time: more would only wait for the lock, and make others wait longer. */
bool scrub_some(void)
{
	static bool busy;		/* atomic */
	bool more;

	if (!atomic_read(&nr_dirty) || xchg(&busy, true))
		return false;
	more = scrub_next_frame();
	__atomic_store_n(&busy, false, __ATOMIC_RELEASE);
	return more;
}

void *alloc_pages(unsigned order)
{
	struct page_info *pg = alloc_frames(order, MEMF_ZERO);

	return pg ? page_to_va(pg) : NULL;
}

void free_pages(void *va, unsigned order)
{
	free_frames(va_to_page(va), order);
}

u64 free_frames_count(void) { return atomic_read(&nr_free); }
u64 dirty_frames_count(void) { return atomic_read(&nr_dirty); }

void __init heap_add(mfn_t start, mfn_t end)
{
	nr_dirty += end - start;
	while (start < end) {
		unsigned order = MIN(ffs64(start), (unsigned)MAX_ORDER);

		while (start + (1UL << order) > end)
			order--;
		insert(start, order);
		start += 1UL << order;
	}
}
