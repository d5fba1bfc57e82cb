/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel stack on which no frame can be pushed: the page fault that this gives
 * can't be delivered either.  On a bare machine this would be a triple fault; here
 * the domain has crashed, and the hypervisor says so.
 */
#include "guest.h"

void test_main(void)
{
	expect_crash("[Dd]om(ain)? ?0.*crash");
	asm volatile("mov %0, %%rsp; ud2" :: "r" (HV_START + (5UL << 39)));
	CHECK(!"the domain goes on without a stack");
}
