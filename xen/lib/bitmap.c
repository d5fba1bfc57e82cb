/* SPDX-License-Identifier: GPL-2.0-only */
/* Searching bitmaps, a 64-bit word at a time. */
#include <xen/bitops.h>

static u64 find_next(const u64 *p, u64 size, u64 from, u64 invert)
{
	u64 word;

	if (from >= size)
		return size;
	word = (p[from / 64] ^ invert) & (~0UL << (from % 64));
	for (from &= ~63UL; !word; ) {
		from += 64;
		if (from >= size)
			return size;
		word = p[from / 64] ^ invert;
	}
	from += ffs64(word);
	return MIN(from, size);
}

u64 find_next_bit(const void *p, u64 size, u64 from)
{
	return find_next(p, size, from, 0);
}

u64 find_next_zero_bit(const void *p, u64 size, u64 from)
{
	return find_next(p, size, from, ~0UL);
}
