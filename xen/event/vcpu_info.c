/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a vcpu's vcpu_info lies: in shared_info, or where VCPUOP_register_vcpu_info says. */
#include "evtchn.h"
#include <xen/lib.h>

void *get_event_frame(struct domain *d, mfn_t mfn)
{
	if (!mfn_valid(mfn) || get_page_and_type(mfn_to_page(mfn), d, PGT_WRITABLE))
		return NULL;
	return mfn_to_va(mfn);
}

void put_event_frame(void *in_it)
{
	put_page_and_type(va_to_page(in_it));
}

/*
 * Move it to @offset in frame @mfn of the vcpu's domain; once in a vcpu's life.
 * The frame is held writable. Another CPU may still put an event in the old
 * place while we copy; so afterwards everything is marked as pending, and the
 * guest looks at all its ports. -EINVAL: not the caller's own vcpu or one that
 * is down, done before, crosses the page, not aligned, or no such writable frame.
 */
int map_vcpu_info(struct vcpu *v, mfn_t mfn, u32 offset)
{
	struct domain *d = v->domain;
	struct vcpu_info *new;

	if (offset > PAGE_SIZE - sizeof(*new) || offset % 8)
		return -EINVAL;
	if (v != current && !(atomic_read(&v->pause_flags) & VPF_DOWN))
		return -EINVAL;
	if (!mfn_valid(mfn) || get_page_and_type(mfn_to_page(mfn), d, PGT_WRITABLE))
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	if (v->info_mfn != MFN_INVALID) {
		spin_unlock(&d->evtchn.lock);
		put_page_and_type(mfn_to_page(mfn));
		return -EINVAL;
	}
	new = (void *)((u8 *)mfn_to_va(mfn) + offset);
	memcpy(new, v->info, sizeof(*new));
	v->info_mfn = mfn;
	__atomic_store_n(&v->info, new, __ATOMIC_SEQ_CST);
	spin_unlock(&d->evtchn.lock);

	__atomic_store_n(&new->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
	vcpu_mark_events_pending(v);
	return 0;
}

/* Back to shared_info; @v doesn't run. */
void unmap_vcpu_info(struct vcpu *v)
{
	struct domain *d = v->domain;
	mfn_t mfn = v->info_mfn;

	if (mfn == MFN_INVALID)
		return;
	__atomic_store_n(&v->info, v->id < XEN_LEGACY_MAX_VCPUS ? &d->shared_info->vcpu_info[v->id] :
			 &v->dummy_info, __ATOMIC_SEQ_CST);
	v->info_mfn = MFN_INVALID;
	sync_all_cpus();		/* a CPU may have read the old pointer */
	put_page_and_type(mfn_to_page(mfn));
}
