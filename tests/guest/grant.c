/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grant tables, version 1.
 *
 * Rules (grant_table.h): an entry gives one domain access to one frame; mapping
 * sets GTF_reading (and GTF_writing), unmapping clears it with the last user; a
 * read-only grant can't be mapped or written otherwise; status is per operation
 * and the call itself returns 0; copies stay inside one page; a handle is good
 * once, and only for the address that it was made for.
 *
 * The test is domain 0 and grants to itself, as that needs no second domain.
 */
#include "guest.h"
#include <xen/grant_table.h>

#define NR_REFS		512

static volatile struct grant_entry_v1 *table;
static char *frame;		/* the page that is granted */
static char *window;		/* where it gets mapped */
static unsigned long window_pte;
static uint64_t window_home;

static void grant(unsigned int ref, unsigned int dom, unsigned long mfn, unsigned int flags)
{
	table[ref].flags = 0;
	table[ref].frame = mfn;
	table[ref].domid = dom;
	barrier();
	table[ref].flags = flags;
}

static int map(unsigned int ref, unsigned int dom, unsigned int flags, unsigned long addr,
	       grant_handle_t *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = addr, .flags = flags, .ref = ref, .dom = dom, .status = 99,
	};

	if (HC3(grant_table_op, GNTTABOP_map_grant_ref, &op, 1))
		return -1000;
	if (handle)
		*handle = op.handle;
	return op.status;
}

static int unmap(unsigned long addr, grant_handle_t handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = addr, .handle = handle, .status = 99 };

	if (HC3(grant_table_op, GNTTABOP_unmap_grant_ref, &op, 1))
		return -1000;
	return op.status;
}

static void setup(void)
{
	struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	xen_pfn_t mfn[2] = { 0, 0 };

	section("setup_table");
	set_xen_guest_handle(op.frame_list, mfn);
	CHECK_EQ(HC3(grant_table_op, GNTTABOP_query_size, &q, 1), 0);
	CHECK_EQ(q.status, GNTST_okay);
	CHECK(q.nr_frames >= 1 && q.max_nr_frames >= q.nr_frames);
	CHECK_EQ(HC3(grant_table_op, GNTTABOP_setup_table, &op, 1), 0);
	CHECK_EQ(op.status, GNTST_okay);
	CHECK(mfn[0] != 0);
	table = page_alloc();
	REQUIRE(map_va(table, MFN_PTE(mfn[0], PTE_RW)) == 0);
	op.nr_frames = 1000000;
	CHECK_EQ(HC3(grant_table_op, GNTTABOP_setup_table, &op, 1), 0);
	CHECK(op.status < 0);
	op.nr_frames = 1;
	op.dom = 5;
	CHECK_EQ(HC3(grant_table_op, GNTTABOP_setup_table, &op, 1), 0);
	CHECK(op.status < 0);
	CHECK(HC3(grant_table_op, 99, &op, 1) < 0);
	CHECK(HC3(grant_table_op, GNTTABOP_map_grant_ref, HV_START, 1) < 0);
	CHECK(HC3(grant_table_op, GNTTABOP_copy, HV_START, 0x7fffffff) < 0);
	/* the table is no page table and no GDT */
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn[0]) < 0);
}

static void test_map(void)
{
	grant_handle_t h = ~0U, h2 = ~0U;

	section("map and unmap by address");
	frame[0] = 'f';
	grant(20, 0, mfn_of(frame), GTF_permit_access);
	CHECK_EQ(map(20, 0, GNTMAP_host_map, (unsigned long)window, &h), GNTST_okay);
	CHECK_EQ(window[0], 'f');
	window[1] = 'w';
	CHECK_EQ(frame[1], 'w');
	CHECK_EQ(PTE_MFN(pte_of(window)), mfn_of(frame));
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	CHECK_EQ(unmap((unsigned long)window, h + 1000), GNTST_bad_handle);
	CHECK(unmap((unsigned long)window + PAGE_SIZE, h) < 0);	/* another address */
	CHECK_EQ(unmap((unsigned long)window, h), GNTST_okay);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), 0);
	CHECK_EQ(TRY("movb (%0), %%al", :: "r" (window) : "rax", "memory"), 14);
	CHECK_EQ(unmap((unsigned long)window, h), GNTST_bad_handle);

	section("read-only");
	CHECK_EQ(map(20, 0, GNTMAP_host_map | GNTMAP_readonly, (unsigned long)window, &h), GNTST_okay);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), GTF_reading);
	CHECK_EQ(pte_of(window) & PTE_W, 0);
	CHECK_EQ(window[0], 'f');
	CHECK_EQ(TRY("movb $1, (%0)", :: "r" (window) : "memory"), 14);
	CHECK_EQ(unmap((unsigned long)window, h), GNTST_okay);
	grant(21, 0, mfn_of(frame), GTF_permit_access | GTF_readonly);
	CHECK(map(21, 0, GNTMAP_host_map, (unsigned long)window, &h) < 0);
	CHECK_EQ(map(21, 0, GNTMAP_host_map | GNTMAP_readonly, (unsigned long)window, &h), GNTST_okay);
	CHECK_EQ(unmap((unsigned long)window, h), GNTST_okay);

	section("map by page-table entry");
	CHECK_EQ(map(20, 0, GNTMAP_host_map | GNTMAP_contains_pte, window_pte, &h), GNTST_okay);
	CHECK_EQ(PTE_MFN(pte_of(window)), mfn_of(frame));
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
	CHECK_EQ(window[0], 'f');
	CHECK_EQ(unmap(window_pte, h), GNTST_okay);
	CHECK_EQ(pte_of(window) & PTE_P, 0);
	CHECK(map(20, 0, GNTMAP_host_map | GNTMAP_contains_pte, window_pte + 3, &h) < 0);
	CHECK(map(20, 0, GNTMAP_host_map | GNTMAP_contains_pte, mfn_of(frame) << 12, &h) < 0);
	CHECK(map(20, 0, GNTMAP_host_map | GNTMAP_contains_pte, boot_l4() << 12, &h) < 0);

	section("two mappings of one grant");
	CHECK_EQ(map(20, 0, GNTMAP_host_map, (unsigned long)window, &h), GNTST_okay);
	CHECK_EQ(map(20, 0, GNTMAP_host_map, (unsigned long)window + PAGE_SIZE, &h2), GNTST_okay);
	CHECK(h != h2);
	CHECK_EQ(unmap((unsigned long)window, h), GNTST_okay);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
	CHECK_EQ(unmap((unsigned long)window + PAGE_SIZE, h2), GNTST_okay);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), 0);
}

static void test_bad_maps(void)
{
	grant_handle_t h = ~0U;

	section("bad mappings");
	CHECK(map(22, 0, GNTMAP_host_map, (unsigned long)window, &h) < 0);
	CHECK_EQ(map(0x7fffffff, 0, GNTMAP_host_map, (unsigned long)window, &h), GNTST_bad_gntref);
	CHECK_EQ(map(20, 5, GNTMAP_host_map, (unsigned long)window, &h), GNTST_bad_domain);
	CHECK_EQ(map(20, DOMID_INVALID, GNTMAP_host_map, (unsigned long)window, &h), GNTST_bad_domain);
	grant(23, 7, mfn_of(frame), GTF_permit_access);		/* for somebody else */
	CHECK(map(23, 0, GNTMAP_host_map, (unsigned long)window, &h) < 0);
	CHECK_EQ(table[23].flags, GTF_permit_access);
	CHECK(map(20, 0, GNTMAP_host_map, HV_START + (6UL << 39), &h) < 0);
	CHECK(map(20, 0, GNTMAP_host_map, 0x7000000000, &h) < 0);	/* no L1 there */
	CHECK(map(20, 0, GNTMAP_host_map, 1UL << 63, &h) < 0);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), 0);	/* nothing left behind */
	CHECK(map(20, 0, 0, (unsigned long)window, &h) < 0);
	/* frames that aren't ours to give */
	grant(24, 0, 0x7fffffff, GTF_permit_access);
	CHECK(map(24, 0, GNTMAP_host_map, (unsigned long)window, &h) < 0);
	grant(24, 0, boot_l4(), GTF_permit_access);
	CHECK(map(24, 0, GNTMAP_host_map, (unsigned long)window, &h) < 0);
	CHECK_EQ(table[24].flags & (GTF_reading | GTF_writing), 0);
	CHECK_EQ(unmap((unsigned long)window, 0x7fffffff), GNTST_bad_handle);
	CHECK_EQ(unmap((unsigned long)window, ~0U), GNTST_bad_handle);
}

/* A granted and mapped page can become no page table while it is writable somewhere. */
static void test_type_safety(void)
{
	grant_handle_t h = ~0U;
	char *page = page_alloc();

	section("attack: page table through a grant");
	grant(25, 0, mfn_of(page), GTF_permit_access);
	CHECK_EQ(map(25, 0, GNTMAP_host_map, (unsigned long)window, &h), GNTST_okay);
	REQUIRE(set_ro(page) == 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)) < 0);
	CHECK_EQ(unmap((unsigned long)window, h), GNTST_okay);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)), 0);
	CHECK(map(25, 0, GNTMAP_host_map, (unsigned long)window, &h) < 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page)), 0);
	REQUIRE(set_rw(page) == 0);
}

static int copy(unsigned int ref, unsigned int dom, bool to_grant, void *page, unsigned int goff,
		unsigned int off, unsigned int len)
{
	struct gnttab_copy op = { .len = len, .status = 99 };
	struct { typeof(op.source.u) u; } local = { .u.gmfn = mfn_of(page) };

	if (to_grant) {
		op.dest.u.ref = ref;
		op.dest.domid = dom;
		op.dest.offset = goff;
		op.source.u.gmfn = local.u.gmfn;
		op.source.domid = DOMID_SELF;
		op.source.offset = off;
		op.flags = GNTCOPY_dest_gref;
	} else {
		op.source.u.ref = ref;
		op.source.domid = dom;
		op.source.offset = goff;
		op.dest.u.gmfn = local.u.gmfn;
		op.dest.domid = DOMID_SELF;
		op.dest.offset = off;
		op.flags = GNTCOPY_source_gref;
	}
	if (HC3(grant_table_op, GNTTABOP_copy, &op, 1))
		return -1000;
	return op.status;
}

static void test_copy(void)
{
	char *page = page_alloc();
	unsigned int i;

	section("copy");
	for (i = 0; i < PAGE_SIZE; i++)
		frame[i] = i * 7;
	CHECK_EQ(copy(20, 0, false, page, 100, 200, 1000), GNTST_okay);
	CHECK_EQ(memcmp(page + 200, frame + 100, 1000), 0);
	CHECK_EQ(page[199] | page[1200], 0);
	page[3] = 77;
	CHECK_EQ(copy(20, 0, true, page, 4095, 3, 1), GNTST_okay);
	CHECK_EQ(frame[4095], 77);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), 0);
	CHECK_EQ(copy(20, 0, false, page, 0, 0, 4096), GNTST_okay);
	CHECK_EQ(memcmp(page, frame, 4096), 0);

	section("bad copies");
	CHECK_EQ(copy(20, 0, false, page, 4000, 0, 97), GNTST_bad_copy_arg);
	CHECK_EQ(copy(20, 0, false, page, 0, 4095, 2), GNTST_bad_copy_arg);
	CHECK_EQ(copy(20, 0, false, page, 0, 0, 4097), GNTST_bad_copy_arg);
	CHECK(copy(21, 0, true, page, 0, 0, 8) < 0);		/* read-only grant */
	CHECK(copy(22, 0, false, page, 0, 0, 8) < 0);
	CHECK_EQ(copy(20, 5, false, page, 0, 0, 8), GNTST_bad_domain);
	grant(24, 0, boot_l4(), GTF_permit_access);
	CHECK(copy(24, 0, true, page, 0, 0, 8) < 0);		/* onto a page table */
	CHECK_EQ(TRY("movb $0, (%0)", :: "r" (si->pt_base) : "memory"), 14);
}

/* Maps until the hypervisor has no more handles; it must say so and free them all again. */
static void test_exhaustion(void)
{
	static grant_handle_t handles[100000];
	unsigned int n, bad = 0;
	int status = 0;

	section("many mappings");
	/* device_map has no PTE, so that one address is enough */
	for (n = 0; n < ARRAY_SIZE(handles); n++) {
		status = map(20, 0, GNTMAP_device_map, 0, &handles[n]);
		if (status)
			break;
	}
	printf("%u mappings, then status %d\n", n, status);
	CHECK(n > 100);
	while (n--) {
		struct gnttab_unmap_grant_ref op = { .handle = handles[n], .status = 99 };

		op.dev_bus_addr = mfn_of(frame) << 12;
		bad += HC3(grant_table_op, GNTTABOP_unmap_grant_ref, &op, 1) || op.status;
	}
	CHECK_EQ(bad, 0);
	CHECK_EQ(table[20].flags & (GTF_reading | GTF_writing), 0);
}

void test_main(void)
{
	frame = page_alloc();
	window = pages_alloc(2);
	window_home = pte_of(window);
	window_pte = pte_maddr(pte_ptr(boot_l4(), (unsigned long)window, 1));
	setup();
	test_map();
	test_bad_maps();
	test_type_safety();
	test_copy();
	test_exhaustion();
	CHECK_EQ(map_va(window, window_home), 0);
}
