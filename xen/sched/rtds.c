/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reservation policy: each vcpu is owed a budget of CPU time in each of its periods, and
 * gets it whatever the others do. What is left over is shared by those that may have it.
 *
 * A vcpu with budget left runs before all whose deadline, the end of their period, is later
 * (earliest deadline first; Liu and Layland 1973). When the budget is used up the vcpu
 * waits for its next period, or joins those that take turns on CPUs which nobody with a
 * budget wants ("extra time"). A vcpu that wakes goes on with what it had, unless that is
 * more than its rate allows until the deadline: then a new period begins, so that nobody
 * gets two budgets in a row by sleeping at the right time (constant bandwidth server;
 * Abeni and Buttazzo 1998).
 *
 * As long as the budgets of the vcpus that may run on a CPU come to no more than its time,
 * all are kept. If more was promised, all miss deadlines and nobody starves: a missed
 * deadline stays the vcpu's, so that it goes first later. A budget that was overrun, as
 * interrupts come late, is short of that in the next period.
 *
 * A vcpu belongs to one CPU's queue, but a CPU takes over what has an earlier deadline in
 * another's, so deadlines count machine-wide. It does so when it is told or picks anyway;
 * of several that it could take it takes the nearest queue's.
 *
 * The interface is the tools' `xl sched-rtds`: microseconds, per vcpu. (public/domctl.h)
 */
#include "run_queue.h"
#include <xen/hypercall.h>
#include <xen/lib.h>

/* Priorities: an earlier deadline is a higher one, above all without budget. */
#define PRIO_EXTRA	0L
#define PRIO_SPENT	(-1L)
#define PRIO_OF(deadline)	(INT64_MAX - (deadline))

#define DEFAULT_PERIOD_US	10000
#define DEFAULT_BUDGET_US	4000
#define MIN_BUDGET_US		100		/* less is lost in switches */
#define MAX_PERIOD_US		10000000	/* who waits for a period longer than that is dead to the world */

#define EXTRA_TURN	MILLISECS(5)
#define AFTER_YIELD	MILLISECS(1)	/* then the one that yielded is looked at again */
#define DUST		MICROSECS(20)	/* not worth a switch: as good as used up */

static struct {
	struct list ready;		/* run queue lock: with budget, by deadline */
	struct list extra;		/* run queue lock: take turns */
	struct list spent;		/* run queue lock: may not run before their next period */
	struct timer refill;		/* set for the first deadline in the two above */
	stime_t refill_at;		/* run queue lock: when; INT64_MAX: not set */
} queues[NR_CPUS];

/* ---- budgets ------------------------------------------------------------------ */

/* Charge @u, which runs, for the time until @t. */
static void burn(struct sched_unit *u, stime_t t)
{
	s64 ran = t - u->burned;

	if (ran <= 0)
		return;
	u->burned = t;
	u->run_ns += ran;
	if (u->prio > PRIO_EXTRA)
		u->rtds.left -= ran;
	else
		u->rtds.extra_left -= ran;
}

static bool has_budget(const struct sched_unit *u)
{
	return u->rtds.left > DUST;
}

/* Its period is over. What it overran is paid back, up to one budget. */
static void next_period(struct sched_unit *u, stime_t t)
{
	s64 debt = MIN(MAX(u->rtds.left, -u->rtds.budget), 0L);

	u->rtds.left = u->rtds.budget + debt;
	u->rtds.deadline += u->rtds.period;
	if (u->rtds.deadline <= t)
		u->rtds.deadline = t + u->rtds.period;
}

/* In microseconds the products fit. */
static bool more_than_its_rate(const struct sched_unit *u, stime_t t)
{
	u64 left_us = MAX(u->rtds.left, 0L) / 1000, until_us = (u->rtds.deadline - t) / 1000;

	return left_us * (u->rtds.period / 1000) > until_us * (u->rtds.budget / 1000);
}

/* Bring period, budget and priority up to date: of one that ran or waited, or just begins to wait. */
static void settle(struct sched_unit *u, stime_t t, bool begins)
{
	if (begins && (t >= u->rtds.deadline || more_than_its_rate(u, t))) {
		u->rtds.deadline = t;
		next_period(u, t);
	} else if (t >= u->rtds.deadline && !has_budget(u)) {
		next_period(u, t);
	}
	u->prio = has_budget(u) ? PRIO_OF(u->rtds.deadline) : u->rtds.extra ? PRIO_EXTRA : PRIO_SPENT;
}

/* ---- the queues ------------------------------------------------------------------ */

static void insert_by_deadline(struct vcpu *v)
{
	struct list *ready = &queues[v->cpu].ready;
	struct vcpu *at;

	list_for_each(at, ready, sched.queue)
		if (at->sched.prio < v->sched.prio)
			break;
	queue_before(v, &at->sched.queue);
}

/* One whose turn was cut short is the next again. */
static void insert_extra(struct vcpu *v, bool cut_short)
{
	struct list *extra = &queues[v->cpu].extra;

	if (cut_short && v->sched.rtds.extra_left > DUST) {
		queue_before(v, extra->next);
		return;
	}
	v->sched.rtds.extra_left = EXTRA_TURN;
	queue_before(v, extra);
}

static void refill_by(unsigned cpu, stime_t at)
{
	if (at >= queues[cpu].refill_at)
		return;
	queues[cpu].refill_at = at;
	timer_set(&queues[cpu].refill, at);
}

static void insert(struct vcpu *v, bool cut_short)
{
	if (v->sched.prio > PRIO_EXTRA) {
		insert_by_deadline(v);
		return;
	}
	if (v->sched.prio == PRIO_EXTRA)
		insert_extra(v, cut_short);
	else
		queue_before(v, &queues[v->cpu].spent);
	refill_by(v->cpu, v->sched.rtds.deadline);
}

static void enqueue(struct vcpu *v, bool woken)
{
	settle(&v->sched, now(), true);
	insert(v, false);
}

/* The vcpus of a list that begin a new period go where they can be seen. */
static void refill_list(struct list *l, unsigned cpu, stime_t t)
{
	struct vcpu *v, *tmp;

	list_for_each_safe(v, tmp, l, sched.queue) {
		if (v->sched.rtds.deadline > t) {
			refill_by(cpu, v->sched.rtds.deadline);
			continue;
		}
		unqueue(v);
		settle(&v->sched, t, false);
		insert(v, true);
		poke_for(v, cpu);
	}
}

/* The timer's callback, on its CPU. A debt of a whole budget leaves a vcpu where it was. */
static void refill(void *unused)
{
	unsigned cpu = this_cpu()->id;
	struct run_queue *q = &run_queues[cpu];
	stime_t t = now();

	spin_lock(&q->lock);
	queues[cpu].refill_at = INT64_MAX;
	refill_list(&queues[cpu].spent, cpu, t);
	refill_list(&queues[cpu].extra, cpu, t);
	spin_unlock(&q->lock);
}

/* ---- whom to run ------------------------------------------------------------------- */

static struct vcpu *find(unsigned from, unsigned cpu, s64 least, bool preferred, stime_t t)
{
	struct vcpu *v;

	list_for_each(v, &queues[from].ready, sched.queue) {
		if (v->sched.prio < least)
			return NULL;
		if (may_move(v, cpu, preferred))
			return v;
	}
	if (least <= PRIO_EXTRA)
		list_for_each(v, &queues[from].extra, sched.queue)
			if (may_move(v, cpu, preferred))
				return v;
	return NULL;
}

/* May the CPU's own queue's @v run now? @prev is leaving this CPU, and doesn't count if it yields. */
static bool is_free(const struct vcpu *v, const struct vcpu *prev)
{
	return v == prev ? !v->sched.yield : !READ_ONCE(v->running);
}

static struct vcpu *find_own(unsigned cpu, const struct vcpu *prev)
{
	struct vcpu *v;

	list_for_each(v, &queues[cpu].ready, sched.queue)
		if (is_free(v, prev))
			return v;
	list_for_each(v, &queues[cpu].extra, sched.queue)
		if (is_free(v, prev))
			return v;
	return NULL;
}

static stime_t slice_of(const struct sched_unit *u, stime_t t)
{
	if (u->prio > PRIO_EXTRA)
		return u->rtds.left;
	return MAX(MIN(u->rtds.extra_left, u->rtds.deadline - t), DUST);
}

static struct vcpu *pick(unsigned cpu, struct vcpu *prev, stime_t t, stime_t *slice)
{
	bool yields = prev->sched.yield;
	struct vcpu *next, *other;

	if (!is_idle_vcpu(prev)) {
		burn(&prev->sched, t);
		if (vcpu_runnable(prev)) {
			settle(&prev->sched, t, false);
			insert(prev, !yields);
		}
	}
	next = find_own(cpu, prev);
	other = pull_vcpu(cpu, next, t);
	if (other)
		next = other;
	prev->sched.yield = false;
	if (!next && yields)			/* nobody else wants the CPU */
		next = find_own(cpu, prev);
	if (!next)
		return NULL;
	if (next != other)
		unqueue(next);
	next->sched.burned = t;
	*slice = slice_of(&next->sched, t);
	if (yields)
		*slice = MIN(*slice, AFTER_YIELD);
	return next;
}

/* ---- knobs ------------------------------------------------------------------------- */

static int check(const struct xen_domctl_sched_rtds *p)
{
	if (p->flags & ~XEN_DOMCTL_SCHEDRT_extra)
		return -EINVAL;
	if (p->budget < MIN_BUDGET_US || p->period > MAX_PERIOD_US || p->budget > p->period)
		return -EINVAL;
	return 0;
}

/* It begins a new period with the new budget; where it waits it is queued anew. */
static void set_reservation(struct vcpu *v, const struct xen_domctl_sched_rtds *p)
{
	struct run_queue *q = lock_queue_of(v);
	struct sched_unit *u = &v->sched;
	bool waits = !list_empty(&u->queue);
	stime_t t = now();

	if (waits)
		unqueue(v);
	if (q->curr == v)
		burn(u, t);
	u->rtds.period = MICROSECS(p->period);
	u->rtds.budget = MICROSECS(p->budget);
	u->rtds.extra = p->flags & XEN_DOMCTL_SCHEDRT_extra;
	u->rtds.deadline = t + u->rtds.period;
	u->rtds.left = u->rtds.budget;
	if (waits) {
		settle(u, t, false);
		insert(v, true);
		poke_for(v, v->cpu);
	} else if (q->curr == v) {
		cpu_work(v->cpu, WORK_SCHEDULE);
	}
	spin_unlock(&q->lock);
}

static void get_reservation(const struct vcpu *v, struct xen_domctl_sched_rtds *p)
{
	struct run_queue *q = lock_queue_of(v);

	*p = (struct xen_domctl_sched_rtds){
		.period = v->sched.rtds.period / MICROSECS(1),
		.budget = v->sched.rtds.budget / MICROSECS(1),
		.flags = v->sched.rtds.extra ? XEN_DOMCTL_SCHEDRT_extra : 0,
	};
	spin_unlock(&q->lock);
}

static const struct xen_domctl_sched_rtds defaults = {
	.period = DEFAULT_PERIOD_US, .budget = DEFAULT_BUDGET_US, .flags = XEN_DOMCTL_SCHEDRT_extra,
};

/* For a domain: one reservation for each of its vcpus, or what a new one begins with. */
static int adjust(struct domain *d, struct xen_domctl_scheduler_op *op)
{
	struct vcpu *v;

	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		op->u.rtds = defaults;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		if (check(&op->u.rtds))
			return -EINVAL;
		for_each_vcpu(d, v)
			set_reservation(v, &op->u.rtds);
		return 0;
	}
	return -EINVAL;
}

static int check_vcpu(const struct xen_domctl_schedparam_vcpu *p)
{
	return check(&p->u.rtds);
}

static void adjust_vcpu(struct vcpu *v, u32 cmd, struct xen_domctl_schedparam_vcpu *p)
{
	if (cmd == XEN_DOMCTL_SCHEDOP_putvcpuinfo)
		set_reservation(v, &p->u.rtds);
	else
		get_reservation(v, &p->u.rtds);
}

/* ---- set-up, and what debug key 'r' shows -------------------------------------------- */

static void init_cpu(unsigned cpu)
{
	list_init(&queues[cpu].ready);
	list_init(&queues[cpu].extra);
	list_init(&queues[cpu].spent);
	queues[cpu].refill_at = INT64_MAX;
	timer_init(&queues[cpu].refill, refill, NULL, cpu);
}

static void init_vcpu(struct vcpu *v)
{
	set_reservation(v, &defaults);
}

struct dump_line { u16 dom, vcpu; bool extra; s64 period, budget, left, until; u64 run; };

static struct dump_line dump_line(const struct vcpu *v, stime_t t)
{
	const struct sched_unit *u = &v->sched;

	return (struct dump_line){ v->domain->id, v->id, u->rtds.extra, u->rtds.period, u->rtds.budget,
				   u->rtds.left, u->rtds.deadline - t, u->run_ns };
}

/* The queue is copied under its lock and printed without, as the console ranks below it. */
static void dump(unsigned cpu)
{
	struct list *lists[] = { &queues[cpu].ready, &queues[cpu].extra, &queues[cpu].spent };
	struct run_queue *q = &run_queues[cpu];
	struct dump_line e[32];
	unsigned n = 0, running;
	struct vcpu *v;
	stime_t t;

	spin_lock(&q->lock);
	t = now();
	if (!queue_idles(q))
		e[n++] = dump_line(q->curr, t);
	running = n;
	for (unsigned i = 0; i < ARRAY_SIZE(lists); i++)
		list_for_each(v, lists[i], sched.queue)
			if (n < ARRAY_SIZE(e))
				e[n++] = dump_line(v, t);
	spin_unlock(&q->lock);
	printk(LOG_WARN "CPU%u: %s\n", cpu, running ? "runs the first of" : "idles");
	for (unsigned i = 0; i < n; i++)
		printk(LOG_WARN "  d%uv%u %ld of each %ld us%s, %ld us left for %ld us, ran %lu ms\n",
		       e[i].dom, e[i].vcpu, e[i].budget / 1000, e[i].period / 1000,
		       e[i].extra ? " and extra" : "", e[i].left / 1000, e[i].until / 1000,
		       e[i].run / 1000000);
}

const struct sched_policy sched_rtds = {
	.name = "reservations, earliest deadline first",
	.opt_name = "rtds",
	.id = XEN_SCHEDULER_RTDS,
	.preempts_afar = true,
	.init_cpu = init_cpu,
	.init_vcpu = init_vcpu,
	.enqueue = enqueue,
	.dequeue = unqueue,
	.pick = pick,
	.find = find,
	.adjust = adjust,
	.check_vcpu = check_vcpu,
	.adjust_vcpu = adjust_vcpu,
	.dump = dump,
};
