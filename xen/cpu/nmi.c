/* SPDX-License-Identifier: GPL-2.0-only */
/* NMIs: the platform's errors go to dom0, with their reason (public/nmi.h). */
#include <xen/bitops.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/lib.h>

/* Runs in any context, so it only notes bits; WORK_NMI_LOG says the rest. */
void handle_nmi(struct cpu_user_regs *regs)
{
	u8 reason;
	struct vcpu *v = dom0 ? dom0->vcpu[0] : NULL;

	perfc_inc(nmis);
	if (cpu_must_stop())
		stop_this_cpu();
	reason = inb(0x61);
	if (v && v->domain->shared_info) {
		u64 *flags = &v->domain->shared_info->arch.nmi_reason;

		if (reason & 0x80)
			set_bit(_XEN_NMIREASON_pci_serr, flags);
		if (reason & 0x40)
			set_bit(_XEN_NMIREASON_io_error, flags);
		if (!(reason & 0xc0))
			set_bit(_XEN_NMIREASON_unknown, flags);
		v->nmi_pending = 1;
	}
	set_bit(WORK_NMI_LOG, &this_cpu()->work);
}
