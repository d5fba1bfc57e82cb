/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The credit policy: CPU time in proportion to weights, limited by caps, and
 * never a CPU idle while a vcpu waits that may run on it.
 *
 * Credit is CPU time in ns. Every 30 ms the time that all CPUs offer is dealt
 * out to the domains that compete, by weight, and within a domain to its
 * competing vcpus. A running vcpu burns what it has, to the ns, so it gains
 * nothing by sleeping just before some tick. A queue is ordered by priority and
 * first come, first served within it:
 *
 *   BOOST   has just woken and has credit left: runs at once. The boost is gone
 *           when it leaves the CPU, and what it ran it paid for.
 *   UNDER   has credit left
 *   OVER    has none: runs only if nobody with credit wants the CPU
 *   CAPPED  has used its cap: doesn't run until the next period
 *
 * A vcpu runs at least the rate limit before another may take its place, unless
 * it blocks or yields. A CPU whose own queue offers nothing better than OVER
 * looks into the other queues.
 *
 * The fields below sched_unit.credit are ours; priorities are those of the enum.
 */
#include "run_queue.h"
#include <xen/boot.h>
#include <xen/lib.h>

enum { CAPPED = -1, OVER, UNDER, BOOST, NR_PRIOS = 4 };

#define PERIOD		MILLISECS(30)
#define BOOST_SLICE	MILLISECS(10)
#define MIN_SLICE	MICROSECS(500)	/* credit or cap almost gone: not worth a switch for less */

static struct { struct list prio[NR_PRIOS]; } queues[NR_CPUS];	/* run queue lock; [prio + 1] */

static u32 tslice_ms = 30;
BOOT_OPTION("sched_credit_tslice_ms", OPT_UINT, tslice_ms, 0, "longest run of a vcpu in ms, 1 to 1000");
static u32 ratelimit_us = 1000;
BOOT_OPTION("sched_ratelimit_us", OPT_UINT, ratelimit_us, 0,
	    "shortest run before preemption in us, 100 to 500000, or 0");
static u32 migrate_delay_us;		/* a vcpu that ran less than this ago is left on its CPU */

static struct timer accounting;
static bool accounting_on;		/* atomic: the timer is set */
static stime_t accounted;		/* when the last period ended */

static struct list *queue_of(unsigned cpu, int prio) { return &queues[cpu].prio[prio + 1]; }

/* ---- credit ------------------------------------------------------------------ */

static int prio_of(const struct sched_unit *u)
{
	if (u->credit.cap_limit && u->credit.cap_used >= u->credit.cap_limit)
		return CAPPED;
	return u->credit.credit > 0 ? UNDER : OVER;
}

/* Charge @v, which runs, for the time until @t. */
static void burn(struct sched_unit *u, stime_t t)
{
	s64 ran = t - u->burned;

	if (ran <= 0)
		return;
	u->burned = t;
	u->credit.credit -= ran;
	u->credit.cap_used += ran;
	u->run_ns += ran;
}

static stime_t slice_of(const struct sched_unit *u)
{
	s64 slice = MILLISECS(tslice_ms);

	if (u->prio == BOOST)
		slice = MIN(slice, BOOST_SLICE);
	if (u->prio >= UNDER)
		slice = MIN(slice, MAX(u->credit.credit, MIN_SLICE));
	if (u->credit.cap_limit)
		slice = MIN(slice, MAX(u->credit.cap_limit - u->credit.cap_used, MIN_SLICE));
	return slice;
}

/* ---- the queues ----------------------------------------------------------------- */

static void start_accounting(void)
{
	if (READ_ONCE(accounting_on) || xchg(&accounting_on, true))
		return;
	accounted = now();
	timer_set(&accounting, accounted + PERIOD);
}

static void enqueue(struct vcpu *v, bool woken)
{
	struct sched_unit *u = &v->sched;

	u->prio = prio_of(u);
	if (woken && u->prio == UNDER)
		u->prio = BOOST;
	queue_before(v, queue_of(v->cpu, u->prio));
	start_accounting();
}

/* Ties go to who waits longest; one that still leaves another CPU can't be had. */
static struct vcpu *find(unsigned from, unsigned cpu, s64 least, bool preferred, stime_t t)
{
	struct vcpu *v;

	for (int prio = BOOST; prio >= least; prio--)
		list_for_each(v, queue_of(from, prio), sched.queue)
			if (may_move(v, cpu, preferred) &&
			    t - v->sched.credit.stopped >= MICROSECS(migrate_delay_us))
				return v;
	return NULL;
}

/* Of our own queue; @prev is leaving this CPU, and doesn't count if it yields. */
static struct vcpu *find_own(unsigned cpu, const struct vcpu *prev)
{
	struct vcpu *v;

	for (int prio = BOOST; prio >= OVER; prio--)
		list_for_each(v, queue_of(cpu, prio), sched.queue)
			if (v == prev ? !v->sched.yield : !v->running)
				return v;
	return NULL;
}

/* Charge the vcpu that ran and put it back if it wants more. True: it stays, as it has run too short a time. */
static bool put_back(struct vcpu *prev, stime_t t, stime_t *slice)
{
	struct sched_unit *u = &prev->sched;
	stime_t ran = t - u->credit.started, least = MICROSECS(ratelimit_us);

	burn(u, t);
	u->credit.stopped = t;
	if (!vcpu_runnable(prev))
		return false;
	if (prio_of(u) == CAPPED || u->yield || ran >= least) {
		enqueue(prev, false);
		return false;
	}
	*slice = MIN(least - ran, slice_of(u));
	return true;
}

static struct vcpu *pick(unsigned cpu, struct vcpu *prev, stime_t t, stime_t *slice)
{
	struct vcpu *next, *other = NULL;

	if (!is_idle_vcpu(prev) && put_back(prev, t, slice))
		return prev;
	next = find_own(cpu, prev);
	if (!next || next->sched.prio < UNDER)
		other = pull_vcpu(cpu, next, t);
	if (other)
		next = other;
	if (prev->sched.yield) {
		prev->sched.yield = false;
		if (!next)			/* nobody else wants the CPU */
			next = find_own(cpu, prev);
	}
	if (!next)
		return NULL;
	if (!list_empty(&next->sched.queue))
		unqueue(next);
	if (next != prev)
		next->sched.credit.started = t;
	next->sched.burned = t;
	*slice = slice_of(&next->sched);
	return next;
}

/* ---- accounting: every PERIOD while anything runs ------------------------------------ */

/* Is the vcpu in the competition: does it run or wait, or did it in this period? Charges it if it runs. */
static bool competes(struct vcpu *v, stime_t t)
{
	struct run_queue *q = lock_queue_of(v);
	struct sched_unit *u = &v->sched;
	bool yes;

	if (q->curr == v)
		burn(u, t);
	yes = q->curr == v || !list_empty(&u->queue) || u->run_ns != u->credit.run_seen;
	u->credit.competes = yes;
	spin_unlock(&q->lock);
	return yes;
}

/*
 * Deal the last @ns of all CPUs to the domains by weight. No domain gets more
 * than its vcpus could use at once; what that leaves over goes to the others.
 */
static void deal(s64 ns)
{
	s64 pool = ns * nr_cpus;
	struct domain *d;
	u64 weights = 0;
	bool again = true;

	list_for_each(d, &domain_list, list) {
		d->sched.share = 0;
		weights += d->sched.nr_active ? d->sched.weight : 0;
	}
	while (again && weights) {
		again = false;
		list_for_each(d, &domain_list, list) {
			s64 most = d->sched.nr_active * ns;

			if (!most || d->sched.share ||
			    pool * d->sched.weight < most * (s64)weights)
				continue;
			d->sched.share = most;
			pool -= most;
			weights -= d->sched.weight;
			again = weights != 0;
		}
	}
	list_for_each(d, &domain_list, list)
		if (d->sched.nr_active && !d->sched.share)
			d->sched.share = pool * d->sched.weight / weights;
}

/*
 * Vcpus that may run on some CPUs only can't use more than these have. Where they were dealt
 * more, all would always have credit left and weights would count for nothing: they share
 * what there is, by weight. Those with the same affinity are a group; if there are more
 * groups than fit here, the rest are taken for free to run anywhere.
 */
#define MAX_GROUPS	64

static struct group {
	u64 cpus;
	u64 weight;
	s64 dealt;
} groups[MAX_GROUPS];			/* accounting's own */
static unsigned nr_groups;

static struct group *group_of(const struct vcpu *v, bool add)
{
	u64 cpus = READ_ONCE(v->affinity) & online_cpus();
	unsigned i;

	if (cpus == online_cpus())
		return NULL;
	for (i = 0; i < nr_groups; i++)
		if (groups[i].cpus == cpus)
			return &groups[i];
	if (!add || i == MAX_GROUPS)
		return NULL;
	groups[i] = (struct group){ .cpus = cpus };
	nr_groups++;
	return &groups[i];
}

/* A competing vcpu's part of what its domain has, in proportion. */
static u64 weight_of(const struct vcpu *v)
{
	return v->domain->sched.weight * 1024UL / v->domain->sched.nr_active;
}

static void add_to_group(const struct vcpu *v)
{
	struct group *g = group_of(v, true);

	if (!g)
		return;
	g->weight += weight_of(v);
	g->dealt += v->domain->sched.share / v->domain->sched.nr_active;
}

/* Of the last @ns. */
static s64 income_of(const struct vcpu *v, s64 ns)
{
	const struct sched_domain *sd = &v->domain->sched;
	const struct group *g;
	s64 share, most;

	if (!v->sched.credit.competes)
		return 0;
	share = sd->share / sd->nr_active;
	g = group_of(v, false);
	if (!g || !g->weight)
		return share;
	most = ns * weight64(g->cpus);
	return g->dealt <= most ? share : MIN(share, (s64)(most * weight_of(v) / g->weight));
}

/* What it used counts against its cap; of what it was allowed and left, only what came late is kept. */
static void account_cap(struct sched_unit *u, const struct sched_domain *sd, s64 ns)
{
	unsigned n = MAX(sd->nr_active, 1u);
	s64 earned = ns * sd->cap / 100 / n;

	u->credit.cap_limit = PERIOD * sd->cap / 100 / n;
	u->credit.cap_used = MAX(u->credit.cap_used - earned, MIN(u->credit.cap_limit - earned, 0L));
	if (!u->credit.cap_limit)
		u->credit.cap_used = 0;
}

static void credit_vcpu(struct vcpu *v, s64 ns)
{
	struct run_queue *q = lock_queue_of(v);
	struct sched_unit *u = &v->sched;
	int old = u->prio;

	if (u->run_ns == u->credit.run_seen && q->curr != v && list_empty(&u->queue))
		u->credit.credit = MAX(u->credit.credit, PERIOD / 3);	/* slept all the time: a fresh start */
	else
		u->credit.credit = MAX(-PERIOD, MIN(u->credit.credit + income_of(v, ns), PERIOD));
	u->credit.run_seen = u->run_ns;
	account_cap(u, &v->domain->sched, ns);
	if (!list_empty(&u->queue) && (old != BOOST || prio_of(u) == CAPPED)) {
		if (prio_of(u) != old) {
			unqueue(v);
			enqueue(v, false);
		}
	} else if (q->curr == v && old != BOOST) {
		u->prio = prio_of(u);
		q->prio = MAX(u->prio, (s64)OVER);
	}
	spin_unlock(&q->lock);
}

/* Standings have changed: a CPU whose vcpu is no longer the best looks again. */
static void poke_cpus(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		struct run_queue *q = &run_queues[cpu];
		struct vcpu *best;

		spin_lock(&q->lock);
		best = find_own(cpu, NULL);
		if (!queue_idles(q) && prio_of(&q->curr->sched) == CAPPED)
			cpu_work(cpu, WORK_SCHEDULE);
		else if (best)
			poke_for(best, cpu);
		spin_unlock(&q->lock);
	}
}

static void account(void *unused)
{
	stime_t t = now();
	s64 ns = MIN(t - accounted, 2 * PERIOD);	/* before another CPU may begin a period */
	struct domain *d;
	struct vcpu *v;
	bool any = false;

	__atomic_store_n(&accounting_on, false, __ATOMIC_SEQ_CST);
	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list) {
		d->sched.nr_active = 0;
		for_each_vcpu(d, v)
			if (!is_idle_vcpu(v))
				d->sched.nr_active += competes(v, t);
		any |= d->sched.nr_active != 0;
	}
	deal(ns);
	nr_groups = 0;
	list_for_each(d, &domain_list, list)
		for_each_vcpu(d, v)
			if (!is_idle_vcpu(v) && v->sched.credit.competes)
				add_to_group(v);
	list_for_each(d, &domain_list, list)
		for_each_vcpu(d, v)
			if (!is_idle_vcpu(v))
				credit_vcpu(v, ns);
	spin_unlock(&domlist_lock);
	poke_cpus();
	if (any)
		start_accounting();
}

/* ---- knobs ------------------------------------------------------------------------------ */

static int adjust(struct domain *d, struct xen_domctl_scheduler_op *op)
{
	struct xen_domctl_sched_credit *p = &op->u.credit;

	if (op->sched_id != XEN_SCHEDULER_CREDIT)
		return -EINVAL;
	switch (op->cmd) {
	case XEN_DOMCTL_SCHEDOP_getinfo:
		p->weight = d->sched.weight;
		p->cap = d->sched.cap;
		return 0;
	case XEN_DOMCTL_SCHEDOP_putinfo:
		spin_lock(&domlist_lock);	/* account() reads them more than once */
		if (p->weight)
			d->sched.weight = p->weight;
		if (p->cap != (u16)~0)		/* ~0: leave it */
			d->sched.cap = p->cap;
		spin_unlock(&domlist_lock);
		return 0;
	}
	return -EINVAL;
}

static bool ratelimit_ok(u32 us, u32 slice_ms)
{
	return !us || (us >= XEN_SYSCTL_SCHED_RATELIMIT_MIN && us <= XEN_SYSCTL_SCHED_RATELIMIT_MAX &&
		       us <= slice_ms * 1000);
}

static bool tslice_ok(u32 ms)
{
	return ms >= XEN_SYSCTL_CSCHED_TSLICE_MIN && ms <= XEN_SYSCTL_CSCHED_TSLICE_MAX;
}

static int adjust_global(struct xen_sysctl_scheduler_op *op)
{
	struct xen_sysctl_credit_schedule *p = &op->u.sched_credit;

	if (op->sched_id != XEN_SCHEDULER_CREDIT || (op->cmd != XEN_SYSCTL_SCHEDOP_putinfo &&
						     op->cmd != XEN_SYSCTL_SCHEDOP_getinfo))
		return -EINVAL;
	if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
		if (!tslice_ok(p->tslice_ms) || !ratelimit_ok(p->ratelimit_us, p->tslice_ms) ||
		    p->vcpu_migr_delay_us > XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US)
			return -EINVAL;
		tslice_ms = p->tslice_ms;
		ratelimit_us = p->ratelimit_us;
		migrate_delay_us = p->vcpu_migr_delay_us;
	}
	p->tslice_ms = tslice_ms;
	p->ratelimit_us = ratelimit_us;
	p->vcpu_migr_delay_us = migrate_delay_us;
	return 0;
}

/* ---- set-up, and what debug key 'r' shows -------------------------------------------- */

static void init(void)
{
	if (!tslice_ok(tslice_ms)) {
		printk(LOG_WARN "sched_credit_tslice_ms=%u: not within 1 to 1000; using 30\n", tslice_ms);
		tslice_ms = 30;
	}
	if (!ratelimit_ok(ratelimit_us, tslice_ms)) {
		printk(LOG_WARN "sched_ratelimit_us=%u: not 0, or 100 up to the time slice; using none\n",
		       ratelimit_us);
		ratelimit_us = 0;
	}
	timer_init(&accounting, account, NULL, 0);
}

static void init_cpu(unsigned cpu)
{
	for (int prio = CAPPED; prio <= BOOST; prio++)
		list_init(queue_of(cpu, prio));
}

static void init_vcpu(struct vcpu *v)
{
	v->sched.credit.credit = PERIOD / 3;
	v->sched.prio = UNDER;
}

struct dump_line { u16 dom, vcpu; int prio; s64 credit; u64 run; };

static struct dump_line dump_line(const struct vcpu *v)
{
	return (struct dump_line){ v->domain->id, v->id, v->sched.prio, v->sched.credit.credit,
				   v->sched.run_ns };
}

/* The queue is copied under its lock and printed without, as the console ranks below it. */
static void dump(unsigned cpu)
{
	struct run_queue *q = &run_queues[cpu];
	struct dump_line e[32];
	unsigned n = 0, running;
	struct vcpu *v;

	spin_lock(&q->lock);
	if (!queue_idles(q))
		e[n++] = dump_line(q->curr);
	running = n;
	for (int prio = BOOST; prio >= CAPPED; prio--)
		list_for_each(v, queue_of(cpu, prio), sched.queue)
			if (n < ARRAY_SIZE(e))
				e[n++] = dump_line(v);
	spin_unlock(&q->lock);
	printk(LOG_WARN "CPU%u: %s\n", cpu, running ? "runs the first of" : "idles");
	for (unsigned i = 0; i < n; i++)
		printk(LOG_WARN "  d%uv%u priority %d credit %ld us, ran %lu ms\n", e[i].dom, e[i].vcpu,
		       e[i].prio, e[i].credit / 1000, e[i].run / 1000000);
}

const struct sched_policy sched_credit = {
	.name = "credit scheduler",
	.opt_name = "credit",
	.id = XEN_SCHEDULER_CREDIT,
	.init = init,
	.init_cpu = init_cpu,
	.init_vcpu = init_vcpu,
	.enqueue = enqueue,
	.dequeue = unqueue,
	.pick = pick,
	.find = find,
	.adjust = adjust,
	.adjust_global = adjust_global,
	.dump = dump,
};
