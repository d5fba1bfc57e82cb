/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an unprivileged domain must not be able to do. tests/boot starts it as a guest;
 * as domain 0 only the parts are run that hold for both.
 *
 * Rules: no call acts on another domain, on hardware, or on the hypervisor; no frame but
 * its own can be mapped; frames it gets hold nothing of others; absurd times, flags and
 * selectors come back as errors or as its own exceptions. At the end the domain goes with
 * everything left open that it can hold, for the hypervisor to collect.
 */
#include "guest.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/grant_table.h>
#include <xen/platform.h>
#include <xen/sysctl.h>
#include <xen/domctl.h>

#define MANY 512

static bool guest;		/* not domain 0 */
static char *window;		/* a page's address to map things at */
static unsigned long home;	/* the frame that belongs there */
static xen_pfn_t list[MANY];

/* ---- calls that aren't ours to make ------------------------------------------------- */

static void control_calls(void)
{
	struct xen_domctl domctl = { .cmd = XEN_DOMCTL_pausedomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION };
	struct xen_sysctl sysctl = { .cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	struct xen_platform_op platform = { .cmd = XENPF_settime64,
		.interface_version = XENPF_INTERFACE_VERSION };
	struct xen_mc mca = { .cmd = XEN_MC_physcpuinfo, .interface_version = XEN_MCA_INTERFACE_VERSION };
	struct sched_remote_shutdown remote = { .reason = SHUTDOWN_crash };
	struct physdev_setup_gsi gsi = { .gsi = 5 };
	struct physdev_map_pirq pirq = { .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI,
		.index = 4, .pirq = -1 };
	struct physdev_get_free_pirq free_pirq = { .type = MAP_PIRQ_TYPE_MSI };
	struct physdev_pci_device_add dev = { .devfn = 8 };

	section("control calls");
	CHECK_EQ(HC1(domctl, &domctl), -XEN_EPERM);
	domctl.cmd = XEN_DOMCTL_destroydomain;
	CHECK_EQ(HC1(domctl, &domctl), -XEN_EPERM);
	CHECK_EQ(HC1(sysctl, &sysctl), -XEN_EPERM);
	CHECK_EQ(HC1(platform_op, &platform), -XEN_EPERM);
	CHECK_EQ(HC1(mca, &mca), -XEN_EPERM);
	CHECK_EQ(HC2(sched_op, SCHEDOP_remote_shutdown, &remote), -XEN_EPERM);
	CHECK_EQ(HC2(physdev_op, PHYSDEVOP_setup_gsi, &gsi), -XEN_EPERM);
	CHECK(HC2(physdev_op, PHYSDEVOP_map_pirq, &pirq) < 0);
	CHECK(HC2(physdev_op, PHYSDEVOP_get_free_pirq, &free_pirq) < 0);
	CHECK_EQ(HC2(physdev_op, PHYSDEVOP_pci_device_add, &dev), -XEN_EPERM);
	CHECK(HC3(console_io, CONSOLEIO_read, sizeof(list), list) < 0);
	CHECK(HC3(vcpu_op, VCPUOP_get_physid, 0, list) < 0);
	CHECK(mmuext(MMUEXT_FLUSH_CACHE, 0) < 0);
}

/* Every call that takes a domain, with domain 0. */
static void domain_0(void)
{
	struct xen_memory_reservation res = { .domid = 0, .nr_extents = 1 };
	struct xen_memory_exchange exch = {
		.in = { .domid = 0, .nr_extents = 1 }, .out = { .domid = 0, .nr_extents = 1 } };
	struct xen_foreign_memory_map map = { .domid = 0 };
	struct xen_mem_acquire_resource acq = { .domid = 0, .type = XENMEM_resource_grant_table,
		.nr_frames = 1 };
	struct xen_add_to_physmap add = { .domid = 0 };
	struct evtchn_alloc_unbound unbound = { .dom = 0, .remote_dom = DOMID_SELF };
	struct evtchn_status status = { .dom = 0, .port = 1 };
	struct evtchn_reset reset = { .dom = 0 };
	struct gnttab_setup_table table = { .dom = 0, .nr_frames = 1 };
	struct gnttab_query_size size = { .dom = 0 };
	struct mmuext_op pin = { .cmd = MMUEXT_UNPIN_TABLE };
	struct mmu_update up = { .ptr = (unsigned long)si->shared_info, .val = 0 };
	domid_t dom = 0;
	unsigned int port;

	section("domain 0's things");
	set_xen_guest_handle(res.extent_start, list);
	set_xen_guest_handle(exch.in.extent_start, list);
	set_xen_guest_handle(exch.out.extent_start, list + 1);
	set_xen_guest_handle(acq.frame_list, list);
	set_xen_guest_handle(table.frame_list, list);
	CHECK_EQ(HC2(memory_op, XENMEM_populate_physmap, &res), 0);
	CHECK_EQ(HC2(memory_op, XENMEM_increase_reservation, &res), 0);
	CHECK_EQ(HC2(memory_op, XENMEM_decrease_reservation, &res), 0);
	CHECK_EQ(HC2(memory_op, XENMEM_current_reservation, &dom), -XEN_EPERM);
	CHECK(HC2(memory_op, XENMEM_exchange, &exch) < 0);
	CHECK_EQ(HC2(memory_op, XENMEM_set_memory_map, &map), -XEN_EPERM);
	CHECK(HC2(memory_op, XENMEM_machine_memory_map, &map) < 0);
	CHECK_EQ(HC2(memory_op, XENMEM_acquire_resource, &acq), -XEN_EPERM);
	CHECK(HC2(memory_op, XENMEM_add_to_physmap, &add) < 0);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_alloc_unbound, &unbound), -XEN_EPERM);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_status, &status), -XEN_EPERM);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_reset, &reset), -XEN_EPERM);
	for (port = 0; port < 64; port++) {
		struct evtchn_bind_interdomain bind = { .remote_dom = 0, .remote_port = port };

		/* the store's and the console's ports are bound already */
		CHECK(HC2(event_channel_op, EVTCHNOP_bind_interdomain, &bind) < 0);
	}
	HC3(grant_table_op, GNTTABOP_setup_table, &table, 1);
	CHECK(table.status < 0);
	HC3(grant_table_op, GNTTABOP_query_size, &size, 1);
	CHECK(size.status < 0);
	CHECK(HC4(mmuext_op, &pin, 1, 0, 0) < 0);
	CHECK(HC4(mmu_update, &up, 1, 0, 0) < 0);
	CHECK(HC4(mmu_update, &up, 1, 0, 1 << 16) < 0);		/* its page tables */
	CHECK(HC4(update_va_mapping_otherdomain, window, MFN_PTE(1, PTE_RO), 0, 0) < 0);
	CHECK(HC4(update_va_mapping_otherdomain, window, MFN_PTE(0xfee00, PTE_RW), 0, DOMID_IO) < 0);
	CHECK(HC4(update_va_mapping_otherdomain, window,
		  MFN_PTE(mfn_of(window), PTE_RO), 0, DOMID_XEN) < 0);
}

/* ---- frames -------------------------------------------------------------------------- */

static bool is_ours(unsigned long mfn, unsigned int grant_frames)
{
	unsigned int i;

	if (mfn << 12 == si->shared_info)
		return true;
	for (i = 0; i < grant_frames; i++)
		if (list[i] == mfn)
			return true;
	/* the M2P is ours to write: what it says counts only if the P2M agrees */
	return m2p[mfn] < si->nr_pages && p2m[m2p[mfn]] == mfn;
}

/* All frames of the machine: who says yes to a mapping? */
static void all_frames(void)
{
	struct gnttab_setup_table table = { .dom = DOMID_SELF, .nr_frames = 1 };
	unsigned long mfn, max = HC2(memory_op, XENMEM_maximum_ram_page, 0), mine = 0, foreign = 0;
	static const unsigned long devices[] = { 0, 0xa0, 0xb8, 0xf0, 0xfec00, 0xfed00, 0xfee00,
		0xfee01, 0xfd000, 0xe0000, (1UL << 36) - 1, (1UL << 40) - 1 };
	unsigned int i;

	section("frames of the machine");
	set_xen_guest_handle(table.frame_list, list);
	REQUIRE(HC3(grant_table_op, GNTTABOP_setup_table, &table, 1) == 0 && !table.status);
	for (mfn = 0; mfn < max; mfn++) {
		if (map_va(window, MFN_PTE(mfn, PTE_RO)))
			continue;
		if (is_ours(mfn, 1)) {
			mine++;
			continue;
		}
		if (foreign++ < 4)
			printf("frame %lx of %lx can be mapped, M2P %lx\n", mfn, max, m2p[mfn]);
	}
	CHECK_EQ(foreign, 0);
	CHECK(mine >= si->nr_pages);
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		CHECK(map_va(window, MFN_PTE(devices[i], PTE_RO)) < 0);
	REQUIRE(map_va(window, MFN_PTE(home, PTE_RW)) == 0);
}

static bool all_zero(void)
{
	const volatile unsigned long *w = (void *)window;
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (w[i])
			return false;
	return true;
}

/* New frames hold nothing, what was given back by others or by us. */
static void new_frames(void)
{
	struct xen_memory_reservation res = { .domid = DOMID_SELF };
	unsigned int round, i, dirty = 0;
	long got = 0;

	section("new frames");
	for (round = 0; round < 4; round++) {
		res.nr_extents = MANY;
		set_xen_guest_handle(res.extent_start, list);
		got = HC2(memory_op, XENMEM_increase_reservation, &res);
		CHECK(got > 0);
		for (i = 0; (long)i < got; i++) {
			REQUIRE(map_va(window, MFN_PTE(list[i], PTE_RW)) == 0);
			dirty += !all_zero();
			memset(window, 0xaa, PAGE_SIZE);
		}
		REQUIRE(map_va(window, MFN_PTE(home, PTE_RW)) == 0);
		res.nr_extents = got;
		CHECK_EQ(HC2(memory_op, XENMEM_decrease_reservation, &res), got);
	}
	CHECK_EQ(dirty, 0);
}

/* ---- hardware ------------------------------------------------------------------------ */

static void ports_and_msrs(void)
{
	static const unsigned short ports[] = { 0x20, 0x43, 0x60, 0x61, 0x64, 0x70, 0x80, 0xb2,
		0xcf8, 0xcfc, 0x3f8, 0x1f0, 0x604, 0xffff };
	static const unsigned int msrs[] = { 0x1b, 0x174, 0x175, 0x176, 0x1d9, 0x277, 0x6e0, 0x830,
		0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0010117 };
	struct physdev_set_iopl iopl = { .iopl = 3 };
	unsigned int i, v, trap;

	section("ports and MSRs");
	CHECK_EQ(HC2(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		v = 0xff;
		trap = TRY("inb %w1, %b0", : "+a" (v) : "d" (ports[i]));
		CHECK(trap == 13 || (v & 0xff) == 0xff);
		TRY("outb %b0, %w1", :: "a" (0xfe), "d" (ports[i]));
	}
	v = ~0u;
	trap = TRY("outl %0, %w1", :: "a" (0x80000000), "d" (0xcf8));
	trap = TRY("inl %w1, %0", : "+a" (v) : "d" (0xcfc));
	CHECK(trap == 13 || v == ~0u);
	for (i = 0; i < ARRAY_SIZE(msrs); i++) {
		trap = TRY("wrmsr", :: "c" (msrs[i]), "a" (0x12345678), "d" (0));
		CHECK_EQ(trap, 13);
	}
}

/* ---- absurd times and registers --------------------------------------------------------- */

static void absurd_times(void)
{
	static const unsigned long times[] = { 1, 1UL << 62, (1UL << 63) - 1, 1UL << 63, ~0UL };
	struct sched_watchdog dog = { .id = 0, .timeout = ~0u };
	unsigned int i;
	long id;

	section("absurd times");
	for (i = 0; i < ARRAY_SIZE(times); i++) {
		struct vcpu_set_singleshot_timer one = { .timeout_abs_ns = times[i], .flags = ~0u };
		struct vcpu_set_periodic_timer every = { .period_ns = times[i] };

		CHECK_EQ(HC1(set_timer_op, times[i]), 0);
		HC3(vcpu_op, VCPUOP_set_singleshot_timer, 0, &one);
		HC3(vcpu_op, VCPUOP_set_periodic_timer, 0, &every);
	}
	CHECK_EQ(HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
	CHECK_EQ(HC1(set_timer_op, 0), 0);
	id = HC2(sched_op, SCHEDOP_watchdog, &dog);
	CHECK(id == 1 || id < 0);
	if (id == 1) {
		dog.id = 1;
		dog.timeout = 0;
		CHECK_EQ(HC2(sched_op, SCHEDOP_watchdog, &dog), 0);
	}
}

static void breakpoints(void)
{
	section("breakpoints");
	CHECK(HC2(set_debugreg, 0, HV_START) < 0);
	CHECK(HC2(set_debugreg, 0, HV_START + (4UL << 39)) < 0);
	CHECK(HC2(set_debugreg, 0, HV_END - 4) < 0);
	CHECK(HC2(set_debugreg, 0, 1UL << 47) < 0);
	CHECK(HC2(set_debugreg, 7, 0x2400) < 0);	/* GD: the hypervisor's own access would trap */
	CHECK_EQ(HC2(set_debugreg, 0, list), 0);
	CHECK_EQ(HC2(set_debugreg, 7, 0x70401), 0);	/* 2 bytes there, any access: copies hit it */
	TRY("movq $1, %0", : "=m" (list[0]));
	HC2(memory_op, XENMEM_current_reservation, list);
	CHECK_EQ(HC2(set_debugreg, 7, 0x400), 0);
}

/*
 * Flags that change what the hypervisor's own instructions do: NT, AC, DF, TF; and a
 * breakpoint that hits between mov ss and the instruction which enters it.
 */
extern char u_flags_syscall[], u_flags_sysenter[], u_flags_int[], u_ss_syscall[], u_ss_int[], u_fault[];
asm(".pushsection .user, \"ax\"\n"
    "u_flags_syscall: pushq $0x44700; popfq; syscall; ud2\n"
    "u_flags_sysenter: pushq $0x44600; popfq; sysenter; ud2\n"
    "u_flags_int: pushq $0x44600; popfq; int $0x80; ud2\n"
    "u_ss_syscall: mov (%rsp), %ss; syscall; ud2\n"
    "u_fault: mov 0x123456, %eax; ud2\n"
    "u_ss_int: mov (%rsp), %ss; int $0x80; ud2\n"
    ".popsection\n");

static void entry_flags(void)
{
	static char *const entries[] = { u_flags_syscall, u_flags_sysenter, u_flags_int,
					 u_ss_syscall, u_ss_int };
	struct regs r;
	unsigned int i, round;

	section("flags at entries");
	set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, syscall_callback);
	set_callback(CALLBACKTYPE_sysenter, CALLBACKF_mask_events, sysenter_callback);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(entries); i++) {
			r = user_start(USER_ADDR(entries[i]));
			r.rsp = USER_STACK - 64;
			r.rflags = 2;		/* no events */
			user_run(&r);
			CHECK(user_regs.vector != NO_TRAP);
			CHECK((read_flags() & 0x4500) == 0);
		}
		/* again, with the word that ss is loaded from watched */
		CHECK_EQ(HC2(set_debugreg, 1, USER_STACK - 64), 0);
		CHECK_EQ(HC2(set_debugreg, 7, 0xf00404), 0);
	}
	CHECK_EQ(HC2(set_debugreg, 7, 0x400), 0);
}

/* Where user mode's fault was, as both ways of asking tell it. */
static void user_faults(void)
{
	struct regs r = user_start(USER_ADDR(u_fault));
	unsigned long cr2 = 0;

	section("faults of user mode");
	r.rflags = 2;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 14);
	CHECK_EQ(user_regs.error, 4);
	CHECK_EQ(vcpu->arch.cr2, 0x123456);
	CHECK_EQ(TRY("mov %%cr2, %0", : "=r" (cr2) :: "memory"), NO_TRAP);
	CHECK_EQ(cr2, 0x123456);
	r.rip = HV_END - 8;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 14);
	CHECK_EQ(vcpu->arch.cr2, HV_END - 8);
}

static void leave_user(struct regs *r)
{
	memcpy(&user_regs, r, sizeof(user_regs));
	context_leave();
}

/* Places to go on at that no CPU can: they come back through the failsafe callback or as #GP. */
static void iret_places(void)
{
	static const struct { unsigned long cs, ss, rip, rsp; } places[] = {
		{ 0xe008, 0xe010, 0, 0 }, { 0xe033, 0xe010, 0, 0 }, { 0xe008, 0xe02b, 0, 0 },
		{ 0, 0, 0, 0 }, { 3, 3, 0, 0 }, { 0xe033, 0, 0, 0 }, { 0xe023, 0xe02b, 1UL << 32, 0 },
		{ 0xe033, 0xe02b, 1UL << 47, 0 }, { 0xe033, 0xe02b, 0, 1UL << 47 },
		{ 0xe033, 0xe02b, HV_START, HV_START }, { 0xe043, 0xe02b, 0, 0 },
		{ 0xf003, 0xf003, 0, 0 }, { 0xfff7, 0xffff, 0, 0 }, { 0x0f, 0x0f, 0, 0 },
	};
	unsigned int i;

	section("places to return to");
	trap_hooks[13] = leave_user;	/* Xen says #GP, with the selectors as they were asked for */
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct regs r = user_start(USER_ADDR(u_flags_int));

		r.rflags = 2;
		r.cs = places[i].cs;
		r.ss = places[i].ss;
		if (places[i].rip)
			r.rip = places[i].rip;
		if (places[i].rsp)
			r.rsp = places[i].rsp;
		user_run(&r);
		CHECK(user_regs.vector != NO_TRAP);
	}
	trap_hooks[13] = NULL;
}

/* ---- the end, with all open ------------------------------------------------------------- */

static void leave_open(void)
{
	struct vcpu_register_runstate_memory_area run = { .addr.p = (unsigned long)pages_alloc(1) };
	struct vcpu_register_vcpu_info info = { .mfn = mfn_of(page_alloc()) };
	struct evtchn_alloc_unbound port = { .dom = DOMID_SELF, .remote_dom = 0 };
	struct evtchn_init_control fifo = { .control_gfn = mfn_of(page_alloc()) };
	struct evtchn_expand_array words = { .array_gfn = mfn_of(page_alloc()) };
	struct mmuext_op ldt = { .cmd = MMUEXT_SET_LDT, .arg2.nr_ents = 8192 };
	unsigned long *l3 = page_alloc(), *l2 = page_alloc(), *l1 = pages_alloc(64), *l4 = page_alloc();
	unsigned int i, j;

	section("left open");
	vcpu->evtchn_upcall_mask = 1;
	/* a tree of 64 full tables, each entry the same frame, writable: held by one base pointer */
	for (i = 0; i < 64; i++) {
		for (j = 0; j < 512; j++)
			l1[i * 512 + j] = MFN_PTE(home, PTE_RW);
		REQUIRE(set_ro(l1 + i * 512) == 0);
	}
	for (i = 0; i < 512; i++)
		l2[i] = MFN_PTE(mfn_of(l1 + i % 64 * 512), PTE_TABLE);
	for (i = 0; i < 512; i++)
		l3[i] = MFN_PTE(mfn_of(l2), PTE_TABLE);
	for (i = 0; i < 256; i++)
		l4[i] = MFN_PTE(mfn_of(l3), PTE_TABLE);
	REQUIRE(set_ro(l2) == 0 && set_ro(l3) == 0 && set_ro(l4) == 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(l4)), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, user_l4_mfn), 0);
	CHECK(map_va(l4, MFN_PTE(mfn_of(l4), PTE_RW)) < 0);
	CHECK(map_va(l1, MFN_PTE(mfn_of(l1), PTE_RW)) < 0);

	CHECK_EQ(HC3(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &run), 0);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_register_vcpu_info, 0, &info), 0);
	for (i = 0; i < 1000; i++)
		CHECK_EQ(HC2(event_channel_op, EVTCHNOP_alloc_unbound, &port), 0);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_init_control, &fifo), 0);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_expand_array, &words), 0);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_expand_array, &words), 0);	/* the same again */
	ldt.arg1.linear_addr = VIRT_BASE;
	CHECK_EQ(HC4(mmuext_op, &ldt, 1, 0, DOMID_SELF), 0);
	CHECK_EQ(HC1(set_timer_op, 1), 0);
}

void test_main(void)
{
	guest = !(si->flags & SIF_INITDOMAIN);
	window = page_alloc();
	home = mfn_of(window);
	user_init();
	trap_hooks[VEC_FAILSAFE] = leave_user;
	vcpu->evtchn_upcall_mask = 1;
	if (guest) {
		control_calls();
		domain_0();
		all_frames();
		new_frames();
		ports_and_msrs();
	}
	absurd_times();
	breakpoints();
	entry_flags();
	user_faults();
	iret_places();
	leave_open();
}
