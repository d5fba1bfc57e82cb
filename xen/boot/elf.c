/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a PV kernel's ELF image: headers and segments here, its Xen notes in
 * elf_notes.c. All offsets and lengths come from the file and are checked before use;
 * headers are copied out first, as an image may begin at any address.
 */
#include <xen/errno.h>
#include <xen/layout.h>
#include <xen/lib.h>
#include <public/features.h>
#include "elf.h"
#include "elf_format.h"
#include "elf_notes.h"

/* Kernels keep to the lower part of this; dom0's memory is the real limit. */
#define PADDR_END	(1UL << 46)

#define CANONICAL_LOW_END	0x0000800000000000

static int fail(const char **why, int error, const char *text)
{
	*why = text;
	return error;
}

bool elf_range_ok(const struct elf_image *elf, u64 offset, u64 len)
{
	return offset <= elf->size && len <= elf->size - offset;
}

static struct elf64_phdr phdr(const struct elf_image *elf, unsigned n)
{
	struct elf64_phdr ph;

	memcpy(&ph, elf->image + elf->phoff + n * sizeof(ph), sizeof(ph));
	return ph;
}

bool elf_va_usable(u64 start, u64 end)
{
	return start < end && (end <= CANONICAL_LOW_END || start >= HV_VIRT_END);
}

static int read_header(struct elf_image *elf, struct elf64_ehdr *eh, const char **why)
{
	if (elf->size < sizeof(*eh) || memcmp(elf->image, "\177ELF", 4))
		return fail(why, -EINVAL, "kernel is not an ELF image");
	memcpy(eh, elf->image, sizeof(*eh));

	if (eh->ident[EI_CLASS] != ELFCLASS64 || eh->ident[EI_DATA] != ELFDATA2LSB ||
	    eh->machine != EM_X86_64)
		return fail(why, -EOPNOTSUPP, "kernel is not for x86-64");
	if (eh->ident[EI_VERSION] != EV_CURRENT || (eh->type != ET_EXEC && eh->type != ET_DYN))
		return fail(why, -EINVAL, "kernel's ELF image is not an executable");
	if (!eh->phnum || eh->phentsize != sizeof(struct elf64_phdr) ||
	    !elf_range_ok(elf, eh->phoff, (u64)eh->phnum * sizeof(struct elf64_phdr)))
		return fail(why, -EINVAL, "kernel's ELF program headers are damaged");

	elf->phoff = eh->phoff;
	elf->phnum = eh->phnum;
	return 0;
}

/* Sections are read only if the segments hold no Xen note: some linkers emit no PT_NOTE. */
static int read_notes(struct elf_image *elf, const struct elf64_ehdr *eh, const char **why)
{
	unsigned found = 0;
	int rc = 0;

	for (unsigned i = 0; i < elf->phnum && !rc; i++) {
		struct elf64_phdr ph = phdr(elf, i);

		if (ph.type == PT_NOTE)
			rc = elf_read_notes(elf, ph.offset, ph.filesz, ph.align, &found, why);
	}
	if (rc || found)
		return rc;

	if (eh->shentsize == sizeof(struct elf64_shdr) &&
	    elf_range_ok(elf, eh->shoff, (u64)eh->shnum * sizeof(struct elf64_shdr)))
		for (unsigned i = 0; i < eh->shnum && !rc; i++) {
			struct elf64_shdr sh;

			memcpy(&sh, elf->image + eh->shoff + i * sizeof(sh), sizeof(sh));
			if (sh.type == SHT_NOTE)
				rc = elf_read_notes(elf, sh.offset, sh.size, sh.addralign,
						    &found, why);
		}
	if (rc || found)
		return rc;
	return fail(why, -EOPNOTSUPP, "kernel has no Xen notes: not built with CONFIG_XEN_PV");
}

static int read_segments(struct elf_image *elf, const char **why)
{
	elf->p_low = ~0UL;
	elf->p_high = 0;

	for (unsigned i = 0; i < elf->phnum; i++) {
		struct elf64_phdr ph = phdr(elf, i);

		if (ph.type != PT_LOAD || !ph.memsz)
			continue;
		if (ph.filesz > ph.memsz || !elf_range_ok(elf, ph.offset, ph.filesz))
			return fail(why, -EINVAL,
				    "kernel is damaged or cut off: a segment ends behind its end");
		if (ph.paddr < elf->paddr_offset || ph.paddr - elf->paddr_offset >= PADDR_END ||
		    ph.memsz >= PADDR_END)
			return fail(why, -EINVAL,
				    "kernel has a segment at an impossible physical address");
		ph.paddr -= elf->paddr_offset;
		elf->p_low = MIN(elf->p_low, ph.paddr);
		elf->p_high = MAX(elf->p_high, ph.paddr + ph.memsz);
	}
	if (!elf->p_high)
		return fail(why, -EINVAL, "kernel has no segments to load");

	/* a region that wraps has kend < kstart, and is refused as well */
	elf->kstart = elf->virt_base + elf->p_low;
	elf->kend = elf->virt_base + elf->p_high;
	if (elf->kstart < elf->virt_base || !elf_va_usable(elf->virt_base, elf->kend))
		return fail(why, -EINVAL, "kernel wants virtual addresses that aren't a guest's");
	return 0;
}

static bool in_image(const struct elf_image *elf, u64 va, u64 len)
{
	return va >= elf->kstart && va < elf->kend && len <= elf->kend - va;
}

/* What notes and segments have to agree on. */
static int check_addresses(const struct elf_image *elf, const char **why)
{
	if (!in_image(elf, elf->entry, 1))
		return fail(why, -EINVAL, "kernel's Xen entry point is outside its image");
	if (elf->has_hypercall_page && ((elf->hypercall_page & ~PAGE_MASK) ||
					!in_image(elf, elf->hypercall_page, PAGE_SIZE)))
		return fail(why, -EINVAL,
			    "kernel's hypercall page is unaligned or outside its image");
	if (elf->has_init_p2m)
		return elf_check_p2m(elf, elf->virt_base, elf->kend, 1, why);
	return 0;
}

static int check_domain0(const struct elf_image *elf, const char **why)
{
	if (elf->has_supported_features && !(elf->supported_features & BIT(XENFEAT_dom0)))
		return fail(why, -EOPNOTSUPP,
			    "kernel can't be domain 0: not built with CONFIG_XEN_DOM0");
	if (elf->required_features & BIT(XENFEAT_supervisor_mode_kernel))
		return fail(why, -EOPNOTSUPP, "kernel requires supervisor mode, which no guest has");
	if (elf->required_features & BIT(XENFEAT_auto_translated_physmap))
		return fail(why, -EOPNOTSUPP,
			    "kernel requires translated memory, which PV guests don't have");
	if (elf->has_hv_start_low && elf->hv_start_low > HV_VIRT_START)
		return fail(why, -EOPNOTSUPP,
			    "kernel uses addresses of the hypervisor (its HV_START_LOW is too high)");
	return 0;
}

int elf_check_p2m(const struct elf_image *elf, u64 v_start, u64 v_end, u64 nr_pages,
		  const char **why)
{
	u64 start = elf->init_p2m, len = nr_pages * sizeof(u64);

	if ((start & ~PAGE_MASK) || nr_pages > PADDR_END / PAGE_SIZE ||
	    !elf_va_usable(start, start + ROUND_UP(len, PAGE_SIZE)))
		return fail(why, -EINVAL, "kernel wants its P2M at an address that isn't a guest's");
	if (start < v_end && v_start < start + len)
		return fail(why, -EINVAL, "kernel wants its P2M over its own image");
	return 0;
}

int elf_parse(struct elf_image *elf, const void *image, size_t size, const char **why)
{
	struct elf64_ehdr eh;
	int rc;

	*elf = (struct elf_image){ .image = image, .size = size };

	rc = read_header(elf, &eh, why);
	if (!rc)
		rc = read_notes(elf, &eh, why);
	if (!rc)
		rc = elf_check_notes(elf, why);
	if (!rc)
		rc = read_segments(elf, why);
	if (!rc)
		rc = check_addresses(elf, why);
	if (!rc)
		rc = check_domain0(elf, why);
	return rc;
}

int elf_for_each_load(const struct elf_image *elf, elf_put_fn *put, void *ctx)
{
	for (unsigned i = 0; i < elf->phnum; i++) {
		struct elf64_phdr ph = phdr(elf, i);
		int rc;

		if (ph.type != PT_LOAD || !ph.memsz)
			continue;
		rc = put(ctx, ph.paddr - elf->paddr_offset + elf->virt_base,
			 elf->image + ph.offset, ph.filesz, ph.memsz);
		if (rc)
			return rc;
	}
	return 0;
}
