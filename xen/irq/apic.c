/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC: interrupts to and between CPUs, and each CPU's one-shot timer.
 * (Intel SDM volume 3, chapter 11.) Registers are memory in xAPIC mode and MSRs in
 * x2APIC mode. The hypervisor keeps the mode that the firmware left, unless there are CPUs
 * that can only be reached in x2APIC mode.
 */
#include <xen/acpi.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>

#define APIC_ID		0x020
#define APIC_TPR	0x080
#define APIC_EOI	0x0b0
#define APIC_SPIV	0x0f0
#define APIC_ISR	0x100
#define APIC_ESR	0x280
#define APIC_ICR	0x300
#define APIC_ICR_HIGH	0x310
#define APIC_LVTT	0x320
#define APIC_LVTPC	0x340
#define APIC_LVT0	0x350
#define APIC_LVT1	0x360
#define APIC_LVTERR	0x370
#define APIC_TMICT	0x380
#define APIC_TMCCT	0x390
#define APIC_TDCR	0x3e0

#define SPIV_ENABLE	(1 << 8)
#define ICR_BUSY	(1 << 12)
#define ICR_ASSERT	(1 << 14)
#define ICR_NMI		(4 << 8)
#define ICR_INIT	(5 << 8)
#define ICR_STARTUP	(6 << 8)
#define LVT_MASKED	(1 << 16)
#define LVT_NMI		(4 << 8)
#define LVT_LOW		(1 << 13)
#define LVTT_DEADLINE	(2 << 17)
#define TDCR_DIV_1	0xb

#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_X2APIC BIT(10)
#define MSR_X2APIC	0x800

#define PIC1_CMD	0x20
#define PIC1_DATA	0x21
#define PIC2_CMD	0xa0
#define PIC2_DATA	0xa1

static volatile u32 *lapic;	/* NULL in x2APIC mode; set once */
static bool use_deadline;	/* timer by TSC value; set once */
static u64 ticks_per_ns;	/* of the timer's counter, times 2^32; set once */

static u32 apic_read(unsigned reg)
{
	return lapic ? lapic[reg / 4] : (u32)rdmsr(MSR_X2APIC + (reg >> 4));
}

static void apic_write(unsigned reg, u32 v)
{
	if (lapic)
		lapic[reg / 4] = v;
	else
		wrmsr(MSR_X2APIC + (reg >> 4), v);
}

void apic_eoi(void) { apic_write(APIC_EOI, 0); }
void apic_counter_nmi(void) { apic_write(APIC_LVTPC, LVT_NMI); }

unsigned apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return lapic ? id >> 24 : id;
}

/* x2APIC register writes aren't ordered after memory writes: the fences make them so (11.12.3). */
static void send(u32 id, u32 what)
{
	if (!lapic) {
		asm volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)id << 32 | ICR_ASSERT | what);
		return;
	}
	while (apic_read(APIC_ICR) & ICR_BUSY)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, id << 24);
	apic_write(APIC_ICR, ICR_ASSERT | what);
}

void send_ipi(unsigned cpu, u8 vector)
{
	perfc_inc(ipis_sent);
	send(cpus[cpu].apic_id, vector);
}

void send_nmi(unsigned cpu) { send(cpus[cpu].apic_id, ICR_NMI); }
void send_init(u32 id) { send(id, ICR_INIT); }
void send_startup(u32 id, paddr_t entry) { send(id, ICR_STARTUP | entry >> PAGE_SHIFT); }
bool apic_can_reach(u32 id) { return !lapic || id < 0xff; }

/* Interrupts that the firmware took and never ended would block all below them. */
static void end_old_interrupts(void)
{
	for (unsigned tries = 0; tries < 256; tries++) {
		u32 in_service = 0;

		for (unsigned i = 0; i < 8; i++)
			in_service |= apic_read(APIC_ISR + i * 0x10);
		if (!in_service)
			return;
		apic_eoi();
	}
}

/* The firmware may have left another CPU in another mode. From x2APIC the way leads over off (11.12.5). */
static void join_mode(void)
{
	u64 base = rdmsr(MSR_APIC_BASE), want = APIC_BASE_ENABLE | (lapic ? 0 : APIC_BASE_X2APIC);

	if ((base & (APIC_BASE_ENABLE | APIC_BASE_X2APIC)) == want)
		return;
	base &= ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	wrmsr(MSR_APIC_BASE, base);
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	if (!lapic)
		wrmsr(MSR_APIC_BASE, base | want);
}

/* The platform's NMIs are the boot CPU's. */
void apic_init_this_cpu(void)
{
	unsigned nmi = acpi.nmi_lint ? APIC_LVT1 : APIC_LVT0;

	join_mode();
	apic_write(APIC_SPIV, SPIV_ENABLE | VEC_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVTT, LVT_MASKED | VEC_APIC_TIMER);
	apic_write(APIC_LVTPC, LVT_MASKED);
	apic_write(APIC_LVT0, LVT_MASKED);
	apic_write(APIC_LVT1, LVT_MASKED);
	if (!this_cpu()->id)
		apic_write(nmi, LVT_NMI | (acpi.nmi_low ? LVT_LOW : 0));
	end_old_interrupts();
	apic_write(APIC_ESR, 0);
	apic_write(APIC_LVTERR, VEC_APIC_ERROR);
	apic_write(APIC_TDCR, TDCR_DIV_1);
	if (ticks_per_ns || use_deadline)
		apic_timer_start();
}

/* Give the legacy controllers vectors that can't be mistaken for exceptions, and mask them. */
static __init void pic_mask(void)
{
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
	outb(PIC1_CMD, 0x11);
	outb(PIC2_CMD, 0x11);
	outb(PIC1_DATA, VEC_FIRST_DYNAMIC);
	outb(PIC2_DATA, VEC_FIRST_DYNAMIC + 8);
	outb(PIC1_DATA, 4);
	outb(PIC2_DATA, 2);
	outb(PIC1_DATA, 1);
	outb(PIC2_DATA, 1);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
}

static bool __init needs_x2apic(void)
{
	for (unsigned i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpu[i].apic_id >= 0xff)
			return cpu_features.x2apic;
	return false;
}

void __init apic_init_boot(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);
	u32 a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	if (!(d & BIT(9)))
		panic("this CPU has no local APIC, or the firmware hides it: enable it in the setup");
	if (!(base & APIC_BASE_ENABLE)) {
		base |= APIC_BASE_ENABLE;
		wrmsr(MSR_APIC_BASE, base);
	}
	if (!(base & APIC_BASE_X2APIC) && needs_x2apic()) {
		base |= APIC_BASE_X2APIC;
		wrmsr(MSR_APIC_BASE, base);
	}
	if (!(base & APIC_BASE_X2APIC)) {
		lapic = map_mmio(base & PTE_ADDR_MASK, PAGE_SIZE);
		if (!lapic)
			panic("no memory to map the local APIC at %lx", base & PTE_ADDR_MASK);
	}
	pic_mask();
	apic_init_this_cpu();
	printk(LOG_INFO "Local APIC: %s mode\n", lapic ? "xAPIC" : "x2APIC");
	cpus[0].apic_id = apic_id();
	cpus[0].acpi_id = acpi.cpu[0].acpi_id;
}

void apic_error_interrupt(void)
{
	static u32 reported;
	u32 esr;

	apic_write(APIC_ESR, 0);
	esr = apic_read(APIC_ESR);
	apic_eoi();
	if (reported++ < 10)
		printk(LOG_WARN "APIC error on CPU %u: %#x\n", this_cpu()->id, esr);
}

/* ---- the timer ----------------------------------------------------------------- */

u32 __init apic_timer_count(bool start)
{
	if (start)
		apic_write(APIC_TMICT, ~0u);
	return ~0u - apic_read(APIC_TMCCT);
}

void apic_timer_start(void)
{
	apic_write(APIC_TMICT, 0);
	apic_write(APIC_LVTT, (use_deadline ? LVTT_DEADLINE : 0) | VEC_APIC_TIMER);
	smp_mb();	/* before the first write of the deadline MSR (11.5.4.1) */
}

bool __init apic_timer_calibrated(u32 ticks, u64 ns)
{
	use_deadline = cpu_features.tsc_deadline && cpu_features.invariant_tsc;
	ticks_per_ns = ((u64)ticks << 32) / ns;
	apic_timer_start();
	return use_deadline;
}

void apic_timer_set(stime_t deadline)
{
	u64 count;
	stime_t left;

	if (use_deadline) {
		wrmsr(MSR_TSC_DEADLINE, deadline ? time_to_tsc(deadline) : 0);
		return;
	}
	if (!deadline) {
		apic_write(APIC_TMICT, 0);
		return;
	}
	left = deadline - now();
	if (left <= 0) {
		cpu_work(this_cpu()->id, WORK_TIMER);
		return;
	}
	if (left > SECONDS(4))	/* it fires early then, and is set anew */
		left = SECONDS(4);
	/* A little late, as the count is not exact, and early would mean one more interrupt. */
	left += left >> 12;
	count = ((unsigned __int128)left * ticks_per_ns >> 32) + 1;
	apic_write(APIC_TMICT, MIN(count, 0xffffffffUL));
}

void apic_shutdown_timer(void)
{
	apic_write(APIC_LVTT, LVT_MASKED | VEC_APIC_TIMER);
}
