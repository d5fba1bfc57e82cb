/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest learns of the CPU: CPUID leaves and MSRs. */
#ifndef XEN_POLICY_H
#define XEN_POLICY_H

#include <xen/public.h>

struct domain;
struct vcpu;

#define POLICY_LEAVES 96
/* The leaves of one domain, in the order XEN_SYSCTL_get_cpu_policy gives them. */
struct cpu_policy {
	unsigned n;
	xen_cpuid_leaf_t leaf[POLICY_LEAVES];
};

extern struct cpu_policy policy_host, policy_pv_max, policy_pv_default;

void policy_init(void);			/* from the hardware, after cpu_identify() */
/* CPUID as the current vcpu sees it; @forced: through the ABI's prefix. */
void guest_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d, bool forced);
/*
 * Take leaves and MSRs edited by the toolstack: each must be within policy_pv_max.
 * 0, -EINVAL and *err_leaf, *err_sub, *err_msr name the first refused one.
 */
int policy_apply(struct domain *d, const xen_cpuid_leaf_t *leaves, unsigned n,
		 const xen_msr_entry_t *msrs, unsigned nm, u32 *err_leaf, u32 *err_sub, u32 *err_msr);
/* 0, or -EINVAL: raise #GP. */
int guest_rdmsr(struct vcpu *v, u32 msr, u64 *val);
int guest_wrmsr(struct vcpu *v, u32 msr, u64 val);

#endif
