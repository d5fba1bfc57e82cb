/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What EFI says about itself, for domain 0 (XEN_FW_EFI_INFO in control/platform.c). It is
 * copied when we start: later domain 0 could write to the firmware's memory, and make us
 * follow pointers of its own. (UEFI specification 2.10, chapters 4 and 7.2)
 */
#include <xen/boot.h>
#include <xen/layout.h>
#include <xen/lib.h>

#define SYSTEM_TABLE_SIGNATURE	0x5453595320494249UL	/* "IBI SYST" */
#define RUNTIME_SIGNATURE	0x56524553544e5552UL	/* "RUNTSERV" */
#define PAGE_SHIFT_EFI		12
#define MAX_TABLES		1024
#define BOOT_MAPPED		(4UL << 30)

struct efi_header { u64 signature; u32 revision, size, crc32, reserved; };
struct efi_system_table {
	struct efi_header hdr;
	u64 vendor;
	u32 fw_revision, pad;
	u64 console[6];
	u64 runtime, boot, nr_tables, tables;
};
struct efi_descriptor { u32 type, pad; u64 phys, virt, pages, attr; };

struct efi_info efi_info;

/* What is at @pa, of @len bytes; NULL if boot code didn't map it. */
static const void *at(paddr_t pa, u64 len)
{
	return pa && pa + len >= pa && pa + len <= BOOT_MAPPED ? pa_to_va(pa) : NULL;
}

static void read_vendor(paddr_t pa)
{
	for (unsigned i = 0; i < ARRAY_SIZE(efi_info.vendor) - 1; i++) {
		const u16 *c = at(pa + i * sizeof(u16), sizeof(u16));

		if (!c || !*c)
			return;
		efi_info.vendor[i] = *c;
	}
}

void efi_read_system_table(paddr_t pa)
{
	const struct efi_system_table *st = at(pa, sizeof(*st));
	const struct efi_header *rt;

	if (!st || st->hdr.signature != SYSTEM_TABLE_SIGNATURE || !st->nr_tables ||
	    st->nr_tables > MAX_TABLES || !st->tables) {
		printk(LOG_WARN "EFI: no usable system table at %lx; domain 0 won't find ACPI\n", pa);
		return;
	}
	efi_info.revision = st->hdr.revision;
	efi_info.fw_revision = st->fw_revision;
	efi_info.config_table = st->tables;
	efi_info.nr_tables = st->nr_tables;
	read_vendor(st->vendor);
	rt = at(st->runtime, sizeof(*rt));
	if (rt && rt->signature == RUNTIME_SIGNATURE)
		efi_info.rt_revision = rt->revision;
}

/* Neighbours of one kind become one region. */
static void add_region(const struct efi_descriptor *d)
{
	struct efi_region *last = &efi_info.region[efi_info.nr_regions - 1];
	u64 size = d->pages << PAGE_SHIFT_EFI;

	if (efi_info.nr_regions && last->type == d->type && last->attr == d->attr &&
	    last->start + last->size == d->phys)
		last->size += size;
	else if (efi_info.nr_regions < EFI_MAX_REGIONS)
		efi_info.region[efi_info.nr_regions++] =
			(struct efi_region){ d->phys, size, d->attr, d->type };
}

void efi_read_memory_map(const void *map, u32 size, u32 desc_size)
{
	if (desc_size < sizeof(struct efi_descriptor))
		return;
	for (u32 at = 0; size - at >= desc_size; at += desc_size)
		add_region((const void *)((const u8 *)map + at));
}

const struct efi_region *efi_find_region(paddr_t pa)
{
	for (unsigned i = 0; i < efi_info.nr_regions; i++) {
		const struct efi_region *r = &efi_info.region[i];

		if (pa >= r->start && pa - r->start < r->size)
			return r;
	}
	return NULL;
}
