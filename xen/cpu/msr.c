/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model-specific registers as guests see them. A few are the vcpu's own, some are
 * shown as they are, many read as a machine would on which nothing is configured, so
 * that kernels which look for errata find none to work around. All others: #GP.
 * (Intel SDM volume 4; AMD's BIOS and Kernel Developer's Guides)
 */
#include <public/arch-x86/cpufeatureset.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mce.h>

#define MSR_TSC			0x10
#define MSR_PLATFORM_ID		0x17
#define MSR_UCODE_REV		0x8b
#define MSR_PLATFORM_INFO	0xce
#define MSR_MISC_FEATURES	0x140
#define MSR_PERF_STATUS		0x198
#define MSR_PERF_CTL		0x199
#define MSR_MISC_ENABLE		0x1a0
#define MSR_AMD_SYSCFG		0xc0010010
#define MSR_AMD_HWCR		0xc0010015
#define MSR_AMD_NB_CFG		0xc001001f
#define MSR_AMD_INT_PENDING	0xc0010055
#define MSR_AMD_PSTATE_FIRST	0xc0010061
#define MSR_AMD_PSTATE_LAST	0xc001006b
#define MSR_AMD_DE_CFG		0xc0011029

#define EFER_SVME		BIT(12)
#define APIC_BASE_BSP		BIT(8)
#define APIC_BASE_ENABLE	BIT(11)
#define APIC_BASE_ADDRESS	0xfee00000UL
#define DE_CFG_LFENCE		BIT(1)	/* LFENCE serialises */
#define MISC_PERF_AVAIL		BIT(7)
#define MISC_BTS_UNAVAIL	BIT(11)
#define MISC_PEBS_UNAVAIL	BIT(12)
#define MISC_EIST		BIT(16)
#define MISC_MONITOR		BIT(18)

static bool has_tsc_aux(const struct vcpu *v)
{
	const struct cpu_policy *p = domain_policy(v->domain);

	return policy_has(p, XEN_X86_FEATURE_RDTSCP) || policy_has(p, XEN_X86_FEATURE_RDPID);
}

void load_tsc_aux(const struct vcpu *v)
{
	static u32 hw[NR_CPUS];		/* own CPU: what the register holds */
	u32 *now = &hw[this_cpu()->id];

	if (cpu_features.rdtscp && *now != v->tsc_aux) {
		*now = v->tsc_aux;
		wrmsr(MSR_TSC_AUX, v->tsc_aux);
	}
}

static u64 apic_base(const struct vcpu *v)
{
	return APIC_BASE_ADDRESS | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
}

static u64 guest_efer(void)
{
	return rdmsr(MSR_EFER) & ~EFER_SVME;
}

static int read_intel(u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_PLATFORM_ID:
	case MSR_UCODE_REV:
		return rdmsr_safe(msr, val) ? -EINVAL : 0;
	case MSR_MISC_ENABLE:
		if (rdmsr_safe(msr, val))
			return -EINVAL;
		*val = (*val & ~(MISC_PERF_AVAIL | MISC_EIST | MISC_MONITOR)) |
		       MISC_BTS_UNAVAIL | MISC_PEBS_UNAVAIL;
		return 0;
	case MSR_PLATFORM_INFO:		/* no CPUID faulting for guests */
	case MSR_MISC_FEATURES:
	case MSR_PERF_STATUS:
	case MSR_PERF_CTL:
		*val = 0;
		return 0;
	}
	return -EINVAL;
}

static int read_amd(u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_UCODE_REV:
		return rdmsr_safe(msr, val) ? -EINVAL : 0;
	case MSR_AMD_DE_CFG:
		*val = DE_CFG_LFENCE;
		return 0;
	case MSR_AMD_SYSCFG:
	case MSR_AMD_HWCR:
	case MSR_AMD_NB_CFG:
	case MSR_AMD_INT_PENDING:
	case MSR_AMD_PSTATE_FIRST ... MSR_AMD_PSTATE_LAST:
		*val = 0;
		return 0;
	}
	return -EINVAL;
}

/* The caller runs @v in virtual kernel mode: the bases are in the hardware. */
int guest_rdmsr(struct vcpu *v, u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		*val = rdmsr(msr);
		return 0;
	case MSR_EFER:
		*val = guest_efer();
		return 0;
	case MSR_APIC_BASE:
		*val = apic_base(v);
		return 0;
	case MSR_PAT:
		*val = HV_PAT;
		return 0;
	case MSR_TSC:
		*val = rdtsc();
		return 0;
	case MSR_TSC_AUX:
		if (!has_tsc_aux(v))
			return -EINVAL;
		*val = v->tsc_aux;
		return 0;
	case MSR_MCG_CAP:		/* no banks */
	case MSR_MCG_STATUS:
		*val = 0;
		return 0;
	}
	return cpu_features.intel ? read_intel(msr, val) :
	       cpu_features.amd ? read_amd(msr, val) : -EINVAL;
}

/* A register that may only be written with what it holds. */
static int same(u64 val, u64 holds)
{
	return val == holds ? 0 : -EINVAL;
}

static int write_intel(u32 msr, u64 val)
{
	switch (msr) {
	case MSR_UCODE_REV:		/* asks for the revision to be read next */
	case MSR_MISC_FEATURES:
		return same(val, 0);
	case MSR_MISC_ENABLE:
		return 0;		/* dropped */
	}
	return -EINVAL;
}

static int write_amd(u32 msr)
{
	switch (msr) {
	case MSR_AMD_SYSCFG:
	case MSR_AMD_HWCR:
	case MSR_AMD_NB_CFG:
	case MSR_AMD_INT_PENDING:
	case MSR_AMD_PSTATE_FIRST ... MSR_AMD_PSTATE_LAST:
	case MSR_AMD_DE_CFG:
		return 0;		/* dropped */
	}
	return -EINVAL;
}

int guest_wrmsr(struct vcpu *v, u32 msr, u64 val)
{
	switch (msr) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		if (!is_canonical(val))
			return -EINVAL;
		wrmsr(msr, val);
		return 0;
	case MSR_EFER:
		return same(val, guest_efer());
	case MSR_APIC_BASE:
		return same(val, apic_base(v));
	case MSR_PAT:
		return same(val, HV_PAT);
	case MSR_TSC:
		return 0;		/* dropped: the clock isn't the guest's */
	case MSR_TSC_AUX:
		if (!has_tsc_aux(v) || val >> 32)
			return -EINVAL;
		v->tsc_aux = val;
		load_tsc_aux(v);
		return 0;
	case MSR_MCG_STATUS:
		return same(val, 0);
	}
	return cpu_features.intel ? write_intel(msr, val) :
	       cpu_features.amd ? write_amd(msr) : -EINVAL;
}
