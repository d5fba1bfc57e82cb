/* SPDX-License-Identifier: GPL-2.0-only */
/* Bitmaps of the toolstack: bytes, with a size in bits that it chooses. */
#include "control.h"

#define MAX_BITS	65536

int get_bitmap(const struct xenctl_bitmap *b, u64 *mask)
{
	u32 bits = MIN(b->nr_bits, 64u);
	u64 m = 0;

	if (b->nr_bits > MAX_BITS)
		return -EINVAL;
	if (copy_from_guest(&m, handle_va(b->bitmap), (bits + 7) / 8))
		return -EFAULT;
	*mask = bits == 64 ? m : m & (BIT(bits) - 1);
	return 0;
}

/* Bits that we don't have are cleared; bits that it has no room for are left out. */
int put_bitmap(const struct xenctl_bitmap *b, u64 mask)
{
	vaddr_t to = handle_va(b->bitmap);
	u32 bytes = (b->nr_bits + 7) / 8;

	if (b->nr_bits > MAX_BITS)
		return -EINVAL;
	if (b->nr_bits < 64)
		mask &= BIT(b->nr_bits) - 1;
	for (u32 at = 0; at < bytes; at += sizeof(mask)) {
		if (copy_to_guest(to + at, &mask, MIN(bytes - at, (u32)sizeof(mask))))
			return -EFAULT;
		mask = 0;
	}
	return 0;
}
