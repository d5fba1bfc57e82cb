/* SPDX-License-Identifier: GPL-2.0-only */
/* What cpu/entry.S calls and offers. */
#ifndef XEN_ENTRY_H
#define XEN_ENTRY_H

#include <xen/cpu.h>

/* Called by entry.S with the frame in cpu_info. */
void do_syscall(struct cpu_user_regs *regs);
void do_sysenter(struct cpu_user_regs *regs);
void do_guest_trap(struct cpu_user_regs *regs);
void do_iret_failed(struct cpu_user_regs *regs);
void prepare_exit(struct cpu_user_regs *regs);
void crash_kernel_stack(void);
void crash_iret(void);
/* Called with a frame anywhere on this CPU's stacks. */
void do_hypervisor_trap(struct cpu_user_regs *regs);

/* Offered by entry.S. */
extern u8 entry_stubs[256][16];
extern u8 syscall_stub[], syscall32_stub[], syscall_entry[], syscall32_entry[], sysenter_entry[];
extern u8 page_fault_entry[];
void return_to_guest(void) __noreturn;
void jump_with_stack(void (*fn)(void)) __noreturn;
bool load_sel_ds(u16 sel), load_sel_es(u16 sel), load_sel_fs(u16 sel), load_sel_gs(u16 sel);
int fxrstor_safe(void *area), xrstor_safe(void *area, u64 mask), xsetbv_safe(u64 value);

/* cpu/bounce.c */
void bounce_syscall(struct vcpu *v, struct cpu_user_regs *regs);
void inject_failsafe(void);
void inject_failsafe_sel(struct vcpu *v, struct cpu_user_regs *regs, const u16 sel[4]);
void crash_bounce(struct vcpu *v, const char *what);
/* main loop of pending work: runs what the bits of this_cpu()->work ask for, clears them */
void cpu_do_work(void);
/* cpu/nmi.c */
void handle_nmi(struct cpu_user_regs *regs);
/* cpu/fpu.c: #NM: the guest had set TS. */
void fpu_device_not_available(struct vcpu *v);
void fpu_update_ts(struct vcpu *v);

#endif
