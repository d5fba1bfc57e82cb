/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID policies: the leaves of the machine as they are, the most that a guest may
 * be shown, what it is shown if nobody says otherwise, and what the toolstack made
 * of it for one domain.
 *
 * The lists hold the leaves that the tools of Xen 4.17 know: basic ones up to 0xd,
 * with the subleaves of 4, 7, 0xb and 0xd, and extended ones up to 0x80000008 (AMD
 * 0x80000021). The hypervisor's own leaves are made in guest_cpuid(); two markers stand
 * for them here, in which the tools may limit their number.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include "features.h"

#define NO_SUB		XEN_CPUID_NO_SUBLEAF
#define MAX_BASIC	0xdu
#define MAX_EXT_INTEL	0x80000008u
#define MAX_EXT_AMD	0x80000021u
#define MAX_CACHE	6
#define MAX_FEATURE_SUB	2u
#define HV_MARKER	0x40000000u
#define HV2_MARKER	0x40000100u

#define MSR_PLATFORM_INFO	0xce
#define MSR_ARCH_CAPS		0x10a
#define MSR_MISC_FEATURES	0x140
#define MISC_CPUID_FAULTING	1

struct cpu_policy policy_host, policy_pv_max, policy_pv_default;

/* ---- lists --------------------------------------------------------------------------- */

const xen_cpuid_leaf_t *policy_leaf_const(const struct cpu_policy *p, u32 leaf, u32 sub)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->leaf[i].leaf == leaf && p->leaf[i].subleaf == sub)
			return &p->leaf[i];
	return NULL;
}

xen_cpuid_leaf_t *policy_leaf(struct cpu_policy *p, u32 leaf, u32 sub)
{
	return (xen_cpuid_leaf_t *)policy_leaf_const(p, leaf, sub);
}

const struct cpu_policy *domain_policy(const struct domain *d)
{
	return d->policy ? d->policy : &policy_pv_default;
}

unsigned policy_msrs(xen_msr_entry_t msrs[POLICY_MSRS])
{
	msrs[0] = (xen_msr_entry_t){ .idx = MSR_PLATFORM_INFO };
	return POLICY_MSRS;
}

/* ---- the machine's --------------------------------------------------------------------- */

static xen_cpuid_leaf_t *add(struct cpu_policy *p, u32 leaf, u32 sub)
{
	xen_cpuid_leaf_t *l = &p->leaf[p->n++];

	ASSERT(p->n <= POLICY_LEAVES);
	l->leaf = leaf;
	l->subleaf = sub;
	cpuid(leaf, sub == NO_SUB ? 0 : sub, &l->a, &l->b, &l->c, &l->d);
	return l;
}

static void add_cache(struct cpu_policy *p)
{
	for (u32 sub = 0; sub < MAX_CACHE; sub++)
		if (!(add(p, 4, sub)->a & 31))	/* type 0: no more */
			return;
}

static void add_features(struct cpu_policy *p)
{
	u32 max = MIN(add(p, 7, 0)->a, MAX_FEATURE_SUB);

	for (u32 sub = 1; sub <= max; sub++)
		add(p, 7, sub);
}

static void add_xsave(struct cpu_policy *p)
{
	add(p, 0xd, 0);
	add(p, 0xd, 1);
	for (u32 sub = 2; sub < 63; sub++)
		if (cpu_features.xcr0 >> sub & 1)
			add(p, 0xd, sub);
}

static void add_basic(struct cpu_policy *p)
{
	u32 max = MIN(add(p, 0, NO_SUB)->a, MAX_BASIC);

	for (u32 leaf = 1; leaf <= max; leaf++) {
		switch (leaf) {
		case 4:
			add_cache(p);
			break;
		case 7:
			add_features(p);
			break;
		case 0xb:
			add(p, leaf, 0);
			add(p, leaf, 1);
			break;
		case 0xd:
			add_xsave(p);
			break;
		default:
			add(p, leaf, NO_SUB);
		}
	}
}

/* A leaf that the CPU doesn't have. */
static void add_marker(struct cpu_policy *p, u32 leaf)
{
	p->leaf[p->n++] = (xen_cpuid_leaf_t){ .leaf = leaf, .subleaf = NO_SUB };
}

/*
 * AMD's CPUs, and QEMU's, that clear a segment's base with a null selector and don't say so: it
 * is said for them, as it saves guests two hypercalls each time that they switch processes.
 */
static void add_null_clears_base(struct cpu_policy *p)
{
	if (!cpu_features.amd || !cpu_features.null_clears_base)
		return;
	for (u32 leaf = policy_leaf(p, 0x80000000, NO_SUB)->a + 1; leaf <= MAX_EXT_AMD; leaf++)
		add_marker(p, leaf);
	policy_leaf(p, 0x80000000, NO_SUB)->a = MAX_EXT_AMD;
	feature_set(p, XEN_X86_FEATURE_NSCB);
}

static void read_host(struct cpu_policy *p)
{
	u32 max;

	add_basic(p);
	add_marker(p, HV_MARKER);
	add_marker(p, HV2_MARKER);
	max = add(p, 0x80000000, NO_SUB)->a;
	if (max >> 16 != 0x8000)
		panic("The CPU has no extended CPUID leaves, so it can't be a 64-bit one");
	max = MIN(max, cpu_features.amd ? MAX_EXT_AMD : MAX_EXT_INTEL);
	for (u32 leaf = 0x80000001; leaf <= max; leaf++)
		add(p, leaf, NO_SUB);
	add_null_clears_base(p);
}

/* ---- guests' ------------------------------------------------------------------------------ */

static void zero(xen_cpuid_leaf_t *l)
{
	l->a = l->b = l->c = l->d = 0;
}

/* All of a leaf but its features: topology is virtual, power management and counters aren't there. */
static void filter_leaf(xen_cpuid_leaf_t *l)
{
	switch (l->leaf) {
	case 0:
		l->a = MIN(l->a, MAX_BASIC);
		break;
	case 1:
		l->b = (l->b & 0xff00) | 1 << 16;	/* CLFLUSH size; one logical CPU; no APIC id */
		break;
	case 4:
		l->a &= 0x3fff;				/* each cache is one CPU's */
		break;
	case 7:
		if (l->subleaf == 0)
			l->a = MIN(l->a, MAX_FEATURE_SUB);
		break;
	case 0xd:
		if (l->subleaf == 1)
			l->b = l->c = l->d = 0;		/* no supervisor components */
		else if (l->subleaf >= 2)
			l->c &= 2, l->d = 0;
		break;
	case 0x80000000:
		l->a = MIN(l->a, cpu_features.amd ? MAX_EXT_AMD : MAX_EXT_INTEL);
		break;
	case 0x80000007:
		l->a = l->b = l->c = 0;
		break;
	case 0x80000008:
		l->a &= 0xffff;
		l->c = l->d = 0;
		break;
	case 0x80000021:
		l->b = l->c = l->d = 0;
		break;
	case 2:
	case 0x80000001 ... 0x80000006:
	case 0x80000019 ... 0x8000001a:
		break;
	default:
		zero(l);
	}
}

static void make_pv(struct cpu_policy *p, bool max)
{
	*p = policy_host;
	for (unsigned i = 0; i < p->n; i++)
		filter_leaf(&p->leaf[i]);
	features_filter(p, max);
	feature_set(p, XEN_X86_FEATURE_HYPERVISOR);
	features_settle(p);
}

void policy_init_this_cpu(void)
{
	u64 val;

	if (cpu_features.cpuid_faulting && !rdmsr_safe(MSR_MISC_FEATURES, &val))
		(void)wrmsr_safe(MSR_MISC_FEATURES, val | MISC_CPUID_FAULTING);
}

void policy_init(void)
{
	read_host(&policy_host);
	make_pv(&policy_pv_max, true);
	make_pv(&policy_pv_default, false);
	policy_init_this_cpu();
}

/* ---- one domain's ----------------------------------------------------------------------------- */

/* Take one leaf into @p. False if it can't be so. */
static bool take_leaf(struct cpu_policy *p, const xen_cpuid_leaf_t *l)
{
	xen_cpuid_leaf_t *to = policy_leaf(p, l->leaf, l->subleaf);
	const xen_cpuid_leaf_t *max = policy_leaf_const(&policy_pv_max, l->leaf, l->subleaf);

	if (!to || !max)	/* no such leaf: it may only say so */
		return !(l->a | l->b | l->c | l->d);
	switch (l->leaf) {
	case 0:
		if (l->b != max->b || l->c != max->c || l->d != max->d)
			return false;		/* another maker's CPU */
		/* fall through */
	case 0x80000000:
		if (l->a > max->a)
			return false;
		to->a = l->a;
		return true;
	case HV_MARKER:
	case HV2_MARKER:
		to->a = l->a;
		return true;
	case 7:
		if (l->subleaf == 0 && l->a > max->a)
			return false;
		break;
	case 0xd:
		if (l->subleaf >= 2) {	/* sizes and places are the hardware's */
			*to = *max;
			return true;
		}
		break;
	}
	*to = *l;
	return true;
}

static bool take_msr(const xen_msr_entry_t *m)
{
	/* Restore sends ARCH_CAPS as well, 0 as it was. */
	return (m->idx == MSR_PLATFORM_INFO || m->idx == MSR_ARCH_CAPS) && !m->flags && !m->val;
}

static int take_all(struct cpu_policy *p, const xen_cpuid_leaf_t *leaves, unsigned n,
		    const xen_msr_entry_t *msrs, unsigned nm, u32 *err_leaf, u32 *err_sub, u32 *err_msr)
{
	for (unsigned i = 0; i < n; i++) {
		if (!take_leaf(p, &leaves[i])) {
			*err_leaf = leaves[i].leaf;
			*err_sub = leaves[i].subleaf;
			return -EINVAL;
		}
	}
	for (unsigned i = 0; i < nm; i++) {
		if (!take_msr(&msrs[i])) {
			*err_msr = msrs[i].idx;
			return -EINVAL;
		}
	}
	return 0;
}

int policy_apply(struct domain *d, const xen_cpuid_leaf_t *leaves, unsigned n,
		 const xen_msr_entry_t *msrs, unsigned nm, u32 *err_leaf, u32 *err_sub, u32 *err_msr)
{
	struct cpu_policy *p = xnew(struct cpu_policy);
	int rc;

	*err_leaf = *err_sub = *err_msr = ~0u;
	if (!p)
		return -ENOMEM;
	*p = *domain_policy(d);
	rc = take_all(p, leaves, n, msrs, nm, err_leaf, err_sub, err_msr);
	if (rc) {
		xfree(p);
		return rc;
	}
	features_limit(p, &policy_pv_max);
	features_settle(p);
	xfree(d->policy);
	d->policy = p;
	return 0;
}
