/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A debugger at another domain's kernel, with the commands that gdbsx uses: memory is read and
 * written through the guest's own page table, but page tables are not; breakpoints, steps and
 * watchpoints stop the guest, are told once, and it goes on where it was.
 */
#include "guest.h"
#include <xen/domctl.h>

#define CODE_VA		0x400000UL		/* of spinner.c: the only page, read-only */
#define MS		1000000UL
#define RFLAGS_TF	0x100UL
#define RFLAGS_RF	0x10000UL
#define EVENT_DB	1
#define EVENT_BP	3
#define NO_VCPU		~0u

static struct vcpu_guest_context ctx;

static long debugging(domid_t d, bool enable)
{
	struct xen_domctl op = { .u.setdebugging = { .enable = enable } };

	return domctl(&op, XEN_DOMCTL_setdebugging, d);
}

static long pause_vcpu(domid_t d, unsigned int cmd, unsigned int vcpu)
{
	struct xen_domctl op = { .u.gdbsx_pauseunp_vcpu = { .vcpu = vcpu } };

	return domctl(&op, cmd, d);
}

static struct xen_domctl_gdbsx_memio io;	/* the last one's answer */

static long memory_io(domid_t d, uint64_t va, void *buffer, uint32_t len, uint8_t write)
{
	struct xen_domctl op = { .u.gdbsx_guest_memio = { .gva = va, .uva = (uint64_t)buffer, .len = len,
		.gwr = write, .remain = 12345 } };
	long rc = domctl(&op, XEN_DOMCTL_gdbsx_guestmemio, d);

	io = op.u.gdbsx_guest_memio;
	return rc;
}

static long context(domid_t d, unsigned int cmd)
{
	struct xen_domctl op = { 0 };

	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	return domctl(&op, cmd, d);
}

static struct xen_domctl_gdbsx_domstatus status_of(domid_t d)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_gdbsx_domstatus, d) == 0);
	return op.u.gdbsx_domstatus;
}

/* The paused guest runs from @rip on, until it stops with @event at @stop. */
static void run_until(domid_t d, uint64_t rip, uint64_t flags, uint32_t event, uint64_t stop)
{
	struct xen_domctl_gdbsx_domstatus s = { 0 };
	unsigned int i;

	REQUIRE(context(d, XEN_DOMCTL_getvcpucontext) == 0);
	ctx.user_regs.rip = rip;
	ctx.user_regs.rflags = (ctx.user_regs.rflags & ~(RFLAGS_TF | RFLAGS_RF)) | flags;
	REQUIRE(context(d, XEN_DOMCTL_setvcpucontext) == 0);
	domain_unpause(d);
	for (i = 0; i < 200 && !s.paused; i++) {
		sleep_ns(5 * MS);
		s = status_of(d);
	}
	CHECK_EQ(s.paused, 1);
	CHECK_EQ(s.vcpu_id, 0);
	CHECK_EQ(s.vcpu_ev, event);
	s = status_of(d);
	CHECK_EQ(s.paused, 1);
	CHECK_EQ(s.vcpu_id, NO_VCPU);			/* it was told already */
	REQUIRE(context(d, XEN_DOMCTL_getvcpucontext) == 0);
	CHECK_EQ(ctx.user_regs.rip, stop);
}

static void test_refusals(domid_t d)
{
	section("refusals");
	CHECK_EQ(debugging(0, true), -XEN_EINVAL);
	CHECK_EQ(debugging(77, true), -XEN_ESRCH);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_pausevcpu, 1), -XEN_EINVAL);
	domain_unpause(d);
	CHECK_EQ(status_of(d).paused, 0);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_pausevcpu, 0), -XEN_EBUSY);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_unpausevcpu, 0), -XEN_EBUSY);
	domain_pause(d);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_unpausevcpu, 0), -XEN_EINVAL);
	CHECK_EQ(status_of(d).paused, 1);
}

/* The frame that maps CODE_VA in the guest: by three steps from its L4. */
static unsigned long l1_frame(domid_t d)
{
	unsigned long mfn;
	int level;

	REQUIRE(context(d, XEN_DOMCTL_getvcpucontext) == 0);
	mfn = ctx.ctrlreg[3] >> 12;
	for (level = 4; level > 1; level--)
		mfn = foreign_read(d, mfn, CODE_VA >> (12 + 9 * (level - 1)) & 511) >> 12 & 0xffffffffff;
	return mfn;
}

static void test_memory(domid_t d)
{
	static uint8_t page[8192];
	unsigned long l1 = l1_frame(d);
	struct mmu_update show = { .ptr = l1 << 12 | 8, .val = MFN_PTE(l1, PTE_RO) };
	uint64_t word = 0, *va = (uint64_t *)(CODE_VA + 0x1000);

	section("memory");
	CHECK_EQ(memory_io(d, CODE_VA, &word, 2, 0), 0);
	CHECK_EQ(word, 0xfeeb);
	CHECK_EQ(io.remain, 0);
	word = 0x1122334455667788;
	CHECK_EQ(memory_io(d, CODE_VA + 0x101, &word, 8, 1), 0);
	word = 0;
	CHECK_EQ(memory_io(d, CODE_VA + 0x102, &word, 6, 0), 0);
	CHECK_EQ(word, 0x223344556677);

	/* a page that isn't there, and one that is a page table */
	CHECK_EQ(memory_io(d, CODE_VA + 0xf00, page, 0x200, 0), -XEN_EFAULT);
	CHECK_EQ(io.remain, 0x100);
	REQUIRE(HC4(mmu_update, &show, 1, NULL, (uint32_t)(d + 1) << 16 | d) == 0);
	CHECK_EQ(memory_io(d, (uint64_t)va, page, 16, 0), 0);
	CHECK_EQ(*(uint64_t *)(page + 8) >> 12 & 0xffffffffff, l1);
	CHECK_EQ(memory_io(d, (uint64_t)va, page, 8, 1), -XEN_EFAULT);
	CHECK_EQ(io.remain, 8);
	CHECK_EQ(memory_io(d, CODE_VA + 0xf80, page, 0x200, 1), -XEN_EFAULT);
	CHECK_EQ(io.remain, 0x180);

	CHECK_EQ(memory_io(d, HV_START, page, 8, 0), -XEN_EFAULT);
	CHECK_EQ(memory_io(d, ~0UL - 3, page, 8, 0), -XEN_EFAULT);
	CHECK_EQ(memory_io(d, CODE_VA, (void *)HV_START, 8, 0), -XEN_EFAULT);
	CHECK_EQ(memory_io(d, CODE_VA, (void *)HV_START, 8, 1), -XEN_EFAULT);
	CHECK_EQ(memory_io(d, CODE_VA, NULL, 0, 0), 0);
	CHECK_EQ(memory_io(d, CODE_VA, page, 8, 2), -XEN_EINVAL);
	CHECK_EQ(memory_io(d, CODE_VA, page, 0x80000000, 0), -XEN_EINVAL);
	CHECK_EQ(memory_io(0, CODE_VA, page, 8, 0), -XEN_EINVAL);
}

static void test_stops(domid_t d)
{
	static uint8_t code[] = { 0x90, 0xcc, 0xeb, 0xfc };	/* nop; int3; jmp back to the nop */

	section("breakpoint");
	CHECK_EQ(memory_io(d, CODE_VA, code, sizeof(code), 1), 0);
	CHECK_EQ(debugging(d, true), 0);
	run_until(d, CODE_VA, 0, EVENT_BP, CODE_VA + 2);
	run_until(d, CODE_VA + 2, 0, EVENT_BP, CODE_VA + 2);	/* once around */
	section("step");
	run_until(d, CODE_VA, RFLAGS_TF, EVENT_DB, CODE_VA + 1);
	run_until(d, CODE_VA + 2, RFLAGS_TF, EVENT_DB, CODE_VA);
	section("watchpoint");
	ctx.debugreg[0] = CODE_VA + 2;
	ctx.debugreg[7] = 1;
	REQUIRE(context(d, XEN_DOMCTL_setvcpucontext) == 0);
	run_until(d, CODE_VA + 2, 0, EVENT_DB, CODE_VA + 2);
	CHECK_EQ(ctx.debugreg[0], CODE_VA + 2);
	CHECK_EQ(ctx.debugreg[7] & 0xff, 1);
	ctx.debugreg[1] = HV_START;
	CHECK_EQ(context(d, XEN_DOMCTL_setvcpucontext), -XEN_EINVAL);
	ctx.debugreg[1] = 0;
	ctx.debugreg[7] = 0;
	CHECK_EQ(context(d, XEN_DOMCTL_setvcpucontext), 0);
}

static bool runs(domid_t d)
{
	unsigned long before = cpu_time_of(d);

	sleep_ns(50 * MS);
	return cpu_time_of(d) - before > MS;
}

static void test_vcpu_pause(domid_t d)
{
	static uint8_t loop[] = { 0xeb, 0xfe };

	section("pause of a vcpu");
	CHECK_EQ(memory_io(d, CODE_VA, loop, sizeof(loop), 1), 0);
	ctx.user_regs.rip = CODE_VA;
	REQUIRE(context(d, XEN_DOMCTL_setvcpucontext) == 0);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_pausevcpu, 0), 0);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_pausevcpu, 0), 0);
	domain_unpause(d);
	CHECK(!runs(d));
	domain_pause(d);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_unpausevcpu, 0), 0);
	domain_unpause(d);
	CHECK(!runs(d));
	CHECK_EQ(debugging(d, false), 0);			/* the debugger went without a word */
	CHECK(runs(d));
	domain_pause(d);
	CHECK_EQ(pause_vcpu(d, XEN_DOMCTL_gdbsx_unpausevcpu, 0), -XEN_EINVAL);
}

static bool has_shut_down(domid_t d)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_getdomaininfo, d) == 0);
	return op.u.getdomaininfo.flags & XEN_DOMINF_shutdown;
}

/* With nobody listening int3 is the guest's own, which has no handler. */
static void test_without(domid_t d)
{
	static uint8_t code[] = { 0xcc };
	unsigned int i;

	section("without a debugger");
	CHECK_EQ(memory_io(d, CODE_VA, code, sizeof(code), 1), 0);
	domain_unpause(d);
	for (i = 0; i < 200 && !has_shut_down(d); i++)
		sleep_ns(5 * MS);
	CHECK(has_shut_down(d));
	CHECK_EQ(status_of(d).paused, 0);
}

void test_main(void)
{
	domid_t d = spinner_create(1);

	domain_pause(d);
	test_refusals(d);
	test_memory(d);
	test_stops(d);
	test_vcpu_pause(d);
	test_without(d);
	spinner_destroy(d);
}
