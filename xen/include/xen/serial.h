/* SPDX-License-Identifier: GPL-2.0-only */
/* Output and input devices of the console; private to the console room. */
#ifndef XEN_SERIAL_H
#define XEN_SERIAL_H

#include <xen/types.h>

/* console.c: the lock under which all of these are called, once there are interrupts. */
void console_lock_devices(void);
void console_unlock_devices(void);

bool serial_init(void);			/* "com1="; false if absent or not asked for */
void serial_use_interrupts(bool wait);	/* to receive; to send as well unless @wait */
void serial_putc(char c);		/* buffered once interrupts are used, polled otherwise */
void serial_flush(void);		/* poll until all is out */
void serial_force_polling(void);
u16 serial_port(void);
bool serial_getc(char *c);

/* vga.c: the screen, be it VGA's text mode or a framebuffer */
bool vga_init(void);			/* false if there is no screen that we can use */
void vga_putc(char c);
void vga_off(void);
void vga_retake(void);			/* a panic: clear it, whoever used it last, and use it again */
bool vga_active(void);
unsigned vga_rows(void);

/* fb.c: a grid of characters on a linear framebuffer */
bool fb_init(unsigned *cols, unsigned *rows);	/* from boot_info; false if there is none */
void fb_put(unsigned row, unsigned col, u8 c);
void fb_scroll(void);			/* by a line */
void fb_clear(void);

/* font.c */
#define FONT_W	8
#define FONT_H	16
const u8 *font_glyph(u8 c);		/* FONT_H bytes, a row each; bit 7 is left; code page 437 */

#endif
