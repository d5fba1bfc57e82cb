/* SPDX-License-Identifier: GPL-2.0-only */
/* sysctl: CPUID as this machine has it, and as its PV guests may have it. */
#include "control.h"

/* The machine's leaves are kept as they are: "raw" and "host" are the same. */
static const struct cpu_policy *const policies[] = {
	[XEN_SYSCTL_cpu_policy_raw]		= &policy_host,
	[XEN_SYSCTL_cpu_policy_host]		= &policy_host,
	[XEN_SYSCTL_cpu_policy_pv_max]		= &policy_pv_max,
	[XEN_SYSCTL_cpu_policy_hvm_max]		= NULL,
	[XEN_SYSCTL_cpu_policy_pv_default]	= &policy_pv_default,
	[XEN_SYSCTL_cpu_policy_hvm_default]	= NULL,
};

static const struct cpu_policy *const featuresets[] = {
	[XEN_SYSCTL_cpu_featureset_raw]		= &policy_host,
	[XEN_SYSCTL_cpu_featureset_host]	= &policy_host,
	[XEN_SYSCTL_cpu_featureset_pv]		= &policy_pv_default,
	[XEN_SYSCTL_cpu_featureset_hvm]		= NULL,
	[XEN_SYSCTL_cpu_featureset_pv_max]	= &policy_pv_max,
	[XEN_SYSCTL_cpu_featureset_hvm_max]	= NULL,
};

int sysctl_get_cpu_policy(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_policy *p = &op->u.cpu_policy;

	if (p->index >= ARRAY_SIZE(policies) || p->_rsvd)
		return -EINVAL;
	if (!policies[p->index])
		return -EOPNOTSUPP;
	return put_policy(policies[p->index], handle_va(p->leaves), &p->nr_leaves,
			  handle_va(p->msrs), &p->nr_msrs);
}

enum reg { A, B, C, D };

/* Which register of which leaf each word is; leaf 0: a word that comes from MSRs. */
static const struct { u32 leaf, sub; enum reg reg; } sources[FEATURE_WORDS] = {
	[0] = { 1, 0, D },		[1] = { 1, 0, C },
	[2] = { 0x80000001, 0, D },	[3] = { 0x80000001, 0, C },
	[4] = { 0xd, 1, A },		[5] = { 7, 0, B },
	[6] = { 7, 0, C },		[7] = { 0x80000007, 0, D },
	[8] = { 0x80000008, 0, B },	[9] = { 7, 0, D },
	[10] = { 7, 1, A },		[11] = { 0x80000021, 0, A },
	[12] = { 7, 1, B },		[13] = { 7, 2, D },
	[14] = { 7, 1, C },		[15] = { 7, 1, D },
	[18] = { 0x80000021, 0, C },
};

static u32 find_word(const struct cpu_policy *p, u32 leaf, u32 sub, enum reg reg)
{
	for (unsigned i = 0; leaf && i < p->n; i++) {
		const xen_cpuid_leaf_t *l = &p->leaf[i];

		if (l->leaf != leaf || (l->subleaf != sub && l->subleaf != XEN_CPUID_NO_SUBLEAF))
			continue;
		return reg == A ? l->a : reg == B ? l->b : reg == C ? l->c : l->d;
	}
	return 0;
}

void policy_features(const struct cpu_policy *p, u32 words[FEATURE_WORDS])
{
	for (unsigned i = 0; i < FEATURE_WORDS; i++)
		words[i] = find_word(p, sources[i].leaf, sources[i].sub, sources[i].reg);
}

int sysctl_get_cpu_featureset(struct xen_sysctl *op)
{
	struct xen_sysctl_cpu_featureset *f = &op->u.cpu_featureset;
	u32 words[FEATURE_WORDS], n = MIN(f->nr_features, (u32)FEATURE_WORDS);

	if (f->index >= ARRAY_SIZE(featuresets))
		return -EINVAL;
	if (!featuresets[f->index])
		return -EOPNOTSUPP;
	if (!f->features.p) {
		f->nr_features = FEATURE_WORDS;
		return 0;
	}
	policy_features(featuresets[f->index], words);
	if (copy_to_guest(handle_va(f->features), words, n * sizeof(words[0])))
		return -EFAULT;
	f->nr_features = n;
	return n < FEATURE_WORDS ? -ENOBUFS : 0;
}

int sysctl_get_cpu_levelling_caps(struct xen_sysctl *op)
{
	op->u.cpu_levelling_caps.caps =
		cpu_features.cpuid_faulting ? XEN_SYSCTL_CPU_LEVELCAP_faulting : 0;
	return 0;
}
