/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the time room: the numbers behind now(). */
#ifndef XEN_TIME_CLOCK_H
#define XEN_TIME_CLOCK_H

#include <xen/time.h>
#include "platform.h"

/* System time of a CPU is ns + scale(TSC - tsc). Its own CPU writes it, nobody else reads it. */
struct tsc_clock {
	u64 tsc;
	stime_t ns;
	struct tick_scale scale;
	u64 epoch;			/* never the same for two CPUs or two settings; not 0 */
};
extern struct tsc_clock tsc_clocks[];

static inline stime_t clock_at(const struct tsc_clock *c, u64 tsc)
{
	return c->ns + ticks_to_ns(c->scale, tsc - c->tsc);
}

/* time/agree.c: two readings of one moment, by this CPU's TSC and the boot CPU's */
struct tsc_pair { u64 mine, boot_cpus; };
struct tsc_pair compare_tsc(void);
extern bool tsc_agree;			/* no CPU has found its TSC before or behind the boot CPU's */

void clock_check(void *unused);		/* timer: compare this CPU's clock with the platform timer */
void wallclock_init(void);

#endif
