/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains come and go, and leave nothing behind and nothing to see.
 *
 * Domain 0 builds tiny guests with the toolstack's own calls. Rules: after any number
 * of lives, ended in any state, exactly as many frames are free as before; a new domain
 * finds no byte of an old one in its memory; nobody gets more than its limit, what another
 * has claimed, or what isn't there; a hundred that wait cost no time, and each the same memory.
 * Who starts knows the time of day, also after its builder has cleared the shared page, as libxc does.
 */
#include "guest.h"
#include <xen/domctl.h>
#include <xen/grant_table.h>

#define CYCLES		1000
#define WARM_UP		16		/* until the hypervisor's caches of small objects are filled */
#define MANY		512
#define GUEST_FRAMES	48
#define GUEST_VA	0x400000UL
#define AT_ONCE		128
#define PATTERN		0x5a5aa5a55a5aa5a5UL

/* A guest's first frames; what follows is its data. */
enum { CODE, STACK, L1, L2, L3, L4, DATA };

static xen_pfn_t list[MANY];
static char *window;			/* where frames of others are looked at */
static unsigned long home;		/* the frame that belongs there */

/* ---- what the guest does: rdi its data, rcx words of it ------------------------------- */

extern char guest_code[], guest_idle[], guest_loop[], guest_code_end[];
asm(".pushsection .rodata\n"
    "guest_code:\n"
    "	mov	%rdi, %rdx\n"
    "	mov	%rcx, %rbx\n"
    "	xor	%eax, %eax\n"
    "	repe scasq\n"			/* old bytes of another? */
    "	setne	%al\n"
    "	lea	(%rax, %rax, 2), %eax\n"	/* SHUTDOWN_poweroff, or SHUTDOWN_crash if so */
    "	push	%rax\n"
    "	mov	%rdx, %rdi\n"
    "	mov	%rbx, %rcx\n"
    "	mov	$0x5a5aa5a55a5aa5a5, %rax\n"
    "	rep stosq\n"			/* something for the next one to find */
    "	mov	%rsp, %rsi\n"
    "	mov	$2, %edi\n"		/* SCHEDOP_shutdown */
    "	mov	$29, %eax\n"		/* sched_op */
    "	syscall\n"
    "guest_idle:\n"
    "	mov	%rdi, (%rdi)\n"		/* its answer */
    "1:	mov	$1, %edi\n"		/* SCHEDOP_block; there is no event, ever */
    "	xor	%esi, %esi\n"
    "	mov	$29, %eax\n"
    "	syscall\n"
    "	jmp	1b\n"
    "guest_loop:\n"
    "	jmp	guest_loop\n"
    "guest_code_end:\n"
    ".popsection");

/* ---- the toolstack's calls -------------------------------------------------------------- */

static domid_t create(unsigned long frames)
{
	struct xen_domctl op = { .u.createdomain = {
		.max_vcpus = 2, .max_evtchn_port = 127, .max_grant_frames = 4,
		.max_maptrack_frames = 4, .grant_opts = XEN_DOMCTL_GRANT_version(1) } };
	domid_t d;

	REQUIRE(domctl(&op, XEN_DOMCTL_createdomain, 0) == 0);
	d = op.domain;
	op.u.max_vcpus.max = 2;
	REQUIRE(domctl(&op, XEN_DOMCTL_max_vcpus, d) == 0);
	op.u.max_mem.max_memkb = frames * 4;
	REQUIRE(domctl(&op, XEN_DOMCTL_max_mem, d) == 0);
	return d;
}

/* As many frames as it gets of @n, in list[]. */
static long populate(domid_t d, unsigned long gpfn, unsigned long n)
{
	struct xen_memory_reservation r = { .nr_extents = n, .domid = d };
	unsigned long i;

	for (i = 0; i < n; i++)
		list[i] = gpfn + i;
	set_xen_guest_handle(r.extent_start, list);
	return HC2(memory_op, XENMEM_populate_physmap, &r);
}

static bool gone(domid_t d)
{
	struct xen_domctl op = { 0 };
	long rc = domctl(&op, XEN_DOMCTL_getdomaininfo, d);

	return rc == -XEN_ESRCH || (rc == 0 && op.domain != d);
}

static void destroy(domid_t d)
{
	struct xen_domctl op = { 0 };

	CHECK_EQ(domctl(&op, XEN_DOMCTL_destroydomain, d), 0);
}

static void *look_at(domid_t d, unsigned long mfn)
{
	REQUIRE(HC4(update_va_mapping_otherdomain, window, MFN_PTE(mfn, PTE_RW), UVMF_INVLPG, d) == 0);
	return window;
}

static void look_away(void)
{
	REQUIRE(map_va(window, MFN_PTE(home, PTE_RW)) == 0);
}

/* ---- a guest ------------------------------------------------------------------------------ */

static void set_entry(domid_t d, unsigned int table, unsigned int i, unsigned long pte)
{
	((volatile unsigned long *)look_at(d, list[table]))[i] = pte;
}

static void build_memory(domid_t d)
{
	unsigned int i;

	REQUIRE(populate(d, 0, GUEST_FRAMES) == GUEST_FRAMES);
	memcpy(look_at(d, list[CODE]), guest_code, guest_code_end - guest_code);
	for (i = 0; i < GUEST_FRAMES; i++)
		if (i <= STACK || i >= DATA)
			set_entry(d, L1, i, MFN_PTE(list[i], i == CODE ? PTE_RO : PTE_RW));
	set_entry(d, L2, GUEST_VA >> 21, MFN_PTE(list[L1], PTE_TABLE));
	set_entry(d, L3, 0, MFN_PTE(list[L2], PTE_TABLE));
	set_entry(d, L4, 0, MFN_PTE(list[L3], PTE_TABLE));
	look_away();
}

static void start(domid_t d, const char *entry)
{
	static struct vcpu_guest_context c;
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = list[L4] };
	struct xen_domctl op = { .u.vcpucontext.vcpu = 0 };

	REQUIRE(HC4(mmuext_op, &pin, 1, 0, d) == 0);
	memset(&c, 0, sizeof(c));
	c.flags = VGCF_in_kernel | VGCF_online;
	c.user_regs.rip = GUEST_VA + (entry - guest_code);
	c.user_regs.rsp = c.kernel_sp = GUEST_VA + (STACK + 1) * PAGE_SIZE;
	c.user_regs.cs = FLAT_KERNEL_CS;
	c.user_regs.ss = c.kernel_ss = FLAT_KERNEL_SS;
	c.user_regs.rflags = 0x200;
	c.user_regs.rdi = GUEST_VA + DATA * PAGE_SIZE;
	c.user_regs.rcx = (GUEST_FRAMES - DATA) * PAGE_SIZE / 8;
	c.ctrlreg[3] = list[L4] << 12;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)&c);
	REQUIRE(domctl(&op, XEN_DOMCTL_setvcpucontext, d) == 0);
	memset(&op, 0, sizeof(op));
	REQUIRE(domctl(&op, XEN_DOMCTL_unpausedomain, d) == 0);
}

/* How it ended, or -1 if it doesn't. */
static int await_end(domid_t d)
{
	struct xen_domctl op = { 0 };
	unsigned int i;

	for (i = 0; i < 1000000; i++) {
		REQUIRE(domctl(&op, XEN_DOMCTL_getdomaininfo, d) == 0 && op.domain == d);
		if (op.u.getdomaininfo.flags & XEN_DOMINF_shutdown)
			return op.u.getdomaininfo.flags >> XEN_DOMINF_shutdownshift &
				XEN_DOMINF_shutdownmask;
		HC2(sched_op, SCHEDOP_yield, 0);
	}
	return -1;
}

/* ---- lives and ends --------------------------------------------------------------------- */

/* Ports and grant frames, as the toolstack and the backends use them. */
static evtchn_port_t connect(domid_t d)
{
	struct evtchn_alloc_unbound there = { .dom = d, .remote_dom = 0 };
	struct evtchn_bind_interdomain here = { .remote_dom = d };
	struct gnttab_setup_table table = { .dom = d, .nr_frames = 2 };
	static unsigned long frames[2];

	REQUIRE(HC2(event_channel_op, EVTCHNOP_alloc_unbound, &there) == 0);
	here.remote_port = there.port;
	REQUIRE(HC2(event_channel_op, EVTCHNOP_bind_interdomain, &here) == 0);
	set_xen_guest_handle(table.frame_list, frames);
	REQUIRE(HC3(grant_table_op, GNTTABOP_setup_table, &table, 1) == 0 && table.status == 0);
	look_at(d, frames[1]);
	look_away();
	return here.local_port;
}

static void one_life(unsigned int i)
{
	struct xen_memory_reservation claim = { .nr_extents = GUEST_FRAMES + 100 };
	domid_t d = create(GUEST_FRAMES + 1000);
	struct evtchn_close close = { 0 };

	claim.domid = d;
	if (i & 1)
		CHECK_EQ(HC2(memory_op, XENMEM_claim_pages, &claim), 0);
	build_memory(d);
	if (i & 2)
		close.port = connect(d);
	switch (i % 5) {
	case 0:				/* to its own end; it finds nothing in its memory */
		start(d, guest_code);
		CHECK_EQ(await_end(d), SHUTDOWN_poweroff);
		break;
	case 1:				/* while it runs */
		start(d, guest_loop);
		HC2(sched_op, SCHEDOP_yield, 0);
		break;
	case 2:				/* while domain 0 looks at it: the frame keeps it */
		look_at(d, list[DATA]);
		break;
	case 3:				/* never started, but full */
		memset(look_at(d, list[DATA]), 0xa5, PAGE_SIZE);
		look_away();
		break;
	}				/* 4: never started */
	destroy(d);
	if (i % 5 == 2) {
		CHECK(!gone(d));
		look_away();
	}
	if (close.port)
		CHECK_EQ(HC2(event_channel_op, EVTCHNOP_close, &close), 0);
	CHECK(gone(d));
}

static void test_lives(void)
{
	unsigned long before, i;

	section("a thousand lives");
	for (i = 0; i < WARM_UP; i++)
		one_life(i);
	before = free_frames();
	for (i = 0; i < CYCLES; i++)
		one_life(i);
	CHECK_EQ(free_frames(), before);
}

/* ---- the time of day ------------------------------------------------------------------ */

static void test_wallclock(void)
{
	struct xen_domctl op = { 0 };
	domid_t d = create(GUEST_FRAMES);
	struct shared_info *s;

	section("the time of day");
	build_memory(d);
	REQUIRE(domctl(&op, XEN_DOMCTL_getdomaininfo, d) == 0 && op.domain == d);
	s = look_at(d, op.u.getdomaininfo.shared_info_frame);
	memset(s, 0, sizeof(*s));
	look_away();
	start(d, guest_idle);
	look_at(d, op.u.getdomaininfo.shared_info_frame);
	CHECK_EQ(s->wc_sec, shared->wc_sec);
	CHECK_EQ(s->wc_sec_hi, shared->wc_sec_hi);
	CHECK_EQ(s->wc_nsec, shared->wc_nsec);
	CHECK_EQ(s->wc_version & 1, 0);
	look_away();
	destroy(d);
}

/* ---- old bytes ---------------------------------------------------------------------------- */

/* Gives the domain all memory there is; fills it, or counts frames that aren't empty. */
static unsigned long all_memory(domid_t d, bool fill, unsigned long *dirty)
{
	unsigned long total = 0;
	long n, i, j;

	do {
		n = populate(d, total, MANY);
		for (i = 0; i < n; i++) {
			volatile unsigned long *w = look_at(d, list[i]);
			unsigned long seen = 0;

			for (j = 0; j < 512; j += 8) {
				seen |= w[j];
				if (fill)
					w[j] = PATTERN;
			}
			*dirty += seen != 0;
		}
		total += n;
	} while (n == MANY);
	look_away();
	return total;
}

static void test_old_bytes(void)
{
	unsigned long before = free_frames(), first, second, dirty = 0;
	domid_t d = create(1UL << 20);

	section("old bytes");
	first = all_memory(d, true, &dirty);
	CHECK(first > 10000);			/* of 256 MB, 64 MB are domain 0's */
	CHECK_EQ(dirty, 0);			/* nothing of the boot loader's or the hypervisor's */
	destroy(d);
	d = create(1UL << 20);
	second = all_memory(d, false, &dirty);
	CHECK_EQ(dirty, 0);
	CHECK(second + 64 > first);
	destroy(d);
	CHECK_EQ(free_frames(), before);
}

/* ---- limits ------------------------------------------------------------------------------- */

static void test_limits(void)
{
	unsigned long before = free_frames(), n;
	struct xen_memory_reservation claim = { 0 };
	struct xen_domctl op = { 0 };
	domid_t a = create(100), b = create(1UL << 20);

	section("limits");
	CHECK_EQ(populate(a, 0, 200), 100);
	CHECK_EQ(populate(a, 0, 1), 0);
	op.u.max_mem.max_memkb = 50 * 4;		/* takes nothing away */
	CHECK_EQ(domctl(&op, XEN_DOMCTL_max_mem, a), 0);
	CHECK_EQ(domctl(&op, XEN_DOMCTL_getdomaininfo, a), 0);
	CHECK_EQ(op.u.getdomaininfo.tot_pages, 100);
	CHECK_EQ(op.u.getdomaininfo.max_pages, 50);
	CHECK_EQ(populate(a, 0, 1), 0);
	CHECK_EQ(populate(b + 1, 0, 1), 0);		/* no such domain */

	claim.domid = a;
	claim.nr_extents = 200;				/* more than its limit */
	CHECK_EQ(HC2(memory_op, XENMEM_claim_pages, &claim), -XEN_EINVAL);
	claim.domid = b;
	claim.nr_extents = before + 1;			/* more than there is */
	CHECK_EQ(HC2(memory_op, XENMEM_claim_pages, &claim), -XEN_ENOMEM);
	n = free_frames();
	claim.nr_extents = n - 10;
	CHECK_EQ(HC2(memory_op, XENMEM_claim_pages, &claim), 0);
	op.u.max_mem.max_memkb = 1000 * 4;
	CHECK_EQ(domctl(&op, XEN_DOMCTL_max_mem, a), 0);
	CHECK_EQ(populate(a, 100, 100), 10);		/* the rest is promised to b */
	CHECK_EQ(populate(b, 0, 100), 100);
	claim.nr_extents = 0;
	CHECK_EQ(HC2(memory_op, XENMEM_claim_pages, &claim), 0);
	CHECK_EQ(populate(a, 110, 100), 100);
	destroy(a);
	destroy(b);
	CHECK_EQ(free_frames(), before);
	claim.domid = b + 1;
	CHECK_EQ(HC2(memory_op, XENMEM_claim_pages, &claim), -XEN_ESRCH);
}

/* ---- many at once --------------------------------------------------------------------------- */

static bool is_blocked(domid_t d)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_getdomaininfo, d) == 0 && op.domain == d);
	return op.u.getdomaininfo.flags & XEN_DOMINF_blocked;
}

/* Each runs, answers and blocks; the last take no more of the hypervisor's memory than the first. */
static void test_many(bool first)
{
	static struct { domid_t d; unsigned long answer, time; } many[AT_ONCE];
	unsigned long before = free_frames(), at[5] = { before }, woken = 0;
	unsigned int i, tries;

	section("many at once");
	for (i = 0; i < AT_ONCE; i++) {
		many[i].d = create(GUEST_FRAMES);
		build_memory(many[i].d);
		many[i].answer = list[DATA];
		start(many[i].d, guest_idle);
		at[i / (AT_ONCE / 4) + 1] = free_frames();
	}
	CHECK(at[3] - at[4] <= at[0] - at[1] + 2);	/* small objects share pages */
	for (i = 0; i < AT_ONCE; i++) {
		volatile unsigned long *answer = look_at(many[i].d, many[i].answer);

		for (tries = 0; tries < 1000000 && !*answer; tries++)
			HC2(sched_op, SCHEDOP_yield, 0);
		CHECK_EQ(*answer, GUEST_VA + DATA * PAGE_SIZE);
		for (tries = 0; tries < 1000000 && !is_blocked(many[i].d); tries++)
			HC2(sched_op, SCHEDOP_yield, 0);
	}
	look_away();
	for (i = 0; i < AT_ONCE; i++)
		many[i].time = cpu_time_of(many[i].d);
	sleep_ns(100000000);
	for (i = 0; i < AT_ONCE; i++)
		woken += cpu_time_of(many[i].d) != many[i].time;
	CHECK_EQ(woken, 0);		/* who waits takes no CPU time at all */
	for (i = 0; i < AT_ONCE; i++)
		destroy(many[i].d);
	if (!first)			/* the hypervisor keeps page tables for so many windows */
		CHECK_EQ(free_frames(), before);
}

void test_main(void)
{
	window = page_alloc();
	home = mfn_of(window);
	test_lives();
	test_wallclock();
	test_old_bytes();
	test_limits();
	test_many(true);
	test_many(false);
}
