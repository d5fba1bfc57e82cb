/* SPDX-License-Identifier: GPL-2.0-only */
/* What the mechanism shares with the policies: a CPU's run queue lock and whom the CPU runs. */
#ifndef XEN_SCHED_RUN_QUEUE_H
#define XEN_SCHED_RUN_QUEUE_H

#include <xen/domain.h>

struct run_queue {
	spinlock_t lock;
	struct vcpu *curr;	/* lock: chosen last; the CPU may still be switching to it */
	struct vcpu *leaving;	/* own CPU: switched away from, still marked as running */
	struct timer slice;	/* the end of curr's time */
};

extern struct run_queue run_queues[NR_CPUS];

/* Lock the run queue @v belongs to, wherever it is moving. */
struct run_queue *lock_queue_of(const struct vcpu *v);
u64 online_cpus(void);		/* mask */
bool poke_idle(const struct vcpu *v, unsigned cpu);	/* @cpu's queue lock held */
void finish_switch(void);	/* after each switch, on the new vcpu's behalf */

static inline bool queue_idles(const struct run_queue *q)
{
	return !q->curr || is_idle_vcpu(q->curr);
}

extern const struct sched_policy sched_credit;

#endif
