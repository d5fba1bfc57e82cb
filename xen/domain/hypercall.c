/* SPDX-License-Identifier: GPL-2.0-only */
/* THE hypercall table, its dispatch, multicalls, and how long operations go on later. */
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include <xen/console.h>
#include <xen/lib.h>

#define CALL(name) [__HYPERVISOR_##name] = (hypercall_fn)(void *)do_##name

static long no_hypercall(void)
{
	return -ENOSYS;
}

#pragma GCC diagnostic ignored "-Woverride-init"	/* the first line is for all that aren't named */
const hypercall_fn hypercall_table[MAX_HYPERCALLS] = {
	[0 ... MAX_HYPERCALLS - 1] = (hypercall_fn)(void *)no_hypercall,
	CALL(set_trap_table),
	CALL(mmu_update),
	CALL(set_gdt),
	CALL(stack_switch),
	CALL(set_callbacks),
	CALL(fpu_taskswitch),
	CALL(platform_op),
	CALL(set_debugreg),
	CALL(get_debugreg),
	CALL(update_descriptor),
	CALL(memory_op),
	CALL(multicall),
	CALL(update_va_mapping),
	CALL(set_timer_op),
	CALL(xen_version),
	CALL(console_io),
	CALL(physdev_op),
	CALL(grant_table_op),
	CALL(vm_assist),
	CALL(update_va_mapping_otherdomain),
	CALL(iret),
	CALL(vcpu_op),
	CALL(set_segment_base),
	CALL(mmuext_op),
	CALL(nmi_op),
	CALL(sched_op),
	CALL(callback_op),
	CALL(event_channel_op),
	CALL(sysctl),
	CALL(domctl),
	CALL(mca),
};

#undef CALL
#define NAME(name) [__HYPERVISOR_##name] = #name

const char *const hypercall_names[MAX_HYPERCALLS] = {
	NAME(set_trap_table), NAME(mmu_update), NAME(set_gdt), NAME(stack_switch),
	NAME(set_callbacks), NAME(fpu_taskswitch), NAME(platform_op), NAME(set_debugreg),
	NAME(get_debugreg), NAME(update_descriptor), NAME(memory_op), NAME(multicall),
	NAME(update_va_mapping), NAME(set_timer_op), NAME(xen_version), NAME(console_io),
	NAME(physdev_op), NAME(grant_table_op), NAME(vm_assist),
	NAME(update_va_mapping_otherdomain), NAME(iret), NAME(vcpu_op), NAME(set_segment_base),
	NAME(mmuext_op), NAME(nmi_op), NAME(sched_op), NAME(callback_op), NAME(event_channel_op),
	NAME(sysctl), NAME(domctl), NAME(mca),
};

/*
 * The syscall instruction: in virtual kernel mode it is a hypercall (number in
 * rax; rdi, rsi, rdx, r10, r8), in user mode the guest's own system call.
 */
void do_syscall(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;
	u64 nr = regs->rax;

	regs->rflags |= EFLAGS_IF;
	if (!v->kernel_mode) {
		bounce_syscall(v, regs);
		return;
	}
	if (unlikely(nr >= MAX_HYPERCALLS)) {
		regs->rax = -ENOSYS;
		return;
	}
	perfc_inc(hypercalls[nr]);
	nr = hypercall_dispatch[nr](regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8);
	if (!v->restart)
		regs->rax = nr;
	v->restart = false;
}

/*
 * Inside a multicall the entry's arguments change, and do_multicall() restarts
 * itself there; else rip goes back to the syscall instruction.
 */
long hypercall_restart(unsigned nr, unsigned n, ...)
{
	struct vcpu *v = current;
	struct cpu_user_regs *regs = current_regs();
	u64 *arg[5] = { &regs->rdi, &regs->rsi, &regs->rdx, &regs->r10, &regs->r8 };
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < n; i++) {
		u64 val = va_arg(ap, u64);

		if (v->mc.active)
			v->mc.call.args[i] = val;
		else
			*arg[i] = val;
	}
	va_end(ap);
	if (!v->mc.active) {
		regs->rip -= 2;
		regs->rax = nr;
	} else {
		v->mc.call.op = nr;
	}
	v->restart = true;
	perfc_inc(hypercall_restarts);
	return 0;
}

static long multicall_one(struct vcpu *v, struct multicall_entry *c)
{
	if (c->op >= MAX_HYPERCALLS || c->op == __HYPERVISOR_multicall ||
	    c->op == __HYPERVISOR_iret)
		return -ENOSYS;
	perfc_inc(multicall_entries);
	perfc_inc(hypercalls[c->op]);
	return hypercall_dispatch[c->op](c->args[0], c->args[1], c->args[2], c->args[3], c->args[4]);
}

/* Entries that were done carry their result; a restart goes on with the first that wasn't. */
long do_multicall(u64 list, u64 n)
{
	struct vcpu *v = current;
	struct multicall_entry *c = &v->mc.call;
	u64 i;

	if (n > 0x10000000 || !guest_range_ok(list, n * sizeof(*c)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		vaddr_t at = list + i * sizeof(*c);
		long result;

		if (i && !(i & 7) && preempt_check())
			return hypercall_restart(__HYPERVISOR_multicall, 2, list + i * sizeof(*c), n - i);
		if (copy_from_guest(c, at, sizeof(*c)))
			return -EFAULT;
		v->mc.active = true;
		v->restart = false;
		result = multicall_one(v, c);
		v->mc.active = false;
		if (v->restart) {
			v->restart = false;
			if (copy_to_guest(at, c, sizeof(*c)))
				return -EFAULT;
			return hypercall_restart(__HYPERVISOR_multicall, 2, at, n - i);
		}
		if (copy_to_guest(at + offsetof(struct multicall_entry, result), &result, 8))
			return -EFAULT;
		if (unlikely(v->domain->is_shut_down || v->domain->is_dying))
			break;
	}
	return 0;
}
