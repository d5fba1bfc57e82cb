/* SPDX-License-Identifier: GPL-2.0-only */
/* What the mechanism shares with the policies: a CPU's run queue lock and whom the CPU runs. */
#ifndef XEN_SCHED_RUN_QUEUE_H
#define XEN_SCHED_RUN_QUEUE_H

#include <xen/domain.h>
#include <xen/lib.h>

#define PRIO_IDLE	(-1L)

struct run_queue {
	spinlock_t lock;
	struct vcpu *curr;	/* lock: chosen last; the CPU may still be switching to it */
	struct vcpu *leaving;	/* own CPU: switched away from, still marked as running */
	struct timer slice;	/* the end of curr's time */
	/* Written under the lock, read by any CPU, which takes it for a hint: */
	s64 prio;		/* curr's when it was chosen; PRIO_IDLE: runs nobody, or looks for somebody */
	unsigned waiting;	/* queued vcpus that may run */
};

extern struct run_queue run_queues[NR_CPUS];

/* core.c: lock the run queue @v belongs to, wherever it is moving. */
struct run_queue *lock_queue_of(const struct vcpu *v);
void finish_switch(void);	/* after each switch, on the new vcpu's behalf */

/* ---- balance.c: vcpus and CPUs that find one another ------------------------------ */

/* Does @v run on @cpu as gladly as anywhere it may? */
bool prefers_cpu(const struct vcpu *v, unsigned cpu);
/* A CPU for @v, which isn't queued: idle, preferred, near v->cpu; in this order. */
unsigned choose_cpu(const struct vcpu *v);
/* @v was queued on @cpu, whose lock is held: tell a CPU that should look, if there is one. */
void poke_for(const struct vcpu *v, unsigned cpu);
/* The same of the other CPUs: @cpu has just decided not to run it. */
void poke_others(const struct vcpu *v, unsigned cpu);
/* @cpu idled, so that all who queued a vcpu there told only it; it runs one, others may have the rest. */
void share_waiting(unsigned cpu);
/*
 * For pick(): take over a vcpu that waits on another CPU and has a higher priority than @own,
 * our own best (NULL: we have none, and shall idle). It's in no queue then, and belongs to @cpu.
 */
struct vcpu *pull_vcpu(unsigned cpu, const struct vcpu *own, stime_t now);

static inline bool queue_idles(const struct run_queue *q)
{
	return READ_ONCE(q->prio) == PRIO_IDLE;
}

/* May @cpu take the waiting @v over? */
static inline bool may_move(const struct vcpu *v, unsigned cpu, bool preferred)
{
	return (v->affinity & BIT(cpu)) && !READ_ONCE(v->running) && (!preferred || prefers_cpu(v, cpu));
}

/* Policies queue and take out through these. */
static inline void queue_before(struct vcpu *v, struct list *at)
{
	list_add_tail(&v->sched.queue, at);
	run_queues[v->cpu].waiting += v->sched.prio >= 0;
}

static inline void unqueue(struct vcpu *v)
{
	list_del(&v->sched.queue);
	run_queues[v->cpu].waiting -= v->sched.prio >= 0;
}

extern const struct sched_policy sched_credit, sched_rtds;

#endif
