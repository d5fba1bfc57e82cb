/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image's own pages. Boot code maps it in 2 MB pages that allow everything;
 * once there is a heap it is mapped in 4 kB pages: code can't be written, data
 * can't be executed, and what only the boot needed goes away after it.
 */
#include <xen/boot.h>
#include <xen/lib.h>
#include "heap.h"

/* Page-aligned, by the linker script. */
extern char _image_start[], _text_end[], _rodata_end[], __init_start[], __init_end[],
	    _bss_end[], boot_stack[], _image_end[];

/* What aligns the boot CPU's stack, and the pages in it that catch overflows. */
static bool __init is_hole(vaddr_t va)
{
	if (va < (vaddr_t)boot_stack)
		return va >= (vaddr_t)_bss_end;
	return !stack_page_present((va - (vaddr_t)boot_stack) / PAGE_SIZE);
}

static u64 __init flags_of(vaddr_t va)
{
	u64 nx = cpu_features.nx ? PTE_NX : 0;

	if (va < (vaddr_t)_text_end)
		return 0;
	if (va < (vaddr_t)_rodata_end)
		return nx;
	if (va >= (vaddr_t)__init_start && va < (vaddr_t)__init_end)
		return PTE_RW;		/* code and data side by side */
	return PTE_RW | nx;
}

/* Global entries too. */
static void flush_this_cpu(void)
{
	u64 cr4 = read_cr(4);

	write_cr(4, cr4 & ~CR4_PGE);
	write_cr(3, read_cr(3));
	write_cr(4, cr4);
}

void __init protect_image(void)
{
	u64 *l3 = mfn_to_va(pte_mfn(hv_l4[l4_slot(IMAGE_START)]));
	u64 *l2 = mfn_to_va(pte_mfn(l3[l3_slot(IMAGE_START)]));
	u64 global = cpu_features.pge ? PTE_G : 0;
	vaddr_t va = (vaddr_t)_image_start;

	for (unsigned i = 0; i < l2_slot(va); i++)
		l2[i] = 0;
	while (va < (vaddr_t)_image_end) {
		u64 *l1 = alloc_page();

		if (!l1)
			panic("Too little memory to map the hypervisor");
		for (unsigned i = 0; i < 512 && va < (vaddr_t)_image_end; i++, va += PAGE_SIZE)
			if (!is_hole(va))
				l1[i] = mk_pte(PFN_DOWN(va_to_image_pa(va)), PTE_P | PTE_A | PTE_D |
					       global | flags_of(va));
		l2[l2_slot(va - 1)] = mk_pte(va_to_mfn(l1), PTE_P | PTE_RW | PTE_A | PTE_D);
	}
	for (unsigned i = l2_slot(va - 1) + 1; i < 512; i++)
		l2[i] = 0;
	hv_l4[0] = 0;			/* boot code ran there; from now on NULL is nowhere */
	flush_this_cpu();
	for (va = (vaddr_t)_bss_end; va < (vaddr_t)_image_end; va += PAGE_SIZE)
		if (is_hole(va))
			free_boot_frame(PFN_DOWN(va_to_image_pa(va)));
}

void free_init_sections(void)
{
	paddr_t start = va_to_image_pa(__init_start), end = va_to_image_pa(__init_end);
	u64 *l3 = mfn_to_va(pte_mfn(hv_l4[l4_slot(IMAGE_START)]));
	u64 *l2 = mfn_to_va(pte_mfn(l3[l3_slot(IMAGE_START)]));

	for (vaddr_t va = (vaddr_t)__init_start; va < (vaddr_t)__init_end; va += PAGE_SIZE) {
		u64 *l1 = mfn_to_va(pte_mfn(l2[l2_slot(va)]));

		l1[l1_slot(va)] = 0;
	}
	flush_tlb_global();
	for (paddr_t pa = start; pa < end; pa += PAGE_SIZE)
		free_boot_frame(PFN_DOWN(pa));
	printk(LOG_INFO "Freed %lu kB of start-up code and data\n", (end - start) >> 10);
}
