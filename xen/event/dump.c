/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug key 'e': every open port of every domain. */
#include "evtchn.h"
#include <xen/lib.h>

static void dump_port(struct domain *d, const struct evtchn *ch, u32 port)
{
	struct shared_info *s = d->shared_info;

	printk(LOG_WARN "  %4u [%c%c] vcpu %u ", port, test_bit(port, s->evtchn_pending) ? 'p' : '-',
	       test_bit(port, s->evtchn_mask) ? 'm' : '-', ch->vcpu);
	switch (ch->state) {
	case ECS_UNBOUND:
		printk("unbound, for d%u\n", ch->unbound.remote_domid);
		break;
	case ECS_INTERDOMAIN:
		printk("d%u port %u\n", ch->inter.remote->id, ch->inter.port);
		break;
	case ECS_PIRQ:
		printk("pirq %u\n", ch->pirq.irq);
		break;
	case ECS_VIRQ:
		printk("virq %u\n", ch->virq);
		break;
	default:
		printk("ipi\n");
	}
}

void dump_evtchns(void)
{
	struct domain *d;
	struct evtchn *ch;

	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list) {
		printk(LOG_WARN "d%u: ports, [pending masked]\n", d->id);
		spin_lock(&d->evtchn.lock);
		for (u32 port = 1; (ch = evtchn_lookup(d, port)); port++)
			if (ch->state != ECS_FREE)
				dump_port(d, ch, port);
		spin_unlock(&d->evtchn.lock);
	}
	spin_unlock(&domlist_lock);
}
