/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/acpi/parse.c */
/* The readers of ACPI tables: what they find, and that no bytes make them read too far. */
#include "../../xen/acpi/parse.h"

static struct acpi_info info;

static void put16(u8 *p, u16 v) { memcpy(p, &v, 2); }
static void put32(u8 *p, u32 v) { memcpy(p, &v, 4); }
static void put64(u8 *p, u64 v) { memcpy(p, &v, 8); }

static int setup(void **state)
{
	acpi_defaults(&info, 7, 0xfee00000);
	return 0;
}

/* ---- MADT ---- */

static u8 madt[512];
static u32 madt_len;

static void madt_start(void)
{
	memset(madt, 0, sizeof(madt));
	put32(madt + 36, 0xfee01000);
	madt_len = 44;
}

static u8 *madt_add(u8 type, u8 len)
{
	u8 *e = madt + madt_len;

	e[0] = type;
	e[1] = len;
	madt_len += len;
	return e;
}

static void add_lapic(u8 acpi_id, u8 apic_id, u32 flags)
{
	u8 *e = madt_add(0, 8);

	e[2] = acpi_id;
	e[3] = apic_id;
	put32(e + 4, flags);
}

static void test_madt_cpus(void **state)
{
	u8 *e;

	madt_start();
	add_lapic(0, 0, 1);
	add_lapic(1, 2, 1);
	add_lapic(2, 4, 0);		/* not there */
	add_lapic(3, 0xff, 1);		/* means none */
	e = madt_add(9, 16);
	put32(e + 4, 300);
	put32(e + 8, 1);
	put32(e + 12, 77);
	e = madt_add(9, 16);		/* CPU 2 once more, as an x2APIC */
	put32(e + 4, 2);
	put32(e + 8, 1);
	assert_null(acpi_parse_madt(&info, madt, madt_len));
	assert_int_equal(info.nr_cpus, 3);
	assert_int_equal(info.cpu[1].apic_id, 2);
	assert_int_equal(info.cpu[2].apic_id, 300);
	assert_int_equal(info.cpu[2].acpi_id, 77);
	assert_int_equal(info.lapic, 0xfee01000);

	acpi_boot_cpu_first(&info, 2);
	assert_int_equal(info.cpu[0].apic_id, 2);
	assert_int_equal(info.cpu[0].acpi_id, 1);
	assert_int_equal(info.cpu[1].apic_id, 0);
	assert_int_equal(info.nr_cpus, 3);
	acpi_boot_cpu_first(&info, 9);	/* the table forgot it */
	assert_int_equal(info.cpu[0].apic_id, 9);
	assert_int_equal(info.nr_cpus, 4);
}

static void test_madt_many_cpus(void **state)
{
	static u8 big[44 + 255 * 8];

	memset(big, 0, sizeof(big));
	for (unsigned i = 0; i < 255; i++) {
		u8 *e = big + 44 + 8 * i;

		e[1] = 8;
		e[3] = i;
		e[4] = 1;
	}
	unit_log_clear();
	assert_null(acpi_parse_madt(&info, big, sizeof(big)));
	assert_int_equal(info.nr_cpus, 64);
	assert_non_null(strstr(unit_log, "255 CPUs"));
	acpi_boot_cpu_first(&info, 200);
	assert_int_equal(info.nr_cpus, 64);
	assert_int_equal(info.cpu[0].apic_id, 200);
}

static void test_madt_wiring(void **state)
{
	u8 *e;

	madt_start();
	e = madt_add(1, 12);
	e[2] = 5;
	put32(e + 4, 0xfec00000);
	put32(e + 8, 24);
	e = madt_add(2, 10);		/* IRQ 0 -> GSI 2, as the bus has it */
	put32(e + 4, 2);
	e = madt_add(2, 10);		/* IRQ 9, level, low */
	e[3] = 9;
	put32(e + 4, 9);
	put16(e + 8, 0xf);
	e = madt_add(2, 10);		/* no ISA interrupt */
	e[3] = 16;
	e = madt_add(4, 6);
	e[5] = 0;
	put16(e + 3, 3);
	e = madt_add(5, 12);
	put64(e + 4, 0x1fee00000);
	madt_add(0x80, 2);		/* types unknown to us are passed over */
	assert_null(acpi_parse_madt(&info, madt, madt_len));
	assert_int_equal(info.nr_ioapics, 1);
	assert_int_equal(info.ioapic[0].id, 5);
	assert_int_equal(info.ioapic[0].gsi_base, 24);
	assert_int_equal(info.isa[0].gsi, 2);
	assert_true(info.isa[0].overridden);
	assert_false(info.isa[0].level);
	assert_true(info.isa[9].level && info.isa[9].low);
	assert_int_equal(info.isa[4].gsi, 4);
	assert_false(info.isa[4].overridden);
	assert_int_equal(info.nmi_lint, 0);
	assert_true(info.nmi_low);
	assert_int_equal(info.lapic, 0x1fee00000);
}

static void test_madt_broken(void **state)
{
	struct acpi_info before = info;

	madt_start();
	add_lapic(0, 0, 1);
	madt_add(0, 0);			/* would never end */
	assert_non_null(acpi_parse_madt(&info, madt, madt_len + 2));
	madt_start();
	madt_add(1, 12);
	assert_non_null(acpi_parse_madt(&info, madt, madt_len - 1));
	assert_non_null(acpi_parse_madt(&info, madt, 43));
	assert_memory_equal(&before, &info, sizeof(info));
}

/* ---- the others ---- */

static void test_fadt(void **state)
{
	u8 t[244] = { 0 };
	paddr_t dsdt = 0;

	t[8] = 1;
	put32(t + 40, 0x7fe0000);
	put16(t + 46, 9);
	put32(t + 56, 0x600);
	put32(t + 64, 0x604);
	put32(t + 76, 0x608);
	assert_null(acpi_parse_fadt(&info, &dsdt, t, 116));
	assert_int_equal(dsdt, 0x7fe0000);
	assert_int_equal(info.sci, 9);
	assert_int_equal(info.pm1a_cnt, 0x604);
	assert_int_equal(info.pm_timer_port, 0x608);
	assert_true(info.has_8042);
	assert_false(info.reset.valid);

	t[8] = 5;
	put32(t + 112, 1 << 10 | 1 << 8);
	t[116] = 1;
	t[117] = 8;
	put64(t + 120, 0xcf9);
	t[128] = 0xf;
	put64(t + 140, 0x123456789000);
	t[208] = 1;
	put64(t + 212, 0xb008);
	assert_null(acpi_parse_fadt(&info, &dsdt, t, sizeof(t)));
	assert_int_equal(dsdt, 0x123456789000);
	assert_int_equal(info.pm_timer_port, 0xb008);
	assert_true(info.pm_timer_32bit);
	assert_int_equal(info.pm1a_cnt, 0x604);	/* the extended block is empty */
	assert_true(info.reset.valid);
	assert_int_equal(info.reset.addr, 0xcf9);
	assert_int_equal(info.reset.value, 0xf);
	assert_false(info.has_8042);
	assert_true(info.legacy_free);
	assert_non_null(acpi_parse_fadt(&info, &dsdt, t, 115));
}

static void test_hpet_mcfg(void **state)
{
	u8 h[56] = { 0 }, m[44 + 32] = { 0 };

	put64(h + 44, 0xfed00000);
	assert_null(acpi_parse_hpet(&info, h, sizeof(h)));
	assert_int_equal(info.hpet, 0xfed00000);
	h[40] = 1;
	assert_non_null(acpi_parse_hpet(&info, h, sizeof(h)));
	put64(m + 44, 0xb0000000);
	m[55] = 255;
	put64(m + 60, 0xc0000000);
	m[60 + 10] = 9;			/* first bus above the last */
	assert_null(acpi_parse_mcfg(&info, m, sizeof(m)));
	assert_int_equal(info.nr_mcfg, 1);
	assert_int_equal(info.mcfg[0].last_bus, 255);
}

static void test_s5(void **state)
{
	u8 aml[] = "\x10\x20\x08_S5_\x12\x06\x04\x0a\x05\x01\x00\x00\x5b\x82";
	u8 root[] = "\x08\\_S5_\x12\x06\x04\x00\x0a\x07\x00\x00\x00";
	u8 call[] = "\x70\x70\x70_S5_\x12\x06\x04\x0a\x05\x01\x00\x00\x00";

	assert_int_equal(acpi_find_s5(aml, sizeof(aml) - 1), 5 | 1 << 8);
	assert_int_equal(acpi_find_s5(root, sizeof(root) - 1), 0 | 7 << 8);
	assert_int_equal(acpi_find_s5(call, sizeof(call) - 1), ~0u);
	assert_int_equal(acpi_find_s5(aml, 0), ~0u);
}

/* Tables of random bytes, in memory of exactly their length. */
static void test_random(void **state)
{
	uint64_t seed = 1;
	paddr_t dsdt;

	for (unsigned i = 0; i < 20000; i++) {
		u32 len = unit_random(&seed) % 300;
		u8 *t = malloc(len ? len : 1);

		for (u32 at = 0; at < len; at++)
			t[at] = unit_random(&seed) >> 16 & (i & 1 ? 0xff : 0x0f);
		if (len > 20 && (i & 2))
			memcpy(t + unit_random(&seed) % (len - 6), "\x08_S5_\x12", 6);
		setup(NULL);
		acpi_parse_madt(&info, t, len);
		assert_in_range(info.nr_cpus, 0, 64);
		assert_in_range(info.nr_ioapics, 0, 16);
		acpi_parse_fadt(&info, &dsdt, t, len);
		acpi_parse_hpet(&info, t, len);
		acpi_parse_mcfg(&info, t, len);
		acpi_find_s5(t, len);
		free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_madt_cpus, setup),
		cmocka_unit_test_setup(test_madt_many_cpus, setup),
		cmocka_unit_test_setup(test_madt_wiring, setup),
		cmocka_unit_test_setup(test_madt_broken, setup),
		cmocka_unit_test_setup(test_fadt, setup),
		cmocka_unit_test_setup(test_hpet_mcfg, setup),
		cmocka_unit_test_setup(test_s5, setup),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
