/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GNTTABOP_map_grant_ref: put a granted frame into the caller's page table
 * (host_map), or give it an address for a device (device_map; without an IOMMU
 * that is its machine address). Each of the two is a use of the grant of its own.
 *
 * The references that a page-table entry holds belong to the entry (mm/entry.c):
 * they go when the guest destroys it, by whatever means. The use of the grant
 * belongs to the handle.
 */
#include "gnttab.h"
#include <xen/trace.h>

#define KEPT_FLAGS	(GNTMAP_device_map | GNTMAP_host_map | GNTMAP_readonly | GNTMAP_contains_pte)

/* The entry to install; the guest's three available bits come from flags 16 to 18. */
static u64 grant_pte(mfn_t mfn, u32 flags)
{
	u64 pte = mk_pte(mfn, PTE_P | PTE_US | PTE_A | PTE_D);

	if (!(flags & GNTMAP_readonly))
		pte |= PTE_RW;
	return pte | ((u64)(flags >> _GNTMAP_guest_avail0) << 9 & PTE_AVAIL);
}

static s16 map_device(struct domain *rd, struct gnttab_map_grant_ref *op, bool write)
{
	mfn_t mfn;
	s16 status = grant_pin(rd, op->ref, current->domain->id, write, &mfn);

	if (!status)
		op->dev_bus_addr = mfn << PAGE_SHIFT;
	return status;
}

static void unmap_device(struct domain *rd, struct gnttab_map_grant_ref *op, bool write)
{
	grant_put_frame(op->dev_bus_addr >> PAGE_SHIFT, write);
	grant_unpin(rd, op->ref, write);
}

static s16 map_host(struct domain *rd, struct gnttab_map_grant_ref *op, bool write)
{
	mfn_t mfn;
	s16 status = grant_pin(rd, op->ref, current->domain->id, write, &mfn);

	if (status)
		return status;
	if (grant_map_pte(current, op->host_addr, op->flags & GNTMAP_contains_pte,
			  grant_pte(mfn, op->flags))) {
		grant_put_frame(mfn, write);
		grant_unpin(rd, op->ref, write);
		return GNTST_general_error;
	}
	op->dev_bus_addr = mfn << PAGE_SHIFT;
	return GNTST_okay;
}

static s16 map_with_handle(struct domain *rd, struct gnttab_map_grant_ref *op, u32 handle)
{
	bool write = !(op->flags & GNTMAP_readonly);
	s16 status = GNTST_okay;

	if (op->flags & GNTMAP_device_map)
		status = map_device(rd, op, write);
	if (!status && (op->flags & GNTMAP_host_map)) {
		status = map_host(rd, op, write);
		if (status && (op->flags & GNTMAP_device_map))
			unmap_device(rd, op, write);
	}
	handle_release(current->domain, handle, status ? 0 : op->flags & KEPT_FLAGS);
	if (!status)
		op->handle = handle;
	return status;
}

static s16 map_grant(struct gnttab_map_grant_ref *op)
{
	struct domain *rd;
	u32 handle;
	s16 status = GNTST_no_space;

	if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)))
		return GNTST_bad_gntref;
	rd = get_domain(op->dom);
	if (!rd)
		return GNTST_bad_domain;
	handle = handle_new(current->domain, rd, op->ref, op->flags & KEPT_FLAGS);
	if (handle != NO_HANDLE)
		status = map_with_handle(rd, op, handle);
	put_domain(rd);
	return status;
}

long grant_op_map(void *arg)
{
	struct gnttab_map_grant_ref *op = arg;

	op->status = map_grant(op);
	if (op->status == GNTST_okay) {
		perfc_inc(grant_maps);
		trace(TRC_MEM_PAGE_GRANT_MAP, op->dom);
	}
	return 0;
}
