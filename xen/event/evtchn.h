/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share. Ports come from guests: every function checks them. */
#ifndef XEN_EVENT_EVTCHN_H
#define XEN_EVENT_EVTCHN_H

#include <xen/domain.h>

#define PORT_LINKED	1u	/* FIFO: in a queue */
#define PORT_MASKED	2u
#define PORT_PENDING	4u

/*
 * How a guest is told of events. Senders call these with no lock of events held, so a port may be
 * closed, and the way of delivery changed, while they do.
 */
struct evtchn_abi {
	const char *name;
	u32 nr_ports;
	bool (*set_pending)(struct domain *d, struct evtchn *ch, u32 port);	/* false: it was */
	void (*clear_pending)(struct domain *d, struct evtchn *ch, u32 port);
	void (*unmask)(struct domain *d, struct evtchn *ch, u32 port);	/* and tell if it is pending */
	u32 (*flags)(struct domain *d, struct evtchn *ch, u32 port);	/* PORT_*; ch may be NULL */
};
extern const struct evtchn_abi two_level_abi, fifo_abi;

static inline const struct evtchn_abi *evtchn_abi(const struct domain *d)
{
	return __atomic_load_n(&d->evtchn.abi, __ATOMIC_ACQUIRE);
}

/* ---- fifo.c: of the current domain; 0 or -errno and nothing done ---- */
int fifo_init_control(u32 vcpu, mfn_t mfn, u32 offset);
void fifo_undo_control(u32 vcpu);
int fifo_expand_array(mfn_t mfn);
void fifo_stop(struct domain *d);	/* back to two levels, all frames given back */
void fifo_dump(struct domain *d);

/* Frame @mfn of @d, held writable until put_event_frame(); NULL if it can't be had so. */
void *get_event_frame(struct domain *d, mfn_t mfn);
void put_event_frame(void *in_it);

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

/* Close all ports, some at a time: 0, or -ERESTART. No lock held. */
int evtchn_close_all(struct domain *d);

/* The current domain's, or NULL. */
struct vcpu *own_vcpu(u32 id);

/* Bind a new port of the current domain; *port set. 0 or -errno and nothing done. */
int evtchn_bind_interdomain(domid_t remote, u32 remote_port, u32 *port);
int evtchn_bind_virq(u32 virq, u32 vcpu, u32 *port);
int evtchn_bind_ipi(u32 vcpu, u32 *port);
int evtchn_bind_pirq(u32 pirq, bool shareable, u32 *port);

/* One for each vcpu, as opposed to one for the domain. */
bool virq_is_per_vcpu(u32 virq);

#endif
