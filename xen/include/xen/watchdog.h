/* SPDX-License-Identifier: GPL-2.0-only */
/* The NMI watchdog: a CPU that is stuck inside the hypervisor ends in a panic that says where. */
#ifndef XEN_WATCHDOG_H
#define XEN_WATCHDOG_H

#include <xen/cpu.h>

void nmi_watchdog_init(void);		/* honours "watchdog"; after all CPUs have started */
bool watchdog_nmi(struct cpu_user_regs *regs);	/* true if the NMI was its own */
void watchdog_touch(void);		/* all CPUs have been held for a while: none is stuck */
void dump_nmis(void);			/* debug key 'n' */

#endif
