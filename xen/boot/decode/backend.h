/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What decode.c and the three decoders share. Each takes a job whose heap has been
 * checked, and fills in out_len, or why and a negative error number.
 */
#ifndef BOOT_DECODE_BACKEND_H
#define BOOT_DECODE_BACKEND_H

#include "decode.h"

int decode_gzip(struct decode_job *job);
int decode_xz(struct decode_job *job);
int decode_zstd(struct decode_job *job);

/* CRC-32 (IEEE 802.3) of len bytes. */
u32 decode_crc32(const void *buf, size_t len);

static inline int decode_fail(struct decode_job *job, int error, const char *why)
{
	job->why = why;
	return error;
}

#endif
