/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercall 32, event_channel_op: decode, check, act, report. (public/event_channel.h) */
#include "evtchn.h"
#include <xen/hypercall.h>
#include <xen/lib.h>

/* Tell the guest its new port; if it can't be told, it doesn't get it. */
#define RETURN_PORT(arg, op, ret) ({						\
	long ret_ = (ret);							\
	if (!ret_ && put_guest(arg, 0, &(op))) {				\
		evtchn_close(current->domain, (op).port);			\
		ret_ = -EFAULT;							\
	}									\
	ret_; })

static long op_alloc_unbound(u64 arg)
{
	struct evtchn_alloc_unbound op;
	struct domain *d;
	long ret;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	d = get_domain_or_self(op.dom);
	if (!d)
		return -ESRCH;
	if (op.remote_dom == DOMID_SELF)
		op.remote_dom = current->domain->id;
	ret = may_control(d) ? evtchn_alloc_unbound(d, op.remote_dom, &op.port) : -EPERM;
	if (!ret && put_guest(arg, 0, &op)) {
		evtchn_close(d, op.port);
		ret = -EFAULT;
	}
	put_domain(d);
	return ret;
}

static long op_bind_interdomain(u64 arg)
{
	struct evtchn_bind_interdomain op;
	long ret;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	ret = evtchn_bind_interdomain(op.remote_dom, op.remote_port, &op.local_port);
	if (!ret && put_guest(arg, 0, &op)) {
		evtchn_close(current->domain, op.local_port);
		ret = -EFAULT;
	}
	return ret;
}

static long op_bind_virq(u64 arg)
{
	struct evtchn_bind_virq op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	return RETURN_PORT(arg, op, evtchn_bind_virq(op.virq, op.vcpu, &op.port));
}

static long op_bind_ipi(u64 arg)
{
	struct evtchn_bind_ipi op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	return RETURN_PORT(arg, op, evtchn_bind_ipi(op.vcpu, &op.port));
}

static long op_bind_pirq(u64 arg)
{
	struct evtchn_bind_pirq op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	if (op.flags & ~BIND_PIRQ__WILL_SHARE)
		return -EINVAL;
	return RETURN_PORT(arg, op, evtchn_bind_pirq(op.pirq, op.flags & BIND_PIRQ__WILL_SHARE, &op.port));
}

static long op_close(u64 arg)
{
	struct evtchn_close op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	return evtchn_close(current->domain, op.port);
}

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

static long op_status(u64 arg)
{
	struct evtchn_status op;
	struct evtchn *ch = NULL;
	struct domain *d;
	long ret = -EINVAL;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	d = get_domain_or_self(op.dom);
	if (!d)
		return -ESRCH;
	if (!may_control(d)) {
		put_domain(d);
		return -EPERM;
	}
	spin_lock(&d->evtchn.lock);
	ch = evtchn_lookup(d, op.port);
	if (ch) {
		fill_status(ch, &op);
		ret = 0;
	}
	spin_unlock(&d->evtchn.lock);
	put_domain(d);
	return ret ? ret : put_guest(arg, 0, &op);
}

static long op_bind_vcpu(u64 arg)
{
	struct domain *d = current->domain;
	struct evtchn_bind_vcpu op;
	struct evtchn *ch;
	long ret = -EINVAL;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	if (op.vcpu >= d->max_vcpus || op.vcpu >= MAX_VCPUS || !d->vcpu[op.vcpu])
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	ch = evtchn_lookup(d, op.port);
	if (ch && (ch->state == ECS_UNBOUND || ch->state == ECS_INTERDOMAIN || ch->state == ECS_PIRQ ||
		   (ch->state == ECS_VIRQ && !virq_is_per_vcpu(ch->virq)))) {
		WRITE_ONCE(ch->vcpu, op.vcpu);
		ret = 0;
	}
	spin_unlock(&d->evtchn.lock);
	return ret;
}

static long op_unmask(u64 arg)
{
	struct domain *d = current->domain;
	struct evtchn_unmask op;
	struct evtchn *ch;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	ch = evtchn_lookup(d, op.port);
	if (!ch)
		return -EINVAL;
	if (test_and_clear_bit(op.port, d->shared_info->evtchn_mask) &&
	    evtchn_port_pending(d, op.port))
		evtchn_notify(d, ch, op.port);
	return 0;
}

static long op_reset(u64 arg)
{
	struct evtchn_reset op;
	struct domain *d;
	long ret = 0;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	d = get_domain_or_self(op.dom);
	if (!d)
		return -ESRCH;
	if (!may_control(d))
		ret = -EPERM;
	for (u32 port = 1, closed = 0; !ret && evtchn_lookup(d, port); port++)
		if (!evtchn_close(d, port) && ++closed % 64 == 0 && preempt_check())
			ret = hypercall_restart(__HYPERVISOR_event_channel_op, 2,
						(u64)EVTCHNOP_reset, arg);
	put_domain(d);
	return ret;
}

/* Not listed: the FIFO commands. Linux then uses two levels. */
static long (*const evtchn_ops[])(u64 arg) = {
	[EVTCHNOP_bind_interdomain]	= op_bind_interdomain,
	[EVTCHNOP_bind_virq]		= op_bind_virq,
	[EVTCHNOP_bind_pirq]		= op_bind_pirq,
	[EVTCHNOP_close]		= op_close,
	[EVTCHNOP_send]			= op_send,
	[EVTCHNOP_status]		= op_status,
	[EVTCHNOP_alloc_unbound]	= op_alloc_unbound,
	[EVTCHNOP_bind_ipi]		= op_bind_ipi,
	[EVTCHNOP_bind_vcpu]		= op_bind_vcpu,
	[EVTCHNOP_unmask]		= op_unmask,
	[EVTCHNOP_reset]		= op_reset,
};

long do_event_channel_op(u64 cmd, u64 arg)
{
	if (cmd >= ARRAY_SIZE(evtchn_ops) || !evtchn_ops[cmd])
		return -ENOSYS;
	return evtchn_ops[cmd](arg);
}
