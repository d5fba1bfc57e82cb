/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/lib/string.c */
/*
 * The hypervisor's command line, and the sizes of domain 0 that it asks for. Options are
 * declared here as rooms declare theirs, in a section that the host's linker gives ends to.
 */
#include <xen/boot.h>

#undef BOOT_OPTION
#undef BOOT_FN
#define OPTION(name_, kind_, var_, len_)					\
	static const struct boot_option __used __aligned(8)			\
	__attribute__((section("test_options"))) opt_##var_ =			\
	{ name_, kind_, &var_, len_, "" }
#define BOOT_FN(name_, fn_, help_)						\
	static const struct boot_option __used __aligned(8)			\
	__attribute__((section("test_options"))) opt_##fn_ =			\
	{ name_, OPT_FN, fn_, 0, help_ }
#define __boot_options_start	__start_test_options
#define __boot_options_end	__stop_test_options

#include "../../xen/boot/cmdline.c"
#include "../../xen/boot/dom0_mem.c"

unsigned nr_cpus = 1;
void serve_flush(void) { }

static bool noreboot, vga_keep, keep_too;
static u32 com1;
static u64 ring;
static char console[16];

OPTION("noreboot", OPT_BOOL, noreboot, 0);
OPTION("vga-keep", OPT_BOOL, vga_keep, 0);
OPTION("vga-keep", OPT_BOOL, keep_too, 0);
OPTION("com1", OPT_UINT, com1, 0);
OPTION("conring_size", OPT_SIZE, ring, 0);
OPTION("console", OPT_STR, console, sizeof(console));

/* What is said of a command line. */
static const char *said(const char *cmdline)
{
	nr_complaints = 0;
	unit_log_clear();
	cmdline_parse(cmdline);
	cmdline_report();
	return unit_log;
}

static void test_values(void **state)
{
	assert_string_equal(said("  com1=115200\tconsole=com1,vga  conring_size=64k noreboot\n"), "");
	assert_int_equal(com1, 115200);
	assert_string_equal(console, "com1,vga");
	assert_int_equal(ring, 65536);
	assert_true(noreboot);
	said("com1=0x3f8 conring_size=16 noreboot=off");
	assert_int_equal(com1, 0x3f8);
	assert_int_equal(ring, 16384);
	assert_false(noreboot);
	assert_string_equal(said(""), "");
}

static void test_bools(void **state)
{
	static const struct { const char *word; bool value; } cases[] = {
		{ "vga-keep", true }, { "no-vga-keep", false }, { "vga_keep=yes", true },
		{ "novga_keep", false }, { "vga-keep=1", true }, { "vga-keep=false", false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(said(cases[i].word), "");
		assert_int_equal(vga_keep, cases[i].value);
		assert_int_equal(keep_too, cases[i].value);
	}
}

static void test_complaints(void **state)
{
	assert_string_equal(said("bogus=1 noreboot com1=fast nocom1"),
		"Command line: 'bogus=1' is no option of this hypervisor; ignored\n"
		"Command line: 'com1=fast' takes a number; ignored\n"
		"Command line: 'nocom1' is no option of this hypervisor; ignored\n");
	assert_true(noreboot);
	assert_non_null(strstr(said("console=0123456789abcdef"), "too long"));
	assert_non_null(strstr(said("noreboot=perhaps"), "yes or no"));
	assert_non_null(strstr(said("com1=4294967296"), "number"));
	assert_non_null(strstr(said("conring_size=x"), "size"));
}

static void test_image_name(void **state)
{
	assert_string_equal(said("/boot/xen.gz noreboot"), "");
	assert_string_equal(said("placeholder noreboot"), "");
	assert_non_null(strstr(said("noreboot /boot/xen.gz"), "no option"));
	assert_non_null(strstr(said("xen noreboot"), "no option"));
}

/* However long and however many: nothing is written out of bounds (the sanitizer looks). */
static void test_floods(void **state)
{
	static char line[6000];

	memset(line, 'a', sizeof(line) - 1);
	assert_non_null(strstr(said(line), "too long"));
	for (unsigned i = 1; i < sizeof(line) - 1; i += 2)
		line[i] = ' ';
	assert_non_null(strstr(said(line), "'a' is no option"));
}

#define MB(n) ((u64)(n) << 8)	/* in frames */

static u64 frames(const char *value, u64 avail, u64 *max)
{
	want.set = least.set = most.set = false;
	assert_int_equal(dom0_mem_parse(value), 0);
	return dom0_mem_pages(avail, max);
}

static void test_dom0_mem(void **state)
{
	u64 max, avail = MB(1000);

	assert_int_equal(frames("512M", avail, &max), MB(512));
	assert_int_equal(max, ~0u);
	assert_int_equal(frames("524288", avail, &max), MB(512));
	assert_int_equal(frames("512M,max:1G", avail, &max), MB(512));
	assert_int_equal(max, MB(1024));
	assert_int_equal(frames("max:600M", avail, &max), MB(600));
	assert_int_equal(frames("min:300M,25%", avail, &max), MB(300));
	assert_int_equal(frames("50%", avail, &max), MB(500));
	assert_int_equal(frames("100M+50%", avail, &max), MB(600));
	assert_int_equal(frames("-200M", avail, &max), MB(800));
	assert_int_equal(frames("-2000M", avail, &max), 0);
	assert_int_equal(frames("4G", avail, &max), avail);
	want.set = false;
	most.set = false;
	assert_int_equal(dom0_mem_pages(avail, &max), avail - avail / 16);
	assert_int_equal(dom0_mem_pages(MB(8192), &max), MB(8192 - 128));
}

static void test_dom0_mem_bad(void **state)
{
	static const char *const bad[] = { "", "big", "512M,", "512Mx", "101%", "min:", "5+%", "1G+" };

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(dom0_mem_parse(bad[i]), -EINVAL);
}

static void test_dom0_vcpus(void **state)
{
	nr_cpus = 4;
	assert_int_equal(dom0_vcpus(), 4);
	assert_int_equal(parse_vcpus("2"), 0);
	assert_int_equal(dom0_vcpus(), 2);
	assert_int_equal(parse_vcpus("6-8"), 0);
	assert_int_equal(dom0_vcpus(), 6);
	assert_int_equal(parse_vcpus("-3"), 0);
	assert_int_equal(dom0_vcpus(), 3);
	assert_int_equal(parse_vcpus("1-"), 0);
	assert_int_equal(dom0_vcpus(), 4);
	assert_int_equal(parse_vcpus("100"), 0);
	assert_int_equal(dom0_vcpus(), MAX_VCPUS);
	assert_int_equal(parse_vcpus("0"), -EINVAL);
	assert_int_equal(parse_vcpus("3-2"), -EINVAL);
	assert_int_equal(parse_vcpus("two"), -EINVAL);
	assert_int_equal(parse_vcpus(""), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_image_name),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_dom0_mem),
		cmocka_unit_test(test_dom0_mem_bad),
		cmocka_unit_test(test_dom0_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
