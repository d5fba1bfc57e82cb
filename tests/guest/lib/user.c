/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual user mode: a second L4 that maps only the user code and one stack
 * page, entered with the iret hypercall.  The kernel table maps them too.
 */
#include "guest.h"

unsigned long user_l4_mfn;
struct regs user_regs;
static char kernel_stack[16384] __attribute__((aligned(4096)));

void user_init(void)
{
	unsigned long off, kernel_l4 = boot_l4();
	void *l4 = page_alloc(), *stack = page_alloc();

	REQUIRE(set_ro(l4) == 0);
	user_l4_mfn = mfn_of(l4);
	REQUIRE(mmuext(MMUEXT_PIN_L4_TABLE, user_l4_mfn) == 0);
	for (off = 0; user_code + off < user_code_end; off += PAGE_SIZE)
		link_page(user_l4_mfn, USER_CODE + off, MFN_PTE(mfn_of(user_code + off), PTE_RO));
	link_page(user_l4_mfn, USER_STACK - PAGE_SIZE, MFN_PTE(mfn_of(stack), PTE_RW));
	/* Both tables share the lower levels, as Linux does it. */
	REQUIRE(pte_write(pte_maddr(pte_ptr(kernel_l4, USER_CODE, 4)),
			  *pte_ptr(user_l4_mfn, USER_CODE, 4)) == 0);
	REQUIRE(mmuext(MMUEXT_NEW_USER_BASEPTR, user_l4_mfn) == 0);
	REQUIRE(HC2(stack_switch, FLAT_KERNEL_SS, kernel_stack + sizeof(kernel_stack)) == 0);
}

struct regs user_start(unsigned long rip)
{
	struct regs r = {
		.rip = rip, .cs = FLAT_USER_CS, .ss = FLAT_USER_SS,
		.rsp = USER_STACK, .rflags = 0x202,
	};

	return r;
}

void user_run(struct regs *regs)
{
	memset(&user_regs, 0, sizeof(user_regs));
	user_regs.vector = NO_TRAP;
	iret_to(regs);
}

/* With handlers as Linux registers them and a kernel stack that isn't mapped. */
void user_without_stack(unsigned long rip)
{
	struct regs r = user_start(rip);

	user_init();
	handlers_mask_events(true);
	REQUIRE(HC2(stack_switch, FLAT_KERNEL_SS, HV_END + (5UL << 39)) == 0);
	expect_crash("[Dd]om(ain)? ?0.*crash");
	user_run(&r);
	CHECK(!"the domain goes on without a stack");
}
