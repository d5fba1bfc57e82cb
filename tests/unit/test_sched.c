/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/sched/core.c xen/sched/credit.c */
/*
 * The scheduler in simulated time, on one CPU: shares follow the weights, caps
 * hold, who wakes goes first and pays for it, nobody starves, and the CPU never
 * idles while somebody could use it.
 */
#include <xen/domain.h>
#include <xen/console.h>
#include "hv_stack.h"
#include "../../xen/sched/run_queue.h"

/* ---- the world around the scheduler ------------------------------------------------ */

struct domain *dom0, *dom_idle, *dom_xen, *dom_io;
struct list domain_list = LIST_INIT(domain_list);
spinlock_t domlist_lock;

static stime_t clock_ns;
static struct timer *timers[64];
static unsigned nr_timers, switches;

stime_t now(void) { return clock_ns; }
void serve_flush(void) { }
void send_ipi(unsigned cpu, u8 vector) { }
void cpu_work(unsigned cpu, unsigned bit) { set_bit(bit, &cpus[cpu].work); }
void sync_vcpu_state(struct vcpu *v) { assert_false(v->running); }
void register_key(u8 key, void (*fn)(void), const char *what) { }
void watchdog_init(struct domain *d) { }
void watchdog_stop(struct domain *d) { }
bool local_events_need_delivery(struct vcpu *v) { return v->info->evtchn_upcall_pending; }

void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned cpu)
{
	*t = (struct timer){ .fn = fn, .data = data, .cpu = cpu };
	if (cpu == 0)
		timers[nr_timers++] = t;
}
void timer_set(struct timer *t, stime_t expires) { t->set = true; t->expires = expires; }
void timer_stop(struct timer *t) { t->set = false; }
void timer_kill(struct timer *t) { t->set = false; }

void context_switch(struct vcpu *prev, struct vcpu *next)
{
	assert_ptr_equal(prev, current);
	cpu_info()->vcpu = next;
	switches++;
}

static struct vcpu *new_vcpu(struct domain *d, unsigned id)
{
	struct vcpu *v = calloc(1, sizeof(*v));

	v->domain = d;
	v->id = id;
	v->info = &v->dummy_info;
	sched_init_vcpu(v);
	d->vcpu[id] = v;
	d->max_vcpus = id + 1;
	return v;
}

static struct vcpu *new_domain(u16 weight, u16 cap)
{
	struct domain *d = calloc(1, sizeof(*d));

	d->id = 1 + (domain_list.prev == &domain_list ? 0 : list_entry(domain_list.prev,
		     struct domain, list)->id);
	d->sched.weight = weight;
	d->sched.cap = cap;
	list_add_tail(&d->list, &domain_list);
	return new_vcpu(d, 0);
}

static int fresh_machine(void **state)
{
	nr_timers = 0;
	memset(run_queues, 0, sizeof(run_queues));
	list_init(&domain_list);
	sched_init();
	cpus[0].work = 0;
	cpus[0].idle = new_vcpu(dom_idle, 0);
	cpu_info()->vcpu = cpus[0].idle;
	return 0;
}

static void fire_next_timer(stime_t until)
{
	struct timer *first = NULL;

	for (unsigned i = 0; i < nr_timers; i++)
		if (timers[i]->set && (!first || timers[i]->expires < first->expires))
			first = timers[i];
	if (!first || first->expires > until) {
		clock_ns = until;
		return;
	}
	clock_ns = MAX(clock_ns, first->expires);
	first->set = false;
	first->fn(first->data);
}

/* Let @ns pass; every vcpu that runs uses all it gets. */
static void run(stime_t ns)
{
	stime_t until = clock_ns + ns;

	for (;;) {
		if (cpus[0].work)
			schedule();
		else if (clock_ns < until)
			fire_next_timer(until);
		else
			return;
	}
}

static int end_machine(void **state)
{
	struct domain *d;

	list_for_each(d, &domain_list, list)
		for (unsigned i = 0; i < d->max_vcpus; i++)
			vcpu_pause(d->vcpu[i]);
	run(SECONDS(1));
	assert_ptr_equal(current, cpus[0].idle);
	for (unsigned i = 0; i < nr_timers; i++)
		assert_false(timers[i]->set);		/* an idle machine sleeps */
	return 0;
}

static double share(struct vcpu *v, stime_t since, u64 before)
{
	return (double)(vcpu_cpu_time(v) - before) / (clock_ns - since);
}

static void assert_near(double x, double want, double off)
{
	if (x < want - off || x > want + off)
		fail_msg("%f, not %f +- %f", x, want, off);
}

/* The vcpu that runs blocks; it's over when an event comes. */
static void block(struct vcpu *v)
{
	assert_ptr_equal(current, v);
	vcpu_block();
	run(0);
}

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_machine, end_machine)

static int tests(void)
{
	const struct CMUnitTest all[] = {
		TEST(test_one_alone), TEST(test_equal_weights), TEST(test_unequal_weights),
		TEST(test_extreme_weights), TEST(test_many_vcpus), TEST(test_cap),
		TEST(test_cap_leaves_the_rest), TEST(test_wake_latency), TEST(test_no_theft),
		TEST(test_yield), TEST(test_pause_and_states), TEST(test_block_race),
		TEST(test_adjust),
	};

	dom_idle = calloc(1, sizeof(*dom_idle));
	dom_idle->id = DOMID_IDLE;
	return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
	return run_on_hv_stack(tests);
}
