/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the boot loader tells: Multiboot 1 (qemu -kernel, old GRUB) and
 * Multiboot 2 (GRUB 2). Everything wanted later is copied or noted here; the
 * modules stay where they are.
 */
#include <xen/boot.h>
#include <xen/layout.h>
#include <xen/lib.h>

#define MB1_MAGIC 0x2badb002
#define MB2_MAGIC 0x36d76289
#define MAX_MODULE_CMDLINE 1024

struct boot_info boot_info;
struct e820_map e820;

static char module_cmdline[ARRAY_SIZE(boot_info.module)][MAX_MODULE_CMDLINE];
static char loader_name[64];

struct mb1_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4],
	    mmap_length, mmap_addr, drives[2], config, loader;
} __packed;
struct mb1_module { u32 start, end, cmdline, pad; } __packed;
struct mb1_mmap { u32 size; u64 addr, len; u32 type; } __packed;

struct mb2_tag { u32 type, size; } __packed;
struct mb2_module { struct mb2_tag tag; u32 start, end; char cmdline[]; } __packed;
struct mb2_mmap { struct mb2_tag tag; u32 entry_size, version; } __packed;
struct mb2_mmap_entry { u64 addr, len; u32 type, zero; } __packed;
struct mb2_efi64 { struct mb2_tag tag; u64 system_table; } __packed;
struct mb2_efi_mmap { struct mb2_tag tag; u32 desc_size, version; u8 map[]; } __packed;
struct mb2_fb {
	struct mb2_tag tag;
	u64 addr;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved;
	u8 rpos, rsize, gpos, gsize, bpos, bsize;
} __packed;

static void add_range(u64 addr, u64 len, u32 type)
{
	if (!len)
		return;
	if (e820.n < E820_MAX)
		e820.r[e820.n++] = (struct e820_range){ addr, len, type };
	else
		e820.dropped++;
}

static void add_module(paddr_t start, paddr_t end, const char *cmdline)
{
	unsigned i = boot_info.nr_modules;

	if (i == ARRAY_SIZE(boot_info.module) || end <= start)
		return;
	strlcpy(module_cmdline[i], cmdline, MAX_MODULE_CMDLINE);
	boot_info.module[i] = (struct boot_module){ start, end - start, module_cmdline[i] };
	boot_info.nr_modules++;
}

/* Multiboot 1 loaders put the file's name before the arguments. */
static const char *skip_word(const char *s)
{
	while (*s == ' ')
		s++;
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

static void parse_mb1(const struct mb1_info *mb)
{
	if (mb->flags & BIT(9))
		strlcpy(loader_name, pa_to_va(mb->loader), sizeof(loader_name));
	if (mb->flags & BIT(2))
		strlcpy(boot_info.cmdline, skip_word(pa_to_va(mb->cmdline)), sizeof(boot_info.cmdline));
	if (mb->flags & BIT(3)) {
		const struct mb1_module *m = pa_to_va(mb->mods_addr);

		for (u32 i = 0; i < mb->mods_count; i++)
			add_module(m[i].start, m[i].end, m[i].cmdline ? skip_word(pa_to_va(m[i].cmdline)) : "");
	}
	if (mb->flags & BIT(6)) {
		for (u64 at = 0; at < mb->mmap_length; ) {
			const struct mb1_mmap *m = pa_to_va(mb->mmap_addr + at);

			add_range(m->addr, m->len, m->type);
			at += m->size + 4UL;
		}
	} else if (mb->flags & BIT(0)) {
		add_range(0, mb->mem_lower * 1024UL, E820_RAM);
		add_range(0x100000, mb->mem_upper * 1024UL, E820_RAM);
	}
}

static void parse_mb2_mmap(const struct mb2_mmap *m)
{
	for (u32 at = sizeof(*m); m->entry_size && at + m->entry_size <= m->tag.size; at += m->entry_size) {
		const struct mb2_mmap_entry *e = (const void *)((const u8 *)m + at);

		add_range(e->addr, e->len, e->type);
	}
}

static void parse_mb2_fb(const struct mb2_fb *f)
{
	boot_info.fb.present = true;
	boot_info.fb.addr = f->addr;
	boot_info.fb.pitch = f->pitch;
	boot_info.fb.width = f->width;
	boot_info.fb.height = f->height;
	boot_info.fb.bpp = f->bpp;
	boot_info.fb.type = f->type;
	if (f->type != 1)
		return;
	boot_info.fb.rpos = f->rpos;
	boot_info.fb.rsize = f->rsize;
	boot_info.fb.gpos = f->gpos;
	boot_info.fb.gsize = f->gsize;
	boot_info.fb.bpos = f->bpos;
	boot_info.fb.bsize = f->bsize;
}

/*
 * Domain 0 reads the firmware's list of tables where it is. It belongs to memory that EFI keeps
 * for itself; should it be in RAM nevertheless, then no longer so. (The stricter type wins.)
 */
static void keep_efi_tables(void)
{
	paddr_t start = efi_info.config_table & PAGE_MASK;
	paddr_t end = efi_info.config_table + efi_info.nr_tables * EFI_CONFIG_ENTRY;

	for (unsigned i = 0, n = e820.n; efi_info.config_table && i < n; i++)
		if (e820.r[i].type == E820_RAM && start < e820.r[i].addr + e820.r[i].size &&
		    e820.r[i].addr < end)
			add_range(start, ROUND_UP(end - start, PAGE_SIZE), E820_RESERVED);
}

static void parse_mb2_efi_mmap(const struct mb2_efi_mmap *m)
{
	if (m->tag.size >= sizeof(*m))
		efi_read_memory_map(m->map, m->tag.size - sizeof(*m), m->desc_size);
}

static void parse_mb2(const u8 *info)
{
	u32 total = *(const u32 *)info;

	for (u64 at = 8; at + sizeof(struct mb2_tag) <= total; ) {
		const struct mb2_tag *t = (const void *)(info + at);
		const struct mb2_module *m = (const void *)t;

		if (t->size < sizeof(*t) || t->size > total - at)
			return;		/* what was found has to do */
		switch (t->type) {
		case 0:
			keep_efi_tables();
			return;
		case 1:
			strlcpy(boot_info.cmdline, (const char *)(t + 1), sizeof(boot_info.cmdline));
			break;
		case 2:
			strlcpy(loader_name, (const char *)(t + 1), sizeof(loader_name));
			break;
		case 3:
			add_module(m->start, m->end, m->cmdline);
			break;
		case 6:
			parse_mb2_mmap((const void *)t);
			break;
		case 8:
			parse_mb2_fb((const void *)t);
			break;
		case 12:
			efi_read_system_table(((const struct mb2_efi64 *)t)->system_table);
			boot_info.efi = true;
			break;
		case 17:
			parse_mb2_efi_mmap((const void *)t);
			boot_info.efi = true;
			break;
		case 11:	/* a 32-bit EFI: its tables are of no use to 64-bit Linux */
		case 20:
			boot_info.efi = true;
			break;
		case 14:
		case 15:
			/* A copy of the RSDP; the newer one comes with the greater tag. */
			if (!boot_info.rsdp || t->type == 15)
				boot_info.rsdp = va_to_pa(t + 1);
			break;
		}
		at += ROUND_UP((u64)t->size, 8);
	}
}

void multiboot_parse(u32 magic, paddr_t info)
{
	boot_info.loader = loader_name;
	strlcpy(loader_name, "an unnamed loader", sizeof(loader_name));
	if (magic == MB1_MAGIC)
		parse_mb1(pa_to_va(info));
	else if (magic == MB2_MAGIC)
		parse_mb2(pa_to_va(info));
}
