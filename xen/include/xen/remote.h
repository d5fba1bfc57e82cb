/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at other CPUs wherever they are, by NMI: interrupts are off inside the
 * hypervisor, so nothing else gets through to one that is stuck.
 */
#ifndef XEN_REMOTE_H
#define XEN_REMOTE_H

#include <xen/cpu.h>

#define TRACE_MAX	16

/* What a CPU was doing. */
struct cpu_state {
	struct cpu_user_regs regs;	/* es, ds, fs, gs aren't filled */
	u64 cr0, cr2, cr3, cr4;
	unsigned cpu;
	unsigned domid, vcpu_id;
	bool idle;
	unsigned depth;
	vaddr_t trace[TRACE_MAX];	/* return addresses, if it was in the hypervisor */
};

/* Of this CPU, at @regs. */
void capture_state(struct cpu_state *s, const struct cpu_user_regs *regs);
/* Of another one, which goes on; false if it doesn't answer. One caller at a time. */
bool ask_cpu(unsigned cpu, struct cpu_state *s);

/* All others stop where they are until let_go(). One caller at a time. */
void hold_others(void);
void let_go(void);
/* Where a held CPU was, or one that is stopped for good; NULL if it didn't stop. */
struct cpu_user_regs *held_regs(unsigned cpu);
/* For a CPU that has to wait until somebody else let go: as if held at @regs. */
void hold_here(struct cpu_user_regs *regs);

/* The NMI handler: true if the NMI came from another CPU. */
bool remote_nmi(struct cpu_user_regs *regs);

#endif
