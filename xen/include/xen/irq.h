/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts of devices: local APIC, IO-APIC, MSI, and dom0's right to them. */
#ifndef XEN_IRQ_H
#define XEN_IRQ_H

#include <xen/cpu.h>

struct domain;

void apic_init_boot(void);		/* local APIC of the boot CPU; masks the PICs */
void apic_init_this_cpu(void);
void apic_eoi(void);
void apic_error_interrupt(void);
/*
 * Calibration of the timer: ticks of its counter since it was started; then how many it
 * counted in @ns. True if the timer goes by TSC values.
 */
u32 apic_timer_count(bool start);
bool apic_timer_calibrated(u32 ticks, u64 ns);
void apic_timer_start(void);		/* this CPU's, after calibration */
void apic_shutdown_timer(void);
unsigned apic_id(void);
void apic_counter_nmi(void);		/* this CPU's performance counters interrupt by NMI, once */
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

/*
 * Config space for the I/O emulator: an access of @bytes at port 0xcfc + @offset while the
 * domain's latch of port 0xcf8 is @cf8. What doesn't exist, or isn't for @d, reads as ones
 * and swallows writes.
 */
u32 pci_conf_read(struct domain *d, u32 cf8, u8 offset, u8 bytes);
void pci_conf_write(struct domain *d, u32 cf8, u8 offset, u8 bytes, u32 v);

#endif
