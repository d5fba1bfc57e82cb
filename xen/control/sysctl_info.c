/* SPDX-License-Identifier: GPL-2.0-only */
/* sysctl: the machine in numbers: CPUs, memory, domains. */
#include "control.h"

/* ---- CPUs -------------------------------------------------------------------- */

/* How many low bits of an APIC id number the threads of a core, and of a package. */
struct apic_shifts { unsigned core, package; };

/*
 * Leaf 0xb: at level 0 the threads of a core, at level 1 the logical CPUs of a package.
 * Without it the package counts, in leaf 1. (Intel SDM volume 2A, CPUID; AMD APM volume 3)
 */
static struct apic_shifts apic_shifts(void)
{
	struct apic_shifts s = { 0, 0 };
	u32 max, a, b, c, d;

	cpuid(0, 0, &max, &b, &c, &d);
	if (max >= 0xb) {
		cpuid(0xb, 0, &a, &b, &c, &d);
		if (b & 0xffff) {
			s.core = a & 31;
			cpuid(0xb, 1, &a, &b, &c, &d);
			s.package = MAX(a & 31, s.core);
			return s;
		}
	}
	cpuid(1, 0, &a, &b, &c, &d);
	if ((d & BIT(28)) && (b >> 16 & 0xff) > 1)
		s.package = fls64((b >> 16 & 0xff) - 1) + 1;
	return s;
}

/* How many CPUs that are online share the APIC id's bits from @shift up with the boot CPU. */
static u32 same_group(unsigned shift)
{
	u32 n = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		n += cpus[i].apic_id >> shift == cpus[0].apic_id >> shift;
	return n;
}

int sysctl_physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *p = &op->u.physinfo;
	struct apic_shifts s = apic_shifts();
	u32 words[FEATURE_WORDS];
	struct domain *d;

	memset(p, 0, sizeof(*p));
	p->threads_per_core = same_group(s.core);
	p->cores_per_socket = MAX(same_group(s.package) / p->threads_per_core, 1u);
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
	struct apic_shifts s = apic_shifts();
	u32 core_mask = (1u << (s.package - s.core)) - 1;

	if (t->cputopo.p)
		for (u32 i = 0; i < MIN(t->num_cpus, nr_cpus); i++) {
			xen_sysctl_cputopo_t topo = {
				.core = cpus[i].apic_id >> s.core & core_mask,
				.socket = cpus[i].apic_id >> s.package,
			};

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
