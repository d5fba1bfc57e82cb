/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state in which a PV kernel starts as domain 0.
 *
 * Rules (xen.h "start-of-day", elfnote.h):
 *  - rsi points at start_info, the stack is writable, event delivery is masked;
 *    cs and ss are the flat ring-3 selectors, the other selectors are null;
 *  - the P2M gives a frame for each of nr_pages pages, the M2P its inverse;
 *  - the page tables are one run of nr_pt_frames pages from pt_base, mapped
 *    read-only, reachable from pt_base, and everything else is writable;
 *  - the initial region is mapped in order from VIRT_BASE: page frame n of the
 *    domain at VIRT_BASE + n * 4096, up to a 4 MiB boundary, with 512 KiB spare;
 *  - first_p2m_pfn/nr_p2m_frames hold the P2M array that INIT_P2M asked for.
 */
#include "guest.h"

#define INIT_P2M	0x8000000000UL

static void check_registers(void)
{
	section("registers at entry");
	CHECK_EQ(boot_regs.rsi, si);
	CHECK_EQ(boot_regs.cs, FLAT_KERNEL_CS);
	CHECK_EQ(boot_regs.ss, FLAT_KERNEL_SS);
	CHECK_EQ(boot_regs.ds, 0);
	CHECK_EQ(boot_regs.es, 0);
	CHECK_EQ(boot_regs.fs, 0);
	CHECK_EQ(boot_regs.gs, 0);
	CHECK_EQ(boot_regs.rax | boot_regs.rbx | boot_regs.rdx, 0);
	CHECK_EQ(boot_regs.rdi | boot_regs.rbp, 0);
	CHECK_EQ(boot_regs.r8 | boot_regs.r9 | boot_regs.r10, 0);
	CHECK_EQ(boot_regs.r12 | boot_regs.r13 | boot_regs.r14 | boot_regs.r15, 0);
	CHECK_EQ(boot_regs.rflags & 0x200, 0x200);	/* IF of the machine */
	CHECK_EQ(boot_regs.rflags & 0x500, 0);		/* TF, DF */
	/* rsp is the top of the boot stack page, the last page that is in use */
	CHECK_EQ(boot_regs.rsp & 0xfff, 0);
	CHECK(boot_regs.rsp > si->pt_base);
}

static void check_start_info(void)
{
	section("start_info");
	CHECK_EQ((unsigned long)si & 0xfff, 0);
	CHECK(memcmp(si->magic, "xen-3.0-x86_64", 14) == 0);
	CHECK_EQ(si->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN), SIF_PRIVILEGED | SIF_INITDOMAIN);
	CHECK_EQ(si->flags & SIF_MULTIBOOT_MOD, 0);
	CHECK_EQ(si->shared_info & 0xfff, 0);
	CHECK(si->shared_info != 0);
	CHECK_EQ(si->store_mfn, 0);
	CHECK_EQ(si->store_evtchn, 0);
	CHECK_EQ(si->mfn_list, INIT_P2M);
	CHECK(si->nr_pages >= 8192);
	CHECK(strstr((char *)si->cmd_line, "guest-test-argument") != NULL);
	CHECK_EQ(si->cmd_line[MAX_GUEST_CMDLINE - 1], 0);
	if (si->console.dom0.info_size)
		CHECK_EQ(si->console.dom0.info_off, sizeof(*si));
}

static void check_p2m(void)
{
	unsigned long pfn, bad_m2p = 0, bad_mfn = 0, dup = 0;
	struct xen_machphys_mapping map;

	section("P2M and M2P");
	REQUIRE(HC2(memory_op, XENMEM_machphys_mapping, &map) == 0);
	CHECK_EQ(map.v_start, HV_START);
	CHECK(map.v_end > map.v_start && map.v_end <= MACH2PHYS_VIRT_END);
	for (pfn = 0; pfn < si->nr_pages; pfn++) {
		if (p2m[pfn] > map.max_mfn)
			bad_mfn++;
		else if (m2p[p2m[pfn]] != pfn)
			bad_m2p++;
		if (pfn && p2m[pfn] == p2m[pfn - 1])
			dup++;
	}
	CHECK_EQ(bad_mfn, 0);
	CHECK_EQ(bad_m2p, 0);
	CHECK_EQ(dup, 0);
	/* frame 0 of the machine is nobody's, and the M2P is not writable */
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (m2p)), 14);
	CHECK_EQ(seen.regs.error & 3, 3);
	/* past the end of the table a guest gets a fault, not a crash */
	CHECK_EQ(TRY("mov (%0), %%rax", :: "r" (MACH2PHYS_VIRT_END - 8) : "rax"), 14);
}

static void check_map(void)
{
	unsigned long v_end, va, pt_end = si->pt_base + si->nr_pt_frames * PAGE_SIZE;
	unsigned long bad = 0, writable_table = 0, readonly_data = 0, not_user = 0;

	section("initial map");
	v_end = (boot_regs.rsp + (512 << 10) + (4 << 20) - 1) & -(4UL << 20);
	for (va = VIRT_BASE; va < v_end; va += PAGE_SIZE) {
		uint64_t pte = pte_of((void *)va);

		if (va == (unsigned long)shared)
			continue;	/* remapped by the library */
		bad += !(pte & PTE_P) || PTE_MFN(pte) != p2m[(va - VIRT_BASE) >> 12];
		not_user += !(pte & PTE_U);
		if (va >= si->pt_base && va < pt_end)
			writable_table += !!(pte & PTE_W);
		else
			readonly_data += !(pte & PTE_W);
	}
	CHECK_EQ(bad, 0);
	CHECK_EQ(not_user, 0);
	CHECK_EQ(writable_table, 0);
	CHECK_EQ(readonly_data, 0);
	CHECK_EQ(pte_ptr(boot_l4(), v_end, 2) && (*pte_ptr(boot_l4(), v_end, 2) & PTE_P) &&
		 (pte_of((void *)v_end) & PTE_P), 0);
	/* order: image, start_info, page tables, stack */
	CHECK((unsigned long)si >= (unsigned long)image_end);
	CHECK(si->pt_base > (unsigned long)si);
	CHECK(boot_regs.rsp > pt_end);
}

/* Every table that is reachable from the L4 lies in the run that start_info names. */
static void check_tables(unsigned long mfn, int level, unsigned long *count, unsigned long *outside)
{
	unsigned long first = pfn_of((void *)si->pt_base), pfn = m2p[mfn];
	volatile uint64_t *table = va_of_mfn(mfn);
	unsigned int i;

	++*count;
	if (pfn < first || pfn >= first + si->nr_pt_frames)
		++*outside;
	if (level == 1)
		return;
	for (i = 0; i < 512; i++) {
		if (level == 4 && ((i >= 256 && i < 272) || i == 1))
			continue;	/* the hypervisor's, and the P2M's */
		if (table[i] & PTE_P)
			check_tables(PTE_MFN(table[i]), level - 1, count, outside);
	}
}

static void check_page_tables(void)
{
	unsigned long count = 0, outside = 0;

	section("page-table pages");
	check_tables(boot_l4(), 4, &count, &outside);
	CHECK_EQ(outside, 0);
	CHECK_EQ(count, si->nr_pt_frames);
	/* the L4 is pinned: a second pin is refused, as is a write through the map */
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, boot_l4()), -XEN_EINVAL);
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (si->pt_base + 8)), 14);
	CHECK_EQ(seen.regs.error, 3);
	CHECK_EQ(seen.cr2, si->pt_base + 8);
}

static void check_p2m_pages(void)
{
	unsigned long pfn, wrong = 0, last = si->first_p2m_pfn + si->nr_p2m_frames;

	section("pages of the P2M");
	CHECK(si->nr_p2m_frames >= (si->nr_pages + 511) / 512 + 1);
	CHECK(last <= si->nr_pages);
	for (pfn = 0; pfn < si->nr_pages; pfn += 512) {
		volatile uint64_t *l1 = pte_ptr(boot_l4(), INIT_P2M, 4);
		unsigned long owner_pfn;

		REQUIRE(l1 && (*l1 & PTE_P));
		owner_pfn = m2p[PTE_MFN(*l1)];
		wrong += owner_pfn < si->first_p2m_pfn || owner_pfn >= last;
	}
	CHECK_EQ(wrong, 0);
	/* the array itself can be written by the guest */
	CHECK_EQ(TRY("lock orq $0, (%0)", :: "r" (p2m)), NO_TRAP);
	CHECK_EQ(TRY("lock orq $0, (%0)", :: "r" (p2m + si->nr_pages - 1)), NO_TRAP);
}

static void check_shared_info(void)
{
	unsigned int i, unmasked = 0;

	section("shared_info");
	for (i = 0; i < 32; i++)
		unmasked += shared->vcpu_info[i].evtchn_upcall_mask != 1;
	CHECK_EQ(unmasked, 0);
	CHECK_EQ(vcpu->evtchn_upcall_pending, 0);
	CHECK(vcpu->time.version != 0 && vcpu->time.tsc_to_system_mul != 0);
	CHECK(shared->wc_sec != 0);
}

static void check_version(void)
{
	struct xen_feature_info f = { .submap_idx = 0 };
	char caps[1024];
	unsigned long need = 1u << XENFEAT_mmu_pt_update_preserve_ad |
		1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_dom0;
	struct xen_platform_parameters par;

	section("xen_version");
	CHECK_EQ(HC2(xen_version, XENVER_version, 0), 0x40011);
	CHECK_EQ(HC2(xen_version, XENVER_capabilities, caps), 0);
	CHECK(strstr(caps, "xen-3.0-x86_64") != NULL);
	CHECK_EQ(HC2(xen_version, XENVER_get_features, &f), 0);
	CHECK_EQ(f.submap & need, need);
	CHECK_EQ(f.submap & (1u << XENFEAT_writable_page_tables |
			     1u << XENFEAT_auto_translated_physmap), 0);
	f.submap_idx = 7;
	CHECK_EQ(HC2(xen_version, XENVER_get_features, &f), -XEN_EINVAL);
	CHECK_EQ(HC2(xen_version, XENVER_platform_parameters, &par), 0);
	CHECK_EQ(par.virt_start, HV_START);
	CHECK_EQ(HC2(xen_version, XENVER_pagesize, 0), PAGE_SIZE);
	CHECK_EQ(HC2(xen_version, 99, 0), -XEN_ENOSYS);
	CHECK_EQ(hypercall(63, 0, 0, 0, 0, 0), -XEN_ENOSYS);
	CHECK_EQ(hypercall(~0UL, 0, 0, 0, 0, 0), -XEN_ENOSYS);
	CHECK_EQ(hypercall(1UL << 32 | __HYPERVISOR_xen_version, 0, 0, 0, 0, 0), -XEN_ENOSYS);
}

void test_main(void)
{
	check_registers();
	check_start_info();
	check_shared_info();
	check_version();
	check_p2m();
	check_map();
	check_page_tables();
	check_p2m_pages();
}
