/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console's font, VGA's 8 by 16: Linux's, included unchanged from the source archive that
 * the kernels are built from. It compiles like the decoders, see boot/decode.
 */
#include "fonts/font_8x16.c"

#include <xen/serial.h>

const u8 *font_glyph(u8 c)
{
	return (const u8 *)font_vga_8x16.data + c * FONT_H;
}
