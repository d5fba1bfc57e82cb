/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Characters on a linear framebuffer, for machines without a text mode (UEFI). It may be
 * anywhere in the address space, and is needed before anything can be allocated: so it has a
 * part of the address map and a table of 2 MB pages of its own. It is mapped write-combining
 * and only written: what is on the screen is remembered here, and only what differs is drawn.
 */
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/serial.h>

#define MAX_COLS	320U
#define MAX_ROWS	128U
#define MAX_SCALE	4U
#define WIDE		2560		/* from so many pixels on, each becomes a square of them */
#define BIG_PAGE	(2UL << 20)
#define WINDOW		(512 * BIG_PAGE)
#define PTE_PAT_BIG	BIT(12)		/* entry 4 of the PAT, write-combining (HV_PAT) */
#define DIRECT_RGB	1		/* Multiboot 2, 3.6.12: framebuffer type */

static u64 map[512] __aligned(4096);	/* L2 table of the window */
static u8 *base;
static u32 pitch, pixel_bytes, scale, ink;
static unsigned cols, rows;
static u8 text[MAX_ROWS][MAX_COLS];

/* False if it is larger than the window, or no place for a framebuffer. */
static bool map_framebuffer(paddr_t pa, u64 len)
{
	paddr_t start = pa & ~(BIG_PAGE - 1);
	u64 *l3 = mfn_to_va(pte_mfn(hv_l4[l4_slot(FRAMEBUFFER_START)]));
	u64 nx = rdmsr(MSR_EFER) & EFER_NX ? PTE_NX : 0;

	if (!pa || len > WINDOW - BIG_PAGE || (pa + len) & ~(PTE_ADDR_MASK | ~PAGE_MASK))
		return false;
	for (unsigned i = 0; start + i * BIG_PAGE < pa + len; i++)
		map[i] = (start + i * BIG_PAGE) | PTE_P | PTE_RW | PTE_A | PTE_D | PTE_PSE |
			 PTE_PAT_BIG | nx;
	l3[l3_slot(FRAMEBUFFER_START)] = mk_pte(PFN_DOWN(va_to_image_pa(map)),
						PTE_P | PTE_RW | PTE_A | PTE_D);
	base = (u8 *)FRAMEBUFFER_START + (pa - start);
	return true;
}

/* Light grey, two thirds of full brightness, in a colour of @size bits at @pos. */
static u32 grey(u8 pos, u8 size)
{
	return pos < 32 && size <= 16 ? (0xaaaaU >> (16 - size)) << pos : 0;
}

bool fb_init(unsigned *ncols, unsigned *nrows)
{
	u64 size = (u64)boot_info.fb.pitch * boot_info.fb.height;

	if (!boot_info.fb.present || boot_info.fb.type != DIRECT_RGB)
		return false;
	pixel_bytes = (boot_info.fb.bpp + 7) / 8;
	pitch = boot_info.fb.pitch;
	if (pixel_bytes < 2 || pixel_bytes > 4 || (u64)boot_info.fb.width * pixel_bytes > pitch)
		return false;
	scale = MIN(1 + boot_info.fb.width / WIDE, MAX_SCALE);
	cols = MIN(boot_info.fb.width / (FONT_W * scale), MAX_COLS);
	rows = MIN(boot_info.fb.height / (FONT_H * scale), MAX_ROWS);
	if (!cols || !rows || !map_framebuffer(boot_info.fb.addr, size))
		return false;
	ink = grey(boot_info.fb.rpos, boot_info.fb.rsize) |
	      grey(boot_info.fb.gpos, boot_info.fb.gsize) |
	      grey(boot_info.fb.bpos, boot_info.fb.bsize);
	if (!ink)			/* the loader doesn't say where the colours are */
		ink = ~0U;
	fb_clear();
	*ncols = cols;
	*nrows = rows;
	return true;
}

static void draw(unsigned row, unsigned col)
{
	const u8 *glyph = font_glyph(text[row][col]);
	u32 width = FONT_W * scale * pixel_bytes;	/* of a character, in bytes */
	u8 *to = base + (u64)row * FONT_H * scale * pitch + col * width;
	u8 line[FONT_W * MAX_SCALE * 4 + 4];

	for (unsigned y = 0; y < FONT_H; y++) {
		for (unsigned x = 0; x < FONT_W * scale; x++) {
			u32 pixel = glyph[y] & 0x80 >> x / scale ? ink : 0;

			/* what is too much of it the next pixel overwrites */
			__builtin_memcpy(line + x * pixel_bytes, &pixel, sizeof(pixel));
		}
		for (unsigned i = 0; i < scale; i++, to += pitch)
			memcpy(to, line, width);
	}
}

/* Out of the CPU's write-combining buffers, onto the screen. */
static void show(void)
{
	asm volatile("sfence" ::: "memory");
}

void fb_put(unsigned row, unsigned col, u8 c)
{
	if (text[row][col] != c) {
		text[row][col] = c;
		draw(row, col);
		show();
	}
}

void fb_scroll(void)
{
	for (unsigned row = 0; row < rows; row++)
		for (unsigned col = 0; col < cols; col++) {
			u8 c = row + 1 < rows ? text[row + 1][col] : ' ';

			if (text[row][col] != c) {
				text[row][col] = c;
				draw(row, col);
			}
		}
	show();
}

void fb_clear(void)
{
	memset(text, ' ', sizeof(text));
	memset(base, 0, (u64)pitch * boot_info.fb.height);
	show();
}
