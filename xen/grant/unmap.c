/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GNTTABOP_unmap_grant_ref and unmap_and_replace, in batches of three steps:
 * take the entries out of the page tables; flush the TLBs once; then give up the
 * frames and tell the granters. So when a granter sees its grant unused, nobody
 * can reach the frame any more.
 *
 * The page table must hold just what the handle stands for, that frame with that
 * right to write, or the operation fails and the handle remains.
 */
#include "gnttab.h"
#include <xen/hypercall.h>
#include <xen/trace.h>

#define MOVABLE_BITS	(PTE_ADDR_MASK | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL | PTE_NX)

/* One operation between the steps. */
struct unmapping {
	struct maptrack m;
	u32 handle;
	mfn_t mfn;
	u16 done;		/* GNTMAP_host_map, GNTMAP_device_map: what was taken out */
};

static bool writes(const struct unmapping *u) { return !(u->m.flags & GNTMAP_readonly); }

/* Take the grant's entry out of the page table, and put @replace there. */
static s16 clear_pte(struct unmapping *u, u64 host_addr, u64 replace)
{
	if (grant_unmap_pte(current, host_addr, u->m.flags & GNTMAP_contains_pte, u->mfn, writes(u),
			    replace))
		return GNTST_general_error;
	u->done |= GNTMAP_host_map;
	return GNTST_okay;
}

/*
 * Move the entry that maps @new_addr to where the grant is mapped. Its references move with it:
 * they are ours from when it is out of its old place until it is in the new one.
 */
static s16 move_pte(struct unmapping *u, u64 host_addr, u64 new_addr)
{
	struct vcpu *v = current;
	struct page_info *pg;
	u64 *p, pte;
	mfn_t mfn;

	if (!guest_va_ok(new_addr) || !(u->m.flags & GNTMAP_host_map))
		return GNTST_bad_virt_addr;
	p = walk_l1e(v->kernel_cr3, new_addr);
	pte = p ? READ_ONCE(*p) & MOVABLE_BITS : 0;
	mfn = pte_mfn(pte);
	pg = pte & PTE_P ? get_page_from_mfn(mfn, NULL) : NULL;
	if (!pg)			/* nothing, or device memory, whose entries hold no references */
		return GNTST_bad_virt_addr;
	put_page(pg);
	if (grant_unmap_pte(v, new_addr, false, mfn, pte & PTE_RW, 0))
		return GNTST_bad_virt_addr;
	if (!clear_pte(u, host_addr, pte))
		return GNTST_okay;
	if (grant_map_pte(v, new_addr, false, pte))
		grant_put_frame(mfn, pte & PTE_RW);	/* its table went away meanwhile */
	return GNTST_general_error;
}

static s16 begin(struct unmapping *u, u32 handle)
{
	u->handle = handle;
	u->done = 0;
	if (!handle_claim(current->domain, handle, &u->m)) {
		u->m.granter = NULL;
		return GNTST_bad_handle;
	}
	u->mfn = grant_pinned_mfn(u->m.granter, u->m.ref);
	return GNTST_okay;
}

static s16 unmap_one(struct unmapping *u, const struct gnttab_unmap_grant_ref *op)
{
	s16 status = begin(u, op->handle);

	if (status)
		return status;
	if (op->dev_bus_addr && (u->m.flags & GNTMAP_device_map) &&
	    op->dev_bus_addr != u->mfn << PAGE_SHIFT)
		return GNTST_general_error;
	if (op->host_addr && (u->m.flags & GNTMAP_host_map))
		status = clear_pte(u, op->host_addr, 0);
	if (!status && op->dev_bus_addr)
		u->done |= u->m.flags & GNTMAP_device_map;
	return status;
}

static s16 replace_one(struct unmapping *u, const struct gnttab_unmap_and_replace *op)
{
	s16 status = begin(u, op->handle);

	return status ? status : move_pte(u, op->host_addr, op->new_addr);
}

/* After the flush. */
static void finish(struct unmapping *u)
{
	if (!u->m.granter)
		return;
	for (u16 kind = GNTMAP_device_map; kind <= GNTMAP_host_map; kind <<= 1) {
		if (!(u->done & kind))
			continue;
		grant_put_frame(u->mfn, writes(u));
		grant_unpin(u->m.granter, u->m.ref, writes(u));
	}
	perfc_inc(grant_unmaps);
	trace(TRC_MEM_PAGE_GRANT_UNMAP, u->m.granter->id);
	handle_release(current->domain, u->handle, u->m.flags & ~u->done);
}

static void finish_batch(struct unmapping *u, u32 n)
{
	u16 done = 0;

	for (u32 i = 0; i < n; i++)
		done |= u[i].done;
	if (done & GNTMAP_host_map)
		flush_tlb_domain(current->domain);
	for (u32 i = 0; i < n; i++)
		finish(&u[i]);
}

/* The structs of the two commands have one layout. */
union unmap_op {
	struct gnttab_unmap_grant_ref unmap;
	struct gnttab_unmap_and_replace replace;
};
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) == sizeof(struct gnttab_unmap_and_replace) &&
	       offsetof(struct gnttab_unmap_grant_ref, status) ==
	       offsetof(struct gnttab_unmap_and_replace, status), "unmap_op");

long grant_op_unmap(u32 cmd, u64 uop, u32 count)
{
	struct unmapping batch[GRANT_BATCH];
	union unmap_op op;
	bool fault = false;

	for (u32 i = 0; i < count && !fault; ) {
		u32 n = 0;

		if (i && preempt_check())
			return grant_continue(cmd, uop, count, i, sizeof(op));
		for (; n < GRANT_BATCH && i < count && !fault; i++) {
			fault = get_guest(&op, uop, i);
			if (fault)
				break;
			op.unmap.status = cmd == GNTTABOP_unmap_grant_ref ?
				unmap_one(&batch[n], &op.unmap) : replace_one(&batch[n], &op.replace);
			n++;
			fault = put_guest(uop, i, &op);
		}
		finish_batch(batch, n);
	}
	return fault ? -EFAULT : 0;
}
