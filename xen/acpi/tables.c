/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the ACPI tables and hands them to their readers (parse.c). Firmware is not
 * trusted to be right: a table that is broken is named in one line and left out, and
 * what it would have said keeps the value of a PC without ACPI.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include "parse.h"

#define TABLES_MAX	512	/* entries of an XSDT; a longer one is broken */

struct acpi_info acpi;

static bool opt_use_acpi = true;
BOOT_OPTION("acpi", OPT_BOOL, opt_use_acpi, 0, "use the ACPI tables (noacpi: ignore them)");
static bool opt_ignore_tables;
BOOT_OPTION("ignorebiostables", OPT_BOOL, opt_ignore_tables, 0,
	    "ignore every table of the firmware: one CPU, default interrupt wiring");

/* The whole checked table, mapped; NULL after saying why not. Undo with unmap_hv(t, t->length). */
static const __init struct acpi_header *map_table(paddr_t pa, const char *what)
{
	const struct acpi_header *h = pa ? map_firmware(pa, sizeof(*h)) : NULL;
	u32 len;

	if (!h) {
		printk(LOG_WARN "ACPI: %s at %#lx can't be reached: left out\n", what, pa);
		return NULL;
	}
	len = h->length;
	unmap_hv((void *)h, sizeof(*h));
	if (len < sizeof(*h) || len > ACPI_TABLE_MAX) {
		printk(LOG_WARN "ACPI: %s at %#lx has a bad length of %u bytes: left out\n",
		       what, pa, len);
		return NULL;
	}
	h = map_firmware(pa, len);
	if (h && acpi_sum_ok(h, len))
		return h;
	printk(LOG_WARN "ACPI: %s at %#lx has a wrong checksum: left out\n", what, pa);
	if (h)
		unmap_hv((void *)h, len);
	return NULL;
}

static __init void read_dsdt(paddr_t pa)
{
	const struct acpi_header *h = map_table(pa, "DSDT");

	if (!h)
		return;
	acpi.dsdt_s5 = acpi_find_s5((const u8 *)(h + 1), h->length - sizeof(*h));
	unmap_hv((void *)h, h->length);
}

static __init void read_table(paddr_t pa)
{
	const struct acpi_header *h = pa ? map_firmware(pa, sizeof(*h)) : NULL;
	const char *err = NULL;
	paddr_t dsdt = 0;
	char sig[5] = "";

	if (!h)
		return;
	memcpy(sig, h->sig, 4);
	unmap_hv((void *)h, sizeof(*h));
	if (strcmp(sig, "APIC") && strcmp(sig, "FACP") && strcmp(sig, "HPET") &&
	    strcmp(sig, "MCFG"))
		return;
	h = map_table(pa, sig);
	if (!h)
		return;
	switch (sig[0]) {
	case 'A': err = acpi_parse_madt(&acpi, (const u8 *)h, h->length); break;
	case 'F': err = acpi_parse_fadt(&acpi, &dsdt, (const u8 *)h, h->length); break;
	case 'H': err = acpi_parse_hpet(&acpi, (const u8 *)h, h->length); break;
	case 'M': err = acpi_parse_mcfg(&acpi, (const u8 *)h, h->length); break;
	}
	if (err)
		printk(LOG_WARN "ACPI: %s at %#lx %s: left out\n", sig, pa, err);
	unmap_hv((void *)h, h->length);
	if (dsdt)
		read_dsdt(dsdt);
}

/* RSDT entries are 4 bytes wide, XSDT entries 8. */
static __init bool read_root(paddr_t pa, unsigned width)
{
	const struct acpi_header *h = map_table(pa, width == 8 ? "XSDT" : "RSDT");
	const u8 *entries;
	unsigned n;

	if (!h)
		return false;
	entries = (const u8 *)(h + 1);
	n = (h->length - sizeof(*h)) / width;
	if (n > TABLES_MAX) {
		printk(LOG_WARN "ACPI: %u tables, the first %u are read\n", n, TABLES_MAX);
		n = TABLES_MAX;
	}
	for (unsigned i = 0; i < n; i++) {
		u64 table = 0;

		memcpy(&table, entries + i * width, width);
		read_table(table);
	}
	unmap_hv((void *)h, h->length);
	return true;
}

static __init bool rsdp_ok(const struct acpi_rsdp *r)
{
	return !memcmp(r->sig, "RSD PTR ", 8) && acpi_sum_ok(r, 20);
}

/* The RSDP lies on a 16-byte boundary (5.2.5.1). */
static __init paddr_t search_rsdp(paddr_t from, size_t len)
{
	u8 *area = map_firmware(from, len);
	paddr_t found = 0;

	if (!area)
		return 0;
	for (size_t at = 0; at + sizeof(struct acpi_rsdp) <= len && !found; at += 16)
		if (rsdp_ok((const struct acpi_rsdp *)(area + at)))
			found = from + at;
	unmap_hv(area, len);
	return found;
}

static __init paddr_t find_rsdp(void)
{
	u16 *segment = map_firmware(0x40e, sizeof(*segment));
	paddr_t ebda = segment ? (paddr_t)*segment << 4 : 0, found = 0;

	if (segment)
		unmap_hv(segment, sizeof(*segment));
	if (ebda >= 0x80000 && ebda <= 0x9fc00)
		found = search_rsdp(ebda, 1024);
	return found ? found : search_rsdp(0xe0000, 0x20000);
}

static __init bool read_tables(paddr_t rsdp)
{
	struct acpi_rsdp *r, copy;

	if (!rsdp)
		rsdp = find_rsdp();
	r = rsdp ? map_firmware(rsdp, sizeof(*r)) : NULL;
	if (!r) {
		printk(LOG_WARN "ACPI: the firmware gives no tables\n");
		return false;
	}
	copy = *r;
	unmap_hv(r, sizeof(*r));
	if (!rsdp_ok(&copy)) {
		printk(LOG_WARN "ACPI: RSDP at %#lx is damaged: no tables are used\n", rsdp);
		return false;
	}
	if (copy.revision >= 2 && copy.xsdt && acpi_sum_ok(&copy, sizeof(copy)) &&
	    read_root(copy.xsdt, 8))
		return true;
	return read_root(copy.rsdt, 4);
}

static __init u32 boot_apic_id(void)
{
	u32 a, b, c, d;

	cpuid(0, 0, &a, &b, &c, &d);
	if (a >= 0xb) {
		cpuid(0xb, 0, &a, &b, &c, &d);
		if (b)
			return d;
	}
	cpuid(1, 0, &a, &b, &c, &d);
	return b >> 24;
}

void __init acpi_init(paddr_t rsdp)
{
	u32 apic_id = boot_apic_id();

	acpi_defaults(&acpi, apic_id, rdmsr(MSR_APIC_BASE) & PTE_ADDR_MASK);
	if (!opt_use_acpi || opt_ignore_tables) {
		printk(LOG_WARN "ACPI: tables ignored as the command line asks: one CPU\n");
		return;
	}
	acpi.present = read_tables(rsdp);
	acpi_boot_cpu_first(&acpi, apic_id);
	if (acpi.present)
		printk(LOG_INFO "ACPI: %u CPU%s, %u IO-APIC%s, SCI %u, PM timer %#x, HPET %#lx\n",
		       acpi.nr_cpus, acpi.nr_cpus == 1 ? "" : "s", acpi.nr_ioapics,
		       acpi.nr_ioapics == 1 ? "" : "s", acpi.sci, acpi.pm_timer_port, acpi.hpet);
}
