/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the page-table room: entries (entry.c), whole tables (table.c), types
 * (type.c), and the hypercalls on top of them.
 */
#ifndef MM_PT_H
#define MM_PT_H

#include <xen/hypercall.h>
#include <xen/lib.h>

#define PT_ENTRIES	512
#define PTE_CACHE	(PTE_PWT | PTE_PCD | PTE_PSE)	/* of an L1: selects one of the 8 PAT entries */
#define PTE_L1_PLAIN	(PTE_A | PTE_D | PTE_US | PTE_AVAIL | PTE_NX | (0x7ffUL << 52))

/* Level 1..4 of a table type. */
static inline unsigned type_level(u32 type) { return type >> PGT_TYPE_SHIFT; }
static inline u32 level_type(unsigned level) { return level << PGT_TYPE_SHIFT; }
static inline bool is_table_type(u32 type) { return type >= PGT_L1 && type <= PGT_L4; }

/* L4 slots that belong to the hypervisor: no entry of a guest, no references. */
static inline bool hv_slot(unsigned level, unsigned i)
{
	return level == 4 && i >= HV_FIRST_SLOT && i <= HV_LAST_SLOT;
}

static inline bool in_ram_span(mfn_t mfn) { return mfn - ram_span.first < ram_span.frames; }

/* mfn_valid(), without a call for most frames. */
static inline bool is_ram(mfn_t mfn) { return likely(in_ram_span(mfn)) || mfn_valid(mfn); }

/* Bits of a plain L1 entry that are known: P is set, G, PAT's and NX, if unknown to the CPU, aren't. (init.c) */
extern u64 pte_special;

/* Not RAM: nobody counts references, rights decide. The answer for a frame never changes. */
static inline bool frame_is_mmio(mfn_t mfn)
{
	return !is_ram(mfn) || page_owner(mfn_to_page(mfn)) == DOMID_IO;
}

/* ---- entry.c: one entry ------------------------------------------------------ */
/*
 * Check a present entry for a table of @d, and take the references that it needs; *e is
 * changed to what may be installed. Leaf frames must be @pg_dom's. -EINVAL, -EPERM, -EBUSY,
 * and for the upper levels -ERESTART (preemptible).
 */
int get_l1e(const struct domain *d, const struct domain *pg_dom, u64 *e) __must_check;
int get_upper(struct domain *d, unsigned level, u64 *e, bool preemptible) __must_check;
/* -ERESTART: the reference is gone, the table below isn't finished. */
int put_upper(u64 e, bool preemptible);
/*
 * Replace entry *@pte of a validated table of @d, to which the caller holds a type reference.
 * With @only_if, only if *pte equals *only_if: else -EAGAIN, nothing done.
 */
int set_l1e(struct domain *d, struct domain *pg_dom, u64 *pte, u64 val, bool preserve_ad,
	    const u64 *only_if);
int set_upper(struct domain *d, unsigned level, u64 *pte, u64 val);

/* ---- table.c: all entries ------------------------------------------------------ */
/* Validate entries *n.. of a table; *n is the first not done. 0, -ERESTART or the reason. */
int table_up(struct page_info *pg, struct domain *d, u32 type, u32 *n, bool preemptible);
/* Drop the references of entries below *n, from the top. 0 or -ERESTART. */
int table_down(struct page_info *pg, u32 type, u32 *n, bool preemptible);

/* ---- type.c ------------------------------------------------------------------- */
/* get_page_type() for a caller who knows that @d owns the frame. */
int get_type(struct page_info *pg, struct domain *d, u32 type, bool preemptible) __must_check;
/* Type reference to a frame that is a validated table now; *type is which. */
bool get_table(struct page_info *pg, u32 *type) __must_check;
/* If the frame is a partial table of @owner of that type, nobody's work, take it down. */
int help_down(struct page_info *pg, domid_t owner, u32 type, bool preemptible);
/* The pin is a reference like others, general and typed. -EINVAL: is (not) pinned already. */
int pin_table(struct domain *d, mfn_t mfn, u32 type);
int unpin_table(struct domain *d, mfn_t mfn);
bool clear_pinned(struct page_info *pg);

/* ---- references, in the states frames are mostly in --------------------------- */
/*
 * One comparison and one exchange instead of a call: true if that did it. If not, nothing is
 * done, and the functions of page.c and type.c know what to do or to say.
 */
static inline bool quick_get_own(struct page_info *pg, domid_t id)	/* not a reserved one */
{
	u64 x = atomic_read(&pg->count);

	return (domid_t)(x >> PGC_OWNER_SHIFT) == id && (s32)x > 0 &&
	       cmpxchg(&pg->count, x, x + 1) == x;
}

static inline bool quick_get_page(struct page_info *pg, const struct domain *d)
{
	return d->id < FIRST_RESERVED_DOMID && quick_get_own(pg, d->id);
}

/* One more of a type that the frame has. */
static inline bool quick_get_type(struct page_info *pg, u32 type)
{
	u32 x = READ_ONCE(pg->type);

	return (x & (PGT_TYPE_MASK | PGT_VALIDATED)) == (type | PGT_VALIDATED) &&
	       ((x + 1) & PGT_COUNT_MASK) && cmpxchg(&pg->type, x, x + 1) == x;
}

/* Not the last one. The caller holds one, so the type is VALIDATED. */
static inline bool quick_put_type(struct page_info *pg)
{
	u32 x = READ_ONCE(pg->type);

	return (x & PGT_COUNT_MASK) > 1 && cmpxchg(&pg->type, x, x - 1) == x;
}

/* put_page(), with a call only for the last one. */
long last_page_ref(struct page_info *pg, u64 left);
static inline void drop_page(struct page_info *pg)
{
	u64 left = atomic_sub(&pg->count, 1);

	if (unlikely((u32)left + 1 <= 1))
		last_page_ref(pg, left);
}

/* Drop a general and a type reference that isn't a table's last one. */
static inline void drop_ref_pair(struct page_info *pg)
{
	if (!quick_put_type(pg))
		put_page_type(pg, false);
	drop_page(pg);
}

/* What an entry holds is dropped. */
static inline void put_l1e(u64 e)
{
	struct page_info *pg = mfn_to_page(pte_mfn(e));

	if (unlikely(frame_is_mmio(pte_mfn(e))))
		return;
	if ((e & PTE_RW) && !quick_put_type(pg))
		put_page_type(pg, false);
	drop_page(pg);
}

/* get_l1e() */
static inline int hold_l1e(const struct domain *d, const struct domain *pg_dom, u64 *e)
{
	struct page_info *pg = mfn_to_page(pte_mfn(*e));

	/* A frame of RAM has no reserved address bits. */
	if (likely(is_ram(pte_mfn(*e)) && (cpu_features.nx || !(*e & PTE_NX)) &&
		   quick_get_page(pg, pg_dom))) {
		if (!(*e & PTE_RW) || likely(quick_get_type(pg, PGT_WRITABLE))) {
			*e = (*e | PTE_US) & ~(d->privileged ? PTE_G : PTE_G | PTE_CACHE);
			return 0;
		}
		put_page(pg);
	}
	return get_l1e(d, pg_dom, e);
}

/* Frame @mfn with a general and a type reference, if that takes no work; or NULL. */
static inline struct page_info *quick_get_table(mfn_t mfn, const struct domain *d, u32 type)
{
	struct page_info *pg = mfn_to_page(mfn);

	if (unlikely(!is_ram(mfn) || !quick_get_page(pg, d)))
		return NULL;
	if (likely(quick_get_type(pg, type)))
		return pg;
	drop_page(pg);
	return NULL;
}

/* The frame, if it is a validated L1 of @d, with a general and a type reference; or NULL. */
struct page_info *get_l1_table(mfn_t mfn, const struct domain *d);
static inline struct page_info *hold_l1_table(mfn_t mfn, const struct domain *d)
{
	struct page_info *pg = quick_get_table(mfn, d, PGT_L1);

	return likely(pg) ? pg : get_l1_table(mfn, d);
}

/*
 * set_l1e() from @old where the entry maps nothing, or is to, as it mostly is. False: nothing
 * done, perhaps as the entry isn't such a one.
 */
static inline bool quick_set_l1e(struct domain *d, struct domain *pg_dom, u64 *pte, u64 old,
				 u64 val)
{
	if (val & PTE_P) {
		if ((old & PTE_P) || hold_l1e(d, pg_dom, &val))
			return false;
		if (likely(cmpxchg(pte, old, val) == old))
			return true;
		put_l1e(val);
		return false;
	}
	if (cmpxchg(pte, old, val) != old)
		return false;
	if (old & PTE_P)
		put_l1e(old);
	return true;
}

/* ---- pagetable.c --------------------------------------------------------------- */
/* The L1 entry that maps @va in v's kernel table, and its table with both references; or NULL. */
u64 *get_l1e_of_va(struct vcpu *v, vaddr_t va, struct page_info **table);

/* ---- base.c ------------------------------------------------------------------- */
/* Drop a type and a general reference; work that is left waits for finish_old_table(). */
void drop_table(struct page_info *pg);
/* Go on with what the current vcpu left: 0 or -ERESTART. Every MMU hypercall begins so. */
int go_on_with_old_table(void);
static inline int finish_old_table(void)
{
	return likely(!current->old_table) ? 0 : go_on_with_old_table();
}

/* ---- mmu_update.c ------------------------------------------------------------- */
/*
 * The domain a hypercall names, if the caller may act on it; or NULL and *err. It stays until
 * put_foreign_domain(): by a reference, if it isn't the caller's own.
 */
struct domain *get_foreign_domain(domid_t id, bool special, int *err);
static inline void put_foreign_domain(struct domain *d)
{
	if (d != current->domain)
		put_domain(d);
}
/* CPUs on which a bitmap of vcpus, at guest address @va, may run. */
int read_vcpu_mask(const struct domain *d, vaddr_t va, u64 *cpus);

/* Batched hypercalls: bit of `count` that says *pdone holds how many were done before. */
#define BATCH_GOES_ON	BIT(31)
static inline u32 batch_begin(u64 count, u64 pdone, u32 *done)
{
	*done = 0;
	/* A guest that sets the bit itself, or changes *pdone, confuses itself. */
	if ((count & BATCH_GOES_ON) && pdone && get_guest(done, pdone, 0))
		*done = 0;
	return count & (BATCH_GOES_ON - 1);
}

/* Write *pdone; a restart of @nr with what is left if rc is -ERESTART. */
long batch_stop(unsigned nr, u64 array, u64 size, u32 did, u32 left, u32 done, u64 pdone,
		u64 foreigndom, long rc);
static inline long batch_end(unsigned nr, u64 array, u64 size, u32 did, u32 left, u32 done,
			     u64 pdone, u64 foreigndom, long rc)
{
	return likely(!rc && !pdone) ? 0 :
		batch_stop(nr, array, size, did, left, done, pdone, foreigndom, rc);
}

#endif
