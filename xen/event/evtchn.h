/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share. Ports come from guests: every function checks them. */
#ifndef XEN_EVENT_EVTCHN_H
#define XEN_EVENT_EVTCHN_H

#include <xen/domain.h>

/* NULL if the table doesn't reach that far; a port in it may be free. No lock needed to find it. */
struct evtchn *evtchn_lookup(const struct domain *d, u32 port);

/* Lowest free port, still ECS_FREE. Lock held. -ENOSPC, -ENOMEM, -EINVAL (domain dies). */
int evtchn_find_free(struct domain *d, u32 *port);
/* Take it, notifying @vcpu. Lock held; cannot fail. */
struct evtchn *evtchn_take(struct domain *d, u32 port, enum evtchn_state state, u16 vcpu);
/* Give a port back whose binding is undone. Lock held. */
void evtchn_release(struct domain *d, u32 port);

/* 0, or -EINVAL if the port isn't open. No lock held. */
int evtchn_close(struct domain *d, u32 port);

/* Bind a new port of the current domain; *port set. 0 or -errno and nothing done. */
int evtchn_bind_interdomain(domid_t remote, u32 remote_port, u32 *port);
int evtchn_bind_virq(u32 virq, u32 vcpu, u32 *port);
int evtchn_bind_ipi(u32 vcpu, u32 *port);
int evtchn_bind_pirq(u32 pirq, bool shareable, u32 *port);

/* One for each vcpu, as opposed to one for the domain. */
bool virq_is_per_vcpu(u32 virq);

/* Make a pending port known to its vcpu, if it isn't masked. */
void evtchn_notify(struct domain *d, const struct evtchn *ch, u32 port);

#endif
