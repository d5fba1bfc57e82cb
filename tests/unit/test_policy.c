/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/cpu/policy.c xen/cpu/features.c xen/cpu/cpuid.c */
/*
 * CPUID policies, made from the CPU that runs this test: what guests never see, that
 * what the tools read they can give back, and that they can't ask for more.
 */
#include <public/arch-x86/cpufeatureset.h>
#include <xen/domain.h>

struct cpu_features cpu_features;
mfn_t max_mfn = 0x100000;
u64 tsc_khz = 2000000;

int rdmsr_safe(u32 msr, u64 *v) { return -EFAULT; }
int wrmsr_safe(u32 msr, u64 v) { return -EFAULT; }
void *xmalloc(size_t size) { return calloc(1, size); }
void xfree(void *p) { free(p); }

static struct domain domain;
static struct vcpu_info info;
static struct vcpu vcpu = { .domain = &domain, .kernel_mode = true, .info = &info, .xcr0 = 1 };

struct regs { u32 a, b, c, d; };

static struct regs ask(u32 leaf, u32 sub, bool forced)
{
	struct regs r;

	guest_cpuid(&vcpu, leaf, sub, &r.a, &r.b, &r.c, &r.d, forced);
	return r;
}

static int setup(void **state)
{
	u32 a, b, c, d, max;

	cpuid(0, 0, &max, &b, &c, &d);
	cpu_features.amd = b == 0x68747541;
	cpu_features.intel = b == 0x756e6547;
	cpuid(1, 0, &a, &b, &c, &d);
	cpu_features.xsave = (c & BIT(26)) && max >= 0xd;
	if (cpu_features.xsave) {
		cpuid(0xd, 0, &a, &b, &c, &d);
		cpu_features.xcr0 = a & 7;
	}
	cpu_features.null_clears_base = true;
	cpu_features.fast_bytes = true;
	policy_init();
	return 0;
}

static int fresh_domain(void **state)
{
	xfree(domain.policy);
	memset(&domain, 0, sizeof(domain));
	vcpu.cr4 = 0;
	vcpu.id = 0;
	vcpu.xcr0 = 1;
	return 0;
}

static void test_hidden(void **state)
{
	static const u16 hidden[] = {
		XEN_X86_FEATURE_PSE, XEN_X86_FEATURE_PGE, XEN_X86_FEATURE_MTRR, XEN_X86_FEATURE_PSE36,
		XEN_X86_FEATURE_VME, XEN_X86_FEATURE_ACPI, XEN_X86_FEATURE_MONITOR,
		XEN_X86_FEATURE_VMX, XEN_X86_FEATURE_EIST, XEN_X86_FEATURE_PCID,
		XEN_X86_FEATURE_X2APIC, XEN_X86_FEATURE_TSC_DEADLINE, XEN_X86_FEATURE_PAGE1GB,
		XEN_X86_FEATURE_SVM, XEN_X86_FEATURE_TOPOEXT, XEN_X86_FEATURE_FSGSBASE,
		XEN_X86_FEATURE_SMEP, XEN_X86_FEATURE_SMAP, XEN_X86_FEATURE_INVPCID,
		XEN_X86_FEATURE_UMIP, XEN_X86_FEATURE_PKU, XEN_X86_FEATURE_CET_SS,
		XEN_X86_FEATURE_XSAVES, XEN_X86_FEATURE_PROC_TRACE, XEN_X86_FEATURE_RTM,
		XEN_X86_FEATURE_IBRSB, XEN_X86_FEATURE_ARCH_CAPS,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++) {
		assert_false(policy_has(&policy_pv_max, hidden[i]));
		assert_false(policy_has(&policy_pv_default, hidden[i]));
	}
	assert_true(policy_has(&policy_pv_default, XEN_X86_FEATURE_LM));
	assert_true(policy_has(&policy_pv_default, XEN_X86_FEATURE_APIC));
	assert_true(policy_has(&policy_pv_default, XEN_X86_FEATURE_HYPERVISOR));
	assert_false(policy_has(&policy_pv_default, XEN_X86_FEATURE_ITSC));
	assert_false(policy_has(&policy_pv_default, XEN_X86_FEATURE_OSXSAVE));
}

/* AMD's way to say that a null selector clears the base is used where that is so. */
static void test_null_selectors(void **state)
{
	bool said = cpu_features.amd;

	assert_int_equal(policy_has(&policy_pv_default, XEN_X86_FEATURE_NSCB), said);
	assert_int_equal(policy_has(&policy_pv_max, XEN_X86_FEATURE_NSCB), said);
	if (said)
		assert_int_equal(ask(0x80000000, 0, true).a, 0x80000021);
}

/* Guests hear of fast strings of bytes where they are fast; a configuration can ask for them. */
static void test_slow_bytes(void **state)
{
	static const unsigned features[] = { XEN_X86_FEATURE_ERMS, XEN_X86_FEATURE_FSRM };

	for (unsigned fast = 0; fast < 2; fast++) {
		cpu_features.fast_bytes = fast;
		memset(&policy_host, 0, sizeof(policy_host));
		policy_init();
		for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
			bool has = policy_has(&policy_host, features[i]);

			assert_int_equal(policy_has(&policy_pv_default, features[i]), has && fast);
			assert_int_equal(policy_has(&policy_pv_max, features[i]), has);
		}
	}
}

static void test_hypervisor_leaves(void **state)
{
	struct regs r = ask(0x40000000, 0, true);

	assert_int_equal(r.a, 0x40000005);
	assert_int_equal(r.b, 0x566e6558);
	assert_int_equal(ask(0x40000001, 0, true).a, 0x40011);
	assert_int_equal(ask(0x40000003, 0, true).c, tsc_khz);
	assert_int_equal(ask(0x40000005, 0, true).b, 32);
	assert_int_equal(ask(0x40000006, 0, true).a, 0);
	assert_int_equal(ask(0x40000100, 0, true).b, 0);
}

static void test_outside(void **state)
{
	static const u32 leaves[] = { 0xe, 0xffff, 0x3fffffff, 0x80000022, 0x8fffffff, 0xc0000000, ~0u };

	for (unsigned i = 0; i < ARRAY_SIZE(leaves); i++) {
		struct regs r = ask(leaves[i], 0, true);

		assert_int_equal(r.a | r.b | r.c | r.d, 0);
	}
	assert_int_equal(ask(7, 77, true).b, 0);
	assert_int_equal(ask(4, ~0u, true).a, 0);
}

static void test_vcpus_differ(void **state)
{
	vcpu.id = 3;
	assert_int_equal(ask(1, 0, false).b >> 24, 6);
	assert_int_equal(ask(1, 0, false).c & BIT(27), 0);
	if (!policy_has(&policy_pv_default, XEN_X86_FEATURE_XSAVE))
		return;
	assert_true(ask(1, 0, true).c & BIT(27));
	vcpu.cr4 = CR4_OSXSAVE;
	assert_true(ask(1, 0, false).c & BIT(27));
	assert_int_equal(ask(0xd, 0, false).b, 576);
	if (policy_has(&policy_pv_default, XEN_X86_FEATURE_AVX)) {
		vcpu.xcr0 = 7;
		assert_int_equal(ask(0xd, 0, false).b, 576 + 256);
	}
}

static int apply(const struct cpu_policy *p, u32 *leaf)
{
	u32 sub, msr;
	xen_msr_entry_t msrs[POLICY_MSRS];
	unsigned nm = policy_msrs(msrs);

	return policy_apply(&domain, p->leaf, p->n, msrs, nm, leaf, &sub, &msr);
}

static void test_round_trip(void **state)
{
	struct cpu_policy p = policy_pv_default;
	u32 leaf;

	assert_int_equal(apply(&p, &leaf), 0);
	assert_memory_equal(domain.policy, &policy_pv_default, sizeof(p));
	assert_int_equal(apply(&policy_pv_max, &leaf), 0);
	assert_memory_equal(domain.policy, &policy_pv_max, sizeof(p));
}

static xen_cpuid_leaf_t *find(struct cpu_policy *p, u32 leaf, u32 sub)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->leaf[i].leaf == leaf && p->leaf[i].subleaf == sub)
			return &p->leaf[i];
	fail_msg("no leaf %x", leaf);
	return NULL;
}

static void test_no_more_than_max(void **state)
{
	struct cpu_policy p = policy_pv_default;
	u32 leaf;

	for (unsigned i = 0; i < p.n; i++)
		if (p.leaf[i].leaf == 1)
			p.leaf[i].c = p.leaf[i].d = ~0u;
	find(&p, 0x80000001, XEN_CPUID_NO_SUBLEAF)->c = ~0u;
	find(&p, 0x80000001, XEN_CPUID_NO_SUBLEAF)->d = ~0u;
	assert_int_equal(apply(&p, &leaf), 0);
	test_hidden(state);
	for (u32 f = 0; f < 4 * 32; f++)
		if (policy_has(domain.policy, f))
			assert_true(policy_has(&policy_pv_max, f));
}

static void test_dependencies(void **state)
{
	struct cpu_policy p = policy_pv_default;
	u32 leaf;

	if (!policy_has(&p, XEN_X86_FEATURE_AVX))
		skip();
	find(&p, 1, XEN_CPUID_NO_SUBLEAF)->c &= ~BIT(26);	/* XSAVE */
	assert_int_equal(apply(&p, &leaf), 0);
	assert_false(policy_has(domain.policy, XEN_X86_FEATURE_AVX));
	assert_false(policy_has(domain.policy, XEN_X86_FEATURE_AVX2));
	assert_false(policy_has(domain.policy, XEN_X86_FEATURE_XSAVEOPT));
	assert_int_equal(ask(0xd, 0, true).a, 0);
	assert_int_equal(ask(1, 0, true).c & BIT(27), 0);
}

static void test_refused(void **state)
{
	struct cpu_policy p = policy_pv_default;
	xen_msr_entry_t m = { .idx = 0xce, .val = BIT(31) };
	u32 leaf, sub, msr;

	find(&p, 0, XEN_CPUID_NO_SUBLEAF)->a++;
	assert_int_equal(apply(&p, &leaf), -EINVAL);
	assert_int_equal(leaf, 0);
	p = policy_pv_default;
	find(&p, 0, XEN_CPUID_NO_SUBLEAF)->b ^= 1;
	assert_int_equal(apply(&p, &leaf), -EINVAL);
	p = policy_pv_default;
	p.leaf[0].leaf = 0x77;
	assert_int_equal(apply(&p, &leaf), -EINVAL);
	assert_int_equal(leaf, 0x77);
	assert_int_equal(policy_apply(&domain, NULL, 0, &m, 1, &leaf, &sub, &msr), -EINVAL);
	assert_int_equal(leaf, ~0u);
	assert_int_equal(msr, 0xce);
	assert_null(domain.policy);		/* nothing was changed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_hidden, fresh_domain),
		cmocka_unit_test_setup(test_null_selectors, fresh_domain),
		cmocka_unit_test_setup(test_slow_bytes, fresh_domain),
		cmocka_unit_test_setup(test_hypervisor_leaves, fresh_domain),
		cmocka_unit_test_setup(test_outside, fresh_domain),
		cmocka_unit_test_setup(test_vcpus_differ, fresh_domain),
		cmocka_unit_test_setup(test_round_trip, fresh_domain),
		cmocka_unit_test_setup(test_no_more_than_max, fresh_domain),
		cmocka_unit_test_setup(test_dependencies, fresh_domain),
		cmocka_unit_test_setup(test_refused, fresh_domain),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
