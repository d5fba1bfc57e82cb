/* SPDX-License-Identifier: GPL-2.0-only */
/* The console: ring, serial port, VGA text screen, who gets the keys typed. */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include <xen/public.h>

struct vcpu;

void console_early_init(void);		/* serial + VGA as the command line says; polling */
void console_init(void);		/* after irq_init: serial interrupt, ring */
void console_end_boot(void);		/* dom0 is about to run: give up VGA (unless vga=keep) */
void console_force_unlock(void);	/* panic, NMI: no locks, polling, all levels */
void console_poll(void);		/* WORK_KEY */
void console_drain(void);		/* wait until all output has left the wire: before reset */
long do_console_io(u64 cmd, u64 count, u64 buf);
/* XEN_SYSCTL_readconsole */
int console_read_ring(struct xen_sysctl_readconsole *op);
/* For start_info: 0 if no text mode. */
size_t console_vga_info(struct dom0_vga_console_info *info);
/* The machine ports of com1 (0) or com2 (1), denied to dom0; 0 if unused by us. */
u16 serial_io_port(unsigned n);

/* debug/keys.c: Ctrl-A three times, or XEN_SYSCTL_debug_keys. */
void handle_key(u8 key, const struct cpu_user_regs *regs);
void keys_init(void);
void register_key(u8 key, void (*fn)(void), const char *what);

/* debug/symbols.c: "name+0x1f/0x80" of an address in the image; table linked in at build time. */
const char *symbol_lookup(vaddr_t addr, u64 *offset, u64 *size);
struct cpu_state;
void print_address(vaddr_t addr);	/* a line */
void show_state(const struct cpu_state *s);
void show_registers(const struct cpu_user_regs *regs);
/* Return addresses, by the frame pointers, as far as they stay on this CPU's stack: how many. */
unsigned walk_stack(const struct cpu_user_regs *regs, vaddr_t *addr, unsigned max);
void show_stack(const struct cpu_user_regs *regs);
void dump_guest_state(struct vcpu *v);

#endif
