/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a guest kernel says where it wants to be entered: its trap table, its
 * stack, its callbacks, and which conveniences it wants (vm_assist).
 */
#include <xen/entry.h>
#include <xen/lib.h>
#include <xen/hypercall.h>

#define SYSCALL_FRAME	(7 * 8)

/*
 * What the short ways of cpu/entry.S go by, found anew when anything of it changes. They are for
 * handlers that mask events and stacks above the hypervisor, as every kernel has them.
 */
static void set_short_syscall(struct vcpu *v)
{
	bool fits = v->kernel_sp > SHORT_WAYS_ABOVE + SYSCALL_FRAME && v->syscall_cb && v->syscall_masks;

	v->short_sp = fits ? (v->kernel_sp & ~15UL) - SYSCALL_FRAME : 0;
}

static void set_short_page_fault(struct vcpu *v)
{
	const struct trap_info *t = &v->traps[VEC_PF];

	v->short_page_fault = t->flags & 4 ? t->address : 0;
}

void set_short_ways(struct vcpu *v)
{
	set_short_syscall(v);
	set_short_page_fault(v);
}

long do_set_trap_table(u64 traps)
{
	struct vcpu *v = current;
	struct trap_info t;

	if (!traps) {
		memset(v->traps, 0, 256 * sizeof(*v->traps));
		set_short_page_fault(v);
		return 0;
	}
	for (u64 i = 0; i < 257; i++) {
		if (get_guest(&t, traps, i))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!guest_va_ok(t.address))
			return -EINVAL;
		t.cs = fix_sel(t.cs);
		v->traps[t.vector] = t;
		set_short_page_fault(v);
	}
	return -EINVAL;		/* no end */
}

long do_stack_switch(u64 ss, u64 sp)
{
	struct vcpu *v = current;

	v->kernel_ss = fix_sel(ss);
	v->kernel_sp = sp;	/* checked when a frame is written there */
	set_short_syscall(v);
	return 0;
}

long do_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
	struct vcpu *v = current;

	if (!guest_va_ok(event) || !guest_va_ok(failsafe) || !guest_va_ok(syscall))
		return -EINVAL;
	v->event_cb = event;
	v->failsafe_cb = failsafe;
	v->syscall_cb = syscall;
	set_short_syscall(v);
	return 0;
}

static long callback_set(struct vcpu *v, u16 type, u64 address, bool masks)
{
	switch (type) {
	case CALLBACKTYPE_event:
		v->event_cb = address;
		return 0;
	case CALLBACKTYPE_failsafe:
		v->failsafe_cb = address;
		v->failsafe_masks = masks;
		return 0;
	case CALLBACKTYPE_syscall:
		v->syscall_cb = address;
		v->syscall_masks = masks;
		set_short_syscall(v);
		return 0;
	case CALLBACKTYPE_nmi:
		v->nmi_cb = address;
		return 0;
	case CALLBACKTYPE_sysenter:
		v->sysenter_cb = address;
		v->sysenter_masks = masks;
		return 0;
	case CALLBACKTYPE_syscall32:
		v->syscall32_cb = address;
		v->syscall32_masks = masks;
		return 0;
	}
	return -ENOSYS;
}

long do_callback_op(u64 cmd, u64 arg)
{
	struct callback_register r;
	struct callback_unregister u;

	switch (cmd) {
	case CALLBACKOP_register:
		if (get_guest(&r, arg, 0))
			return -EFAULT;
		if (!guest_va_ok(r.address))
			return -EINVAL;
		return callback_set(current, r.type, r.address, r.flags & CALLBACKF_mask_events);
	case CALLBACKOP_unregister:
		if (get_guest(&u, arg, 0))
			return -EFAULT;
		if (u.type == CALLBACKTYPE_event || u.type == CALLBACKTYPE_failsafe ||
		    u.type == CALLBACKTYPE_syscall)
			return -EINVAL;		/* a kernel can't be without these */
		return callback_set(current, u.type, 0, false);
	}
	return -ENOSYS;
}

long do_nmi_op(u64 cmd, u64 arg)
{
	struct xennmi_callback cb;

	switch (cmd) {
	case XENNMI_register_callback:
		if (get_guest(&cb, arg, 0))
			return -EFAULT;
		if (!guest_va_ok(cb.handler_address))
			return -EINVAL;
		current->nmi_cb = cb.handler_address;
		return 0;
	case XENNMI_unregister_callback:
		current->nmi_cb = 0;
		return 0;
	}
	return -ENOSYS;
}

long do_vm_assist(u64 cmd, u64 type)
{
	struct domain *d = current->domain;

	if (type == VMASST_TYPE_m2p_strict && cmd <= VMASST_CMD_disable)
		return 0;		/* user mode's own tables never have the M2P: mm/base.c */
	if (type >= 32 || !(VM_ASSISTS_KNOWN >> type & 1))
		return -EINVAL;
	switch (cmd) {
	case VMASST_CMD_enable:
		__atomic_or_fetch(&d->vm_assist, 1u << type, __ATOMIC_RELAXED);
		return 0;
	case VMASST_CMD_disable:
		__atomic_and_fetch(&d->vm_assist, ~(1u << type), __ATOMIC_RELAXED);
		return 0;
	}
	return -ENOSYS;
}
