/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table entries: what a guest may write, and the references an entry holds.
 *
 *	entry			holds
 *	L1, RAM, read-only	a general reference to the frame
 *	L1, RAM, writable	that, and a PGT_WRITABLE reference
 *	L1, not RAM		nothing; the domain's iomem rights decide
 *	L2, L3, L4		a general and a type reference to the table below
 *
 * Entries of a validated table are only changed here, and by the CPU, which sets
 * A and D. There is no lock: a new value's references are taken first, then it
 * is exchanged for the old one atomically, then the old one's references are
 * dropped. Whoever took a value out of a table owes its references, so two
 * vcpus that race for one entry can't drop anything twice. The table itself is
 * kept validated meanwhile by a type reference of the caller's.
 *
 * References belong to the entry, whoever caused it: a grant mapping that is
 * overwritten, or goes with its table, gives its references back here.
 *
 * What is installed differs from what was asked: US is set at all levels (guest
 * kernels run in ring 3), G is cleared (guest pages aren't global), A is set in
 * upper entries; cache attributes are write-back for RAM, but for a control
 * domain, and uncached for devices if none were asked for.
 */
#include <xen/boot.h>
#include "pt.h"

#define LOW_MEMORY	(0x100000 >> PAGE_SHIFT)	/* BIOS data, ROMs, VGA: MTRRs say enough */

static int refuse(const struct domain *d, unsigned level, u64 e, int err, const char *why)
{
	printk(LOG_GDEBUG "d%u: L%u entry 0x%016lx (frame 0x%lx) refused: %s\n",
	       d->id, level, e, pte_mfn(e), why);
	return err;
}

/* Bits no CPU of this machine knows: they would be page faults of a kind the guest can't have. */
static inline bool reserved_bits(u64 e)
{
	return ((e & PTE_ADDR_MASK) >> cpu_features.maxphysaddr) ||
	       ((e & PTE_NX) && !cpu_features.nx);
}

/* Memory that firmware filled for us to read (ACPI tables): caching it is right. */
static bool firmware_memory(mfn_t mfn)
{
	u64 pa = mfn << PAGE_SHIFT;

	if (mfn < LOW_MEMORY || mfn_valid(mfn))
		return true;
	for (unsigned i = 0; i < e820.n; i++)
		if (pa < e820.r[i].addr + e820.r[i].size && pa + PAGE_SIZE > e820.r[i].addr &&
		    (e820.r[i].type == E820_ACPI || e820.r[i].type == E820_NVS))
			return true;
	return false;
}

static int get_mmio(const struct domain *d, const struct domain *pg_dom, u64 *e)
{
	if (pg_dom != d && pg_dom != dom_io)
		return refuse(d, 1, *e, -EINVAL, "not a frame of the named domain");
	if (!iomem_ok(d, pte_mfn(*e)))
		return refuse(d, 1, *e, -EPERM, "no right to this device memory");
	if (!(*e & PTE_CACHE) && !firmware_memory(pte_mfn(*e)))
		*e |= PTE_PCD | PTE_PWT;
	if (iomem_read_only(pte_mfn(*e)))
		*e &= ~PTE_RW;
	return 0;
}

int get_l1e(const struct domain *d, const struct domain *pg_dom, u64 *e)
{
	struct page_info *pg;

	if (unlikely(reserved_bits(*e)))
		return refuse(d, 1, *e, -EINVAL, "reserved bits");
	if (unlikely(frame_is_mmio(pte_mfn(*e)))) {
		int rc = get_mmio(d, pg_dom, e);

		*e = (*e | PTE_US) & ~PTE_G;
		return rc;
	}
	pg = mfn_to_page(pte_mfn(*e));
	if (unlikely(pg_dom == dom_xen && (*e & PTE_RW) &&
		     (READ_ONCE(pg->type) & PGT_TYPE_MASK) != PGT_WRITABLE))
		return refuse(d, 1, *e, -EPERM, "the hypervisor's frame is read-only");
	if (unlikely(!get_page(pg, pg_dom)))
		return refuse(d, 1, *e, -EBUSY, "not a frame of the domain");
	if ((*e & PTE_RW) && get_type(pg, NULL, PGT_WRITABLE, false)) {
		put_page(pg);
		return refuse(d, 1, *e, -EBUSY, "writable, but in use as a table");
	}
	*e = (*e | PTE_US) & ~(d->privileged ? PTE_G : PTE_G | PTE_CACHE);
	return 0;
}

int get_upper(struct domain *d, unsigned level, u64 *e, bool preemptible)
{
	struct page_info *pg;
	int rc;

	if (*e & PTE_PSE)
		return refuse(d, level, *e, -EINVAL, "superpage");
	if (reserved_bits(*e))
		return refuse(d, level, *e, -EINVAL, "reserved bits");
	pg = get_page_from_mfn(pte_mfn(*e), d);
	if (!pg)
		return refuse(d, level, *e, -EBUSY, "not a frame of the domain");
	rc = get_type(pg, d, level_type(level - 1), preemptible);
	if (rc) {
		put_page(pg);
		return rc == -ERESTART ? rc : refuse(d, level, *e, rc, "not a table of the level below");
	}
	*e = (*e | PTE_US | PTE_A) & ~(PTE_G | PTE_PWT | PTE_PCD);
	return 0;
}

int put_upper(u64 e, bool preemptible)
{
	struct page_info *pg = mfn_to_page(pte_mfn(e));
	int rc = put_page_type(pg, preemptible);

	put_page(pg);
	return rc;
}

/* Same frame, same attributes, no new right to write: the references stay where they are. */
static bool l1e_narrows(u64 old, u64 new)
{
	return (old & new & PTE_P) && !((old ^ new) & ~(PTE_L1_PLAIN | PTE_RW)) &&
	       !(new & ~old & PTE_RW);
}

int set_l1e(struct domain *d, struct domain *pg_dom, u64 *pte, u64 val, bool preserve_ad,
	    const u64 *only_if)
{
	const u64 keep = preserve_ad ? PTE_A | PTE_D : 0;

	if (val & PTE_P) {
		if (reserved_bits(val))
			return refuse(d, 1, val, -EINVAL, "reserved bits");
		val = (val | PTE_US) & ~PTE_G;
	}
	for (;;) {
		u64 old = only_if ? *only_if : READ_ONCE(*pte), new = val;
		bool narrows = l1e_narrows(old, val);

		if ((val & PTE_P) && !narrows) {
			int rc = hold_l1e(d, pg_dom, &new);

			if (rc)
				return rc;
		}
		for (;;) {
			u64 seen = cmpxchg(pte, old, new | (old & keep));

			if (likely(seen == old)) {
				if (!narrows && (old & PTE_P))
					put_l1e(old);
				else if (narrows && (old & ~new & PTE_RW) &&
					 !frame_is_mmio(pte_mfn(old)))
					put_page_type(mfn_to_page(pte_mfn(old)), false);
				return 0;
			}
			/* Did the hardware note an access, or did another vcpu write? */
			if (only_if || ((seen ^ old) & ~(PTE_A | PTE_D)) || !(old & PTE_P))
				break;
			old = seen;
		}
		if ((val & PTE_P) && !narrows)
			put_l1e(new);
		if (only_if)
			return -EAGAIN;
	}
}

int set_upper(struct domain *d, unsigned level, u64 *pte, u64 val)
{
	u64 old;
	int rc;

	if (hv_slot(level, ((vaddr_t)pte & ~PAGE_MASK) / sizeof(*pte)))
		return refuse(d, level, val, -EINVAL, "the slot is the hypervisor's");
	if (val & PTE_P) {
		rc = get_upper(d, level, &val, true);
		if (rc)
			return rc;
	}
	old = xchg(pte, val);
	if (old & PTE_P)
		drop_table(mfn_to_page(pte_mfn(old)));
	return 0;
}
