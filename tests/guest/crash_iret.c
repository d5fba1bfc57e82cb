/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The iret hypercall with its frame in hypervisor memory: the frame can't be read,
 * and there is no place to return to.  The domain crashes.
 */
#include "guest.h"

void test_main(void)
{
	expect_crash("[Dd]om(ain)? ?0.*crash");
	asm volatile("mov %0, %%rsp; mov $23, %%eax; syscall" :: "r" (HV_START + (6UL << 39)));
	CHECK(!"the domain goes on after an iret without a frame");
}
