/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A system call of user mode, with handlers as Linux registers them and a kernel stack that
 * isn't mapped: the domain crashes.
 */
#include "guest.h"

asm(".pushsection .user, \"ax\"\n"
    "u_code: mov $1, %eax; syscall; ud2\n"
    ".popsection");
extern char u_code[];

void test_main(void)
{
	struct regs r;

	user_init();
	REQUIRE(set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, syscall_callback) == 0);
	REQUIRE(HC2(stack_switch, FLAT_KERNEL_SS, HV_END + (5UL << 39)) == 0);
	r = user_start(USER_ADDR(u_code));
	expect_crash("[Dd]om(ain)? ?0.*crash");
	user_run(&r);
	CHECK(!"the domain goes on without a stack");
}
