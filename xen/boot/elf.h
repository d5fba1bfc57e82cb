/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PV kernel's ELF image: where its segments go, and what its "Xen" notes ask for
 * (public/elfnote.h).
 *
 * Guest addresses come from the segments' physical addresses, as Linux's per-CPU segment
 * has a virtual address of 0: load address = p_paddr - PADDR_OFFSET + VIRT_BASE. The
 * p_vaddr fields aren't used.
 */
#ifndef BOOT_ELF_H
#define BOOT_ELF_H

#include <xen/types.h>

struct elf_image {
	const u8 *image;	/* of the caller; must stay while the elf_image is in use */
	size_t size;
	u64 phoff;		/* program headers within the image */
	unsigned phnum;

	/* extent of the PT_LOAD segments, in bytes; starts and ends may be unaligned */
	u64 p_low, p_high;	/* [p_low, p_high) in pseudo-physical space */
	u64 kstart, kend;	/* the same as virtual addresses */

	/* notes; flags tell whether the optional ones were there */
	u64 entry;		/* virtual address, within [kstart, kend) */
	u64 virt_base;		/* virtual address of pseudo-physical address 0 */
	u64 paddr_offset;	/* what p_paddr is too high by */
	u64 init_p2m;		/* page-aligned virtual address for the P2M */
	u64 hypercall_page;	/* page-aligned virtual address in [kstart, kend) */
	u64 hv_start_low;	/* at most HV_VIRT_START */
	u64 l1_mfn_mask, l1_mfn_value;
	u64 supported_features;	/* XENFEAT_* bits, of both feature notes */
	u64 required_features;
	bool has_init_p2m, has_hypercall_page, has_hv_start_low, has_l1_mfn_valid;
	bool has_entry, has_virt_base, has_supported_features;
	bool mod_start_pfn;	/* the initrd needn't be mapped */
	bool suspend_cancel;
	bool pae;		/* PAE_MODE "yes" */
};

/*
 * Read and check an ELF image for domain 0. The image may be unaligned, hostile, and
 * followed by other bytes.
 * Returns 0 and fills in *elf, or -EINVAL (damaged or contradictory) or -EOPNOTSUPP (a
 * sound image that we can't run as domain 0) with a one-line reason in *why.
 */
int elf_parse(struct elf_image *elf, const void *image, size_t size, const char **why);

/* Can a guest have its own mappings in all of [start, end)? Not where the hypervisor is. */
bool elf_va_usable(u64 start, u64 end);

/*
 * Check that a P2M of nr_pages entries at the kernel's INIT_P2M fits beside its initial
 * region [v_start, v_end). Only for a kernel with has_init_p2m.
 * Returns 0, or -EINVAL with a reason in *why.
 */
int elf_check_p2m(const struct elf_image *elf, u64 v_start, u64 v_end, u64 nr_pages,
		  const char **why);

/*
 * One piece of the kernel: filesz bytes at src go to guest virtual address va, followed
 * by zeroes up to memsz bytes. va may be unaligned, and pieces may share a page; all lie
 * within [kstart, kend). Returns 0, or another value to stop the walk.
 */
typedef int elf_put_fn(void *ctx, u64 va, const void *src, size_t filesz, size_t memsz);

/* Call put for each PT_LOAD segment of a parsed image; returns put's first non-zero value or 0. */
int elf_for_each_load(const struct elf_image *elf, elf_put_fn *put, void *ctx);

#endif
