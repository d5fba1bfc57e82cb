/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: which hardware a domain may touch. The control domain passes on what it has
 * itself; what the hypervisor keeps, nobody gets. A right taken away ends new uses, not
 * mappings that exist.
 */
#include "control.h"

static int change(struct ranges *mine, struct ranges *theirs, u64 first, u64 last, bool allow)
{
	if (!ranges_contain(mine, first, last))
		return -EPERM;
	return allow ? ranges_add(theirs, first, last) : ranges_remove(theirs, first, last);
}

int domctl_irq_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_irq_permission *p = &op->u.irq_permission;

	if (p->pirq >= MAX_IRQS)
		return -EINVAL;
	return change(&current->domain->irq_ok, &d->irq_ok, p->pirq, p->pirq, p->allow_access);
}

static bool frames_ok(u64 first, u64 n)
{
	u64 end = BIT(cpu_features.maxphysaddr - PAGE_SHIFT);

	return n && first < end && n <= end - first;
}

int domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;

	if (!frames_ok(p->first_mfn, p->nr_mfns))
		return -EINVAL;
	return change(&current->domain->iomem, &d->iomem, p->first_mfn,
		      p->first_mfn + p->nr_mfns - 1, p->allow_access);
}

int domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ioport_permission *p = &op->u.ioport_permission;

	if (!p->nr_ports || p->first_port > 0xffff || p->nr_ports > 0x10000 - p->first_port)
		return -EINVAL;
	return change(&current->domain->ioports, &d->ioports, p->first_port,
		      p->first_port + p->nr_ports - 1, p->allow_access);
}

/*
 * The toolstack asks for it after iomem_permission, for whatever kind of guest. A PV guest
 * names machine frames itself: there is no translation to add one to.
 */
int domctl_memory_mapping(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_memory_mapping *p = &op->u.memory_mapping;
	u64 last = p->first_mfn + p->nr_mfns - 1;

	if (!frames_ok(p->first_mfn, p->nr_mfns) || p->first_gfn + p->nr_mfns < p->first_gfn ||
	    p->add_mapping > DPCI_ADD_MAPPING)
		return -EINVAL;
	if (!ranges_contain(&current->domain->iomem, p->first_mfn, last))
		return -EPERM;
	return p->first_gfn == p->first_mfn ? 0 : -EOPNOTSUPP;
}
