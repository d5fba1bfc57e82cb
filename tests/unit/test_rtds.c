/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/sched/core.c xen/sched/balance.c xen/sched/credit.c xen/sched/rtds.c */
/*
 * The reservation policy in simulated time: budgets are kept beside any neighbours, what is
 * left over is shared, nobody gains by sleeping at the right time, and settings are checked.
 */
#include "sched_machine.h"

static int put(struct vcpu *v, u32 period_us, u32 budget_us, bool extra)
{
	struct xen_domctl_schedparam_vcpu p = { .vcpuid = v->id, .u.rtds = {
		.period = period_us, .budget = budget_us, .flags = extra } };
	int rc = sched->check_vcpu(&p);

	if (!rc)
		sched->adjust_vcpu(v, XEN_DOMCTL_SCHEDOP_putvcpuinfo, &p);
	return rc;
}

static struct vcpu *reserve(u32 period_us, u32 budget_us, bool extra)
{
	struct vcpu *v = new_domain(256, 0);

	assert_int_equal(put(v, period_us, budget_us, extra), 0);
	return v;
}

static void test_alone_with_extra(void **state)
{
	struct vcpu *a = reserve(10000, 4000, true);
	stime_t t = clock_ns;

	vcpu_wake(a);
	run(SECONDS(2));
	assert_near(share(a, t, 0), 1, 0.0001);
}

static void test_alone_without_extra(void **state)
{
	struct vcpu *a = reserve(10000, 4000, false);
	u64 idle = cpu_idle_time(0);
	stime_t t = clock_ns;

	vcpu_wake(a);
	run(SECONDS(2));
	assert_near(share(a, t, 0), 0.4, 0.005);
	assert_near((double)(cpu_idle_time(0) - idle) / (clock_ns - t), 0.6, 0.005);
}

/* One with a reservation among many that take all they can get. */
static void test_busy_neighbours(void **state)
{
	struct vcpu *a = reserve(10000, 4000, false), *b = reserve(50000, 10000, false);
	stime_t t = clock_ns;

	for (int i = 0; i < 8; i++)
		vcpu_wake(reserve(100000, 1000, true));
	vcpu_wake(a);
	vcpu_wake(b);
	run(SECONDS(10));
	assert_near(share(a, t, 0), 0.4, 0.005);
	assert_near(share(b, t, 0), 0.2, 0.005);
}

/* Each period's budget is there by the end of the period, not only in the mean. */
static void test_every_period(void **state)
{
	struct vcpu *a = reserve(10000, 3000, false), *b = reserve(35000, 10000, false),
		    *c = reserve(100000, 40000, false);
	stime_t t = clock_ns;
	u64 before;

	vcpu_wake(a);
	vcpu_wake(b);
	vcpu_wake(c);
	vcpu_wake(reserve(1000000, 100, true));
	for (int i = 1; i <= 200; i++) {
		before = vcpu_cpu_time(a);
		run(t + i * MILLISECS(10) - clock_ns);
		assert_true(vcpu_cpu_time(a) - before >= MICROSECS(2900));
	}
	assert_near(share(b, t, 0), 10.0 / 35, 0.01);
	assert_near(share(c, t, 0), 0.4, 0.01);
}

/* Those with extra time take turns on what is left. */
static void test_extra_is_shared(void **state)
{
	struct vcpu *a = reserve(10000, 4000, false), *x[3];
	stime_t t = clock_ns;

	vcpu_wake(a);
	for (int i = 0; i < 3; i++) {
		x[i] = reserve(100000, 1000, true);
		vcpu_wake(x[i]);
	}
	run(SECONDS(20));
	assert_near(share(a, t, 0), 0.4, 0.005);
	for (int i = 0; i < 3; i++)
		assert_near(share(x[i], t, 0), 0.2, 0.01);
}

/* More is promised than there is: all get less, and nobody starves. */
static void test_overload(void **state)
{
	struct vcpu *a = reserve(10000, 8000, true), *b = reserve(10000, 8000, true),
		    *c = reserve(20000, 8000, true);
	stime_t t = clock_ns;

	vcpu_wake(a);
	vcpu_wake(b);
	vcpu_wake(c);
	run(SECONDS(10));
	assert_near(share(a, t, 0), 0.35, 0.05);
	assert_near(share(b, t, 0), 0.35, 0.05);
	assert_near(share(c, t, 0), 0.3, 0.05);
}

/* One that sleeps until just before the end of its period doesn't get two budgets in a row. */
static void test_no_double_budget(void **state)
{
	struct vcpu *thief = reserve(20000, 8000, false), *good = reserve(20000, 10000, false);
	stime_t t = clock_ns;
	u64 before, t0;

	vcpu_wake(good);
	vcpu_wake(thief);
	run(MILLISECS(20));
	for (int i = 0; i < 200; i++) {
		while (!runs(thief))
			run(MICROSECS(100));
		block(thief);
		run(MILLISECS(11) + i * MICROSECS(37));
		t0 = clock_ns;
		before = vcpu_cpu_time(thief);
		vcpu_unblock(thief);
		run(MILLISECS(20));
		assert_true(vcpu_cpu_time(thief) - before <= MILLISECS(16) && clock_ns > (stime_t)t0);
	}
	assert_true(share(good, t, 0) > 0.49);
}

/* Who wakes with an early deadline runs at once; its neighbours have extra time only. */
static void test_wake_latency(void **state)
{
	struct vcpu *hog = reserve(100000, 1000, true), *io = reserve(10000, 2000, false);

	vcpu_wake(hog);
	vcpu_wake(io);
	run(MILLISECS(1));
	while (!runs(io))
		run(MICROSECS(100));
	block(io);
	for (int i = 0; i < 300; i++) {
		run(MILLISECS(3) + i * 1000);
		vcpu_unblock(io);
		run(0);
		assert_true(runs(io));
		run(MICROSECS(100));
		block(io);
	}
}

static void test_yield(void **state)
{
	struct vcpu *a = reserve(10000, 4000, true), *b = reserve(100000, 4000, true);

	vcpu_wake(a);
	vcpu_wake(b);
	run(MILLISECS(1));
	assert_ptr_equal(current, a);
	vcpu_yield();
	run(MICROSECS(900));
	assert_ptr_equal(current, b);		/* though its deadline is later */
	run(MICROSECS(200));
	assert_ptr_equal(current, a);
	pause_vcpu(b);
	vcpu_yield();
	run(0);
	assert_ptr_equal(current, a);
}

static void test_settings(void **state)
{
	struct vcpu *a = new_domain(256, 0);
	struct xen_domctl_schedparam_vcpu p = { .vcpuid = 0 };
	struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_RTDS,
		.cmd = XEN_DOMCTL_SCHEDOP_getinfo };

	new_vcpu(a->domain, 1);
	assert_int_equal(sched->adjust(a->domain, &op), 0);
	assert_int_equal(op.u.rtds.period, 10000);
	assert_int_equal(op.u.rtds.budget, 4000);
	assert_int_equal(op.u.rtds.flags, XEN_DOMCTL_SCHEDRT_extra);

	assert_int_equal(put(a, 10000, 10001, false), -EINVAL);
	assert_int_equal(put(a, 10000, 0, false), -EINVAL);
	assert_int_equal(put(a, 0, 0, false), -EINVAL);
	assert_int_equal(put(a, 10000, 99, false), -EINVAL);
	assert_int_equal(put(a, 10000001, 100, false), -EINVAL);
	assert_int_equal(put(a, ~0u, ~0u, false), -EINVAL);
	p.u.rtds.period = p.u.rtds.budget = 10000;
	p.u.rtds.flags = 2;
	assert_int_equal(sched->check_vcpu(&p), -EINVAL);
	assert_int_equal(put(a, 20000, 20000, false), 0);
	sched->adjust_vcpu(a, XEN_DOMCTL_SCHEDOP_getvcpuinfo, &p);
	assert_int_equal(p.u.rtds.period, 20000);
	assert_int_equal(p.u.rtds.budget, 20000);
	assert_int_equal(p.u.rtds.flags, 0);

	op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	op.u.rtds.budget = 20000;
	assert_int_equal(sched->adjust(a->domain, &op), -EINVAL);
	op.u.rtds.budget = 5000;
	op.u.rtds.flags = 0;
	assert_int_equal(sched->adjust(a->domain, &op), 0);
	for (int i = 0; i < 2; i++) {
		sched->adjust_vcpu(a->domain->vcpu[i], XEN_DOMCTL_SCHEDOP_getvcpuinfo, &p);
		assert_int_equal(p.u.rtds.period, 10000);
		assert_int_equal(p.u.rtds.budget, 5000);
	}
}

/* A new reservation holds at once, for one that runs, waits or sleeps. */
static void test_change(void **state)
{
	struct vcpu *a = reserve(10000, 2000, false), *hog = reserve(100000, 1000, true);
	stime_t t;
	u64 before;

	vcpu_wake(a);
	vcpu_wake(hog);
	for (int i = 0; i < 20; i++) {
		run(MILLISECS(10) + MICROSECS(1230));
		assert_int_equal(put(a, 10000 + i, 6000 - i, false), 0);
	}
	t = clock_ns;
	before = vcpu_cpu_time(a);
	run(SECONDS(2));
	assert_near(share(a, t, before), 0.6, 0.01);
}

/* ---- several CPUs ------------------------------------------------------------------- */

/* Three that need 60 % each fit on two CPUs only if they move between these. */
static void test_two_cpus(void **state)
{
	struct vcpu *v[3];
	stime_t t;
	double sum = 0;

	start_machine(2, 1, 2);
	t = clock_ns;
	for (int i = 0; i < 3; i++) {
		v[i] = reserve(20000, 12000, false);
		vcpu_wake(v[i]);
	}
	run(SECONDS(10));
	for (int i = 0; i < 3; i++)
		sum += share(v[i], t, 0);
	assert_near(sum, 1.8, 0.12);
}

/* One with a budget takes a CPU from extra time wherever that is. */
static void test_preempts_afar(void **state)
{
	struct vcpu *hog[4], *a[2];
	stime_t t;

	start_machine(4, 2, 2);
	t = clock_ns;
	for (int i = 0; i < 4; i++) {
		hog[i] = reserve(100000, 1000, true);
		vcpu_wake(hog[i]);
	}
	run(MILLISECS(500));
	for (int i = 0; i < 2; i++) {
		a[i] = reserve(10000, 9000, false);
		vcpu_set_affinity(a[i], BIT(i) | BIT(3), ~0UL);
		vcpu_wake(a[i]);
		run(0);
		assert_true(runs(a[i]));
	}
	t = clock_ns;
	run(SECONDS(4));
	assert_near(share(a[0], t, 0), 0.9, 0.02);
	assert_near(share(a[1], t, 0), 0.9, 0.02);
}

/* No CPU idles while somebody with extra time waits. */
static void test_work_conserving(void **state)
{
	u64 sum = 0;
	struct vcpu *v[5];
	stime_t t;

	start_machine(4, 2, 2);
	t = clock_ns;
	for (int i = 0; i < 5; i++) {
		v[i] = reserve(30000, 1000, true);
		vcpu_wake(v[i]);
	}
	run(SECONDS(5));
	for (int i = 0; i < 5; i++)
		sum += vcpu_cpu_time(v[i]);
	assert_near((double)sum / (clock_ns - t), 4, 0.001);
}

static int tests(void)
{
	const struct CMUnitTest all[] = {
		TEST(test_alone_with_extra), TEST(test_alone_without_extra), TEST(test_busy_neighbours),
		TEST(test_every_period), TEST(test_extra_is_shared), TEST(test_overload),
		TEST(test_no_double_budget), TEST(test_wake_latency), TEST(test_yield),
		TEST(test_settings), TEST(test_change), TEST(test_two_cpus),
		TEST(test_preempts_afar), TEST(test_work_conserving),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
	return run_tests_of(&sched_rtds, tests);
}
