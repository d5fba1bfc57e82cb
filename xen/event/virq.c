/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual interrupts: events that the hypervisor itself sends. (public/xen.h, VIRQ_*)
 *
 * Sending takes no evtchn lock, so it may be done from any place that may wake
 * a vcpu. If the port is closed and reused just then, its new user sees one
 * event too many, which every user of ports has to bear.
 */
#include "evtchn.h"

bool virq_is_per_vcpu(u32 virq)
{
	return virq == VIRQ_TIMER || virq == VIRQ_DEBUG || virq == VIRQ_XENOPROF ||
	       virq == VIRQ_XENPMU;
}

void send_vcpu_virq(struct vcpu *v, u32 virq)
{
	u32 port = READ_ONCE(v->virq_to_port[virq]);
	struct evtchn *ch = port ? evtchn_lookup(v->domain, port) : NULL;

	if (ch && ch->state == ECS_VIRQ && ch->virq == virq) {
		perfc_inc(virqs);
		evtchn_set_pending(v->domain, ch, port);
	}
}

void send_global_virq(u32 virq)
{
	if (dom0 && dom0->vcpu[0])
		send_vcpu_virq(dom0->vcpu[0], virq);
}
