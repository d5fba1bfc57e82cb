/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercall 32, event_channel_op: decode, check, act, report. (public/event_channel.h) */
#include "evtchn.h"
#include <xen/hypercall.h>
#include <xen/lib.h>

static long op_alloc_unbound(void *arg)
{
	struct evtchn_alloc_unbound *op = arg;
	struct domain *d = get_domain_or_self(op->dom);
	long ret;

	if (!d)
		return -ESRCH;
	if (op->remote_dom == DOMID_SELF)
		op->remote_dom = current->domain->id;
	ret = may_control(d) ? evtchn_alloc_unbound(d, op->remote_dom, &op->port) : -EPERM;
	put_domain(d);
	return ret;
}

static long op_bind_interdomain(void *arg)
{
	struct evtchn_bind_interdomain *op = arg;

	return evtchn_bind_interdomain(op->remote_dom, op->remote_port, &op->local_port);
}

static long op_bind_virq(void *arg)
{
	struct evtchn_bind_virq *op = arg;

	return evtchn_bind_virq(op->virq, op->vcpu, &op->port);
}

static long op_bind_ipi(void *arg)
{
	struct evtchn_bind_ipi *op = arg;

	return evtchn_bind_ipi(op->vcpu, &op->port);
}

static long op_bind_pirq(void *arg)
{
	struct evtchn_bind_pirq *op = arg;

	if (op->flags & ~BIND_PIRQ__WILL_SHARE)
		return -EINVAL;
	return evtchn_bind_pirq(op->pirq, op->flags & BIND_PIRQ__WILL_SHARE, &op->port);
}

/* A guest that can't be told its new port doesn't get it. */
static void undo_alloc_unbound(void *arg)
{
	const struct evtchn_alloc_unbound *op = arg;
	struct domain *d = get_domain_or_self(op->dom);

	if (!d)
		return;
	evtchn_close(d, op->port);
	put_domain(d);
}

#define UNDO_BIND(name, port)						\
static void undo_##name(void *op)					\
{									\
	evtchn_close(current->domain, ((struct evtchn_##name *)op)->port); \
}
UNDO_BIND(bind_interdomain, local_port)
UNDO_BIND(bind_virq, port)
UNDO_BIND(bind_ipi, port)
UNDO_BIND(bind_pirq, port)

static long op_close(void *arg)
{
	const struct evtchn_close *op = arg;

	return evtchn_close(current->domain, op->port);
}

/* The commonest by far: it has a short way of its own. */
static long op_send(u64 arg)
{
	struct domain *d = current->domain, *rd;
	struct evtchn_send op;
	struct evtchn *ch;
	long ret = 0;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	spin_lock(&d->evtchn.lock);
	ch = evtchn_lookup(d, op.port);
	switch (ch ? ch->state : ECS_FREE) {
	case ECS_INTERDOMAIN:		/* our lock keeps the pair together */
		rd = ch->inter.remote;
		evtchn_set_pending(rd, evtchn_lookup(rd, ch->inter.port), ch->inter.port);
		break;
	case ECS_IPI:
		evtchn_set_pending(d, ch, op.port);
		break;
	case ECS_UNBOUND:		/* nobody there to hear it: that's no error */
		break;
	default:
		ret = -EINVAL;
	}
	spin_unlock(&d->evtchn.lock);
	return ret;
}

static void fill_status(const struct evtchn *ch, struct evtchn_status *op)
{
	op->vcpu = ch->vcpu;
	switch (ch->state) {
	case ECS_UNBOUND:
		op->status = EVTCHNSTAT_unbound;
		op->u.unbound.dom = ch->unbound.remote_domid;
		break;
	case ECS_INTERDOMAIN:
		op->status = EVTCHNSTAT_interdomain;
		op->u.interdomain.dom = ch->inter.remote->id;
		op->u.interdomain.port = ch->inter.port;
		break;
	case ECS_PIRQ:
		op->status = EVTCHNSTAT_pirq;
		op->u.pirq = ch->pirq.irq;
		break;
	case ECS_VIRQ:
		op->status = EVTCHNSTAT_virq;
		op->u.virq = ch->virq;
		break;
	case ECS_IPI:
		op->status = EVTCHNSTAT_ipi;
		break;
	default:
		op->status = EVTCHNSTAT_closed;
	}
}

static long op_status(void *arg)
{
	struct evtchn_status *op = arg;
	struct domain *d = get_domain_or_self(op->dom);
	struct evtchn *ch;

	if (!d)
		return -ESRCH;
	if (!may_control(d)) {
		put_domain(d);
		return -EPERM;
	}
	spin_lock(&d->evtchn.lock);
	ch = evtchn_lookup(d, op->port);
	if (ch)
		fill_status(ch, op);
	spin_unlock(&d->evtchn.lock);
	put_domain(d);
	return ch ? 0 : -EINVAL;
}

static bool may_move(const struct evtchn *ch)
{
	return ch->state == ECS_UNBOUND || ch->state == ECS_INTERDOMAIN || ch->state == ECS_PIRQ ||
	       (ch->state == ECS_VIRQ && !virq_is_per_vcpu(ch->virq));
}

static long op_bind_vcpu(void *arg)
{
	const struct evtchn_bind_vcpu *op = arg;
	struct domain *d = current->domain;
	struct evtchn *ch;
	long ret = -EINVAL;

	if (!own_vcpu(op->vcpu))
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	ch = evtchn_lookup(d, op->port);
	if (ch && may_move(ch)) {
		WRITE_ONCE(ch->vcpu, op->vcpu);
		ret = 0;
	}
	spin_unlock(&d->evtchn.lock);
	return ret;
}

static long op_unmask(void *arg)
{
	const struct evtchn_unmask *op = arg;
	struct domain *d = current->domain;
	struct evtchn *ch = evtchn_lookup(d, op->port);

	if (!ch)
		return -EINVAL;
	evtchn_abi(d)->unmask(d, ch, op->port);
	return 0;
}

static long op_reset(void *arg)
{
	const struct evtchn_reset *op = arg;
	struct domain *d = get_domain_or_self(op->dom);
	long ret = 0;

	if (!d)
		return -ESRCH;
	if (!may_control(d))
		ret = -EPERM;
	while (!ret && evtchn_close_all(d))
		if (preempt_check())
			ret = -ERESTART;
	/* Who resets itself begins anew; one that another resets doesn't know and keeps its frames there. */
	if (!ret && d == current->domain)
		fifo_stop(d);
	put_domain(d);
	return ret;
}

/* ---- FIFO delivery --------------------------------------------------------------- */

static long op_init_control(void *arg)
{
	struct evtchn_init_control *op = arg;

	op->link_bits = EVTCHN_FIFO_LINK_BITS;
	return fifo_init_control(op->vcpu, op->control_gfn, op->offset);
}

static void undo_init_control(void *arg)
{
	const struct evtchn_init_control *op = arg;

	fifo_undo_control(op->vcpu);
}

static long op_expand_array(void *arg)
{
	const struct evtchn_expand_array *op = arg;

	return fifo_expand_array(op->array_gfn);
}

static long op_set_priority(void *arg)
{
	const struct evtchn_set_priority *op = arg;
	struct domain *d = current->domain;
	struct evtchn *ch;
	long ret = -EINVAL;

	if (evtchn_abi(d) != &fifo_abi)
		return -ENOSYS;
	if (op->priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	ch = evtchn_lookup(d, op->port);
	if (ch && ch->state != ECS_FREE && ch->state != ECS_RESERVED) {
		WRITE_ONCE(ch->priority, op->priority);
		ret = 0;
	}
	spin_unlock(&d->evtchn.lock);
	return ret;
}

/* ---- the table --------------------------------------------------------------------- */

#define IN(name)	[EVTCHNOP_##name] = { op_##name, NULL, sizeof(struct evtchn_##name), false }
#define INOUT(name, undo) [EVTCHNOP_##name] = { op_##name, undo, sizeof(struct evtchn_##name), true }

static const struct arg_command commands[] = {
	INOUT(bind_interdomain, undo_bind_interdomain),
	INOUT(bind_virq, undo_bind_virq),
	INOUT(bind_pirq, undo_bind_pirq),
	IN(close),
	INOUT(status, NULL),
	INOUT(alloc_unbound, undo_alloc_unbound),
	INOUT(bind_ipi, undo_bind_ipi),
	IN(bind_vcpu),
	IN(unmask),
	IN(reset),
	INOUT(init_control, undo_init_control),
	IN(expand_array),
	IN(set_priority),
};

long do_event_channel_op(u64 cmd, u64 arg)
{
	long ret;

	if (likely(cmd == EVTCHNOP_send))
		return op_send(arg);
	if (cmd >= ARRAY_SIZE(commands) || !commands[cmd].fn)
		return -ENOSYS;
	ret = run_command(&commands[cmd], arg);
	if (unlikely(ret == -ERESTART))
		return hypercall_restart(__HYPERVISOR_event_channel_op, 2, cmd, arg);
	return ret;
}
