/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine frames: who owns them, what they are used as, and the page tables
 * that guests write under our eyes.
 *
 * THE invariant: a frame is never writable by a guest while it is a page table
 * or a descriptor page. Types are mutually exclusive; a frame changes its type
 * only while its type count is zero.
 */
#ifndef XEN_MM_H
#define XEN_MM_H

#include <xen/cpu.h>

struct domain;

/*
 * One per frame of RAM, 16 bytes: a machine of 4 GB pays 16 MB.
 *
 * count (atomic, one word so that owner and count are checked together):
 *   bits 0-31   references. While the owner holds the frame it holds one (PGC_ALLOCATED).
 *   bits 32-47  owner: domid, DOMID_XEN (hypervisor), DOMID_IO (not RAM), DOMID_INVALID (free)
 *   bits 48-63  PGC_* flags
 * type (atomic):
 *   bits 0-24   type references
 *   bits 25-28  PGT_ flags
 *   bits 29-31  the type
 * aux: tlb clock when the last type reference went (0 type count), or how many entries are
 *   validated (PGT_PARTIAL). In a free frame, type and aux are the free list's links.
 */
struct page_info {
	u64 count;
	union {
		struct { u32 type, aux; };
		struct { u32 next, prev; };	/* free: frame numbers, heap lock */
	};
};
_Static_assert(sizeof(struct page_info) == 16, "page_info");

#define PGC_COUNT_MASK		0xffffffffUL
#define PGC_OWNER_SHIFT		32
#define PGC_OWNER_MASK		(0xffffUL << 32)
#define PGC_ALLOCATED		BIT(48)	/* the owner's own reference has not been dropped */
#define PGC_HVPAGE		BIT(49)	/* hypervisor memory shared with its owner: guests can't free it */
#define PGC_FREE		BIT(50)	/* head of a free chunk; order in bits 0-7 of count */
#define PGC_DIRTY		BIT(51)	/* its frames hold old bytes: scrub before a guest gets them */
#define PGC_BAD			BIT(52)	/* never allocate */

#define PGT_COUNT_MASK		((1u << 25) - 1)
#define PGT_LOCKED		(1u << 25)	/* a CPU validates or devalidates the frame, or writes its entries */
#define PGT_PARTIAL		(1u << 26)	/* validation was interrupted; aux entries are done */
#define PGT_VALIDATED		(1u << 27)
#define PGT_PINNED		(1u << 28)
#define PGT_TYPE_SHIFT		29
#define PGT_TYPE_MASK		(7u << PGT_TYPE_SHIFT)
#define PGT_NONE		(0u << PGT_TYPE_SHIFT)
#define PGT_L1			(1u << PGT_TYPE_SHIFT)
#define PGT_L2			(2u << PGT_TYPE_SHIFT)
#define PGT_L3			(3u << PGT_TYPE_SHIFT)
#define PGT_L4			(4u << PGT_TYPE_SHIFT)
#define PGT_SEGDESC		(5u << PGT_TYPE_SHIFT)
#define PGT_WRITABLE		(6u << PGT_TYPE_SHIFT)

#define frame_table		((struct page_info *)FRAMETABLE_START)
#define m2p_table		((u64 *)RW_M2P_START)	/* entry of a frame nobody owns: ~0 */
#define M2P_INVALID		(~0UL)

extern mfn_t max_mfn;			/* one past the last RAM frame */
extern u64 total_ram_frames;		/* of the machine */

/* True if the frame has a page_info: RAM (or a hole inside a chunk of RAM, owned by DOMID_IO). */
bool mfn_valid(mfn_t mfn);
/* The biggest piece of what mfn_valid() says yes to. Immutable after mm_init(). */
extern struct frame_span { mfn_t first; u64 frames; } ram_span;
static inline struct page_info *mfn_to_page(mfn_t mfn) { return &frame_table[mfn]; }
static inline mfn_t page_to_mfn(const struct page_info *pg) { return pg - frame_table; }
static inline void *page_to_va(const struct page_info *pg) { return mfn_to_va(page_to_mfn(pg)); }
static inline struct page_info *va_to_page(const void *va) { return mfn_to_page(va_to_mfn(va)); }
static inline domid_t page_owner(const struct page_info *pg)
{
	return atomic_read(&pg->count) >> PGC_OWNER_SHIFT;
}

static inline void set_m2p(mfn_t mfn, u64 pfn) { WRITE_ONCE(m2p_table[mfn], pfn); }

/* First frame of the 2 MB of the M2P that hold @mfn's entry, or 0 if there is no such part. */
mfn_t m2p_extent(mfn_t mfn);

/* ---- mm/heap.c: the frame allocator -------------------------------------- */
/* Builds frame table, M2P and direct map from the memory map; gives free RAM to the heap. */
void mm_init(void);

#define MEMF_bits(n)		((n) & 0xff)	/* frames below 2^n bytes; 0: anywhere */
#define MEMF_NO_SCRUB		BIT(8)	/* caller overwrites every byte, or is the hypervisor */
#define MEMF_ZERO		BIT(9)	/* hand out zeroed frames */
#define MEMF_JOIN		BIT(10)	/* rather than fail, make free memory dirty that is clean */

/* 2^order contiguous frames owned by DOMID_XEN, count 1; NULL if there are none. MEMF_JOIN is implied. */
struct page_info *alloc_frames(unsigned order, unsigned memf);
void free_frames(struct page_info *pg, unsigned order);	/* count must be 1 -> 0; marks them dirty */
void free_boot_frame(mfn_t mfn);	/* one that the boot loader filled, unless badpage= names it */
/* The same as virtual addresses in the direct map, for the hypervisor's own use; zeroed. */
void *alloc_pages(unsigned order);
void free_pages(void *va, unsigned order);
static inline void *alloc_page(void) { return alloc_pages(0); }
static inline void free_page(void *va) { free_pages(va, 0); }
u64 free_frames_count(void);		/* in frames */
u64 dirty_frames_count(void);		/* of those, to be scrubbed */
/*
 * Frames for a domain: as alloc_frames(), but leaves what other domains have claimed; takes
 * from the domain's own claim. The caller goes on with assign_frames().
 */
struct page_info *alloc_domain_frames(struct domain *d, unsigned order, unsigned memf);
/*
 * Promise frames to @d until it has @pages in total; 0 withdraws the promise (also to be called
 * when it dies). -EINVAL: it is dying, has a claim, or so many frames, or may not have so
 * many. -ENOMEM.
 */
int claim_frames(struct domain *d, u64 pages);
/* For an idle CPU: zero one freed frame. False if there is none. */
bool scrub_some(void);
/* Give the memory of code and data that only the boot needed (__init, __initdata) to the heap. */
void free_init_sections(void);

/* ---- mm/slab.c: small objects, zeroed ------------------------------------ */
void *xmalloc(size_t size);		/* any size up to 1 MB; 16-byte aligned; NULL if none */
void xfree(void *p);			/* NULL is allowed */
#define xnew(type)		((type *)xmalloc(sizeof(type)))
#define xnew_array(type, n)	((type *)xmalloc(sizeof(type) * (n)))

/* ---- mm/vmap.c ------------------------------------------------------------ */
/* Map machine memory (MMIO: uncached; or firmware tables) for the hypervisor. NULL if out of space. */
void *map_mmio(paddr_t pa, size_t len);
void *map_firmware(paddr_t pa, size_t len);	/* write-back, read-only use */
void unmap_hv(void *va, size_t len);
/* Install one hypervisor page: used for descriptor windows. flags are raw PTE bits; 0 unmaps. -ENOMEM. */
int map_hv_page(vaddr_t va, mfn_t mfn, u64 flags);

/* ---- mm/page.c: ownership, references, types ------------------------------ */
/*
 * Take a general reference if the frame exists and @d owns it (d NULL: any owner but free).
 * False if not. The caller owes put_page().
 */
bool get_page(struct page_info *pg, const struct domain *d) __must_check;
void put_page(struct page_info *pg);	/* the last one frees the frame to the heap */
/* mfn -> page with a reference held, or NULL if invalid or not owned by d. */
struct page_info *get_page_from_mfn(mfn_t mfn, const struct domain *d) __must_check;
/*
 * Take a type reference: 0; -EBUSY type conflict; -EINVAL contents don't validate;
 * -EINTR / -ERESTART preempted (only if preemptible; partial progress is kept in the frame).
 */
int get_page_type(struct page_info *pg, u32 type, bool preemptible) __must_check;
/*
 * Drop one. With preemptible it may return -ERESTART: the reference is gone, but the table still
 * holds references, until finish_table() or the end of its owner; otherwise always 0.
 */
int put_page_type(struct page_info *pg, bool preemptible);
int finish_table(struct page_info *pg, bool preemptible);	/* 0, or -ERESTART: call again */
int get_page_and_type(struct page_info *pg, struct domain *d, u32 type) __must_check;
void put_page_and_type(struct page_info *pg);

/* Give freshly allocated frames to @d as its RAM (count 1 + PGC_ALLOCATED). -E2BIG over max_pages, -EINVAL dying. */
int assign_frames(struct domain *d, struct page_info *pg, unsigned order);
/*
 * Take a frame out of @d if the allocation reference is its only one (so the caller holds none).
 * True: it has no reference any more; free_frames() it, or assign_frames() it to @d again.
 * False: nothing done.
 */
bool steal_frame(struct domain *d, struct page_info *pg) __must_check;
/*
 * It is broken: if it is a domain's, nobody gets it when its last reference is gone. From any
 * context.
 */
void condemn_frame(struct page_info *pg);
/* Hypervisor page that @d may map: owner d, PGC_HVPAGE, writable or not. */
void share_frame(struct page_info *pg, struct domain *d, bool writable);
/* Take it back; the frame goes to the heap when the last guest mapping is gone. */
void unshare_frame(struct page_info *pg);

/* ---- mm/pagetable.c -------------------------------------------------------- */
#define PTE_P		BIT(0)
#define PTE_RW		BIT(1)
#define PTE_US		BIT(2)
#define PTE_PWT		BIT(3)
#define PTE_PCD		BIT(4)
#define PTE_A		BIT(5)
#define PTE_D		BIT(6)
#define PTE_PSE		BIT(7)	/* L2, L3; PAT in an L1 */
#define PTE_G		BIT(8)
#define PTE_AVAIL	(BIT(9) | BIT(10) | BIT(11))
#define PTE_NX		BIT(63)
#define PTE_ADDR_MASK	0x000ffffffffff000UL
#define pte_mfn(e)	(((e) & PTE_ADDR_MASK) >> PAGE_SHIFT)
#define mk_pte(mfn, flags) (((u64)(mfn) << PAGE_SHIFT) | (flags))
#define l4_slot(va)	(((va) >> 39) & 511)
#define l3_slot(va)	(((va) >> 30) & 511)
#define l2_slot(va)	(((va) >> 21) & 511)
#define l1_slot(va)	(((va) >> 12) & 511)

extern u64 hv_l4[512];			/* the idle CPUs' L4; its slots 256-271 go into every guest L4 */

/* Address of the L1 entry that maps @va in the page table @l4 (NULL if a level is absent), via the direct map. */
u64 *walk_l1e(paddr_t l4, vaddr_t va);

/* Write an L1 entry of @v's current table for a grant mapping; see grant room. */
/*
 * Replace L1 entry *@pte in frame @table (an L1 table of @d, type ref held by being validated)
 * by @val: validates against owner @pg_dom, takes and drops references. 0 or -errno.
 */
int mod_l1e(struct vcpu *v, u64 *pte, u64 val, struct domain *pg_dom, bool preserve_ad);
/*
 * Raw forms for grants. The references to a mapped frame (a general one, and with PTE_RW a
 * PGT_WRITABLE one) belong to the entry: the grant room takes them before grant_map_pte(), and
 * drops them after grant_unmap_pte() said 0. A guest may destroy the entry by other means; then
 * they were dropped there, grant_unmap_pte() says -EINVAL, and the grant room must not drop any.
 * The same at a domain's death: relinquish_frames() drops what its entries still hold.
 *
 * contains_pte: @addr is the machine address of an L1 entry of v's domain; otherwise a virtual
 * address in v's kernel page table. -errno and nothing done.
 */
int grant_map_pte(struct vcpu *v, u64 addr, bool contains_pte, u64 new_pte);
/* Replace the entry by @replace (0 clears) if it maps @mfn, and is writable or not as said. */
int grant_unmap_pte(struct vcpu *v, u64 addr, bool contains_pte, mfn_t mfn, bool writable,
		    u64 replace);

/* Guest write fault on a read-only L1 table (writable page tables assist). True if emulated. */
bool emulate_pte_write(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs);

/* Base pointers: install kernel L4 (typed reference held by vcpu). 0, -EINVAL, -ERESTART. */
int new_kernel_base(struct vcpu *v, mfn_t mfn);
int new_user_base(struct vcpu *v, mfn_t mfn);	/* mfn 0 drops it */
/* At vcpu death, when no CPU has v's tables loaded. Leaves the work to relinquish_frames(). */
void drop_base_tables(struct vcpu *v);

/* Drop every frame of a dying domain, in chunks: 0 when done, -ERESTART to be called again. */
int relinquish_frames(struct domain *d);

/* ---- mm/tlb.c ----------------------------------------------------------------- */
/*
 * Every whole flush on a CPU advances the global tlb clock; a frame remembers the clock when
 * it was last used, so a flush that already happened is not repeated.
 */
extern u32 tlb_clock;
void flush_tlb_local(void);				/* non-global entries: reload CR3 */
u64 cpus_to_flush(u32 clock);				/* mask: those that have not flushed since then */
void flush_tlb_one_local(vaddr_t va);
void flush_tlb_mask(u64 cpumask, vaddr_t va);		/* va ~0: everything */
void flush_tlb_domain(const struct domain *d);		/* CPUs that may hold its translations */
/* Flush the CPUs that may still hold a translation older than pg->aux. */
void flush_for_frame(const struct page_info *pg);
void flush_tlb_global(void);				/* the hypervisor's own entries too */
void flush_caches_all(void);				/* wbinvd everywhere */
void tlb_enter_idle(void);				/* leave the guest's page table, */
void tlb_leave_idle(void);				/* and before another is loaded */
/* When it returns, every CPU has left what it did in the hypervisor, or has begun it after the call. */
void sync_all_cpus(void);

/* ---- memory.c, hypercalls ------------------------------------------------------ */
u64 domain_total_frames(const struct domain *d);

/* May @d map this non-RAM frame? (iomem permissions) */
bool iomem_ok(const struct domain *d, mfn_t mfn);
/* Device memory that a domain with the right to it may only read. */
bool iomem_read_only(mfn_t mfn);

static inline void clear_page(void *va)
{
	u64 n = PAGE_SIZE / 8;

	asm volatile("rep stosq" : "+D" (va), "+c" (n) : "a" (0UL) : "memory");
}

static inline void copy_page(void *d, const void *s)
{
	u64 n = PAGE_SIZE / 8;

	asm volatile("rep movsq" : "+D" (d), "+S" (s), "+c" (n) :: "memory");
}

#endif
