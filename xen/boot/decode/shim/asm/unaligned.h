/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_ASM_UNALIGNED_H
#define SHIM_ASM_UNALIGNED_H

#include <linux/types.h>

/* Access to a possibly unaligned object of a scalar type. */
#define get_unaligned(p)						\
	(((const struct { __typeof__(*(p)) x; } __attribute__((__packed__)) *)(p))->x)
#define put_unaligned(value, p)						\
	(((struct { __typeof__(*(p)) x; } __attribute__((__packed__)) *)(p))->x = (value))

#define get_unaligned_le16(p)	get_unaligned((const uint16_t *)(p))
#define get_unaligned_le32(p)	get_unaligned((const uint32_t *)(p))
#define get_unaligned_le64(p)	get_unaligned((const uint64_t *)(p))
#define get_unaligned_be32(p)	__builtin_bswap32(get_unaligned_le32(p))
#define get_unaligned_be64(p)	__builtin_bswap64(get_unaligned_le64(p))

#define put_unaligned_le16(value, p)	put_unaligned(value, (uint16_t *)(p))
#define put_unaligned_le32(value, p)	put_unaligned(value, (uint32_t *)(p))
#define put_unaligned_le64(value, p)	put_unaligned(value, (uint64_t *)(p))
#define put_unaligned_be32(value, p)	put_unaligned_le32(__builtin_bswap32(value), p)
#define put_unaligned_be64(value, p)	put_unaligned_le64(__builtin_bswap64(value), p)

#endif
