/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telling a guest of an event: what all ways of delivery share, and the way that every guest begins
 * with; the other is in fifo.c.
 *
 * Two-level delivery: in shared_info a bit per port says "pending" and another
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

void vcpu_mark_events_pending(struct vcpu *v)
{
	if (xchg(&v->info->evtchn_upcall_pending, 1))
		return;
	vcpu_unblock(v);
	vcpu_kick(v);
}

/* ---- two levels --------------------------------------------------------------- */

/* Make a pending port known to its vcpu, if it isn't masked. */
static void notify(struct domain *d, const struct evtchn *ch, u32 port)
{
	struct vcpu *v = d->vcpu[ch->vcpu];

	if (!v)			/* a port opened before the domain had vcpus */
		return;
	if (!test_bit(port, d->shared_info->evtchn_mask) &&
	    !test_and_set_bit(port / 64, &v->info->evtchn_pending_sel))
		vcpu_mark_events_pending(v);
}

/* Ports beyond the bits: left from FIFO delivery, for the moment of a reset. */
static bool two_level_set_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	if (port >= EVTCHN_2L_PORTS || test_and_set_bit(port, d->shared_info->evtchn_pending))
		return false;
	notify(d, ch, port);
	return true;
}

static void two_level_clear_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	if (port < EVTCHN_2L_PORTS)
		clear_bit(port, d->shared_info->evtchn_pending);
}

static u32 two_level_flags(struct domain *d, struct evtchn *ch, u32 port)
{
	const struct shared_info *s = d->shared_info;

	if (port >= EVTCHN_2L_PORTS)
		return 0;
	return (test_bit(port, s->evtchn_pending) ? PORT_PENDING : 0) |
	       (test_bit(port, s->evtchn_mask) ? PORT_MASKED : 0);
}

static void two_level_unmask(struct domain *d, struct evtchn *ch, u32 port)
{
	if (port < EVTCHN_2L_PORTS && test_and_clear_bit(port, d->shared_info->evtchn_mask) &&
	    test_bit(port, d->shared_info->evtchn_pending))
		notify(d, ch, port);
}

const struct evtchn_abi two_level_abi = {
	.name = "two levels",
	.nr_ports = EVTCHN_2L_PORTS,
	.set_pending = two_level_set_pending,
	.clear_pending = two_level_clear_pending,
	.unmask = two_level_unmask,
	.flags = two_level_flags,
};

/* ---- any way of delivery --------------------------------------------------------- */

bool evtchn_port_pending(struct domain *d, u32 port)
{
	return evtchn_abi(d)->flags(d, evtchn_lookup(d, port), port) & PORT_PENDING;
}

u32 evtchn_nr_ports(const struct domain *d)
{
	return evtchn_abi(d)->nr_ports;
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
	const struct evtchn_abi *abi = evtchn_abi(d);
	bool set = abi->set_pending(d, ch, port);

	/* If the way of delivery has changed meanwhile, the guest may look in the other place already. */
	if (unlikely(evtchn_abi(d) != abi))
		set |= evtchn_abi(d)->set_pending(d, ch, port);
	if (!set)
		return;
	perfc_inc(events);
	if (unlikely(atomic_read(&d->evtchn.pollers)))
		wake_pollers(d, port);
}

/* From the interrupt of a bound line; the irq room serialises with pirq_unbind(). */
void send_pirq_event(struct domain *d, u32 port)
{
	struct evtchn *ch = evtchn_lookup(d, port);

	if (ch && ch->state == ECS_PIRQ) {
		perfc_inc(pirqs);
		evtchn_set_pending(d, ch, port);
	}
}
