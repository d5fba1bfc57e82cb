/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine in simulated time for tests of the scheduler: CPUs that run whom schedule()
 * says, and timers. Every vcpu that runs uses all the time it gets. Included once, by the
 * test's own file, whose main() is run_tests_of().
 */
#include <xen/domain.h>
#include <xen/console.h>
#include "hv_stack.h"
#include "../../xen/sched/run_queue.h"

/* ---- what the scheduler calls ----------------------------------------------------- */

struct domain *dom0, *dom_idle, *dom_xen, *dom_io;
struct list domain_list = LIST_INIT(domain_list);
spinlock_t domlist_lock;

static const struct sched_policy *machine_policy;
static stime_t clock_ns;
static struct timer *timers[1024];
static struct vcpu *on_cpu[NR_CPUS];
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
	assert_true(nr_timers < ARRAY_SIZE(timers));
	timers[nr_timers++] = t;
}
void timer_set(struct timer *t, stime_t expires) { t->set = true; t->expires = expires; }
void timer_stop(struct timer *t) { t->set = false; }
void timer_kill(struct timer *t) { t->set = false; }

void context_switch(struct vcpu *prev, struct vcpu *next)
{
	assert_ptr_equal(prev, current);
	assert_true(is_idle_vcpu(next) || (next->affinity & BIT(this_cpu()->id)));
	on_cpu[this_cpu()->id] = cpu_info()->vcpu = next;
	switches++;
}

/* ---- the machine -------------------------------------------------------------------- */

static void become(unsigned cpu)
{
	cpu_info()->cpu = &cpus[cpu];
	cpu_info()->vcpu = on_cpu[cpu];
}

static struct vcpu *new_vcpu(struct domain *d, unsigned id)
{
	struct vcpu *v = calloc(1, sizeof(*v));

	v->domain = d;
	v->id = id;
	v->info = &v->dummy_info;
	sched_init_vcpu(v);
	if (d != dom_idle) {
		d->vcpu[id] = v;
		d->max_vcpus = id + 1;
	}
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

/* CPUs of which @threads each share a core, and @cores cores a socket. */
static void start_machine(unsigned n, unsigned threads, unsigned cores)
{
	unsigned socket = threads * cores;

	nr_timers = 0;
	nr_cpus = n;
	memset(run_queues, 0, sizeof(run_queues));
	list_init(&domain_list);
	sched = machine_policy;
	sched_init();
	for (unsigned i = 0; i < n; i++) {
		cpus[i].id = i;
		cpus[i].work = 0;
		cpus[i].same_core = (BIT(threads) - 1) << i / threads * threads;
		cpus[i].same_socket = (BIT(socket) - 1) << i / socket * socket;
		on_cpu[i] = cpus[i].idle = new_vcpu(dom_idle, i);
	}
	become(0);
}

static int fresh_machine(void **state)
{
	start_machine(1, 1, 1);
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
	become(first->cpu);
	first->fn(first->data);
	become(0);
}

static bool do_work(void)
{
	bool any = false;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpus[cpu].work) {
			become(cpu);
			schedule();
			any = true;
		}
	become(0);
	return any;
}

/* Let @ns pass; every vcpu that runs uses all it gets. */
static void run(stime_t ns)
{
	stime_t until = clock_ns + ns;

	for (;;) {
		if (do_work())
			continue;
		if (clock_ns >= until)
			return;
		fire_next_timer(until);
	}
}

static bool runs(const struct vcpu *v)
{
	return on_cpu[v->cpu] == v;
}

/* A vcpu that runs blocks; it's over when an event comes. */
static void block(struct vcpu *v)
{
	assert_true(runs(v));
	become(v->cpu);
	vcpu_block();
	become(0);
	run(0);
}

/* As vcpu_pause(), but the CPU that runs it comes to its work here, not while we wait for it. */
static void pause_vcpu(struct vcpu *v)
{
	atomic_add(&v->pause_count, 1);
	vcpu_sleep(v);
	run(0);
}

static int end_machine(void **state)
{
	struct domain *d;

	list_for_each(d, &domain_list, list)
		for (unsigned i = 0; i < d->max_vcpus; i++)
			pause_vcpu(d->vcpu[i]);
	run(SECONDS(20));
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		assert_ptr_equal(on_cpu[cpu], cpus[cpu].idle);
		assert_int_equal(run_queues[cpu].waiting, 0);
	}
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_machine, end_machine)

static int run_tests_of(const struct sched_policy *policy, int (*tests)(void))
{
	machine_policy = policy;
	dom_idle = calloc(1, sizeof(*dom_idle));
	dom_idle->id = DOMID_IDLE;
	return run_on_hv_stack(tests);
}
