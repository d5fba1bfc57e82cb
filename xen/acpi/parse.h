/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What single ACPI tables say (ACPI 6.4, chapter 5), as functions over bytes: they read
 * nothing outside @table .. @table + @len and write only to *@info.
 */
#ifndef XEN_ACPI_PARSE_H
#define XEN_ACPI_PARSE_H

#include <xen/acpi.h>

struct acpi_header {
	char sig[4];
	u32 length;		/* of the whole table, in bytes */
	u8 revision, checksum;
	char oem_id[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

/* The parts of the RSDP: 20 bytes in revision 0, 36 from revision 2. */
struct acpi_rsdp {
	char sig[8];
	u8 checksum;		/* bytes 0-19 */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 ext_checksum;	/* bytes 0-35 */
	u8 reserved[3];
} __packed;

#define ACPI_TABLE_MAX	(4U << 20)	/* a longer table is broken */

bool acpi_sum_ok(const void *p, size_t len);

/* What holds on a PC without any table. */
void acpi_defaults(struct acpi_info *info, u32 boot_apic_id, paddr_t lapic);

/* Each: NULL, or what is wrong with the table, and then *info is as it was. */
const char *acpi_parse_madt(struct acpi_info *info, const u8 *table, u32 len);
const char *acpi_parse_fadt(struct acpi_info *info, paddr_t *dsdt, const u8 *table, u32 len);
const char *acpi_parse_hpet(struct acpi_info *info, const u8 *table, u32 len);
const char *acpi_parse_mcfg(struct acpi_info *info, const u8 *table, u32 len);

/* The boot CPU becomes CPU 0; it's put there even if the MADT forgot it. */
void acpi_boot_cpu_first(struct acpi_info *info, u32 apic_id);

/* SLP_TYPa | SLP_TYPb << 8 of a \_S5 package of plain numbers in the DSDT, or ~0. */
u32 acpi_find_s5(const u8 *aml, u32 len);

#endif
