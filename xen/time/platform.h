/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's steady counters, against which the TSC is measured; and the arithmetic
 * of clocks, in 64-bit words.
 */
#ifndef XEN_TIME_PLATFORM_H
#define XEN_TIME_PLATFORM_H

#include <xen/types.h>

/* One tick is num / den ns. The counter wraps to 0 after mask. */
struct platform_timer {
	const char *name;
	bool steady;			/* may be left running and read at any time */
	u64 num, den, mask;
	u64 (*read)(void);
};

/*
 * The best timer there is, or the one that "clocksource=" names, started. @skip: how many
 * good ones to pass over, since they turned out not to count. NULL: no more.
 */
const struct platform_timer *platform_timer_find(unsigned skip);

/* a * b / c with a 128-bit product; the quotient must fit in 64 bits. */
static inline u64 mul_div(u64 a, u64 b, u64 c)
{
	u64 lo, hi;

	asm("mulq %3" : "=a" (lo), "=d" (hi) : "0" (a), "rm" (b) : "cc");
	asm("divq %2" : "+a" (lo), "+d" (hi) : "rm" (c) : "cc");
	return lo;
}

/* ns = (ticks << shift) * mul >> 32, or >> -shift: the ABI's form (struct vcpu_time_info). */
struct tick_scale {
	u32 mul;			/* at least 2^31 */
	s8 shift;
};

static inline u64 ticks_to_ns(struct tick_scale s, u64 ticks)
{
	ticks = s.shift < 0 ? ticks >> -s.shift : ticks << s.shift;
	return (unsigned __int128)ticks * s.mul >> 32;
}

/* For a counter that makes @ticks in @ns; both between 1 and 2^62. */
static inline struct tick_scale tick_scale(u64 ns, u64 ticks)
{
	struct tick_scale s = { .shift = 0 };

	for (; ns << 1 <= ticks; s.shift--)
		ns <<= 1;
	for (; ns >= ticks; s.shift++)
		ticks <<= 1;
	s.mul = mul_div(ns, 1UL << 32, ticks);
	return s;
}

#endif
