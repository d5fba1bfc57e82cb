/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts of devices: local APIC, IO-APIC, MSI, and dom0's right to them. */
#ifndef XEN_IRQ_H
#define XEN_IRQ_H

#include <xen/cpu.h>

struct domain;

void apic_init_boot(void);		/* local APIC of the boot CPU; masks the PICs */
void apic_init_this_cpu(void);
void apic_eoi(void);
unsigned apic_id(void);
void irq_init(void);			/* IO-APICs from the MADT, vectors */
/* Every vector from VEC_FIRST_DYNAMIC up comes here from entry.S, interrupts off. */
void do_irq(struct cpu_user_regs *regs);
/* Hypervisor's own handler for a GSI (serial): 0 or -EBUSY/-ENOSPC. */
int request_gsi(unsigned gsi, void (*fn)(void *), void *data);
unsigned irq_nr_gsis(void);

int irq_domain_init(struct domain *d);	/* d->irqs: dom0 */
void irq_domain_destroy(struct domain *d);
/* EVTCHNOP_bind_pirq / close, called with the domain's evtchn lock held. -EINVAL, -EBUSY, -EPERM. */
int pirq_bind(struct domain *d, unsigned pirq, bool shareable, u32 port);
void pirq_unbind(struct domain *d, unsigned pirq);
long do_physdev_op(u64 cmd, u64 arg);
void dump_irqs(void);			/* debug keys 'i', 'z' */
void irq_shutdown_all(void);		/* before reset: mask all lines */

#endif
