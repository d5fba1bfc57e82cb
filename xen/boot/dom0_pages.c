/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domain 0's frames, its P2M and its first page tables. Chunks of some size are
 * taken, which the heap hands out in a row, so that few runs describe the
 * domain; but no larger ones, for which the heap would go to low memory first.
 * What they held before stays in them: dom0 is trusted, and its kernel expects
 * nothing of free memory.
 */
#include <xen/lib.h>
#include "dom0.h"

#define CHUNK_ORDER	10

static pfn_t __init next_pfn(const struct builder *b)
{
	const struct run *r = &b->run[b->nr_runs - 1];

	return b->nr_runs ? r->pfn + r->n : 0;
}

void __init dom0_add_frames(struct builder *b, mfn_t mfn, u64 n)
{
	pfn_t pfn = next_pfn(b);
	struct run *r = &b->run[b->nr_runs - 1];

	for (u64 i = 0; i < n; ) {
		unsigned order = MIN(fls64(n - i), 20u);
		int rc = assign_frames(b->d, mfn_to_page(mfn + i), order);

		if (rc)
			panic("Domain 0 can't have frame %lx: error %d", mfn + i, rc);
		i += 1UL << order;
	}
	for (u64 i = 0; i < n; i++)
		set_m2p(mfn + i, pfn + i);
	if (b->nr_runs && r->mfn + r->n == mfn) {
		r->n += n;
		return;
	}
	if (b->nr_runs == MAX_RUNS)
		panic("Memory is too fragmented to build domain 0");
	b->run[b->nr_runs++] = (struct run){ pfn, mfn, n };
}

void __init dom0_alloc_until(struct builder *b, pfn_t end)
{
	unsigned order = CHUNK_ORDER;

	for (pfn_t pfn = next_pfn(b); pfn < end; pfn += 1UL << order) {
		struct page_info *pg = NULL;

		order = MIN(order, fls64(end - pfn));
		while (!(pg = alloc_domain_frames(b->d, order, MEMF_NO_SCRUB)) && order)
			order--;
		if (!pg)
			panic("Too little memory for domain 0: it lacks %lu MB of %lu MB; "
			      "give it less with dom0_mem=", ((end - pfn) >> 8) + 1, end >> 8);
		dom0_add_frames(b, page_to_mfn(pg), 1UL << order);
	}
}

static struct run *__init find_run(struct builder *b, pfn_t pfn)
{
	for (unsigned i = 0; i < b->nr_runs; i++) {
		struct run *r = &b->run[b->last];

		if (pfn - r->pfn < r->n)
			return r;
		b->last = (b->last + 1) % b->nr_runs;
	}
	panic("Domain 0 has no frame for PFN %lx", pfn);
}

mfn_t __init dom0_mfn(struct builder *b, pfn_t pfn)
{
	struct run *r = find_run(b, pfn);

	return r->mfn + (pfn - r->pfn);
}

void __init dom0_write(struct builder *b, u64 pa, const void *src, size_t filesz, size_t memsz)
{
	while (memsz) {
		struct run *r = find_run(b, PFN_DOWN(pa));
		u64 offset = pa - (r->pfn << PAGE_SHIFT);
		u64 n = MIN(memsz, (r->n << PAGE_SHIFT) - offset);
		u8 *to = (u8 *)mfn_to_va(r->mfn) + offset;

		if (filesz) {
			n = MIN(n, filesz);
			memcpy(to, src, n);
			src = (const u8 *)src + n;
			filesz -= n;
		} else {
			memset(to, 0, n);
		}
		pa += n;
		memsz -= n;
	}
}

void __init dom0_build_p2m(struct builder *b)
{
	const struct dom0_layout *l = &b->l;
	pfn_t pfn = 0;

	for (u64 page = 0; page < l->p2m_pages; page++) {
		u64 *p2m = mfn_to_va(dom0_mfn(b, l->p2m + page));

		for (unsigned i = 0; i < PAGE_SIZE / sizeof(u64); i++, pfn++) {
			struct run *r = &b->run[b->last];

			if (pfn >= l->nr_pages)
				p2m[i] = ~0UL;
			else if (pfn - r->pfn < r->n)
				p2m[i] = r->mfn + (pfn - r->pfn);
			else
				p2m[i] = dom0_mfn(b, pfn);
		}
	}
}

/* Tables are made on the way, from frames of the domain that follow *table. */
static u64 *__init walk(struct builder *b, u64 *l4, vaddr_t va, pfn_t *table)
{
	u64 *e = &l4[l4_slot(va)];

	for (int shift = 30; shift >= PAGE_SHIFT; shift -= 9) {
		if (!*e) {
			mfn_t mfn = dom0_mfn(b, (*table)++);

			clear_page(mfn_to_va(mfn));
			*e = mk_pte(mfn, PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D);
		}
		e = (u64 *)mfn_to_va(pte_mfn(*e)) + ((va >> shift) & 511);
	}
	return e;
}

mfn_t __init dom0_build_tables(struct builder *b)
{
	const struct dom0_layout *l = &b->l;
	pfn_t table = l->tables, p2m_table = l->p2m_tables;
	mfn_t l4_mfn = dom0_mfn(b, table++);
	u64 *l4 = mfn_to_va(l4_mfn);

	clear_page(l4);
	for (pfn_t pfn = 0; pfn < l->region_pages; pfn++) {
		bool is_table = pfn >= l->tables && pfn < l->tables + l->table_pages;
		u64 *e = walk(b, l4, region_va(l, pfn), &table);

		*e = mk_pte(dom0_mfn(b, pfn), PTE_P | PTE_US | PTE_A | (is_table ? 0 : PTE_RW));
	}
	if (l->p2m_table_pages)
		for (u64 i = 0; i < l->p2m_pages; i++) {
			u64 *e = walk(b, l4, l->p2m_va + (i << PAGE_SHIFT), &p2m_table);

			*e = mk_pte(dom0_mfn(b, l->p2m + i), PTE_P | PTE_US | PTE_A | PTE_RW);
		}
	ASSERT(table == l->tables + l->table_pages);
	ASSERT(p2m_table == l->p2m_tables + l->p2m_table_pages);
	return l4_mfn;
}
