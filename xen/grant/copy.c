/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GNTTABOP_copy: copy bytes between two frames, each either named by a grant or
 * one of the caller's own. Frames are reached through the direct map, so no page
 * table changes and nothing is flushed.
 */
#include "gnttab.h"
#include <xen/lib.h>

/* One side of a copy, while its frame is held. */
struct side {
	struct domain *granter;	/* referenced; NULL: a frame of the caller */
	u32 ref;
	mfn_t mfn;
	bool write;
};

static s16 open_grant(struct side *s, const struct gnttab_copy_ptr *p)
{
	s16 status;

	s->ref = p->u.ref;
	s->granter = get_domain_or_self(p->domid);
	if (!s->granter)
		return GNTST_bad_domain;
	status = grant_pin(s->granter, s->ref, current->domain->id, s->write, &s->mfn);
	if (status)
		put_domain(s->granter);
	return status;
}

/* Other domains' frames can be had through grants only, whoever asks. */
static s16 open_own(struct side *s, const struct gnttab_copy_ptr *p)
{
	struct domain *d = current->domain;
	struct page_info *pg;

	if (p->domid != DOMID_SELF && p->domid != d->id)
		return GNTST_permission_denied;
	s->granter = NULL;
	s->mfn = p->u.gmfn;
	if (!mfn_valid(s->mfn))
		return GNTST_bad_page;
	pg = mfn_to_page(s->mfn);
	if (s->write ? get_page_and_type(pg, d, PGT_WRITABLE) : !get_page(pg, d))
		return GNTST_bad_page;
	return GNTST_okay;
}

static void close_side(struct side *s)
{
	grant_put_frame(s->mfn, s->write);
	if (!s->granter)
		return;
	grant_unpin(s->granter, s->ref, s->write);
	put_domain(s->granter);
}

static s16 copy_bytes(const struct gnttab_copy *op)
{
	struct side src = { .write = false }, dst = { .write = true };
	s16 status;

	if (op->flags & ~(GNTCOPY_source_gref | GNTCOPY_dest_gref))
		return GNTST_general_error;
	if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	status = op->flags & GNTCOPY_source_gref ? open_grant(&src, &op->source)
						 : open_own(&src, &op->source);
	if (status)
		return status;
	status = op->flags & GNTCOPY_dest_gref ? open_grant(&dst, &op->dest)
					       : open_own(&dst, &op->dest);
	if (!status) {
		memmove((u8 *)mfn_to_va(dst.mfn) + op->dest.offset,
			(u8 *)mfn_to_va(src.mfn) + op->source.offset, op->len);
		close_side(&dst);
	}
	close_side(&src);
	return status;
}

long grant_op_copy(void *arg)
{
	struct gnttab_copy *op = arg;

	op->status = copy_bytes(op);
	perfc_inc(grant_copies);
	return 0;
}
