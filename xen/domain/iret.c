/* SPDX-License-Identifier: GPL-2.0-only */
/* The iret hypercall: leave a handler for whatever it interrupted (public/arch-x86/xen-x86_64.h). */
#include <xen/entry.h>
#include <xen/hypercall.h>

long do_iret(void)
{
	struct cpu_user_regs *regs = current_regs();
	struct vcpu *v = current;
	struct iret_context f;

	if (unlikely(copy_from_guest(&f, regs->rsp, sizeof(f)))) {
		domain_crash(v->domain, "vcpu %u: iret from an unreadable stack at %lx", v->id, regs->rsp);
		return 0;
	}
	if ((f.cs & 3) == 3) {
		if (unlikely(!v->user_cr3)) {
			domain_crash(v->domain, "vcpu %u: iret to user mode without a user page table", v->id);
			return 0;
		}
		toggle_guest_mode(v);
	}
	regs->rip = f.rip;
	regs->cs = f.cs | 3;
	regs->rflags = (f.rflags & ~(EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP)) | EFLAGS_IF | 2;
	regs->rsp = f.rsp;
	regs->ss = f.ss | 3;
	if (f.flags & VGCF_in_syscall) {
		regs->cs = GUEST_CS64;		/* sysret's; it also loads rcx and r11 */
		regs->ss = GUEST_DS;
		regs->rcx = f.rip;
		regs->r11 = regs->rflags;
		regs->entry_vector = TRAP_SYSCALL;
	} else {
		regs->rcx = f.rcx;
		regs->r11 = f.r11;
		/* sysret does as well if the registers it destroys hold what it would put there */
		if (regs->rcx != regs->rip || regs->r11 != regs->rflags ||
		    regs->cs != GUEST_CS64 || regs->ss != GUEST_DS)
			regs->entry_vector = 0;
	}
	v->info->evtchn_upcall_mask = !(f.rflags & EFLAGS_IF);
	v->nmi_masked = false;
	return f.rax;
}
