/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts that a guest makes up for its second vcpu.
 *
 * Rule: a context names everything that a CPU will load on the vcpu's behalf, so what
 * would leave it without a page table, with rights it hasn't, or in the hypervisor's
 * addresses is refused; the rest runs, or comes back as the guest's own exception.
 *
 * Needs a domain of two vcpus; tests/guest/run asks for it.
 */
#include "guest.h"

static struct vcpu_guest_context *ctx;
static volatile unsigned int reached, failsafes;
static unsigned long l4;
static char stacks[2][PAGE_SIZE] __attribute__((aligned(4096)));

void second_failsafe(void);
static void second(void);

static long vcpu_op(int cmd, void *arg)
{
	return HC3(vcpu_op, cmd, 1, arg);
}

static void second_down(void)
{
	vcpu_op(VCPUOP_down, NULL);
	for (;;)
		HC2(sched_op, SCHEDOP_yield, 0);
}

static void second(void)
{
	reached++;
	second_down();
}

/* The failsafe callback: iret or a selector was refused. */
void second_failsafe(void)
{
	failsafes++;
	second_down();
}

/* A context that works. */
static void good_context(void)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->flags = VGCF_in_kernel;
	ctx->user_regs.rip = (unsigned long)second;
	ctx->user_regs.rsp = (unsigned long)stacks[0] + PAGE_SIZE - 8;
	ctx->user_regs.cs = FLAT_KERNEL_CS;
	ctx->user_regs.ss = FLAT_KERNEL_SS;
	ctx->user_regs.rflags = 0x202;
	ctx->kernel_ss = FLAT_KERNEL_SS;
	ctx->kernel_sp = (unsigned long)stacks[1] + PAGE_SIZE - 8;
	ctx->event_callback_eip = (unsigned long)second_failsafe;
	ctx->failsafe_callback_eip = (unsigned long)second_failsafe;
	ctx->syscall_callback_eip = (unsigned long)second_failsafe;
	ctx->ctrlreg[3] = l4 << 12;
}

static long initialise(void)
{
	return vcpu_op(VCPUOP_initialise, ctx);
}

/* Without the page table of the mode that it starts in, the CPU would have none at all. */
static void no_page_table(void)
{
	section("no page table for the mode it starts in");
	good_context();
	ctx->flags = 0;
	CHECK_EQ(initialise(), -XEN_EINVAL);
	ctx->ctrlreg[1] = 0x10;		/* flag bits, and frame 0 */
	CHECK_EQ(initialise(), -XEN_EINVAL);
	good_context();
	ctx->ctrlreg[3] = 0;
	CHECK_EQ(initialise(), -XEN_EINVAL);
}

static void wrong_tables(void)
{
	void *page = page_alloc();

	section("page tables that are none");
	good_context();
	ctx->ctrlreg[3] = mfn_of(page) << 12;	/* mapped writable */
	CHECK(initialise() < 0);
	ctx->ctrlreg[3] = ~0UL << 12;
	CHECK(initialise() < 0);
	ctx->ctrlreg[3] = si->shared_info;
	CHECK(initialise() < 0);
	good_context();
	ctx->ctrlreg[1] = mfn_of(page) << 12;
	CHECK(initialise() < 0);
	CHECK_EQ(set_ro(page), 0);		/* nothing of it was kept */
	CHECK_EQ(set_rw(page), 0);
}

static void wrong_addresses(void)
{
	section("addresses of the hypervisor");
	good_context();
	ctx->gdt_ents = 65535;
	CHECK_EQ(initialise(), -XEN_EINVAL);
	good_context();
	ctx->ldt_ents = 8193;
	CHECK_EQ(initialise(), -XEN_EINVAL);
	good_context();
	ctx->gdt_ents = 1;
	ctx->gdt_frames[0] = l4;
	CHECK(initialise() < 0);
	good_context();
	ctx->fs_base = 1UL << 47;
	CHECK_EQ(initialise(), -XEN_EINVAL);
	good_context();
	CHECK_EQ(HC3(vcpu_op, VCPUOP_initialise, 1, HV_START), -XEN_EFAULT);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_initialise, 4000, ctx), -XEN_ENOENT);
	CHECK_EQ(vcpu_op(VCPUOP_up, NULL), -XEN_EINVAL);
}

/* Ring 0 in all selectors, flags that aren't the guest's, and a data segment of the hypervisor. */
static void odd_registers(void)
{
	unsigned int i;

	section("odd registers");
	good_context();
	ctx->user_regs.cs = 0xe008;
	ctx->user_regs.ss = 0xe010;
	ctx->user_regs.ds = 0xe010;
	ctx->user_regs.fs = 0xfff8;
	ctx->user_regs.gs = 0x0f;
	ctx->user_regs.rflags = ~0UL;
	ctx->user_regs.saved_upcall_mask = 0xff;
	CHECK_EQ(initialise(), 0);
	CHECK_EQ(initialise(), -XEN_EEXIST);
	CHECK_EQ(vcpu_op(VCPUOP_is_up, NULL), 0);
	CHECK_EQ(vcpu_op(VCPUOP_up, NULL), 0);
	for (i = 0; i < 1000 && !reached && !failsafes; i++)
		HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(reached, 0);
	CHECK(failsafes);
}

void test_main(void)
{
	ctx = pages_alloc(2);
	l4 = boot_l4();
	if (vcpu_op(VCPUOP_is_up, NULL) == -XEN_ENOENT)
		broken("needs a domain with two vcpus", __FILE__, __LINE__);
	no_page_table();
	wrong_tables();
	wrong_addresses();
	odd_registers();
}
