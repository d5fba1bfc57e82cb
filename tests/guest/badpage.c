/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * badpage=: frames that a memory tester found bad are given to nobody, for nothing.
 *
 * tests/guest/run starts the hypervisor with the list below. All memory that there is
 * is asked for: the neighbours of the bad frames come, they themselves don't.
 */
#include "guest.h"

#define MANY 512

static const struct { unsigned long first, last; } bad[] = {
	{ 0x5000, 0x50ff }, { 0x6123, 0x6123 }, { 28672, 28673 },
};
static unsigned char got[0x10000 / 8];		/* a bit for each frame of 256 MB */
static xen_pfn_t list[MANY];

static bool has(unsigned long mfn)
{
	return got[mfn / 8] & 1 << mfn % 8;
}

static void take_all(void)
{
	struct xen_memory_reservation r = { .extent_order = 0, .domid = DOMID_SELF };
	long n, i;

	set_xen_guest_handle(r.extent_start, list);
	do {
		r.nr_extents = MANY;
		n = HC2(memory_op, XENMEM_increase_reservation, &r);
		for (i = 0; i < n; i++)
			if (list[i] < 0x10000)
				got[list[i] / 8] |= 1 << list[i] % 8;
	} while (n == MANY);
}

void test_main(void)
{
	char *window = page_alloc();
	unsigned long home = mfn_of(window), mfn;
	unsigned int i, before = 0, behind = 0;

	REQUIRE(HC2(memory_op, XENMEM_maximum_ram_page, 0) <= 0x10000);
	section("frames in badpage=");
	for (i = 0; i < si->nr_pages; i++)
		got[p2m[i] / 8] |= 1 << p2m[i] % 8;
	take_all();
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (mfn = bad[i].first; mfn <= bad[i].last; mfn++) {
			CHECK(!has(mfn));
			CHECK(map_va(window, MFN_PTE(mfn, PTE_RW)) < 0);
			CHECK(map_va(window, MFN_PTE(mfn, PTE_RO)) < 0);
		}
		before += has(bad[i].first - 1);
		behind += has(bad[i].last + 1);
	}
	CHECK_EQ(before, ARRAY_SIZE(bad));	/* so all of them would have come */
	CHECK_EQ(behind, ARRAY_SIZE(bad));
	REQUIRE(map_va(window, MFN_PTE(home, PTE_RW)) == 0);
}
