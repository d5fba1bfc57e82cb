/* SPDX-License-Identifier: GPL-2.0-only */
/* Clocks, timers, and the time that guests read. */
#ifndef XEN_TIME_H
#define XEN_TIME_H

#include <xen/types.h>
#include <xen/spinlock.h>

struct vcpu;
struct domain;

#define SECONDS(n)	((stime_t)(n) * 1000000000)
#define MILLISECS(n)	((stime_t)(n) * 1000000)
#define MICROSECS(n)	((stime_t)(n) * 1000)

/*
 * A callback at a system time, run from the exit path or idle loop of its CPU (not in the
 * interrupt). All fields are the timer room's: timer queue lock of the timer's CPU.
 */
struct timer {
	stime_t expires;
	void (*fn)(void *data);
	void *data;
	struct timer *child, *next;	/* heap of the CPU: first child, right sibling */
	struct timer *prev;		/* left sibling, or parent of a first child; NULL: not set, or root */
	u16 cpu;
	bool set, dead;
};

void timer_queues_init(void);
void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned cpu);
void timer_set(struct timer *t, stime_t expires);	/* moves it if it was set */
void timer_stop(struct timer *t);			/* harmless if not set */
void timer_migrate(struct timer *t, unsigned cpu);
void timer_kill(struct timer *t);			/* stop and wait for a running callback */
void run_timers(void);					/* WORK_TIMER */
void timer_interrupt(void);				/* local APIC timer fired */

void time_init(void);			/* choose and calibrate the clock source, name it; local timer */
stime_t now(void);			/* ns since start, never backwards on one CPU */
extern u64 tsc_khz;
u64 time_to_tsc(stime_t at);		/* TSC of this CPU when now() is @at */
void time_init_this_cpu(void);		/* another CPU: its clock, while the boot CPU answers */
void time_answer(void);			/* the boot CPU, again and again meanwhile */
void time_all_cpus_up(void);		/* from here on the clocks are kept together */
bool clock_is_common(void);		/* no CPU ever reads an earlier time than another has read */
void clock_adopt(void);			/* WORK_CLOCK */
extern const char *clock_source_name;
void udelay(u64 us);			/* busy wait; works after time_init */

/* A domain's clocks. */
struct time_domain {
	s64 offset_s;			/* DOMCTL_settimeoffset */
	u32 tsc_mode;
	u32 incarnation;
};
u64 wallclock_ns(void);			/* since 1970, UTC */
void set_wallclock(u64 secs, u32 nsecs, stime_t at);	/* dom0's settime: publish to every domain */
void update_domain_wallclock(struct domain *d);
/* Publish vcpu_time_info if the calibration is newer than what the vcpu has, or @force. */
void update_vcpu_time(struct vcpu *v, bool force);
void vcpu_timers_init(struct vcpu *v);
void vcpu_timers_kill(struct vcpu *v);
void vcpu_timers_migrate(struct vcpu *v, unsigned cpu);
/* Set this CPU's one-shot hardware timer; 0 turns it off. apic room. */
void apic_timer_set(stime_t deadline);
void dump_timers(void);			/* debug key 'a' */

/* vcpu_op's timer commands and set_timer_op. */
int vcpu_set_singleshot(struct vcpu *v, stime_t expires);
void vcpu_set_periodic(struct vcpu *v, u64 period_ns);	/* 0 stops */
long do_set_timer_op(u64 timeout);

#endif
