/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hot paths cost, in instructions.
 *
 * The runner starts this test with QEMU's -icount shift=0, where the TSC counts
 * instructions: the figures are exact and the same on every machine.  Each path
 * has a budget, our figure rounded up by a few percent; a path that is over it
 * fails.  Debian's Xen 4.17 needs half as much again to three times as much.  Lines "PERF name figure budget" are also read by bench/.
 *
 * The handlers here are as short as a guest can make them, so a figure is the
 * hypervisor's own work plus about ten instructions.
 */
#include "guest.h"

#define ROUNDS 1000

#define BUDGET_CLEAR      480
#define BUDGET_FAULT      115
#define BUDGET_FIFO_SEND  365
#define BUDGET_INT80      360
#define BUDGET_MAP        195
#define BUDGET_MULTICALL  335
#define BUDGET_NULL       87
#define BUDGET_PIN        45000
#define BUDGET_SEND       270
#define BUDGET_STORE      700
#define BUDGET_SWITCH     325
#define BUDGET_SYSCALL    95
#define BUDGET_UPCALL     350
#define BUDGET_UPDATE     330
#define BUDGET_VA         640

asm(".pushsection .user, \"ax\"\n"
    "u_syscalls: rdtsc; mov %eax, %r12d\n"
    "1:	syscall; dec %ebx; jnz 1b\n"
    "	rdtsc; sub %r12d, %eax; ud2\n"
    "u_faults: rdtsc; mov %eax, %r12d\n"
    "1:	mov (%rdi), %dl; dec %ebx; jnz 1b\n"
    "	rdtsc; sub %r12d, %eax; ud2\n"
    "u_ints: rdtsc; mov %eax, %r12d\n"
    "1:	int $0x80; dec %ebx; jnz 1b\n"
    "	rdtsc; sub %r12d, %eax; ud2\n"
    ".popsection\n"
    ".pushsection .text\n"
    /* back to user mode at once, as Linux does after a system call */
    "fast_syscall: pop %rcx; pop %r11; pushq $0; push %rcx; push %r11; push %rax\n"
    "	mov $23, %eax; syscall\n"
    /* page fault: skips the two bytes of the load */
    "fast_fault: pop %rcx; pop %r11; add $8, %rsp; addq $2, (%rsp)\n"
    "	pushq $0; push %rcx; push %r11; push %rax; mov $23, %eax; syscall\n"
    "fast_int: pop %rcx; pop %r11; pushq $0; push %rcx; push %r11; push %rax\n"
    "	mov $23, %eax; syscall\n"
    "fast_event: pop %rcx; pop %r11; push %rax; mov vcpu(%rip), %rax; movb $0, (%rax); pop %rax\n"
    "	pushq $0; push %rcx; push %r11; push %rax; mov $23, %eax; syscall\n"
    ".popsection");
extern char u_syscalls[], u_faults[], u_ints[];
extern char fast_syscall[], fast_fault[], fast_int[], fast_event[];

static char *window, *other;

static void report(const char *name, unsigned long total, unsigned long n, unsigned long budget)
{
	unsigned long each = (total + n / 2) / n;

	printf("PERF %s %lu %lu\n", name, each, budget);
	CHECK(each > 0);
	if (each > budget)
		printf("FAIL %s takes %lu instructions, budget %lu\n", name, each, budget);
	CHECK(each <= budget);
}

static unsigned long user_loop(const char *code, unsigned long rdi)
{
	struct regs r = user_start(USER_ADDR(code));

	r.rbx = ROUNDS;
	r.rdi = rdi;
	user_run(&r);
	REQUIRE(user_regs.vector == 6);
	return (uint32_t)user_regs.rax;
}

static void measure_bounces(void)
{
	unsigned long start, i;

	section("entries from user mode and events");
	REQUIRE(set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, fast_syscall) == 0);
	report("user-syscall", user_loop(u_syscalls, 0), ROUNDS, BUDGET_SYSCALL);
	set_trap(14, 4, (unsigned long)fast_fault);
	report("user-page-fault", user_loop(u_faults, 0x700000), ROUNDS, BUDGET_FAULT);
	set_trap(14, 0, TRAP_STUB(14));
	set_trap(0x80, 3, (unsigned long)fast_int);
	report("user-int80", user_loop(u_ints, 0), ROUNDS, BUDGET_INT80);

	REQUIRE(set_callback(CALLBACKTYPE_event, 0, fast_event) == 0);
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++) {
		vcpu->evtchn_upcall_pending = 1;
		vcpu->evtchn_upcall_mask = 0;
		HC2(xen_version, 0, 0);
	}
	report("event-upcall", rdtsc() - start, ROUNDS, BUDGET_UPCALL);
	vcpu->evtchn_upcall_mask = 1;
}

static void measure_hypercalls(void)
{
	struct multicall_entry mc[2] = { { .op = __HYPERVISOR_stack_switch } };
	unsigned long start, i;

	section("hypercalls");
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		HC2(xen_version, 0, 0);
	report("null-hypercall", rdtsc() - start, ROUNDS, BUDGET_NULL);

	mc[0].args[0] = FLAT_KERNEL_SS;
	mc[0].args[1] = (unsigned long)pages_alloc(4) + 4 * PAGE_SIZE;	/* as good as the old one */
	mc[1] = mc[0];
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		HC2(multicall, mc, 2);
	report("multicall-of-2", rdtsc() - start, ROUNDS, BUDGET_MULTICALL);
}

static void measure_mmu(void)
{
	unsigned long slot = pte_maddr(pte_ptr(boot_l4(), (unsigned long)window, 1));
	uint64_t a = MFN_PTE(mfn_of(window), PTE_RW), b = MFN_PTE(mfn_of(other), PTE_RW);
	struct mmuext_op sw[2] = { { .cmd = MMUEXT_NEW_BASEPTR }, { .cmd = MMUEXT_NEW_USER_BASEPTR } };
	struct mmu_update batch[32];
	unsigned long start, i, cleared = 0;
	uint64_t *l1 = page_alloc();

	section("page tables");
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		HC3(update_va_mapping, window, i & 1 ? a : b, UVMF_INVLPG);
	report("update-va-mapping", rdtsc() - start, ROUNDS, BUDGET_VA);

	for (i = 0; i < 32; i++) {
		batch[i].ptr = slot;
		batch[i].val = i & 1 ? a : b;
	}
	start = rdtsc();
	for (i = 0; i < ROUNDS / 32; i++)
		HC4(mmu_update, batch, 32, 0, DOMID_SELF);
	report("mmu-update-in-32", rdtsc() - start, ROUNDS / 32 * 32, BUDGET_UPDATE);

	HC2(vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	for (i = 0; i < 512; i++)
		l1[i] = MFN_PTE(mfn_of(window), PTE_RO);
	REQUIRE(set_ro(l1) == 0);
	start = rdtsc();
	for (i = 0; i < 50; i++) {
		mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(l1));
		mmuext(MMUEXT_UNPIN_TABLE, mfn_of(l1));
	}
	report("pin-unpin-full-l1", rdtsc() - start, 50, BUDGET_PIN);
	REQUIRE(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(l1)) == 0);
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		((volatile uint64_t *)l1)[i & 511] = 0;
	report("emulated-pte-store", rdtsc() - start, ROUNDS, BUDGET_STORE);

	/* As Linux unmaps: entries that map something are exchanged for nothing. */
	for (i = 0; i < 512; i++) {
		batch[0].ptr = ((uint64_t)mfn_of(l1) << 12) + i * 8;
		batch[0].val = a;
		REQUIRE(HC4(mmu_update, batch, 1, 0, DOMID_SELF) == 0);
	}
	start = rdtsc();
	for (i = 0; i < 512; i++) {
		uint64_t e = 0;

		asm volatile("xchg %0, (%1)" : "+r" (e) : "r" (&l1[i]) : "memory");
		cleared += e == a;
	}
	report("emulated-pte-clear", rdtsc() - start, 512, BUDGET_CLEAR);
	CHECK(cleared == 512);

	/* As a page fault does it: one request, where nothing is mapped; the stores cleared all. */
	start = rdtsc();
	for (i = 0; i < 512; i++) {
		batch[0].ptr = ((uint64_t)mfn_of(l1) << 12) + i * 8;
		batch[0].val = a;
		HC4(mmu_update, batch, 1, 0, DOMID_SELF);
	}
	report("map-one-page", rdtsc() - start, 512, BUDGET_MAP);
	for (i = 0; i < 512; i++)
		CHECK(l1[i] == a);

	sw[0].arg1.mfn = boot_l4();
	sw[1].arg1.mfn = user_l4_mfn;
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++)
		HC4(mmuext_op, sw, 2, 0, DOMID_SELF);
	report("switch-base-pointers", rdtsc() - start, ROUNDS, BUDGET_SWITCH);
}

/* An event to the vcpu itself, taken out by hand each time: two levels, then FIFO. */
static void measure_events(void)
{
	struct evtchn_fifo_control_block *control = page_alloc();
	volatile uint32_t *words = page_alloc();
	struct evtchn_init_control init = { .control_gfn = mfn_of(control) };
	struct evtchn_expand_array expand = { .array_gfn = mfn_of((void *)words) };
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct evtchn_send send;
	unsigned long start, i;

	section("events");
	vcpu->evtchn_upcall_mask = 1;
	REQUIRE(HC2(event_channel_op, EVTCHNOP_bind_ipi, &ipi) == 0 && ipi.port < 64);
	send.port = ipi.port;
	shared->evtchn_mask[0] = 0;
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++) {
		shared->evtchn_pending[0] = 0;
		vcpu->evtchn_pending_sel = 0;
		vcpu->evtchn_upcall_pending = 0;
		HC2(event_channel_op, EVTCHNOP_send, &send);
	}
	CHECK(vcpu->evtchn_upcall_pending);
	report("event-send", rdtsc() - start, ROUNDS, BUDGET_SEND);
	if (HC2(event_channel_op, EVTCHNOP_init_control, &init) ||
	    HC2(event_channel_op, EVTCHNOP_expand_array, &expand))
		return;
	vcpu->evtchn_upcall_pending = 0;
	start = rdtsc();
	for (i = 0; i < ROUNDS; i++) {
		control->ready = 0;
		words[ipi.port] = 0;
		vcpu->evtchn_upcall_pending = 0;
		HC2(event_channel_op, EVTCHNOP_send, &send);
	}
	CHECK(vcpu->evtchn_upcall_pending);
	report("fifo-event-send", rdtsc() - start, ROUNDS, BUDGET_FIFO_SEND);
}

void test_main(void)
{
	window = page_alloc();
	other = page_alloc();
	HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0);
	user_init();
	measure_hypercalls();
	measure_mmu();
	measure_bounces();
	measure_events();
}
