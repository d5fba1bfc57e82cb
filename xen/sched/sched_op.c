/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercall 29, sched_op: what a vcpu says about its own running, and shutdown. (public/sched.h) */
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/trace.h>

#define MAX_POLL_PORTS	128

static long op_block(u64 arg)
{
	vcpu_block();
	return 0;
}

static long op_yield(u64 arg)
{
	vcpu_yield();
	return 0;
}

static long op_shutdown(u64 arg)
{
	struct sched_shutdown op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	trace(TRC_SCHED_SHUTDOWN, TRACE_DOM_VCPU(current), op.reason);
	domain_shutdown(current->domain, op.reason);
	return 0;
}

/* The reason is kept until the domain shuts down, and is the one reported then. */
static long op_shutdown_code(u64 arg)
{
	struct domain *d = current->domain;
	struct sched_shutdown op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	trace(TRC_SCHED_SHUTDOWN_CODE, TRACE_DOM_VCPU(current), op.reason);
	spin_lock(&d->shutdown_lock);
	d->shutdown_code = op.reason;
	spin_unlock(&d->shutdown_lock);
	return 0;
}

static long op_remote_shutdown(u64 arg)
{
	struct sched_remote_shutdown op;
	struct domain *d;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	if (op.reason > SHUTDOWN_MAX)
		return -EINVAL;
	if (!is_control_domain(current->domain))
		return -EPERM;
	d = get_domain(op.domain_id);
	if (!d)
		return -ESRCH;
	if (d == current->domain) {
		put_domain(d);
		return -EPERM;
	}
	domain_shutdown(d, op.reason);
	put_domain(d);
	return 0;
}

static long op_watchdog(u64 arg)
{
	struct sched_watchdog op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	return watchdog_set(current->domain, op.id, op.timeout);
}

static bool any_pending(struct domain *d, const evtchn_port_t *ports, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (evtchn_port_pending(d, ports[i]))
			return true;
	return false;
}

/*
 * Sleep until one of the ports is pending, masked or not, until the timeout (an
 * absolute system time, 0: none), or until an event is to be delivered.
 */
static long op_poll(u64 arg)
{
	struct vcpu *v = current;
	struct domain *d = v->domain;
	evtchn_port_t ports[MAX_POLL_PORTS];
	struct sched_poll op;

	if (get_guest(&op, arg, 0))
		return -EFAULT;
	if (op.nr_ports > MAX_POLL_PORTS)
		return -EINVAL;
	if (copy_from_guest(ports, handle_va(op.ports), op.nr_ports * sizeof(ports[0])))
		return -EFAULT;
	for (unsigned i = 0; i < op.nr_ports; i++)
		if (!ports[i] || ports[i] >= evtchn_nr_ports(d))
			return -EINVAL;

	timer_stop(&v->poll_timer);
	v->poll_port = op.nr_ports == 1 ? (int)ports[0] : -1;
	/* The flags before the mark, for vcpu_unblock(); both before the look at the ports. */
	__atomic_fetch_or(&v->pause_flags, VPF_BLOCKED | VPF_POLLING, __ATOMIC_SEQ_CST);
	set_bit(v->id, &d->evtchn.pollers);
	if (local_events_need_delivery(v) || any_pending(d, ports, op.nr_ports)) {
		clear_bit(v->id, &d->evtchn.pollers);
		__atomic_fetch_and(&v->pause_flags, ~(VPF_BLOCKED | VPF_POLLING), __ATOMIC_SEQ_CST);
		return 0;
	}
	perfc_inc(polls);
	if (op.timeout)
		timer_set(&v->poll_timer, MIN(op.timeout, (u64)INT64_MAX));
	cpu_work(this_cpu()->id, WORK_SCHEDULE);
	return 0;
}

static long (*const sched_ops[])(u64 arg) = {
	[SCHEDOP_yield]			= op_yield,
	[SCHEDOP_block]			= op_block,
	[SCHEDOP_shutdown]		= op_shutdown,
	[SCHEDOP_poll]			= op_poll,
	[SCHEDOP_remote_shutdown]	= op_remote_shutdown,
	[SCHEDOP_shutdown_code]		= op_shutdown_code,
	[SCHEDOP_watchdog]		= op_watchdog,
};

long do_sched_op(u64 cmd, u64 arg)
{
	if (cmd >= ARRAY_SIZE(sched_ops))
		return -ENOSYS;
	return sched_ops[cmd](arg);
}
