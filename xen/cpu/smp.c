/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the other CPUs, one after the other, and stopping them when the machine ends.
 *
 * A CPU needs, within reach of the image's code, a stack block and the two stubs of code
 * that find it when a guest executes syscall. It is started by two messages of its local
 * APIC (Intel SDM volume 3, 9.4.4): INIT puts it into a state where it waits, STARTUP
 * tells it where to begin. One that doesn't come up gets INIT again, so that it can't
 * turn up later on the stack of another, and the machine goes on without it.
 *
 * nr_cpus counts a CPU as soon as it serves TLB flushes, and not before.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mce.h>

static bool opt_smp = true;
BOOT_OPTION("smp", OPT_BOOL, opt_smp, 0, "use all CPUs; nosmp: only the one that booted");
static u32 opt_maxcpus = NR_CPUS;
BOOT_OPTION("maxcpus", OPT_UINT, opt_maxcpus, 0, "use at most so many CPUs, 1 to 64");

#define INIT_US		10000
#define STARTUP_US	20000		/* usually it takes less than 200; then it is told again */
#define ALIVE_US	1000000
#define READY_US	5000000
#define STOP_US		200000

enum { ASLEEP, ALIVE, READY };
static u32 progress;			/* atomic: of the CPU that is being started */

extern u8 trampoline[], trampoline_args[], trampoline_end[];
struct trampoline_args { u32 cr3, efer; u64 rsp, rip; };

/* ---- what a CPU needs ------------------------------------------------------------ */

static vaddr_t area_of(unsigned id) { return STACKS_START + (u64)id * CPU_AREA_SIZE; }

#define STUB_SIZE	32
static void *stub64(unsigned id) { return (void *)area_of(id); }
static void *stub32(unsigned id) { return (void *)(area_of(id) + STUB_SIZE); }

/* An instruction with a RIP-relative operand at its end, which will run at @va. */
static u8 *__init emit(u8 *p, vaddr_t *va, const u8 *op, unsigned n, const void *target)
{
	s32 rel = (vaddr_t)target - (*va + n + 4);

	memcpy(p, op, n);
	memcpy(p + n, &rel, 4);
	*va += n + 4;
	return p + n + 4;
}

/* As syscall_stub in entry.S, which is the boot CPU's. */
static void __init make_stub(u8 *p, void *stub, struct cpu_info *info, const void *entry)
{
	static const u8 mov_rsp[] __initdata = { 0x48, 0x89, 0x25 };
	static const u8 lea_rsp[] __initdata = { 0x48, 0x8d, 0x25 }, jmp[] __initdata = { 0xe9 };
	vaddr_t va = (vaddr_t)stub;

	p = emit(p, &va, mov_rsp, 3, &info->rsp);
	p = emit(p, &va, lea_rsp, 3, &info->regs.es);
	emit(p, &va, jmp, 1, entry);
}

static int __init map_area(unsigned id)
{
	u64 flags = PTE_P | PTE_A | (cpu_features.pge ? PTE_G : 0);
	u8 *code = alloc_page(), *stack;
	vaddr_t base = area_of(id) + STACK_SIZE;
	struct cpu_info *info = (struct cpu_info *)(base + STACK_SIZE) - 1;

	if (!code || map_hv_page(area_of(id), va_to_mfn(code), flags))
		return -ENOMEM;
	flags |= PTE_RW | PTE_D | (cpu_features.nx ? PTE_NX : 0);
	for (unsigned page = 0; page < STACK_PAGES; page++) {
		if (!stack_page_present(page))
			continue;
		stack = alloc_page();
		if (!stack || map_hv_page(base + page * PAGE_SIZE, va_to_mfn(stack), flags))
			return -ENOMEM;
	}
	make_stub(code, stub64(id), info, syscall_entry);
	make_stub(code + STUB_SIZE, stub32(id), info, syscall32_entry);
	cpus[id].info = info;
	return 0;
}

/* Once for each id, whatever CPU gets it. Not undone: who can't get this memory can't run guests. */
static int __init prepare(unsigned id)
{
	struct cpu *c = &cpus[id];

	if (c->info)
		return 0;
	c->id = id;
	c->idle = vcpu_create(dom_idle, id);
	if (!c->idle || map_area(id)) {
		c->info = NULL;
		return -ENOMEM;
	}
	c->info->cpu = c;
	c->info->vcpu = c->idle;
	return 0;
}

/* ---- on the new CPU ----------------------------------------------------------------- */

static void other_main(void)
{
	struct cpu *c = this_cpu();

	__atomic_store_n(&progress, ALIVE, __ATOMIC_RELEASE);
	write_cr(3, va_to_pa(hv_l4));
	cpu_setup_other(stub64(c->id), stub32(c->id));
	apic_init_this_cpu();
	policy_init_this_cpu();
	time_init_this_cpu();
	mce_init_this_cpu();
	__atomic_store_n(&progress, READY, __ATOMIC_RELEASE);
	while (__atomic_load_n(&nr_cpus, __ATOMIC_ACQUIRE) <= c->id)
		cpu_relax();
	jump_with_stack(idle_loop);
}

/* ---- on the boot CPU ----------------------------------------------------------------- */

static bool __init await(u32 what, u64 us)
{
	u64 end = rdtsc() + us * tsc_khz / 1000;

	while (__atomic_load_n(&progress, __ATOMIC_ACQUIRE) < what) {
		if ((s64)(rdtsc() - end) > 0)
			return false;
		time_answer();
		cpu_relax();
	}
	return true;
}

/* A page table below 4 GB with the hypervisor's part, and 2 MB at 0 where code may run. */
static u64 *__init make_start_table(struct page_info *pg[3])
{
	u64 *t[3];

	for (unsigned i = 0; i < 3; i++) {
		pg[i] = alloc_frames(0, MEMF_bits(32) | MEMF_ZERO);
		if (!pg[i])
			return NULL;
		t[i] = page_to_va(pg[i]);
	}
	memcpy(t[0], hv_l4, PAGE_SIZE);
	t[0][0] = mk_pte(page_to_mfn(pg[1]), PTE_P | PTE_RW);
	t[1][0] = mk_pte(page_to_mfn(pg[2]), PTE_P | PTE_RW);
	t[2][0] = PTE_P | PTE_RW | PTE_PSE;
	return t[0];
}

static bool __init start(unsigned id, u32 apic_id, u64 *table)
{
	struct trampoline_args *args = pa_to_va(TRAMPOLINE + (trampoline_args - trampoline));

	*args = (struct trampoline_args){
		.cr3 = va_to_pa(table),
		.efer = EFER_SCE | EFER_LME | (cpu_features.nx ? EFER_NX : 0),
		.rsp = (u64)cpus[id].info,
		.rip = (u64)other_main,
	};
	__atomic_store_n(&progress, ASLEEP, __ATOMIC_SEQ_CST);
	send_startup(apic_id, TRAMPOLINE);
	if (!await(ALIVE, STARTUP_US)) {
		send_startup(apic_id, TRAMPOLINE);
		if (!await(ALIVE, ALIVE_US))
			return false;
	}
	return await(READY, READY_US);
}

/* The frame must be RAM that nothing else uses: mm_init() has kept it if it is RAM at all. */
static bool __init trampoline_usable(void)
{
	for (unsigned i = 0; i < e820.n; i++)
		if (e820.r[i].type == E820_RAM && e820.r[i].addr <= TRAMPOLINE &&
		    e820.r[i].addr + e820.r[i].size >= TRAMPOLINE + PAGE_SIZE)
			return true;
	return false;
}

static void __init start_listed(unsigned wanted, u64 *table)
{
	for (unsigned i = 1; i < acpi.nr_cpus; i++)
		if (apic_can_reach(acpi.cpu[i].apic_id))
			send_init(acpi.cpu[i].apic_id);
	udelay(INIT_US);
	for (unsigned i = 1; i < acpi.nr_cpus && nr_cpus < wanted; i++) {
		u32 apic_id = acpi.cpu[i].apic_id;
		struct cpu *c = &cpus[nr_cpus];

		if (!topology_wants(apic_id)) {
			printk(LOG_INFO "CPU with APIC id %u: another thread of a core, not used (noht)\n",
			       apic_id);
			continue;
		}
		if (!apic_can_reach(apic_id)) {
			printk(LOG_WARN "CPU with APIC id %u: needs x2APIC, which the firmware has not turned on; not used\n",
			       apic_id);
			continue;
		}
		if (prepare(nr_cpus)) {
			printk(LOG_WARN "Too little memory to start more than %u CPUs\n", nr_cpus);
			return;
		}
		c->apic_id = apic_id;
		c->acpi_id = acpi.cpu[i].acpi_id;
		if (!start(nr_cpus, apic_id, table)) {
			send_init(apic_id);
			printk(LOG_WARN "CPU with APIC id %u does not %s: not used\n", apic_id,
			       progress == ASLEEP ? "start" : "come up");
			continue;
		}
		topology_add(nr_cpus);
		c->online = true;
		__atomic_store_n(&nr_cpus, nr_cpus + 1, __ATOMIC_RELEASE);
	}
}

void __init cpu_start_all(void)
{
	struct page_info *pg[3] = { NULL };
	unsigned wanted = MIN(opt_smp ? opt_maxcpus : 1, (u32)NR_CPUS);
	u64 *table;

	if (wanted <= 1 || acpi.nr_cpus == 1)
		return;
	table = make_start_table(pg);
	if (!table || !trampoline_usable()) {
		printk(LOG_WARN "No %s: one CPU of %u is used\n", table ? "RAM at 0x8000" : "memory below 4 GB",
		       acpi.nr_cpus);
	} else {
		memcpy(pa_to_va(TRAMPOLINE), trampoline, trampoline_end - trampoline);
		start_listed(wanted, table);
	}
	for (unsigned i = 0; i < 3; i++)
		if (pg[i])
			free_frames(pg[i], 0);
	printk(LOG_INFO "CPUs: %u of %u are used\n", nr_cpus, acpi.nr_cpus);
	if (nr_cpus > 1)
		time_all_cpus_up();
}

/* ---- the end --------------------------------------------------------------------------- */

static u32 stopper;			/* atomic: id + 1 of the CPU that stops the others */
u64 cpus_stopped;

void stop_this_cpu(void)
{
	set_bit(this_cpu()->id, &cpus_stopped);
	for (;;)
		asm volatile("cli; hlt");
}

bool cpu_must_stop(void)
{
	u32 who = atomic_read(&stopper);

	return who && who != this_cpu()->id + 1;
}

static u64 await_stopped(u64 others, u64 us)
{
	u64 end = rdtsc() + us * tsc_khz / 1000, left;

	while ((left = others & ~atomic_read(&cpus_stopped)) && (s64)(rdtsc() - end) < 0) {
		serve_flush();
		cpu_relax();
	}
	return left;
}

void stop_other_cpus(bool at_once)
{
	u64 left;
	u32 me, was;

	if (nr_cpus <= 1)
		return;
	me = this_cpu()->id + 1;
	was = cmpxchg(&stopper, 0, me);
	if (was == me)
		return;
	if (was)
		stop_this_cpu();
	left = online_cpus() & ~BIT(me - 1);
	if (!at_once) {
		for (u64 m = left; m; m &= m - 1)
			cpu_work(ffs64(m), WORK_STOP);
		left = await_stopped(left, STOP_US);
	}
	if (!left)
		return;
	console_force_unlock();		/* one of them may hold the lock */
	for (u64 m = left; m; m &= m - 1)
		send_nmi(ffs64(m));
	await_stopped(left, STOP_US);
}
