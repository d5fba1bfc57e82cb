/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where everything goes in domain 0's memory: see dom0.h, and "Start-of-day
 * memory layout" in public/xen.h for the rules.
 */
#include <xen/lib.h>
#include "dom0.h"

#define REGION_ALIGN	(4UL << 20)	/* the region ends so */
#define REGION_SLACK	(512UL << 10)	/* and is at least so much longer than what is in it */

/* How many naturally aligned blocks of 2^shift bytes [start, end) touches. */
static u64 __init blocks(vaddr_t start, vaddr_t end, unsigned shift)
{
	return ((end - 1) >> shift) - (start >> shift) + 1;
}

/* Of those, how many [start2, end2) touches as well. */
static u64 __init shared_blocks(vaddr_t start, vaddr_t end, vaddr_t start2, vaddr_t end2,
				unsigned shift)
{
	u64 from = MAX(start >> shift, start2 >> shift);
	u64 to = MIN((end - 1) >> shift, (end2 - 1) >> shift);

	return from <= to ? to - from + 1 : 0;
}

/* Place tables and stack from frame @pfn, and so the region's end: more tables, longer region. */
static void __init place_tables(struct dom0_layout *l, pfn_t pfn)
{
	u64 need = 1;

	l->tables = pfn;
	do {
		vaddr_t used_end;

		l->table_pages = need;
		l->stack = l->tables + l->table_pages;
		used_end = region_va(l, l->stack + 1);
		l->v_end = ROUND_UP(used_end, REGION_ALIGN);
		if (l->v_end - used_end < REGION_SLACK)
			l->v_end += REGION_ALIGN;
		need = 1;
		for (unsigned shift = 21; shift <= 39; shift += 9)
			need += blocks(l->v_start, l->v_end, shift);
	} while (need > l->table_pages);
	l->region_pages = (l->v_end - l->v_start) >> PAGE_SHIFT;
}

static void __init place_p2m_outside(struct dom0_layout *l, pfn_t pfn)
{
	vaddr_t end = l->p2m_va + (l->p2m_pages << PAGE_SHIFT);

	l->p2m = pfn;
	l->p2m_tables = pfn + l->p2m_pages;
	for (unsigned shift = 21; shift <= 39; shift += 9)
		l->p2m_table_pages += blocks(l->p2m_va, end, shift) -
			shared_blocks(l->p2m_va, end, l->v_start, l->v_end, shift);
}

/* Is there room for @pages in the half of the address space that has v_start, and for tables? */
static bool __init fits(const struct dom0_layout *l, u64 pages)
{
	u64 room = ((l->v_start >> 63 ? 0 : 1UL << 47) - l->v_start) >> PAGE_SHIFT;

	return pages < room && room - pages > pages / 256 + (16UL << 20 >> PAGE_SHIFT);
}

int __init dom0_layout(struct dom0_layout *l, const struct elf_image *elf, u64 nr_pages,
		       u64 initrd_pages, const char **why)
{
	pfn_t pfn;

	*l = (struct dom0_layout){
		.v_start = elf->virt_base, .nr_pages = nr_pages, .initrd_pages = initrd_pages,
		.p2m_pages = PFN_UP(nr_pages * sizeof(u64)),
	};
	if (l->v_start & ~PAGE_MASK) {
		*why = "kernel's VIRT_BASE note isn't page-aligned";
		return -EINVAL;
	}
	pfn = PFN_UP(elf->kend - l->v_start);
	if (initrd_pages && !elf->mod_start_pfn) {
		l->initrd = pfn;
		pfn += initrd_pages;
	}
	if (!elf->has_init_p2m) {
		l->p2m = pfn;
		l->p2m_va = region_va(l, pfn);
		pfn += l->p2m_pages;
	}
	l->start_info = pfn++;
	if (fits(l, pfn))
		place_tables(l, pfn);
	if (!l->v_end || !elf_va_usable(l->v_start, l->v_end)) {
		*why = "kernel and initrd don't fit behind its VIRT_BASE";
		return -EINVAL;
	}

	pfn = l->region_pages;
	if (initrd_pages && elf->mod_start_pfn) {
		l->initrd = pfn;
		pfn += initrd_pages;
	}
	if (elf->has_init_p2m) {
		l->p2m_va = elf->init_p2m;
		if (elf_check_p2m(elf, l->v_start, l->v_end, nr_pages, why))
			return -EINVAL;
		place_p2m_outside(l, pfn);
		pfn += l->p2m_pages + l->p2m_table_pages;
	}
	l->used_pages = pfn;
	return 0;
}
