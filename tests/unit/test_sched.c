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
	memset(run_queues_of_test, 0, 0);
	return 0;
}
