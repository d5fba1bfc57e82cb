/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: what CPUID and MSRs tell a domain. */
#include "control.h"

#define MAX_LEAVES	128	/* more than any list that public headers of 4.17 can describe */
#define MAX_MSRS	2	/* PLATFORM_INFO and ARCH_CAPABILITIES, which toolstacks know */
_Static_assert(POLICY_LEAVES <= MAX_LEAVES && POLICY_MSRS <= MAX_MSRS, "sizes told to callers");

int put_policy(const struct cpu_policy *p, vaddr_t leaves, u32 *nr_leaves, vaddr_t msrs,
	       u32 *nr_msrs)
{
	xen_msr_entry_t m[POLICY_MSRS];
	unsigned n = policy_msrs(m);

	if ((leaves && *nr_leaves < p->n) || (msrs && *nr_msrs < n))
		return -ENOBUFS;
	if (leaves && copy_to_guest(leaves, p->leaf, p->n * sizeof(p->leaf[0])))
		return -EFAULT;
	if (msrs && copy_to_guest(msrs, m, n * sizeof(m[0])))
		return -EFAULT;
	*nr_leaves = leaves ? p->n : MAX_LEAVES;
	*nr_msrs = msrs ? n : MAX_MSRS;
	return 0;
}

int domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;

	return put_policy(domain_policy(d), handle_va(p->leaves), &p->nr_leaves,
			  handle_va(p->msrs), &p->nr_msrs);
}

struct edited {
	xen_cpuid_leaf_t leaf[MAX_LEAVES];
	xen_msr_entry_t msr[MAX_MSRS];
};

static int apply(struct domain *d, struct xen_domctl_cpu_policy *p, struct edited *e)
{
	if (copy_from_guest(e->leaf, handle_va(p->leaves), p->nr_leaves * sizeof(e->leaf[0])) ||
	    copy_from_guest(e->msr, handle_va(p->msrs), p->nr_msrs * sizeof(e->msr[0])))
		return -EFAULT;
	return policy_apply(d, e->leaf, p->nr_leaves, e->msr, p->nr_msrs, &p->err_leaf,
			    &p->err_subleaf, &p->err_msr);
}

/* Only until the domain runs for the first time: a kernel asks once. */
int domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_cpu_policy *p = &op->u.cpu_policy;
	struct edited *e;
	int rc;

	p->err_leaf = p->err_subleaf = p->err_msr = ~0u;
	if (!d->created_paused)
		return -EEXIST;
	if (p->nr_leaves > MAX_LEAVES || p->nr_msrs > MAX_MSRS)
		return -E2BIG;
	e = xnew(struct edited);
	if (!e)
		return -ENOMEM;
	rc = apply(d, p, e);
	xfree(e);
	return rc;
}
