/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two-level delivery. In shared_info a bit per port says "pending" and another
 * "masked"; in the vcpu's vcpu_info a bit per 64 ports says in which words to
 * look, and a byte says that there is something at all. Set in just this order,
 * as the guest clears them in the opposite one, no event is lost.
 *
 * Guests write all of these as they like at any time. Nothing here believes
 * them: bits lead only to bits, and a guest that lies misses its own events.
 */
#include "evtchn.h"

bool local_events_need_delivery(struct vcpu *v)
{
	return READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask);
}

bool evtchn_port_pending(struct domain *d, u32 port)
{
	return port < EVTCHN_2L_PORTS && test_bit(port, d->shared_info->evtchn_pending);
}

void vcpu_mark_events_pending(struct vcpu *v)
{
	if (xchg(&v->info->evtchn_upcall_pending, 1))
		return;
	vcpu_unblock(v);
	/* Running elsewhere: make it pass through the hypervisor's exit, which looks. */
	if (READ_ONCE(v->running) && READ_ONCE(v->cpu) != this_cpu()->id)
		send_ipi(v->cpu, VEC_KICK);
}

void evtchn_notify(struct domain *d, const struct evtchn *ch, u32 port)
{
	struct vcpu *v = d->vcpu[ch->vcpu];

	if (!v)			/* a port opened before the domain had vcpus */
		return;
	if (!test_bit(port, d->shared_info->evtchn_mask) &&
	    !test_and_set_bit(port / 64, &v->info->evtchn_pending_sel))
		vcpu_mark_events_pending(v);
}

/* Pollers wake for masked ports too: that is how a guest waits for one event only. */
static void wake_pollers(struct domain *d, u32 port)
{
	for (u32 m = atomic_read(&d->evtchn.pollers); m; m &= m - 1) {
		struct vcpu *v = d->vcpu[ffs64(m)];
		int wants = READ_ONCE(v->poll_port);

		if ((atomic_read(&v->pause_flags) & VPF_POLLING) &&
		    (wants == -1 || wants == (int)port))
			vcpu_unblock(v);
	}
}

void evtchn_set_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	if (test_and_set_bit(port, d->shared_info->evtchn_pending))
		return;
	evtchn_notify(d, ch, port);
	if (unlikely(atomic_read(&d->evtchn.pollers)))
		wake_pollers(d, port);
}

/* From the interrupt of a bound line; the irq room serialises with pirq_unbind(). */
void send_pirq_event(struct domain *d, u32 port)
{
	struct evtchn *ch = evtchn_lookup(d, port);

	if (ch && ch->state == ECS_PIRQ)
		evtchn_set_pending(d, ch, port);
}
