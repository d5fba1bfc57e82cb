/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpacking of compressed kernels.
 *
 * The decoders are those of the pristine Linux tree's lib/, compiled unchanged by
 * gzip.c, xz.c and zstd.c of this room; decode() is their one door. All of them work in
 * a single call from one buffer to another, so their windows are the output itself and
 * the memory they need is small and fixed. They run at boot on one CPU only, as the XZ
 * decoder's allocator and CRC table are static.
 */
#ifndef BOOT_DECODE_H
#define BOOT_DECODE_H

#include <xen/types.h>

/* Memory for the decoder's state, enough for each format (zstd needs the most). */
#define DECODE_HEAP_SIZE (192 * 1024)

enum decode_format {
	DECODE_UNKNOWN,
	DECODE_ELF,		/* not compressed: an ELF image by its magic */
	DECODE_GZIP,
	DECODE_XZ,
	DECODE_ZSTD,
	DECODE_UNSUPPORTED,	/* bzip2, lzma, lzo or lz4: known, but no decoder here */
};

struct decode_job {
	const void *in;		/* compressed bytes; trailing bytes are ignored */
	size_t in_len;
	void *out;		/* must not overlap in */
	size_t out_cap;
	void *heap;		/* scratch memory of the caller, free again after the call */
	size_t heap_len;	/* at least DECODE_HEAP_SIZE, 16-byte aligned */
	size_t out_len;		/* result: bytes written to out */
	const char *why;	/* result: one-line reason of a failure */
};

/* Tell the format of in_len bytes by their magic number. */
enum decode_format decode_format(const void *in, size_t in_len);

/* Name of a format for messages, such as "xz". */
const char *decode_format_name(enum decode_format format);

/*
 * Unpack job->in to job->out, and check the checksums that the format carries.
 * Never writes outside out and heap, whatever the input is. On failure the contents of
 * out are undefined.
 * Returns 0, -EINVAL (damaged input or not a compressed format), -EOPNOTSUPP (a format or
 * option without a decoder here), -ENOSPC (out is too small), -ENOMEM (heap is too small);
 * job->why names the cause.
 */
int decode(struct decode_job *job);

#endif
