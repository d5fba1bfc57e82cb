/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * zstd: Linux's decoder, included unchanged through the list of sources that Linux keeps
 * for its own boot code. One frame is unpacked; bytes after it are ignored.
 */
#define STATIC static
/* no second copies of the hot loops for CPUs with BMI2 */
#define DYNAMIC_BMI2 0
#include "xxhash.c"
#include "zstd/decompress_sources.h"

#include <xen/errno.h>
#include "backend.h"

_Static_assert(sizeof(struct ZSTD_DCtx_s) <= DECODE_HEAP_SIZE, "state of the zstd decoder");

int decode_zstd(struct decode_job *job)
{
	size_t frame = zstd_find_frame_compressed_size(job->in, job->in_len);
	zstd_dctx *dctx;
	size_t rc;

	if (zstd_is_error(frame))
		return decode_fail(job, -EINVAL, "zstd data is damaged or cut off");

	dctx = zstd_init_dctx(job->heap, job->heap_len);
	if (!dctx)
		return decode_fail(job, -ENOMEM, "not enough memory for the zstd decoder");

	rc = zstd_decompress_dctx(dctx, job->out, job->out_cap, job->in, frame);
	if (!zstd_is_error(rc)) {
		job->out_len = rc;
		return 0;
	}

	switch (zstd_get_error_code(rc)) {
	case ZSTD_error_dstSize_tooSmall:
		return decode_fail(job, -ENOSPC, "zstd data is longer than announced");
	case ZSTD_error_checksum_wrong:
		return decode_fail(job, -EINVAL, "zstd data is damaged: wrong checksum");
	default:
		return decode_fail(job, -EINVAL, "zstd data is damaged");
	}
}
