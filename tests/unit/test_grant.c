/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/grant/table.c xen/grant/pin.c xen/grant/map.c xen/grant/unmap.c xen/grant/copy.c xen/grant/ops.c */
/*
 * Grants through their hypercall: who may use what, what the granter sees of it,
 * references taken and given back, and the flush between a mapping's end and
 * its frame's. Copies need the direct map: tests/guest/grant.c. (public/grant_table.h)
 */
#include <xen/hypercall.h>
#include "hv_stack.h"
#include "../../xen/grant/gnttab.h"

#define FRAMES		16
#define WINDOW		0x100000	/* guest addresses of the 8 entries of "the page table" */
#define FRAME_OF(pg)	((pg) - frame_table)

/* ---- the world around the room --------------------------------------------------------- */

struct domain *dom0, *dom_idle;
struct list domain_list = LIST_INIT(domain_list);
spinlock_t domlist_lock;
static struct domain *domains[3];
static struct { domid_t owner; int refs, writable; bool table; } frames[FRAMES];
static u64 ptes[8];
static bool tlb_stale;			/* an entry was removed and not flushed */
static unsigned flushes, shared_frames;

void serve_flush(void) { }
bool preempt_check(void) { return false; }
long hypercall_restart(unsigned nr, unsigned n, ...) { return -ERESTART; }
void *alloc_pages(unsigned order)
{
	return memset(aligned_alloc(PAGE_SIZE, PAGE_SIZE << order), 0, PAGE_SIZE << order);
}
void free_pages(void *va, unsigned order) { free(va); }
void *xmalloc(size_t size) { return calloc(1, size + 1); }
void xfree(void *p) { free(p); }
void ref_domain(struct domain *d) { d->refs++; }
void put_domain(struct domain *d) { assert_int_not_equal(d->refs, 1); d->refs--; }
void share_frame(struct page_info *pg, struct domain *d, bool writable) { shared_frames++; }
void unshare_frame(struct page_info *pg) { shared_frames--; }
bool mfn_valid(mfn_t mfn) { return mfn < FRAMES; }
void flush_tlb_domain(const struct domain *d) { tlb_stale = false; flushes++; }

size_t raw_copy(void *d, const void *s, size_t n)
{
	if ((vaddr_t)d < PAGE_SIZE || (vaddr_t)s < PAGE_SIZE)
		return n;
	memcpy(d, s, n);
	return 0;
}

struct domain *get_domain(domid_t id)
{
	if (id >= ARRAY_SIZE(domains))
		return NULL;
	ref_domain(domains[id]);
	return domains[id];
}

struct domain *get_domain_or_self(domid_t id)
{
	return get_domain(id == DOMID_SELF ? current->domain->id : id);
}

bool get_page(struct page_info *pg, const struct domain *d)
{
	if (frames[FRAME_OF(pg)].owner != d->id)
		return false;
	frames[FRAME_OF(pg)].refs++;
	return true;
}

int get_page_and_type(struct page_info *pg, struct domain *d, u32 type)
{
	if (frames[FRAME_OF(pg)].table || !get_page(pg, d))
		return -EBUSY;
	frames[FRAME_OF(pg)].writable++;
	return 0;
}

struct page_info *get_page_from_mfn(mfn_t mfn, const struct domain *d)
{
	if (!mfn_valid(mfn))
		return NULL;
	frames[mfn].refs++;
	return mfn_to_page(mfn);
}

void put_page(struct page_info *pg)
{
	assert_false(tlb_stale);
	assert_true(frames[FRAME_OF(pg)].refs-- > 0);
}

void put_page_and_type(struct page_info *pg)
{
	assert_true(frames[FRAME_OF(pg)].writable-- > 0);
	put_page(pg);
}

u64 *walk_l1e(paddr_t l4, vaddr_t va)
{
	u64 i = (va - WINDOW) / PAGE_SIZE;

	return va >= WINDOW && i < ARRAY_SIZE(ptes) ? &ptes[i] : NULL;
}

static void put_pte(u64 pte)
{
	if (pte & PTE_RW)
		put_page_and_type(mfn_to_page(pte_mfn(pte)));
	else if (pte & PTE_P)
		put_page(mfn_to_page(pte_mfn(pte)));
}

int grant_map_pte(struct vcpu *v, u64 addr, bool contains_pte, u64 new_pte)
{
	u64 *p = walk_l1e(0, addr);

	if (!p)
		return -EINVAL;
	put_pte(*p);
	*p = new_pte;
	return 0;
}

int grant_unmap_pte(struct vcpu *v, u64 addr, bool contains_pte, mfn_t mfn, bool writable, u64 replace)
{
	u64 *p = walk_l1e(0, addr);

	if (!p || !(*p & PTE_P) || pte_mfn(*p) != mfn || !!(*p & PTE_RW) != writable)
		return -EINVAL;
	*p = replace;
	tlb_stale = true;
	return 0;
}

static void run_as(unsigned dom) { cpu_info()->vcpu = domains[dom]->vcpu[0]; }

static int start(void **state)
{
	memset(frames, 0, sizeof(frames));
	memset(ptes, 0, sizeof(ptes));
	for (unsigned i = 0; i < ARRAY_SIZE(domains); i++) {
		struct domain *d = domains[i] = calloc(1, sizeof(*d));

		d->id = i;
		d->refs = 1;
		d->privileged = i == 0;
		d->vcpu[0] = calloc(1, sizeof(struct vcpu));
		d->vcpu[0]->domain = d;
		assert_int_equal(grant_init(d, 4, 2), 0);
	}
	for (unsigned i = 0; i < FRAMES; i++)
		frames[i].owner = i / 4;		/* 4 to 7 are domain 1's */
	run_as(2);
	return 0;
}

/* Everything must have been given back: by the test, or by the end of the domains. */
static int end(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(domains); i++)
		assert_int_equal(grant_release_mappings(domains[i]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(ptes); i++)
		put_pte(ptes[i]);			/* the death of the page table */
	for (unsigned i = 0; i < FRAMES; i++) {
		assert_int_equal(frames[i].refs, 0);
		assert_int_equal(frames[i].writable, 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(domains); i++) {
		for (unsigned r = 0; r < REFS_PER_FRAME; r++)
			assert_false(domains[i]->grant->shared[0][r].flags & (GTF_reading | GTF_writing));
		assert_int_equal(domains[i]->refs, 1);
		grant_destroy(domains[i]);
	}
	assert_int_equal(shared_frames, 0);
	return 0;
}

static struct grant_entry_v1 *grant(unsigned dom, u32 ref, domid_t to, u32 frame, u16 flags)
{
	struct grant_entry_v1 *e = &domains[dom]->grant->shared[0][ref];

	*e = (struct grant_entry_v1){ .flags = flags, .domid = to, .frame = frame };
	return e;
}

static u32 last_handle;

static int map(u32 ref, domid_t dom, u32 flags, u64 addr)
{
	struct gnttab_map_grant_ref op = { .host_addr = addr, .flags = flags, .ref = ref, .dom = dom };

	assert_int_equal(do_grant_table_op(GNTTABOP_map_grant_ref, (u64)&op, 1), 0);
	if (!op.status)
		last_handle = op.handle;
	return op.status;
}

static int unmap(u32 handle, u64 addr, u64 dev)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = addr, .dev_bus_addr = dev, .handle = handle };

	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_grant_ref, (u64)&op, 1), 0);
	assert_false(tlb_stale);
	return op.status;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_map_and_unmap(void **state)
{
	struct grant_entry_v1 *e = grant(1, 8, 2, 5, GTF_permit_access);
	u32 h;

	assert_int_equal(map(8, 1, GNTMAP_host_map | (1 << _GNTMAP_guest_avail0), WINDOW), GNTST_okay);
	h = last_handle;
	assert_int_equal(ptes[0] & (PTE_ADDR_MASK | PTE_RW | PTE_P | PTE_AVAIL),
			 mk_pte(5, PTE_RW | PTE_P | BIT(9)));
	assert_int_equal(e->flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(frames[5].writable, 1);
	assert_int_equal(unmap(h + 1, WINDOW, 0), GNTST_bad_handle);
	assert_int_equal(unmap(0xffffffff, WINDOW, 0), GNTST_bad_handle);
	assert_int_equal(unmap(h, WINDOW + PAGE_SIZE, 0), GNTST_general_error);
	assert_int_equal(unmap(h, WINDOW, 0), GNTST_okay);
	assert_int_equal(e->flags, GTF_permit_access);
	assert_int_equal(unmap(h, WINDOW, 0), GNTST_bad_handle);
	run_as(1);
	assert_int_equal(unmap(h, WINDOW, 0), GNTST_bad_handle);	/* handles are a domain's own */
}

static void test_refused(void **state)
{
	struct grant_entry_v1 *e = grant(1, 8, 2, 5, GTF_permit_access | GTF_readonly);

	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW), GNTST_general_error);
	assert_int_equal(e->flags, GTF_permit_access | GTF_readonly);
	assert_int_equal(map(8, 1, GNTMAP_readonly, WINDOW), GNTST_bad_gntref);
	assert_int_equal(map(4 * REFS_PER_FRAME, 1, GNTMAP_host_map, WINDOW), GNTST_bad_gntref);
	assert_int_equal(map(REFS_PER_FRAME, 1, GNTMAP_host_map, WINDOW), GNTST_bad_gntref);
	assert_int_equal(map(9, 1, GNTMAP_host_map, WINDOW), GNTST_general_error);	/* empty */
	assert_int_equal(map(8, 7, GNTMAP_host_map, WINDOW), GNTST_bad_domain);
	grant(1, 9, 0, 5, GTF_permit_access);
	assert_int_equal(map(9, 1, GNTMAP_host_map, WINDOW), GNTST_general_error);	/* dom0's */
	grant(1, 9, 2, 5, GTF_accept_transfer);
	assert_int_equal(map(9, 1, GNTMAP_host_map, WINDOW), GNTST_general_error);
	e = grant(1, 9, 2, 0, GTF_permit_access);
	assert_int_equal(map(9, 1, GNTMAP_host_map, WINDOW), GNTST_bad_page);	/* not its own */
	assert_int_equal(e->flags, GTF_permit_access);
	grant(1, 9, 2, 0x7fffffff, GTF_permit_access);
	assert_int_equal(map(9, 1, GNTMAP_host_map, WINDOW), GNTST_bad_page);
	frames[6].table = true;
	e = grant(1, 9, 2, 6, GTF_permit_access);
	assert_int_equal(map(9, 1, GNTMAP_host_map, WINDOW), GNTST_bad_page);
	assert_int_equal(e->flags, GTF_permit_access);
	assert_int_equal(map(8, 1, GNTMAP_host_map | GNTMAP_readonly, 0x5000), GNTST_general_error);
	assert_int_equal(e->flags & (GTF_reading | GTF_writing), 0);
	domains[1]->is_dying = true;
	assert_int_equal(map(8, 1, GNTMAP_host_map | GNTMAP_readonly, WINDOW), GNTST_bad_domain);
}

/* While in use, an entry stands for what it was: the granter's scribbling changes nothing. */
static void test_scribbling_granter(void **state)
{
	struct grant_entry_v1 *e = grant(1, 8, 2, 5, GTF_permit_access);
	u32 h;

	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW), GNTST_okay);
	h = last_handle;
	e->frame = 6;
	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW + PAGE_SIZE), GNTST_okay);
	assert_int_equal(pte_mfn(ptes[1]), 5);
	e->domid = 0;
	e->flags = 0;
	run_as(0);
	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW + 2 * PAGE_SIZE), GNTST_general_error);
	run_as(2);
	assert_int_equal(unmap(h, WINDOW, 0), GNTST_okay);
	assert_int_equal(unmap(last_handle, WINDOW + PAGE_SIZE, 0), GNTST_okay);
	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW), GNTST_general_error);
}

/* A handle for reading can't take down a writable entry, nor the other way round. */
static void test_mixed_rights(void **state)
{
	struct grant_entry_v1 *e = grant(1, 8, 2, 5, GTF_permit_access);
	u32 r, w;

	assert_int_equal(map(8, 1, GNTMAP_host_map | GNTMAP_readonly, WINDOW), GNTST_okay);
	r = last_handle;
	assert_int_equal(e->flags, GTF_permit_access | GTF_reading);
	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW + PAGE_SIZE), GNTST_okay);
	w = last_handle;
	assert_int_equal(e->flags, GTF_permit_access | GTF_reading | GTF_writing);
	assert_int_equal(unmap(r, WINDOW + PAGE_SIZE, 0), GNTST_general_error);
	assert_int_equal(unmap(w, WINDOW, 0), GNTST_general_error);
	assert_int_equal(unmap(w, WINDOW + PAGE_SIZE, 0), GNTST_okay);
	assert_int_equal(e->flags, GTF_permit_access | GTF_reading);
	assert_int_equal(unmap(r, WINDOW, 0), GNTST_okay);
	assert_int_equal(e->flags, GTF_permit_access);
}

static void test_device_maps(void **state)
{
	struct grant_entry_v1 *e = grant(1, 8, 2, 5, GTF_permit_access);
	u32 h;

	assert_int_equal(map(8, 1, GNTMAP_host_map | GNTMAP_device_map, WINDOW), GNTST_okay);
	h = last_handle;
	assert_int_equal(frames[5].writable, 2);
	assert_int_equal(unmap(h, 0, 6 * PAGE_SIZE), GNTST_general_error);
	assert_int_equal(unmap(h, WINDOW, 0), GNTST_okay);
	assert_true(e->flags & GTF_writing);			/* the device still may */
	assert_int_equal(frames[5].writable, 1);
	assert_int_equal(unmap(h, 0, 5 * PAGE_SIZE), GNTST_okay);
	assert_int_equal(e->flags, GTF_permit_access);
	/* a failed host half takes the device's half back */
	assert_int_equal(map(8, 1, GNTMAP_host_map | GNTMAP_device_map, 0x5000), GNTST_general_error);
	assert_int_equal(e->flags, GTF_permit_access);
	assert_int_equal(frames[5].refs, 0);
}

/* The guest destroyed the entry itself: its references went then, and once only. */
static void test_entry_destroyed(void **state)
{
	grant(1, 8, 2, 5, GTF_permit_access);
	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW), GNTST_okay);
	put_pte(ptes[0]);
	ptes[0] = 0;
	assert_int_equal(unmap(last_handle, WINDOW, 0), GNTST_general_error);
	assert_int_equal(frames[5].refs, 0);
}

static void test_replace(void **state)
{
	struct gnttab_unmap_and_replace op = { .host_addr = WINDOW, .new_addr = WINDOW + PAGE_SIZE };
	u64 own = mk_pte(9, PTE_P | PTE_RW | PTE_US);

	grant(1, 8, 2, 5, GTF_permit_access);
	assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW), GNTST_okay);
	op.handle = last_handle;
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_and_replace, (u64)&op, 1), 0);
	assert_int_equal(op.status, GNTST_bad_virt_addr);	/* nothing there */
	frames[9].refs = frames[9].writable = 1;
	ptes[1] = own;
	op.host_addr = WINDOW + 2 * PAGE_SIZE;			/* not where it is mapped */
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_and_replace, (u64)&op, 1), 0);
	assert_int_equal(op.status, GNTST_general_error);
	assert_int_equal(ptes[1], own);
	tlb_stale = false;
	op.host_addr = WINDOW;
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_and_replace, (u64)&op, 1), 0);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(ptes[0], own);
	assert_int_equal(ptes[1], 0);
	assert_int_equal(frames[9].refs, 1);
	assert_int_equal(frames[5].refs, 0);
}

/* As many mappings as there are handles; one flush for a whole batch of unmaps. */
static void test_many(void **state)
{
	enum { HANDLES = 2 * HANDLES_PER_FRAME };
	static struct gnttab_unmap_grant_ref ops[HANDLES + 1];
	unsigned n;

	grant(1, 8, 2, 5, GTF_permit_access);
	for (n = 0; !map(8, 1, GNTMAP_device_map, 0); n++)
		ops[n] = (struct gnttab_unmap_grant_ref){ .dev_bus_addr = 5 * PAGE_SIZE,
							  .handle = last_handle };
	assert_int_equal(n, HANDLES);
	assert_int_equal(map(8, 1, GNTMAP_device_map, 0), GNTST_no_space);
	ops[n] = ops[0];
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_grant_ref, (u64)ops, n + 1), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ops[i].status, GNTST_okay);
	assert_int_equal(ops[n].status, GNTST_bad_handle);

	for (n = 0; n < 8; n++) {
		assert_int_equal(map(8, 1, GNTMAP_host_map, WINDOW + n * PAGE_SIZE), GNTST_okay);
		ops[n] = (struct gnttab_unmap_grant_ref){ .host_addr = WINDOW + n * PAGE_SIZE,
							  .handle = last_handle };
	}
	flushes = 0;
	assert_int_equal(do_grant_table_op(GNTTABOP_unmap_grant_ref, (u64)ops, n), 0);
	assert_int_equal(flushes, 1);
}

static void test_table_commands(void **state)
{
	xen_pfn_t list[4] = { 0 };
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 5 };
	struct gnttab_query_size q = { .dom = DOMID_SELF };
	struct gnttab_set_version ver = { 2 };
	struct gnttab_swap_grant_ref swap = { 8, 9, 0 };
	u64 mfns[2];

	setup.frame_list.p = list;
	assert_int_equal(do_grant_table_op(GNTTABOP_setup_table, (u64)&setup, 1), 0);
	assert_int_equal(setup.status, GNTST_general_error);
	setup.nr_frames = 1;
	assert_int_equal(do_grant_table_op(GNTTABOP_setup_table, (u64)&setup, 1), 0);
	assert_int_equal(setup.status, GNTST_okay);
	assert_true(list[0] && !list[1]);
	setup.dom = 1;
	assert_int_equal(do_grant_table_op(GNTTABOP_setup_table, (u64)&setup, 1), 0);
	assert_int_equal(setup.status, GNTST_permission_denied);
	assert_int_equal(do_grant_table_op(GNTTABOP_query_size, (u64)&q, 1), 0);
	assert_int_equal(q.nr_frames, 1);
	assert_int_equal(q.max_nr_frames, 4);
	assert_int_equal(do_grant_table_op(GNTTABOP_set_version, (u64)&ver, 1), -ENOSYS);
	ver.version = 1;
	assert_int_equal(do_grant_table_op(GNTTABOP_set_version, (u64)&ver, 1), 0);
	assert_int_equal(do_grant_table_op(GNTTABOP_transfer, (u64)&ver, 1), -ENOSYS);
	assert_int_equal(do_grant_table_op(GNTTABOP_query_size, (u64)&q, 1UL << 31), -EINVAL);
	assert_int_equal(do_grant_table_op(GNTTABOP_query_size, 8, 1), -EFAULT);
	assert_int_equal(grant_acquire_frames(domains[2], 3, 2, mfns), -EINVAL);
	assert_int_equal(grant_acquire_frames(domains[2], 0xffffffff, 2, mfns), -EINVAL);
	assert_int_equal(grant_acquire_frames(domains[2], 0, 2, mfns), 0);
	assert_int_equal(mfns[0], list[0]);

	grant(2, 8, 1, 9, GTF_permit_access);
	assert_int_equal(do_grant_table_op(GNTTABOP_swap_grant_ref, (u64)&swap, 1), 0);
	assert_int_equal(swap.status, GNTST_okay);
	assert_int_equal(domains[2]->grant->shared[0][9].frame, 9);
	run_as(1);
	assert_int_equal(map(9, 2, GNTMAP_device_map, 0), GNTST_okay);
	run_as(2);
	assert_int_equal(do_grant_table_op(GNTTABOP_swap_grant_ref, (u64)&swap, 1), 0);
	assert_int_equal(swap.status, GNTST_eagain);
}

/* What the toolstack sets, up to what the options of their defaults allow; -1 asks for that. */
static void test_limits(void **state)
{
	static const struct { int frames, maptrack, result, max_frames, max_maptrack; } cases[] = {
		{ -1, -1, 0, 64, 1024 }, { 64, 1024, 0, 64, 1024 }, { 1, 0, 0, 1, 0 },
		{ 65, 1024, -EINVAL, 0, 0 }, { 64, 1025, -EINVAL, 0, 0 }, { 0, 1024, -EINVAL, 0, 0 },
		{ INT32_MAX, -1, -EINVAL, 0, 0 }, { -1, INT32_MAX, -EINVAL, 0, 0 }, { INT32_MIN, -1, 0, 64, 1024 },
	};
	struct domain d = { .id = 9, .refs = 1 };

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(grant_init(&d, cases[i].frames, cases[i].maptrack), cases[i].result);
		if (cases[i].result)
			continue;
		assert_int_equal(d.grant->max_frames, cases[i].max_frames);
		assert_int_equal(d.grant->max_maptrack, cases[i].max_maptrack);
		assert_false(grant_grow(&d, cases[i].max_frames + 1));
		assert_true(grant_grow(&d, cases[i].max_frames));
		grant_destroy(&d);
	}
	unit_log_clear();
	assert_int_equal(grant_init(&d, 65, -1), -EINVAL);
	assert_non_null(strstr(unit_log, "65 grant frames refused: gnttab_max_frames allows 64"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

static int tests(void)
{
	const struct CMUnitTest all[] = {
		TEST(test_map_and_unmap), TEST(test_refused), TEST(test_scribbling_granter),
		TEST(test_mixed_rights), TEST(test_device_maps), TEST(test_entry_destroyed),
		TEST(test_replace), TEST(test_many), TEST(test_table_commands), TEST(test_limits),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
	return run_on_hv_stack(tests);
}
