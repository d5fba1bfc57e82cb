/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's address map. The ABI reserves L4 slots 256-271 for it
 * (public/arch-x86/xen-x86_64.h); every L4 table a guest uses carries these
 * sixteen entries, which never change after boot.
 *
 * slot     from                size    what                                     guest may
 * 256      0xffff800000000000  512 GB  machine-to-phys table, 8 bytes a frame   read
 * 257      0xffff808000000000  512 GB  the same table, writable                 -
 * 258      0xffff810000000000  512 GB  frame table: struct page_info, 16 bytes  -
 * 259      0xffff818000000000  512 GB  descriptor windows: GDT + LDT per vcpu   -
 * 260      0xffff820000000000  1 GB    the image: code, data, bss               -
 *          0xffff820040000000  8 MB    the other CPUs' stacks, 128 kB each      -
 *          0xffff827fc0000000  1 GB    the screen's framebuffer                 -
 * 261      0xffff828000000000  512 GB  mappings on demand: MMIO, ACPI tables    -
 * 262-271  0xffff830000000000  5 TB    all RAM, mapped one to one, not executable -
 */
#ifndef XEN_LAYOUT_H
#define XEN_LAYOUT_H

#define L4_SLOT_SHIFT		39
#define HV_FIRST_SLOT		256
#define HV_LAST_SLOT		271

#define HV_VIRT_START		0xffff800000000000
#define HV_VIRT_END		0xffff880000000000
#define RO_M2P_START		0xffff800000000000
#define RW_M2P_START		0xffff808000000000
#define FRAMETABLE_START	0xffff810000000000
#define DESC_START		0xffff818000000000
#define IMAGE_START		0xffff820000000000
#define STACKS_START		0xffff820040000000
#define FRAMEBUFFER_START	0xffff827fc0000000
#define VMAP_START		0xffff828000000000
#define VMAP_END		0xffff830000000000
#define DIRECTMAP_START		0xffff830000000000
#define DIRECTMAP_END		0xffff880000000000

/* entry.S's short ways are for stacks of guest kernels that lie above. */
#define SHORT_WAYS_ABOVE	(HV_VIRT_END + 4096)

/* The image is linked at IMAGE_START + its machine address, so that one subtraction converts. */
#define IMAGE_LOAD		0x200000

/*
 * A stack block per CPU, so aligned. At its top is struct cpu_info, below it the main stack, and
 * in the lower half the exception stacks, a page each. Below each stack is a page that isn't
 * there, which catches an overflow:
 *
 * page	0	1	2	3	4	5	6	7	8-11	12-15
 *	-	#DF	-	NMI	-	#MC	-	#DB	-	main
 */
#define STACK_SHIFT		16
#define STACK_SIZE		(1 << STACK_SHIFT)
#define STACK_PAGES		(STACK_SIZE >> PAGE_SHIFT)
#define STACK_IST_PAGES		8
#define STACK_MAIN_PAGE		12

/* Of another CPU than the first, from STACKS_START: a page of code, nothing, the stack block. */
#define CPU_AREA_SIZE		(2 * STACK_SIZE)

/* Where another CPU starts, in real mode: a page that mm_init() keeps free. */
#define TRAMPOLINE		0x8000

/* Selectors (public/arch-x86/xen-x86_64.h). GDT page 14 is the hypervisor's, pages 0-13 the guest's. */
#define HV_GDT_FIRST_PAGE	14
#define HV_CS			0xe008
#define HV_DS			0xe010
#define HV_TSS			0xe040
#define GUEST_CS32		0xe023
#define GUEST_DS		0xe02b
#define GUEST_CS64		0xe033

#ifndef __ASSEMBLY__

#include <xen/types.h>

#define va_to_image_pa(va)	((paddr_t)(va) - IMAGE_START)

static inline void *pa_to_va(paddr_t pa) { return (void *)(DIRECTMAP_START + pa); }
static inline void *mfn_to_va(mfn_t mfn) { return pa_to_va(mfn << PAGE_SHIFT); }

/* Of the direct map or the image only. */
static inline paddr_t va_to_pa(const void *p)
{
	vaddr_t va = (vaddr_t)p;

	return va >= DIRECTMAP_START ? va - DIRECTMAP_START : va - IMAGE_START;
}
static inline mfn_t va_to_mfn(const void *p) { return va_to_pa(p) >> PAGE_SHIFT; }

/* May a guest name this address? Its own half of the map, and canonical. */
static inline bool guest_va_ok(vaddr_t va)
{
	return va < 0x0000800000000000UL || va >= HV_VIRT_END;
}

static inline bool guest_range_ok(vaddr_t va, u64 len)
{
	vaddr_t last = va + len - 1;

	return !len || (last >= va && guest_va_ok(va) && guest_va_ok(last) &&
			(va >> 63) == (last >> 63));
}

static inline bool stack_page_present(unsigned page)
{
	return page >= STACK_MAIN_PAGE || (page < STACK_IST_PAGES && (page & 1));
}

static inline bool is_canonical(vaddr_t va) { return (u64)((s64)va >> 47) + 1 < 2; }

#endif
#endif
