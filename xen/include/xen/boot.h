/* SPDX-License-Identifier: GPL-2.0-only */
/* What the boot loader handed over, and the command line. */
#ifndef XEN_BOOT_H
#define XEN_BOOT_H

#include <xen/types.h>

#define E820_RAM	1
#define E820_RESERVED	2
#define E820_ACPI	3
#define E820_NVS	4
#define E820_UNUSABLE	5
#define E820_MAX	256

struct e820_range { u64 addr, size; u32 type; } __packed;
struct e820_map { unsigned n, dropped; struct e820_range r[E820_MAX]; };
extern struct e820_map e820;		/* sorted, no overlaps; immutable after mm_init */

struct boot_module { paddr_t start; u64 size; const char *cmdline; };
struct boot_info {
	const char *loader;
	char cmdline[2048];
	unsigned nr_modules;
	struct boot_module module[8];	/* 0 dom0's kernel, 1 initrd */
	paddr_t rsdp;			/* 0: search */
	bool efi;
	struct { bool present; u8 type; u32 width, height, pitch, bpp; paddr_t addr;
		 u8 rpos, rsize, gpos, gsize, bpos, bsize; } fb;
};
extern struct boot_info boot_info;

/* boot/efi.c: what the EFI system table says. (UEFI specification 2.10, 4.3) */
#define EFI_CONFIG_ENTRY	24	/* bytes: a GUID and an address */
#define EFI_MAX_REGIONS 512
struct efi_region { u64 start, size, attr; u32 type; };	/* bytes; sorted as the firmware did */
struct efi_info {
	u32 revision, rt_revision, fw_revision;
	u16 vendor[100];		/* UCS-2, zero-terminated */
	paddr_t config_table;		/* 0: not started by EFI, or it can't be told */
	u32 nr_tables;
	unsigned nr_regions;
	struct efi_region region[EFI_MAX_REGIONS];
};
extern struct efi_info efi_info;	/* immutable after multiboot_parse() */
void efi_read_system_table(paddr_t pa);
/* @size bytes of descriptors of @desc_size bytes each. */
void efi_read_memory_map(const void *map, u32 size, u32 desc_size);
/* The region that holds @pa, or NULL. */
const struct efi_region *efi_find_region(paddr_t pa);

/* boot/cmdline.c: each room declares its options; unknown ones are warned about by name. */
enum opt_kind { OPT_BOOL, OPT_UINT, OPT_SIZE, OPT_STR, OPT_FN };
struct boot_option {
	const char *name;
	enum opt_kind kind;
	void *var;			/* bool, u32, u64 (bytes; default unit K), char[len], or fn */
	u32 len;
	const char *help;		/* one line for the manual */
};
/* "name" or "name=1|yes|on" sets a bool; "no-name" / "noname" / "name=0|no|off" clears it. */
#define BOOT_OPTION(name_, kind_, var_, len_, help_)				\
	static const struct boot_option __used __aligned(8)			\
	__attribute__((section(".boot_options"))) opt_##var_ =			\
	{ name_, kind_, &var_, len_, help_ }
#define BOOT_FN(name_, fn_, help_) /* int fn(const char *value): -EINVAL if it can't be read */ \
	static const struct boot_option __used __aligned(8)			\
	__attribute__((section(".boot_options"))) opt_##fn_ =			\
	{ name_, OPT_FN, fn_, 0, help_ }
/* Runs before the console is up: words it can't use are kept, and named by cmdline_report(). */
void cmdline_parse(const char *cmdline);
void cmdline_report(void);
int parse_bool(const char *s);			/* for a BOOT_FN: 1, 0, or -1: neither yes nor no */

void multiboot_parse(u32 magic, paddr_t info);	/* boot/multiboot.c: fills boot_info and e820 */
void e820_init(void);				/* sort, clip, print */
/* Change the type of a range; splits entries. */
void e820_set(u64 start, u64 end, u32 type);
/* The same for any map; and sort one, the stricter type winning where ranges overlap. */
void e820_map_set(struct e820_map *map, u64 start, u64 end, u32 type);
void e820_map_normalise(struct e820_map *map);

/* boot/dom0.c: "dom0_mem=" etc.; panics with a clear line if dom0 can't be built. */
struct domain;
struct domain *build_dom0(void);

#endif
