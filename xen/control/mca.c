/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall 48, mca: domain 0 fetches the records of machine checks, and makes some to see what
 * happens. (public/arch-x86/xen-mca.h; the records are cpu/mce.c's)
 */
#include <xen/mce.h>
#include "control.h"

/* The oldest record that has not been acknowledged; the same one, until it is. */
static int mca_fetch(struct xen_mc *op)
{
	struct xen_mc_fetch *f = &op->u.mc_fetch;
	u32 which = f->flags & ~XEN_MC_ACK;
	struct mce_record r;
	int rc = 0;

	if (which != XEN_MC_URGENT && which != XEN_MC_NONURGENT)
		return -EINVAL;
	if (f->flags & XEN_MC_ACK) {
		rc = mce_drop(which == XEN_MC_URGENT, f->fetch_id);
		f->flags = XEN_MC_OK;
	} else if (!mce_oldest(which == XEN_MC_URGENT, &r)) {
		f->flags = XEN_MC_NODATA;
		f->fetch_id = 0;
	} else {
		f->flags = XEN_MC_OK;
		f->fetch_id = r.id;
		rc = put_guest(handle_va(f->data), 0, &r.info);
	}
	return rc;
}

/* Guests see a CPU without banks (cpu/msr.c), so there is nothing that they could be told. */
static int mca_notifydomain(struct xen_mc *op)
{
	struct xen_mc_notifydomain *n = &op->u.mc_notifydomain;
	struct domain *d = get_domain(n->mc_domid);
	bool exists = d && n->mc_vcpuid < d->max_vcpus && d->vcpu[n->mc_vcpuid];
	bool itself = d == current->domain;

	if (!d)
		return -ESRCH;
	put_domain(d);
	if (!exists || itself || (n->flags & ~(MC_FLAG_CORRECTABLE | MC_FLAG_UNCORRECTABLE)))
		return -EINVAL;
	n->flags = XEN_MC_CANNOTHANDLE;
	return 0;
}

/* ---- CPUs ------------------------------------------------------------------------ */

/* As Linux numbers them; what reads its /dev/mcelog goes by that. */
static u32 vendor_number(void)
{
	return cpu_features.intel ? 0 : cpu_features.amd ? 2 : 0xff;
}

static void describe_cpu(xen_mc_logical_cpu_t *c, unsigned cpu)
{
	const struct cpu_features *f = &cpu_features;
	u32 words[FEATURE_WORDS], max, ext, eax, ebx, ecx, edx;

	memset(c, 0, sizeof(*c));
	c->mc_cpunr = cpu;
	c->mc_chipid = cpu_socket(cpu);
	c->mc_coreid = cpu_core(cpu);
	c->mc_threadid = cpu_thread(cpu);
	c->mc_apicid = cpus[cpu].apic_id;
	c->mc_nthreads = weight64(cpus[cpu].same_core);
	c->mc_ncores = c->mc_ncores_active = weight64(cpus[cpu].same_socket) / c->mc_nthreads;
	c->mc_family = f->family;
	c->mc_model = f->model;
	c->mc_step = f->stepping;
	c->mc_vendor = vendor_number();
	memcpy(c->mc_vendorid, f->vendor, sizeof(f->vendor));
	memcpy(c->mc_brandid, f->brand, sizeof(f->brand));
	policy_features(&policy_host, words);
	c->mc_cpu_caps[MC_CAPS_STD_EDX] = words[0];
	c->mc_cpu_caps[MC_CAPS_STD_ECX] = words[1];
	c->mc_cpu_caps[MC_CAPS_AMD_EDX] = words[2];
	c->mc_cpu_caps[MC_CAPS_AMD_ECX] = words[3];
	cpuid(0, 0, &max, &ebx, &ecx, &edx);
	c->mc_cpuid_level = max;
	cpuid(1, 0, &eax, &ebx, &ecx, &edx);
	c->mc_cache_alignment = (ebx >> 8 & 0xff) * 8;
	cpuid(0x80000000, 0, &ext, &ebx, &ecx, &edx);
	if (ext >= 0x80000006) {
		cpuid(0x80000006, 0, &eax, &ebx, &ecx, &edx);
		c->mc_cache_size = ecx >> 16;	/* of the L2, in kB */
	}
	c->mc_nmsrvals = 1;
	c->mc_msrvalues[0] = (xen_mcinfo_msr_t){ MSR_MCG_CAP, mce_capabilities(cpu) };
}

/* How many there are; with a handle, how many of those asked for it has got. */
static int mca_physcpuinfo(struct xen_mc *op)
{
	struct xen_mc_physcpuinfo *p = &op->u.mc_physcpuinfo;
	xen_mc_logical_cpu_t c;

	if (!p->info.p) {
		p->ncpus = nr_cpus;
		return 0;
	}
	p->ncpus = MIN(p->ncpus, nr_cpus);
	for (unsigned cpu = 0; cpu < p->ncpus; cpu++) {
		describe_cpu(&c, cpu);
		if (put_guest(p->info.p, cpu, &c))
			return -EFAULT;
	}
	return 0;
}

/* ---- injection ----------------------------------------------------------------------- */

static bool is_address(u64 msr)
{
	return msr >= MSR_MC_CTL(0) && msr % 4 == MSR_MC_ADDR(0) % 4;
}

/* PV guests name machine frames: there is nothing to translate, but it has to be the domain's. */
static int check_address(domid_t id, u64 address)
{
	struct domain *d = get_domain(id);
	struct page_info *pg;

	if (!d)
		return -ESRCH;
	pg = get_page_from_mfn(address >> PAGE_SHIFT, d);
	if (pg)
		put_page(pg);
	put_domain(d);
	return pg ? 0 : -EINVAL;
}

/* Only values in place of the registers': few CPUs let their own be written. */
static int mca_msrinject(struct xen_mc *op)
{
	const struct xen_mc_msrinject *m = &op->u.mc_msrinject;
	int rc = 0;

	if (m->mcinj_cpunr >= nr_cpus || m->mcinj_count > MC_MSRINJ_MAXMSRS ||
	    (m->mcinj_flags & ~(MC_MSRINJ_F_INTERPOSE | MC_MSRINJ_F_GPADDR)))
		return -EINVAL;
	if (!(m->mcinj_flags & MC_MSRINJ_F_INTERPOSE))
		return -EOPNOTSUPP;
	for (unsigned i = 0; !rc && i < m->mcinj_count; i++)
		if ((m->mcinj_flags & MC_MSRINJ_F_GPADDR) && is_address(m->mcinj_msr[i].reg))
			rc = check_address(m->mcinj_domid, m->mcinj_msr[i].value);
	return rc ? rc : mce_interpose(m->mcinj_cpunr, m->mcinj_msr, m->mcinj_count);
}

static int mca_mceinject(struct xen_mc *op)
{
	u32 cpu = op->u.mc_mceinject.mceinj_cpunr;

	if (cpu >= nr_cpus)
		return -EINVAL;
	if (!mce_capabilities(cpu))
		return -EOPNOTSUPP;
	mce_inject(cpu);
	return 0;
}

static int mca_inject_v2(struct xen_mc *op)
{
	const struct xen_mc_inject_v2 *v = &op->u.mc_inject_v2;
	u32 type = v->flags & XEN_MC_INJECT_TYPE_MASK;
	u64 mask = online_cpus();
	int rc = 0;

	if ((v->flags & ~(XEN_MC_INJECT_TYPE_MASK | XEN_MC_INJECT_CPU_BROADCAST)) ||
	    type > XEN_MC_INJECT_TYPE_LMCE)
		return -EINVAL;
	if (!(v->flags & XEN_MC_INJECT_CPU_BROADCAST))
		rc = get_bitmap(&v->cpumap, &mask);
	if (rc)
		return rc;
	if (!mask || (mask & ~online_cpus()) || (type == XEN_MC_INJECT_TYPE_LMCE && weight64(mask) > 1))
		return -EINVAL;
	if (!mce_capabilities(0))
		return -EOPNOTSUPP;
	for (u64 m = mask; m; m &= m - 1) {
		if (type == XEN_MC_INJECT_TYPE_CMCI)
			mce_poll(ffs64(m));
		else
			mce_inject(ffs64(m));
	}
	return 0;
}

/* ---- the table --------------------------------------------------------------------------- */

static int (*const commands[])(struct xen_mc *op) = {
	[XEN_MC_fetch]		= mca_fetch,
	[XEN_MC_notifydomain]	= mca_notifydomain,
	[XEN_MC_physcpuinfo]	= mca_physcpuinfo,
	[XEN_MC_msrinject]	= mca_msrinject,
	[XEN_MC_mceinject]	= mca_mceinject,
	[XEN_MC_inject_v2]	= mca_inject_v2,
};

long do_mca(u64 arg)
{
	struct xen_mc op;
	int rc = get_op(&op, sizeof(op), arg, XEN_MCA_INTERFACE_VERSION);

	if (rc)
		return rc;
	if (op.cmd >= ARRAY_SIZE(commands) || !commands[op.cmd])
		return -ENOSYS;
	rc = commands[op.cmd](&op);
	if (!rc && put_guest(arg, 0, &op))
		return -EFAULT;
	return rc;
}
