/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contents of the ACPI tables that the hypervisor needs: CPUs and interrupt
 * controllers (MADT), fixed registers (FADT), timer (HPET), config space (MCFG).
 * Section numbers are those of the ACPI specification 6.4.
 */
#include <xen/lib.h>
#include "parse.h"

#define HEADER_LEN	sizeof(struct acpi_header)

static u16 get16(const u8 *p) { return p[0] | p[1] << 8; }
static u32 get32(const u8 *p) { return get16(p) | (u32)get16(p + 2) << 16; }
static u64 get64(const u8 *p) { return get32(p) | (u64)get32(p + 4) << 32; }

bool acpi_sum_ok(const void *p, size_t len)
{
	const u8 *b = p;
	u8 sum = 0;

	while (len--)
		sum += *b++;
	return !sum;
}

void acpi_defaults(struct acpi_info *info, u32 boot_apic_id, paddr_t lapic)
{
	memset(info, 0, sizeof(*info));
	info->nr_cpus = 1;
	info->cpu[0].apic_id = boot_apic_id;
	info->lapic = lapic;
	for (unsigned i = 0; i < ARRAY_SIZE(info->isa); i++)
		info->isa[i].gsi = i;
	info->nmi_lint = 1;
	info->has_8042 = true;
	info->dsdt_s5 = ~0u;
}

/* ---- MADT (5.2.12) --------------------------------------------------------- */

#define MADT_ENABLED	1
#define CPUS_MAX	ARRAY_SIZE(((struct acpi_info *)0)->cpu)
#define IOAPICS_MAX	ARRAY_SIZE(((struct acpi_info *)0)->ioapic)

static void add_cpu(struct acpi_info *info, u32 apic_id, u32 acpi_id, u32 flags)
{
	if (!(flags & MADT_ENABLED))
		return;
	for (unsigned i = 0; i < info->nr_cpus && i < CPUS_MAX; i++)
		if (info->cpu[i].apic_id == apic_id)
			return;
	if (info->nr_cpus < CPUS_MAX) {
		info->cpu[info->nr_cpus].apic_id = apic_id;
		info->cpu[info->nr_cpus].acpi_id = acpi_id;
	}
	info->nr_cpus++;
}

static void add_ioapic(struct acpi_info *info, const u8 *e)
{
	if (info->nr_ioapics < IOAPICS_MAX) {
		info->ioapic[info->nr_ioapics].id = e[2];
		info->ioapic[info->nr_ioapics].pa = get32(e + 4);
		info->ioapic[info->nr_ioapics].gsi_base = get32(e + 8);
	}
	info->nr_ioapics++;
}

/* Flags: bits 0-1 polarity, 2-3 trigger; 0 means as usual on the bus, and ISA is edge, high. */
static void add_override(struct acpi_info *info, const u8 *e)
{
	u16 flags = get16(e + 8);

	if (e[2] != 0 || e[3] >= ARRAY_SIZE(info->isa))
		return;
	info->isa[e[3]].gsi = get32(e + 4);
	info->isa[e[3]].overridden = true;
	info->isa[e[3]].low = (flags & 3) == 3;
	info->isa[e[3]].level = (flags >> 2 & 3) == 3;
}

static void add_local_nmi(struct acpi_info *info, u16 flags, u8 lint)
{
	if (lint > 1)
		return;
	info->nmi_lint = lint;
	info->nmi_low = (flags & 3) == 3;
}

static void madt_entry(struct acpi_info *info, const u8 *e)
{
	switch (e[0]) {
	case 0:
		if (e[1] >= 8 && e[3] != 0xff)
			add_cpu(info, e[3], e[2], get32(e + 4));
		break;
	case 1:
		if (e[1] >= 12)
			add_ioapic(info, e);
		break;
	case 2:
		if (e[1] >= 10)
			add_override(info, e);
		break;
	case 4:
		if (e[1] >= 6)
			add_local_nmi(info, get16(e + 3), e[5]);
		break;
	case 5:
		if (e[1] >= 12 && get64(e + 4))
			info->lapic = get64(e + 4);
		break;
	case 9:
		if (e[1] >= 16 && get32(e + 4) != ~0u)
			add_cpu(info, get32(e + 4), get32(e + 12), get32(e + 8));
		break;
	case 10:
		if (e[1] >= 12)
			add_local_nmi(info, get16(e + 2), e[8]);
		break;
	}
}

const char *acpi_parse_madt(struct acpi_info *info, const u8 *table, u32 len)
{
	u32 at = 44;

	if (len < at)
		return "too short";
	while (at < len) {
		if (len - at < 2 || table[at + 1] < 2 || table[at + 1] > len - at)
			return "an entry reaches over its end";
		at += table[at + 1];
	}
	info->nr_cpus = info->nr_ioapics = 0;
	if (get32(table + 36))
		info->lapic = get32(table + 36);
	for (at = 44; at < len; at += table[at + 1])
		madt_entry(info, table + at);
	if (info->nr_cpus > CPUS_MAX) {
		printk(LOG_WARN "ACPI: %u CPUs, the first %u are used\n", info->nr_cpus,
		       (unsigned)CPUS_MAX);
		info->nr_cpus = CPUS_MAX;
	}
	if (info->nr_ioapics > IOAPICS_MAX) {
		printk(LOG_WARN "ACPI: %u IO-APICs, the first %u are used\n", info->nr_ioapics,
		       (unsigned)IOAPICS_MAX);
		info->nr_ioapics = IOAPICS_MAX;
	}
	return NULL;
}

void acpi_boot_cpu_first(struct acpi_info *info, u32 apic_id)
{
	unsigned i;
	u32 acpi_id = 0;

	for (i = 0; i < info->nr_cpus && info->cpu[i].apic_id != apic_id; i++)
		;
	if (i < info->nr_cpus)
		acpi_id = info->cpu[i].acpi_id;
	else if (info->nr_cpus < CPUS_MAX)
		info->nr_cpus++;
	else
		i--;
	for (; i > 0; i--)
		info->cpu[i] = info->cpu[i - 1];
	info->cpu[0].apic_id = apic_id;
	info->cpu[0].acpi_id = acpi_id;
}

/* ---- FADT (5.2.9) ------------------------------------------------------------ */

#define FADT_TMR_VAL_EXT	BIT(8)
#define FADT_RESET_REG_SUP	BIT(10)
#define BOOT_LEGACY_DEVICES	BIT(0)
#define BOOT_8042		BIT(1)
#define SPACE_MEMORY		0
#define SPACE_IO		1

/* A fixed register block: the extended address at @x if the table has it, else the port at @old. */
static u16 fadt_port(const u8 *table, u32 len, u32 old, u32 x)
{
	if (len >= x + 12 && table[x] == SPACE_IO && get64(table + x + 4) - 1 < 0xffff)
		return get64(table + x + 4);
	return get32(table + old) < 0x10000 ? get32(table + old) : 0;
}

static void fadt_reset(struct acpi_info *info, const u8 *table)
{
	u8 space = table[116];

	if (!(get32(table + 112) & FADT_RESET_REG_SUP) || !get64(table + 120))
		return;
	if (space == SPACE_IO && get64(table + 120) > 0xffff)
		return;
	info->reset.valid = true;
	info->reset.space = space;
	info->reset.width = table[117];
	info->reset.addr = get64(table + 120);
	info->reset.value = table[128];
}

const char *acpi_parse_fadt(struct acpi_info *info, paddr_t *dsdt, const u8 *table, u32 len)
{
	if (len < 116)
		return "too short";
	*dsdt = get32(table + 40);
	if (len >= 148 && get64(table + 140))
		*dsdt = get64(table + 140);
	info->sci = get16(table + 46);
	info->pm1a_evt = fadt_port(table, len, 56, 148);
	info->pm1a_cnt = fadt_port(table, len, 64, 172);
	info->pm1b_cnt = fadt_port(table, len, 68, 184);
	info->pm_timer_port = fadt_port(table, len, 76, 208);
	info->pm_timer_32bit = get32(table + 112) & FADT_TMR_VAL_EXT;
	if (table[8] >= 3) {
		info->has_8042 = get16(table + 109) & BOOT_8042;
		info->legacy_free = !(get16(table + 109) & BOOT_LEGACY_DEVICES);
	}
	if (len >= 129)
		fadt_reset(info, table);
	return NULL;
}

/* ---- HPET, MCFG ---------------------------------------------------------------- */

const char *acpi_parse_hpet(struct acpi_info *info, const u8 *table, u32 len)
{
	if (len < 56)
		return "too short";
	if (table[40] != SPACE_MEMORY || !get64(table + 44) || get64(table + 44) & 7)
		return "names no usable address";
	info->hpet = get64(table + 44);
	return NULL;
}

const char *acpi_parse_mcfg(struct acpi_info *info, const u8 *table, u32 len)
{
	if (len < 44)
		return "too short";
	for (u32 at = 44; at + 16 <= len && info->nr_mcfg < ARRAY_SIZE(info->mcfg); at += 16) {
		const u8 *e = table + at;

		if (!get64(e) || e[11] < e[10])
			continue;
		info->mcfg[info->nr_mcfg].base = get64(e);
		info->mcfg[info->nr_mcfg].seg = get16(e + 8);
		info->mcfg[info->nr_mcfg].first_bus = e[10];
		info->mcfg[info->nr_mcfg].last_bus = e[11];
		info->nr_mcfg++;
	}
	return NULL;
}

/* ---- \_S5 (7.4.2.5, AML grammar in chapter 20) ------------------------------------ */

#define AML_ZERO	0x00
#define AML_ONE		0x01
#define AML_NAME	0x08
#define AML_BYTE	0x0a
#define AML_PACKAGE	0x12

/* A constant below 8: the value, and *p moved behind it; -1 if it isn't one. */
static int aml_small_const(const u8 **p, const u8 *end)
{
	int v = -1;

	if (*p < end && (**p == AML_ZERO || **p == AML_ONE)) {
		v = *(*p)++;
	} else if (end - *p >= 2 && **p == AML_BYTE) {
		v = (*p)[1];
		*p += 2;
	}
	return v < 8 ? v : -1;
}

/*
 * The one name in the AML that the hypervisor must know to turn the machine off without
 * dom0: Name(_S5_, Package(n) { a, b, ... }), as every firmware writes it. No AML is run.
 */
u32 acpi_find_s5(const u8 *aml, u32 len)
{
	const u8 *end = aml + len;

	for (const u8 *p = aml + 2; end - p >= 12; p++) {
		const u8 *q = p + 5;
		int a, b;

		if (memcmp(p, "_S5_", 4) || p[4] != AML_PACKAGE ||
		    (p[-1] != AML_NAME && !(p[-1] == '\\' && p[-2] == AML_NAME)))
			continue;
		q += (*q >> 6) + 2;	/* package length, number of elements */
		a = q < end ? aml_small_const(&q, end) : -1;
		b = q < end ? aml_small_const(&q, end) : -1;
		if (a >= 0)
			return a | (b < 0 ? 0 : b) << 8;
	}
	return ~0u;
}
