/* SPDX-License-Identifier: GPL-2.0-only */
/* The VGA text screen, 80 by 25, until domain 0 takes it over; a panic takes it back. */
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/serial.h>

#define COLS 80
#define ROWS 25
#define ATTR 0x0700

static u16 *const screen = (u16 *)(DIRECTMAP_START + 0xb8000);
static bool text_mode, active;
static unsigned row, col;

static void set_cursor(void)
{
	u16 at = row * COLS + col;

	outw(0x3d4, (at >> 8) << 8 | 14);
	outw(0x3d4, (at & 0xff) << 8 | 15);
}

bool vga_init(void)
{
	if (boot_info.efi || (boot_info.fb.present && boot_info.fb.type != 2))
		return false;
	text_mode = active = true;
	for (unsigned i = 0; i < COLS * ROWS; i++)
		screen[i] = ATTR | ' ';
	set_cursor();
	return true;
}

static void scroll(void)
{
	memmove(screen, screen + COLS, COLS * (ROWS - 1) * 2);
	for (unsigned i = 0; i < COLS; i++)
		screen[COLS * (ROWS - 1) + i] = ATTR | ' ';
	row = ROWS - 1;
}

void vga_putc(char c)
{
	if (c == '\n') {
		row++;
		col = 0;
	} else if (c == '\r') {
		col = 0;
	} else if (c == '\t') {
		col = (col + 8) & ~7U;
	} else if (c >= ' ') {
		screen[row * COLS + col++] = ATTR | (u8)c;
	}
	if (col >= COLS) {
		col = 0;
		row++;
	}
	if (row >= ROWS)
		scroll();
	set_cursor();
}

void vga_off(void)
{
	active = false;
}

void vga_on(void)
{
	active = text_mode;
}

bool vga_active(void)
{
	return active;
}
