/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/boot/elf.c xen/boot/elf_notes.c */
/*
 * Reading a PV kernel's ELF image. A small sound image, laid out as Linux's vmlinux, is
 * built here; each case of a table changes one thing in it and says what elf_parse() has
 * to answer. Rules of the notes: public/elfnote.h.
 */
#include <public/elfnote.h>
#include "../../xen/boot/elf.h"
#include "../../xen/boot/elf_format.h"

#define VIRT_BASE	0xffffffff80000000
#define P_TEXT		0x1000000
#define P_PERCPU	0x1003000
#define P_DATA		0x1004800
#define P_END		0x1009000

#define TEXT		0x1000		/* file offsets */
#define PERCPU		0x2000
#define DATA		0x2800
#define SHDRS		0x2a00
#define IMAGE_SIZE	0x2b00

static union {
	u8 bytes[IMAGE_SIZE];
	struct {
		struct elf64_ehdr eh;
		struct elf64_phdr text, percpu, data, note;
		u8 notes[1024];
		u32 notes_len;
	};
} img;

_Static_assert(sizeof(img) == IMAGE_SIZE, "the image's parts don't overlap its contents");
#define NOTES	((u8 *)img.notes - img.bytes)

static void add_note(u32 type, const void *desc, u32 len)
{
	u8 *p = img.notes + img.notes_len;
	struct elf64_nhdr nh = { 4, len, type };

	memcpy(p, &nh, sizeof(nh));
	memcpy(p + sizeof(nh), "Xen", 4);
	memset(p + sizeof(nh) + 4, 0, ROUND_UP(len, 4));
	memcpy(p + sizeof(nh) + 4, desc, len);
	img.notes_len += sizeof(nh) + 4 + ROUND_UP(len, 4);
	img.note.filesz = img.note.memsz = img.notes_len;
}

static void add_number(u32 type, u64 value)
{
	add_note(type, &value, 8);
}

static void add_string(u32 type, const char *s)
{
	add_note(type, s, strlen(s) + 1);
}

/* Header of the newest note of a type. */
static struct elf64_nhdr *find_note(u32 type)
{
	u32 pos = 0;

	while (pos < img.notes_len) {
		struct elf64_nhdr *nh = (void *)(img.notes + pos);

		if (nh->type == type)
			return nh;
		pos += sizeof(*nh) + 4 + ROUND_UP(nh->descsz, 4);
	}
	print_error("the test is broken: no note %u\n", type);
	exit(99);
}

static void set_number(u32 type, u64 value)
{
	memcpy((u8 *)(find_note(type) + 1) + 4, &value, 8);
}

/* A note of another owner is as good as none. */
static void drop_note(u32 type)
{
	memcpy(find_note(type) + 1, "NeX", 4);
}

static void build(void)
{
	u32 supported = 0x8801;

	memset(&img, 0, sizeof(img));
	memcpy(img.eh.ident, "\177ELF\2\1\1", 7);
	img.eh.type = ET_EXEC;
	img.eh.machine = EM_X86_64;
	img.eh.version = 1;
	img.eh.entry = P_TEXT;
	img.eh.phoff = sizeof(img.eh);
	img.eh.ehsize = sizeof(img.eh);
	img.eh.phentsize = sizeof(struct elf64_phdr);
	img.eh.phnum = 4;
	img.text = (struct elf64_phdr){ PT_LOAD, 5, TEXT, VIRT_BASE + P_TEXT, P_TEXT,
					0x1000, 0x1000, 0x1000 };
	img.percpu = (struct elf64_phdr){ PT_LOAD, 6, PERCPU, 0, P_PERCPU, 0x800, 0x800, 0x1000 };
	img.data = (struct elf64_phdr){ PT_LOAD, 6, DATA, VIRT_BASE + P_DATA, P_DATA,
					0x200, P_END - P_DATA, 0x1000 };
	img.note = (struct elf64_phdr){ PT_NOTE, 4, NOTES, 0, 0, 0, 0, 4 };

	add_string(XEN_ELFNOTE_GUEST_OS, "linux");
	add_string(XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
	add_number(XEN_ELFNOTE_VIRT_BASE, VIRT_BASE);
	add_number(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
	add_number(XEN_ELFNOTE_ENTRY, VIRT_BASE + P_TEXT + 0x1c0);
	add_string(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
	add_note(XEN_ELFNOTE_SUPPORTED_FEATURES, &supported, 4);
	add_string(XEN_ELFNOTE_PAE_MODE, "yes");
	add_string(XEN_ELFNOTE_LOADER, "generic");
	add_note(XEN_ELFNOTE_L1_MFN_VALID, "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0", 16);
	add_note(XEN_ELFNOTE_SUSPEND_CANCEL, "\1\0\0", 4);
	add_note(XEN_ELFNOTE_MOD_START_PFN, "\1\0\0", 4);
	add_number(XEN_ELFNOTE_HV_START_LOW, 0xffff800000000000);
	add_number(XEN_ELFNOTE_PADDR_OFFSET, 0);
}

/* Parse a copy of exactly len bytes at an odd address, so that overruns are seen. */
static int parse(struct elf_image *elf, u8 **copy, size_t len, const char **why)
{
	*copy = malloc(len + 1);
	memcpy(*copy + 1, &img, len);
	*why = NULL;
	return elf_parse(elf, *copy + 1, len, why);
}

struct put_log {
	unsigned calls, stop_at;
	u64 va[4];
	size_t filesz[4], memsz[4];
	const u8 *src[4];
};

static int put(void *ctx, u64 va, const void *src, size_t filesz, size_t memsz)
{
	struct put_log *log = ctx;

	if (log->calls < 4) {
		log->va[log->calls] = va;
		log->src[log->calls] = src;
		log->filesz[log->calls] = filesz;
		log->memsz[log->calls] = memsz;
	}
	return ++log->calls == log->stop_at ? -ENOMEM : 0;
}

static void test_sound(void **state)
{
	struct put_log log = { 0 }, stopped = { .stop_at = 2 };
	struct elf_image elf;
	const char *why;
	u8 *copy;

	build();
	assert_int_equal(parse(&elf, &copy, sizeof(img), &why), 0);
	assert_int_equal(elf.entry, VIRT_BASE + P_TEXT + 0x1c0);
	assert_int_equal(elf.virt_base, VIRT_BASE);
	assert_int_equal(elf.p_low, P_TEXT);
	assert_int_equal(elf.p_high, P_END);
	assert_int_equal(elf.kstart, VIRT_BASE + P_TEXT);
	assert_int_equal(elf.kend, VIRT_BASE + P_END);
	assert_true(elf.has_init_p2m && elf.init_p2m == 0x8000000000);
	assert_false(elf.has_hypercall_page);
	assert_true(elf.mod_start_pfn && elf.suspend_cancel && elf.pae);
	assert_true(elf.has_l1_mfn_valid && elf.l1_mfn_mask == 1 && elf.l1_mfn_value == 1);
	assert_int_equal(elf.supported_features, 0x8811);
	assert_int_equal(elf.required_features, 0x1);

	assert_int_equal(elf_for_each_load(&elf, put, &log), 0);
	assert_int_equal(log.calls, 3);
	assert_int_equal(log.va[1], VIRT_BASE + P_PERCPU);
	assert_ptr_equal(log.src[1], copy + 1 + PERCPU);
	assert_int_equal(log.va[2], VIRT_BASE + P_DATA);
	assert_int_equal(log.filesz[2], 0x200);
	assert_int_equal(log.memsz[2], P_END - P_DATA);
	assert_int_equal(elf_for_each_load(&elf, put, &stopped), -ENOMEM);
	assert_int_equal(stopped.calls, 2);
	free(copy);
}

/* Notes in sections only, as some linkers leave them. */
static void note_sections(void)
{
	struct elf64_shdr sh[2] = { [1] = { .type = SHT_NOTE, .offset = NOTES,
					    .size = img.notes_len, .addralign = 4 } };

	img.note.type = 0;
	img.eh.shoff = SHDRS;
	img.eh.shentsize = sizeof(sh[0]);
	img.eh.shnum = 2;
	memcpy(img.bytes + SHDRS, sh, sizeof(sh));
}

static void sections_cut_off(void) { note_sections(); img.eh.shoff = IMAGE_SIZE - 64; }
static void section_outside(void)
{
	struct elf64_shdr *sh = (void *)(img.bytes + SHDRS);

	note_sections();
	sh[1].offset = -8;
}

static void et_dyn(void) { img.eh.type = ET_DYN; }
static void et_rel(void) { img.eh.type = 1; }
static void bad_magic(void) { img.eh.ident[0] = 'X'; }
static void class32(void) { img.eh.ident[EI_CLASS] = 1; }
static void big_endian(void) { img.eh.ident[EI_DATA] = 2; }
static void arm(void) { img.eh.machine = 183; }
static void no_phdrs(void) { img.eh.phnum = 0; }
static void many_phdrs(void) { img.eh.phnum = 0xffff; }
static void phentsize(void) { img.eh.phentsize = 32; }
static void phoff_far(void) { img.eh.phoff = IMAGE_SIZE - 8; }
static void phoff_wraps(void) { img.eh.phoff = -56UL; }
static void no_notes(void) { img.note.type = 0; }
static void foreign_notes(void) { img.note.filesz = 0; }
static void notes_outside(void) { img.note.offset = IMAGE_SIZE; }
static void notes_wrap(void) { img.note.offset = -16UL; }
static void notes_long(void) { img.note.filesz = -1UL; }
static void name_size(void) { find_note(XEN_ELFNOTE_LOADER)->namesz = -1; }
static void desc_size(void) { find_note(XEN_ELFNOTE_LOADER)->descsz = -1; }
static void desc_long(void) { find_note(XEN_ELFNOTE_PADDR_OFFSET)->descsz = 12; }
static void number_size(void) { add_note(XEN_ELFNOTE_ENTRY, "123456", 6); }
static void number_empty(void) { add_note(XEN_ELFNOTE_VIRT_BASE, "", 0); }
static void mask_short(void) { add_number(XEN_ELFNOTE_L1_MFN_VALID, 1); }
static void no_entry(void) { drop_note(XEN_ELFNOTE_ENTRY); }
static void no_virt_base(void) { drop_note(XEN_ELFNOTE_VIRT_BASE); }
static void loader(void) { add_string(XEN_ELFNOTE_LOADER, "linux"); }
static void loader_longer(void) { add_string(XEN_ELFNOTE_LOADER, "generic2"); }
static void loader_open(void) { add_note(XEN_ELFNOTE_LOADER, "generic", 7); }
static void loader_empty(void) { add_note(XEN_ELFNOTE_LOADER, "", 0); }
static void version(void) { add_string(XEN_ELFNOTE_XEN_VERSION, "xen-2.0"); }
static void not_dom0(void) { add_number(XEN_ELFNOTE_SUPPORTED_FEATURES, 0); }
static void no_feature_note(void) { drop_note(XEN_ELFNOTE_SUPPORTED_FEATURES); }
static void supervisor(void) { add_string(XEN_ELFNOTE_FEATURES, "!supervisor_mode_kernel"); }
static void translated(void)
{
	add_string(XEN_ELFNOTE_FEATURES, "hvm_pirqs|!auto_translated_physmap");
}
static void unknown_required(void) { add_string(XEN_ELFNOTE_FEATURES, "dom0|!wings"); }
static void bare_mark(void) { add_string(XEN_ELFNOTE_FEATURES, "!"); }
static void unknown_offered(void) { add_string(XEN_ELFNOTE_FEATURES, "|wings||dom0|"); }
static void open_features(void) { add_note(XEN_ELFNOTE_FEATURES, "!dom0", 5); }
static void unknown_note(void) { add_number(4711, 1); }
static void hv_low(void) { set_number(XEN_ELFNOTE_HV_START_LOW, 0xffff800000000001); }
static void hv_lower(void) { set_number(XEN_ELFNOTE_HV_START_LOW, 0xffff700000000000); }
static void entry_below(void) { set_number(XEN_ELFNOTE_ENTRY, VIRT_BASE + P_TEXT - 1); }
static void entry_last(void) { set_number(XEN_ELFNOTE_ENTRY, VIRT_BASE + P_END - 1); }
static void entry_above(void) { set_number(XEN_ELFNOTE_ENTRY, VIRT_BASE + P_END); }
static void entry_hv(void) { set_number(XEN_ELFNOTE_ENTRY, 0xffff820000000000); }
static void base_hv(void) { set_number(XEN_ELFNOTE_VIRT_BASE, 0xffff820000000000); }
static void base_below_hv(void) { set_number(XEN_ELFNOTE_VIRT_BASE, 0x7fffff000000); }
static void base_before_hv(void) { set_number(XEN_ELFNOTE_VIRT_BASE, 0xffff7fffff000000); }
static void base_top(void) { set_number(XEN_ELFNOTE_VIRT_BASE, -0x1000UL); }
static void base_wraps(void) { set_number(XEN_ELFNOTE_VIRT_BASE, -0x1005000UL); }
static void page_ok(void) { add_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + P_END - 0x1000); }
static void page_odd(void) { add_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + P_TEXT + 8); }
static void page_above(void) { add_number(XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + P_END); }
static void page_zero(void) { add_number(XEN_ELFNOTE_HYPERCALL_PAGE, 0); }
static void p2m_odd(void) { set_number(XEN_ELFNOTE_INIT_P2M, 0x8000000008); }
static void p2m_hv(void) { set_number(XEN_ELFNOTE_INIT_P2M, 0xffff800000000000); }
static void p2m_hole(void) { set_number(XEN_ELFNOTE_INIT_P2M, 0x0000800000000000); }
static void p2m_image(void) { set_number(XEN_ELFNOTE_INIT_P2M, VIRT_BASE + P_DATA + 0x800); }
static void p2m_below_image(void) { set_number(XEN_ELFNOTE_INIT_P2M, VIRT_BASE); }
static void p2m_top(void) { set_number(XEN_ELFNOTE_INIT_P2M, -0x1000UL); }
static void file_over_mem(void) { img.text.filesz = 0x1001; }
static void file_outside(void) { img.data.offset = IMAGE_SIZE - 0x1ff; }
static void file_wraps(void) { img.data.offset = -0x100UL; }
static void mem_huge(void) { img.data.memsz = -1UL; }
static void paddr_huge(void) { img.data.paddr = -0x1000UL; }
static void paddr_virtual(void) { img.text.paddr = VIRT_BASE + P_TEXT; }
static void offset_above(void) { set_number(XEN_ELFNOTE_PADDR_OFFSET, P_TEXT + 1); }
static void no_loads(void) { img.text.type = img.percpu.type = img.data.type = 0; }
static void empty_loads(void)
{
	img.text.filesz = img.percpu.filesz = img.data.filesz = 0;
	img.text.memsz = img.percpu.memsz = img.data.memsz = 0;
}

/* What the old kernels did: virtual addresses in p_paddr, and the note to undo it. */
static void paddr_offset(void)
{
	img.text.paddr += VIRT_BASE;
	img.percpu.paddr += VIRT_BASE;
	img.data.paddr += VIRT_BASE;
	set_number(XEN_ELFNOTE_PADDR_OFFSET, VIRT_BASE);
}

static const struct {
	const char *what;
	void (*change)(void);
	int rc;
	const char *why;	/* part of the reason */
} cases[] = {
	{ "ET_DYN",			et_dyn,		0, NULL },
	{ "relocatable object",		et_rel,		-EINVAL, "not an executable" },
	{ "no ELF",			bad_magic,	-EINVAL, "not an ELF image" },
	{ "32 bits",			class32,	-EOPNOTSUPP, "not for x86-64" },
	{ "big endian",			big_endian,	-EOPNOTSUPP, "not for x86-64" },
	{ "another machine",		arm,		-EOPNOTSUPP, "not for x86-64" },
	{ "no program headers",		no_phdrs,	-EINVAL, "program headers" },
	{ "too many program headers",	many_phdrs,	-EINVAL, "program headers" },
	{ "short program headers",	phentsize,	-EINVAL, "program headers" },
	{ "program headers cut off",	phoff_far,	-EINVAL, "program headers" },
	{ "program headers wrap",	phoff_wraps,	-EINVAL, "program headers" },
	{ "no notes",			no_notes,	-EOPNOTSUPP, "CONFIG_XEN_PV" },
	{ "no Xen notes",		foreign_notes,	-EOPNOTSUPP, "CONFIG_XEN_PV" },
	{ "notes in sections",		note_sections,	0, NULL },
	{ "section headers cut off",	sections_cut_off, -EOPNOTSUPP, "no Xen notes" },
	{ "note section outside",	section_outside, -EINVAL, "notes are missing" },
	{ "notes outside the file",	notes_outside,	-EINVAL, "notes are missing" },
	{ "notes wrap",			notes_wrap,	-EINVAL, "notes are missing" },
	{ "notes too long",		notes_long,	-EINVAL, "notes are missing" },
	{ "huge note name",		name_size,	-EINVAL, "notes are damaged" },
	{ "huge note",			desc_size,	-EINVAL, "notes are damaged" },
	{ "last note too long",		desc_long,	-EINVAL, "notes are damaged" },
	{ "number of 6 bytes",		number_size,	-EINVAL, "wrong size" },
	{ "number of 0 bytes",		number_empty,	-EINVAL, "wrong size" },
	{ "mask without value",		mask_short,	-EINVAL, "wrong size" },
	{ "no ENTRY",			no_entry,	-EOPNOTSUPP, "CONFIG_XEN_PV" },
	{ "no VIRT_BASE",		no_virt_base,	-EOPNOTSUPP, "VIRT_BASE" },
	{ "other loader",		loader,		-EOPNOTSUPP, "LOADER" },
	{ "longer loader",		loader_longer,	-EOPNOTSUPP, "LOADER" },
	{ "loader without its zero",	loader_open,	0, NULL },
	{ "empty loader",		loader_empty,	-EOPNOTSUPP, "LOADER" },
	{ "other version",		version,	-EOPNOTSUPP, "XEN_VERSION" },
	{ "no feature note",		no_feature_note, 0, NULL },
	{ "requires supervisor mode",	supervisor,	-EOPNOTSUPP, "supervisor" },
	{ "requires translation",	translated,	-EOPNOTSUPP, "translated" },
	{ "requires the unknown",	unknown_required, -EOPNOTSUPP, "unknown feature" },
	{ "requires nothing",		bare_mark,	-EOPNOTSUPP, "unknown feature" },
	{ "offers the unknown",		unknown_offered, 0, NULL },
	{ "features without their zero", open_features,	0, NULL },
	{ "unknown note",		unknown_note,	0, NULL },
	{ "HV_START_LOW too high",	hv_low,		-EOPNOTSUPP, "HV_START_LOW" },
	{ "HV_START_LOW lower",		hv_lower,	0, NULL },
	{ "entry below the image",	entry_below,	-EINVAL, "entry point" },
	{ "entry at its end",		entry_last,	0, NULL },
	{ "entry above it",		entry_above,	-EINVAL, "entry point" },
	{ "entry in the hypervisor",	entry_hv,	-EINVAL, "entry point" },
	{ "base in the hypervisor",	base_hv,	-EINVAL, "virtual addresses" },
	{ "image into the hole",	base_below_hv,	-EINVAL, "virtual addresses" },
	{ "image into the hypervisor",	base_before_hv,	-EINVAL, "virtual addresses" },
	{ "image wraps",		base_top,	-EINVAL, "virtual addresses" },
	{ "image's end wraps",		base_wraps,	-EINVAL, "virtual addresses" },
	{ "hypercall page",		page_ok,	0, NULL },
	{ "hypercall page unaligned",	page_odd,	-EINVAL, "hypercall page" },
	{ "hypercall page outside",	page_above,	-EINVAL, "hypercall page" },
	{ "hypercall page at 0",	page_zero,	-EINVAL, "hypercall page" },
	{ "P2M unaligned",		p2m_odd,	-EINVAL, "P2M" },
	{ "P2M in the hypervisor",	p2m_hv,		-EINVAL, "P2M" },
	{ "P2M not canonical",		p2m_hole,	-EINVAL, "P2M" },
	{ "P2M over the image",		p2m_image,	-EINVAL, "P2M" },
	{ "P2M at the region's start",	p2m_below_image, -EINVAL, "P2M" },
	{ "P2M wraps",			p2m_top,	-EINVAL, "P2M" },
	{ "more file than memory",	file_over_mem,	-EINVAL, "segment" },
	{ "segment behind the file",	file_outside,	-EINVAL, "segment" },
	{ "segment wraps",		file_wraps,	-EINVAL, "segment" },
	{ "segment huge",		mem_huge,	-EINVAL, "segment" },
	{ "segment at a huge address",	paddr_huge,	-EINVAL, "segment" },
	{ "p_paddr is virtual",		paddr_virtual,	-EINVAL, "segment" },
	{ "PADDR_OFFSET undoes that",	paddr_offset,	0, NULL },
	{ "PADDR_OFFSET above it",	offset_above,	-EINVAL, "segment" },
	{ "no segments",		no_loads,	-EINVAL, "no segments" },
	{ "empty segments",		empty_loads,	-EINVAL, "no segments" },
};

static void test_cases(void **state)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct elf_image elf;
		const char *why;
		u8 *copy;
		int rc;

		build();
		cases[i].change();
		rc = parse(&elf, &copy, sizeof(img), &why);
		if (rc != cases[i].rc || (rc && !strstr(why, cases[i].why))) {
			print_error("%s: %d (%s)\n", cases[i].what, rc, why ? why : "no reason");
			bad++;
		}
		free(copy);
	}
	assert_int_equal(bad, 0);
}

/* The two feature notes add up; the dom0 bit may be in either. */
static void test_dom0_bit(void **state)
{
	struct elf_image elf;
	const char *why;
	u8 *copy;

	build();
	drop_note(XEN_ELFNOTE_SUPPORTED_FEATURES);
	not_dom0();
	assert_int_equal(parse(&elf, &copy, sizeof(img), &why), -EOPNOTSUPP);
	assert_non_null(strstr(why, "CONFIG_XEN_DOM0"));
	free(copy);
	add_string(XEN_ELFNOTE_FEATURES, "dom0");
	assert_int_equal(parse(&elf, &copy, sizeof(img), &why), 0);
	free(copy);
}

/* A P2M as long as dom0's memory wants it, checked when the region's end is known. */
static void test_check_p2m(void **state)
{
	struct elf_image elf = { .init_p2m = 0x8000000000, .has_init_p2m = true };
	const u64 v_start = VIRT_BASE, v_end = VIRT_BASE + 0x4000000;
	const char *why;

	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, 1 << 20, &why), 0);
	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, -1UL, &why), -EINVAL);
	elf.init_p2m = v_end;
	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, 512, &why), 0);
	elf.init_p2m = v_start - 0x2000;
	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, 1024, &why), 0);
	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, 1025, &why), -EINVAL);
	elf.init_p2m = 0x7ffffffff000;
	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, 512, &why), 0);
	assert_int_equal(elf_check_p2m(&elf, v_start, v_end, 513, &why), -EINVAL);
}

static void test_truncated(void **state)
{
	for (size_t len = 0; len < DATA + 0x200; len++) {
		struct elf_image elf;
		const char *why;
		u8 *copy;

		build();
		assert_int_not_equal(parse(&elf, &copy, len, &why), 0);
		assert_non_null(why);
		free(copy);
	}
}

static int touch(void *ctx, u64 va, const void *src, size_t filesz, size_t memsz)
{
	const struct elf_image *elf = ctx;

	assert_true(memsz >= filesz && va >= elf->kstart && va + memsz <= elf->kend &&
		    va + memsz > va);
	if (filesz)
		free(memcpy(malloc(filesz), src, filesz));
	return 0;
}

/* Random damage: whatever elf_parse() accepts must hold its promises. */
static void test_fuzz(void **state)
{
	u64 seed = 19701;
	unsigned accepted = 0;

	for (unsigned round = 0; round < 100000; round++) {
		struct elf_image elf;
		const char *why;
		u8 *copy;

		build();
		if (round & 1)
			note_sections();
		for (unsigned hits = unit_random(&seed) % 6; hits < 6; hits++) {
			static const u64 odd[] = { 0, 1, -1UL, 1UL << 63, 1UL << 31,
						   IMAGE_SIZE, 0xffff800000000000, VIRT_BASE };
			/* headers and notes, or the section headers */
			size_t at = unit_random(&seed) % 8 ? unit_random(&seed) % (NOTES + 330)
							   : SHDRS + unit_random(&seed) % 120;
			u64 v = unit_random(&seed) % 2 ? unit_random(&seed)
						       : odd[unit_random(&seed) % ARRAY_SIZE(odd)];

			memcpy(img.bytes + at, &v, 1 << unit_random(&seed) % 4);
		}
		if (parse(&elf, &copy, sizeof(img), &why)) {
			assert_non_null(why);
		} else {
			accepted++;
			assert_in_range(elf.entry, elf.kstart, elf.kend - 1);
			assert_true(elf_va_usable(elf.kstart, elf.kend));
			assert_int_equal(elf_for_each_load(&elf, touch, &elf), 0);
		}
		free(copy);
	}
	print_message("%u of 100000 damaged images were still sound\n", accepted);
	assert_in_range(accepted, 100, 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_dom0_bit),
		cmocka_unit_test(test_check_p2m),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
