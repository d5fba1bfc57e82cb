/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building domain 0, in four parts: how much memory (dom0_mem.c), where
 * everything goes (dom0_layout.c), frames, page tables and P2M (dom0_pages.c),
 * and the order of it all (dom0.c).
 */
#ifndef BOOT_DOM0_H
#define BOOT_DOM0_H

#include <xen/domain.h>
#include "elf.h"

/*
 * dom0_mem.c: what "dom0_mem=" asks for, in frames, if @avail can be had.
 * *max: how far dom0 may grow later.
 */
u64 dom0_mem_pages(u64 avail, u64 *max);
int dom0_mem_parse(const char *s);
unsigned dom0_vcpus(void);

/*
 * dom0_layout.c: pseudo-physical frames and the initial region [v_start, v_end), where
 * frame n is mapped at v_start + n * PAGE_SIZE. What is in the region, in this order: the
 * kernel; the initrd and the P2M unless the kernel takes them elsewhere; start_info; the
 * page tables; a stack. Behind the region, not mapped there: the initrd, the P2M and the
 * tables that map it.
 */
struct dom0_layout {
	vaddr_t v_start, v_end;
	u64 region_pages;
	pfn_t initrd;
	u64 initrd_pages;		/* 0: no initrd */
	pfn_t p2m;
	u64 p2m_pages;
	vaddr_t p2m_va;
	pfn_t p2m_tables;
	u64 p2m_table_pages;		/* 0: the P2M is in the region */
	pfn_t start_info, tables, stack;
	u64 table_pages;
	u64 used_pages;			/* the frames before this one have a purpose */
	u64 nr_pages;			/* of the domain */
};
/* 0, or -EINVAL with a reason. used_pages may be more than nr_pages: the caller looks. */
int dom0_layout(struct dom0_layout *l, const struct elf_image *elf, u64 nr_pages,
		u64 initrd_pages, const char **why);
static inline vaddr_t region_va(const struct dom0_layout *l, pfn_t pfn)
{
	return l->v_start + (pfn << PAGE_SHIFT);
}

/* dom0_pages.c: the frames behind dom0's PFNs, as runs of contiguous frames, by ascending pfn. */
#define MAX_RUNS	1024
struct run { pfn_t pfn; mfn_t mfn; u64 n; };
struct builder {
	struct domain *d;
	struct dom0_layout l;
	struct run *run;
	unsigned nr_runs, last;		/* last: where a lookup begins */
};
/* Give d the @n frames from @mfn, which the hypervisor owns, as its next PFNs. */
void dom0_add_frames(struct builder *b, mfn_t mfn, u64 n);
/* Fresh frames for the PFNs up to @end. */
void dom0_alloc_until(struct builder *b, pfn_t end);
mfn_t dom0_mfn(struct builder *b, pfn_t pfn);
/* Copy to a pseudo-physical byte address, and zero up to @memsz bytes. */
void dom0_write(struct builder *b, u64 pa, const void *src, size_t filesz, size_t memsz);
void dom0_build_p2m(struct builder *b);
/* Returns the L4's frame; the tables aren't validated yet. */
mfn_t dom0_build_tables(struct builder *b);

#endif
