/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which features guests can have: a list of what is safe and works in ring 3 without
 * us, or with our help. What isn't in it, new features included, is hidden.
 */
#include <xen/domain.h>
#include "features.h"

#define F(name) XEN_X86_FEATURE_##name

static const u16 offered[] = {
	/* leaf 1 */
	F(FPU), F(DE), F(TSC), F(MSR), F(PAE), F(MCE), F(CX8), F(APIC), F(SEP), F(MCA), F(CMOV),
	F(PAT), F(CLFLUSH), F(MMX), F(FXSR), F(SSE), F(SSE2), F(SS), F(HTT),
	F(SSE3), F(PCLMULQDQ), F(SSSE3), F(FMA), F(CX16), F(SSE4_1), F(SSE4_2), F(MOVBE),
	F(POPCNT), F(AESNI), F(XSAVE), F(AVX), F(F16C), F(RDRAND), F(HYPERVISOR),
	/* leaf 0x80000001 */
	F(SYSCALL), F(NX), F(MMXEXT), F(RDTSCP), F(LM), F(3DNOWEXT), F(3DNOW),
	F(LAHF_LM), F(CMP_LEGACY), F(ABM), F(SSE4A), F(MISALIGNSSE), F(3DNOWPREFETCH), F(XOP),
	F(FMA4), F(TBM),
	/* leaf 0xd, 1 */
	F(XSAVEOPT), F(XSAVEC), F(XGETBV1),
	/* leaf 7 */
	F(BMI1), F(AVX2), F(FDP_EXCP_ONLY), F(BMI2), F(ERMS), F(NO_FPU_SEL), F(AVX512F),
	F(AVX512DQ), F(RDSEED), F(ADX), F(AVX512_IFMA), F(CLFLUSHOPT), F(CLWB), F(AVX512PF),
	F(AVX512ER), F(AVX512CD), F(SHA), F(AVX512BW), F(AVX512VL),
	F(PREFETCHWT1), F(AVX512_VBMI), F(AVX512_VBMI2), F(GFNI), F(VAES), F(VPCLMULQDQ),
	F(AVX512_VNNI), F(AVX512_BITALG), F(AVX512_VPOPCNTDQ), F(RDPID), F(CLDEMOTE),
	F(AVX512_4VNNIW), F(AVX512_4FMAPS), F(FSRM), F(MD_CLEAR), F(SERIALIZE), F(AVX512_FP16),
	F(AVX_VNNI), F(AVX512_BF16), F(FZRM), F(FSRS), F(FSRCS), F(MCDT_NO),
	/* leaves 0x80000008, 0x80000021 */
	F(CLZERO), F(RSTR_FP_ERR_PTRS), F(SSB_NO), F(BTC_NO),
	F(LFENCE_DISPATCH), F(VERW_CLEAR), F(NSCB), F(SRSO_NO), F(SRSO_US_NO),
};

/* Offered if the domain's configuration asks: an invariant TSC doesn't survive migration. */
static const u16 on_demand[] = { F(ITSC), F(AVX512_VP2INTERSECT), F(MOVDIRI), F(MOVDIR64B) };

/* They tell a guest to copy byte by byte: not offered, but on demand, where that is slow. */
static const u16 byte_strings[] = { F(ERMS), F(FSRM), F(FZRM), F(FSRS), F(FSRCS) };

static const struct { u16 feature, needs; } needs[] = {	/* in such an order that one pass does */
	{ F(XSAVEOPT), F(XSAVE) }, { F(XSAVEC), F(XSAVE) }, { F(XGETBV1), F(XSAVE) },
	{ F(AVX), F(XSAVE) }, { F(FMA), F(AVX) }, { F(F16C), F(AVX) }, { F(XOP), F(AVX) },
	{ F(FMA4), F(AVX) }, { F(AVX2), F(AVX) }, { F(VAES), F(AVX) }, { F(VPCLMULQDQ), F(AVX) },
	{ F(AVX_VNNI), F(AVX2) }, { F(AVX512F), F(AVX2) },
	{ F(AVX512DQ), F(AVX512F) }, { F(AVX512_IFMA), F(AVX512F) }, { F(AVX512PF), F(AVX512F) },
	{ F(AVX512ER), F(AVX512F) }, { F(AVX512CD), F(AVX512F) }, { F(AVX512BW), F(AVX512F) },
	{ F(AVX512VL), F(AVX512F) }, { F(AVX512_VNNI), F(AVX512F) },
	{ F(AVX512_VPOPCNTDQ), F(AVX512F) }, { F(AVX512_4VNNIW), F(AVX512F) },
	{ F(AVX512_4FMAPS), F(AVX512F) }, { F(AVX512_VP2INTERSECT), F(AVX512F) },
	{ F(AVX512_VBMI), F(AVX512BW) }, { F(AVX512_VBMI2), F(AVX512BW) },
	{ F(AVX512_BITALG), F(AVX512BW) }, { F(AVX512_BF16), F(AVX512BW) },
	{ F(AVX512_FP16), F(AVX512BW) },
	{ F(RDPID), F(RDTSCP) },
};

#define XCR0_BASE	3UL
#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	0xe0UL

/* AMD repeats these bits of leaf 1's EDX in that of leaf 0x80000001. */
#define AMD_COMMON	0x0183f3ffu

u32 *feature_word(struct cpu_policy *p, unsigned word)
{
	static const struct { u32 leaf, sub; u8 reg; } at[FEATURE_WORDS] = {
		{ 1, XEN_CPUID_NO_SUBLEAF, 3 }, { 1, XEN_CPUID_NO_SUBLEAF, 2 },
		{ 0x80000001, XEN_CPUID_NO_SUBLEAF, 3 }, { 0x80000001, XEN_CPUID_NO_SUBLEAF, 2 },
		{ 0xd, 1, 0 }, { 7, 0, 1 }, { 7, 0, 2 },
		{ 0x80000007, XEN_CPUID_NO_SUBLEAF, 3 }, { 0x80000008, XEN_CPUID_NO_SUBLEAF, 1 },
		{ 7, 0, 3 }, { 7, 1, 0 }, { 0x80000021, XEN_CPUID_NO_SUBLEAF, 0 },
		{ 7, 1, 1 }, { 7, 2, 3 }, { 7, 1, 2 }, { 7, 1, 3 },
	};
	xen_cpuid_leaf_t *l = policy_leaf(p, at[word].leaf, at[word].sub);

	if (!l)
		return NULL;
	switch (at[word].reg) {
	case 0:
		return &l->a;
	case 1:
		return &l->b;
	case 2:
		return &l->c;
	default:
		return &l->d;
	}
}

bool policy_has(const struct cpu_policy *p, unsigned feature)
{
	const u32 *w = feature_word((struct cpu_policy *)p, feature / 32);

	return w && (*w >> (feature & 31) & 1);
}

void feature_set(struct cpu_policy *p, unsigned feature)
{
	u32 *w = feature_word(p, feature / 32);

	if (w)
		*w |= 1u << (feature & 31);
}

static void feature_clear(struct cpu_policy *p, unsigned feature)
{
	u32 *w = feature_word(p, feature / 32);

	if (w)
		*w &= ~(1u << (feature & 31));
}

void features_filter(struct cpu_policy *p, bool extra)
{
	u32 mask[FEATURE_WORDS] = { 0 }, *w;

	for (unsigned i = 0; i < ARRAY_SIZE(offered); i++)
		mask[offered[i] / 32] |= 1u << (offered[i] & 31);
	for (unsigned i = 0; extra && i < ARRAY_SIZE(on_demand); i++)
		mask[on_demand[i] / 32] |= 1u << (on_demand[i] & 31);
	for (unsigned i = 0; i < FEATURE_WORDS; i++)
		if ((w = feature_word(p, i)))
			*w &= mask[i];
	for (unsigned i = 0; !extra && !cpu_features.fast_bytes && i < ARRAY_SIZE(byte_strings); i++)
		feature_clear(p, byte_strings[i]);
	if (!cpu_features.xsave)
		feature_clear(p, F(XSAVE));
	if (!(cpu_features.xcr0 & XCR0_AVX))
		feature_clear(p, F(AVX));
	if ((cpu_features.xcr0 & XCR0_AVX512) != XCR0_AVX512)
		feature_clear(p, F(AVX512F));
}

/* The repeated bits are no features of their own: features_settle() makes them anew. */
void features_limit(struct cpu_policy *p, struct cpu_policy *max)
{
	for (unsigned i = 0; i < FEATURE_WORDS; i++) {
		u32 *w = feature_word(p, i), *m = feature_word(max, i);

		if (w)
			*w &= m ? *m : 0;
	}
}

u32 xsave_bytes(const struct cpu_policy *p, u64 xcr0, bool compacted)
{
	u32 size = 512 + 64;

	for (unsigned i = 2; i < 63; i++) {
		const xen_cpuid_leaf_t *l = policy_leaf_const(p, 0xd, i);

		if (!(xcr0 >> i & 1) || !l)
			continue;
		if (compacted)
			size = ((l->c & 2) ? ROUND_UP(size, 64) : size) + l->a;
		else
			size = MAX(size, l->a + l->b);
	}
	return size;
}

/* Leaf 0xd offers what the features need. */
static void settle_xsave(struct cpu_policy *p)
{
	xen_cpuid_leaf_t *l = policy_leaf(p, 0xd, 0);
	u64 have = 0;

	if (!l)
		return;
	if (policy_has(p, F(XSAVE)))
		have = XCR0_BASE | (policy_has(p, F(AVX)) ? XCR0_AVX : 0) |
		       (policy_has(p, F(AVX512F)) ? XCR0_AVX512 : 0);
	for (unsigned i = 0; i < p->n; i++) {
		xen_cpuid_leaf_t *sub = &p->leaf[i];

		if (sub->leaf == 0xd && sub->subleaf >= 2 && !(have >> sub->subleaf & 1))
			sub->a = sub->b = sub->c = sub->d = 0;
	}
	l->a = have;
	l->d = have >> 32;
	l->b = have ? xsave_bytes(p, XCR0_BASE, false) : 0;
	l->c = have ? xsave_bytes(p, have, false) : 0;
}

void features_settle(struct cpu_policy *p)
{
	const u32 *common = feature_word(p, 0);
	u32 *amd = feature_word(p, 2);

	for (unsigned i = 0; i < ARRAY_SIZE(needs); i++)
		if (!policy_has(p, needs[i].needs))
			feature_clear(p, needs[i].feature);
	settle_xsave(p);
	if (amd && common)
		*amd = (*amd & ~AMD_COMMON) | (cpu_features.amd ? *common & AMD_COMMON : 0);
}
