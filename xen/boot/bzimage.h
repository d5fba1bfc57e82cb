/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the kernel module that the boot loader left in memory to an ELF image: a bzImage
 * (with a gzip, xz or zstd payload), a gzipped ELF file, or a plain one.
 */
#ifndef BOOT_BZIMAGE_H
#define BOOT_BZIMAGE_H

#include <xen/types.h>
#include "decode/decode.h"

/* No kernel is longer: x86-64 Linux maps itself in one GB at most. */
#define KERNEL_IMAGE_MAX	(1UL << 30)

struct kernel_file {
	const void *data;		/* the (compressed) ELF image within the module */
	size_t len;
	enum decode_format format;	/* DECODE_ELF: data is the image itself */
	size_t image_size;		/* bytes of the ELF image, at most KERNEL_IMAGE_MAX */
};

/*
 * Find the ELF image in the len bytes of a kernel module; nothing is unpacked yet.
 * Returns 0 and fills in *k, or -EINVAL or -EOPNOTSUPP with a one-line reason in *why.
 */
int kernel_find(struct kernel_file *k, const void *module, size_t len, const char **why);

/*
 * Unpack a kernel whose format isn't DECODE_ELF to the k->image_size bytes at out, with
 * DECODE_HEAP_SIZE bytes of scratch memory at heap (16-byte aligned). Neither may
 * overlap the module. Returns 0, or an error of decode() with a reason in *why.
 */
int kernel_unpack(const struct kernel_file *k, void *out, void *heap, const char **why);

#endif
