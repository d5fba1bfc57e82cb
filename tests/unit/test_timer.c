/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: */
/* The timer heap and the clock's arithmetic, compiled in here with a TSC and CPUs of the test's. */
#include <xen/domain.h>
#include <xen/irq.h>

static u64 fake_tsc;
static struct cpu fake_cpus[NR_CPUS];
static unsigned on_cpu;

#undef current
#define current ((struct vcpu *)NULL)
#define rdtsc() fake_tsc
#define this_cpu() (&fake_cpus[on_cpu])
#undef perfc_add
#define perfc_add(counter, n) ((void)0)

#include "../../xen/time/timer.c"
#include "../../xen/time/clock.c"
#include "../../xen/time/agree.c"

unsigned nr_cpus = 2;
struct cpu_features cpu_features;
struct domain *dom_idle;
static stime_t hardware;	/* what the one-shot timer is set for */
static unsigned worked[NR_CPUS];

void apic_timer_set(stime_t deadline) { hardware = deadline; }
void cpu_work(unsigned cpu, unsigned bit) { worked[cpu]++; }
void serve_flush(void) { }
void update_vcpu_time(struct vcpu *v, bool force) { }
void wallclock_init(void) { }
const char *symbol_lookup(vaddr_t addr, u64 *offset, u64 *size) { return NULL; }
u32 apic_timer_count(bool start) { return fake_tsc; }
bool apic_timer_calibrated(u32 ticks, u64 ns) { return false; }

/* ---- timers ---- */

static void at_ns(stime_t ns) { fake_tsc = ns; }	/* a TSC of 1 GHz */

static int setup(void **state)
{
	for (unsigned i = 0; i < NR_CPUS; i++) {
		fake_cpus[i].id = i;
		queues[i] = (struct timer_queue){ .root = NULL };
		tsc_clocks[i] = (struct tsc_clock){ .scale = tick_scale(1, 1), .epoch = NR_CPUS + i };
		worked[i] = 0;
	}
	on_cpu = 0;
	hardware = 0;
	at_ns(0);
	return 0;
}

static stime_t last_fired;
static unsigned nr_fired;

static void fired(void *data)
{
	struct timer *t = data;

	assert_true(t->expires >= last_fired);
	assert_true(t->expires <= now());
	last_fired = t->expires;
	nr_fired++;
}

#define N 500
static struct timer timers[N];

/* Random sets, stops and moves; then everything fires, in order, and nothing else. */
static void test_heap(void **state)
{
	uint64_t seed = 42;
	unsigned expected = 0;

	for (unsigned i = 0; i < N; i++)
		timer_init(&timers[i], fired, &timers[i], 0);
	for (unsigned i = 0; i < 20000; i++) {
		struct timer *t = &timers[unit_random(&seed) % N];

		switch (unit_random(&seed) % 4) {
		case 0:
			timer_stop(t);
			break;
		case 1:
			timer_migrate(t, unit_random(&seed) % 2);
			break;
		default:
			timer_set(t, 1 + unit_random(&seed) % 1000000);
		}
	}
	for (unsigned i = 0; i < N; i++) {
		timer_migrate(&timers[i], 0);
		expected += timers[i].set;
	}
	assert_null(queues[1].root);
	last_fired = nr_fired = 0;
	for (stime_t t = 0; t <= 1000000; t += 1000) {
		at_ns(t);
		run_timers();
		if (queues[0].root)
			assert_true(queues[0].root->expires > t && hardware == queues[0].root->expires);
	}
	assert_int_equal(nr_fired, expected);
	assert_int_equal(hardware, 0);
}

static void test_hardware(void **state)
{
	struct timer a, b;

	timer_init(&a, fired, &a, 0);
	timer_init(&b, fired, &b, 0);
	timer_set(&a, MILLISECS(5));
	assert_int_equal(hardware, MILLISECS(5));
	timer_set(&b, MILLISECS(5) - SLOP / 2);		/* near enough */
	assert_int_equal(hardware, MILLISECS(5));
	timer_set(&b, MILLISECS(1));
	assert_int_equal(hardware, MILLISECS(1));
	timer_stop(&b);					/* not worth a write */
	assert_int_equal(hardware, MILLISECS(1));
	at_ns(MILLISECS(1));
	nr_fired = last_fired = 0;
	run_timers();
	assert_int_equal(nr_fired, 0);
	assert_int_equal(hardware, MILLISECS(5));
	timer_stop(&a);
	timer_stop(&a);
	run_timers();
	assert_int_equal(hardware, 0);
}

static void test_other_cpu(void **state)
{
	struct timer t;

	timer_init(&t, fired, &t, 1);
	timer_set(&t, 100);
	assert_int_equal(worked[1], 1);
	assert_int_equal(hardware, 0);
	timer_migrate(&t, 0);
	assert_int_equal(hardware, 100);
	timer_kill(&t);
	timer_set(&t, 200);
	assert_false(t.set);
	assert_null(queues[0].root);
}

static void again(void *data)
{
	nr_fired++;
	timer_set(data, 1);		/* always in the past */
}

static void test_callback_rearms(void **state)
{
	struct timer t;

	timer_init(&t, again, &t, 0);
	at_ns(1000);
	timer_set(&t, 1);
	nr_fired = 0;
	for (int i = 0; i < 100; i++)
		run_timers();
	assert_in_range(nr_fired, 1, 200);
	timer_stop(&t);
}

/* ---- the clock ---- */

static void test_scale(void **state)
{
	static const u64 khz[] = { 1, 1000, 999999, 1000000, 1000001, 2494123, 5000000, 99999999 };

	for (unsigned i = 0; i < ARRAY_SIZE(khz); i++) {
		struct tick_scale s = tick_scale(1000000, khz[i]);
		u64 hour = ticks_to_ns(s, khz[i] * 3600 * 1000);

		assert_true(s.mul >> 31);
		assert_in_range(hour, 3600000000000 - 10000, 3600000000000);
		tsc_clocks[0] = (struct tsc_clock){ .tsc = 12345, .ns = 999, .scale = s };
		for (stime_t at = 1000; at < SECONDS(100); at = at * 3 + 7) {
			assert_true(clock_at(&tsc_clocks[0], time_to_tsc(at)) >= at);
			assert_true(clock_at(&tsc_clocks[0], time_to_tsc(at)) <= at + 2000000 / (stime_t)khz[i] + 3);
		}
	}
	assert_int_equal(mul_div(~0UL, ~0UL, ~0UL), ~0UL);
	assert_int_equal(mul_div(1000000007, 998244353, 1000003), 998241365263UL);
}

static double fake_platform;
static u64 fake_read(void) { return (u64)fake_platform; }
static struct platform_timer fake_timer = {
	.name = "fake", .steady = true, .num = 1000000000, .den = 3579545, .mask = 0xffffff,
	.read = fake_read,
};
const struct platform_timer *platform_timer_find(unsigned skip) { return &fake_timer; }

/* One second of true time with a TSC of @ghz; now() may not go back. */
static void second(double ghz)
{
	stime_t last = now();

	for (int i = 0; i < 1000; i++) {
		fake_tsc += (u64)(ghz * 1e6);
		fake_platform += 3579.545;
		assert_true(now() >= last);
		last = now();
		run_timers();
		assert_true(now() >= last);
	}
}

/* A TSC that is not what it seemed at boot, and changes its rate later. */
static void test_follow(void **state)
{
	double start;

	platform = &fake_timer;
	fake_platform = 1e7;
	platform_last = 10000000;
	platform_ticks = 0;
	tsc_clocks[0].scale = tick_scale(1000000, 3000000);
	checkers[0] = (struct checker){ .tsc = 0 };
	fake_tsc = 0;
	start = fake_platform;
	start_checker(0);
	for (int s = 0; s < 100; s++)
		second(s < 50 ? 2.999 : 2.8);
	second(2.8);
	assert_in_range((u64)now(), (u64)((fake_platform - start) / 3579545 * 1e9) - 20000,
			(u64)((fake_platform - start) / 3579545 * 1e9) + 20000);
	second(1.0);		/* far too slow: the clock stood still; it is set right */
	for (int s = 0; s < 10; s++)
		second(1.0);
	assert_in_range((u64)now(), (u64)((fake_platform - start) / 3579545 * 1e9) - 20000,
			(u64)((fake_platform - start) / 3579545 * 1e9) + 20000);
	timer_stop(&checkers[0].timer);
}

static void test_refine(void **state)
{
	stime_t before;

	cpu_features.invariant_tsc = true;
	platform = &fake_timer;
	fake_platform = 0;
	platform_last = platform_ticks = 0;
	fake_tsc = 0;
	tsc_clocks[0].scale = tick_scale(1000000, 2499900);	/* 40 ppm wrong */
	checkers[0] = (struct checker){ .tsc = 0 };
	start_checker(0);
	for (int s = 0; s < 20; s++)
		second(2.5);
	before = now();
	assert_false(checkers[0].timer.set);
	second(2.5);
	assert_in_range(now() - before, 1000000000 - 200, 1000000000 + 200);
	cpu_features.invariant_tsc = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_heap, setup),
		cmocka_unit_test_setup(test_hardware, setup),
		cmocka_unit_test_setup(test_other_cpu, setup),
		cmocka_unit_test_setup(test_callback_rearms, setup),
		cmocka_unit_test_setup(test_scale, setup),
		cmocka_unit_test_setup(test_follow, setup),
		cmocka_unit_test_setup(test_refine, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
