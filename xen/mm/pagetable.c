/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables as other rooms see them: walk one, change an L1 entry, install and
 * remove a grant's entry.
 *
 * Another vcpu may change the tables during a walk, and free one that was just
 * read. So a walk only reads, from frames that exist; what it leads to is used
 * as a table only after a type reference says that it is one.
 */
#include "pt.h"

/* The table that an upper entry names; false if there is none. */
static inline bool descend(u64 **table, unsigned slot)
{
	u64 e = READ_ONCE((*table)[slot]);

	*table = pa_to_va(e & PTE_ADDR_MASK);
	return (e & (PTE_P | PTE_PSE)) == PTE_P && is_ram(pte_mfn(e));
}

u64 *walk_l1e(paddr_t l4, vaddr_t va)
{
	u64 *table = pa_to_va(l4);

	return descend(&table, l4_slot(va)) && descend(&table, l3_slot(va)) &&
		descend(&table, l2_slot(va)) ? table + l1_slot(va) : NULL;
}

struct page_info *get_l1_table(mfn_t mfn, const struct domain *d)
{
	struct page_info *pg = get_page_from_mfn(mfn, d);
	u32 type;

	if (!pg)
		return NULL;
	if (get_table(pg, &type)) {
		if (type == PGT_L1)
			return pg;
		drop_table(pg);
		return NULL;
	}
	put_page(pg);
	return NULL;
}

u64 *get_l1e_of_va(struct vcpu *v, vaddr_t va, struct page_info **table)
{
	u64 *pte = guest_va_ok(va) && v->kernel_cr3 ? walk_l1e(v->kernel_cr3, va) : NULL;

	*table = pte ? hold_l1_table(va_to_mfn(pte), v->domain) : NULL;
	return *table ? pte : NULL;
}

int mod_l1e(struct vcpu *v, u64 *pte, u64 val, struct domain *pg_dom, bool preserve_ad)
{
	return set_l1e(v->domain, pg_dom, pte, val, preserve_ad, NULL);
}

static u64 *get_grant_pte(struct vcpu *v, u64 addr, bool contains_pte, struct page_info **table)
{
	if (!contains_pte)
		return get_l1e_of_va(v, addr, table);
	if (addr & (sizeof(u64) - 1))
		return NULL;
	*table = get_l1_table(addr >> PAGE_SHIFT, v->domain);
	return *table ? (u64 *)page_to_va(*table) + (addr & ~PAGE_MASK) / sizeof(u64) : NULL;
}

int grant_map_pte(struct vcpu *v, u64 addr, bool contains_pte, u64 new_pte)
{
	struct page_info *table;
	u64 *pte = get_grant_pte(v, addr, contains_pte, &table), old;

	if (!pte)
		return -EINVAL;
	if (new_pte & PTE_P)
		new_pte = (new_pte | PTE_US) & ~PTE_G;
	old = xchg(pte, new_pte);
	if (old & PTE_P)
		put_l1e(old);
	put_page_and_type(table);
	return 0;
}

int grant_unmap_pte(struct vcpu *v, u64 addr, bool contains_pte, mfn_t mfn, bool writable,
		    u64 replace)
{
	struct page_info *table;
	u64 *pte = get_grant_pte(v, addr, contains_pte, &table), old, seen;
	int rc = -EINVAL;

	if (!pte)
		return -EINVAL;
	old = READ_ONCE(*pte);
	while ((old & PTE_P) && pte_mfn(old) == mfn && !!(old & PTE_RW) == writable) {
		seen = cmpxchg(pte, old, replace);
		if (seen == old) {
			rc = 0;
			break;
		}
		old = seen;
	}
	put_page_and_type(table);
	return rc;
}
