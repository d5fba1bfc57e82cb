/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs before test_main(): traps, callbacks, and the shared info page.
 */
#include "guest.h"

struct start_info *si;
struct shared_info *volatile shared;
struct vcpu_info *volatile vcpu;
static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));

void guest_start(struct start_info *start);

/* A domain 0 in which nothing happens, for tests that look at the hypervisor meanwhile. */
static void stay(void)
{
	printf("STAYS\n");
	for (;;)
		HC2(sched_op, SCHEDOP_block, 0);
}

void guest_start(struct start_info *start)
{
	si = start;
	p2m = (unsigned long *)si->mfn_list;
	traps_init();
	REQUIRE(map_va(shared_page, si->shared_info | PTE_RW) == 0);
	shared = (struct shared_info *)shared_page;
	vcpu = &shared->vcpu_info[0];
	if (strstr((const char *)si->cmd_line, "stay"))
		stay();
	test_main();
	verdict();
}
