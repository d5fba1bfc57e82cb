/* SPDX-License-Identifier: GPL-2.0-only */
/* Output and input devices of the console; private to the console room and the debugger. */
#ifndef XEN_SERIAL_H
#define XEN_SERIAL_H

#include <xen/types.h>

/* console.c: the lock under which all of these are called, once there are interrupts. */
void console_lock_devices(void);
void console_unlock_devices(void);

#define SERIAL_PORTS	2
struct serial;
int serial_parse_name(const char *name);	/* com1: 0, com2: 1; -EINVAL */
struct serial *serial_open(unsigned n);	/* NULL if there is none; polled at first */
/* To be called, and for the console to send in the background. */
void serial_use_interrupts(struct serial *s);

/* The one port that the console has. @wait: for each byte, interrupts or not. */
void serial_set_console(struct serial *s, bool wait);
void serial_putc(struct serial *s, char c);	/* buffered once interrupts are used */
bool serial_getc(struct serial *s, char *c);
void serial_flush(struct serial *s);	/* poll until all is out */
void serial_force_polling(struct serial *s);

/* The debugger's: they wait. */
u8 serial_poll_getc(struct serial *s);
void serial_poll_putc(struct serial *s, u8 c);

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
