/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls that change page-table entries: mmu_update, update_va_mapping.
 *
 * mmu_update is a batch: requests are done in order until one fails, and *pdone
 * says how many were. Linux' batches stay in one table for long stretches, so the
 * references to the table are kept from one request to the next.
 *
 * Neither call flushes a TLB on its own: a guest that wants old translations gone
 * asks. What would hurt others is flushed when a frame changes its type or owner.
 */
#include "pt.h"

#define LOAD_AT_ONCE	8		/* requests copied in together */
#define PREEMPT_EVERY	32		/* requests between two looks for preemption */

struct domain *get_foreign_domain(domid_t id, bool special, int *err)
{
	struct domain *me = current->domain, *d = NULL;

	if (id == DOMID_SELF || id == me->id)
		d = me;
	else if (special && id == DOMID_IO)
		d = dom_io;
	else if (special && id == DOMID_XEN && is_control_domain(me))
		d = dom_xen;
	if (d) {
		if (d != me)
			ref_domain(d);
		return d;
	}
	*err = is_control_domain(me) ? -ESRCH : -EPERM;
	return id < FIRST_RESERVED_DOMID && is_control_domain(me) ? get_domain(id) : NULL;
}

/* ---- batches ------------------------------------------------------------------- */

long batch_stop(unsigned nr, u64 array, u64 size, u32 did, u32 left, u32 done, u64 pdone,
		u64 foreigndom, long rc)
{
	done += did;
	if (pdone && put_guest(pdone, 0, &done))
		return -EFAULT;
	if (rc != -ERESTART)
		return rc;
	return hypercall_restart(nr, 4, array + did * size, (u64)left | BATCH_GOES_ON, pdone,
				 foreigndom);
}

/* ---- mmu_update ------------------------------------------------------------------ */

struct update {
	struct domain *pt_dom, *pg_dom;	/* whose tables, whose frames */
	struct page_info *pg;		/* where the last request wrote: references held; or NULL */
	u32 type;			/* its type: a table, or PGT_WRITABLE */
};

static void release_target(struct update *u)
{
	if (u->pg)
		drop_table(u->pg);
	u->pg = NULL;
}

/* Hold frame @mfn as the table it is, or for plain stores. */
static int hold_target(struct update *u, mfn_t mfn)
{
	struct page_info *pg;

	if (u->pg && page_to_mfn(u->pg) == mfn)
		return 0;
	release_target(u);
	pg = get_page_from_mfn(mfn, u->pt_dom);
	if (!pg)
		return -EINVAL;
	if (!get_table(pg, &u->type)) {
		u->type = PGT_WRITABLE;
		if (get_type(pg, NULL, PGT_WRITABLE, false)) {
			put_page(pg);
			return -EBUSY;
		}
	}
	u->pg = pg;
	return 0;
}

static int update_entry(struct update *u, u64 ptr, u64 val, bool preserve_ad)
{
	u64 *pte;
	int rc;

	if (ptr & (sizeof(u64) - 1))
		return -EINVAL;
	rc = hold_target(u, ptr >> PAGE_SHIFT);
	if (rc)
		return rc;
	pte = (u64 *)page_to_va(u->pg) + (ptr & ~PAGE_MASK) / sizeof(u64);
	if (u->type == PGT_L1)
		return set_l1e(u->pt_dom, u->pg_dom, pte, val, preserve_ad, NULL);
	if (u->type == PGT_WRITABLE) {
		WRITE_ONCE(*pte, val);
		return 0;
	}
	return u->pg_dom == u->pt_dom ? set_upper(u->pt_dom, type_level(u->type), pte, val) : -EINVAL;
}

static int update_m2p(struct update *u, u64 ptr, u64 val)
{
	struct page_info *pg;

	if (u->pg_dom == dom_xen)
		return -EPERM;
	pg = get_page_from_mfn(ptr >> PAGE_SHIFT, u->pg_dom);
	if (!pg)
		return -EINVAL;
	set_m2p(page_to_mfn(pg), val);
	put_page(pg);
	return 0;
}

static int one_update(struct update *u, const struct mmu_update *req)
{
	u64 ptr = req->ptr & ~3UL;
	int rc;

	if ((req->ptr & 3) == MMU_MACHPHYS_UPDATE)
		rc = update_m2p(u, ptr, req->val);
	else
		rc = update_entry(u, ptr, req->val, (req->ptr & 3) == MMU_PT_UPDATE_PRESERVE_AD);
	if (unlikely(rc) && rc != -ERESTART)
		printk(LOG_GDEBUG "d%u: mmu_update of 0x%016lx to 0x%016lx refused: error %d\n",
		       u->pt_dom->id, req->ptr, req->val, rc);
	return rc;
}

/* Do requests until one fails; how many were done. */
static u32 do_updates(struct update *u, u64 ureqs, u32 count, long *rc)
{
	struct mmu_update req[LOAD_AT_ONCE];
	u32 i, loaded = 0;

	*rc = 0;
	for (i = 0; i < count; i++) {
		u32 slot = i % LOAD_AT_ONCE;

		if (i && i % PREEMPT_EVERY == 0 && preempt_check()) {
			*rc = -ERESTART;
			break;
		}
		if (i == loaded) {
			u32 n = MIN(count - i, LOAD_AT_ONCE - slot);
			vaddr_t at = ureqs + (u64)i * sizeof(req[0]);

			/* All that fit; at the end of what is mapped, one by one. */
			if (copy_from_guest(&req[slot], at, n * sizeof(req[0]))) {
				n = 1;
				if (copy_from_guest(&req[slot], at, sizeof(req[0]))) {
					*rc = -EFAULT;
					break;
				}
			}
			loaded += n;
		}
		*rc = one_update(u, &req[slot]);
		if (unlikely(*rc))
			break;
		if (unlikely(current->old_table)) {
			i++;
			*rc = -ERESTART;
			break;
		}
	}
	return i;
}

static __attribute__((noinline)) long update_batch(u64 ureqs, u64 count, u64 pdone, u64 foreigndom)
{
	struct update u = { .pg = NULL };
	u32 done, n = batch_begin(count, pdone, &done), did = 0;
	domid_t pt = (u32)foreigndom >> 16;
	int err = -ESRCH;
	long rc;

	u.pt_dom = get_foreign_domain(pt ? pt - 1u : DOMID_SELF, false, &err);
	if (!u.pt_dom)
		return err;
	u.pg_dom = get_foreign_domain(foreigndom, true, &err);
	if (!u.pg_dom) {
		put_foreign_domain(u.pt_dom);
		return err;
	}
	rc = finish_old_table();
	if (!rc)
		did = do_updates(&u, ureqs, n, &rc);
	perfc_add(mmu_updates, did);
	release_target(&u);
	put_foreign_domain(u.pg_dom);
	put_foreign_domain(u.pt_dom);
	if (!rc && current->old_table)
		rc = -ERESTART;
	return batch_end(__HYPERVISOR_mmu_update, ureqs, sizeof(struct mmu_update), did, n - did,
			 done, pdone, foreigndom, rc);
}

/*
 * map_one() could not: give back the references to the table and what entry @held holds, and go
 * the general way.
 */
static __attribute__((noinline)) long map_general(u64 ureq, struct page_info *table, bool typed,
						  u64 held)
{
	if (held)
		put_l1e(held);
	if (typed)
		drop_table(table);
	else if (table)
		put_page(table);
	return update_batch(ureq, 1, 0, DOMID_SELF);
}

/* map_one() holds the table's last reference, or lost a race for its count. */
static __attribute__((noinline)) long map_release(struct page_info *table)
{
	drop_table(table);
	return 0;
}

/*
 * The commonest call of all, at each page fault: one request, for an own frame of RAM with
 * plain attributes, in an own L1 table, where nothing was mapped.
 */
static inline long map_one(u64 ureq)
{
	const struct domain *d = current->domain;
	struct page_info *table, *pg;
	u64 ptr, val, *pte, old, left;

	if (read_guest_pair(ureq, &ptr, &val) || (ptr & 7) || ((val ^ PTE_P) & pte_special) ||
	    !in_ram_span(ptr >> PAGE_SHIFT) || !in_ram_span(pte_mfn(val)))
		return map_general(ureq, NULL, false, 0);
	table = mfn_to_page(ptr >> PAGE_SHIFT);
	pg = mfn_to_page(pte_mfn(val));
	if (!quick_get_own(table, d->id))
		return map_general(ureq, NULL, false, 0);
	if (!quick_get_type(table, PGT_L1))
		return map_general(ureq, table, false, 0);
	pte = pa_to_va(ptr);
	old = READ_ONCE(*pte);
	if ((old & PTE_P) || !quick_get_own(pg, d->id))
		return map_general(ureq, table, true, 0);
	if ((val & PTE_RW) && !quick_get_type(pg, PGT_WRITABLE))
		return map_general(ureq, table, true, val & ~PTE_RW);
	val |= PTE_US;
	if (cmpxchg(pte, old, val) != old)
		return map_general(ureq, table, true, val);
	if (!quick_put_type(table))
		return map_release(table);
	left = atomic_sub(&table->count, 1);
	return likely((u32)left + 1 > 1) ? 0 : last_page_ref(table, left);
}

long do_mmu_update(u64 ureqs, u64 count, u64 pdone, u64 foreigndom)
{
	/* An old table may wait: no upper table goes here. */
	if (likely(count == 1 && !pdone && foreigndom == DOMID_SELF))
		return map_one(ureqs);
	return update_batch(ureqs, count, pdone, foreigndom);
}

/* ---- update_va_mapping --------------------------------------------------------------- */

int read_vcpu_mask(const struct domain *d, vaddr_t va, u64 *cpus)
{
	u64 vcpus, mask = 0;
	struct vcpu *v;

	if (copy_from_guest(&vcpus, va, sizeof(vcpus)))
		return -EFAULT;
	smp_mb();	/* after the change of the table; see load_hardware() */
	for_each_vcpu(d, v) {
		u32 on = READ_ONCE(v->loaded_on);

		if ((vcpus & BIT(v->id)) && on)
			mask |= BIT(on - 1);
	}
	*cpus = mask & atomic_read(&d->dirty_cpus);
	return 0;
}

/* Which CPUs are to flush: 0 none. */
static int flush_target(const struct domain *d, u64 flags, u64 *cpus)
{
	u64 who = flags & ~UVMF_FLUSHTYPE_MASK;

	*cpus = 0;
	switch (flags & UVMF_FLUSHTYPE_MASK) {
	case UVMF_NONE:
		return 0;
	case UVMF_TLB_FLUSH:
	case UVMF_INVLPG:
		break;
	default:
		return -EINVAL;
	}
	if (who == UVMF_LOCAL)
		*cpus = BIT(this_cpu()->id);
	else if (who == UVMF_ALL)
		*cpus = atomic_read(&d->dirty_cpus);
	else
		return read_vcpu_mask(d, who, cpus);
	return 0;
}

static long update_va(u64 va, u64 val, u64 flags, struct domain *pg_dom)
{
	struct vcpu *v = current;
	struct page_info *table;
	u64 cpus, *pte, old;
	int rc = flush_target(v->domain, flags, &cpus);

	if (rc)
		return rc;
	pte = get_l1e_of_va(v, va, &table);
	if (!pte) {
		printk(LOG_GDEBUG "d%u: update_va_mapping of 0x%016lx to 0x%016lx refused: no L1 there\n",
		       v->domain->id, va, val);
		return -EINVAL;
	}
	old = READ_ONCE(*pte);
	if ((old & val & PTE_P) || !quick_set_l1e(v->domain, pg_dom, pte, old, val))
		rc = set_l1e(v->domain, pg_dom, pte, val, false, NULL);
	drop_ref_pair(table);
	/* Other CPUs may have loaded the table meanwhile. */
	if (!rc && nr_cpus > 1 && flush_target(v->domain, flags, &cpus))
		cpus = atomic_read(&v->domain->dirty_cpus);
	if (!rc && cpus)
		flush_tlb_mask(cpus, (flags & UVMF_FLUSHTYPE_MASK) == UVMF_INVLPG ? va & PAGE_MASK : ~0UL);
	return rc;
}

long do_update_va_mapping(u64 va, u64 val, u64 flags)
{
	return update_va(va, val, flags, current->domain);
}

long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u64 domid)
{
	int err = -ESRCH;
	struct domain *d = get_foreign_domain(domid, true, &err);
	long rc;

	if (!d)
		return err;
	rc = update_va(va, val, flags, d);
	put_foreign_domain(d);
	return rc;
}
