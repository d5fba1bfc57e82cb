/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The door to the decoders: tells the format by its magic number and calls the one that
 * knows it.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include "backend.h"

static const struct {
	enum decode_format format;
	u8 len;
	u8 bytes[6];
} magic[] = {
	{ DECODE_ELF,		4, { 0x7f, 'E', 'L', 'F' } },
	{ DECODE_GZIP,		3, { 0x1f, 0x8b, 0x08 } },
	{ DECODE_XZ,		6, { 0xfd, '7', 'z', 'X', 'Z', 0x00 } },
	{ DECODE_ZSTD,		4, { 0x28, 0xb5, 0x2f, 0xfd } },
	{ DECODE_UNSUPPORTED,	3, { 'B', 'Z', 'h' } },
	{ DECODE_UNSUPPORTED,	3, { 0x5d, 0x00, 0x00 } },		/* lzma */
	{ DECODE_UNSUPPORTED,	4, { 0x89, 'L', 'Z', 'O' } },
	{ DECODE_UNSUPPORTED,	4, { 0x02, 0x21, 0x4c, 0x18 } },	/* lz4 */
};

enum decode_format decode_format(const void *in, size_t in_len)
{
	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (in_len >= magic[i].len && !memcmp(in, magic[i].bytes, magic[i].len))
			return magic[i].format;
	return DECODE_UNKNOWN;
}

const char *decode_format_name(enum decode_format format)
{
	switch (format) {
	case DECODE_ELF:
		return "ELF";
	case DECODE_GZIP:
		return "gzip";
	case DECODE_XZ:
		return "xz";
	case DECODE_ZSTD:
		return "zstd";
	case DECODE_UNSUPPORTED:
		return "unsupported";
	case DECODE_UNKNOWN:
		break;
	}
	return "unknown";
}

int decode(struct decode_job *job)
{
	job->out_len = 0;
	job->why = NULL;

	if (job->heap_len < DECODE_HEAP_SIZE)
		return decode_fail(job, -ENOMEM, "not enough memory for the decoder's state");

	switch (decode_format(job->in, job->in_len)) {
	case DECODE_GZIP:
		return decode_gzip(job);
	case DECODE_XZ:
		return decode_xz(job);
	case DECODE_ZSTD:
		return decode_zstd(job);
	case DECODE_UNSUPPORTED:
		return decode_fail(job, -EOPNOTSUPP,
				   "compressed with bzip2, lzma, lzo or lz4: "
				   "build the kernel with gzip, xz or zstd");
	default:
		return decode_fail(job, -EINVAL, "not gzip, xz or zstd data");
	}
}
