/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench/init.c measures: rows of its own (rows.c), and packaged tools (tools.c). */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>

struct row {
	const char *name;
	unsigned counted;	/* operations when instructions are counted; each costs the same */
	unsigned more;		/* times as many when time is taken */
	void (*run)(unsigned n);
	void (*prepare)(void);
	void (*before)(void);	/* before each operation, untimed */
	void (*finish)(void);
	unsigned warm_up;	/* operations before the clock starts */
	long cpus;		/* at least so many */
};

extern const struct row rows[];		/* up to one without a name */

void fail(const char *what) __attribute__((noreturn));
void stay_on_cpu(int cpu);		/* -1: any */

/* hackbench and perf bench; all, or the row @only. */
void measure_tools(const char *only);

#endif
