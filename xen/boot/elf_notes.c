/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The notes by which a kernel tells a Xen hypervisor what it is and what it wants: numbers
 * (4 or 8 bytes) and strings, described in public/elfnote.h. Notes that a PV domain 0 has
 * no use for are ignored: GUEST_OS and GUEST_VERSION inform only, PHYS32_ENTRY is for
 * PVH guests, and a symbol table (BSD_SYMTAB) isn't loaded.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include <public/elfnote.h>
#include <public/features.h>
#include "elf_format.h"
#include "elf_notes.h"

struct note {
	u32 type;
	u32 len;
	const u8 *desc;
};

/* Feature names of the FEATURES note: public/features.h without the prefix. */
#define FEATURE(name)	{ XENFEAT_##name, #name }
static const struct {
	unsigned bit;
	const char *name;
} features[] = {
	FEATURE(writable_page_tables),
	FEATURE(writable_descriptor_tables),
	FEATURE(auto_translated_physmap),
	FEATURE(supervisor_mode_kernel),
	FEATURE(pae_pgdir_above_4gb),
	FEATURE(mmu_pt_update_preserve_ad),
	FEATURE(highmem_assist),
	FEATURE(gnttab_map_avail_bits),
	FEATURE(hvm_callback_vector),
	FEATURE(hvm_safe_pvclock),
	FEATURE(hvm_pirqs),
	FEATURE(dom0),
	FEATURE(memory_op_vnode_supported),
	FEATURE(ARM_SMCCC_supported),
	FEATURE(linux_rsdp_unrestricted),
	FEATURE(not_direct_mapped),
	FEATURE(direct_mapped),
};

static int fail(const char **why, int error, const char *text)
{
	*why = text;
	return error;
}

/* A string without its zero, which may be missing. */
static bool string_is(const struct note *n, const char *s)
{
	size_t len = strlen(s);

	return strnlen((const char *)n->desc, n->len) == len && !memcmp(n->desc, s, len);
}

static int feature_bit(const char *name, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		if (strlen(features[i].name) == len && !memcmp(features[i].name, name, len))
			return features[i].bit;
	return -1;
}

/* "name|!name|...": '!' marks a feature that the kernel can't do without. */
static int read_features(struct elf_image *elf, const struct note *n, const char **why)
{
	const char *s = (const char *)n->desc;
	size_t left = strnlen(s, n->len);

	while (left) {
		bool required = *s == '!';
		size_t len;
		int bit;

		if (required) {
			s++;
			left--;
		}
		for (len = 0; len < left && s[len] != '|'; len++)
			;
		bit = feature_bit(s, len);
		if (bit < 0 && required)
			return fail(why, -EOPNOTSUPP,
				    "kernel requires an unknown feature in its Xen FEATURES note");
		if (bit >= 0)
			elf->supported_features |= BIT(bit);
		if (required)
			elf->required_features |= BIT(bit);
		len += len < left;
		s += len;
		left -= len;
	}
	return 0;
}

/* The number of a numeric note, 4 or 8 bytes long; or a mask and a value for L1_MFN_VALID. */
static int read_number(struct elf_image *elf, const struct note *n, const char **why)
{
	u64 value[2] = { 0 };
	bool pair = n->type == XEN_ELFNOTE_L1_MFN_VALID;

	if (pair ? n->len < sizeof(value) : (n->len != 4 && n->len != 8))
		return fail(why, -EINVAL, "kernel has a Xen note with a number of a wrong size");
	memcpy(value, n->desc, pair ? sizeof(value) : n->len);

	switch (n->type) {
	case XEN_ELFNOTE_ENTRY:
		elf->entry = value[0];
		elf->has_entry = true;
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		elf->hypercall_page = value[0];
		elf->has_hypercall_page = true;
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		elf->virt_base = value[0];
		elf->has_virt_base = true;
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		elf->paddr_offset = value[0];
		break;
	case XEN_ELFNOTE_HV_START_LOW:
		elf->hv_start_low = value[0];
		elf->has_hv_start_low = true;
		break;
	case XEN_ELFNOTE_L1_MFN_VALID:
		elf->l1_mfn_mask = value[0];
		elf->l1_mfn_value = value[1];
		elf->has_l1_mfn_valid = true;
		break;
	case XEN_ELFNOTE_SUSPEND_CANCEL:
		elf->suspend_cancel = value[0];
		break;
	case XEN_ELFNOTE_INIT_P2M:
		elf->init_p2m = value[0];
		elf->has_init_p2m = true;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		elf->mod_start_pfn = value[0];
		break;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		elf->supported_features |= value[0];
		elf->has_supported_features = true;
		break;
	}
	return 0;
}

static int read_note(struct elf_image *elf, const struct note *n, const char **why)
{
	switch (n->type) {
	case XEN_ELFNOTE_LOADER:
		if (!string_is(n, "generic"))
			return fail(why, -EOPNOTSUPP, "kernel's Xen LOADER note isn't \"generic\"");
		return 0;
	case XEN_ELFNOTE_XEN_VERSION:
		if (!string_is(n, "xen-3.0"))
			return fail(why, -EOPNOTSUPP,
				    "kernel's XEN_VERSION note isn't \"xen-3.0\"");
		return 0;
	case XEN_ELFNOTE_FEATURES:
		return read_features(elf, n, why);
	case XEN_ELFNOTE_PAE_MODE:
		elf->pae = string_is(n, "yes");
		return 0;
	case XEN_ELFNOTE_ENTRY:
	case XEN_ELFNOTE_HYPERCALL_PAGE:
	case XEN_ELFNOTE_VIRT_BASE:
	case XEN_ELFNOTE_PADDR_OFFSET:
	case XEN_ELFNOTE_HV_START_LOW:
	case XEN_ELFNOTE_L1_MFN_VALID:
	case XEN_ELFNOTE_SUSPEND_CANCEL:
	case XEN_ELFNOTE_INIT_P2M:
	case XEN_ELFNOTE_MOD_START_PFN:
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		return read_number(elf, n, why);
	}
	return 0;
}

int elf_read_notes(struct elf_image *elf, u64 offset, u64 len, u64 align,
		   unsigned *found, const char **why)
{
	const u8 *notes;
	u64 pos = 0;

	if (!elf_range_ok(elf, offset, len))
		return fail(why, -EINVAL, "kernel is damaged or cut off: its ELF notes are missing");
	notes = elf->image + offset;
	if (align != 8)
		align = 4;

	/* pos <= len < 2^63 and 32-bit sizes: the sums can't overflow */
	while (len - pos >= sizeof(struct elf64_nhdr)) {
		struct elf64_nhdr nh;
		struct note n;
		u64 name = pos + sizeof(nh), desc;
		int rc = 0;

		memcpy(&nh, notes + pos, sizeof(nh));
		desc = ROUND_UP(name + nh.namesz, align);
		if (desc > len || nh.descsz > len - desc)
			return fail(why, -EINVAL, "kernel's ELF notes are damaged");

		if (nh.namesz == 4 && !memcmp(notes + name, "Xen", 4)) {
			n = (struct note){ nh.type, nh.descsz, notes + desc };
			rc = read_note(elf, &n, why);
			++*found;
		}
		if (rc)
			return rc;
		pos = MIN(len, ROUND_UP(desc + nh.descsz, align));
	}
	return 0;
}

int elf_check_notes(const struct elf_image *elf, const char **why)
{
	if (!elf->has_entry)
		return fail(why, -EOPNOTSUPP,
			    "kernel's Xen notes name no entry point: not built with CONFIG_XEN_PV");
	if (!elf->has_virt_base)
		return fail(why, -EOPNOTSUPP, "kernel's Xen notes have no VIRT_BASE");
	return 0;
}
