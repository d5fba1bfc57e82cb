/* SPDX-License-Identifier: GPL-2.0-only */
/* NMIs: of other CPUs, of the watchdog, and the platform's errors, which go to dom0 (public/nmi.h). */
#include <xen/bitops.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/lib.h>
#include <xen/remote.h>
#include <xen/watchdog.h>

/* Runs in any context, so it only notes bits; WORK_NMI_LOG says the rest. */
void handle_nmi(struct cpu_user_regs *regs)
{
	static bool served_two[NR_CPUS];	/* own CPU */
	bool *two = &served_two[this_cpu()->id];
	struct vcpu *v = dom0 ? dom0->vcpu[0] : NULL;
	bool ours = remote_nmi(regs);
	u8 reason;

	ours |= watchdog_nmi(regs);
	perfc_inc(nmis);
	reason = inb(0x61);
	if (!(reason & 0xc0) && (ours || *two)) {
		*two = ours;		/* perhaps another of ours came at once, and finds its work done */
		return;
	}
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
