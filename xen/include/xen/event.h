/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: ports of a domain, each bound to a port of another domain, a
 * virtual interrupt, a physical interrupt, or an IPI between its own vcpus.
 */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <xen/public.h>
#include <xen/spinlock.h>

struct domain;
struct vcpu;

#define EVTCHN_2L_PORTS		4096	/* 64 words of 64 bits in shared_info */
#define EVTCHN_MAX_PORTS	EVTCHN_FIFO_NR_CHANNELS

/*
 * States: free -> unbound <-> interdomain; free -> pirq | virq | ipi; each -> free by close.
 * A closed interdomain port leaves its peer unbound.
 */
enum evtchn_state { ECS_FREE, ECS_RESERVED, ECS_UNBOUND, ECS_INTERDOMAIN, ECS_PIRQ, ECS_VIRQ, ECS_IPI };

struct evtchn {
	u8 state;			/* enum evtchn_state; evtchn_lock */
	u8 virq;
	u16 vcpu;			/* vcpu that is notified */
	u8 priority;			/* FIFO queue, 0 (first) to 15 */
	/* Of FIFO delivery, and kept from one use of the port to the next; see fifo.c for the lock. */
	u8 last_vcpu, last_priority;	/* queue where it was last linked */
	bool kept;			/* it is pending, and has no event word yet */
	union {
		struct { domid_t remote_domid; } unbound;
		struct { struct domain *remote; u32 port; } inter;	/* remote: referenced */
		struct { u16 irq; } pirq;
	};
};

#define EVTCHN_PER_BUCKET	128

struct evtchn_abi;
struct evtchn_fifo;

struct evtchn_domain {
	spinlock_t lock;
	const struct evtchn_abi *abi;	/* lock for writers: how its guest is told of events */
	struct evtchn_fifo *fifo;	/* lock; set once: NULL if it never used FIFO delivery */
	struct evtchn **bucket;		/* pages of struct evtchn, enough for max_port, grown on demand */
	u32 max_port;			/* immutable: highest allowed, DOMCTL limit; < EVTCHN_MAX_PORTS */
	u32 nr_buckets;			/* lock; buckets are never taken away while the domain lives */
	u32 first_free;			/* lock: no port below is free */
	u32 close_next;			/* lock: where evtchn_close_all() goes on */
	bool closed;			/* lock: the domain dies, no new ports */
	u32 pollers;			/* atomic: vcpus in SCHEDOP_poll */
};

int evtchn_init(struct domain *d, u32 max_port);
int evtchn_destroy(struct domain *d);	/* close all, domain dies: 0, or -ERESTART: call again */
void evtchn_free(struct domain *d);	/* release memory: last reference gone */
/* From any CPU and from interrupt handlers (interrupts are off in the hypervisor). */
void send_vcpu_virq(struct vcpu *v, u32 virq);
void send_global_virq(u32 virq);	/* to dom0's vcpu 0 */
void send_pirq_event(struct domain *d, u32 port);
/* Make the port pending, tell the vcpu, wake pollers. */
void evtchn_set_pending(struct domain *d, struct evtchn *ch, u32 port);
void vcpu_mark_events_pending(struct vcpu *v);
/* An upcall is due: pending and not masked. */
bool local_events_need_delivery(struct vcpu *v);
bool evtchn_port_pending(struct domain *d, u32 port);
u32 evtchn_nr_ports(const struct domain *d);	/* that its present way of delivery can have */
/* Used by physdev: bind/unbind are the irq room's. */
/* Kernel-internal allocation for the dom0 builder and domctl: 0 or -errno, port set. */
int evtchn_alloc_unbound(struct domain *d, domid_t remote, u32 *port);
long do_event_channel_op(u64 cmd, u64 arg);
void dump_evtchns(void);		/* debug key 'e' */
/* VCPUOP_register_vcpu_info. */
int map_vcpu_info(struct vcpu *v, mfn_t mfn, u32 offset);
void unmap_vcpu_info(struct vcpu *v);

#endif
