/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The NMI watchdog. Each CPU runs a timer that notes that it is alive. A CPU that does not
 * run its timers for "watchdog_timeout=" seconds is stuck inside the hypervisor, as a guest
 * can't hold off interrupts.
 *
 * Who notices: an NMI of the CPU's own, from a performance counter that counts the cycles in
 * which it doesn't halt (Intel SDM volume 3, 20.2; AMD APM volume 2, 13.2). Where no counter
 * counts, as in QEMU without KVM, each CPU's timer looks at the next CPU as well, and sends it an
 * NMI if that is stuck. Either way the stuck CPU itself says where it is. Time is told by
 * beats, not clocks: if the whole machine stands still for a while, nobody is stuck.
 */
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/remote.h>
#include <xen/time.h>
#include <xen/watchdog.h>

static bool opt_watchdog;
static u32 opt_timeout = 5;
BOOT_OPTION("watchdog_timeout", OPT_UINT, opt_timeout, 0, "seconds after which a CPU is stuck; 0 turns the watchdog off");

/* Xen's "force" keeps the processing of other NMIs, which we never stop. */
static int __init parse_watchdog(const char *val)
{
	int on = !strcmp(val, "force") ? 1 : parse_bool(val);

	opt_watchdog = on > 0;
	return on < 0 ? -EINVAL : 0;
}
BOOT_FN("watchdog", parse_watchdog, "panic if a CPU is stuck in the hypervisor: yes, no or force");

#define BEAT_MS		500		/* the counter's NMIs come as often */
#define TRIAL_US	1000
#define GRACE_BEATS	4		/* to answer the neighbour's NMI */

#define MSR_PERFEVTSEL0_INTEL	0x186
#define MSR_PMC0_INTEL		0x0c1
#define MSR_GLOBAL_CTRL		0x38f
#define MSR_GLOBAL_OVF_CTRL	0x390
#define MSR_PERFEVTSEL0_AMD	0xc0010000
#define MSR_PMC0_AMD		0xc0010004
#define EVENT_INTEL	0x3c		/* unhalted core cycles */
#define EVENT_AMD	0x76		/* CPU clocks not halted */
#define EVTSEL_USR	BIT(16)
#define EVTSEL_OS	BIT(17)
#define EVTSEL_INT	BIT(20)
#define EVTSEL_EN	BIT(22)

static bool active;			/* set once */
static bool by_counter;			/* set once: NMIs come by themselves */
static struct { u32 select, counter, event; u8 version; } pmu;	/* select 0: none; set once */

static struct beat {
	struct timer timer;
	u64 nmis;			/* own CPU */
	u32 count;			/* atomic: signs of life */
	u32 accused;			/* atomic: the count, plus 1, for which the neighbour sent an NMI */
	u32 seen, missed;		/* the watcher's: the count, and how often it was the same */
} beats[NR_CPUS];

/* Called once a beat, by whoever watches. */
static bool is_stuck(struct beat *b)
{
	u32 count = atomic_read(&b->count);

	b->missed = count == b->seen ? b->missed + 1 : 0;
	b->seen = count;
	return b->missed >= opt_timeout * 1000UL / BEAT_MS;
}

void watchdog_touch(void)
{
	for (unsigned cpu = 0; active && cpu < nr_cpus; cpu++)
		WRITE_ONCE(beats[cpu].missed, 0);
}

/* ---- the counter ------------------------------------------------------------------- */

static void start_counter(void)
{
	/* Writes to Intel's take 31 bits and sign; AMD's take all. */
	u64 cycles = MIN(tsc_khz * BEAT_MS, 0x7fffffffUL);

	wrmsr(pmu.counter, -cycles);
	if (pmu.version > 1)
		wrmsr(MSR_GLOBAL_OVF_CTRL, 1);
	apic_counter_nmi();		/* it masks itself with each NMI */
}

static void find_counter(void)
{
	u32 a, b, c, d;

	if (cpu_features.intel) {
		cpuid(0, 0, &a, &b, &c, &d);
		if (a < 0xa)
			return;
		cpuid(0xa, 0, &a, &b, &c, &d);
		if (!(a & 0xff) || !(a >> 8 & 0xff) || (b & 1))
			return;
		pmu.version = a & 0xff;
		pmu.counter = MSR_PMC0_INTEL;
		pmu.event = EVENT_INTEL;
		pmu.select = MSR_PERFEVTSEL0_INTEL;
	} else if (cpu_features.amd && cpu_features.family >= 6) {
		pmu.counter = MSR_PMC0_AMD;
		pmu.event = EVENT_AMD;
		pmu.select = MSR_PERFEVTSEL0_AMD;
	}
}

/* On the boot CPU: does it count? A virtual machine may have the registers and no counter. */
static bool __init counter_works(void)
{
	u64 select, from, to;

	find_counter();
	if (!pmu.select || rdmsr_safe(pmu.select, &select) || rdmsr_safe(pmu.counter, &from) ||
	    wrmsr_safe(pmu.select, pmu.event | EVTSEL_USR | EVTSEL_OS | EVTSEL_EN))
		return false;
	if (pmu.version > 1 && wrmsr_safe(MSR_GLOBAL_CTRL, 1))
		return false;
	from = rdmsr(pmu.counter);
	udelay(TRIAL_US);
	to = rdmsr(pmu.counter);
	wrmsr(pmu.select, 0);
	return to != from;
}

static void count_here(void)
{
	wrmsr(pmu.select, 0);
	start_counter();
	if (pmu.version > 1)
		wrmsr(MSR_GLOBAL_CTRL, 1);
	wrmsr(pmu.select, pmu.event | EVTSEL_USR | EVTSEL_OS | EVTSEL_INT | EVTSEL_EN);
}

/* ---- NMI and timer --------------------------------------------------------------------- */

static void __noreturn report(struct cpu_user_regs *regs)
{
	panic_at(regs, "watchdog: this CPU is stuck: it has run no timers for %u seconds", opt_timeout);
}

bool watchdog_nmi(struct cpu_user_regs *regs)
{
	struct beat *b = &beats[this_cpu()->id];
	u32 accused = atomic_read(&b->accused) ? xchg(&b->accused, 0) : 0;

	b->nmis++;
	if (!active)
		return false;
	if (accused) {
		if (accused == b->count + 1)
			report(regs);
		return true;
	}
	if (!by_counter || (rdmsr(pmu.counter) & BIT(31)))	/* not from zero on */
		return false;
	if (is_stuck(b))
		report(regs);
	start_counter();
	return true;
}

/* The next CPU is this one's to watch, the last one's is the first. */
static void watch_neighbour(unsigned cpu)
{
	struct beat *b = &beats[cpu];
	u32 limit = opt_timeout * 1000UL / BEAT_MS;

	if (!is_stuck(b))
		return;
	if (b->missed == limit) {
		__atomic_store_n(&b->accused, b->seen + 1, __ATOMIC_SEQ_CST);
		send_nmi(cpu);
	} else if (b->missed > limit + GRACE_BEATS) {
		panic("watchdog: CPU %u is stuck, and does not even take an NMI", cpu);
	}
}

static void beat(void *data)
{
	struct beat *b = data;
	unsigned cpu = b - beats;

	atomic_add(&b->count, 1);
	if (by_counter && !(rdmsr(pmu.select) & EVTSEL_EN))
		count_here();
	if (!by_counter)
		watch_neighbour((cpu + 1) % nr_cpus);
	timer_set(&b->timer, now() + MILLISECS(BEAT_MS));
}

void dump_nmis(void)
{
	printk(LOG_ERR "Watchdog: %s\n", !active ? "off" : by_counter ? "on, by performance counters" :
	       "on, each CPU watches the next");
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		printk(LOG_ERR "  CPU %u: %lu NMIs, %u beats, %u missed\n", cpu, beats[cpu].nmis,
		       beats[cpu].count, beats[cpu].missed);
}

void __init nmi_watchdog_init(void)
{
	if (!opt_watchdog || !opt_timeout)
		return;
	by_counter = counter_works();
	if (!by_counter && nr_cpus == 1) {
		printk(LOG_WARN "Watchdog: this CPU has no performance counter, and no other to watch it: off\n");
		return;
	}
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		timer_init(&beats[cpu].timer, beat, &beats[cpu], cpu);
	active = true;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		timer_set(&beats[cpu].timer, now() + MILLISECS(BEAT_MS));
	if (by_counter)
		printk(LOG_INFO "Watchdog: each CPU by its performance counter, %u seconds\n", opt_timeout);
	else
		printk(LOG_INFO "Watchdog: no performance counter counts here; each CPU watches the next, %u seconds\n",
		       opt_timeout);
}
