/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap: free frames of the machine, a buddy allocator.
 *
 * Free chunks of 2^order frames, aligned to their size, hang in lists by zone
 * and order. A zone holds the frames whose addresses need the same number of
 * bits; requests are served from the highest zone that fits, so that low memory
 * stays for those who can't use other (devices that address 24 or 32 bits).
 *
 * A freed chunk keeps its old bytes (PGC_DIRTY) until it is handed out or an idle
 * CPU has the time to zero it; a free chunk without PGC_DIRTY is zero. So that a
 * new domain needn't wait for its memory to be zeroed, the two kinds hang in lists
 * of their own, clean ones are taken first, and only buddies of one kind are joined.
 * Who needs frames side by side and finds none gives up that difference (MEMF_JOIN).
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

enum kind { CLEAN, DIRTY, KINDS };

static spinlock_t heap_lock = SPINLOCK_INIT(LOCK_HEAP);
/* All below: heap lock. */
static u32 chunks[KINDS][NR_ZONES][MAX_ORDER + 1];	/* frame number of the first free chunk */
static u32 orders[KINDS][NR_ZONES];		/* bit n: chunks[][][n] isn't empty */
static u64 nr_free, nr_dirty, nr_claimed;
static u32 last_free_clock;			/* tlb_clock when a guest's frame was last freed */

static unsigned zone_of(mfn_t mfn)
{
	unsigned bits = mfn ? fls64(mfn) + 1 + PAGE_SHIFT : 0;

	return bits <= LOW_BITS ? 0 : bits - LOW_BITS;
}

/* How a free chunk is marked, in its first frame's count. */
#define MARKS		(PGC_FREE | PGC_DIRTY | FREE_ORDER_MASK)
static u64 marks(unsigned order, enum kind kind)
{
	return PGC_FREE | (kind == DIRTY ? PGC_DIRTY : 0) | order;
}

static void push(mfn_t mfn, unsigned order, enum kind kind)
{
	struct page_info *pg = mfn_to_page(mfn);
	unsigned zone = zone_of(mfn);
	u32 *head = &chunks[kind][zone][order];

	pg->count |= marks(order, kind);
	pg->prev = 0;
	pg->next = *head;
	if (*head)
		mfn_to_page(*head)->prev = mfn;
	*head = mfn;
	orders[kind][zone] |= 1u << order;
}

static void unlink(mfn_t mfn, unsigned order, enum kind kind)
{
	struct page_info *pg = mfn_to_page(mfn);
	unsigned zone = zone_of(mfn);

	pg->count &= ~MARKS;
	if (pg->next)
		mfn_to_page(pg->next)->prev = pg->prev;
	if (pg->prev)
		mfn_to_page(pg->prev)->next = pg->next;
	else if (!(chunks[kind][zone][order] = pg->next))
		orders[kind][zone] &= ~(1u << order);
	pg->next = pg->prev = 0;
}

/* Put a chunk into the lists, joined with its buddies as far as these are free and of its kind. */
static void insert(mfn_t mfn, unsigned order, enum kind kind)
{
	nr_free += 1UL << order;
	nr_dirty += kind == DIRTY ? 1UL << order : 0;
	for (; order < MAX_ORDER; order++) {
		mfn_t buddy = mfn ^ (1UL << order);

		if (!mfn_valid(buddy) || zone_of(buddy) != zone_of(mfn) ||
		    (mfn_to_page(buddy)->count & MARKS) != marks(order, kind))
			break;
		unlink(buddy, order, kind);
		mfn &= ~(1UL << order);
	}
	push(mfn, order, kind);
}

/* Take 2^order frames of one kind and zone, all below @limit, the rest of a larger chunk going back. */
static mfn_t take_of(enum kind kind, unsigned zone, unsigned order, u64 limit)
{
	u32 todo = orders[kind][zone] & ~((1u << order) - 1);

	for (; todo; todo &= todo - 1) {
		unsigned o = ffs64(todo);
		mfn_t mfn = chunks[kind][zone][o];

		/* Only for fewer than LOW_BITS bits is there more than one look. */
		while (mfn && mfn + (1UL << order) > limit)
			mfn = mfn_to_page(mfn)->next;
		if (!mfn)
			continue;
		unlink(mfn, o, kind);
		while (o > order) {
			o--;
			push(mfn + (1UL << o), o, kind);
		}
		nr_free -= 1UL << order;
		nr_dirty -= kind == DIRTY ? 1UL << order : 0;
		return mfn;
	}
	return 0;
}

/* Below 2^bits bytes (bits 0: anywhere), of kind @first if there are such; *kind is what came. 0: none. */
static mfn_t take(unsigned order, unsigned bits, enum kind first, enum kind *kind)
{
	u64 limit = !bits || bits >= 64 ? ~0UL : (1UL << bits) >> PAGE_SHIFT;
	int zone = NR_ZONES - 1;

	if (bits && bits < LOW_BITS + NR_ZONES)
		zone = bits <= LOW_BITS ? 0 : bits - LOW_BITS;
	for (; zone >= 0; zone--) {
		for (unsigned i = 0; i < KINDS; i++) {
			mfn_t mfn = take_of(*kind = i ? !first : first, zone, order, limit);

			if (mfn)
				return mfn;
		}
	}
	return 0;
}

/* All free memory counts as dirty from now on, so that buddies are joined. */
static void forget_clean(void)
{
	for (unsigned zone = 0; zone < NR_ZONES; zone++) {
		while (orders[CLEAN][zone]) {
			unsigned order = ffs64(orders[CLEAN][zone]);

			insert(take_of(CLEAN, zone, order, ~0UL), order, DIRTY);
		}
	}
}

/* 2^order frames, now the hypervisor's; 0: there are none. */
static mfn_t take_own(unsigned order, unsigned memf, enum kind *kind)
{
	enum kind first = memf & MEMF_NO_SCRUB ? DIRTY : CLEAN;
	mfn_t mfn = take(order, MEMF_bits(memf), first, kind);

	if (!mfn && order && (memf & MEMF_JOIN)) {
		forget_clean();
		mfn = take(order, MEMF_bits(memf), first, kind);
	}
	for (u64 i = 0; mfn && i < 1UL << order; i++) {
		struct page_info *pg = mfn_to_page(mfn + i);

		pg->count = COUNT_XEN;
		pg->type = pg->aux = 0;
	}
	return mfn;
}

/* After take_own(), without the lock. */
static struct page_info *hand_out(mfn_t mfn, unsigned order, bool scrub, u32 clock)
{
	u64 mask = cpus_to_flush(clock);

	if (mask)
		flush_tlb_mask(mask, ~0UL);
	for (u64 i = 0; scrub && i < 1UL << order; i++)
		clear_page(mfn_to_va(mfn + i));
	return mfn_to_page(mfn);
}

static bool must_scrub(unsigned memf, enum kind kind)
{
	return kind == DIRTY && ((memf & MEMF_ZERO) || !(memf & MEMF_NO_SCRUB));
}

struct page_info *alloc_frames(unsigned order, unsigned memf)
{
	enum kind kind;
	u32 clock;
	mfn_t mfn;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock(&heap_lock);
	mfn = take_own(order, memf | MEMF_JOIN, &kind);
	clock = last_free_clock;
	spin_unlock(&heap_lock);
	return mfn ? hand_out(mfn, order, must_scrub(memf, kind), clock) : NULL;
}

struct page_info *alloc_domain_frames(struct domain *d, unsigned order, unsigned memf)
{
	u64 n = 1UL << order;
	enum kind kind;
	mfn_t mfn = 0;
	u32 clock;

	if (order > MAX_ORDER)
		return NULL;
	spin_lock(&heap_lock);
	if (nr_free + d->claimed >= n + nr_claimed)
		mfn = take_own(order, memf, &kind);
	if (mfn) {
		u64 claimed = MIN(d->claimed, n);

		d->claimed -= claimed;
		nr_claimed -= claimed;
	}
	clock = last_free_clock;
	spin_unlock(&heap_lock);
	return mfn ? hand_out(mfn, order, must_scrub(memf, kind), clock) : NULL;
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
		pg[i].count = COUNT_FREE;
		pg[i].type = pg[i].aux = 0;
	}
	if (guest)
		last_free_clock = atomic_add(&tlb_clock, 1) - 1;	/* so that a flush from now on counts */
	insert(mfn, order, DIRTY);
	spin_unlock(&heap_lock);
}

void free_boot_frame(mfn_t mfn)
{
	if (!(mfn_to_page(mfn)->count & PGC_BAD))
		free_frames(mfn_to_page(mfn), 0);
}

/* Zeroes one frame that needs it; false: there is nothing to do, or not now. */
static bool scrub_frame(void)
{
	mfn_t mfn = 0;
	bool more;

	if (!spin_trylock(&heap_lock))
		return true;
	if (cpus_to_flush(last_free_clock)) {	/* not worth an interrupt to a busy CPU */
		spin_unlock(&heap_lock);
		return false;
	}
	for (unsigned zone = 0; zone < NR_ZONES && !mfn; zone++)
		mfn = take_of(DIRTY, zone, 0, ~0UL);
	if (mfn) {
		clear_page(mfn_to_va(mfn));
		insert(mfn, 0, CLEAN);
	}
	more = nr_dirty;
	spin_unlock(&heap_lock);
	return more;
}

/* One CPU at a time: more would only wait for the lock, and make others wait longer. */
bool scrub_some(void)
{
	static bool busy;		/* atomic */
	bool more;

	if (!atomic_read(&nr_dirty) || xchg(&busy, true))
		return false;
	more = scrub_frame();
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
	while (start < end) {
		unsigned order = MIN(ffs64(start), (unsigned)MAX_ORDER);

		while (start + (1UL << order) > end)
			order--;
		insert(start, order, DIRTY);
		start += 1UL << order;
	}
}
