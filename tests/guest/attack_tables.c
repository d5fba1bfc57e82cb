/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two vcpus that make and break page tables of the same few frames, at random, each
 * interrupting the other in the middle of long calls.
 *
 * Rule: a frame is never writable while it is a table or holds descriptors, whatever the
 * order of calls; and when all is undone no reference is left: each frame can be written
 * again, and leaves the domain when it is given back.
 *
 * The word seed=N of the command line chooses another sequence. Needs two vcpus.
 */
#include "guest.h"

#define PAGES	40
#define ROUNDS	20000

static unsigned long *pages[PAGES];
static unsigned long frames[PAGES];
static struct vcpu_guest_context ctx __attribute__((aligned(4096)));
static char stacks[2][16384] __attribute__((aligned(4096)));
static volatile bool stop, stopped;
static volatile unsigned long calls[2];
static unsigned long pinned, based, written, changed;

struct random { uint64_t s; };

static uint64_t rnd(struct random *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return r->s;
}

static unsigned int some(struct random *r, unsigned int n)
{
	return (rnd(r) >> 20) % n;
}

static uint64_t some_entry(struct random *r)
{
	static const uint64_t flags[] = { PTE_TABLE, PTE_TABLE, PTE_RO, PTE_RW, PTE_P, PTE_RW | PTE_PSE,
		PTE_RO | PTE_NX, 0, 0 };
	unsigned long f = flags[some(r, ARRAY_SIZE(flags))];

	return f ? MFN_PTE(frames[some(r, PAGES)], f) : 0;
}

/* A level for each page that is likely, so that trees come about: more low ones than high. */
static unsigned int level_of(unsigned int i)
{
	return i < PAGES / 2 ? 1 : i < PAGES * 3 / 4 ? 2 : i < PAGES * 7 / 8 ? 3 : 4;
}

static uint64_t fitting_entry(struct random *r, unsigned int level)
{
	unsigned int i;

	if (!some(r, 16))
		return some_entry(r);
	for (;;) {
		i = some(r, PAGES);
		if (level == 1)
			return MFN_PTE(frames[i], some(r, 8) ? PTE_RO : PTE_RW);
		if (level_of(i) == level - 1)
			return MFN_PTE(frames[i], PTE_TABLE);
	}
}

/* ---- operations -------------------------------------------------------------------- */

static long page_op(unsigned int cmd, unsigned long mfn, unsigned long from)
{
	struct mmuext_op op = { .cmd = cmd, .arg1.mfn = mfn, .arg2.src_mfn = from };

	return HC4(mmuext_op, &op, 1, 0, DOMID_SELF);
}

/* Write entries into the page, if it lets us; the other vcpu may take it away meanwhile. */
static void fill(struct random *r, unsigned int i)
{
	unsigned int level = level_of(i), n = some(r, 4) ? 20 : 512, j;

	if (map_va(pages[i], MFN_PTE(frames[i], PTE_RW)))
		return;
	if (TRY("rep stosq", :: "D" (pages[i]), "c" (512), "a" (0) : "memory") != NO_TRAP)
		return;
	for (j = 0; j < n; j++) {
		uint64_t e = some(r, 3) ? fitting_entry(r, level) : 0;

		TRY("movq %1, %0", : "=m" (pages[i][some(r, 512)]) : "r" (e));
	}
	written++;
	map_va(pages[i], MFN_PTE(frames[i], PTE_RO));
}

static void pin(struct random *r, unsigned int i)
{
	unsigned int level = some(r, 8) ? level_of(i) : 1 + some(r, 4);

	map_va(pages[i], MFN_PTE(frames[i], PTE_RO));
	if (mmuext(MMUEXT_PIN_L1_TABLE + level - 1, frames[i]))
		return;
	pinned++;
	/* The other may have unpinned it since; then it can be writable, but not both. */
	if (pte_of(pages[i]) & PTE_W)
		CHECK(mmuext(MMUEXT_PIN_L1_TABLE + level - 1, frames[i]) < 0);
}

static void update(struct random *r, unsigned int i)
{
	struct mmu_update u[12];
	unsigned int n = 1 + some(r, ARRAY_SIZE(u)), j;

	for (j = 0; j < n; j++) {
		u[j].ptr = (frames[i] << 12) + some(r, 512) * 8 + (some(r, 8) ? 0 : 2);
		u[j].val = some(r, 3) ? fitting_entry(r, level_of(i)) : some_entry(r);
	}
	changed += HC4(mmu_update, u, n, 0, DOMID_SELF) == 0;
}

static void base(struct random *r, unsigned int i)
{
	map_va(pages[i], MFN_PTE(frames[i], PTE_RO));
	based += mmuext(MMUEXT_NEW_USER_BASEPTR, some(r, 4) ? frames[i] : 0) == 0;
}

static void descriptors(struct random *r, unsigned int i)
{
	struct mmuext_op ldt = { .cmd = MMUEXT_SET_LDT, .arg2.nr_ents = some(r, 4) ? 512 : 0 };

	ldt.arg1.linear_addr = (unsigned long)pages[i];
	HC4(mmuext_op, &ldt, 1, 0, DOMID_SELF);
	TRY("mov %0, %%fs", :: "r" (some(r, 512) * 8 | 7));
	TRY("mov %0, %%fs", :: "r" (0));
	HC2(update_descriptor, (frames[i] << 12) + some(r, 512) * 8,
	    some(r, 2) ? 0x00cff3000000ffffUL : some_entry(r));
}

static void one(struct random *r, unsigned int self)
{
	unsigned int i = some(r, PAGES);

	calls[self]++;
	switch (some(r, 16)) {
	case 0 ... 2:
		fill(r, i);
		break;
	case 3 ... 6:
		pin(r, i);
		break;
	case 7 ... 9:
		mmuext(MMUEXT_UNPIN_TABLE, frames[i]);
		break;
	case 10 ... 11:
		update(r, i);
		break;
	case 12:
		base(r, PAGES - 1 - some(r, PAGES / 8));
		break;
	case 13:
		descriptors(r, i);
		break;
	case 14:
		page_op(some(r, 2) ? MMUEXT_CLEAR_PAGE : MMUEXT_COPY_PAGE, frames[i],
			frames[some(r, PAGES)]);
		break;
	case 15:
		map_va(pages[i], MFN_PTE(frames[i], some(r, 2) ? PTE_RW : PTE_RO));
		break;
	}
}

/* ---- the second vcpu: wakes at odd moments ----------------------------------------------- */

static void doze(unsigned int ns)
{
	struct vcpu_runstate_info run = { .state_entry_time = 0 };
	struct sched_poll poll = { .nr_ports = 0 };

	HC3(vcpu_op, VCPUOP_get_runstate_info, 1, &run);
	poll.timeout = run.state_entry_time + ns;
	HC2(sched_op, SCHEDOP_poll, &poll);
}

static void undo_own(void)
{
	struct mmuext_op ldt = { .cmd = MMUEXT_SET_LDT };

	HC4(mmuext_op, &ldt, 1, 0, DOMID_SELF);
	mmuext(MMUEXT_NEW_USER_BASEPTR, 0);
	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static void second(void)
{
	struct random r = { 0x2545f4914f6cdd1d };

	while (!stop) {
		one(&r, 1);
		doze(20000 + some(&r, 300000));
	}
	undo_own();
	stopped = true;
	HC3(vcpu_op, VCPUOP_down, 1, 0);
	for (;;)
		HC2(sched_op, SCHEDOP_yield, 0);
}

static void start_second(void)
{
	unsigned int i;

	for (i = 0; i < 256; i++) {
		ctx.trap_ctxt[i].vector = i;
		ctx.trap_ctxt[i].cs = FLAT_KERNEL_CS;
		ctx.trap_ctxt[i].address = TRAP_STUB(i);
	}
	ctx.flags = VGCF_in_kernel;
	ctx.user_regs.rip = (unsigned long)second;
	ctx.user_regs.rsp = (unsigned long)stacks[0] + sizeof(stacks[0]) - 8;
	ctx.user_regs.cs = FLAT_KERNEL_CS;
	ctx.user_regs.ss = FLAT_KERNEL_SS;
	ctx.user_regs.rflags = 0x202;
	ctx.kernel_ss = FLAT_KERNEL_SS;
	ctx.kernel_sp = (unsigned long)stacks[1] + sizeof(stacks[1]);
	ctx.event_callback_eip = (unsigned long)event_callback;
	ctx.failsafe_callback_eip = (unsigned long)failsafe_callback;
	ctx.syscall_callback_eip = (unsigned long)syscall_callback;
	ctx.ctrlreg[3] = boot_l4() << 12;
	REQUIRE(HC3(vcpu_op, VCPUOP_initialise, 1, &ctx) == 0);
	REQUIRE(HC3(vcpu_op, VCPUOP_up, 1, 0) == 0);
}

/*
 * May tables refer to tables of their own level? Xen can be built so; then circles of them
 * keep one another, until the domain's end, and what is left over proves nothing.
 */
static bool linear_tables(void)
{
	unsigned long *a = page_alloc(), *b = page_alloc();
	bool allowed;

	b[0] = MFN_PTE(mfn_of(a), PTE_RO);
	REQUIRE(set_ro(a) == 0 && set_ro(b) == 0);
	REQUIRE(mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(a)) == 0);
	allowed = mmuext(MMUEXT_PIN_L2_TABLE, mfn_of(b)) == 0;
	if (allowed)
		mmuext(MMUEXT_UNPIN_TABLE, mfn_of(b));
	REQUIRE(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(a)) == 0);
	return allowed;
}

/* ---- the end: nothing is left ------------------------------------------------------------- */

static void all_undone(void)
{
	struct xen_memory_reservation res = { .domid = DOMID_SELF, .nr_extents = 1 };
	domid_t self = DOMID_SELF;
	unsigned int i, busy = 0, kept = 0, round;
	long before, after;

	section("all undone");
	undo_own();
	for (i = 0; i < PAGES; i++)
		mmuext(MMUEXT_UNPIN_TABLE, frames[i]);
	/* entries of other pages that are still tables hold some: after all are gone, none */
	for (round = 0; round < 2; round++)
		for (i = 0, busy = 0; i < PAGES; i++)
			busy += map_va(pages[i], MFN_PTE(frames[i], PTE_RW)) != 0;
	CHECK_EQ(busy, 0);
	for (i = 0; i < PAGES; i++) {
		before = HC2(memory_op, XENMEM_current_reservation, &self);
		REQUIRE(map_va(pages[i], 0) == 0);
		set_xen_guest_handle(res.extent_start, &frames[i]);
		CHECK_EQ(HC2(memory_op, XENMEM_decrease_reservation, &res), 1);
		after = HC2(memory_op, XENMEM_current_reservation, &self);
		kept += after != before - 1;
	}
	CHECK_EQ(kept, 0);
}

void test_main(void)
{
	const char *s = strstr((const char *)si->cmd_line, "seed=");
	struct random r = { 0x9e3779b97f4a7c15 };
	unsigned int i, n = 0;

	if (HC3(vcpu_op, VCPUOP_is_up, 1, 0) == -XEN_ENOENT)
		broken("needs a domain with two vcpus", __FILE__, __LINE__);
	for (s = s ? s + 5 : ""; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	r.s ^= n * 0xbf58476d1ce4e5b9UL;
	vcpu->evtchn_upcall_mask = 1;
	for (i = 0; i < PAGES; i++) {
		pages[i] = page_alloc();
		frames[i] = mfn_of(pages[i]);
	}
	start_second();
	section("two vcpus");
	for (i = 0; i < ROUNDS; i++)
		one(&r, 0);
	stop = true;
	for (i = 0; i < 100000 && !stopped; i++)
		HC2(sched_op, SCHEDOP_yield, 0);
	CHECK(stopped);
	printf("%lu and %lu calls: %lu pages filled, %lu pinned, %lu base tables, %lu updates\n",
	       calls[0], calls[1], written, pinned, based, changed);
	CHECK(written && pinned && based && changed && calls[1]);
	if (linear_tables())
		printf("tables of one level may refer to one another: what is left isn't counted\n");
	else
		all_undone();
}
