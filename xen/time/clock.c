/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System time: the TSC, scaled. Guests compute it with the same numbers (guest.c), so
 * their clock is ours.
 *
 * At boot the TSC's rate is measured against a platform timer for a few milliseconds.
 * After that each CPU compares once a second. A TSC that keeps its rate (CPUID's
 * invariant bit) only gets its rate refined for the first seconds; any other follows the
 * platform timer: it runs a little faster or slower until both agree. Time never jumps
 * back, and forward only if the TSC has stood still.
 *
 * If the TSCs of all CPUs keep their rate and count alike there is one clock for all: the
 * boot CPU refines it, and the others take the new numbers as soon as they look at their
 * work. Until then they differ from it by the change of the rate, some 10^-5, times that
 * moment: by less than a cache line takes from one CPU to the other. Otherwise each CPU
 * has a clock of its own, kept near the platform timer.
 */
#include <xen/boot.h>
#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include "clock.h"
#include "platform.h"

#define CALIBRATE_NS	MILLISECS(12)
#define CHECK_PERIOD	SECONDS(1)
#define REFINEMENTS	16		/* checks that an invariant TSC gets */
#define MAX_DRIFT	MILLISECS(100)	/* more than this off isn't slewed */
#define STUCK_TICKS	(1UL << 33)	/* a platform timer that hasn't moved in so many TSC ticks */

struct tsc_clock tsc_clocks[NR_CPUS];
u64 tsc_khz;
const char *clock_source_name = "TSC";

static const struct platform_timer *platform;	/* set once */
static spinlock_t platform_lock = SPINLOCK_INIT(LOCK_PLATFORM);	/* the next two */
static u64 platform_last, platform_ticks;	/* its counter, and that without wraps */

static struct checker {
	struct timer timer;
	u64 tsc, platform_ns;		/* where the measured stretch began; own CPU */
	stime_t platform_offset;	/* platform time + this is system time; own CPU */
	unsigned n;
} checkers[NR_CPUS];

static u8 tsc_trust;			/* 1: stable, 2: unstable, whatever CPUID says */

static int __init parse_tsc(const char *s)
{
	static const char *const words[] = { NULL, "stable", "unstable" };

	for (u8 i = 1; i < ARRAY_SIZE(words); i++)
		if (!strcmp(s, words[i]))
			tsc_trust = i;
	return tsc_trust ? 0 : -EINVAL;
}
BOOT_FN("tsc", parse_tsc, "stable or unstable: does the TSC keep its rate, whatever CPUID says?");

static bool common;			/* set by time_all_cpus_up() */
static spinlock_t common_lock = SPINLOCK_INIT(LOCK_CLOCK);	/* tsc_clocks[0], while common */

stime_t now(void)
{
	return clock_at(&tsc_clocks[this_cpu()->id], rdtsc());
}

u64 time_to_tsc(stime_t at)
{
	const struct tsc_clock *c = &tsc_clocks[this_cpu()->id];
	u64 scaled;

	if (at <= c->ns)
		return c->tsc;
	scaled = mul_div(MIN(at - c->ns, SECONDS(86400)), 1UL << 32, c->scale.mul) + 1;
	return c->tsc + (c->scale.shift < 0 ? scaled << -c->scale.shift : scaled >> c->scale.shift) + 1;
}

void udelay(u64 us)
{
	u64 start = rdtsc();

	if (!tsc_khz) {		/* before time_init: a write to this port takes about 1 us */
		while (us--)
			outb(0x80, 0);
		return;
	}
	while (rdtsc() - start < us * tsc_khz / 1000)
		cpu_relax();
}

/* ---- reading both clocks at one instant ------------------------------------- */

struct sample { u64 tsc, platform, timer; };

/* The tightest of a few tries: an interrupt of ours (SMI) or a busy host can come between. */
static struct sample take_sample(const struct platform_timer *p, bool with_timer)
{
	struct sample best = { 0 };
	u64 width = ~0UL;

	for (int i = 0; i < 5; i++) {
		u64 t0 = rdtsc(), count = p->read();
		u64 timer = with_timer ? apic_timer_count(false) : 0, t1 = rdtsc();

		if (t1 - t0 >= width)
			continue;
		width = t1 - t0;
		best = (struct sample){ t0 + width / 2, count & p->mask, timer };
	}
	return best;
}

static u64 platform_to_ns(const struct platform_timer *p, u64 ticks)
{
	return mul_div(ticks, p->num, p->den);
}

/* The platform's time of a sample, in ns since boot; called well before the counter wraps. */
static u64 platform_time(const struct sample *s)
{
	u64 ns;

	spin_lock(&platform_lock);
	platform_ticks += (s->platform - platform_last) & platform->mask;
	platform_last = s->platform;
	ns = platform_to_ns(platform, platform_ticks);
	spin_unlock(&platform_lock);
	return ns;
}

/* ---- boot --------------------------------------------------------------------- */

/* The TSC's and the local timer's rate by @p: 0, or -ENODEV if @p doesn't count. */
static __init int calibrate(const struct platform_timer *p, bool *deadline)
{
	struct sample a, b;
	u64 last, ticks = 0, ns;

	apic_timer_count(true);
	a = take_sample(p, true);
	last = a.platform;
	do {
		u64 count = p->read() & p->mask;

		ticks += (count - last) & p->mask;
		last = count;
		if (!ticks && rdtsc() - a.tsc > STUCK_TICKS)
			return -ENODEV;
		ns = platform_to_ns(p, ticks);
	} while (ns < (u64)CALIBRATE_NS);
	b = take_sample(p, true);
	ns = platform_to_ns(p, (b.platform - a.platform) & p->mask);
	if (!ns || b.tsc <= a.tsc)
		return -ENODEV;
	tsc_khz = mul_div(b.tsc - a.tsc, 1000000, ns);
	tsc_clocks[0].scale = tick_scale(ns, b.tsc - a.tsc);
	tsc_clocks[0].tsc = a.tsc;
	tsc_clocks[0].epoch = NR_CPUS;
	*deadline = apic_timer_calibrated(b.timer - a.timer, ns);
	checkers[0].tsc = a.tsc;
	platform = p;
	platform_last = a.platform;
	return 0;
}

static void start_checker(unsigned cpu)
{
	if (!platform->steady)
		return;
	timer_init(&checkers[cpu].timer, clock_check, NULL, cpu);
	timer_set(&checkers[cpu].timer, now() + CHECK_PERIOD);
}

void __init time_init(void)
{
	static char name[48] = "TSC";
	const struct platform_timer *p;
	bool deadline;

	if (tsc_trust)
		cpu_features.invariant_tsc = tsc_trust == 1;
	timer_queues_init();
	for (unsigned skip = 0; (p = platform_timer_find(skip)) && calibrate(p, &deadline); skip++)
		printk(LOG_WARN "%s does not count: not used\n", p->name);
	if (!p)
		panic("no timer of this machine counts (HPET, ACPI PM timer, PIT): there is no clock");
	snprintf(name, sizeof(name), "TSC, measured by %s", p->name);
	clock_source_name = name;
	printk(LOG_INFO "Clock: TSC%s at %lu.%03lu MHz, measured by %s; timer: local APIC%s\n",
	       cpu_features.invariant_tsc ? " (invariant)" : "", tsc_khz / 1000, tsc_khz % 1000,
	       p->name, deadline ? ", TSC deadline" : "");
	wallclock_init();
	start_checker(0);
}

/* The boot CPU's clock goes on here, at the TSC that its TSC corresponds to. */
void time_init_this_cpu(void)
{
	unsigned cpu = this_cpu()->id;
	struct tsc_clock *c = &tsc_clocks[cpu];
	struct checker *k = &checkers[cpu];
	struct tsc_pair p = compare_tsc();

	*c = tsc_clocks[0];
	c->epoch = NR_CPUS + cpu;
	if (!tsc_agree) {
		c->tsc = p.mine;
		c->ns = clock_at(&tsc_clocks[0], p.boot_cpus);
	}
	if (platform->steady) {
		struct sample s = take_sample(platform, false);

		k->tsc = s.tsc;
		k->platform_ns = platform_time(&s);
		k->platform_offset = checkers[0].platform_offset;
	}
}

void __init time_all_cpus_up(void)
{
	common = cpu_features.invariant_tsc && tsc_agree;
	for (unsigned cpu = 1; cpu < nr_cpus; cpu++) {
		if (common)
			cpu_work(cpu, WORK_CLOCK);
		else
			start_checker(cpu);
	}
	printk(LOG_INFO "Clocks of the CPUs: TSCs %s%s\n", tsc_agree ? "count alike" : "differ",
	       common ? ", one clock for all" : ", a clock for each");
}

bool clock_is_common(void)
{
	return nr_cpus == 1 || common;
}

void clock_adopt(void)
{
	spin_lock(&common_lock);
	tsc_clocks[this_cpu()->id] = tsc_clocks[0];
	spin_unlock(&common_lock);
	if (!is_idle_vcpu(current))
		update_vcpu_time(current, false);
}

/* ---- later --------------------------------------------------------------------- */

/* Begin a new linear stretch of this CPU's clock at (@tsc, @at). */
static void set_clock(struct tsc_clock *c, u64 tsc, stime_t at, u64 ns, u64 ticks)
{
	spin_lock(&common_lock);
	c->tsc = tsc;
	c->ns = at;
	if (ns && ticks)
		c->scale = tick_scale(ns, ticks);
	c->epoch += NR_CPUS;
	spin_unlock(&common_lock);
	for (unsigned cpu = 1; common && cpu < nr_cpus; cpu++)
		cpu_work(cpu, WORK_CLOCK);
	if (current && !is_idle_vcpu(current))
		update_vcpu_time(current, false);
}

/* TSC of constant rate: the longer the stretch, the better the rate is known. */
static void refine(struct checker *k, struct tsc_clock *c, u64 tsc, u64 platform_ns)
{
	stime_t at = clock_at(c, tsc), error = (stime_t)platform_ns + k->platform_offset - at;

	if (error < at / 1024 && -error < at / 1024)	/* else the platform timer has lost turns */
		set_clock(c, tsc, at, platform_ns - k->platform_ns, tsc - k->tsc);
}

/*
 * TSC of any rate: go on at the rate of the last second, changed so that the error would
 * be gone in one second more. If we are far behind, the TSC has stood still: catch up at
 * once. If far ahead, the platform timer has lost turns: believe the TSC.
 */
static void follow(struct checker *k, struct tsc_clock *c, u64 tsc, u64 platform_ns)
{
	stime_t at = clock_at(c, tsc), error = (stime_t)platform_ns + k->platform_offset - at;
	u64 ns = platform_ns - k->platform_ns, ticks = tsc - k->tsc;

	if (error > MAX_DRIFT) {
		at += error;
	} else if (error < -MAX_DRIFT) {
		k->platform_offset -= error;
		ns = 0;
	} else if (ns < (u64)CHECK_PERIOD * 8) {
		ns += error * (stime_t)ns / CHECK_PERIOD;
	}
	set_clock(c, tsc, at, ns, ticks);
	k->tsc = tsc;
	k->platform_ns = platform_ns;
}

void clock_check(void *unused)
{
	unsigned cpu = this_cpu()->id;
	struct checker *k = &checkers[cpu];
	struct sample s = take_sample(platform, false);
	u64 platform_ns = platform_time(&s);

	if (cpu_features.invariant_tsc)
		refine(k, &tsc_clocks[cpu], s.tsc, platform_ns);
	else
		follow(k, &tsc_clocks[cpu], s.tsc, platform_ns);
	if (!cpu_features.invariant_tsc || ++k->n < REFINEMENTS)
		timer_set(&k->timer, now() + CHECK_PERIOD);
}
