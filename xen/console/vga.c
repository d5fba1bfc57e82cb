/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The screen, until domain 0 takes it over; a panic takes it back: VGA's text mode, 80 by 25,
 * or a framebuffer.
 */
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/serial.h>

#define TEXT_COLS 80
#define TEXT_ROWS 25
#define ATTR 0x0700
#define CRTC 0x3d4			/* index; the data port follows */

static u16 *const screen = (u16 *)(DIRECTMAP_START + 0xb8000);
static bool text_mode, present, active;
static unsigned rows, cols, row, col;

static void crtc_write(u8 reg, u8 val)
{
	outw(CRTC, val << 8 | reg);
}

static void set_cursor(void)
{
	u16 at = row * TEXT_COLS + col;

	if (text_mode) {
		crtc_write(14, at >> 8);
		crtc_write(15, at & 0xff);
	}
}

static void put(u8 c)
{
	if (text_mode)
		screen[row * TEXT_COLS + col] = ATTR | c;
	else
		fb_put(row, col, c);
}

static void clear(void)
{
	if (text_mode)
		for (unsigned i = 0; i < TEXT_COLS * TEXT_ROWS; i++)
			screen[i] = ATTR | ' ';
	else
		fb_clear();
	row = col = 0;
	set_cursor();
}

bool vga_init(void)
{
	if (boot_info.efi || (boot_info.fb.present && boot_info.fb.type != 2)) {
		present = fb_init(&cols, &rows);
	} else {
		cols = TEXT_COLS;
		rows = TEXT_ROWS;
		present = text_mode = true;
		clear();
	}
	active = present;
	return present;
}

static void scroll(void)
{
	row = rows - 1;
	if (!text_mode) {
		fb_scroll();
		return;
	}
	memmove(screen, screen + TEXT_COLS, TEXT_COLS * (TEXT_ROWS - 1) * 2);
	for (unsigned i = 0; i < TEXT_COLS; i++)
		screen[TEXT_COLS * (TEXT_ROWS - 1) + i] = ATTR | ' ';
}

static void new_line(void)
{
	col = 0;
	if (++row >= rows)
		scroll();
}

void vga_putc(char c)
{
	if (c == '\n') {
		new_line();
	} else if (c == '\r') {
		col = 0;
	} else if (c == '\t') {
		col = (col + 8) & ~7U;
	} else if (c >= ' ') {
		if (col >= cols)
			new_line();
		put(c);
		col++;
	}
	set_cursor();
}

void vga_off(void)
{
	active = false;
}

void vga_retake(void)
{
	if (!present)
		return;
	active = true;
	if (text_mode) {		/* Linux scrolls by moving the screen's start */
		crtc_write(12, 0);
		crtc_write(13, 0);
	}
	clear();
}

bool vga_active(void)
{
	return active;
}

unsigned vga_rows(void)
{
	return rows;
}
