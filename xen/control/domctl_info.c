/* SPDX-License-Identifier: GPL-2.0-only */
/* The record that tells what a domain is and does: domctl and sysctl give the same. */
#include "control.h"

struct domain *next_domain(domid_t from)
{
	struct domain *d, *found = NULL;

	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		if (d->id >= from) {
			ref_domain(d);
			found = d;
			break;
		}
	spin_unlock(&domlist_lock);
	return found;
}

/* Blocked: all vcpus that are up are; running: one of them is. */
static u32 vcpu_flags(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	u32 flags = XEN_DOMINF_blocked;
	struct vcpu *v;

	for_each_vcpu(d, v) {
		u32 pause = atomic_read(&v->pause_flags);

		info->cpu_time += vcpu_cpu_time(v);
		info->max_vcpu_id = v->id;
		if (pause & VPF_DOWN)
			continue;
		info->nr_online_vcpus++;
		if (!(pause & VPF_BLOCKED))
			flags &= ~XEN_DOMINF_blocked;
		if (READ_ONCE(v->running))
			flags |= XEN_DOMINF_running;
	}
	return info->nr_online_vcpus ? flags : 0;
}

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domain = d->id;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	info->flags = vcpu_flags(d, info);
	if (d->is_dying)
		info->flags |= XEN_DOMINF_dying;
	/* Domain 0 wasn't started by a command, nor can one pause it. */
	if (d != dom0 && (d->created_paused || atomic_read(&d->controller_pause)))
		info->flags |= XEN_DOMINF_paused;
	spin_lock(&d->shutdown_lock);
	if (d->is_shut_down)
		info->flags |= XEN_DOMINF_shutdown |
			       (u32)d->shutdown_code << XEN_DOMINF_shutdownshift;
	spin_unlock(&d->shutdown_lock);
	spin_lock(&d->page_lock);
	info->tot_pages = d->tot_pages;
	info->max_pages = d->max_pages;
	info->outstanding_pages = d->claimed;
	spin_unlock(&d->page_lock);
	info->shared_info_frame = va_to_mfn(d->shared_info);
	memcpy(info->handle, d->handle, sizeof(info->handle));
	info->gpaddr_bits = cpu_features.maxphysaddr;
}

int domctl_getdomaininfo(struct domain *unused, struct xen_domctl *op)
{
	struct domain *d;

	if (op->domain >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	d = next_domain(op->domain);
	if (!d)
		return -ESRCH;
	domain_info(d, &op->u.getdomaininfo);
	op->domain = d->id;
	put_domain(d);
	return 0;
}
