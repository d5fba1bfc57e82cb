/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests' descriptor tables. Their frames are typed PGT_SEGDESC, so no guest can
 * write them unseen, and are mapped in a window of the hypervisor's address space
 * that each vcpu has: 16 pages of GDT, then 16 of LDT.
 *
 *   GDT page 0-13   the guest's frames; a shared page of zeros where it has none
 *            14     the hypervisor's own descriptors (cpu/setup.c)
 *            15     this vcpu's LDT descriptor, at selector LDT_SELECTOR
 *   LDT page 0-15   mapped when the CPU first faults on them
 *
 * No descriptor in those frames gives more than ring 3: code and data get DPL 3,
 * gates and system segments are refused. (Intel SDM volume 3, 3.4.5)
 *
 * A window, once made, keeps its page 14 for ever: a CPU that went idle may still
 * have the GDTR of a vcpu that no longer exists.
 */
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

#define GDT_PAGES	14
#define LDT_PAGES	16
#define DESCS_PER_PAGE	(PAGE_SIZE / 8)
#define MAX_GDT_ENTS	(GDT_PAGES * DESCS_PER_PAGE)
#define LDT_GDT_PAGE	15
#define LDT_SELECTOR	(LDT_GDT_PAGE << PAGE_SHIFT)
#define WINDOW_SIZE	(32 * PAGE_SIZE)
#define MAX_WINDOWS	8192

#define DESC_CODE	BIT(43)		/* of a code or data segment: it is code */
#define DESC_S		BIT(44)		/* code or data, not system */
#define DESC_DPL	(BIT(45) | BIT(46))
#define DESC_P		BIT(47)
#define DESC_L		BIT(53)
#define DESC_DB		BIT(54)
#define DESC_TYPE_LDT	(2UL << 40)

static const u8 zero_page[PAGE_SIZE] __aligned(4096);

static spinlock_t window_lock = SPINLOCK_INIT(LOCK_WINDOW);
static u8 windows_used[MAX_WINDOWS / 8];	/* window lock */

/* ---- what a descriptor may say ------------------------------------------------ */

bool check_descriptor(u64 *desc)
{
	u64 d = *desc;

	if (!(d & DESC_P))
		return true;		/* any use of it faults */
	if (!(d & DESC_S))
		return false;		/* gates, TSS, LDT */
	if ((d & DESC_CODE) && (d & DESC_L) && (d & DESC_DB))
		return false;		/* reserved */
	*desc = d | DESC_DPL;
	return true;
}

bool check_descriptors(mfn_t mfn)
{
	u64 *table = mfn_to_va(mfn);

	for (unsigned i = 0; i < DESCS_PER_PAGE; i++) {
		u64 d = table[i];

		if (!check_descriptor(&d))
			return false;
		if (d != table[i])
			WRITE_ONCE(table[i], d);
	}
	return true;
}

/* ---- windows --------------------------------------------------------------------- */

static u64 page_flags(u64 rw)
{
	return PTE_P | PTE_A | rw | (cpu_features.nx ? PTE_NX : 0);
}

static int map_page(struct vcpu *v, unsigned page, mfn_t mfn, bool writable)
{
	/* writable: the CPU sets accessed bits */
	return map_hv_page(v->desc_window + page * PAGE_SIZE, mfn,
			   page_flags(writable ? PTE_RW | PTE_D : 0));
}

static int alloc_window(vaddr_t *va)
{
	u64 slot;

	spin_lock(&window_lock);
	slot = find_next_zero_bit(windows_used, MAX_WINDOWS, 0);
	if (slot < MAX_WINDOWS)
		__set_bit(slot, windows_used);
	spin_unlock(&window_lock);
	if (slot == MAX_WINDOWS)
		return -ENOSPC;
	*va = DESC_START + slot * WINDOW_SIZE;
	return 0;
}

void desc_window_free(struct vcpu *v)
{
	if (!v->desc_window)
		return;
	destroy_gdt(v);
	invalidate_ldt(v);
	/* -ENOMEM here means that the page never was mapped */
	(void)map_page(v, LDT_GDT_PAGE, va_to_mfn(zero_page), false);
	if (v->ldt_desc)
		free_page(v->ldt_desc);
	spin_lock(&window_lock);
	__clear_bit((v->desc_window - DESC_START) / WINDOW_SIZE, windows_used);
	spin_unlock(&window_lock);
	v->ldt_desc = NULL;
	v->desc_window = 0;
}

/* All pages of a window share one L1 table: later mappings in it can't run out of memory. */
int desc_window_init(struct vcpu *v)
{
	int rc = alloc_window(&v->desc_window);

	if (rc)
		return rc;
	v->ldt_desc = alloc_page();
	if (!v->ldt_desc)
		rc = -ENOMEM;
	for (unsigned i = 0; i < GDT_PAGES && !rc; i++)
		rc = map_page(v, i, va_to_mfn(zero_page), false);
	if (!rc)
		rc = map_page(v, HV_GDT_FIRST_PAGE, va_to_mfn(hv_gdt_page), false);
	if (!rc)
		rc = map_page(v, LDT_GDT_PAGE, va_to_mfn(v->ldt_desc), false);
	if (rc)
		desc_window_free(v);
	return rc;
}

/* ---- GDT ----------------------------------------------------------------------------- */

void load_gdt(struct vcpu *v)
{
	struct { u16 limit; u64 base; } __packed gdtr = { 16 * PAGE_SIZE - 1, v->desc_window };

	asm volatile("lgdt %0" :: "m" (gdtr));
}

static int get_desc_frame(struct domain *d, mfn_t mfn)
{
	if (!mfn_valid(mfn))
		return -EINVAL;
	return get_page_and_type(mfn_to_page(mfn), d, PGT_SEGDESC);
}

void destroy_gdt(struct vcpu *v)
{
	unsigned pages = (v->gdt_ents + DESCS_PER_PAGE - 1) / DESCS_PER_PAGE;

	for (unsigned i = 0; i < pages; i++) {
		(void)map_page(v, i, va_to_mfn(zero_page), false);	/* in a table that exists */
		put_page_and_type(mfn_to_page(v->gdt_frames[i]));
		v->gdt_frames[i] = 0;
	}
	v->gdt_ents = 0;
}

/*
 * New GDT for @v (current, or not running), of @entries descriptors in
 * ceil(entries / 512) frames; none if 0. -EINVAL: too many, or a frame that isn't its
 * domain's, is in use as something else, or holds a descriptor it may not have.
 */
int set_gdt(struct vcpu *v, const mfn_t *frames, unsigned entries)
{
	unsigned pages = (entries + DESCS_PER_PAGE - 1) / DESCS_PER_PAGE, i;
	mfn_t new[GDT_PAGES];

	if (entries > MAX_GDT_ENTS)
		return -EINVAL;
	for (i = 0; i < pages; i++) {
		new[i] = frames[i];
		if (get_desc_frame(v->domain, new[i]))
			break;
	}
	if (i < pages) {
		while (i--)
			put_page_and_type(mfn_to_page(new[i]));
		return -EINVAL;
	}
	destroy_gdt(v);
	for (i = 0; i < pages; i++) {
		(void)map_page(v, i, new[i], true);	/* in a table that exists */
		v->gdt_frames[i] = new[i];
	}
	v->gdt_ents = entries;
	return 0;
}

long do_set_gdt(u64 frames, u64 entries)
{
	mfn_t list[GDT_PAGES];
	u64 pages;

	if (entries > MAX_GDT_ENTS)
		return -EINVAL;
	pages = (entries + DESCS_PER_PAGE - 1) / DESCS_PER_PAGE;
	if (copy_from_guest(list, frames, pages * sizeof(list[0])))
		return -EFAULT;
	return set_gdt(current, list, entries);
}

/* ---- LDT ----------------------------------------------------------------------------- */

/*
 * The hardware's LDTR for @v, which is loaded on this CPU. The descriptor has 16 bytes:
 * limit, base and type as others, then the upper half of the base.
 */
void load_ldt(struct vcpu *v)
{
	vaddr_t base = v->desc_window + 16 * PAGE_SIZE;
	u16 sel = 0;

	if (v->ldt_ents) {
		v->ldt_desc[0] = (v->ldt_ents * 8 - 1) | (base & 0xffffff) << 16 |
				 DESC_TYPE_LDT | DESC_P | (base >> 24 & 0xff) << 56;
		v->ldt_desc[1] = base >> 32;
		sel = LDT_SELECTOR;
	}
	asm volatile("lldt %w0" :: "r" (sel) : "memory");
}

void invalidate_ldt(struct vcpu *v)
{
	mfn_t drop[LDT_PAGES];
	unsigned n = 0;

	spin_lock(&v->ldt_lock);
	for (unsigned i = 0; i < LDT_PAGES; i++) {
		if (!(v->ldt_mapped >> i & 1))
			continue;
		(void)map_hv_page(v->desc_window + (16 + i) * PAGE_SIZE, 0, 0);
		drop[n++] = v->ldt_frames[i];
		v->ldt_frames[i] = 0;
	}
	v->ldt_mapped = 0;
	spin_unlock(&v->ldt_lock);
	while (n--)
		put_page_and_type(mfn_to_page(drop[n]));
}

/* The guest's frame behind LDT page @i, from its kernel's page table; a reference is taken. */
static bool get_ldt_frame(struct vcpu *v, unsigned i, mfn_t *mfn)
{
	vaddr_t va = v->ldt_base + i * PAGE_SIZE;
	u64 *l1e, pte;

	if (!guest_range_ok(va, PAGE_SIZE) || !v->kernel_cr3)
		return false;
	l1e = walk_l1e(v->kernel_cr3, va);
	pte = l1e ? READ_ONCE(*l1e) : 0;
	*mfn = pte_mfn(pte);
	return (pte & PTE_P) && !get_desc_frame(v->domain, *mfn);
}

bool ldt_fault(struct vcpu *v, unsigned offset)
{
	unsigned i = offset >> PAGE_SHIFT;
	bool mapped;
	mfn_t mfn;

	if (i >= LDT_PAGES || offset >= ROUND_UP(v->ldt_ents * 8UL, PAGE_SIZE) ||
	    !get_ldt_frame(v, i, &mfn))
		return false;
	spin_lock(&v->ldt_lock);
	mapped = !(v->ldt_mapped >> i & 1) && !map_page(v, 16 + i, mfn, true);
	if (mapped) {
		v->ldt_mapped |= 1u << i;
		v->ldt_frames[i] = mfn;
	}
	spin_unlock(&v->ldt_lock);
	if (!mapped)
		put_page_and_type(mfn_to_page(mfn));
	return mapped;
}

/* ---- hypercalls on single descriptors and bases ------------------------------------- */

/* A table in use is updated as such; another frame must be one the guest could write itself. */
long do_update_descriptor(u64 maddr, u64 desc)
{
	struct domain *d = current->domain;
	struct page_info *pg;
	u32 type;

	if ((maddr & 7) || !check_descriptor(&desc))
		return -EINVAL;
	pg = get_page_from_mfn(maddr >> PAGE_SHIFT, d);
	if (!pg)
		return -EINVAL;
	type = atomic_read(&pg->type);
	type = (type & PGT_COUNT_MASK) && (type & PGT_TYPE_MASK) == PGT_SEGDESC ?
		PGT_SEGDESC : PGT_WRITABLE;
	if (get_page_type(pg, type, false)) {
		put_page(pg);
		return -EINVAL;
	}
	WRITE_ONCE(*(u64 *)((char *)page_to_va(pg) + (maddr & ~PAGE_MASK)), desc);
	put_page_type(pg, false);
	put_page(pg);
	return 0;
}

/* Bases live in the hardware; the caller is in kernel mode, so the user's GS is the inactive one. */
long do_set_segment_base(u64 which, u64 base)
{
	static const u32 msr[] = {
		[SEGBASE_FS] = MSR_FS_BASE,
		[SEGBASE_GS_USER] = MSR_KERNEL_GS_BASE,
		[SEGBASE_GS_KERNEL] = MSR_GS_BASE,
	};
	struct vcpu *v = current;
	u16 sel;

	switch (which) {
	case SEGBASE_FS:
	case SEGBASE_GS_USER:
	case SEGBASE_GS_KERNEL:
		if (!is_canonical(base))
			return -EINVAL;
		wrmsr(msr[which], base);
		return 0;
	case SEGBASE_GS_USER_SEL:
		sel = fix_sel(base);
		v->user_gs_sel = load_sel_gs(sel) ? sel : 0;
		return 0;
	}
	return -EINVAL;
}
