/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uses of a grant entry. The entry lies in memory that the granter writes at any
 * time; our own notes (struct active) say what is in use, and the entry's
 * GTF_reading and GTF_writing bits only tell the granter. They are set together
 * with the check, by one compare-and-exchange of flags and domid, so that the
 * granter can't withdraw the grant in between; the frame number is read once,
 * after that. (public/grant_table.h, "Granting a foreign domain access to a frame")
 */
#include "gnttab.h"
#include <xen/lib.h>

#define UNSTABLE_TRIES	5

/* The half of the entry that changes in one piece. */
union entry_head {
	u32 word;
	struct { u16 flags; domid_t domid; };
};

static struct grant_entry_v1 *shared_entry(const struct grant_table *t, u32 ref)
{
	return &t->shared[ref / REFS_PER_FRAME][ref % REFS_PER_FRAME];
}

static struct active *active_entry(const struct grant_table *t, u32 ref)
{
	return &t->active[ref / REFS_PER_FRAME][ref % REFS_PER_FRAME];
}

static s16 mark_in_use(struct grant_entry_v1 *sha, domid_t user, bool write)
{
	_Static_assert(offsetof(struct grant_entry_v1, flags) == 0 &&
		       offsetof(struct grant_entry_v1, domid) == 2, "entry_head");
	u32 *p = (u32 *)sha;
	union entry_head old, new;

	for (int i = 0; i < UNSTABLE_TRIES; i++) {
		old.word = READ_ONCE(*p);
		if ((old.flags & GTF_type_mask) != GTF_permit_access || old.domid != user)
			return GNTST_general_error;
		if (write && (old.flags & GTF_readonly))
			return GNTST_general_error;
		new = old;
		new.flags |= write ? GTF_reading | GTF_writing : GTF_reading;
		if (cmpxchg(p, old.word, new.word) == old.word)
			return GNTST_okay;
	}
	return GNTST_general_error;
}

/* Take away the marks nobody needs any more. */
static void unmark(struct grant_entry_v1 *sha, const struct active *a)
{
	u16 gone = 0;

	if (!a->writers)
		gone |= GTF_writing;
	if (!a->writers && !a->readers)
		gone |= GTF_reading;
	if (gone)
		__atomic_fetch_and(&sha->flags, (u16)~gone, __ATOMIC_SEQ_CST);
}

static bool get_frame(struct domain *granter, mfn_t mfn, bool write)
{
	struct page_info *pg;

	if (!mfn_valid(mfn))
		return false;
	pg = mfn_to_page(mfn);
	return write ? !get_page_and_type(pg, granter, PGT_WRITABLE) : get_page(pg, granter);
}

void grant_put_frame(mfn_t mfn, bool write)
{
	if (write)
		put_page_and_type(mfn_to_page(mfn));
	else
		put_page(mfn_to_page(mfn));
}

static s16 pin_locked(struct grant_table *t, u32 ref, domid_t user, bool write, mfn_t *mfn)
{
	struct grant_entry_v1 *sha;
	struct active *a;
	bool in_use;
	s16 status;

	if (ref >= t->nr_frames * REFS_PER_FRAME)
		return GNTST_bad_gntref;
	sha = shared_entry(t, ref);
	a = active_entry(t, ref);
	in_use = a->readers || a->writers;
	if (in_use && a->dom != user)
		return GNTST_general_error;
	if (!in_use || (write && !a->writers)) {
		status = mark_in_use(sha, user, write);
		if (status)
			return status;
	}
	if (!in_use) {
		a->dom = user;
		a->mfn = READ_ONCE(sha->frame);
	}
	if (write)
		a->writers++;
	else
		a->readers++;
	*mfn = a->mfn;
	return GNTST_okay;
}

s16 grant_pin(struct domain *granter, u32 ref, domid_t user, bool write, mfn_t *mfn)
{
	s16 status;

	if (granter->is_dying || !granter->grant)
		return GNTST_bad_domain;
	spin_lock(&granter->grant->lock);
	status = pin_locked(granter->grant, ref, user, write, mfn);
	spin_unlock(&granter->grant->lock);
	if (!status && !get_frame(granter, *mfn, write)) {
		grant_unpin(granter, ref, write);
		status = GNTST_bad_page;
	}
	return status;
}

void grant_unpin(struct domain *granter, u32 ref, bool write)
{
	struct grant_table *t = granter->grant;
	struct active *a;

	spin_lock(&t->lock);
	a = active_entry(t, ref);
	if (write)
		a->writers--;
	else
		a->readers--;
	unmark(shared_entry(t, ref), a);
	spin_unlock(&t->lock);
}

mfn_t grant_pinned_mfn(struct domain *granter, u32 ref)
{
	struct grant_table *t = granter->grant;
	mfn_t mfn;

	spin_lock(&t->lock);
	mfn = active_entry(t, ref)->mfn;
	spin_unlock(&t->lock);
	return mfn;
}
