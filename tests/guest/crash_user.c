/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An iret to user mode without a user page table has nowhere to go: the domain
 * crashes.
 */
#include "guest.h"

void test_main(void)
{
	struct regs r = user_start(USER_CODE);

	expect_crash("[Dd]om(ain)? ?0.*crash");
	iret_to(&r);
	CHECK(!"the domain goes on in user mode without a user page table");
}
