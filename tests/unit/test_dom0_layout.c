/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/boot/dom0_layout.c xen/boot/e820.c xen/boot/elf.c xen/boot/elf_notes.c xen/boot/initrd.c */
/*
 * Domain 0's layout, by the rules of public/xen.h ("Start-of-day memory layout"), and the
 * memory map's clean-up; and whether an initrd is complete.
 */
#include <xen/boot.h>
#include <xen/cpu.h>
#include "../../xen/boot/dom0.h"
#include "../../xen/boot/initrd.h"

#define MB(n) ((u64)(n) << 20)

struct e820_map e820;
struct cpu_features cpu_features = { .maxphysaddr = 40 };
void serve_flush(void) { }

static struct elf_image kernel = {
	.virt_base = 0xffffffff80000000, .kstart = 0xffffffff81000000, .kend = 0xffffffff84a00123,
	.init_p2m = 0x8000000000, .has_init_p2m = true, .mod_start_pfn = true,
};

/* Tables as a walk of the region would make them, counted the slow way. */
static u64 count_tables(vaddr_t start, vaddr_t end)
{
	u64 n = 1;

	for (unsigned shift = 21; shift <= 39; shift += 9) {
		vaddr_t last = ~0UL;

		for (vaddr_t va = start; va < end && va >= start; va += PAGE_SIZE) {
			n += va >> shift != last;
			last = va >> shift;
		}
	}
	return n;
}

static void check_region(const struct dom0_layout *l)
{
	vaddr_t used_end = region_va(l, l->stack + 1);

	assert_int_equal(l->table_pages, count_tables(l->v_start, l->v_end));
	assert_int_equal(l->v_end % MB(4), 0);
	assert_true(l->v_end - used_end >= MB(4) / 8);
	assert_true(l->v_end - used_end < MB(4) + MB(4) / 8);
	assert_int_equal(l->tables, l->start_info + 1);
	assert_int_equal(l->stack, l->tables + l->table_pages);
	assert_int_equal(l->region_pages, (l->v_end - l->v_start) >> PAGE_SHIFT);
}

static void test_linux(void **state)
{
	struct dom0_layout l;
	const char *why;

	for (u64 mb = 100; mb < 300000; mb = mb * 3 / 2) {
		u64 nr = MB(mb) >> PAGE_SHIFT;

		assert_int_equal(dom0_layout(&l, &kernel, nr, 777, &why), 0);
		check_region(&l);
		assert_int_equal(l.start_info, 0x4a01);
		assert_int_equal(l.initrd, l.region_pages);
		assert_int_equal(l.p2m, l.initrd + 777);
		assert_int_equal(l.p2m_pages, PFN_UP(nr * 8));
		assert_int_equal(l.p2m_tables, l.p2m + l.p2m_pages);
		/* all but the L4, which is there */
		assert_int_equal(l.p2m_table_pages,
				 count_tables(l.p2m_va, l.p2m_va + nr * 8) - 1);
		assert_int_equal(l.used_pages, l.p2m_tables + l.p2m_table_pages);
	}
}

static void test_all_inside(void **state)
{
	struct elf_image elf = kernel;
	struct dom0_layout l;
	const char *why;

	elf.has_init_p2m = elf.mod_start_pfn = false;
	assert_int_equal(dom0_layout(&l, &elf, 100000, 777, &why), 0);
	check_region(&l);
	assert_int_equal(l.initrd, 0x4a01);
	assert_int_equal(l.p2m, 0x4a01 + 777);
	assert_int_equal(l.p2m_va, elf.virt_base + (l.p2m << PAGE_SHIFT));
	assert_int_equal(l.start_info, l.p2m + l.p2m_pages);
	assert_int_equal(l.p2m_table_pages, 0);
	assert_int_equal(l.used_pages, l.region_pages);
}

/* A P2M in the same 1 GB or 512 GB as the region uses the region's tables. */
static void test_shared_tables(void **state)
{
	struct elf_image elf = kernel;
	struct dom0_layout l;
	const char *why;

	elf.init_p2m = 0xffffffffa0000000;
	assert_int_equal(dom0_layout(&l, &elf, 512 * 512, 0, &why), 0);
	assert_int_equal(l.p2m_table_pages, 1);
	elf.init_p2m = 0xffffff8000000000;
	assert_int_equal(dom0_layout(&l, &elf, 512 * 512, 0, &why), 0);
	assert_int_equal(l.p2m_table_pages, 2);
	elf.init_p2m = elf.virt_base + MB(16);
	assert_int_equal(dom0_layout(&l, &elf, 512 * 512, 0, &why), -EINVAL);
}

static void test_too_large(void **state)
{
	struct elf_image elf = kernel;
	struct dom0_layout l;
	const char *why = NULL;

	elf.mod_start_pfn = false;
	assert_int_equal(dom0_layout(&l, &elf, 100000, MB(2048) >> PAGE_SHIFT, &why), -EINVAL);
	assert_non_null(why);
	elf = kernel;
	elf.virt_base += 8;
	assert_int_equal(dom0_layout(&l, &elf, 100000, 0, &why), -EINVAL);
}

/* ---- e820 ---- */

static void add(u64 start, u64 end, u32 type)
{
	e820.r[e820.n++] = (struct e820_range){ start, end - start, type };
}

static void check_map(const struct e820_range *want, unsigned n)
{
	assert_int_equal(e820.n, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(e820.r[i].addr, want[i].addr);
		assert_int_equal(e820.r[i].size, want[i].size);
		assert_int_equal(e820.r[i].type, want[i].type);
	}
}

static void test_map_overlaps(void **state)
{
	static const struct e820_range want[] = {
		{ 0, 0x9000, E820_RAM }, { 0x9000, 0x1000, E820_RESERVED },
		{ 0x10000, 0x1000, E820_RAM }, { 0x11000, 0x1000, E820_ACPI },
		{ 0x12000, 0x2000, E820_RAM }, { 0x20000, 0x1000, E820_RESERVED },
	};

	e820.n = 0;
	add(0x12000, 0x14000, E820_RAM);
	add(0x9000, 0xa000, E820_RESERVED);
	add(0x11000, 0x12000, E820_ACPI);
	add(0, 0xa000, E820_RAM);
	add(0x10000, 0x13000, E820_RAM);
	add(0x20000, 0x21000, 77);
	add(0x30000, 0x30000, E820_RAM);	/* empty */
	add(~0UL - 10, 20, E820_RAM);		/* wraps */
	e820_map_normalise(&e820);
	check_map(want, ARRAY_SIZE(want));
}

static void test_map_set(void **state)
{
	static const struct e820_range want[] = {
		{ 0, 0x3000, E820_RAM }, { 0x3000, 0x2000, E820_RESERVED },
		{ 0x5000, 0xb000, E820_RAM }, { 0x20000, 0x1000, E820_RESERVED },
	};

	e820.n = 0;
	add(0, 0x10000, E820_RAM);
	e820_set(0x3000, 0x5000, E820_RESERVED);
	e820_set(0x20000, 0x21000, E820_RESERVED);
	check_map(want, ARRAY_SIZE(want));
	e820_set(0x2000, 0x22000, E820_RAM);		/* a weaker type wins here */
	assert_int_equal(e820.n, 1);
	assert_int_equal(e820.r[0].size, 0x22000);
}

/* Random ranges: afterwards sorted, apart, and of the strictest type at each place. */
static void test_map_random(void **state)
{
	uint64_t rnd = 42;

	for (unsigned round = 0; round < 300; round++) {
		struct e820_map in = { 0 };

		in.n = 1 + unit_random(&rnd) % 20;
		for (unsigned i = 0; i < in.n; i++)
			in.r[i] = (struct e820_range){ unit_random(&rnd) % 64, unit_random(&rnd) % 16,
						       1 + unit_random(&rnd) % 5 };
		e820 = in;
		e820_map_normalise(&e820);
		for (unsigned i = 1; i < e820.n; i++)
			assert_true(e820.r[i - 1].addr + e820.r[i - 1].size <= e820.r[i].addr);
		for (u64 a = 0; a < 80; a++) {
			static const unsigned order[] = { 0, 1, 4, 2, 3, 5 };
			unsigned want = 0, got = 0;

			for (unsigned i = 0; i < in.n; i++)
				if (a - in.r[i].addr < in.r[i].size)
					want = MAX(want, order[in.r[i].type]);
			for (unsigned i = 0; i < e820.n; i++)
				if (a - e820.r[i].addr < e820.r[i].size)
					got = order[e820.r[i].type];
			assert_int_equal(got, want);
		}
	}
}

/* What is wrong in the firmware's map is said, and the rest of it used. */
static void test_map_faults(void **state)
{
	static const struct e820_range want[] = {
		{ 0, 0x8000, E820_RAM }, { 0x8000, 0x8000, E820_RESERVED },
		{ 1UL << 39, 1UL << 39, E820_RAM },
	};

	e820.n = 0;
	add(0, 0x10000, E820_RAM);
	e820_init();
	assert_null(strstr(unit_log, "overlaps"));
	assert_null(strstr(unit_log, "has no end"));
	add(0x8000, 0x10000, E820_RESERVED);
	add(~0UL - 10, 20, E820_RESERVED);
	add(1UL << 39, 1UL << 41, E820_RAM);	/* beyond what the CPU addresses */
	e820.dropped = 3;
	unit_log_clear();
	e820_init();
	check_map(want, ARRAY_SIZE(want));
	assert_non_null(strstr(unit_log, "1 overlaps"));
	assert_non_null(strstr(unit_log, "of 1f bytes at fffffffffffffff5 has no end"));
	assert_non_null(strstr(unit_log, "above 10000000000 it can't be reached"));
	assert_non_null(strstr(unit_log, "the last 3 are left out"));
	e820.n = e820.dropped = 0;
	expect_assert_failure(e820_init());	/* no RAM at all: the panic says what to do */
	e820.n = 0;
}

/* ---- initrd ---- */

static unsigned put_cpio(u8 *p, const char *name, unsigned size)
{
	unsigned n = sprintf((char *)p, "070701%08x%08x%08x%08x%08x%08x%08X%08x%08x%08x%08x%08x%08x%s",
			     1, 0100644, 0, 0, 1, 0, size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0,
			     name) + 1;

	return ROUND_UP(ROUND_UP(n, 4) + size, 4);
}

/* A frame: window byte, a raw block of 5 bytes, a run, the last raw block empty, a checksum. */
static const u8 zstd_frame[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x40, 5 << 3, 0, 0, 1, 2, 3, 4, 5,
	0x02, 0xff, 0, 9, 0x01, 0, 0, 0xc, 0xc, 0xc, 0xc,
};

static void test_initrd(void **state)
{
	static u8 buf[2048];
	unsigned early, n;
	const char *why;

	n = put_cpio(buf, "kernel/x86/microcode", 301);
	n += put_cpio(buf + n, "init", 3);
	early = n += put_cpio(buf + n, "TRAILER!!!", 0);
	assert_true(initrd_complete(buf, early, &why));
	for (n = 8; n < early; n++)
		assert_false(initrd_complete(buf, n, &why));

	n = ROUND_UP(early, 512);
	memcpy(buf + n, zstd_frame, sizeof(zstd_frame));
	assert_true(initrd_complete(buf, n + sizeof(zstd_frame), &why));
	assert_true(initrd_complete(buf, sizeof(buf), &why));
	for (unsigned cut = 8; cut < sizeof(zstd_frame); cut++)
		assert_false(initrd_complete(buf, n + cut, &why));
	assert_string_equal(why, "its zstd archive goes on behind the file's end");

	memset(buf, 1, sizeof(buf));
	memcpy(buf, "\xfd" "7zXZ", 6);
	memcpy(buf + 1000, "YZ\0\0", 4);
	assert_true(initrd_complete(buf, 1004, &why));
	assert_true(initrd_complete(buf, 1002, &why));
	assert_false(initrd_complete(buf, 1001, &why));

	memset(buf, 0x55, sizeof(buf));			/* a format that we don't know */
	assert_true(initrd_complete(buf, sizeof(buf), &why));
	assert_true(initrd_complete(buf, 0, &why));
}

/* Random bytes behind a magic number never lead out of the buffer: the sanitizer looks. */
static void test_initrd_fuzz(void **state)
{
	static const char *const magic[] = { "070701", "\x28\xb5\x2f\xfd", "\x52\x2a\x4d\x18" };
	uint64_t rnd = 7;

	for (unsigned round = 0; round < 20000; round++) {
		unsigned len = 8 + unit_random(&rnd) % 300;
		u8 *buf = malloc(len);
		const char *why;

		for (unsigned i = 0; i < len; i++)
			buf[i] = round & 1 ? unit_random(&rnd) : '0' + unit_random(&rnd) % 2;
		memcpy(buf, magic[round % 3], strlen(magic[round % 3]));
		initrd_complete(buf, len, &why);
		free(buf);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_all_inside),
		cmocka_unit_test(test_shared_tables),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_map_overlaps),
		cmocka_unit_test(test_map_set),
		cmocka_unit_test(test_map_random),
		cmocka_unit_test(test_map_faults),
		cmocka_unit_test(test_initrd),
		cmocka_unit_test(test_initrd_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
