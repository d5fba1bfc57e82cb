/* SPDX-License-Identifier: GPL-2.0-only */
/* sysctl: the scheduler, and CPU pools, of which there is one: pool 0, with all CPUs and domains. */
#include "control.h"

#define POOL	0

int sysctl_sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = sched->id;
	return 0;
}

int sysctl_scheduler_op(struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;

	if (s->cpupool_id != POOL)
		return -ESRCH;
	if (s->sched_id != sched->id || !sched->adjust_global)
		return -EINVAL;
	return sched->adjust_global(s);
}

static u32 count_domains(void)
{
	struct domain *d;
	u32 n = 0;

	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		n++;
	spin_unlock(&domlist_lock);
	return n;
}

/* The next pool with this id or above. */
static int pool_info(struct xen_sysctl_cpupool_op *p)
{
	if (p->cpupool_id > POOL)
		return -ENOENT;
	p->sched_id = sched->id;
	p->n_dom = count_domains();
	return put_bitmap(&p->cpumap, online_cpus());
}

/* All domains are where they may be moved to. */
static int pool_move(const struct xen_sysctl_cpupool_op *p)
{
	struct domain *d = p->domid < DOMID_FIRST_RESERVED ? get_domain(p->domid) : NULL;

	if (!d)
		return -EINVAL;
	put_domain(d);
	return p->cpupool_id == POOL ? 0 : -ENOENT;
}

int sysctl_cpupool_op(struct xen_sysctl *op)
{
	struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;

	switch (p->op) {
	case XEN_SYSCTL_CPUPOOL_OP_INFO:
		return pool_info(p);
	case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
		return put_bitmap(&p->cpumap, 0);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return pool_move(p);
	case XEN_SYSCTL_CPUPOOL_OP_CREATE:
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}
