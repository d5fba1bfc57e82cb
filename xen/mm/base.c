/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base pointers of a vcpu, and tables whose end takes longer than a hypercall may.
 *
 * A vcpu holds a type reference to its kernel L4 and to its user L4. When the
 * last reference to a big tree of tables goes, taking it down can take seconds;
 * it is done in slices. The vcpu that dropped it remembers the table in
 * old_table and does no other work on page tables until it is finished. A vcpu
 * that never comes back hurts only its own domain: the table stays a table
 * until the domain's end, when relinquish_frames() finds it.
 */
#include "pt.h"

void drop_table(struct page_info *pg)
{
	struct vcpu *v = current;

	if (likely(quick_put_type(pg)))
		drop_page(pg);
	else if (put_page_type(pg, !is_idle_vcpu(v)) == -ERESTART && !v->old_table)
		v->old_table = pg;		/* with our general reference */
	else
		put_page(pg);
}

int go_on_with_old_table(void)
{
	struct page_info *pg = current->old_table;

	if (finish_table(pg, true))
		return -ERESTART;
	current->old_table = NULL;
	put_page(pg);
	return 0;
}

/*
 * The machine-to-phys table is for guest kernels only (public/xen.h, VMASST_TYPE_m2p_strict): a
 * table has it from its use as a kernel's base on, and loses it when it becomes user mode's,
 * unless one table serves both.
 */
static void show_m2p(mfn_t l4, bool show)
{
	u64 *e = (u64 *)mfn_to_va(l4) + l4_slot(RO_M2P_START);
	u64 want = show ? hv_l4[l4_slot(RO_M2P_START)] : 0;

	if (*e != want)
		WRITE_ONCE(*e, want);
}

/* An L4 of @v's domain with both references. Mostly it is pinned, so one already. */
static int hold_l4(const struct vcpu *v, mfn_t mfn)
{
	struct page_info *pg = quick_get_table(mfn, v->domain, PGT_L4);
	int rc;

	if (likely(pg))
		return 0;
	pg = get_page_from_mfn(mfn, v->domain);
	if (!pg)
		return -EINVAL;
	rc = get_type(pg, v->domain, PGT_L4, !is_idle_vcpu(current));
	if (rc)
		put_page(pg);
	return rc;
}

/* Make frame @mfn (0: none) v's base table in @slot; the old one stays if that fails. */
static inline int new_base(struct vcpu *v, paddr_t *slot, mfn_t mfn)
{
	bool kernel = slot == &v->kernel_cr3;
	mfn_t old = *slot >> PAGE_SHIFT;
	int rc = finish_old_table();

	if (rc || mfn == old)
		return rc;
	if (v->domain->is_dying)
		return -EINVAL;		/* its base tables are gone for good */
	if (mfn) {
		rc = hold_l4(v, mfn);
		if (rc)
			return rc;
		show_m2p(mfn, kernel || mfn << PAGE_SHIFT == v->kernel_cr3);
	}
	*slot = mfn << PAGE_SHIFT;
	if (v != current)
		sync_vcpu_state(v);	/* an idle CPU may still have the old one loaded */
	else if (kernel == v->kernel_mode)
		load_guest_cr3(v);	/* the other mode's is loaded when it is entered */
	if (old)
		drop_table(mfn_to_page(old));
	return 0;
}

int new_kernel_base(struct vcpu *v, mfn_t mfn)
{
	mfn_t old = v->kernel_cr3 >> PAGE_SHIFT;
	int rc = mfn ? new_base(v, &v->kernel_cr3, mfn) : -EINVAL;

	if (rc)
		return rc;
	if (mfn == old && v == current)
		flush_tlb_local();	/* as a write to CR3 would */
	if (mfn != old && v->ldt_ents)
		invalidate_ldt(v);	/* its linear address may mean other frames now */
	return 0;
}

int new_user_base(struct vcpu *v, mfn_t mfn)
{
	return new_base(v, &v->user_cr3, mfn);
}

/* Let the reference become a pin, if the table has none: relinquish_frames() removes pins. */
static void leave_table(struct page_info *pg)
{
	for (;;) {
		u32 x = READ_ONCE(pg->type);

		if (x & PGT_PINNED) {
			drop_table(pg);		/* the pin stays, so this is not the last one */
			return;
		}
		if (__atomic_compare_exchange_n(&pg->type, &x, x | PGT_PINNED, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return;
	}
}

void drop_base_tables(struct vcpu *v)
{
	struct page_info *old = v->old_table;

	v->old_table = NULL;
	if (old)
		put_page(old);
	if (v->kernel_cr3)
		leave_table(mfn_to_page(v->kernel_cr3 >> PAGE_SHIFT));
	if (v->user_cr3)
		leave_table(mfn_to_page(v->user_cr3 >> PAGE_SHIFT));
	v->kernel_cr3 = v->user_cr3 = 0;
}
