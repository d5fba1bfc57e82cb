/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A truncated initrd shows late and unclearly: the kernel unpacks what there is,
 * and misses its /init. The archives' own structure tells at once, and cheaply:
 * nothing is unpacked here.
 *
 * Sources: Documentation/driver-api/early-userspace/buffer-format.rst of Linux
 * (cpio), RFC 8878 (zstd), The .xz File Format 1.1.0.
 */
#include <xen/lib.h>
#include "initrd.h"

#define CPIO_HEADER	110
#define CPIO_FILESIZE	54
#define CPIO_NAMESIZE	94
#define CPIO_END	"TRAILER!!!"

#define ZSTD_MAGIC	0xfd2fb528
#define ZSTD_SKIP	0x184d2a50	/* the last four bits vary */

static u32 __init le32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

/* Eight hexadecimal digits; anything else makes a size that no archive has. */
static u64 __init hex8(const u8 *p)
{
	u64 n = 0;

	for (unsigned i = 0; i < 8; i++) {
		u8 c = p[i] | 0x20;

		if (c >= '0' && c <= '9')
			n = n << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (c - 'a' + 10);
		else
			return ~0u;
	}
	return n;
}

/* All three: the bytes that the archive at @p takes, or 0 if it isn't within @len. */

static u64 __init cpio_length(const u8 *p, u64 len)
{
	u64 at = 0;

	while (at + CPIO_HEADER <= len) {
		u64 name = hex8(p + at + CPIO_NAMESIZE), size = hex8(p + at + CPIO_FILESIZE);
		u64 data = ROUND_UP(at + CPIO_HEADER + name, 4);
		u64 next = ROUND_UP(data + size, 4);
		bool last = name == sizeof(CPIO_END) && data <= len &&
			    !memcmp(p + at + CPIO_HEADER, CPIO_END, sizeof(CPIO_END));

		if (last)
			return data;
		if (data + size > len)
			return 0;
		at = next;
	}
	return 0;
}

static u64 __init zstd_length(const u8 *p, u64 len)
{
	static const u8 dict_bytes[] = { 0, 1, 2, 4 }, size_bytes[] = { 0, 2, 4, 8 };
	u64 at = 4;
	u8 flags;

	if (len < 8)
		return 0;
	if ((le32(p) & ~15u) == ZSTD_SKIP)
		return 8UL + le32(p + 4) <= len ? 8UL + le32(p + 4) : 0;
	flags = p[at++];
	at += dict_bytes[flags & 3] + size_bytes[flags >> 6];
	if (!(flags & 0x20))
		at++;			/* window size */
	else if (!(flags >> 6))
		at++;			/* a content size of one byte */
	for (;;) {
		u32 block;

		if (at + 3 > len)
			return 0;
		block = p[at] | p[at + 1] << 8 | p[at + 2] << 16;
		/* A run of one byte's copies holds that byte only. */
		at += 3 + ((block >> 1 & 3) == 1 ? 1 : block >> 3);
		if (block & 1)
			break;
	}
	if (flags & 4)
		at += 4;		/* checksum */
	return at <= len ? at : 0;
}

/* Its sizes are at its end: the rest is it, or is cut off. */
static u64 __init xz_length(const u8 *p, u64 len)
{
	u64 end = len;

	while (end && !p[end - 1])
		end--;
	return end >= 32 && p[end - 2] == 'Y' && p[end - 1] == 'Z' ? len : 0;
}

bool __init initrd_complete(const u8 *data, u64 len, const char **why)
{
	static const u8 xz[] = { 0xfd, '7', 'z', 'X', 'Z', 0 };

	for (u64 at = 0, n; at < len; at += n) {
		const u8 *p = data + at;
		u64 left = len - at;

		if (!*p) {
			n = 1;
			continue;
		}
		if (left < 8)
			return true;
		if (!memcmp(p, "070701", 6) || !memcmp(p, "070702", 6)) {
			n = cpio_length(p, left);
			*why = "its cpio archive ends without a trailer";
		} else if (le32(p) == ZSTD_MAGIC || (le32(p) & ~15u) == ZSTD_SKIP) {
			n = zstd_length(p, left);
			*why = "its zstd archive goes on behind the file's end";
		} else if (!memcmp(p, xz, sizeof(xz))) {
			n = xz_length(p, left);
			*why = "its xz archive has no end";
		} else {
			return true;
		}
		if (!n)
			return false;
	}
	return true;
}
