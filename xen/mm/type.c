/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The type of a frame: what it is used as, and how often.
 *
 * The states of the type word, count c, type T:
 *
 *	idle		c = 0, T is what it last was; aux: tlb clock when the last reference went
 *	LOCKED		c = 0, one CPU validates or devalidates it as T
 *	VALIDATED	c > 0, it is a T; only the count and PGT_PINNED change
 *	PARTIAL		c = 0, entries 0..n-1 hold references, the others none; aux: n, and the
 *			error that ended a validation; the frame holds a general reference of its own
 *
 *	idle(U)   -> LOCKED(T)		get: flush what TLBs may remember of U; T is a table, or T != U
 *	idle(T)   -> VALIDATED(T)	get of T = PGT_WRITABLE: there is nothing to check
 *	LOCKED    -> VALIDATED		all entries are good
 *	LOCKED    -> idle		one is bad and the others' references are dropped; or taken down
 *	LOCKED    -> PARTIAL		preempted, on the way up or down
 *	PARTIAL   -> LOCKED		get of the same T: up (down, if an error waits); finish: down
 *	VALIDATED -> VALIDATED		get of the same T, put while others hold it, pin, unpin
 *	VALIDATED -> LOCKED		put of a table's last reference: take it down
 *	VALIDATED -> idle		put of the last reference, not a table
 *
 * So there is one half-done state for both directions, and whoever comes next
 * goes on with it. A get of another type finds -EBUSY in all states but idle.
 *
 * Who holds a type reference holds a general one too: a frame that is freed is idle.
 * A word in a state other than VALIDATED and idle is changed by nobody but its CPU.
 */
#include "pt.h"

#define COUNT(x)	((x) & PGT_COUNT_MASK)
#define TYPE(x)		((x) & PGT_TYPE_MASK)

#define PARTIAL_AUX(n, err)	((n) | (u32)(err) << 16)
#define PARTIAL_N(aux)		((aux) & 0x3ff)
#define PARTIAL_ERR(aux)	((aux) >> 16)

static bool swap_type(struct page_info *pg, u32 old, u32 new)
{
	return __atomic_compare_exchange_n(&pg->type, &old, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static void set_type(struct page_info *pg, u32 x)
{
	__atomic_store_n(&pg->type, x, __ATOMIC_SEQ_CST);
}

static void to_idle(struct page_info *pg, u32 type)
{
	pg->aux = atomic_read(&tlb_clock);
	set_type(pg, type);
}

/* LOCKED -> PARTIAL. The caller holds a reference, so the frame can take its own. */
static void to_partial(struct page_info *pg, u32 type, u32 n, u32 err, bool resumed)
{
	pg->aux = PARTIAL_AUX(n, err);
	if (!resumed)
		atomic_add(&pg->count, 1);
	set_type(pg, type | PGT_PARTIAL);
}

/* LOCKED, going down from entry n: -> idle or PARTIAL. */
static int take_down(struct page_info *pg, u32 type, u32 n, u32 err, bool resumed,
		     bool preemptible)
{
	if (table_down(pg, type, &n, preemptible)) {
		to_partial(pg, type, n, err, resumed);
		return -ERESTART;
	}
	to_idle(pg, type);
	if (resumed)
		put_page(pg);
	return -err;
}

/* LOCKED, coming from state @was: -> VALIDATED, idle or PARTIAL. */
static int bring_up(struct page_info *pg, struct domain *d, u32 type, u32 was, bool preemptible)
{
	bool resumed = was & PGT_PARTIAL;
	u32 n = 0, err = 0;
	int rc;

	if (resumed) {
		n = PARTIAL_N(pg->aux);
		err = PARTIAL_ERR(pg->aux);
	} else if (TYPE(was) != type && TYPE(was) != PGT_NONE) {
		flush_for_frame(pg);
	}
	if (err)
		return take_down(pg, type, n, err, resumed, preemptible);
	rc = table_up(pg, d, type, &n, preemptible);
	if (rc == -ERESTART) {
		to_partial(pg, type, n, 0, resumed);
		return rc;
	}
	if (rc)
		return take_down(pg, type, n, -rc, resumed, preemptible);
	set_type(pg, type | PGT_VALIDATED | 1);
	if (resumed)
		put_page(pg);
	return 0;
}

int get_type(struct page_info *pg, struct domain *d, u32 type, bool preemptible)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		if (likely(x & PGT_VALIDATED)) {
			if (TYPE(x) != type || COUNT(x) == PGT_COUNT_MASK)
				return -EBUSY;
			if (swap_type(pg, x, x + 1))
				return 0;
		} else if ((x & (PGT_LOCKED | PGT_PARTIAL)) && TYPE(x) != type) {
			return -EBUSY;
		} else if (x & PGT_LOCKED) {
			if (preemptible && preempt_check())
				return -ERESTART;
			serve_flush();
			cpu_relax();
		} else if (type == PGT_WRITABLE &&
			   (TYPE(x) == PGT_WRITABLE || TYPE(x) == PGT_NONE)) {
			if (swap_type(pg, x, PGT_WRITABLE | PGT_VALIDATED | 1))
				return 0;
		} else if (swap_type(pg, x, type | PGT_LOCKED)) {
			return bring_up(pg, d, type, x, preemptible);
		}
	}
}

int get_page_type(struct page_info *pg, u32 type, bool preemptible)
{
	domid_t owner = page_owner(pg);
	struct domain *d;
	int rc;

	if (!is_table_type(type) || owner == current->domain->id)
		return get_type(pg, current->domain, type, preemptible);
	d = owner < FIRST_RESERVED_DOMID ? get_domain(owner) : NULL;
	if (!d)
		return -EINVAL;
	rc = get_type(pg, d, type, preemptible);
	put_domain(d);
	return rc;
}

int put_page_type(struct page_info *pg, bool preemptible)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		BUG_ON(!(x & PGT_VALIDATED) || !COUNT(x));
		if (COUNT(x) > 1) {
			if (swap_type(pg, x, x - 1))
				return 0;
			continue;
		}
		BUG_ON(x & PGT_PINNED);
		if (!is_table_type(TYPE(x))) {
			/* Ours is the last reference: until the swap nobody else uses aux. */
			pg->aux = atomic_read(&tlb_clock);
			if (swap_type(pg, x, TYPE(x)))
				return 0;
		} else if (swap_type(pg, x, TYPE(x) | PGT_LOCKED)) {
			return take_down(pg, TYPE(x), PT_ENTRIES, 0, false, preemptible);
		}
	}
}

int finish_table(struct page_info *pg, bool preemptible)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		if (!(x & PGT_PARTIAL))
			return 0;
		if (swap_type(pg, x, TYPE(x) | PGT_LOCKED))
			return take_down(pg, TYPE(x), PARTIAL_N(pg->aux), 0, true, preemptible);
	}
}

int help_down(struct page_info *pg, domid_t owner, u32 type, bool preemptible)
{
	if (!swap_type(pg, type | PGT_PARTIAL, type | PGT_LOCKED))
		return 0;
	/* Partial, so it has a reference, and its owner can't change. */
	if (page_owner(pg) != owner) {
		set_type(pg, type | PGT_PARTIAL);
		return 0;
	}
	return take_down(pg, type, PARTIAL_N(pg->aux), 0, true, preemptible);
}

bool get_table(struct page_info *pg, u32 *type)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		if (!(x & PGT_VALIDATED) || !is_table_type(TYPE(x)) || COUNT(x) == PGT_COUNT_MASK)
			return false;
		if (swap_type(pg, x, x + 1)) {
			*type = TYPE(x);
			return true;
		}
	}
}

int get_page_and_type(struct page_info *pg, struct domain *d, u32 type)
{
	int rc;

	if (!get_page(pg, d))
		return -EBUSY;
	rc = is_table_type(type) ? get_type(pg, d, type, false) : get_page_type(pg, type, false);
	if (rc)
		put_page(pg);
	return rc;
}

void put_page_and_type(struct page_info *pg)
{
	drop_ref_pair(pg);
}

bool clear_pinned(struct page_info *pg)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		if (!(x & PGT_PINNED))
			return false;
		if (swap_type(pg, x, x & ~PGT_PINNED))
			return true;
	}
}

/* Our references become the pin's. */
static bool set_pinned(struct page_info *pg)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		if (x & PGT_PINNED)
			return false;
		if (swap_type(pg, x, x | PGT_PINNED))
			return true;
	}
}

int pin_table(struct domain *d, mfn_t mfn, u32 type)
{
	struct page_info *pg = get_page_from_mfn(mfn, d);
	int rc;

	if (!pg)
		return -EINVAL;
	rc = READ_ONCE(pg->type) & PGT_PINNED ? -EINVAL : get_type(pg, d, type, true);
	if (rc) {
		put_page(pg);
		return rc;
	}
	if (!set_pinned(pg)) {
		drop_table(pg);
		return -EINVAL;
	}
	/* A dying domain's frames are being collected: this one may have been passed already. */
	smp_mb();
	if (READ_ONCE(d->is_dying) && clear_pinned(pg)) {
		drop_table(pg);
		return -EINVAL;
	}
	return 0;
}

int unpin_table(struct domain *d, mfn_t mfn)
{
	struct page_info *pg = get_page_from_mfn(mfn, d);
	int rc = -EINVAL;

	if (!pg)
		return -EINVAL;
	if (clear_pinned(pg)) {
		drop_table(pg);
		rc = 0;
	}
	put_page(pg);
	return rc;
}
