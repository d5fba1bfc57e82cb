/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gzip (RFC 1952): the file format here, its deflate data by Linux's zlib_inflate,
 * which is included unchanged as Linux's own boot code does it.
 *
 * lib/decompress_inflate.c isn't used: it knows the file name as the only optional part
 * of a header and doesn't check the CRC.
 */
#define STATIC static
#include "zlib_inflate/inftrees.c"
#include "zlib_inflate/inffast.c"
#include "zlib_inflate/inflate.c"

#include <xen/errno.h>
#include "backend.h"

/* RFC 1952 section 2.3.1: bits of the header's FLG byte */
#define FLG_HCRC	0x02
#define FLG_EXTRA	0x04
#define FLG_NAME	0x08
#define FLG_COMMENT	0x10
#define FLG_RESERVED	0xe0

#define GZIP_HEADER	10
#define GZIP_TRAILER	8	/* CRC-32 and length modulo 2^32 of the unpacked data */

struct gzip_heap {
	struct z_stream_s stream;
	struct inflate_workspace workspace;
};

_Static_assert(sizeof(struct gzip_heap) <= DECODE_HEAP_SIZE, "state of the gzip decoder");

/* Position after a zero-terminated string at pos; in_len + 1 if it doesn't end. */
static size_t skip_string(const u8 *in, size_t in_len, size_t pos)
{
	while (pos < in_len && in[pos])
		pos++;
	return pos + 1;
}

/* Length of the header with its optional parts, or 0 if it is damaged or cut off. */
static size_t header_length(const u8 *in, size_t in_len)
{
	size_t pos = GZIP_HEADER;

	if (in_len < GZIP_HEADER || (in[3] & FLG_RESERVED))
		return 0;
	if (in[3] & FLG_EXTRA) {
		if (in_len - pos < 2)
			return 0;
		pos += 2 + get_unaligned_le16(in + pos);
	}
	if (in[3] & FLG_NAME)
		pos = skip_string(in, in_len, pos);
	if (in[3] & FLG_COMMENT)
		pos = skip_string(in, in_len, pos);
	if (in[3] & FLG_HCRC)
		pos += 2;
	return pos <= in_len ? pos : 0;
}

int decode_gzip(struct decode_job *job)
{
	struct gzip_heap *heap = job->heap;
	struct z_stream_s *stream = &heap->stream;
	const u8 *in = job->in, *trailer;
	size_t header = header_length(in, job->in_len);
	int rc;

	if (!header)
		return decode_fail(job, -EINVAL, "gzip header is damaged");
	/* the decoder counts in 32 bits */
	if (job->in_len > 0xffffffff)
		return decode_fail(job, -EINVAL, "gzip data of more than 4 GB");

	memset(heap, 0, sizeof(*heap));
	stream->workspace = &heap->workspace;
	stream->next_in = in + header;
	stream->avail_in = job->in_len - header;
	stream->next_out = job->out;
	stream->avail_out = min_t(size_t, job->out_cap, 0xffffffff);

	rc = zlib_inflateInit2(stream, -MAX_WBITS);
	if (rc == Z_OK)
		rc = zlib_inflate(stream, Z_FINISH);

	if (rc == Z_BUF_ERROR && !stream->avail_in)
		return decode_fail(job, -EINVAL, "gzip data is cut off");
	if (rc == Z_BUF_ERROR)
		return decode_fail(job, -ENOSPC, "gzip data is longer than announced");
	if (rc != Z_STREAM_END)
		return decode_fail(job, -EINVAL, "gzip data is damaged");
	if (stream->avail_in < GZIP_TRAILER)
		return decode_fail(job, -EINVAL, "gzip data is cut off before its checksum");

	trailer = stream->next_in;
	if (get_unaligned_le32(trailer) != decode_crc32(job->out, stream->total_out) ||
	    get_unaligned_le32(trailer + 4) != (u32)stream->total_out)
		return decode_fail(job, -EINVAL, "gzip data is damaged: wrong checksum");

	job->out_len = stream->total_out;
	return 0;
}
