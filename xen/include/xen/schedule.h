/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: mechanism (sched/core.c) and policies (one file each).
 *
 * A runnable vcpu is on the run queue of its CPU or runs there. The mechanism
 * decides when to pick; the policy decides whom and for how long.
 */
#ifndef XEN_SCHEDULE_H
#define XEN_SCHEDULE_H

#include <xen/list.h>
#include <xen/spinlock.h>
#include <xen/public.h>
#include <xen/time.h>

struct vcpu;
struct domain;

/* A vcpu's standing with the policy; run queue lock. */
struct sched_unit {
	struct list queue;		/* in the run queue; empty if not queued */
	s64 prio;			/* higher runs first, below 0 it may not run; what it means, the policy says */
	bool yield;			/* the vcpu asked to let others go first */
	stime_t burned;			/* until when its running is accounted for */
	u64 run_ns;			/* CPU time ever used */
	union {
		struct {
			s64 credit;		/* ns of CPU time it may still use before others go first */
			stime_t started;	/* when it began to run */
			stime_t stopped;	/* when it last left a CPU */
			u64 run_seen;		/* run_ns at the last accounting */
			s64 cap_used;		/* ns used in this accounting period */
			s64 cap_limit;		/* ns it may use in it; 0: no limit */
			bool competes;		/* ran, or wanted to, in the last period */
		} credit;
		struct {
			s64 period, budget;	/* ns: in each period it is owed its budget */
			bool extra;		/* and may have what is left over */
			stime_t deadline;	/* end of its period */
			s64 left;		/* ns of its budget not yet used */
			s64 extra_left;		/* ns before others that have extra time take turns */
		} rtds;
	};
};

struct sched_domain {
	u16 weight;			/* credit: 1..65535, 256 is usual; domlist lock */
	u16 cap;			/* credit: percent of one CPU; 0 is none; domlist lock */
	unsigned nr_active;		/* credit's accounting: vcpus that compete */
	s64 share;			/* credit's accounting: ns for this period */
	spinlock_t watchdog_lock;
	u8 watchdogs;			/* watchdog_lock: bitmap of slots in use */
	struct timer watchdog[2];
};

/* The policy is moving the vcpu to another CPU. */
#define VPF_MIGRATING	BIT(3)

struct sched_policy {
	const char *name, *opt_name;
	u32 id;				/* XEN_SCHEDULER_* */
	bool preempts_afar;		/* a waiting vcpu may take the CPU of one of lower priority, wherever that is */
	void (*init)(void);		/* may be NULL */
	void (*init_cpu)(unsigned cpu);
	void (*init_vcpu)(struct vcpu *v);
	/* All with the run queue lock of v->cpu held. */
	void (*enqueue)(struct vcpu *v, bool woken);
	void (*dequeue)(struct vcpu *v);
	/* Account for prev's run until now, choose the next (NULL: idle), and its slice in ns. */
	struct vcpu *(*pick)(unsigned cpu, struct vcpu *prev, stime_t now, stime_t *slice);
	/*
	 * The vcpu that waits longest in @from's queue (locked) among those of the highest priority,
	 * at least @least, which @cpu may take over, or prefers to run if @preferred. NULL: none.
	 */
	struct vcpu *(*find)(unsigned from, unsigned cpu, s64 least, bool preferred, stime_t now);
	/* 0 or -EINVAL; op is XEN_DOMCTL_SCHEDOP_putinfo or getinfo */
	int (*adjust)(struct domain *d, struct xen_domctl_scheduler_op *op);
	/* The same for settings of single vcpus; NULL: it has none. */
	int (*check_vcpu)(const struct xen_domctl_schedparam_vcpu *p);	/* may adjust_vcpu() set this? */
	void (*adjust_vcpu)(struct vcpu *v, u32 cmd, struct xen_domctl_schedparam_vcpu *p);
	/* 0 or -EINVAL; op is XEN_SYSCTL_SCHEDOP_putinfo or getinfo; NULL: no such settings */
	int (*adjust_global)(struct xen_sysctl_scheduler_op *op);
	void (*dump)(unsigned cpu);
};

/* sched/core.c and balance.c */
void sched_init(void);			/* honours "sched=" */
extern const struct sched_policy *sched;
void sched_init_vcpu(struct vcpu *v);
void sched_destroy_vcpu(struct vcpu *v);
/* Runnable: no pause flag, no pause count of vcpu or domain. */
bool vcpu_runnable(const struct vcpu *v);
void vcpu_wake(struct vcpu *v);		/* call after clearing what kept it from running; any CPU */
void vcpu_sleep(struct vcpu *v);	/* after setting such; returns at once, see vcpu_sleep_sync */
void vcpu_sleep_sync(struct vcpu *v);	/* and waits until it doesn't run, its state synced */
void vcpu_pause(struct vcpu *v);	/* counted; sync unless v is current */
void vcpu_unpause(struct vcpu *v);
void vcpu_block(void);			/* current, events unmasked: SCHEDOP_block */
void vcpu_unblock(struct vcpu *v);	/* an event became pending */
void vcpu_yield(void);
void vcpu_kick(struct vcpu *v);		/* if it runs on another CPU: it passes the exit path soon */
void vcpu_wake_for_nmi(struct vcpu *v);	/* after nmi_pending was set */
/* Where it may run, and where it had better; -EINVAL and nothing changed if no online CPU is in @hard. */
int vcpu_set_affinity(struct vcpu *v, u64 hard, u64 soft);
void schedule(void);			/* pick and switch; from the exit path only */
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *info);
u64 vcpu_cpu_time(struct vcpu *v);	/* ns */
void idle_loop(void) __attribute__((noreturn));
u64 cpu_idle_time(unsigned cpu);	/* ns */
void dump_run_queues(void);		/* debug key 'r' */

/* sched/sched_op.c */
long do_sched_op(u64 cmd, u64 arg);

/* sched/watchdog.c: timers that shut a domain down unless it keeps pushing them off. */
void watchdog_init(struct domain *d);
void watchdog_stop(struct domain *d);	/* for good: the domain is going away */
long watchdog_set(struct domain *d, u32 id, u32 seconds);

#endif
