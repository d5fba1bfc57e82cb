/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own mappings besides those that boot made: device memory and
 * firmware tables (a window of WINDOW_PAGES pages, a bit for each), and single
 * pages at addresses of the caller's choice.
 *
 * The lower tables are shared by all L4 tables and never freed. Entries aren't
 * global, so that each flush of a CPU's TLB covers them.
 */
#include <xen/lib.h>
#include <xen/mm.h>

#define WINDOW_PAGES	(512UL << 20 >> PAGE_SHIFT)
#define BOOT_MAPPED	(4UL << 30)

static spinlock_t map_lock = SPINLOCK_INIT(LOCK_MAP);
static u8 used[WINDOW_PAGES / 8];		/* map lock */

/* The L1 entry of @va, its tables made if they aren't there; NULL: no memory. map lock. */
static u64 *get_l1e(vaddr_t va)
{
	u64 *e = &hv_l4[l4_slot(va)];
	unsigned shift = 30;

	for (; shift >= PAGE_SHIFT; shift -= 9) {
		if (!(*e & PTE_P)) {
			void *table = alloc_page();

			if (!table)
				return NULL;
			WRITE_ONCE(*e, mk_pte(va_to_mfn(table), PTE_P | PTE_RW | PTE_A | PTE_D));
		}
		e = (u64 *)mfn_to_va(pte_mfn(*e)) + ((va >> shift) & 511);
	}
	return e;
}

static void flush(vaddr_t va)
{
	if (nr_cpus > 1)
		flush_tlb_mask(~0UL, va);
	else
		invlpg(va);
}

static int set_page(vaddr_t va, u64 pte)
{
	u64 *e = get_l1e(va), old;

	if (!e)
		return -ENOMEM;
	old = *e;
	WRITE_ONCE(*e, pte);
	if ((old & PTE_P) && old != pte)
		flush(va);
	return 0;
}

int map_hv_page(vaddr_t va, mfn_t mfn, u64 flags)
{
	int rc;

	ASSERT(l4_slot(va) >= HV_FIRST_SLOT && l4_slot(va) <= HV_LAST_SLOT);
	spin_lock(&map_lock);
	rc = set_page(va & PAGE_MASK, flags ? mk_pte(mfn, flags) : 0);
	spin_unlock(&map_lock);
	return rc;
}

/* Index of the first of @n free pages in a row, WINDOW_PAGES if there are none. map lock. */
static u64 find_room(u64 n)
{
	u64 start = 0, end;

	for (;;) {
		start = find_next_zero_bit(used, WINDOW_PAGES, start);
		if (start + n > WINDOW_PAGES)
			return WINDOW_PAGES;
		end = find_next_bit(used, start + n, start);
		if (end >= start + n)
			return start;
		start = end;
	}
}

static void unmap_window(u64 first, u64 n)
{
	for (u64 i = first; i < first + n; i++) {
		set_page(VMAP_START + (i << PAGE_SHIFT), 0);
		__clear_bit(i, used);
	}
}

static void *map_window(paddr_t pa, size_t len, u64 flags)
{
	u64 n = PFN_UP((pa & ~PAGE_MASK) + len), first;

	if (!len || len > WINDOW_PAGES << PAGE_SHIFT || pa + len < pa)
		return NULL;
	if (cpu_features.nx)
		flags |= PTE_NX;
	flags |= PTE_P | PTE_A | PTE_D;
	spin_lock(&map_lock);
	first = find_room(n);
	if (first == WINDOW_PAGES) {
		spin_unlock(&map_lock);
		return NULL;
	}
	for (u64 i = 0; i < n; i++) {
		vaddr_t va = VMAP_START + ((first + i) << PAGE_SHIFT);

		__set_bit(first + i, used);
		if (set_page(va, mk_pte(PFN_DOWN(pa) + i, flags))) {
			unmap_window(first, i + 1);
			spin_unlock(&map_lock);
			return NULL;
		}
	}
	spin_unlock(&map_lock);
	return (void *)(VMAP_START + (first << PAGE_SHIFT) + (pa & ~PAGE_MASK));
}

/* Uncached: entry 3 of the PAT (HV_PAT). */
void *map_mmio(paddr_t pa, size_t len)
{
	return map_window(pa, len, PTE_RW | PTE_PCD | PTE_PWT);
}

/* Works before mm_init() for the first 4 GB, all of which boot code mapped. */
void *map_firmware(paddr_t pa, size_t len)
{
	if (pa + len >= pa && pa + len <= BOOT_MAPPED)
		return pa_to_va(pa);
	return map_window(pa, len, 0);
}

void unmap_hv(void *va, size_t len)
{
	vaddr_t start = (vaddr_t)va & PAGE_MASK;

	if (start < VMAP_START || start >= VMAP_START + (WINDOW_PAGES << PAGE_SHIFT))
		return;
	spin_lock(&map_lock);
	unmap_window((start - VMAP_START) >> PAGE_SHIFT, PFN_UP((vaddr_t)va - start + len));
	spin_unlock(&map_lock);
}
