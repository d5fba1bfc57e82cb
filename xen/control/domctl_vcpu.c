/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: vcpus, their contexts, and what else of them a saved domain keeps. */
#include "control.h"

struct vcpu *find_vcpu(struct domain *d, u32 id)
{
	return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

/*
 * Allocates the vcpus that createdomain promised. After -ENOMEM those that exist stay: the
 * command may be repeated, and they go with the domain.
 */
int domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
	if (op->u.max_vcpus.max != d->max_vcpus || d->is_dying)
		return -EINVAL;
	for (unsigned i = 0; i < d->max_vcpus; i++)
		if (!d->vcpu[i] && !vcpu_create(d, i))
			return -ENOMEM;
	return 0;
}

/* ---- the context --------------------------------------------------------------- */

int domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpucontext *vc = &op->u.vcpucontext;
	struct vcpu *v = find_vcpu(d, vc->vcpu);
	struct vcpu_guest_context *c;
	int rc;

	if (!v)
		return -ESRCH;
	if (d->is_dying)
		return -EINVAL;
	c = xnew(struct vcpu_guest_context);
	if (!c)
		return -ENOMEM;
	rc = copy_from_guest(c, handle_va(vc->ctxt), sizeof(*c));
	if (!rc) {
		domain_pause(d);
		rc = vcpu_set_context(v, c);
		domain_unpause(d);
	}
	xfree(c);
	return rc;
}

int domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpucontext *vc = &op->u.vcpucontext;
	struct vcpu *v = find_vcpu(d, vc->vcpu);
	struct vcpu_guest_context *c;
	int rc;

	if (!v)
		return -ESRCH;
	if (!v->initialised)
		return -ENODATA;
	c = xnew(struct vcpu_guest_context);
	if (!c)
		return -ENOMEM;
	vcpu_pause(v);
	vcpu_get_context(v, c);
	vcpu_unpause(v);
	rc = copy_to_guest(handle_va(vc->ctxt), c, sizeof(*c));
	xfree(c);
	return rc;
}

/* An NMI by hand. The other triggers are buttons of a machine that a PV guest doesn't have. */
int domctl_sendtrigger(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v = find_vcpu(d, op->u.sendtrigger.vcpu);

	if (!v || !v->initialised)
		return -ESRCH;
	switch (op->u.sendtrigger.trigger) {
	case XEN_DOMCTL_SENDTRIGGER_NMI:
		__atomic_store_n(&v->nmi_pending, 1, __ATOMIC_SEQ_CST);
		vcpu_wake_for_nmi(v);
		return 0;
	case XEN_DOMCTL_SENDTRIGGER_POWER:
	case XEN_DOMCTL_SENDTRIGGER_SLEEP:
		return -EINVAL;
	}
	return -ENOSYS;
}

int domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	struct vcpu *v = find_vcpu(d, info->vcpu);
	u32 flags;

	if (!v)
		return -ESRCH;
	flags = atomic_read(&v->pause_flags);
	info->online = !(flags & VPF_DOWN);
	info->blocked = !!(flags & VPF_BLOCKED);
	info->running = READ_ONCE(v->running);
	info->cpu_time = vcpu_cpu_time(v);
	info->cpu = READ_ONCE(v->cpu);
	return 0;
}

/* ---- its other entries ------------------------------------------------------------- */

#define EXT_SIZE_MIN	offsetof(struct xen_domctl_ext_vcpucontext, vmce)
#define EXT_SIZE_VMCE	(EXT_SIZE_MIN + sizeof(struct hvm_vmce_vcpu))

int domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
	struct vcpu *v = find_vcpu(d, e->vcpu);

	if (!v)
		return -ESRCH;
	*e = (struct xen_domctl_ext_vcpucontext){
		.vcpu = v->id,
		.size = EXT_SIZE_VMCE,
		.syscall32_callback_eip = v->syscall32_cb,
		.sysenter_callback_eip = v->sysenter_cb,
		.syscall32_callback_cs = GUEST_CS64,
		.sysenter_callback_cs = GUEST_CS64,
		.syscall32_disables_events = v->syscall32_masks,
		.sysenter_disables_events = v->sysenter_masks,
	};
	return 0;
}

/* Callbacks always enter the guest kernel's 64-bit code segment; there are no MCE banks. */
int domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
	struct vcpu *v = find_vcpu(d, e->vcpu);

	if (!v)
		return -ESRCH;
	if (e->size < EXT_SIZE_MIN)
		return -EINVAL;
	if (!guest_va_ok(e->syscall32_callback_eip) || !guest_va_ok(e->sysenter_callback_eip))
		return -EINVAL;
	if (e->size >= EXT_SIZE_VMCE && e->vmce.caps)
		return -EINVAL;
	vcpu_pause(v);
	v->syscall32_cb = e->syscall32_callback_eip;
	v->sysenter_cb = e->sysenter_callback_eip;
	v->syscall32_masks = e->syscall32_disables_events;
	v->sysenter_masks = e->sysenter_disables_events;
	vcpu_unpause(v);
	return 0;
}

/* ---- MSRs that belong to the vcpu ------------------------------------------------------ */

#define NR_VCPU_MSRS	1	/* TSC_AUX */

int domctl_get_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct xen_domctl_vcpu_msr out = { .index = MSR_TSC_AUX };
	struct vcpu *v = find_vcpu(d, m->vcpu);
	u32 room = m->msr_count;

	if (!v)
		return -ESRCH;
	m->msr_count = NR_VCPU_MSRS;
	if (!m->msrs.p)
		return 0;
	vcpu_pause(v);
	out.value = v->tsc_aux;
	vcpu_unpause(v);
	if (!out.value) {		/* as it was at the start: nothing to keep */
		m->msr_count = 0;
		return 0;
	}
	if (room < NR_VCPU_MSRS)
		return -ENOBUFS;
	return put_guest(m->msrs.p, 0, &out);
}

static int check_msr(const struct xen_domctl_vcpu_msr *m)
{
	return m->index != MSR_TSC_AUX || m->reserved || m->value >> 32 || !cpu_features.rdtscp ?
	       -EINVAL : 0;
}

/* Until an entry is refused; msr_count then is its index. */
int domctl_set_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpu_msrs *m = &op->u.vcpu_msrs;
	struct vcpu *v = find_vcpu(d, m->vcpu);
	struct xen_domctl_vcpu_msr in;
	u32 i;
	int rc = 0;

	if (!v)
		return -ESRCH;
	if (m->msr_count > NR_VCPU_MSRS)
		return -EINVAL;
	for (i = 0; i < m->msr_count; i++) {
		rc = get_guest(&in, m->msrs.p, i);
		if (!rc)
			rc = check_msr(&in);
		if (rc)
			break;
		vcpu_pause(v);
		v->tsc_aux = in.value;
		vcpu_unpause(v);
	}
	m->msr_count = i;
	return rc;
}
