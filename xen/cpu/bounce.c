/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering the guest kernel: exceptions, events, system calls and the failsafe
 * callback all build a frame on its stack and go on at its handler.
 *
 * The frame, from the stack pointer up: rcx, r11, [failsafe: ds, es, fs, gs],
 * [error code], rip, cs with the event mask in bits 32-39, rflags, rsp, ss.
 * rflags.IF shows the virtual mask; cs shows ring 0 if the kernel was interrupted.
 */
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/trace.h>

#define FRAME_MAX 12

struct bounce {
	u64 handler;
	bool masks;		/* events are masked on entry */
	unsigned n;		/* words between r11 and rip */
	u64 extra[5];
};

void crash_bounce(struct vcpu *v, const char *what)
{
	domain_crash(v->domain, "vcpu %u: %s", v->id, what);
}

/* entry.S: the short ways can't write to the guest's stack. */
void crash_kernel_stack(void)
{
	crash_bounce(current, "the kernel stack can't take a frame");
}

void crash_iret(void)
{
	crash_bounce(current, current->user_cr3 ? "iret from an unreadable stack" :
		     "iret to user mode without a user page table");
}

/* What the guest would see in rflags had it a real interrupt flag. */
static u64 virtual_rflags(u64 rflags, u8 mask)
{
	return (rflags & ~(EFLAGS_IF | EFLAGS_IOPL)) | (mask ? 0 : EFLAGS_IF);
}

/* Build the frame and point the registers at the handler; the domain crashes if it has no usable stack. */
static void enter_kernel(struct vcpu *v, struct cpu_user_regs *regs, const struct bounce *b)
{
	u8 mask = READ_ONCE(v->info->evtchn_upcall_mask);
	u64 frame[FRAME_MAX], cs = regs->cs, sp = regs->rsp;
	unsigned n = 0;

	if (unlikely(!b->handler)) {
		crash_bounce(v, "an exception or event for which the kernel has no handler");
		return;
	}
	if (v->kernel_mode) {
		cs &= ~3UL;
	} else {
		toggle_guest_mode(v);
		sp = v->kernel_sp;
	}
	frame[n++] = regs->rcx;
	frame[n++] = regs->r11;
	for (unsigned i = 0; i < b->n; i++)
		frame[n++] = b->extra[i];
	frame[n++] = regs->rip;
	frame[n++] = cs | (u64)mask << 32;
	frame[n++] = virtual_rflags(regs->rflags, mask);
	frame[n++] = regs->rsp;
	frame[n++] = regs->ss;
	sp = (sp & ~15UL) - n * 8;
	if (unlikely(copy_to_guest(sp, frame, n * 8))) {
		crash_bounce(v, "the kernel stack can't take a frame");
		return;
	}
	if (b->masks)
		v->info->evtchn_upcall_mask = 1;
	regs->rip = b->handler;
	regs->cs = GUEST_CS64;
	regs->ss = GUEST_DS;
	regs->rsp = sp;
	regs->rflags &= ~(EFLAGS_TF | EFLAGS_RF | EFLAGS_NT | EFLAGS_AC | EFLAGS_VM | EFLAGS_DF | EFLAGS_IOPL);
	regs->entry_vector = TRAP_SYSCALL;	/* rcx and r11 are in the frame: sysret will do */
}

static void deliver_exception(struct vcpu *v, struct cpu_user_regs *regs)
{
	const struct trap_info *t = &v->traps[v->inject.vector];
	struct bounce b = {
		.handler = t->address,
		.masks = t->flags & 4,
		.n = v->inject.has_error,
		.extra = { v->inject.error },
	};

	v->inject.pending = false;
	if (v->inject.vector == VEC_PF) {
		v->info->arch.cr2 = v->cr2;
		if (!b.handler) {
			domain_crash(v->domain, "vcpu %u: page fault at %lx (error %x, rip %lx), and the kernel has no handler",
				     v->id, v->cr2, v->inject.error, regs->rip);
			return;
		}
	}
	enter_kernel(v, regs, &b);
}

static void deliver_nmi(struct vcpu *v, struct cpu_user_regs *regs)
{
	const struct trap_info *t = &v->traps[VEC_NMI];
	u64 handler = v->nmi_cb ? v->nmi_cb : t->address;
	struct bounce b = { .handler = handler, .masks = true };

	v->nmi_pending = 0;
	if (handler) {
		v->nmi_masked = true;
		enter_kernel(v, regs, &b);
	}
}

static bool event_due(const struct vcpu *v)
{
	return READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask);
}

/*
 * The last stop before a guest runs: do the CPU's pending work, which may bring
 * another vcpu, then give the current one what waits for it. Interrupts are off.
 */
void prepare_exit(struct cpu_user_regs *regs)
{
	struct vcpu *v;

	do {
		while (unlikely(READ_ONCE(this_cpu()->work)))
			cpu_do_work();
		v = current;
		if (unlikely(v->inject.pending))
			deliver_exception(v, regs);
		if (unlikely(v->nmi_pending) && !v->nmi_masked)
			deliver_nmi(v, regs);
		if (event_due(v)) {
			struct bounce b = { .handler = v->event_cb, .masks = true };

			enter_kernel(v, regs, &b);
		}
		/* A crash above stopped this vcpu: let another run. */
	} while (unlikely(READ_ONCE(this_cpu()->work)));
	assert_no_locks();
	if (unlikely(regs->entry_vector == TRAP_SYSCALL) &&
	    (!is_canonical(regs->rip) || (regs->rflags & (EFLAGS_TF | EFLAGS_RF)) || regs->cs != GUEST_CS64))
		regs->entry_vector = 0;	/* sysret would fault in ring 0, or lose TF */
}

/* TRC_PV_TRAP: bits 0-14 the vector, 15 there is an error code, 16-31 that. */
static __cold void trace_exception(const struct vcpu *v)
{
	u64 rip = current_regs()->rip;
	u32 what = v->inject.vector | v->inject.has_error << 15 | v->inject.error << 16;

	if (v->inject.vector == VEC_PF)
		trace(TRC_PV_PAGE_FAULT | TRC_64_FLAG, TRACE_U64(rip), TRACE_U64(v->cr2), v->inject.error);
	else
		trace(TRC_PV_TRAP | TRC_64_FLAG, TRACE_U64(rip), what);
}

static inline void inject(u8 vector, bool has_error, u32 error)
{
	struct vcpu *v = current;

	v->inject.vector = vector;
	v->inject.has_error = has_error;
	v->inject.error = error;
	v->inject.pending = true;
	if (unlikely(READ_ONCE(trace_events)))
		trace_exception(v);
}

void inject_exception(u8 vector)
{
	inject(vector, false, 0);
}

void inject_exception_error(u8 vector, u32 error)
{
	inject(vector, true, error);
}

void inject_page_fault(vaddr_t addr, u32 error)
{
	current->cr2 = addr;
	inject(VEC_PF, true, error);
}

/*
 * A segment register or iretq refused what the guest asked for. The frame shows
 * all data selectors as the guest set them; the CPU has null in the bad ones.
 */
void inject_failsafe(void)
{
	struct vcpu *v = current;
	struct cpu_user_regs *regs = current_regs();
	struct bounce b = { .handler = v->failsafe_cb, .masks = v->failsafe_masks, .n = 4 };
	u16 sel[4];

	asm volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
		     : "=r" (sel[0]), "=r" (sel[1]), "=r" (sel[2]), "=r" (sel[3]));
	for (unsigned i = 0; i < 4; i++)
		b.extra[i] = sel[i];
	enter_kernel(v, regs, &b);
}

/* The same at a context switch, where the selectors that did not load are known. */
void inject_failsafe_sel(struct vcpu *v, struct cpu_user_regs *regs, const u16 sel[4])
{
	struct bounce b = { .handler = v->failsafe_cb, .masks = v->failsafe_masks, .n = 4 };

	for (unsigned i = 0; i < 4; i++)
		b.extra[i] = sel[i];
	enter_kernel(v, regs, &b);
}

/* syscall in virtual user mode: the guest's own system call. */
void bounce_syscall(struct vcpu *v, struct cpu_user_regs *regs)
{
	bool compat = regs->cs == GUEST_CS32;
	struct bounce b = {
		.handler = compat ? v->syscall32_cb : v->syscall_cb,
		.masks = compat ? v->syscall32_masks : v->syscall_masks,
	};

	if (unlikely(!b.handler)) {
		regs->rip -= 2;
		inject_exception(VEC_UD);
		return;
	}
	enter_kernel(v, regs, &b);
}

void do_sysenter(struct cpu_user_regs *regs)
{
	struct vcpu *v = current;
	struct bounce b = { .handler = v->sysenter_cb, .masks = v->sysenter_masks };

	regs->rflags = (regs->rflags | EFLAGS_IF) & ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_AC);
	if (v->kernel_mode || !b.handler) {
		inject_exception_error(VEC_GP, 0);
		return;
	}
	enter_kernel(v, regs, &b);
}
