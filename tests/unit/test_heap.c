/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: */
/*
 * The heap and small objects, on 48 MB of make-believe machine: three zones of 16 MB.
 * Random users take and give; nobody ever gets what another has, or old bytes, and in the
 * end everything is one piece again.
 */
#include <xen/cpu.h>

#define NR_FRAMES 12288
static uint64_t ram[NR_FRAMES][512] __attribute__((aligned(4096)));
static uint64_t fake_m2p[NR_FRAMES];
static struct { uint64_t w[2]; } fake_frames[NR_FRAMES];

#undef FRAMETABLE_START
#undef RW_M2P_START
#define FRAMETABLE_START	((uintptr_t)fake_frames)
#define RW_M2P_START		((uintptr_t)fake_m2p)
#define mfn_to_va(mfn)		((void *)ram[mfn])
#define va_to_mfn(va)		(((uintptr_t)(va) - (uintptr_t)ram) >> PAGE_SHIFT)

#include "../../xen/mm/heap.c"
#include "../../xen/mm/slab.c"

struct cpu cpus[NR_CPUS];
unsigned nr_cpus = 2;
mfn_t max_mfn = NR_FRAMES;
uint32_t tlb_clock = 1;
static unsigned flushes;
static uint64_t flushed;		/* CPUs of the last flush */
static uint64_t rnd = 0x123456789;

/* Frame 0 and a hole are no RAM for the heap. */
#define HOLE_START	100
#define HOLE_END	160
#define RAM_FRAMES	(NR_FRAMES - 1 - (HOLE_END - HOLE_START))

bool mfn_valid(mfn_t mfn) { return mfn < NR_FRAMES; }
void serve_flush(void) { fail_msg("waits for a lock that nobody holds"); }

uint64_t cpus_to_flush(uint32_t clock)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		if ((int32_t)(cpus[i].tlb_time - clock) <= 0 && !cpus[i].no_guest)
			mask |= 1UL << i;
	return mask;
}

void flush_tlb_mask(uint64_t mask, vaddr_t va)
{
	flushes++;
	flushed = mask;
	tlb_clock++;
	for (unsigned i = 0; i < nr_cpus; i++)
		if (mask >> i & 1)
			cpus[i].tlb_time = tlb_clock;
}

static int setup(void **state)
{
	memset(chunks, 0, sizeof(chunks));
	memset(orders, 0, sizeof(orders));
	nr_free = nr_dirty = nr_claimed = 0;
	memset(ram, 0xaa, sizeof(ram));
	for (mfn_t mfn = 0; mfn < NR_FRAMES; mfn++)
		fake_frames[mfn].w[0] = COUNT_FREE;
	for (mfn_t mfn = HOLE_START; mfn < HOLE_END; mfn++)
		fake_frames[mfn].w[0] = OWNER(DOMID_IO) | PGC_ALLOCATED | 1;
	fake_frames[0].w[0] = COUNT_XEN;
	heap_add(1, HOLE_START);
	heap_add(HOLE_END, NR_FRAMES);
	assert_int_equal(free_frames_count(), RAM_FRAMES);
	return 0;
}

/* Every list is sound, and the whole memory is in as few chunks as can be. */
static void check_whole(void)
{
	assert_int_equal(free_frames_count(), RAM_FRAMES);
	forget_clean();
	assert_int_equal(dirty_frames_count(), RAM_FRAMES);
	for (unsigned z = 1; z < 2; z++)
		for (unsigned o = 0; o <= MAX_ORDER; o++)
			assert_int_equal(!!chunks[DIRTY][z][o], o == 12);
	assert_int_equal(chunks[DIRTY][1][12], 4096);
	assert_int_equal(chunks[DIRTY][2][12], 8192);
}

static bool is_zero(mfn_t mfn, unsigned order)
{
	for (u64 i = 0; i < 512UL << order; i++)
		if ((&ram[mfn][0])[i])
			return false;
	return true;
}

static void test_random(void **state)
{
	static struct { struct page_info *pg; unsigned order; } held[400];

	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = unit_random(&rnd) % ARRAY_SIZE(held);
		unsigned order = unit_random(&rnd) % 100 < 95 ? unit_random(&rnd) % 4 : unit_random(&rnd) % 11;

		if (held[i].pg) {
			mfn_t mfn = page_to_mfn(held[i].pg);

			/* still ours alone: what we wrote is there */
			assert_int_equal(ram[mfn][0], i + 1);
			assert_int_equal(page_owner(held[i].pg), DOMID_XEN);
			free_frames(held[i].pg, held[i].order);
			held[i].pg = NULL;
			continue;
		}
		held[i].pg = alloc_frames(order, 0);
		held[i].order = order;
		if (!held[i].pg)
			continue;
		assert_int_equal(page_to_mfn(held[i].pg) & ((1UL << order) - 1), 0);
		assert_true(is_zero(page_to_mfn(held[i].pg), order));
		for (unsigned j = 0; j < 1u << order; j++) {
			assert_int_equal(held[i].pg[j].count, COUNT_XEN);
			ram[page_to_mfn(held[i].pg) + j][0] = i + 1;
		}
		if (step % 64 == 0)
			scrub_some();
	}
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i].pg)
			free_frames(held[i].pg, held[i].order);
	check_whole();
}

/* Those who can use any memory get the highest. */
static void test_zones(void **state)
{
	struct page_info *pg = alloc_frames(0, MEMF_NO_SCRUB), *low = alloc_frames(0, MEMF_bits(24));

	assert_true(page_to_mfn(pg) >= 8192);
	assert_true(page_to_mfn(low) < 4096);
	free_frames(pg, 0);
	free_frames(low, 0);
	low = alloc_frames(4, MEMF_bits(18));		/* below 256 kB: 64 frames, 1 is the first */
	assert_non_null(low);
	assert_true(page_to_mfn(low) + 16 <= 64);
	assert_null(alloc_frames(6, MEMF_bits(18)));
	assert_null(alloc_frames(0, MEMF_bits(12)));
	assert_null(alloc_frames(13, 0));
	assert_null(alloc_frames(MAX_ORDER + 1, 0));
	free_frames(low, 4);
	pg = alloc_frames(12, MEMF_bits(25));
	assert_int_equal(page_to_mfn(pg), 4096);
	assert_null(alloc_frames(12, MEMF_bits(25)));
	free_frames(pg, 12);
	check_whole();
}

static void test_scrub(void **state)
{
	struct page_info *pg = alloc_frames(3, MEMF_NO_SCRUB);

	assert_int_equal(ram[page_to_mfn(pg)][7], 0xaaaaaaaaaaaaaaaa);
	free_frames(pg, 3);
	assert_int_equal(dirty_frames_count(), RAM_FRAMES);
	while (scrub_some())
		;
	assert_int_equal(dirty_frames_count(), 0);
	pg = alloc_frames(12, MEMF_NO_SCRUB);
	assert_true(is_zero(page_to_mfn(pg), 12));
	free_frames(pg, 12);
	assert_int_equal(dirty_frames_count(), 4096);
	pg = alloc_frames(0, MEMF_ZERO | MEMF_NO_SCRUB);
	assert_true(is_zero(page_to_mfn(pg), 0));
	free_frames(pg, 0);
	check_whole();
}

/* Clean frames first, but for who doesn't care; who needs many side by side has both kinds joined. */
static void test_kinds(void **state)
{
	struct domain d = { .max_pages = 20000 };
	struct page_info *half, *clean, *dirty, *low, *high;

	while (scrub_some())
		;
	half = alloc_frames(11, 0);
	assert_int_equal(page_to_mfn(half), 8192);
	memset(ram[8192], 0xaa, 4096);
	free_frames(half, 11);
	clean = alloc_frames(0, 0);
	assert_true(page_to_mfn(clean) >= 8192 + 2048);
	dirty = alloc_frames(0, MEMF_NO_SCRUB);
	assert_true(page_to_mfn(dirty) < 8192 + 2048);
	free_frames(clean, 0);
	free_frames(dirty, 0);

	low = alloc_domain_frames(&d, 12, 0);
	assert_int_equal(page_to_mfn(low), 4096);
	assert_null(alloc_domain_frames(&d, 12, 0));
	high = alloc_domain_frames(&d, 12, MEMF_JOIN);
	assert_int_equal(page_to_mfn(high), 8192);
	assert_true(is_zero(8192, 12));
	free_frames(low, 12);
	free_frames(high, 12);
	check_whole();
}

/*
 * A frame that a guest had isn't handed out before all CPUs have flushed that may know it, nor
 * zeroed for good; an idle CPU doesn't disturb them for that. Idle ones know none.
 */
static void test_flush(void **state)
{
	struct page_info *pg = alloc_frames(0, 0);
	uint64_t dirty;
	unsigned before;

	flush_tlb_mask(~0UL, ~0UL);
	before = flushes;
	free_frames(pg, 0);			/* the hypervisor's own: no flush */
	pg = alloc_frames(0, 0);
	assert_int_equal(flushes, before);
	pg->count = OWNER(5) | PGC_ALLOCATED;	/* a guest's, last reference gone */
	free_frames(pg, 0);
	assert_int_equal(flushes, before);
	dirty = dirty_frames_count();
	assert_false(scrub_some());
	assert_int_equal(dirty_frames_count(), dirty);
	assert_int_equal(flushes, before);
	pg = alloc_frames(0, 0);
	assert_int_equal(flushes, before + 1);
	assert_int_equal(flushed, 3);
	assert_true(scrub_some());
	assert_int_equal(dirty_frames_count(), dirty - 2);
	pg->count = OWNER(5) | PGC_ALLOCATED;
	free_frames(pg, 0);
	cpus[1].no_guest = true;
	pg = alloc_frames(2, 0);
	assert_int_equal(flushes, before + 2);
	assert_int_equal(flushed, 1);
	assert_int_equal(fake_m2p[page_to_mfn(pg)], M2P_INVALID);
	free_frames(pg, 2);
	cpus[1].no_guest = false;
}

static void test_claims(void **state)
{
	struct domain a = { .max_pages = 20000 }, b = { .max_pages = 20000 };
	struct page_info *pg, *big;

	assert_int_equal(claim_frames(&a, 30000), -EINVAL);
	assert_int_equal(claim_frames(&a, 15000), -ENOMEM);
	assert_int_equal(claim_frames(&a, RAM_FRAMES - 10), 0);
	assert_int_equal(claim_frames(&a, 5), -EINVAL);
	assert_int_equal(claim_frames(&b, 11), -ENOMEM);
	assert_null(alloc_domain_frames(&b, 4, 0));
	pg = alloc_domain_frames(&b, 3, 0);
	assert_non_null(pg);
	big = alloc_domain_frames(&a, 12, MEMF_NO_SCRUB);
	assert_non_null(big);
	assert_int_equal(a.claimed, RAM_FRAMES - 10 - 4096);
	assert_int_equal(claim_frames(&a, 0), 0);
	assert_int_equal(nr_claimed, 0);
	free_frames(pg, 3);
	free_frames(big, 12);
	b.tot_pages = 3;
	assert_int_equal(claim_frames(&b, 3), -EINVAL);
	assert_int_equal(claim_frames(&b, 10), 0);
	assert_int_equal(b.claimed, 7);
	assert_int_equal(claim_frames(&b, 0), 0);
	check_whole();
}

static void test_slab(void **state)
{
	static struct { u8 *p; size_t size; } held[600];

	assert_null(xmalloc(PAGES_MAX * PAGE_SIZE + 1));
	for (unsigned step = 0; step < 30000; step++) {
		unsigned i = unit_random(&rnd) % ARRAY_SIZE(held);
		size_t size = 1 + unit_random(&rnd) % (step % 50 ? 2100 : 70000);

		if (held[i].p) {
			for (size_t j = 0; j < held[i].size; j++)
				assert_int_equal(held[i].p[j], (u8)(i + j));
			xfree(held[i].p);
			held[i].p = NULL;
			continue;
		}
		held[i].p = xmalloc(size);
		held[i].size = size;
		if (!held[i].p)
			continue;
		assert_int_equal((uintptr_t)held[i].p & 15, 0);
		for (size_t j = 0; j < size; j++) {
			assert_int_equal(held[i].p[j], 0);
			held[i].p[j] = i + j;
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
		xfree(held[i].p);
	check_whole();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_random, setup),
		cmocka_unit_test_setup(test_zones, setup),
		cmocka_unit_test_setup(test_scrub, setup),
		cmocka_unit_test_setup(test_kinds, setup),
		cmocka_unit_test_setup(test_flush, setup),
		cmocka_unit_test_setup(test_claims, setup),
		cmocka_unit_test_setup(test_slab, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
