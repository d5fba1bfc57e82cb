/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory reservations: giving pages back, taking them again, exchanging them,
 * and the maps of the machine.
 *
 * Rules (memory.h): decrease_reservation, increase_reservation and
 * populate_physmap return how many extents were done; a page given back leaves
 * the M2P; populate sets the M2P to the page's number; a domain never owns more
 * than its maximum; a page that is still mapped can be reused by nobody.
 */
#include "guest.h"

static long reserve(unsigned int cmd, xen_pfn_t *list, unsigned long n, unsigned int order)
{
	struct xen_memory_reservation r = {
		.nr_extents = n, .extent_order = order, .domid = DOMID_SELF,
	};

	set_xen_guest_handle(r.extent_start, list);
	return HC2(memory_op, cmd, &r);
}

static long current_pages(void)
{
	domid_t dom = DOMID_SELF;

	return HC2(memory_op, XENMEM_current_reservation, &dom);
}

static void test_decrease_populate(void)
{
	char *page = pages_alloc(8);
	unsigned long pfn = pfn_of(page), start = current_pages(), i;
	xen_pfn_t list[8], old[8];

	section("decrease and populate");
	CHECK_EQ(start, si->nr_pages);
	for (i = 0; i < 8; i++) {
		old[i] = list[i] = p2m[pfn + i];
		REQUIRE(map_va(page + i * PAGE_SIZE, 0) == 0);
	}
	CHECK_EQ(reserve(XENMEM_decrease_reservation, list, 8, 0), 8);
	CHECK_EQ(current_pages(), start - 8);
	for (i = 0; i < 8; i++) {
		CHECK(m2p[old[i]] != pfn + i);
		/* it is no longer ours to map */
		CHECK(map_va(page, MFN_PTE(old[i], PTE_RW)) < 0);
	}
	CHECK_EQ(reserve(XENMEM_decrease_reservation, list, 8, 0), 0);	/* not twice */
	for (i = 0; i < 8; i++)
		list[i] = pfn + i;
	CHECK_EQ(reserve(XENMEM_populate_physmap, list, 8, 0), 8);
	CHECK_EQ(current_pages(), start);
	for (i = 0; i < 8; i++) {
		p2m[pfn + i] = list[i];
		CHECK_EQ(m2p[list[i]], pfn + i);
		CHECK_EQ(set_rw(page + i * PAGE_SIZE), 0);
		page[i * PAGE_SIZE] = 1;
	}
}

/* A page given back while it is mapped: the mapping holds it until it goes. */
static void test_decrease_in_use(void)
{
	char *page = page_alloc();
	unsigned long mfn = mfn_of(page), pfn = pfn_of(page);
	xen_pfn_t list[1] = { mfn };
	long done;

	section("decrease of a page in use");
	done = reserve(XENMEM_decrease_reservation, list, 1, 0);
	CHECK(done == 0 || done == 1);
	if (done) {
		page[0] = 5;			/* still mapped, so it must still be ours */
		list[0] = pfn;
		CHECK_EQ(map_va(page, 0), 0);
		CHECK(map_va(page, MFN_PTE(mfn, PTE_RW)) < 0);
		CHECK_EQ(reserve(XENMEM_populate_physmap, list, 1, 0), 1);
		p2m[pfn] = list[0];
		CHECK_EQ(set_rw(page), 0);
	}
	/* the running page table: it must go on working whatever the answer is */
	list[0] = p2m[pfn_of((void *)(si->pt_base + (si->nr_pt_frames - 1) * PAGE_SIZE))];
	reserve(XENMEM_decrease_reservation, list, 1, 0);
	CHECK_EQ(TRY("mov (%0), %%rax", :: "r" (page) : "rax", "memory"), NO_TRAP);
}

static void test_increase(void)
{
	xen_pfn_t list[4] = { 0 };
	char *page = pages_alloc(4);
	long got, i;

	section("increase");
	/* the domain is at its maximum: nothing more, and no error either */
	got = reserve(XENMEM_increase_reservation, list, 4, 0);
	CHECK(got >= 0 && got <= 4);
	if (got)
		CHECK_EQ(reserve(XENMEM_decrease_reservation, list, got, 0), got);
	for (i = 0; i < 4; i++) {
		list[i] = mfn_of(page + i * PAGE_SIZE);
		REQUIRE(map_va(page + i * PAGE_SIZE, 0) == 0);
	}
	CHECK_EQ(reserve(XENMEM_decrease_reservation, list, 4, 0), 4);
	CHECK_EQ(reserve(XENMEM_increase_reservation, list, 4, 0), 4);
	for (i = 0; i < 4; i++)
		CHECK_EQ(map_va(page + i * PAGE_SIZE, MFN_PTE(list[i], PTE_RW)), 0);
	page[0] = page[3 * PAGE_SIZE] = 1;
}

static void test_exchange(void)
{
	char *page = pages_alloc(4);
	unsigned long pfn = pfn_of(page), i;
	xen_pfn_t in[4], out[1] = { pfn };
	struct xen_memory_exchange ex = {
		.in = { .nr_extents = 4, .extent_order = 0, .domid = DOMID_SELF },
		.out = { .nr_extents = 1, .extent_order = 2, .domid = DOMID_SELF,
			 .mem_flags = XENMEMF_address_bits(32) },
	};

	section("exchange");
	for (i = 0; i < 4; i++) {
		in[i] = p2m[pfn + i];
		REQUIRE(map_va(page + i * PAGE_SIZE, 0) == 0);
	}
	set_xen_guest_handle(ex.in.extent_start, in);
	set_xen_guest_handle(ex.out.extent_start, out);
	CHECK_EQ(HC2(memory_op, XENMEM_exchange, &ex), 0);
	CHECK_EQ(ex.nr_exchanged, 4);
	CHECK_EQ(out[0] & 3, 0);		/* order 2: aligned and in a row */
	for (i = 0; i < 4; i++) {
		p2m[pfn + i] = out[0] + i;
		CHECK_EQ(m2p[out[0] + i], pfn + i);
		CHECK_EQ(set_rw(page + i * PAGE_SIZE), 0);
		page[i * PAGE_SIZE] = i;
	}

	section("bad exchanges change nothing");
	for (i = 0; i < 4; i++)
		in[i] = p2m[pfn + i];
	in[2] = 0x7ffffffff;
	out[0] = pfn;
	ex.nr_exchanged = 0;
	CHECK(HC2(memory_op, XENMEM_exchange, &ex) < 0);
	CHECK_EQ(ex.nr_exchanged, 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(m2p[p2m[pfn + i]], pfn + i);
	in[2] = boot_l4();
	CHECK(HC2(memory_op, XENMEM_exchange, &ex) < 0);
	ex.out.nr_extents = 2;			/* sizes don't match */
	CHECK_EQ(HC2(memory_op, XENMEM_exchange, &ex), -XEN_EINVAL);
	ex.out.nr_extents = 1;
	ex.out.extent_order = 40;
	CHECK(HC2(memory_op, XENMEM_exchange, &ex) < 0);
	CHECK_EQ(page[0] | page[PAGE_SIZE] | page[2 * PAGE_SIZE], 3);
	CHECK_EQ(HC2(memory_op, XENMEM_exchange, HV_START), -XEN_EFAULT);
}

static void test_bad_reservations(void)
{
	static const unsigned long bad[] = { 0x12345000, HV_START, HV_END - 8, 1UL << 63 };
	xen_pfn_t list[2] = { 0x7ffffffff, 0x7ffffffff };
	unsigned long before = current_pages();
	unsigned int i;

	section("bad reservations");
	CHECK_EQ(reserve(XENMEM_decrease_reservation, list, 2, 0), 0);
	CHECK(reserve(XENMEM_decrease_reservation, list, 2, 60) <= 0);
	CHECK(reserve(XENMEM_decrease_reservation, list, ~0UL, 0) <= 0);
	CHECK(reserve(XENMEM_populate_physmap, list, 1, 63) <= 0);
	CHECK(reserve(XENMEM_increase_reservation, list, 1UL << 60, 0) <= 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(HC2(memory_op, XENMEM_decrease_reservation, bad[i]) <= 0);
		CHECK(reserve(XENMEM_decrease_reservation, (void *)bad[i], 4, 0) <= 0);
		CHECK(reserve(XENMEM_populate_physmap, (void *)bad[i], 1, 0) <= 0);
	}
	CHECK_EQ(current_pages(), before);
	CHECK_EQ(HC2(memory_op, 63, 0), -XEN_ENOSYS);
}

static void test_maps(void)
{
	static struct e820entry { uint64_t addr, size; uint32_t type; } __attribute__((packed)) map[128];
	struct xen_memory_map mm = { .nr_entries = 128 };
	struct xen_machphys_mapping mp;
	domid_t dom = DOMID_SELF;
	unsigned long ram = 0, i, overlap = 0;

	section("maps");
	set_xen_guest_handle(mm.buffer, map);
	CHECK_EQ(HC2(memory_op, XENMEM_machine_memory_map, &mm), 0);
	CHECK(mm.nr_entries >= 2 && mm.nr_entries <= 128);
	for (i = 0; i < mm.nr_entries; i++) {
		ram += map[i].type == 1 ? map[i].size : 0;
		overlap += i && map[i].addr < map[i - 1].addr + map[i - 1].size;
	}
	CHECK(ram > 200UL << 20 && ram <= 256UL << 20);
	CHECK_EQ(overlap, 0);
	mm.nr_entries = 1;			/* no more than the buffer holds */
	map[1].addr = 0x1234;
	HC2(memory_op, XENMEM_machine_memory_map, &mm);
	CHECK_EQ(map[1].addr, 0x1234);
	CHECK(HC2(memory_op, XENMEM_machine_memory_map, HV_START) < 0);

	CHECK_EQ(HC2(memory_op, XENMEM_machphys_mapping, &mp), 0);
	CHECK_EQ(mp.v_start, HV_START);
	CHECK(mp.max_mfn >= 0xff00);
	CHECK_EQ(TRY("mov (%0), %%rax", :: "r" (m2p + mp.max_mfn) : "rax", "memory"), NO_TRAP);
	CHECK(HC2(memory_op, XENMEM_maximum_ram_page, 0) >= 0xff00);
	CHECK(HC2(memory_op, XENMEM_maximum_reservation, &dom) >= current_pages());
	dom = 9;
	CHECK_EQ(HC2(memory_op, XENMEM_current_reservation, &dom), -XEN_ESRCH);
}

void test_main(void)
{
	test_decrease_populate();
	test_increase();
	test_exchange();
	test_bad_reservations();
	test_maps();
	test_decrease_in_use();
}
