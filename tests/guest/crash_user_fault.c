/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page fault of user mode, with handlers as Linux registers them and a kernel stack that
 * isn't mapped: the domain crashes.
 */
#include "guest.h"

asm(".pushsection .user, \"ax\"\n"
    "u_code: mov (%rdi), %rax; ud2\n"
    ".popsection");
extern char u_code[];

void test_main(void)
{
	user_without_stack(USER_ADDR(u_code));
}
