/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercall 35, sysctl: what the control domain asks of the whole machine. (public/sysctl.h) */
#include <xen/console.h>
#include <xen/trace.h>
#include "control.h"

#define MAX_KEYS	64

static int sysctl_readconsole(struct xen_sysctl *op)
{
	return console_read_ring(&op->u.readconsole);
}

static int sysctl_debug_keys(struct xen_sysctl *op)
{
	const struct xen_sysctl_debug_keys *k = &op->u.debug_keys;
	char keys[MAX_KEYS];

	if (k->nr_keys > MAX_KEYS)
		return -E2BIG;
	if (copy_from_guest(keys, handle_va(k->keys), k->nr_keys))
		return -EFAULT;
	for (u32 i = 0; i < k->nr_keys; i++)
		handle_key(keys[i], current_regs());
	return 0;
}

static int sysctl_perfc_op(struct xen_sysctl *op)
{
	return perfc_op(&op->u.perfc_op);
}

static int sysctl_tbuf_op(struct xen_sysctl *op)
{
	u64 cpus_mask = 0;
	int rc = 0;

	if (op->u.tbuf_op.cmd == XEN_SYSCTL_TBUFOP_set_cpu_mask)
		rc = get_bitmap(&op->u.tbuf_op.cpu_mask, &cpus_mask);
	return rc ? rc : tbuf_op(&op->u.tbuf_op, cpus_mask);
}

static sysctl_fn *const commands[] = {
	[XEN_SYSCTL_readconsole]	= sysctl_readconsole,
	[XEN_SYSCTL_debug_keys]		= sysctl_debug_keys,
	[XEN_SYSCTL_perfc_op]		= sysctl_perfc_op,
	[XEN_SYSCTL_tbuf_op]		= sysctl_tbuf_op,

	[XEN_SYSCTL_physinfo]		= sysctl_physinfo,
	[XEN_SYSCTL_getcpuinfo]		= sysctl_getcpuinfo,
	[XEN_SYSCTL_availheap]		= sysctl_availheap,
	[XEN_SYSCTL_cputopoinfo]	= sysctl_cputopoinfo,
	[XEN_SYSCTL_numainfo]		= sysctl_numainfo,
	[XEN_SYSCTL_pcitopoinfo]	= sysctl_pcitopoinfo,
	[XEN_SYSCTL_getdomaininfolist]	= sysctl_getdomaininfolist,

	[XEN_SYSCTL_sched_id]		= sysctl_sched_id,
	[XEN_SYSCTL_scheduler_op]	= sysctl_scheduler_op,
	[XEN_SYSCTL_cpupool_op]		= sysctl_cpupool_op,

	[XEN_SYSCTL_get_cpu_policy]	= sysctl_get_cpu_policy,
	[XEN_SYSCTL_get_cpu_featureset]	= sysctl_get_cpu_featureset,
	[XEN_SYSCTL_get_cpu_levelling_caps] = sysctl_get_cpu_levelling_caps,
};

/* The argument goes back after success, and with -ENOBUFS, when it tells the size wanted. */
long do_sysctl(u64 arg)
{
	struct xen_sysctl op;
	int rc = get_op(&op, sizeof(op), arg, XEN_SYSCTL_INTERFACE_VERSION);

	if (rc)
		return rc;
	if (op.cmd >= ARRAY_SIZE(commands) || !commands[op.cmd])
		return -ENOSYS;
	rc = commands[op.cmd](&op);
	if ((!rc || rc == -ENOBUFS) && put_guest(arg, 0, &op))
		return -EFAULT;
	return rc;
}
