/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls with random numbers and arguments, from a fixed seed; the word
 * seed=N (decimal) of the test's command line chooses another one.
 *
 * Rule: whatever a guest passes, the hypervisor stays up and the guest's own
 * memory changes only where an argument named it.  Left out are calls whose
 * right effect ends the test: shutdown, iret, blocking without a wake-up, the
 * console's input, and the control calls that reboot or power off.
 *
 * At the end all traps, page tables, console and version still have to work.
 */
#include "guest.h"
#include <xen/grant_table.h>

#define ROUNDS 60000

static uint64_t seed = 0x9e3779b97f4a7c15;
static uint64_t *scratch;	/* 16 pages for arguments */
static unsigned long values[32];
static unsigned long last[6];	/* the call that runs: number and arguments */

static void choose_seed(void)
{
	const char *s = strstr((const char *)si->cmd_line, "seed=");
	uint64_t n = 0;

	for (s = s ? s + 5 : ""; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	seed ^= n * 0xbf58476d1ce4e5b9;
}

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill_values(void)
{
	unsigned int i, n = 0;

	values[n++] = 0;
	values[n++] = 1;
	values[n++] = DOMID_SELF;
	values[n++] = DOMID_IO;
	values[n++] = DOMID_XEN;
	values[n++] = HV_START;
	values[n++] = HV_START + (5UL << 39);
	values[n++] = HV_START + (6UL << 39);
	values[n++] = HV_END - 8;
	values[n++] = 1UL << 63;
	values[n++] = ~0UL;
	values[n++] = 0x7fffffff;
	values[n++] = 0x80000000;
	values[n++] = 0x12345000;
	values[n++] = mfn_of(scratch);
	values[n++] = mfn_of(scratch) << 12;
	values[n++] = boot_l4();
	values[n++] = (boot_l4() << 12) + 256 * 8;
	values[n++] = si->shared_info;
	values[n++] = 0xfee00;
	for (i = 0; n < ARRAY_SIZE(values); i++)
		values[n++] = (unsigned long)(scratch + i * 512 + 3);
}

static unsigned long random_value(void)
{
	uint64_t r = rnd();

	switch (r & 7) {
	case 0:
		return rnd();
	case 1:
		return rnd() & 0xff;
	case 2:
		return rnd() & 0xfff;
	case 3:
		return (unsigned long)scratch + (rnd() & 0xfff8);
	default:
		return values[(r >> 8) % ARRAY_SIZE(values)];
	}
}

/* Refills a few words, so that structures hold bad pointers, frames and sizes. */
static void fill_scratch(void)
{
	unsigned int i, at = rnd() & 0x1fc0;

	for (i = 0; i < 24; i++)
		scratch[(at + i) & 0x1fff] = random_value();
}

/*
 * The guest may well take its own argument pages away: by update_va_mapping, by
 * giving them back.  Then another page comes to that address.
 */
static void repair_scratch(struct regs *r)
{
	unsigned long page = vcpu->arch.cr2 & -PAGE_SIZE, start = (unsigned long)scratch;

	if (page < start || page >= start + 16 * PAGE_SIZE) {
		printf("page fault at %lx from %lx after %lu(%lx, %lx, %lx, %lx)\n", vcpu->arch.cr2,
		       r->rip, last[0], last[1], last[2], last[3], last[4]);
		CHECK(!"no page fault outside the argument pages");
		verdict();
	}
	if (set_rw((void *)page))
		REQUIRE(map_va((void *)page, MFN_PTE(mfn_of(page_alloc()), PTE_RW)) == 0);
}

/* Events may get unmasked, as shared_info is one of the pages to write to. */
static void ignore_event(struct regs *r)
{
	(void)r;
	vcpu->evtchn_upcall_pending = 0;
}

/* The calls which may end, stop or take away what the test stands on. */
static bool allowed(unsigned int nr, unsigned long a1)
{
	switch (nr) {
	case __HYPERVISOR_iret:
	case __HYPERVISOR_multicall:		/* would reach the others; has its own loop */
	case __HYPERVISOR_set_trap_table:
	case __HYPERVISOR_set_callbacks:
	case __HYPERVISOR_callback_op:
	case __HYPERVISOR_nmi_op:		/* as the others: names where we go on */
	case __HYPERVISOR_stack_switch:
	case __HYPERVISOR_set_gdt:
	case __HYPERVISOR_set_segment_base:
	case __HYPERVISOR_set_debugreg:
	case __HYPERVISOR_platform_op:		/* dom0 may sleep the machine */
	case __HYPERVISOR_domctl:		/* dom0 may destroy, even itself */
	case __HYPERVISOR_sysctl:		/* debug keys reboot */
	case __HYPERVISOR_kexec_op:
	case __HYPERVISOR_physdev_op:		/* dom0 may re-route real interrupts */
	case __HYPERVISOR_arch_0:			/* machine checks: may inject one */
		return false;
	case __HYPERVISOR_sched_op:
		return a1 == SCHEDOP_yield || a1 > 7;
	case __HYPERVISOR_sched_op_compat:
		return a1 == 0;
	case __HYPERVISOR_console_io:
		return a1 > 1;
	case __HYPERVISOR_vcpu_op:
		return a1 != VCPUOP_down && a1 != VCPUOP_initialise &&
			a1 != VCPUOP_register_vcpu_info &&
			a1 != VCPUOP_register_runstate_memory_area &&
			a1 != VCPUOP_register_vcpu_time_memory_area && a1 != VCPUOP_send_nmi;
	default:
		return true;
	}
}

static void fuzz(void)
{
	unsigned long a[5], good = 0, done = 0, i, j;
	long ret;

	section("random hypercalls");
	trap_hooks[14] = repair_scratch;
	trap_hooks[VEC_EVENT] = ignore_event;
	while (done < ROUNDS) {
		unsigned int nr = rnd() % 64;

		for (i = 0; i < 5; i++)
			a[i] = random_value();
		/* small sub-commands, counts that end in a second, our own pages only */
		if (rnd() & 3)
			a[0] = nr == __HYPERVISOR_mmu_update || nr == __HYPERVISOR_mmuext_op ?
				(unsigned long)scratch + (a[0] & 0xfff8) : rnd() % 36;
		if (!allowed(nr, a[0] & 0xffffffff))
			continue;
		fill_scratch();
		last[0] = nr;
		memcpy(last + 1, a, sizeof(a));
		ret = hypercall(nr, a[0], a[1], a[2], a[3], a[4]);
		good += ret >= 0;
		done++;
		if (done % (ROUNDS / 4) == 0)
			printf("%lu calls, %lu were accepted\n", done, good);
		/* the domain's own ability to see faults must survive */
		if (done % 1000 == 0)
			for (j = 0; j < 2; j++)
				CHECK_EQ(TRY("ud2", ::: "memory"), 6);
	}
	CHECK(good > 0 && good < done);
	trap_hooks[14] = NULL;
}

/* Page-table requests with frames and entries of every kind. */
static void fuzz_entries(void)
{
	char *window = page_alloc();
	unsigned long slot = pte_maddr(pte_ptr(boot_l4(), (unsigned long)window, 1));
	unsigned long home = mfn_of(window), mapped = 0, i, bad = 0;
	uint64_t pte;

	section("random leaf entries");
	for (i = 0; i < ROUNDS; i++) {
		uint64_t flags = rnd() & (PTE_NX | 0xfff);
		unsigned long frame = rnd() & 1 ? p2m[rnd() % si->nr_pages] : rnd() & 0x1ffff;

		if (pte_write(slot, MFN_PTE(frame, flags)))
			continue;
		mapped++;
		pte = pte_of(window);
		/* accepted and writable: then it must not be one of the page tables */
		if ((pte & PTE_P) && (pte & PTE_W) && m2p[frame] < si->nr_pages) {
			unsigned long va = VIRT_BASE + (m2p[frame] << 12);

			bad += va >= si->pt_base && va < si->pt_base + si->nr_pt_frames * PAGE_SIZE;
		}
	}
	CHECK_EQ(bad, 0);
	CHECK(mapped > 0);
	CHECK_EQ(map_va(window, MFN_PTE(home, PTE_RW)), 0);
}

void test_main(void)
{
	uint64_t *l4 = va_of_mfn(boot_l4());
	unsigned long own[2];

	choose_seed();
	/* an unmapped page behind them stops calls with huge counts */
	scratch = pages_alloc(17);
	REQUIRE(map_va(scratch + 16 * 512, 0) == 0);
	fill_values();
	own[0] = l4[511];
	own[1] = l4[256];
	fuzz_entries();
	fuzz();
	section("afterwards");
	CHECK_EQ(l4[511] & ~0xfffUL, own[0] & ~0xfffUL);
	CHECK_EQ(l4[256], own[1]);
	CHECK_EQ(HC2(xen_version, 0, 0), 0x40011);
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (si->pt_base) : "memory"), 14);
	CHECK_EQ(TRY("mov (%0), %%rax", :: "r" (HV_END - 8) : "rax", "memory"), 14);
}
