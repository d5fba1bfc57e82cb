/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: a domain's memory. */
#include "control.h"

#define MAX_INFO_FRAMES	1024		/* of one call; callers split longer lists */

/* A limit below what the domain has takes nothing away: it just gets no more. */
int domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
	u64 pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

	spin_lock(&d->page_lock);
	d->max_pages = MIN(pages, ~0UL >> PAGE_SHIFT);
	spin_unlock(&d->page_lock);
	return 0;
}

/* ---- types of frames, for a domain that is saved ---------------------------------- */

static u64 frame_info(const struct domain *d, mfn_t mfn)
{
	struct page_info *pg = get_page_from_mfn(mfn, d);
	u64 info = XEN_DOMCTL_PFINFO_NOTAB;
	u32 type;

	if (!pg)
		return XEN_DOMCTL_PFINFO_XTAB;
	type = READ_ONCE(pg->type);
	if (type & PGT_COUNT_MASK) {
		switch (type & PGT_TYPE_MASK) {
		case PGT_L1:
			info = XEN_DOMCTL_PFINFO_L1TAB;
			break;
		case PGT_L2:
			info = XEN_DOMCTL_PFINFO_L2TAB;
			break;
		case PGT_L3:
			info = XEN_DOMCTL_PFINFO_L3TAB;
			break;
		case PGT_L4:
			info = XEN_DOMCTL_PFINFO_L4TAB;
			break;
		}
		if (type & PGT_PINNED)
			info |= XEN_DOMCTL_PFINFO_LPINTAB;
	}
	put_page(pg);
	return info;
}

/* Each frame number in the array is replaced by what the frame is. */
int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_getpageframeinfo3 *p = &op->u.getpageframeinfo3;
	vaddr_t array = handle_va(p->array);
	u64 x;

	if (p->num > MAX_INFO_FRAMES)
		return -E2BIG;
	for (u64 i = 0; i < p->num; i++) {
		if (get_guest(&x, array, i))
			return -EFAULT;
		x = frame_info(d, x);
		if (put_guest(array, i, &x))
			return -EFAULT;
	}
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------ */

/* For kernels with a hypercall page: the toolstack names the frame, we write the stubs. */
int domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
	mfn_t mfn = op->u.hypercall_init.gmfn;
	struct page_info *pg;

	if (!mfn_valid(mfn))
		return -EACCES;
	pg = mfn_to_page(mfn);
	if (get_page_and_type(pg, d, PGT_WRITABLE))
		return -EACCES;
	hypercall_page_fill(page_to_va(pg));
	put_page_and_type(pg);
	return 0;
}

/* No shadow page tables, no log of dirty frames: domains are saved while they stand still. */
int domctl_shadow_op(struct domain *d, struct xen_domctl *op)
{
	return -EOPNOTSUPP;
}
