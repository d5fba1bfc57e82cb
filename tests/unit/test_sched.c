/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/sched/core.c xen/sched/balance.c xen/sched/credit.c xen/sched/rtds.c */
/*
 * The scheduler with the credit policy, in simulated time: shares follow the weights, caps
 * hold, who wakes goes first and pays for it, nobody starves, and the CPU never
 * idles while somebody could use it.
 */
#include "sched_machine.h"

/* ---- tests ---------------------------------------------------------------------------- */

static void test_one_alone(void **state)
{
	struct vcpu *a = new_domain(256, 0);
	stime_t t = clock_ns;

	vcpu_wake(a);
	run(SECONDS(2));
	assert_ptr_equal(current, a);
	assert_near(share(a, t, 0), 1, 0.0001);
	assert_true(cpu_idle_time(0) < MILLISECS(1) || t > 0);
}

static void weights(u16 wa, u16 wb, u16 wc)
{
	struct vcpu *v[3] = { new_domain(wa, 0), new_domain(wb, 0), new_domain(wc, 0) };
	double sum = wa + wb + wc;
	stime_t t = clock_ns;

	for (int i = 0; i < 3; i++)
		vcpu_wake(v[i]);
	run(SECONDS(20));
	assert_near(share(v[0], t, 0), wa / sum, 0.02);
	assert_near(share(v[1], t, 0), wb / sum, 0.02);
	assert_near(share(v[2], t, 0), wc / sum, 0.02);
	assert_near(share(v[0], t, 0) + share(v[1], t, 0) + share(v[2], t, 0), 1, 0.0001);
}

static void test_equal_weights(void **state) { weights(256, 256, 256); }
static void test_unequal_weights(void **state) { weights(128, 256, 512); }
static void test_extreme_weights(void **state) { weights(1, 1000, 1000); }

/* A domain's share is the domain's, however many vcpus it has. */
static void test_many_vcpus(void **state)
{
	struct vcpu *a = new_domain(256, 0), *b = new_domain(256, 0);
	stime_t t = clock_ns;

	vcpu_wake(a);
	vcpu_wake(b);
	for (unsigned i = 1; i < 4; i++)
		vcpu_wake(new_vcpu(b->domain, i));
	run(SECONDS(20));
	assert_near(share(a, t, 0), 0.5, 0.02);
}

static void test_cap(void **state)
{
	struct vcpu *a = new_domain(256, 20);
	u64 idle = cpu_idle_time(0);
	stime_t t = clock_ns;

	vcpu_wake(a);
	run(SECONDS(10));
	assert_near(share(a, t, 0), 0.2, 0.01);
	assert_near((double)(cpu_idle_time(0) - idle) / SECONDS(10), 0.8, 0.01);
}

static void test_cap_leaves_the_rest(void **state)
{
	struct vcpu *a = new_domain(512, 30), *b = new_domain(256, 0);
	stime_t t = clock_ns;

	vcpu_wake(a);
	vcpu_wake(b);
	run(SECONDS(10));
	assert_near(share(a, t, 0), 0.3, 0.02);
	assert_near(share(b, t, 0), 0.7, 0.02);
}

/* One that sleeps mostly runs almost at once when it wakes, though another takes all it can get. */
static void test_wake_latency(void **state)
{
	struct vcpu *hog = new_domain(256, 0), *io = new_domain(256, 0);
	stime_t worst = 0;

	vcpu_wake(hog);
	vcpu_wake(io);
	run(MILLISECS(100));
	while (current != io)
		run(MICROSECS(100));
	block(io);
	for (int i = 0; i < 500; i++) {
		run(MILLISECS(3) + i * 1000);
		stime_t woken = clock_ns;

		vcpu_unblock(io);
		run(0);
		while (current != io)
			run(MICROSECS(10));
		worst = MAX(worst, clock_ns - woken);
		run(MICROSECS(100));
		assert_ptr_equal(current, io);
		block(io);
	}
	assert_true(worst <= MICROSECS(1010));		/* the rate limit */
}

/* Blocking just before ticks, and waking again, gains nothing: all time is charged. */
static void test_no_theft(void **state)
{
	struct vcpu *good = new_domain(256, 0), *thief = new_domain(256, 0);
	stime_t t = clock_ns;

	vcpu_wake(good);
	vcpu_wake(thief);
	while (clock_ns < t + SECONDS(20)) {
		run(MICROSECS(900));
		if (current == thief) {
			run(MICROSECS(8000));
			if (current == thief)
				block(thief);
			run(MICROSECS(50));
			vcpu_unblock(thief);
		}
	}
	assert_true(share(thief, t, 0) < 0.53);
}

static void test_yield(void **state)
{
	struct vcpu *a = new_domain(256, 0), *b = new_domain(256, 0);

	vcpu_wake(a);
	vcpu_wake(b);
	run(MILLISECS(1));
	for (int i = 0; i < 10; i++) {
		struct vcpu *was = current;

		vcpu_yield();
		run(0);
		assert_ptr_not_equal(current, was);
	}
	vcpu_pause(current == a ? b : a);
	vcpu_yield();
	run(0);
	assert_ptr_not_equal(current, cpus[0].idle);	/* alone, it goes on */
}

static void test_pause_and_states(void **state)
{
	struct vcpu *a = new_domain(256, 0);
	struct vcpu_runstate_info info;

	vcpu_runstate_get(a, &info);
	assert_int_equal(info.state, RUNSTATE_offline);
	vcpu_wake(a);
	run(MILLISECS(5));
	vcpu_runstate_get(a, &info);
	assert_int_equal(info.state, RUNSTATE_running);
	assert_int_equal(info.time[RUNSTATE_running], MILLISECS(5));
	block(a);
	run(MILLISECS(7));
	vcpu_pause(a);
	vcpu_pause(a);
	vcpu_unblock(a);
	run(MILLISECS(11));
	assert_ptr_equal(current, cpus[0].idle);
	vcpu_runstate_get(a, &info);
	assert_int_equal(info.state, RUNSTATE_offline);
	assert_int_equal(info.time[RUNSTATE_blocked], MILLISECS(7));
	assert_int_equal(info.time[RUNSTATE_offline], MILLISECS(11));
	vcpu_unpause(a);
	run(MILLISECS(1));
	assert_ptr_equal(current, cpus[0].idle);
	vcpu_unpause(a);
	run(0);
	assert_ptr_equal(current, a);
}

/* An event between the decision to block and the sleep must not be slept over. */
static void test_block_race(void **state)
{
	struct vcpu *a = new_domain(256, 0);

	vcpu_wake(a);
	run(MILLISECS(1));
	a->info->evtchn_upcall_pending = 1;
	block(a);
	assert_ptr_equal(current, a);
	a->info->evtchn_upcall_pending = 0;
	vcpu_block();
	vcpu_unblock(a);		/* after the flag, before the switch */
	run(0);
	assert_ptr_equal(current, a);
}

static void test_adjust(void **state)
{
	struct vcpu *a = new_domain(256, 0);
	struct xen_domctl_scheduler_op op = { .sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo, .u.credit = { 0, 0xffff } };
	struct xen_sysctl_scheduler_op g = { .sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_SYSCTL_SCHEDOP_getinfo };

	assert_int_equal(sched->adjust(a->domain, &op), 0);
	assert_int_equal(a->domain->sched.weight, 256);
	op.u.credit.weight = 1000;
	op.u.credit.cap = 50;
	assert_int_equal(sched->adjust(a->domain, &op), 0);
	op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	op.u.credit.weight = op.u.credit.cap = 0;
	assert_int_equal(sched->adjust(a->domain, &op), 0);
	assert_int_equal(op.u.credit.weight, 1000);
	assert_int_equal(op.u.credit.cap, 50);
	op.cmd = XEN_DOMCTL_SCHEDOP_putvcpuinfo;
	assert_int_equal(sched->adjust(a->domain, &op), -EINVAL);
	op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	op.sched_id = XEN_SCHEDULER_RTDS;
	assert_int_equal(sched->adjust(a->domain, &op), -EINVAL);

	assert_int_equal(sched->adjust_global(&g), 0);
	assert_int_equal(g.u.sched_credit.tslice_ms, 30);
	g.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
	g.u.sched_credit.tslice_ms = 1001;
	assert_int_equal(sched->adjust_global(&g), -EINVAL);
	g.u.sched_credit.tslice_ms = 1;
	g.u.sched_credit.ratelimit_us = 2000;		/* longer than the slice */
	assert_int_equal(sched->adjust_global(&g), -EINVAL);
	assert_int_equal(vcpu_set_affinity(a, 2, 2), -EINVAL);	/* there is one CPU */
	assert_int_equal(vcpu_set_affinity(a, 1, 1), 0);
}

/* ---- several CPUs -------------------------------------------------------------------- */

/* Weights count on a CPU that all are bound to, though the machine has more than enough. */
static void test_weights_when_pinned(void **state)
{
	struct vcpu *v[3], *free;
	stime_t t;

	start_machine(4, 1, 4);
	t = clock_ns;
	free = new_domain(256, 0);
	vcpu_wake(free);
	for (int i = 0; i < 3; i++) {
		v[i] = new_domain(128 << i, 0);
		assert_int_equal(vcpu_set_affinity(v[i], BIT(2), ~0UL), 0);
		vcpu_wake(v[i]);
	}
	run(SECONDS(20));
	for (int i = 0; i < 3; i++)
		assert_near(share(v[i], t, 0), (1 << i) / 7.0, 0.02);
	assert_near(share(free, t, 0), 1, 0.01);
}

/* Three equal ones on two CPUs get two thirds of a CPU each. */
static void test_three_on_two(void **state)
{
	struct vcpu *v[3];
	stime_t t;

	start_machine(2, 1, 2);
	t = clock_ns;
	for (int i = 0; i < 3; i++) {
		v[i] = new_domain(256, 0);
		vcpu_wake(v[i]);
	}
	run(SECONDS(20));
	for (int i = 0; i < 3; i++)
		assert_near(share(v[i], t, 0), 2 / 3.0, 0.03);
}

static void test_cap_on_two(void **state)
{
	struct vcpu *a, *b;
	stime_t t;

	start_machine(2, 1, 2);
	t = clock_ns;
	a = new_domain(256, 50);
	b = new_vcpu(a->domain, 1);
	vcpu_wake(a);
	vcpu_wake(b);
	run(SECONDS(10));
	assert_near(share(a, t, 0) + share(b, t, 0), 0.5, 0.02);
}

/* A vcpu that wakes on a busy CPU goes to the sibling thread, then within the socket, then away. */
static void test_nearest_first(void **state)
{
	static const unsigned order[] = { 5, 6, 7 };
	struct vcpu *v;

	start_machine(8, 2, 2);
	for (unsigned i = 0; i < 4; i++) {
		v = new_domain(256, 0);
		v->cpu = 4;
		vcpu_wake(v);
		run(0);
		assert_int_equal(v->cpu, i ? order[i - 1] : 4);
		assert_true(runs(v));
	}
	v = new_domain(256, 0);
	v->cpu = 4;
	vcpu_wake(v);
	run(0);
	assert_true(runs(v) && v->cpu < 4);
}

/* Soft affinity: a preferred CPU if one idles, any other rather than to wait. */
static void test_soft_affinity(void **state)
{
	struct vcpu *v[3];

	start_machine(4, 1, 4);
	for (int i = 0; i < 3; i++) {
		v[i] = new_domain(256, 0);
		v[i]->cpu = 0;
		assert_int_equal(vcpu_set_affinity(v[i], ~0UL, BIT(2) | BIT(3)), 0);
		vcpu_wake(v[i]);
		run(0);
		assert_true(runs(v[i]));
		assert_true(i == 2 ? v[i]->cpu < 2 : v[i]->cpu >= 2);
	}
	block(v[2]);
	block(v[0]);
	vcpu_unblock(v[2]);			/* now a preferred CPU idles */
	run(0);
	assert_true(runs(v[2]) && v[2]->cpu >= 2);
	assert_int_equal(vcpu_set_affinity(v[2], BIT(1), BIT(3)), 0);	/* not within the hard one: no wish */
	run(0);
	assert_true(runs(v[2]) && v[2]->cpu == 1);
	assert_int_equal(vcpu_set_affinity(v[2], BIT(7), ~0UL), -EINVAL);
}

/* Random wakes, blocks, pauses, affinities: no CPU idles while one waits that it may run. */
static void test_random(void **state)
{
	struct vcpu *v[10];
	u64 seed = 20240611;

	start_machine(4, 2, 2);
	for (int i = 0; i < 10; i++) {
		v[i] = new_domain(64 + unit_random(&seed) % 512, 0);
		vcpu_wake(v[i]);
	}
	for (int step = 0; step < 5000; step++) {
		struct vcpu *w = v[unit_random(&seed) % 10];
		u64 mask = 1 + unit_random(&seed) % 15;

		switch (unit_random(&seed) % 5) {
		case 0:
			if (runs(w))
				block(w);
			break;
		case 1:
			vcpu_unblock(w);
			break;
		case 2:
			atomic_read(&w->pause_count) ? vcpu_unpause(w) : pause_vcpu(w);
			break;
		case 3:
			assert_int_equal(vcpu_set_affinity(w, mask, unit_random(&seed) % 16), 0);
			break;
		}
		run(unit_random(&seed) % MICROSECS(700));
		for (int i = 0; i < 10; i++) {
			assert_false(v[i]->pause_flags & VPF_MIGRATING);
			if (!vcpu_runnable(v[i])) {
				assert_true(!runs(v[i]) && list_empty(&v[i]->sched.queue));
				continue;
			}
			assert_true(v[i]->affinity & BIT(v[i]->cpu));
			assert_true(runs(v[i]) != !list_empty(&v[i]->sched.queue));
			for (unsigned cpu = 0; cpu < 4 && !runs(v[i]); cpu++)
				assert_false((v[i]->affinity & BIT(cpu)) &&
					     is_idle_vcpu(on_cpu[cpu]));
		}
	}
	for (int i = 0; i < 10; i++)
		if (atomic_read(&v[i]->pause_count))
			vcpu_unpause(v[i]);
}

static int tests(void)
{
	const struct CMUnitTest all[] = {
		TEST(test_one_alone), TEST(test_equal_weights), TEST(test_unequal_weights),
		TEST(test_extreme_weights), TEST(test_many_vcpus), TEST(test_cap),
		TEST(test_cap_leaves_the_rest), TEST(test_wake_latency), TEST(test_no_theft),
		TEST(test_yield), TEST(test_pause_and_states), TEST(test_block_race),
		TEST(test_adjust), TEST(test_weights_when_pinned), TEST(test_three_on_two),
		TEST(test_cap_on_two), TEST(test_nearest_first), TEST(test_soft_affinity), TEST(test_random),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
	return run_tests_of(&sched_credit, tests);
}
