/* SPDX-License-Identifier: GPL-2.0-only */
/* The debugger's way in: a gdb remote stub on a serial line ("gdb=com1" or "gdb=com2"). */
#ifndef XEN_GDB_H
#define XEN_GDB_H

#include <xen/cpu.h>

void gdb_init(void);			/* after the command line: opens its line */
void gdb_use_interrupts(void);		/* from now on a gdb that connects stops the machine */

/* serial.c received @c: is it a call, or after one? Then it notes WORK_KEY, and gdb_answer() stops the machine. */
bool gdb_called(u8 c);
void gdb_answer(void);

/* Exceptions in the hypervisor or, #DB only, in a guest: true if they were the debugger's. */
bool gdb_int3(struct cpu_user_regs *regs);
bool gdb_debug_exception(struct cpu_user_regs *regs, u64 dr6);

/* The hypervisor is broken, and has said so: @regs, or NULL for the caller's own. */
void gdb_crash(struct cpu_user_regs *regs);

/* This CPU's debug registers, when no guest uses them; after the debugger: unless one does. */
void gdb_load_breakpoints(void);
void gdb_resume_cpu(void);

#endif
