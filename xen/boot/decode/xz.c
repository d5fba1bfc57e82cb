/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xz: Linux's XZ Embedded, included unchanged, in its single-call mode (the output
 * buffer is the dictionary) and with the one filter that x86 kernels use.
 *
 * lib/decompress_unxz.c isn't used: it takes the output buffer as endless.
 */
#include <xen/errno.h>
#include <xen/lib.h>
#include "backend.h"

/* XZ Embedded allocates its two or three state structures from here. */
static u8 *heap_next, *heap_end;

static void *heap_take(size_t size)
{
	void *p = heap_next;

	size = (size + 15) & ~(size_t)15;
	if (size > (size_t)(heap_end - heap_next))
		return NULL;
	heap_next += size;
	return p;
}

#define XZ_PREBOOT
#define XZ_EXTERN		static
#define XZ_INTERNAL_CRC32	1
#define XZ_DEC_SINGLE
#define XZ_DEC_X86
#define kmalloc(size, flags)	heap_take(size)
#define kfree(p)		((void)(p))
#define vmalloc(size)		heap_take(size)
#define vfree(p)		((void)(p))
#define memeq(a, b, size)	(memcmp(a, b, size) == 0)
#define memzero(buf, size)	memset(buf, 0, size)

#include "xz/xz_private.h"
#include "xz/xz_crc32.c"
#include "xz/xz_dec_stream.c"
#include "xz/xz_dec_lzma2.c"
#include "xz/xz_dec_bcj.c"

_Static_assert(sizeof(struct xz_dec) + sizeof(struct xz_dec_lzma2) + sizeof(struct xz_dec_bcj)
	       + 3 * 16 <= DECODE_HEAP_SIZE, "state of the xz decoder");

u32 decode_crc32(const void *buf, size_t len)
{
	xz_crc32_init();
	return xz_crc32(buf, len, 0);
}

int decode_xz(struct decode_job *job)
{
	struct xz_buf buf = {
		.in = job->in,
		.in_size = job->in_len,
		.out = job->out,
		.out_size = job->out_cap,
	};
	struct xz_dec *dec;

	heap_next = job->heap;
	heap_end = heap_next + job->heap_len;
	xz_crc32_init();

	dec = xz_dec_init(XZ_SINGLE, 0);
	if (!dec)
		return decode_fail(job, -ENOMEM, "not enough memory for the xz decoder");

	switch (xz_dec_run(dec, &buf)) {
	case XZ_STREAM_END:
		job->out_len = buf.out_pos;
		return 0;
	case XZ_OPTIONS_ERROR:
		return decode_fail(job, -EOPNOTSUPP, "xz data with unsupported options: "
				   "use --check=crc32 and no filters but x86 and lzma2");
	case XZ_BUF_ERROR:
		return decode_fail(job, -ENOSPC, "xz data is longer than announced");
	default:
		return decode_fail(job, -EINVAL, "xz data is damaged or cut off");
	}
}
