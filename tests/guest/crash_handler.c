/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exception for which the guest has no handler ends the domain, not the machine
 * in silence: the hypervisor names the crashed domain on its console, and as it is
 * domain 0, restarts the machine.
 */
#include "guest.h"

void test_main(void)
{
	REQUIRE(HC1(set_trap_table, 0) == 0);	/* NULL takes all handlers away */
	expect_crash("[Dd]om(ain)? ?0.*crash");
	asm volatile("ud2");
	CHECK(!"the domain goes on after an exception without handler");
}
