/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest learns of the CPU: CPUID leaves and MSRs. */
#ifndef XEN_POLICY_H
#define XEN_POLICY_H

#include <xen/public.h>

struct domain;
struct vcpu;

/*
 * More than any list of leaves that the tools make: what XEN_SYSCTL_get_cpu_policy
 * answers to the question for the size.
 */
#define POLICY_LEAVES 96
#define POLICY_MSRS 1
/* The leaves of one domain, in the order XEN_SYSCTL_get_cpu_policy gives them. */
struct cpu_policy {
	unsigned n;
	xen_cpuid_leaf_t leaf[POLICY_LEAVES];
};

extern struct cpu_policy policy_host, policy_pv_max, policy_pv_default;

void policy_init(void);			/* from the hardware, after cpu_identify() */
/* For each other CPU: programs there see the same as on the boot CPU. */
void policy_init_this_cpu(void);
/* The leaves that @d sees: its own, or the default. */
const struct cpu_policy *domain_policy(const struct domain *d);
/* The MSRs that belong to every policy; returns how many (POLICY_MSRS). */
unsigned policy_msrs(xen_msr_entry_t msrs[POLICY_MSRS]);
/* Is it offered? @feature: XEN_X86_FEATURE_*. */
bool policy_has(const struct cpu_policy *p, unsigned feature);
/* CPUID as the current vcpu sees it; @forced: through the ABI's prefix. */
void guest_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d, bool forced);
/*
 * Take leaves and MSRs edited by the toolstack into @d's policy; leaves not named stay. Features
 * that policy_pv_max doesn't have, or that need one that is off, are turned off. 0, -ENOMEM, or
 * -EINVAL and *err_leaf, *err_sub, *err_msr (~0: none) name the first that can't be so.
 * @d has never run, or is paused.
 */
int policy_apply(struct domain *d, const xen_cpuid_leaf_t *leaves, unsigned n,
		 const xen_msr_entry_t *msrs, unsigned nm, u32 *err_leaf, u32 *err_sub, u32 *err_msr);
/* Of the current vcpu. 0, or -EINVAL (*val as it was): raise #GP. */
int guest_rdmsr(struct vcpu *v, u32 msr, u64 *val);
int guest_wrmsr(struct vcpu *v, u32 msr, u64 val);

#endif
