/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that ring 3 may not execute, done for guest kernels. */
#ifndef XEN_EMULATE_H
#define XEN_EMULATE_H

#include <xen/cpu.h>

struct domain;

/*
 * #GP with error code 0: if the instruction at rip is one the ABI lets this
 * guest use in its present mode, do it and step over it, or inject what it
 * would raise. False: not ours, reflect the #GP.
 */
bool emulate_privileged(struct vcpu *v, struct cpu_user_regs *regs);
/* #UD: the forced-emulation prefix "ud2a; .ascii "xen"" before CPUID. */
bool emulate_invalid_op(struct vcpu *v, struct cpu_user_regs *regs);

/*
 * Port I/O of @bytes (1, 2, 4) for a domain, after the guest's own rights were
 * checked: the host's policy; a denied port reads all-ones and swallows writes.
 */
u32 guest_io_read(struct domain *d, u16 port, unsigned bytes);
void guest_io_write(struct domain *d, u16 port, unsigned bytes, u32 val);
extern spinlock_t rtc_lock;		/* ports 0x70 and 0x71, held over index and data */
/* Do the guest's own rights (virtual IOPL, I/O bitmap) allow the access? */
bool guest_io_allowed(struct vcpu *v, u16 port, unsigned bytes);

#endif
