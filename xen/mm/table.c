/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole tables: all 512 entries up (take what they refer to) or down (drop it).
 *
 * Work on an L1 or a descriptor page is short and is never interrupted. Upper
 * tables look for preemption after each entry, so that a call makes progress
 * however often it is preempted; the recursion is as deep as the levels.
 */
#include "pt.h"

#define AT_ONCE 8

/*
 * The first entry from @n on that is present, or PT_ENTRIES. Most tables are nearly empty, and
 * looking at all of one is most of what a fork costs.
 */
static inline u32 next_present(const u64 *t, u32 n)
{
	while (n < PT_ENTRIES && !(t[n] & PTE_P)) {
		n++;
		while (n % AT_ONCE == 0 && n < PT_ENTRIES &&
		       !((t[n] | t[n + 1] | t[n + 2] | t[n + 3] |
			  t[n + 4] | t[n + 5] | t[n + 6] | t[n + 7]) & PTE_P))
			n += AT_ONCE;
	}
	return n;
}

/* One past the last entry below @n that is present, or 0. */
static inline u32 last_present(const u64 *t, u32 n)
{
	while (n && !(t[n - 1] & PTE_P)) {
		n--;
		while (n && n % AT_ONCE == 0 &&
		       !((t[n - 1] | t[n - 2] | t[n - 3] | t[n - 4] |
			  t[n - 5] | t[n - 6] | t[n - 7] | t[n - 8]) & PTE_P))
			n -= AT_ONCE;
	}
	return n;
}

static int l1_up(u64 *t, struct domain *d, u32 *done)
{
	int rc = 0;
	u32 n;

	for (n = *done; (n = next_present(t, n)) < PT_ENTRIES; n++) {
		u64 e = t[n];

		rc = hold_l1e(d, d, &e);
		if (unlikely(rc))
			break;
		if (e != t[n])
			t[n] = e;
	}
	*done = n;
	return rc;
}

static int upper_up(u64 *t, struct domain *d, unsigned level, u32 *n, bool preemptible)
{
	for (; (*n = next_present(t, *n)) < PT_ENTRIES; ++*n) {
		u64 e = t[*n];
		int rc;

		if (hv_slot(level, *n))
			continue;
		rc = get_upper(d, level, &e, preemptible);
		if (rc)
			return rc;
		if (e != t[*n])
			t[*n] = e;
		if (preemptible && preempt_check()) {
			++*n;
			return -ERESTART;
		}
	}
	if (level == 4)
		for (unsigned i = HV_FIRST_SLOT; i <= HV_LAST_SLOT; i++)
			t[i] = hv_l4[i];
	return 0;
}

int table_up(struct page_info *pg, struct domain *d, u32 type, u32 *n, bool preemptible)
{
	switch (type) {
	case PGT_L1:
		return l1_up(page_to_va(pg), d, n);
	case PGT_L2:
	case PGT_L3:
	case PGT_L4:
		return upper_up(page_to_va(pg), d, type_level(type), n, preemptible);
	case PGT_SEGDESC:
		return check_descriptors(page_to_mfn(pg)) ? 0 : -EINVAL;
	default:
		return 0;
	}
}

/*
 * The entry at which the way up or down was interrupted holds no reference, but its table may
 * have been left half done because of us.
 */
static int finish_child(struct page_info *pg, unsigned level, u64 e, bool preemptible)
{
	if (!(e & PTE_P) || !mfn_valid(pte_mfn(e)))
		return 0;
	return help_down(mfn_to_page(pte_mfn(e)), page_owner(pg), level_type(level - 1),
			 preemptible);
}

static int upper_down(struct page_info *pg, unsigned level, u32 *n, bool preemptible)
{
	u64 *t = page_to_va(pg);

	if (*n < PT_ENTRIES && !hv_slot(level, *n) && finish_child(pg, level, t[*n], preemptible))
		return -ERESTART;
	while ((*n = last_present(t, *n))) {
		u64 e = t[--*n];

		if (hv_slot(level, *n))
			continue;
		if (put_upper(e, preemptible) || (preemptible && *n && preempt_check()))
			return -ERESTART;
	}
	if (level == 4)
		for (unsigned i = HV_FIRST_SLOT; i <= HV_LAST_SLOT; i++)
			t[i] = 0;
	return 0;
}

int table_down(struct page_info *pg, u32 type, u32 *n, bool preemptible)
{
	u64 *t = page_to_va(pg);

	switch (type) {
	case PGT_L1:
		while ((*n = last_present(t, *n)))
			put_l1e(t[--*n]);
		return 0;
	case PGT_L2:
	case PGT_L3:
	case PGT_L4:
		return upper_down(pg, type_level(type), n, preemptible);
	default:
		return 0;
	}
}
