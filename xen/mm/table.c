/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole tables: all 512 entries up (take what they refer to) or down (drop it).
 *
 * Work on an L1 or a descriptor page is short and is never interrupted. Upper
 * tables look for preemption after each entry, so that a call makes progress
 * however often it is preempted; the recursion is as deep as the levels.
 */
#include "pt.h"

static int l1_up(u64 *t, struct domain *d, u32 *n)
{
	for (; *n < PT_ENTRIES; ++*n) {
		u64 e = t[*n];
		int rc;

		if (!(e & PTE_P))
			continue;
		rc = hold_l1e(d, d, &e);
		if (rc)
			return rc;
		if (e != t[*n])
			t[*n] = e;
	}
	return 0;
}

static int upper_up(u64 *t, struct domain *d, unsigned level, u32 *n, bool preemptible)
{
	for (; *n < PT_ENTRIES; ++*n) {
		u64 e = t[*n];
		int rc;

		if (!(e & PTE_P) || hv_slot(level, *n))
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
	while (*n) {
		u64 e = t[--*n];

		if (!(e & PTE_P) || hv_slot(level, *n))
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
		while (*n) {
			u64 e = t[--*n];

			if (e & PTE_P)
				put_l1e(e);
		}
		return 0;
	case PGT_L2:
	case PGT_L3:
	case PGT_L4:
		return upper_down(pg, type_level(type), n, preemptible);
	default:
		return 0;
	}
}
