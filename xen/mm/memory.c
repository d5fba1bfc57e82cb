/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_*: what a domain has, what the machine has (public/memory.h). Changes
 * of a domain's frames are in reservation.c and exchange.c.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/lib.h>
#include "../grant/gnttab.h"
#include "memory.h"

struct e820entry { u64 addr, size; u32 type; } __packed;
_Static_assert(sizeof(struct e820entry) == sizeof(struct e820_range), "e820 entries");

/* The machine's map as dom0 sees it: immutable after boot. */
static struct e820_range *machine_map;
static unsigned machine_map_entries;

/* Referenced, if the caller may act on it; NULL and *err otherwise. */
static struct domain *get_target(domid_t id, long *err)
{
	struct domain *d = get_domain_or_self(id);

	*err = -ESRCH;
	if (d && !may_control(d)) {
		put_domain(d);
		d = NULL;
		*err = -EPERM;
	}
	return d;
}

/* ---- numbers -------------------------------------------------------------------- */

static long domain_number(u64 op, u64 arg)
{
	struct xen_memory_domain q;
	struct domain *d;
	long rc;

	if (copy_from_guest(&q, arg, sizeof(q)))
		return -EFAULT;
	d = get_target(q.domid, &rc);
	if (!d)
		return rc;
	if (op == XENMEM_current_reservation)
		rc = domain_total_frames(d);
	else if (op == XENMEM_maximum_reservation)
		rc = READ_ONCE(d->max_pages);
	else
		rc = MAX(READ_ONCE(d->shared_info->arch.max_pfn), 1UL) - 1;	/* 0 in a new domain */
	put_domain(d);
	return rc;
}

static long claim_pages(u64 arg)
{
	struct xen_memory_reservation r;
	struct domain *d;
	long rc;

	if (!is_control_domain(current->domain))
		return -EPERM;
	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	if (handle_va(r.extent_start) || r.extent_order || r.mem_flags)
		return -EINVAL;
	d = get_target(r.domid, &rc);
	if (!d)
		return rc;
	rc = claim_frames(d, r.nr_extents);
	put_domain(d);
	return rc;
}

/* ---- the machine-to-phys table ----------------------------------------------------- */

/* 2 MB extents; where the machine has a hole, the extent before stands in: nobody looks there. */
static long m2p_list(u64 arg)
{
	struct xen_machphys_mfn_list list;
	xen_pfn_t mfn = 0;
	mfn_t frame = 0;
	unsigned i;

	if (copy_from_guest(&list, arg, sizeof(list)))
		return -EFAULT;
	for (i = 0; i < list.max_extents && frame < max_mfn; i++, frame += 512 * 512) {
		mfn_t extent = m2p_extent(frame);

		if (extent)
			mfn = extent;
		if (put_guest(handle_va(list.extent_start), i, &mfn))
			return -EFAULT;
	}
	list.nr_extents = i;
	return copy_to_guest(arg, &list, sizeof(list));
}

/* dom0 learns where the machine's RAM ends, so that it knows other frames for foreign ones. */
static long m2p_mapping(u64 arg)
{
	struct xen_machphys_mapping map = {
		.v_start = MACH2PHYS_VIRT_START, .v_end = MACH2PHYS_VIRT_END,
		.max_mfn = is_control_domain(current->domain) ? max_mfn - 1
							      : MACH2PHYS_NR_ENTRIES - 1,
	};

	return copy_to_guest(arg, &map, sizeof(map));
}

/* ---- memory maps --------------------------------------------------------------------- */

/* As many entries as fit; without a buffer the number of them. */
static long give_map(u64 arg, const void *entries, unsigned n)
{
	struct xen_memory_map map;

	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	if (handle_va(map.buffer)) {
		n = MIN(n, map.nr_entries);
		if (copy_to_guest(handle_va(map.buffer), entries, n * sizeof(struct e820entry)))
			return -EFAULT;
	}
	map.nr_entries = n;
	return copy_to_guest(arg, &map, sizeof(map));
}

static long own_map(u64 arg)
{
	struct e820entry copy[MAX_GUEST_E820];
	struct domain *d = current->domain;
	unsigned n = 0;

	spin_lock(&d->page_lock);
	if (d->e820) {
		n = d->nr_e820;
		memcpy(copy, d->e820, n * sizeof(copy[0]));
	}
	spin_unlock(&d->page_lock);
	return n ? give_map(arg, copy, n) : -ENOSYS;
}

static long set_map(u64 arg)
{
	struct xen_foreign_memory_map map;
	struct e820entry *e820, *old;
	struct domain *d;
	unsigned n;
	long rc;

	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	n = map.map.nr_entries;
	if (n > MAX_GUEST_E820)
		return -E2BIG;
	d = get_target(map.domid, &rc);
	if (!d)
		return rc;
	e820 = xnew_array(struct e820entry, MAX(n, 1u));
	rc = e820 ? copy_from_guest(e820, handle_va(map.map.buffer), n * sizeof(*e820)) : -ENOMEM;
	if (!rc) {
		spin_lock(&d->page_lock);
		old = d->e820;
		d->e820 = e820;
		d->nr_e820 = n;
		spin_unlock(&d->page_lock);
		e820 = old;
	}
	xfree(e820);
	put_domain(d);
	return rc;
}

static void __init reserve_page(struct e820_map *map, paddr_t pa)
{
	if (pa)
		e820_map_set(map, pa & PAGE_MASK, (pa & PAGE_MASK) + PAGE_SIZE, E820_RESERVED);
}

/* dom0 must not think that it may have what only the hypervisor uses. */
void __init machine_map_init(void)
{
	static struct e820_map map __initdata;

	map = e820;
	reserve_page(&map, acpi.lapic);
	reserve_page(&map, acpi.hpet);
	for (unsigned i = 0; i < acpi.nr_ioapics; i++)
		reserve_page(&map, acpi.ioapic[i].pa);
	machine_map = xnew_array(struct e820_range, map.n);
	if (!machine_map)
		panic("Too little memory for the machine's memory map");
	memcpy(machine_map, map.r, map.n * sizeof(map.r[0]));
	machine_map_entries = map.n;
}

/* ---- frames of others' resources -------------------------------------------------------- */

#define BATCH 32

static long acquire_resource(u64 arg)
{
	struct xen_mem_acquire_resource r;
	u64 mfns[BATCH];
	struct domain *d;
	long rc;

	if (copy_from_guest(&r, arg, sizeof(r)))
		return -EFAULT;
	if (r.pad)
		return -EINVAL;
	d = get_target(r.domid, &rc);
	if (!d)
		return rc;
	rc = 0;
	if (!is_control_domain(current->domain))
		rc = -EPERM;
	else if (r.type != XENMEM_resource_grant_table)
		rc = -EOPNOTSUPP;
	else if (r.id != XENMEM_resource_grant_table_id_shared || r.frame > ~0u - r.nr_frames)
		rc = -EINVAL;
	else if (!handle_va(r.frame_list) != !r.nr_frames)
		rc = -EINVAL;
	if (!rc && !r.nr_frames) {
		r.nr_frames = d->grant->max_frames;	/* the question how many there are */
		put_domain(d);
		return copy_to_guest(arg, &r, sizeof(r));
	}
	for (u32 done = 0, n; done < r.nr_frames && !rc; done += n) {
		n = MIN(r.nr_frames - done, (u32)BATCH);
		rc = grant_acquire_frames(d, r.frame + done, n, mfns);
		if (!rc)
			rc = copy_to_guest(handle_va(r.frame_list) + done * sizeof(mfns[0]), mfns,
					   n * sizeof(mfns[0]));
	}
	put_domain(d);
	return rc;
}

/* There are none: no IOMMU is used, so no device's memory stands in a guest's way. */
static long device_memory_map(u64 arg)
{
	struct xen_reserved_device_memory_map map;

	if (copy_from_guest(&map, arg, sizeof(map)))
		return -EFAULT;
	if (map.flags & ~XENMEM_RDM_ALL)
		return -EINVAL;
	map.nr_entries = 0;
	return copy_to_guest(arg, &map, sizeof(map));
}

/* All three begin with the domid. Only translated guests have such a map to change. */
static long no_physmap(u64 arg)
{
	struct domain *d;
	domid_t id;
	long rc;

	if (copy_from_guest(&id, arg, sizeof(id)))
		return -EFAULT;
	d = get_target(id, &rc);
	if (!d)
		return rc;
	put_domain(d);
	return -EACCES;
}

long do_memory_op(u64 cmd, u64 arg)
{
	u64 op = cmd & MEMOP_CMD_MASK, done = cmd >> MEMOP_EXTENT_SHIFT;

	switch (op) {
	case XENMEM_increase_reservation:
	case XENMEM_decrease_reservation:
	case XENMEM_populate_physmap:
		return memory_reservation(op, arg, done);
	}
	if (done)
		return -EINVAL;

	switch (op) {
	case XENMEM_exchange:
		return memory_exchange(arg);
	case XENMEM_maximum_ram_page:
		return max_mfn;
	case XENMEM_current_reservation:
	case XENMEM_maximum_reservation:
	case XENMEM_maximum_gpfn:
		return domain_number(op, arg);
	case XENMEM_machphys_mfn_list:
		return m2p_list(arg);
	case XENMEM_machphys_mapping:
		return m2p_mapping(arg);
	case XENMEM_memory_map:
		return own_map(arg);
	case XENMEM_set_memory_map:
		return set_map(arg);
	case XENMEM_machine_memory_map:
		if (!is_control_domain(current->domain))
			return -EPERM;
		return give_map(arg, machine_map, machine_map_entries);
	case XENMEM_add_to_physmap:
	case XENMEM_add_to_physmap_batch:
	case XENMEM_remove_from_physmap:
		return no_physmap(arg);
	case XENMEM_get_sharing_freed_pages:
	case XENMEM_get_sharing_shared_pages:
		return 0;
	case XENMEM_claim_pages:
		return claim_pages(arg);
	case XENMEM_reserved_device_memory_map:
		return device_memory_map(arg);
	case XENMEM_acquire_resource:
		return acquire_resource(arg);
	case XENMEM_get_vnumainfo:
	case XENMEM_set_pod_target:
	case XENMEM_get_pod_target:
	case XENMEM_paging_op:
	case XENMEM_access_op:
	case XENMEM_sharing_op:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}
