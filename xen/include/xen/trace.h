/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace records: what happened when, in a ring per CPU that the control domain reads.
 * (public/trace.h; debug/trace.c writes, debug/tbuf.c makes the rings and switches)
 */
#ifndef XEN_TRACE_H
#define XEN_TRACE_H

#include <xen/cpu.h>
#include <public/trace.h>

/* Events that are recorded: classes and subclasses, TRC_*. 0 nearly always: nothing is traced. */
extern u32 trace_events;

/* @n words of @data, at most TRACE_EXTRA_MAX. Any context but NMI; takes no lock. */
void trace_record(u32 event, const u32 *data, unsigned n) __cold;

/* The arguments after the event are 32-bit words, evaluated only while something is traced. */
#define trace(event, ...) do {						\
	if (unlikely(READ_ONCE(trace_events))) {			\
		const u32 trace_data_[] = { __VA_ARGS__ };		\
									\
		trace_record(event, trace_data_, ARRAY_SIZE(trace_data_)); \
	}								\
} while (0)

#define TRACE_U64(x)		(u32)(x), (u32)((u64)(x) >> 32)
#define TRACE_VCPU(v)		((v)->id | (u32)(v)->domain->id << 16)
#define TRACE_DOM_VCPU(v)	(v)->domain->id, (v)->id

/* For events that begin with a time stamp: its low half, 0 while nothing is traced. */
static inline u32 trace_time(void) { return unlikely(READ_ONCE(trace_events)) ? rdtsc() : 0; }

/* debug/trace_pv.c: the entries' short ways trace nothing: while guests' entries are traced all go to C. */
void trace_guest_entries(bool on);

/* debug/tbuf.c */
void tbuf_init(void);			/* "tbuf_size=", "tevt_mask="; all CPUs are up */
void tbuf_notify(void);			/* WORK_TRACE: a ring is half full */
/* XEN_SYSCTL_tbuf_op; the CPU mask of its argument is the caller's to read. */
int tbuf_op(struct xen_sysctl_tbuf_op *op, u64 cpu_mask);

/*
 * A CPU's ring, in pages that the control domain may write: it moves cons, and could do
 * anything to the rest, so what counts is kept here.
 */
struct trace_ring {
	struct t_buf *buf;		/* immutable: the first page; NULL: no ring */
	const u32 *mfns;		/* immutable: all pages; in t_info, which no guest can write */
	u32 size;			/* immutable: bytes of records */
	u32 prod;			/* own CPU, as all below: next byte, modulo 2 * size */
	u32 lost;			/* records that found no room */
	u64 lost_since;			/* TSC of the first */
	bool bad;			/* it was said that cons makes no sense */
};
extern struct trace_ring trace_rings[NR_CPUS];
extern u64 trace_cpus;			/* mask */

#endif
