/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mmuext_op: pins, base pointers, flushes, the LDT, pages cleared and copied.
 *
 * A batch like mmu_update's. Pins and the two page operations may concern a
 * foreign domain, if the caller controls it; all others concern the caller.
 */
#include "pt.h"

#define CHECK_EVERY	8		/* operations between two looks for preemption */

static bool allows_foreign(unsigned cmd)
{
	switch (cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
	case MMUEXT_UNPIN_TABLE:
	case MMUEXT_CLEAR_PAGE:
	case MMUEXT_COPY_PAGE:
		return true;
	default:
		return false;
	}
}

static int flush_vcpus(struct vcpu *v, vaddr_t mask_va, vaddr_t what)
{
	u64 cpus;
	int rc = read_vcpu_mask(v->domain, mask_va, &cpus);

	if (!rc)
		flush_tlb_mask(cpus, what);
	return rc;
}

static int flush_all(struct vcpu *v, vaddr_t what)
{
	smp_mb();	/* after the change of the table; see load_hardware() */
	flush_tlb_mask(atomic_read(&v->domain->dirty_cpus), what);
	return 0;
}

static int flush_cache(struct vcpu *v, bool everywhere)
{
	if (!is_control_domain(v->domain))
		return -EACCES;		/* its memory is always cached */
	if (everywhere)
		flush_caches_all();
	else
		asm volatile("wbinvd" ::: "memory");
	return 0;
}

static int set_ldt(struct vcpu *v, vaddr_t base, u64 ents)
{
	if (ents > 8192 || (base & ~PAGE_MASK) || !guest_range_ok(base, ents * 8))
		return -EINVAL;
	if (!ents)
		base = 0;
	if (v->ldt_ents == ents && v->ldt_base == base)
		return 0;
	invalidate_ldt(v);
	v->ldt_base = base;
	v->ldt_ents = ents;
	load_ldt(v);
	return 0;
}

static int clear_frame(struct domain *d, mfn_t mfn)
{
	struct page_info *pg;
	int rc;

	if (!mfn_valid(mfn))
		return -EINVAL;
	pg = mfn_to_page(mfn);
	rc = get_page_and_type(pg, d, PGT_WRITABLE);
	if (rc)
		return rc;
	clear_page(page_to_va(pg));
	put_page_and_type(pg);
	return 0;
}

static int copy_frame(struct domain *d, mfn_t to, mfn_t from)
{
	struct page_info *src = get_page_from_mfn(from, d), *dst;
	int rc = -EINVAL;

	if (!src)
		return rc;
	if (mfn_valid(to)) {
		dst = mfn_to_page(to);
		rc = get_page_and_type(dst, d, PGT_WRITABLE);
		if (!rc) {
			copy_page(page_to_va(dst), page_to_va(src));
			put_page_and_type(dst);
		}
	}
	put_page(src);
	return rc;
}

static int one_op(struct vcpu *v, struct domain *d, const struct mmuext_op *op)
{
	mfn_t mfn = op->arg1.mfn;
	vaddr_t va = op->arg1.linear_addr;

	if (d != v->domain && !allows_foreign(op->cmd))
		return -EPERM;
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
		return pin_table(d, mfn, PGT_L1);
	case MMUEXT_PIN_L2_TABLE:
		return pin_table(d, mfn, PGT_L2);
	case MMUEXT_PIN_L3_TABLE:
		return pin_table(d, mfn, PGT_L3);
	case MMUEXT_PIN_L4_TABLE:
		return pin_table(d, mfn, PGT_L4);
	case MMUEXT_UNPIN_TABLE:
		return unpin_table(d, mfn);
	case MMUEXT_NEW_BASEPTR:
		return new_kernel_base(v, mfn);
	case MMUEXT_NEW_USER_BASEPTR:
		return new_user_base(v, mfn);
	case MMUEXT_TLB_FLUSH_LOCAL:
		flush_tlb_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		if (guest_va_ok(va))
			flush_tlb_one_local(va);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
		return flush_vcpus(v, handle_va(op->arg2.vcpumask), ~0UL);
	case MMUEXT_INVLPG_MULTI:
		return guest_va_ok(va) ? flush_vcpus(v, handle_va(op->arg2.vcpumask), va & PAGE_MASK) : 0;
	case MMUEXT_TLB_FLUSH_ALL:
		return flush_all(v, ~0UL);
	case MMUEXT_INVLPG_ALL:
		return guest_va_ok(va) ? flush_all(v, va & PAGE_MASK) : 0;
	case MMUEXT_FLUSH_CACHE:
		return flush_cache(v, false);
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		return flush_cache(v, true);
	case MMUEXT_SET_LDT:
		return set_ldt(v, va, op->arg2.nr_ents);
	case MMUEXT_CLEAR_PAGE:
		return clear_frame(d, mfn);
	case MMUEXT_COPY_PAGE:
		return copy_frame(d, mfn, op->arg2.src_mfn);
	case MMUEXT_MARK_SUPER:
	case MMUEXT_UNMARK_SUPER:
		return -EOPNOTSUPP;
	default:
		return -ENOSYS;
	}
}

static u32 do_ops(struct domain *d, u64 uops, u32 count, long *rc)
{
	struct vcpu *v = current;
	u32 i;

	*rc = 0;
	for (i = 0; i < count; i++) {
		struct mmuext_op op;

		if (i && i % CHECK_EVERY == 0 && preempt_check()) {
			*rc = -ERESTART;
			break;
		}
		if (get_guest(&op, uops, (u64)i)) {
			*rc = -EFAULT;
			break;
		}
		*rc = one_op(v, d, &op);
		if (unlikely(*rc)) {
			if (*rc != -ERESTART)
				printk(LOG_GDEBUG "d%u: mmuext_op %u of 0x%lx refused: error %ld\n",
				       d->id, op.cmd, op.arg1.mfn, *rc);
			break;
		}
		if (unlikely(v->old_table)) {
			i++;
			*rc = -ERESTART;
			break;
		}
	}
	return i;
}

long do_mmuext_op(u64 uops, u64 count, u64 pdone, u64 foreigndom)
{
	u32 done, n = batch_begin(count, pdone, &done), did = 0;
	int err = -ESRCH;
	struct domain *d = likely((domid_t)foreigndom == DOMID_SELF) ? current->domain :
		get_foreign_domain(foreigndom, false, &err);
	long rc;

	if (!d)
		return err;
	rc = finish_old_table();
	if (!rc)
		did = do_ops(d, uops, n, &rc);
	put_foreign_domain(d);
	return batch_end(__HYPERVISOR_mmuext_op, uops, sizeof(struct mmuext_op), did, n - did,
			 done, pdone, foreigndom, rc);
}
