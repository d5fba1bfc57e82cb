/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug key 'e': every open port of every domain. */
#include "evtchn.h"
#include <xen/lib.h>

static void dump_port(struct domain *d, struct evtchn *ch, u32 port)
{
	u32 flags = d->evtchn.abi->flags(d, ch, port);

	printk(LOG_WARN "  %4u [%c%c%c] vcpu %u priority %u ", port, flags & PORT_PENDING ? 'p' : '-',
	       flags & PORT_MASKED ? 'm' : '-', flags & PORT_LINKED ? 'l' : '-', ch->vcpu,
	       ch->priority);
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
		spin_lock(&d->evtchn.lock);
		printk(LOG_WARN "d%u: %s, ports up to %u, [pending masked linked]\n", d->id,
		       d->evtchn.abi->name, MIN(d->evtchn.max_port, d->evtchn.abi->nr_ports - 1));
		fifo_dump(d);
		for (u32 port = 1; (ch = evtchn_lookup(d, port)); port++)
			if (ch->state != ECS_FREE)
				dump_port(d, ch, port);
		spin_unlock(&d->evtchn.lock);
	}
	spin_unlock(&domlist_lock);
}
