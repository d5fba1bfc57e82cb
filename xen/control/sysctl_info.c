/* SPDX-License-Identifier: GPL-2.0-only */
/* sysctl: the machine in numbers: CPUs, memory, domains. */
#include "control.h"

/* ---- CPUs -------------------------------------------------------------------- */

int sysctl_physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *p = &op->u.physinfo;
	u32 words[FEATURE_WORDS];
	struct domain *d;

	memset(p, 0, sizeof(*p));
	p->threads_per_core = weight64(cpus[0].same_core);
	p->cores_per_socket = weight64(cpus[0].same_socket) / p->threads_per_core;
	p->nr_cpus = nr_cpus;
	p->max_cpu_id = nr_cpus - 1;
	p->nr_nodes = 1;
	p->cpu_khz = tsc_khz;
	p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	p->total_pages = total_ram_frames;
	p->free_pages = free_frames_count();
	p->scrub_pages = dirty_frames_count();
	p->max_mfn = max_mfn - 1;
	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		p->outstanding_pages += READ_ONCE(d->claimed);
	spin_unlock(&domlist_lock);
	policy_features(&policy_host, words);
	memcpy(p->hw_cap, words, sizeof(p->hw_cap));
	return 0;
}

int sysctl_getcpuinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *g = &op->u.getcpuinfo;
	u32 n = MIN(g->max_cpus, nr_cpus);

	for (u32 i = 0; i < n; i++) {
		xen_sysctl_cpuinfo_t info = { .idletime = cpu_idle_time(i) };

		if (put_guest(g->info.p, i, &info))
			return -EFAULT;
	}
	g->nr_cpus = n;
	return 0;
}

int sysctl_cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;

	if (t->cputopo.p)
		for (u32 i = 0; i < MIN(t->num_cpus, nr_cpus); i++) {
			xen_sysctl_cputopo_t topo = { .core = cpu_core(i), .socket = cpu_socket(i) };

			if (put_guest(t->cputopo.p, i, &topo))
				return -EFAULT;
		}
	t->num_cpus = nr_cpus;
	return 0;
}

/* ---- memory: one node ------------------------------------------------------------ */

#define LOCAL_DISTANCE	10	/* of a node to itself (ACPI, SLIT) */

int sysctl_numainfo(struct xen_sysctl *op)
{
	struct xen_sysctl_numainfo *n = &op->u.numainfo;
	xen_sysctl_meminfo_t mem = {
		.memsize = total_ram_frames << PAGE_SHIFT,
		.memfree = free_frames_count() << PAGE_SHIFT,
	};
	u32 distance = LOCAL_DISTANCE;

	if (n->num_nodes && n->meminfo.p && put_guest(n->meminfo.p, 0, &mem))
		return -EFAULT;
	if (n->num_nodes && n->distance.p && put_guest(n->distance.p, 0, &distance))
		return -EFAULT;
	n->num_nodes = 1;
	return 0;
}

#define MAX_DEVICES	65536	/* of one PCI segment */

/* Nobody says where devices are; with one node it makes no difference. */
int sysctl_pcitopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_pcitopoinfo *p = &op->u.pcitopoinfo;
	u32 node = XEN_INVALID_NODE_ID;

	if (!p->devs.p || !p->nodes.p || p->num_devs > MAX_DEVICES)
		return -EINVAL;
	for (u32 i = 0; i < p->num_devs; i++)
		if (put_guest(p->nodes.p, i, &node))
			return -EFAULT;
	return 0;
}

int sysctl_availheap(struct xen_sysctl *op)
{
	struct xen_sysctl_availheap *a = &op->u.availheap;

	if (a->node > 0 || a->node < -1)
		return -EINVAL;
	/* Free frames aren't counted by address. */
	if (a->min_bitwidth || (a->max_bitwidth && a->max_bitwidth < cpu_features.maxphysaddr))
		return -EOPNOTSUPP;
	a->avail_bytes = free_frames_count() << PAGE_SHIFT;
	return 0;
}

/* ---- domains ------------------------------------------------------------------------ */

int sysctl_getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
	struct xen_domctl_getdomaininfo info;
	domid_t from = l->first_domain;
	struct domain *d;

	l->num_domains = 0;
	while (l->num_domains < l->max_domains && (d = next_domain(from))) {
		domain_info(d, &info);
		from = d->id + 1;
		put_domain(d);
		if (put_guest(l->buffer.p, l->num_domains, &info))
			return -EFAULT;
		l->num_domains++;
	}
	return 0;
}
