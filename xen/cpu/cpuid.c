/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID for guests: the domain's policy, what differs from vcpu to vcpu, and the
 * hypervisor's own leaves (public/arch-x86/cpuid.h).
 */
#include <public/arch-x86/cpuid.h>
#include <xen/domain.h>
#include "features.h"

#define NO_SUB		XEN_CPUID_NO_SUBLEAF
#define HV_VERSION	(4u << 16 | 17)		/* the ABI we speak: Xen 4.17 */
#define HV_MSR_BASE	0x40000000u
#define TSC_RELIABLE	2u
#define TSC_RDTSCP	4u
#define LEAF1_OSXSAVE	(1u << 27)

/* Is the leaf one that has subleaves? */
static bool has_subleaves(u32 leaf)
{
	return leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
}

static void time_leaf(const struct vcpu *v, u32 sub, xen_cpuid_leaf_t *l)
{
	const struct domain *d = v->domain;

	switch (sub) {
	case 0:
		l->a = (cpu_features.invariant_tsc ? TSC_RELIABLE : 0) |
		       (policy_has(domain_policy(d), XEN_X86_FEATURE_RDTSCP) ? TSC_RDTSCP : 0);
		l->b = d->time.tsc_mode;
		l->c = tsc_khz;
		l->d = d->time.incarnation;
		break;
	case 1:				/* offset 0 */
		l->c = v->info->time.tsc_to_system_mul;
		l->d = (u8)v->info->time.tsc_shift;
		break;
	case 2:
		l->a = tsc_khz;
		break;
	}
}

static void hypervisor_leaf(const struct vcpu *v, u32 leaf, u32 sub, xen_cpuid_leaf_t *l)
{
	const xen_cpuid_leaf_t *marker = policy_leaf_const(domain_policy(v->domain), XEN_CPUID_LEAF(0), NO_SUB);
	u32 last = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);

	if (marker && marker->a >= XEN_CPUID_LEAF(2))
		last = MIN(last, marker->a);
	if (leaf > last)
		return;
	switch (leaf - XEN_CPUID_FIRST_LEAF) {
	case 0:
		l->a = last;
		l->b = XEN_CPUID_SIGNATURE_EBX;
		l->c = XEN_CPUID_SIGNATURE_ECX;
		l->d = XEN_CPUID_SIGNATURE_EDX;
		break;
	case 1:
		l->a = HV_VERSION;
		break;
	case 2:
		l->a = 1;
		l->b = HV_MSR_BASE;
		l->c = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
		break;
	case 3:
		time_leaf(v, sub, l);
		break;
	case 5:
		if (sub == 0)		/* highest subleaf 0; bits of a machine address */
			l->b = fls64(max_mfn - 1) + 1 + PAGE_SHIFT;
		break;
	}
}

/*
 * OSXSAVE is the guest kernel's own bit of CR4. Asked through the prefix, a kernel
 * sees it wherever it may use XSAVE: Linux decides by it at boot, before it sets CR4.
 */
static bool shows_osxsave(const struct vcpu *v, const struct cpu_policy *p, bool forced)
{
	return policy_has(p, XEN_X86_FEATURE_XSAVE) &&
	       ((v->cr4 & CR4_OSXSAVE) || (forced && v->kernel_mode));
}

static void adjust(const struct vcpu *v, const struct cpu_policy *p, u32 sub, bool forced,
		   xen_cpuid_leaf_t *l)
{
	switch (l->leaf) {
	case 1:
		l->b = (l->b & 0x00ffffff) | (v->id * 2) << 24;		/* APIC id */
		if (shows_osxsave(v, p, forced))
			l->c |= LEAF1_OSXSAVE;
		else
			l->c &= ~LEAF1_OSXSAVE;
		break;
	case 0xb:			/* no levels, but an id */
		l->a = l->b = 0;
		l->c = sub & 0xff;
		l->d = v->id * 2;
		break;
	case 0xd:
		if (!policy_has(p, XEN_X86_FEATURE_XSAVE))
			break;
		if (sub == 0)
			l->b = xsave_bytes(p, v->xcr0, false);
		if (sub == 1)
			l->b = policy_has(p, XEN_X86_FEATURE_XSAVEC) ? xsave_bytes(p, v->xcr0, true) : 0;
		break;
	}
}

/* The highest leaf of the range that @leaf is in, as the policy has it. */
static u32 range_end(const struct cpu_policy *p, u32 leaf)
{
	const xen_cpuid_leaf_t *l = policy_leaf_const(p, leaf & 0x80000000, NO_SUB);

	return l ? l->a : 0;
}

void guest_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d, bool forced)
{
	const struct cpu_policy *p = domain_policy(v->domain);
	xen_cpuid_leaf_t l = { .leaf = leaf };
	const xen_cpuid_leaf_t *found;

	if (leaf >> 8 == XEN_CPUID_FIRST_LEAF >> 8) {
		hypervisor_leaf(v, leaf, sub, &l);
	} else if (leaf <= range_end(p, leaf)) {
		found = policy_leaf_const(p, leaf, has_subleaves(leaf) ? sub : NO_SUB);
		if (found)
			l = *found;
		adjust(v, p, sub, forced, &l);
	}
	*a = l.a;
	*b = l.b;
	*c = l.c;
	*d = l.d;
}
