/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls. domain/hypercall.c holds THE table. A handler takes up to five
 * arguments and returns the guest's result; arguments come from the guest and
 * are checked by the handler. Long operations stop when preempt_check() is true
 * and return hypercall_restart(): the guest executes the call again with new
 * arguments after the hypervisor did what was due.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/uaccess.h>

typedef long (*hypercall_fn)(u64, u64, u64, u64, u64);

/*
 * Look for interrupts and for work (a schedule, a timer): true if the caller
 * should stop. Opens interrupts for an instant: no lock may be held.
 */
bool preempt_check(void);
/* Arrange the restart of hypercall @nr with @n arguments; returns what the handler must return. */
long hypercall_restart(unsigned nr, unsigned n, ...);
/* Write the 128 stubs of a guest's hypercall page (4096 bytes). domain/hypercall_page.c */
void hypercall_page_fill(void *page);

/*
 * A command of a hypercall that takes one struct: it is copied in, @fn acts on the copy, and if it
 * succeeded and @returns something, that is copied out. If it can't be, @undo takes the deed back.
 */
struct arg_command {
	long (*fn)(void *op);
	void (*undo)(void *op);
	u16 size;
	bool returns;
};

/* -EFAULT; else what fn returned. */
static inline long run_command(const struct arg_command *c, u64 arg)
{
	u64 op[8];
	long ret;

	ASSERT(c->size <= sizeof(op));
	if (copy_from_guest(op, arg, c->size))
		return -EFAULT;
	ret = c->fn(op);
	if (ret || !c->returns || !copy_to_guest(arg, op, c->size))
		return ret;
	if (c->undo)
		c->undo(op);
	return -EFAULT;
}

#define MAX_HYPERCALLS 64
extern const hypercall_fn hypercall_table[MAX_HYPERCALLS];
extern const hypercall_fn *hypercall_dispatch;	/* calls go through this one, entry.S's too (debug/trace_pv.c) */
extern const char *const hypercall_names[MAX_HYPERCALLS];

long do_set_trap_table(u64 traps);
long do_mmu_update(u64 ureqs, u64 count, u64 pdone, u64 foreigndom);
long do_set_gdt(u64 frames, u64 entries);
long do_stack_switch(u64 ss, u64 sp);
long do_set_callbacks(u64 event, u64 failsafe, u64 syscall);
long do_fpu_taskswitch(u64 set);
long do_platform_op(u64 op);
long do_set_debugreg(u64 reg, u64 value);
long do_get_debugreg(u64 reg);
long do_update_descriptor(u64 maddr, u64 desc);
long do_memory_op(u64 cmd, u64 arg);
long do_multicall(u64 list, u64 n);
long do_update_va_mapping(u64 va, u64 val, u64 flags);
long do_set_timer_op(u64 timeout);
long do_xen_version(u64 cmd, u64 arg);
long do_console_io(u64 cmd, u64 count, u64 buf);
long do_physdev_op(u64 cmd, u64 arg);
long do_grant_table_op(u64 cmd, u64 uop, u64 count);
long do_vm_assist(u64 cmd, u64 type);
long do_update_va_mapping_otherdomain(u64 va, u64 val, u64 flags, u64 domid);
long do_iret(void);
long do_vcpu_op(u64 cmd, u64 vcpuid, u64 arg);
long do_set_segment_base(u64 which, u64 base);
long do_mmuext_op(u64 uops, u64 count, u64 pdone, u64 foreigndom);
long do_nmi_op(u64 cmd, u64 arg);
long do_sched_op(u64 cmd, u64 arg);
long do_callback_op(u64 cmd, u64 arg);
long do_event_channel_op(u64 cmd, u64 arg);
long do_sysctl(u64 op);
long do_domctl(u64 op);
long do_mca(u64 op);

#endif
