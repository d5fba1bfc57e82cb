/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: how much CPU a domain gets, and where. */
#include "control.h"

typedef struct xen_domctl_schedparam_vcpu vcpu_params;

/* All entries are good before the first is used. */
static int check_vcpu_params(struct domain *d, u32 cmd, const vcpu_params *p, u32 n)
{
	int rc = 0;

	for (u32 i = 0; i < n && !rc; i++)
		if (!find_vcpu(d, p[i].vcpuid))
			rc = -EINVAL;
		else if (cmd == XEN_DOMCTL_SCHEDOP_putvcpuinfo)
			rc = sched->check_vcpu(&p[i]);
	return rc;
}

/* Settings of single vcpus: of the first entries, if there are more than a domain has vcpus. */
static int adjust_vcpus(struct domain *d, struct xen_domctl_scheduler_op *s)
{
	u32 n = MIN(s->u.v.nr_vcpus, (u32)MAX_VCPUS);
	vaddr_t array = handle_va(s->u.v.vcpus);
	vcpu_params p[MAX_VCPUS];
	int rc;

	if (!sched->adjust_vcpu)
		return -EINVAL;
	if (copy_from_guest(p, array, n * sizeof(p[0])))
		return -EFAULT;
	rc = check_vcpu_params(d, s->cmd, p, n);
	if (rc)
		return rc;
	for (u32 i = 0; i < n; i++)
		sched->adjust_vcpu(find_vcpu(d, p[i].vcpuid), s->cmd, &p[i]);
	if (s->cmd == XEN_DOMCTL_SCHEDOP_getvcpuinfo && copy_to_guest(array, p, n * sizeof(p[0])))
		return -EFAULT;
	s->u.v.nr_vcpus = n;
	return 0;
}

int domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

	if (s->sched_id != sched->id)
		return -EINVAL;
	switch (s->cmd) {
	case XEN_DOMCTL_SCHEDOP_putinfo:
	case XEN_DOMCTL_SCHEDOP_getinfo:
		return sched->adjust(d, s);
	case XEN_DOMCTL_SCHEDOP_putvcpuinfo:
	case XEN_DOMCTL_SCHEDOP_getvcpuinfo:
		return adjust_vcpus(d, s);
	}
	return -EINVAL;
}

/* ---- affinity of vcpus ----------------------------------------------------------- */

#define AFFINITY_FLAGS	(XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT | XEN_VCPUAFFINITY_FORCE)

/* Hands back what came out of it: the soft mask within the hard one within the online CPUs. */
int domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = find_vcpu(d, a->vcpu);
	u64 hard, soft, online = online_cpus();
	int rc = 0;

	if (!v)
		return -ESRCH;
	if ((a->flags & ~AFFINITY_FLAGS) ||
	    !(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	hard = v->affinity;
	soft = v->soft_affinity;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = get_bitmap(&a->cpumap_hard, &hard);
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
		rc = get_bitmap(&a->cpumap_soft, &soft);
	if (!rc) {
		rc = vcpu_set_affinity(v, hard, soft);
		if (rc)
			printk(LOG_WARN "d%uv%u: CPUs %#lx are asked for, there are %#lx\n", d->id, v->id,
			       hard, online);
	}
	if (!rc && (a->flags & XEN_VCPUAFFINITY_HARD))
		rc = put_bitmap(&a->cpumap_hard, hard & online);
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
		rc = put_bitmap(&a->cpumap_soft, soft & hard & online);
	return rc;
}

int domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
	struct vcpu *v = find_vcpu(d, a->vcpu);
	int rc = 0;

	if (!v)
		return -ESRCH;
	if (!(a->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	if (a->flags & XEN_VCPUAFFINITY_HARD)
		rc = put_bitmap(&a->cpumap_hard, v->affinity);
	if (!rc && (a->flags & XEN_VCPUAFFINITY_SOFT))
		rc = put_bitmap(&a->cpumap_soft, v->soft_affinity);
	return rc;
}

/* ---- affinity of the domain to memory: there is one node ----------------------------- */

#define NODES	BIT(0)

int domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op)
{
	u64 nodes;
	int rc = get_bitmap(&op->u.nodeaffinity.nodemap, &nodes);

	if (rc)
		return rc;
	return nodes & NODES ? 0 : -EINVAL;
}

int domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op)
{
	return put_bitmap(&op->u.nodeaffinity.nodemap, NODES);
}
