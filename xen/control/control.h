/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share: handlers of commands, and how records and bitmaps are copied. */
#ifndef CONTROL_H
#define CONTROL_H

#include <xen/hypercall.h>
#include <xen/lib.h>

/*
 * A domctl command: @d is the domain it is about, referenced (NULL for those that find it
 * themselves); @op is the hypervisor's copy of the argument. 0, -errno, or -ERESTART to be
 * called again with the same argument. Only one domctl command runs at a time.
 */
typedef int domctl_fn(struct domain *d, struct xen_domctl *op);

#define MAX_PAUSES	255		/* of a domain or a vcpu, by commands */

/* domctl_life.c */
domctl_fn domctl_createdomain, domctl_destroydomain, domctl_pausedomain, domctl_unpausedomain,
	  domctl_resumedomain, domctl_setdomainhandle, domctl_set_address_size,
	  domctl_get_address_size, domctl_settimeoffset, domctl_settscinfo, domctl_gettscinfo;
/* domctl_info.c */
domctl_fn domctl_getdomaininfo;
void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);
/* First domain with an id of @from or above: referenced, or NULL. */
struct domain *next_domain(domid_t from);
/* domctl_vcpu.c */
domctl_fn domctl_max_vcpus, domctl_setvcpucontext, domctl_getvcpucontext, domctl_getvcpuinfo,
	  domctl_sendtrigger, domctl_get_ext_vcpucontext, domctl_set_ext_vcpucontext, domctl_get_vcpu_msrs,
	  domctl_set_vcpu_msrs;
struct vcpu *find_vcpu(struct domain *d, u32 id);	/* NULL if it doesn't exist */
/* domctl_debug.c */
domctl_fn domctl_setdebugging, domctl_gdbsx_guestmemio, domctl_gdbsx_pausevcpu,
	  domctl_gdbsx_unpausevcpu, domctl_gdbsx_domstatus;
/* domctl_xstate.c */
domctl_fn domctl_getvcpuextstate, domctl_setvcpuextstate;
/* domctl_memory.c */
domctl_fn domctl_max_mem, domctl_getpageframeinfo3, domctl_hypercall_init, domctl_shadow_op;
/* domctl_rights.c */
domctl_fn domctl_irq_permission, domctl_iomem_permission, domctl_ioport_permission,
	  domctl_memory_mapping;
/* domctl_sched.c */
domctl_fn domctl_scheduler_op, domctl_setvcpuaffinity, domctl_getvcpuaffinity,
	  domctl_setnodeaffinity, domctl_getnodeaffinity;
/* domctl_policy.c */
domctl_fn domctl_get_cpu_policy, domctl_set_cpu_policy;

/* A sysctl command: 0 or -errno. */
typedef int sysctl_fn(struct xen_sysctl *op);

/* sysctl_info.c */
sysctl_fn sysctl_physinfo, sysctl_getcpuinfo, sysctl_availheap, sysctl_cputopoinfo,
	  sysctl_numainfo, sysctl_pcitopoinfo, sysctl_getdomaininfolist;
/* sysctl_pool.c */
sysctl_fn sysctl_sched_id, sysctl_scheduler_op, sysctl_cpupool_op;
/* sysctl_policy.c */
sysctl_fn sysctl_get_cpu_policy, sysctl_get_cpu_featureset, sysctl_get_cpu_levelling_caps;

/* domctl_policy.c: leaves and MSRs of @p into the guest's arrays, NULL handles ask for sizes. */
int put_policy(const struct cpu_policy *p, vaddr_t leaves, u32 *nr_leaves, vaddr_t msrs,
	       u32 *nr_msrs);
/* sysctl_policy.c: the words of public/arch-x86/cpufeatureset.h */
#define FEATURE_WORDS	19
void policy_features(const struct cpu_policy *p, u32 words[FEATURE_WORDS]);

/*
 * op.c: the argument at @arg, a struct of @size bytes that begins with cmd and interface_version, to
 * @op. -EPERM (not for this domain), -EFAULT, -EACCES (not @version).
 */
int get_op(void *op, size_t size, vaddr_t arg, u32 version);

/* bitmap.c: sets of up to 64 CPUs or nodes; -EFAULT, -EINVAL (absurd size) */
int get_bitmap(const struct xenctl_bitmap *b, u64 *mask);
int put_bitmap(const struct xenctl_bitmap *b, u64 mask);

#endif
