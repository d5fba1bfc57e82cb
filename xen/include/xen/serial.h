/* SPDX-License-Identifier: GPL-2.0-only */
/* Output and input devices of the console; private to the console room. */
#ifndef XEN_SERIAL_H
#define XEN_SERIAL_H

#include <xen/types.h>

bool serial_init(void);			/* "com1="; false if absent or not asked for */
void serial_use_interrupts(bool wait);	/* to receive; to send as well unless @wait */
void serial_putc(char c);		/* buffered once interrupts are used, polled otherwise */
void serial_flush(void);		/* poll until all is out */
void serial_force_polling(void);
u16 serial_port(void);
bool serial_getc(char *c);

bool vga_init(void);			/* false if there is no text screen */
void vga_putc(char c);
void vga_off(void);
void vga_on(void);			/* a panic takes the screen back */
bool vga_active(void);

#endif
