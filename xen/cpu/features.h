/* SPDX-License-Identifier: GPL-2.0-only */
/* Feature bits of a policy: words as in public/arch-x86/cpufeatureset.h. */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include <public/arch-x86/cpufeatureset.h>
#include <xen/policy.h>

#define FEATURE_WORDS 16

/* Of a policy, or NULL if it has no such leaf. */
xen_cpuid_leaf_t *policy_leaf(struct cpu_policy *p, u32 leaf, u32 sub);
const xen_cpuid_leaf_t *policy_leaf_const(const struct cpu_policy *p, u32 leaf, u32 sub);

/* features.c */
/* The register that holds a word of features; NULL if the policy has no such leaf. */
u32 *feature_word(struct cpu_policy *p, unsigned word);
/* Clear all features that guests can't have; with @extra keep those they get only on demand. */
void features_filter(struct cpu_policy *p, bool extra);
/* Clear those that @max doesn't have. */
void features_limit(struct cpu_policy *p, struct cpu_policy *max);
/* Clear those that need something that is off. */
void features_settle(struct cpu_policy *p);
void feature_set(struct cpu_policy *p, unsigned feature);

/* Bytes of an XSAVE area for the components in @xcr0, standard or compacted format. */
u32 xsave_bytes(const struct cpu_policy *p, u64 xcr0, bool compacted);

#endif
