/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables: the calls that change them, and attempts to break their rule.
 *
 * Rule: no frame is writable by a guest while it is a page table.  A leaf entry
 * may map only frames of the guest (or authorised ones), an upper entry only a
 * validated table of the level below; entries of slots 256-271 belong to the
 * hypervisor; superpages and reserved bits are refused.  A call that fails
 * changes nothing, and `done` counts the requests before the failing one.
 */
#include "guest.h"
#include <xen/grant_table.h>

static char *window;		/* an address whose mapping the tests change */
static unsigned long window_pte;	/* machine address of its L1 entry */
static unsigned long window_mfn;

static long map_as(uint64_t pte, unsigned int foreign)
{
	struct mmu_update u = { .ptr = window_pte, .val = pte };

	return HC4(mmu_update, &u, 1, 0, foreign);
}

static void *new_table(void)
{
	void *page = page_alloc();

	REQUIRE(set_ro(page) == 0);
	return page;
}

/* The entry must be refused and nothing change. */
#define CHECK_REFUSED(pte) do {							\
	uint64_t before = pte_of(window);					\
	CHECK(pte_write(window_pte, pte) < 0);					\
	CHECK_EQ(pte_of(window), before);					\
	CHECK(HC3(update_va_mapping, window, pte, UVMF_INVLPG) < 0);		\
	CHECK_EQ(pte_of(window), before);					\
} while (0)

static void test_updates(void)
{
	struct mmu_update u[4];
	char *a = page_alloc(), *b = page_alloc();
	unsigned int done = 77;

	section("mmu_update and update_va_mapping");
	a[0] = 'a';
	b[0] = 'b';
	CHECK_EQ(pte_write(window_pte, MFN_PTE(mfn_of(a), PTE_RW)), 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
	CHECK_EQ(window[0], 'a');
	CHECK_EQ(map_va(window, MFN_PTE(mfn_of(b), PTE_RO)), 0);
	CHECK_EQ(window[0], 'b');
	CHECK_EQ(TRY("movb $1, (%0)", :: "r" (window) : "memory"), 14);
	CHECK_EQ(map_va(window, 0), 0);
	CHECK_EQ(TRY("movb (%0), %%al", :: "r" (window) : "rax", "memory"), 14);

	/* four at once, the third is bad: two are done and stay done */
	u[0].ptr = u[1].ptr = u[2].ptr = u[3].ptr = window_pte;
	u[0].val = MFN_PTE(mfn_of(a), PTE_RW);
	u[1].val = MFN_PTE(mfn_of(b), PTE_RO);
	u[2].val = MFN_PTE(mfn_of((void *)si->pt_base), PTE_RW);
	u[3].val = 0;
	CHECK(HC4(mmu_update, u, 4, &done, DOMID_SELF) < 0);
	CHECK_EQ(done, 2);
	CHECK_EQ(PTE_MFN(pte_of(window)), mfn_of(b));
	CHECK_EQ(HC4(mmu_update, u, 2, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 2);
	CHECK_EQ(HC4(mmu_update, u, 0, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 0);

	/* the guest's own software bits stay, and so does NX */
	CHECK_EQ(map_va(window, MFN_PTE(mfn_of(a), PTE_RW | 7UL << 9 | PTE_NX)), 0);
	CHECK_EQ(pte_of(window) & (7UL << 9 | PTE_NX), 7UL << 9 | PTE_NX);

	/* command 2 keeps accessed and dirty as the machine set them */
	CHECK_EQ(map_va(window, MFN_PTE(mfn_of(a), PTE_P | PTE_W | PTE_U)), 0);
	*(volatile char *)window = 1;
	CHECK_EQ(pte_of(window) & (PTE_A | PTE_D), PTE_A | PTE_D);
	CHECK_EQ(pte_write(window_pte | MMU_PT_UPDATE_PRESERVE_AD,
			   MFN_PTE(mfn_of(a), PTE_P | PTE_U)), 0);
	CHECK_EQ(pte_of(window) & (PTE_A | PTE_D | PTE_W), PTE_A | PTE_D);
	CHECK_EQ(pte_write(window_pte | MMU_PT_UPDATE_NO_TRANSLATE, MFN_PTE(mfn_of(a), PTE_RO)), 0);

	/* a page that is not a table gets a plain store */
	CHECK_EQ(pte_write(mfn_of(a) << 12 | 0x10, 0x1122334455667788), 0);
	CHECK_EQ(*(uint64_t *)(a + 0x10), 0x1122334455667788);
	CHECK_EQ(map_va(window, MFN_PTE(window_mfn, PTE_RW)), 0);
	/* no L1 at that address */
	CHECK(HC3(update_va_mapping, 0x7000000000, MFN_PTE(window_mfn, PTE_RW), 0) < 0);
	CHECK(HC3(update_va_mapping, HV_START, MFN_PTE(window_mfn, PTE_RW), 0) < 0);
	CHECK(HC3(update_va_mapping, HV_START + (5UL << 39), MFN_PTE(window_mfn, PTE_RW), 0) < 0);
}

static void test_m2p_update(void)
{
	unsigned long mfn = mfn_of(window);
	struct mmu_update u = { .ptr = mfn << 12 | MMU_MACHPHYS_UPDATE, .val = 0x123456 };

	section("M2P update");
	CHECK_EQ(HC4(mmu_update, &u, 1, 0, DOMID_SELF), 0);
	CHECK_EQ(m2p[mfn], 0x123456);
	u.val = pfn_of(window);
	CHECK_EQ(HC4(mmu_update, &u, 1, 0, DOMID_SELF), 0);
	CHECK_EQ(m2p[mfn], pfn_of(window));
	u.ptr = 0x7ffffffffUL << 12 | MMU_MACHPHYS_UPDATE;
	CHECK(HC4(mmu_update, &u, 1, 0, DOMID_SELF) < 0);
}

static void test_writable_tables(void)
{
	unsigned long va, pt = si->pt_base, accepted = 0, i;
	void *t;

	section("attack: writable mapping of a page table");
	for (i = 0; i < si->nr_pt_frames; i++) {
		va = pt + i * PAGE_SIZE;
		accepted += map_va((void *)va, MFN_PTE(mfn_of((void *)va), PTE_RW)) == 0;
		accepted += pte_write(window_pte, MFN_PTE(mfn_of((void *)va), PTE_RW)) == 0;
	}
	CHECK_EQ(accepted, 0);
	CHECK_REFUSED(MFN_PTE(boot_l4(), PTE_RW));

	section("attack: a page table out of a writable page");
	t = page_alloc();
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t)) < 0);
	CHECK(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(t)) < 0);
	CHECK(mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(t)) < 0);
	CHECK(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(t)) < 0);
	CHECK(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(t)) < 0);
	CHECK(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(t)) < 0);
	CHECK(pte_write(pte_maddr(pte_ptr(boot_l4(), 0, 4)), MFN_PTE(mfn_of(t), PTE_TABLE)) < 0);
	*(volatile char *)t = 1;

	section("attack: second, writable mapping of a pinned page");
	REQUIRE(set_ro(t) == 0);
	*(volatile uint64_t *)window = 0;
	memset(window, 0, PAGE_SIZE);
	REQUIRE(map_va(window, MFN_PTE(mfn_of(t), PTE_RW)) == 0);
	memset(window, 0, PAGE_SIZE);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t)) < 0);	/* still writable in the window */
	REQUIRE(map_va(window, MFN_PTE(window_mfn, PTE_RW)) == 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t)), 0);
	CHECK_REFUSED(MFN_PTE(mfn_of(t), PTE_RW));
	CHECK(set_rw(t) < 0);
	CHECK_EQ(pte_write(window_pte, MFN_PTE(mfn_of(t), PTE_RO)), 0);	/* reading is allowed */
	REQUIRE(map_va(window, MFN_PTE(window_mfn, PTE_RW)) == 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(t)), 0);
	CHECK_EQ(set_rw(t), 0);
}

static void test_pins(void)
{
	uint64_t *t = new_table(), *l2 = new_table();
	unsigned long mfn = mfn_of(t);

	section("pin and unpin");
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn), -XEN_EINVAL);
	CHECK(mmuext(MMUEXT_PIN_L2_TABLE, mfn) < 0);
	CHECK(mmuext(MMUEXT_PIN_L4_TABLE, mfn) < 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), -XEN_EINVAL);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, 0x7ffffffff) < 0);
	CHECK(mmuext(MMUEXT_UNPIN_TABLE, 0x7ffffffff) < 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, ~0UL) < 0);

	section("type confusion");
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn), 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(l2)), 0);
	CHECK_EQ(pte_write(pte_maddr(l2), MFN_PTE(mfn, PTE_TABLE)), 0);		/* right level */
	CHECK(pte_write(pte_maddr(l2 + 1), MFN_PTE(mfn_of(l2), PTE_TABLE)) < 0);	/* itself */
	CHECK(pte_write(pte_maddr(l2 + 1), MFN_PTE(boot_l4(), PTE_TABLE)) < 0);
	CHECK(pte_write(pte_maddr(l2 + 1), MFN_PTE(window_mfn, PTE_TABLE)) < 0);	/* data */
	CHECK(pte_write(pte_maddr(l2 + 1), MFN_PTE(mfn, PTE_TABLE | PTE_PSE)) < 0);
	CHECK(pte_write(pte_maddr(l2 + 1), MFN_PTE(mfn, PTE_TABLE | 1UL << 51)) < 0);
	CHECK_EQ(l2[1], 0);
	CHECK(pte_write(pte_maddr(t), MFN_PTE(mfn, PTE_RW)) < 0);		/* L1 maps itself rw */
	CHECK_EQ(pte_write(pte_maddr(t), MFN_PTE(mfn, PTE_RO)), 0);		/* ro is harmless */
	CHECK_EQ(pte_write(pte_maddr(t), 0), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn), 0);	/* l2 still holds it */
	CHECK(set_rw(t) < 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l2)), 0);
	CHECK_EQ(set_rw(t), 0);
	CHECK_EQ(set_rw(l2), 0);
}

/* A table with one bad entry can't be pinned, and the attempt leaves no trace. */
static void test_bad_tables(void)
{
	static const uint64_t bad_flags[] = { PTE_TABLE | PTE_PSE, PTE_TABLE | 1UL << 51 };
	uint64_t *l1 = page_alloc(), *l2 = page_alloc(), *l4 = page_alloc();
	unsigned int i;

	section("tables with a bad entry");
	l1[3] = MFN_PTE(window_mfn, PTE_RW);
	l1[200] = MFN_PTE(boot_l4(), PTE_RW);
	REQUIRE(set_ro(l1) == 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(l1)) < 0);
	CHECK_EQ(set_rw(l1), 0);
	l1[200] = 0;
	for (i = 0; i < ARRAY_SIZE(bad_flags); i++) {
		l2[1] = MFN_PTE(mfn_of(l1), PTE_TABLE);
		l2[511] = MFN_PTE(mfn_of(l1), bad_flags[i]);
		REQUIRE(set_ro(l1) == 0 && set_ro(l2) == 0);
		CHECK(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(l2)) < 0);
		CHECK_EQ(set_rw(l2), 0);
		CHECK_EQ(set_rw(l1), 0);	/* the half validation was undone */
	}
	l2[511] = 0;
	REQUIRE(set_ro(l1) == 0 && set_ro(l2) == 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(l2)), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l2)), 0);

	/* an L4 whose lower level is of the wrong kind, and one that names itself */
	REQUIRE(set_rw(l2) == 0);
	l4[0] = MFN_PTE(mfn_of(l4), PTE_TABLE);
	REQUIRE(set_ro(l4) == 0);
	CHECK(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4)) < 0);
	CHECK_EQ(set_rw(l4), 0);
}

static void test_hypervisor_slots(void)
{
	unsigned int slot, accepted = 0;
	uint64_t *l3 = new_table();

	section("attack: the hypervisor's L4 slots");
	REQUIRE(mmuext(MMUEXT_PIN_L3_TABLE, mfn_of(l3)) == 0);
	for (slot = 256; slot < 272; slot++) {
		unsigned long e = (boot_l4() << 12) + slot * 8;

		accepted += pte_write(e, MFN_PTE(mfn_of(l3), PTE_TABLE)) == 0;
		accepted += pte_write(e, MFN_PTE(boot_l4(), PTE_TABLE)) == 0;
	}
	CHECK_EQ(accepted, 0);
	CHECK_EQ(TRY("mov (%0), %%rax", :: "r" (m2p) : "rax"), NO_TRAP);
	CHECK_EQ(pte_write((boot_l4() << 12) + 300 * 8, MFN_PTE(mfn_of(l3), PTE_TABLE)), 0);
	CHECK_EQ(pte_write((boot_l4() << 12) + 300 * 8, 0), 0);
	CHECK_EQ(pte_write((boot_l4() << 12) + 255 * 8, MFN_PTE(mfn_of(l3), PTE_TABLE)), 0);
	CHECK_EQ(pte_write((boot_l4() << 12) + 255 * 8, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l3)), 0);
}

/* Every RAM frame that is neither ours nor shared with us (shared info, grant table) is refused, read-only as well. */
static void test_foreign_frames(void)
{
	static struct e820entry { uint64_t addr, size; uint32_t type; } __attribute__((packed)) map[128];
	struct xen_memory_map mm = { .nr_entries = 128 };
	unsigned long pfn, mfn, read_ok = 0, write_ok = 0, tried = 0;
	struct gnttab_setup_table grant = { .dom = DOMID_SELF, .nr_frames = 1 };
	unsigned char *ours = pages_alloc(16);
	xen_pfn_t grant_frame;
	unsigned int i;

	section("attack: frames of others");
	set_xen_guest_handle(mm.buffer, map);
	REQUIRE(HC2(memory_op, XENMEM_machine_memory_map, &mm) == 0);
	for (pfn = 0; pfn < si->nr_pages; pfn++)
		ours[p2m[pfn] / 8] |= 1 << (p2m[pfn] & 7);
	mfn = si->shared_info >> 12;
	ours[mfn / 8] |= 1 << (mfn & 7);
	set_xen_guest_handle(grant.frame_list, &grant_frame);
	REQUIRE(HC3(grant_table_op, GNTTABOP_setup_table, &grant, 1) == 0 && !grant.status);
	ours[grant_frame / 8] |= 1 << (grant_frame & 7);
	for (i = 0; i < mm.nr_entries; i++) {
		if (map[i].type != 1)
			continue;
		for (mfn = (map[i].addr + 4095) >> 12; mfn < (map[i].addr + map[i].size) >> 12; mfn++) {
			if (mfn >= 16 * PAGE_SIZE * 8 || mfn < 256 || (ours[mfn / 8] >> (mfn & 7) & 1))
				continue;
			tried++;
			if (pte_write(window_pte, MFN_PTE(mfn, PTE_RO)) == 0) {
				read_ok++;
				printf("frame 0x%lx (M2P 0x%lx) can be mapped\n", mfn, m2p[mfn]);
			}
			write_ok += pte_write(window_pte, MFN_PTE(mfn, PTE_RW)) == 0;
		}
	}
	CHECK(tried > 1000);
	CHECK_EQ(read_ok, 0);
	CHECK_EQ(write_ok, 0);
	CHECK_EQ(map_va(window, MFN_PTE(window_mfn, PTE_RW)), 0);
	/* the local APIC; frames beyond the machine's memory and address width */
	CHECK_REFUSED(MFN_PTE(0xfee00, PTE_RW));
	CHECK_REFUSED(MFN_PTE(window_mfn, PTE_RW | 1UL << 51));
	/* domains that don't exist, reserved ids */
	CHECK(map_as(MFN_PTE(window_mfn, PTE_RW), 5) < 0);
	CHECK(map_as(MFN_PTE(window_mfn, PTE_RW), DOMID_COW) < 0);
	CHECK(map_as(MFN_PTE(window_mfn, PTE_RW), DOMID_INVALID) < 0);
	CHECK(map_as(MFN_PTE(window_mfn, PTE_RW), DOMID_SELF | 6 << 16) < 0);
}

/* The M2P's frames: dom0 may map them through DOMID_XEN to read, never to write. */
static void test_m2p_frames(void)
{
	struct xen_machphys_mfn_list list = { .max_extents = 1 };
	xen_pfn_t mfn = 0;

	section("the M2P's frames");
	set_xen_guest_handle(list.extent_start, &mfn);
	REQUIRE(HC2(memory_op, XENMEM_machphys_mfn_list, &list) == 0 && list.nr_extents == 1);
	CHECK(map_as(MFN_PTE(mfn, PTE_RW), DOMID_SELF) < 0);
	CHECK(map_as(MFN_PTE(mfn, PTE_RW), DOMID_XEN) < 0);
	CHECK_EQ(map_as(MFN_PTE(mfn, PTE_RO), DOMID_XEN), 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
	CHECK_EQ(*(volatile uint64_t *)window, m2p[0]);
	CHECK_EQ(map_va(window, MFN_PTE(window_mfn, PTE_RW)), 0);
}

static void test_bad_arguments(void)
{
	static const unsigned long bad[] = {
		0x12345000, HV_START, HV_START + (6UL << 39), HV_END - 8, 1UL << 63, 1UL << 47, ~0UL - 7,
	};
	struct mmu_update u = { .ptr = window_pte, .val = MFN_PTE(window_mfn, PTE_RW) };
	struct mmuext_op op = { .cmd = 99 };
	unsigned int done, i;

	section("bad pointers and counts");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(HC4(mmu_update, bad[i], 1, 0, DOMID_SELF), -XEN_EFAULT);
		CHECK_EQ(HC4(mmuext_op, bad[i], 1, 0, DOMID_SELF), -XEN_EFAULT);
		CHECK_EQ(HC2(multicall, bad[i], 1), -XEN_EFAULT);
	}
	/* an array that runs off the mapped pages stops at the fault */
	CHECK_EQ(HC4(mmu_update, &u, 0x7fffffff, &done, DOMID_SELF) < 0, 1);
	CHECK_EQ(HC4(mmuext_op, &op, 1, &done, DOMID_SELF), -XEN_ENOSYS);
	CHECK_EQ(done, 0);
	CHECK(HC4(mmuext_op, &op, 1, &done, 5) < 0);
	op.cmd = MMUEXT_MARK_SUPER;
	CHECK(HC4(mmuext_op, &op, 1, &done, DOMID_SELF) < 0);
	op.cmd = MMUEXT_INVLPG_LOCAL;
	op.arg1.linear_addr = HV_START + (6UL << 39);
	CHECK_EQ(HC4(mmuext_op, &op, 1, &done, DOMID_SELF), 0);
	u.ptr = (mfn_of(window) << 12) | 4;		/* not aligned to an entry */
	HC4(mmu_update, &u, 1, &done, DOMID_SELF);
	u.ptr = 0x7ffffffffUL << 12;
	CHECK(HC4(mmu_update, &u, 1, &done, DOMID_SELF) < 0);
	CHECK_EQ(done, 0);
}

/*
 * Results that a call writes back go through the guest's own rights: a pointer to
 * a read-only page (a page table!) or into the hypervisor gives EFAULT.
 */
static void test_output_pointers(void)
{
	unsigned long table = si->pt_base, before = *(volatile uint64_t *)table;
	const unsigned long bad[] = {
		table, HV_START, HV_START + (5UL << 39), HV_START + (6UL << 39), HV_END - 64, 1UL << 63,
	};
	struct mmu_update u = { .ptr = window_pte, .val = MFN_PTE(window_mfn, PTE_RW) };
	unsigned int i;

	section("attack: output pointers");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(HC2(xen_version, XENVER_capabilities, bad[i]), -XEN_EFAULT);
		CHECK_EQ(HC2(xen_version, XENVER_platform_parameters, bad[i]), -XEN_EFAULT);
		CHECK_EQ(HC2(memory_op, XENMEM_machphys_mapping, bad[i]), -XEN_EFAULT);
		CHECK(HC3(vcpu_op, VCPUOP_get_runstate_info, 0, bad[i]) < 0);
		HC4(mmu_update, &u, 1, bad[i], DOMID_SELF);
		CHECK_EQ(*(volatile uint64_t *)table, before);
	}
	CHECK_EQ(m2p[window_mfn], pfn_of(window));
}

/*
 * A writable translation that is still in the TLB must be gone when the page has
 * become a page table, though the guest itself never flushed.
 */
static void test_stale_translations(void)
{
	volatile uint64_t *t = page_alloc();
	uint64_t before;

	section("attack: stale TLB entry of a page table");
	REQUIRE(pte_write(window_pte, MFN_PTE(mfn_of((void *)t), PTE_RW)) == 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
	*(volatile uint64_t *)window = 0;			/* now in the TLB */
	t[1] = 0;
	REQUIRE(pte_write(window_pte, MFN_PTE(window_mfn, PTE_RO)) == 0);
	REQUIRE(pte_write(pte_maddr(pte_ptr(boot_l4(), (unsigned long)t, 1)),
			  MFN_PTE(mfn_of((void *)t), PTE_RO)) == 0);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of((void *)t)) == 0);
	before = t[2];
	CHECK_EQ(TRY("movq $0x1000, 16(%0)", :: "r" (window) : "memory"), 14);
	CHECK_EQ(t[2], before);
	CHECK_EQ(t[2], 0);
	mmuext(MMUEXT_UNPIN_TABLE, mfn_of((void *)t));
	CHECK_EQ(map_va(window, MFN_PTE(window_mfn, PTE_RW)), 0);
	CHECK_EQ(set_rw((void *)t), 0);
}

static void test_multicall(void)
{
	struct multicall_entry mc[5] = {
		{ .op = __HYPERVISOR_xen_version },
		{ .op = 1000 },
		{ .op = __HYPERVISOR_update_va_mapping,
		  .args = { (unsigned long)window, MFN_PTE(window_mfn, PTE_RO), UVMF_INVLPG } },
		{ .op = __HYPERVISOR_update_va_mapping,
		  .args = { (unsigned long)window, MFN_PTE(boot_l4(), PTE_RW), UVMF_INVLPG } },
		{ .op = __HYPERVISOR_xen_version },
	};

	section("multicall");
	CHECK_EQ(HC2(multicall, mc, 5), 0);
	CHECK_EQ(mc[0].result, 0x40011);
	CHECK_EQ(mc[1].result, -XEN_ENOSYS);
	CHECK_EQ(mc[2].result, 0);
	CHECK((long)mc[3].result < 0);
	CHECK_EQ(mc[4].result, 0x40011);
	CHECK_EQ(pte_of(window) & PTE_W, 0);
	CHECK_EQ(map_va(window, MFN_PTE(window_mfn, PTE_RW)), 0);
	CHECK_EQ(HC2(multicall, mc, 0), 0);
}

static void test_baseptr(void)
{
	uint64_t *l4 = page_alloc(), *old = va_of_mfn(boot_l4());
	unsigned int i;

	section("NEW_BASEPTR");
	for (i = 0; i < 512; i++)
		if (i < 256 || i >= 272)
			l4[i] = old[i];
	REQUIRE(set_ro(l4) == 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(l4)), 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4)), 0);
	CHECK_EQ(m2p[mfn_of(l4)], pfn_of(l4));
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l4)), 0);	/* in use: stays a table */
	CHECK(set_rw(l4) < 0);
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (l4) : "memory"), 14);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, mfn_of(l4)), 0);	/* the same again */
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, boot_l4()), 0);
	CHECK_EQ(set_rw(l4), 0);
	CHECK_EQ(l4[0], old[0]);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
	CHECK(mmuext(MMUEXT_NEW_BASEPTR, 0) < 0);
	CHECK(mmuext(MMUEXT_NEW_BASEPTR, 0x7ffffffff) < 0);
}

static void test_clear_copy(void)
{
	char *a = page_alloc(), *b = page_alloc();
	struct mmuext_op op = { .cmd = MMUEXT_COPY_PAGE };

	section("CLEAR_PAGE and COPY_PAGE");
	a[5] = 5;
	op.arg1.mfn = mfn_of(b);
	op.arg2.src_mfn = mfn_of(a);
	CHECK_EQ(HC4(mmuext_op, &op, 1, 0, DOMID_SELF), 0);
	CHECK_EQ(b[5], 5);
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, mfn_of(b)), 0);
	CHECK_EQ(b[5], 0);
	CHECK(mmuext(MMUEXT_CLEAR_PAGE, boot_l4()) < 0);
	op.arg1.mfn = boot_l4();
	CHECK(HC4(mmuext_op, &op, 1, 0, DOMID_SELF) < 0);
	op.arg1.mfn = mfn_of(b);
	op.arg2.src_mfn = 0x7ffffffff;
	CHECK(HC4(mmuext_op, &op, 1, 0, DOMID_SELF) < 0);
}

/* The hypervisor may use bit G of leaf entries for its own purposes. */
static uint64_t no_global(uint64_t pte)
{
	return pte & ~PTE_G;
}

/* Stores to a read-only L1 are done by the hypervisor, with all checks; to others not. */
static void test_write_emulation(void)
{
	volatile uint64_t *t = new_table();
	uint64_t good = MFN_PTE(window_mfn, PTE_RW), evil = MFN_PTE(boot_l4(), PTE_RW), v;
	unsigned long l2 = (unsigned long)pte_ptr(boot_l4(), (unsigned long)window, 2);

	section("emulated stores to an L1");
	HC2(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t)) == 0);
	CHECK_EQ(TRY("mov %1, (%0)", :: "r" (t + 5), "r" (good) : "memory"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), good);
	v = 0;
	CHECK_EQ(TRY("xchg %0, (%1)", : "+r" (v) : "r" (t + 5) : "memory"), NO_TRAP);
	CHECK_EQ(no_global(v), good);
	CHECK_EQ(no_global(t[5]), 0);
	CHECK_EQ(TRY("mov %1, (%0)", :: "r" (t + 5), "r" (good) : "memory"), NO_TRAP);
	CHECK_EQ(TRY("lock btrq $1, (%0)", :: "r" (t + 5) : "memory", "cc"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), good & ~PTE_W);
	CHECK_EQ(TRY("lock andb $0xdf, (%0)", :: "r" (t + 5) : "memory", "cc"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), good & ~(PTE_W | PTE_A));
	CHECK_EQ(TRY("lock orb $0x22, (%0)", :: "r" (t + 5) : "memory", "cc"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), good);
	CHECK_EQ(TRY("lock andq $-3, (%0)", :: "r" (t + 5) : "memory", "cc"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), good & ~PTE_W);
	v = t[5];
	CHECK_EQ(TRY("lock cmpxchg %1, (%2)", : "+a" (v) : "r" (good), "r" (t + 5) : "memory", "cc"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), good);
	v = 1;
	CHECK_EQ(TRY("lock cmpxchg %1, (%2)", : "+a" (v) : "r" (0UL), "r" (t + 5) : "memory", "cc"), NO_TRAP);
	CHECK_EQ(no_global(v), good);
	CHECK_EQ(no_global(t[5]), good);
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (t + 5) : "memory"), NO_TRAP);
	CHECK_EQ(no_global(t[5]), 0);

	section("attack: emulated stores");
	CHECK_EQ(TRY("mov %1, (%0)", :: "r" (t + 6), "r" (evil) : "memory"), 14);
	CHECK_EQ(t[6], 0);
	CHECK_EQ(TRY("mov %1, (%0)", :: "r" (t + 6), "r" (MFN_PTE(boot_l4(), PTE_RO)) : "memory"), NO_TRAP);
	CHECK_EQ(TRY("lock btsq $1, (%0)", :: "r" (t + 6) : "memory", "cc"), 14);
	CHECK_EQ(t[6] & PTE_W, 0);
	CHECK_EQ(TRY("lock orb $2, (%0)", :: "r" (t + 6) : "memory", "cc"), 14);
	CHECK_EQ(t[6] & PTE_W, 0);
	/* half of an entry from two stores, and a store across two entries */
	TRY("mov %1, 4(%0)", :: "r" (t + 7), "r" (0xffffffff) : "memory");
	CHECK_EQ(t[7] & PTE_P, 0);
	TRY("mov %1, 4(%0)", :: "r" (t + 8), "r" (evil) : "memory");
	CHECK_EQ(t[8] & PTE_P, 0);
	CHECK_EQ(t[9] & PTE_P, 0);
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (l2) : "memory"), 14);
	CHECK_EQ(TRY("lock andb $0xfe, (%0)", :: "r" (l2) : "memory"), 14);
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (va_of_mfn(boot_l4())) : "memory"), 14);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(t)), 0);
	CHECK_EQ(set_rw(t), 0);
}

asm(".pushsection .user, \"ax\"\n"
    "u_store:	movq $0, (%rdi); ud2\n"
    ".popsection");
extern char u_store[];

/* User mode gets its page fault even where the kernel's store would be emulated. */
static void test_user_store(void)
{
	void *t = new_table();
	struct regs r;

	section("attack: user store to an L1");
	user_init();
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(t)) == 0);
	link_page(user_l4_mfn, 0x600000, MFN_PTE(mfn_of(t), PTE_RO));
	r = user_start(USER_ADDR(u_store));
	r.rdi = 0x600000;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 14);
	CHECK_EQ(user_regs.error, 7);
}

void test_main(void)
{
	window = page_alloc();
	window_mfn = mfn_of(window);
	window_pte = pte_maddr(pte_ptr(boot_l4(), (unsigned long)window, 1));
	test_updates();
	test_m2p_update();
	test_writable_tables();
	test_pins();
	test_bad_tables();
	test_hypervisor_slots();
	test_foreign_frames();
	test_m2p_frames();
	test_bad_arguments();
	test_output_pointers();
	test_stale_translations();
	test_multicall();
	test_baseptr();
	test_clear_copy();
	test_write_emulation();
	test_user_store();
}
