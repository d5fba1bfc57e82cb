/* SPDX-License-Identifier: GPL-2.0-only */
/* What the firmware's ACPI tables say; tables only, no AML. */
#ifndef XEN_ACPI_H
#define XEN_ACPI_H

#include <xen/types.h>

struct acpi_info {
	bool present;
	unsigned nr_cpus;
	struct { u32 apic_id, acpi_id; } cpu[64];
	paddr_t lapic;
	unsigned nr_ioapics;
	struct { u8 id; paddr_t pa; u32 gsi_base; } ioapic[16];
	struct { u32 gsi; bool overridden, level, low; } isa[16];
	u8 nmi_lint;			/* local APIC pin that takes NMIs: 0 or 1 */
	bool nmi_low;			/* it is active low */
	paddr_t hpet;			/* 0: none */
	u16 pm_timer_port;		/* 0: none */
	bool pm_timer_32bit;
	u16 pm1a_cnt, pm1b_cnt, pm1a_evt, pm1b_evt;
	u16 sci;
	struct { bool valid; u8 space, width; u64 addr; u8 value; } reset;
	unsigned nr_mcfg;
	struct { paddr_t base; u16 seg; u8 first_bus, last_bus; } mcfg[8];
	bool has_8042, legacy_free;	/* without ACPI: true, false */
	u32 dsdt_s5;			/* SLP_TYPa | SLP_TYPb << 8 found in \_S5, else ~0 */
};
extern struct acpi_info acpi;

/* @rsdp: from the loader, or 0 to search the BIOS areas. Broken tables are named and left out. */
void acpi_init(paddr_t rsdp);
int acpi_enter_sleep(u8 state, u16 pm1a, u16 pm1b);	/* 5: off. -ENOSYS for others */
void machine_reset(void) __attribute__((noreturn));	/* honours "reboot=": acpi, kbd, pci, triple */
void machine_power_off(void) __attribute__((noreturn));	/* S5 as far as tables tell, then halt */

#endif
