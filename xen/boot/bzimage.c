/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bzImage format: a real-mode setup part with a header, and behind it the
 * protected-mode part that holds the compressed ELF image ("payload"). Source:
 * Documentation/x86/boot.rst of Linux. We take the payload and drop everything else.
 *
 * Linux's build appends the unpacked length to each payload as 4 little-endian bytes
 * (gzip's own trailer ends the same way), so the output buffer can be taken beforehand.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include "bzimage.h"

/* Offsets of the fields, from the start of the file. */
#define SETUP_SECTS	0x1f1	/* u8, 0 means 4 */
#define BOOT_FLAG	0x1fe	/* u16 */
#define HEADER_MAGIC	0x202	/* "HdrS" */
#define VERSION		0x206	/* u16 */
#define LOADFLAGS	0x211	/* u8 */
#define PAYLOAD_OFFSET	0x248	/* u32, from the start of the protected-mode part */
#define PAYLOAD_LENGTH	0x24c	/* u32 */
#define HEADER_END	0x250

#define BOOT_FLAG_VALUE		0xaa55
#define VERSION_PAYLOAD		0x0208	/* the first with PAYLOAD_OFFSET */
#define LOADED_HIGH		0x01	/* bzImage, not the zImage of old */

static u16 get16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

static u32 get32(const u8 *p)
{
	return get16(p) | (u32)get16(p + 2) << 16;
}

static bool is_bzimage(const u8 *file, size_t len)
{
	return len >= HEADER_END && get16(file + BOOT_FLAG) == BOOT_FLAG_VALUE &&
	       !memcmp(file + HEADER_MAGIC, "HdrS", 4);
}

static int find_payload(struct kernel_file *k, const u8 *file, size_t len, const char **why)
{
	u64 setup_sects = file[SETUP_SECTS] ? file[SETUP_SECTS] : 4;
	u64 start = (setup_sects + 1) * 512 + get32(file + PAYLOAD_OFFSET);
	u64 length = get32(file + PAYLOAD_LENGTH);

	if (get16(file + VERSION) < VERSION_PAYLOAD || !(file[LOADFLAGS] & LOADED_HIGH)) {
		*why = "kernel is too old: not a bzImage of boot protocol 2.08 or later";
		return -EOPNOTSUPP;
	}
	if (start > len || length > len - start) {
		*why = "bzImage is cut off: its payload ends behind the end of the file";
		return -EINVAL;
	}
	k->data = file + start;
	k->len = length;
	return 0;
}

int kernel_find(struct kernel_file *k, const void *module, size_t len, const char **why)
{
	*k = (struct kernel_file){ .data = module, .len = len };

	if (is_bzimage(module, len)) {
		int rc = find_payload(k, module, len, why);

		if (rc)
			return rc;
	}

	k->format = decode_format(k->data, k->len);
	if (k->format == DECODE_UNKNOWN) {
		*why = "kernel is neither a bzImage nor a plain or gzipped ELF file";
		return -EINVAL;
	}
	if (k->format == DECODE_UNSUPPORTED) {
		*why = "kernel is compressed with bzip2, lzma, lzo or lz4: "
		       "build it with gzip, xz or zstd";
		return -EOPNOTSUPP;
	}
	/* an xz or zstd file as such doesn't end with its unpacked length */
	if (k->data == module && k->format != DECODE_ELF && k->format != DECODE_GZIP) {
		*why = "kernel is a bare xz or zstd file: use a bzImage, an ELF or a gzipped ELF";
		return -EOPNOTSUPP;
	}

	if (k->format == DECODE_ELF)
		k->image_size = k->len;
	else if (k->len >= 4)
		k->image_size = get32((const u8 *)k->data + k->len - 4);
	if (!k->image_size || k->image_size > KERNEL_IMAGE_MAX) {
		*why = "kernel is damaged or cut off: it claims to unpack to nothing or over 1 GB";
		return -EINVAL;
	}
	return 0;
}

int kernel_unpack(const struct kernel_file *k, void *out, void *heap, const char **why)
{
	struct decode_job job = {
		.in = k->data,
		.in_len = k->len,
		.out = out,
		.out_cap = k->image_size,
		.heap = heap,
		.heap_len = DECODE_HEAP_SIZE,
	};
	int rc = decode(&job);

	if (!rc && job.out_len != k->image_size) {
		job.why = "kernel is damaged: it unpacks to less than announced";
		rc = -EINVAL;
	}
	*why = job.why;
	return rc;
}
