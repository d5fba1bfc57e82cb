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

void clock_check(void *unused);		/* timer: compare this CPU's clock with the platform timer */
void wallclock_init(void);

#endif
