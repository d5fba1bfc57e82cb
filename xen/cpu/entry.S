/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every way into the hypervisor and out of it.
 *
 * An entry from a guest leaves its registers in cpu_info.regs at the top of the
 * CPU's stack: TSS.rsp0 and the syscall stubs point just above regs.ss, so the
 * hardware's frame and the pushes below fill the struct from its end. An
 * exception inside the hypervisor leaves the same layout wherever rsp was.
 */
#include <xen/layout.h>
#include <asm-offsets.h>

#define TRAP_SYSCALL 0x100

.macro SAVE_REGS
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro RESTORE_REGS
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rax
	pop	%rcx
	pop	%rdx
	pop	%rsi
	pop	%rdi
.endm

/* Offsets from rsp while it points above regs.ss, where a syscall's frame begins. */
#define S_(x)		(CI_##x - CI_regs - R_es)
#define S_rsp		S_(rsp)
#define S_rax		S_(rax)
#define S_rdx		S_(rdx)

/* The frame of a syscall, up to error_code; rsp points above regs.ss. */
.macro SYSCALL_FRAME cs=GUEST_CS64
	pushq	$GUEST_DS
	push	S_rsp + 8(%rsp)
	push	%r11
	pushq	$\cs
	push	%rcx
	pushq	$0
.endm

/* A fault at @from continues at @to. */
.macro FIXUP from, to
	.pushsection .ex_table, "a"
	.long	\from - ., \to - .
	.popsection
.endm
.macro FIXUPS to, from:vararg
	.irp	f, \from
	FIXUP	\f, \to
	.endr
.endm

	.section .text.entry, "ax"

/*
 * syscall of the boot CPU. Its stack block is part of the image, so the stubs are
 * plain RIP-relative code; smp.c makes stubs like these for each other CPU. They leave the
 * guest's rsp in cpu_info and make rsp point above regs.ss.
 */
	.globl	syscall_stub, syscall32_stub, syscall_entry, syscall32_entry, sysenter_entry
	.balign 16
syscall32_stub:
	mov	%rsp, boot_stack_top - CPU_INFO_SIZE + CI_rsp(%rip)
	lea	boot_stack_top - CPU_INFO_SIZE + CI_regs + R_es(%rip), %rsp
syscall32_entry:
	SYSCALL_FRAME GUEST_CS32
	jmp	full_frame

/*
 * The crossings that are paid all the time go by short ways, in registers: the guest's system
 * calls and page faults of user mode, its kernel's iret, and hypercalls that leave nothing to
 * do. They do what enter_kernel(), do_iret(), do_syscall() and prepare_exit() do; what they
 * don't take gets a full frame and goes to C. While guests' entries are traced, that is all
 * but system calls: short_ways_above and hypercall_dispatch change (debug/trace_pv.c).
 *
 * Others may give this CPU work at any time, with an interrupt that waits until the guest runs. So
 * one must look for work only where C ran.
 *
 * In user mode a guest always runs with IF on and IOPL 0. With its events not masked, its
 * rflags and cs are what its kernel is to see.
 *
 * Instructions, counted by tests/guest/perf.c with a handler of about ten: a user's system call and
 * back 89, its page fault and back 110; a hypercall that does nothing 83, the one that maps a
 * page (do_mmu_update) 189.
 */

/* Offsets from rsp while it points to regs.rip */
#define F_rip		0
#define F_cs		8
#define F_rflags	16
#define F_rsp		24
#define F_ss		32
#define F_(x)		(CI_##x - CI_regs - R_rip)

#define FLAGS_KERNEL	~(EF_TF | EF_DF | EF_IOPL | EF_NT | EF_RF | EF_VM | EF_AC)
#define FLAGS_IRET	~(EF_IOPL | EF_VM | EF_VIF | EF_VIP)
#define EF_TF		0x100
#define EF_DF		0x400
#define EF_IOPL		0x3000
#define EF_NT		0x4000
#define EF_RF		0x10000
#define EF_VM		0x20000
#define EF_AC		0x40000
#define EF_VIF		0x80000
#define EF_VIP		0x100000
#define IN_SYSCALL	0x100

	.balign 16
syscall_stub:
	mov	%rsp, boot_stack_top - CPU_INFO_SIZE + CI_rsp(%rip)
	lea	boot_stack_top - CPU_INFO_SIZE + CI_regs + R_es(%rip), %rsp
syscall_entry:
	mov	%rax, S_rax(%rsp)
	mov	S_(vcpu)(%rsp), %rax
	cmpb	$0, V_kernel_mode(%rax)
	jne	syscall_from_kernel

/* User to guest kernel: rax = vcpu. */
	mov	%rdx, S_rdx(%rsp)
	mov	V_info(%rax), %rdx
	cmpb	$0, VI_mask(%rdx)
	jne	user_syscall_to_c
	cmpq	$0, V_short_sp(%rax)
	je	user_syscall_to_c
	movb	$1, VI_mask(%rdx)
	mov	V_kernel_cr3(%rax), %rdx
	mov	%rdx, %cr3
	swapgs
	movb	$1, V_kernel_mode(%rax)
	mov	V_short_sp(%rax), %rdx
1:	mov	%rcx, 0 * 8(%rdx)
2:	mov	%r11, 1 * 8(%rdx)
3:	mov	%rcx, 2 * 8(%rdx)		/* rip */
4:	movq	$GUEST_CS64, 3 * 8(%rdx)
5:	mov	%r11, 4 * 8(%rdx)		/* rflags */
	push	S_rsp(%rsp)
6:	pop	5 * 8(%rdx)
7:	movq	$GUEST_DS, 6 * 8(%rdx)
	FIXUPS	bounce_fault, 1b, 2b, 3b, 4b, 5b, 6b, 7b
	push	%rdx
	and	$FLAGS_KERNEL, %r11
	mov	V_syscall_cb(%rax), %rcx	/* canonical: checked when it was set */
	mov	S_rdx + 8(%rsp), %rdx
	mov	S_rax + 8(%rsp), %rax
	pop	%rsp
	sysretq

bounce_fault:
	call	to_frame
	add	$R_es, %rsp
	mov	S_rdx(%rsp), %rdx
	mov	S_rax(%rsp), %rax
	SYSCALL_FRAME
	SAVE_REGS
	call	crash_kernel_stack
	jmp	exit_to_guest

/* What the short ways don't take: rcx and r11 are as syscall left them. */
user_syscall_to_c:
	mov	S_rdx(%rsp), %rdx
syscall_to_c:
	mov	S_rax(%rsp), %rax
	SYSCALL_FRAME
full_frame:
	movl	$TRAP_SYSCALL, 4(%rsp)
	SAVE_REGS
	mov	%rsp, %rdi
	call	do_syscall
	jmp	exit_to_guest

/*
 * A hypercall: the arguments are where C has them, but for the fourth. The handler leaves the rest
 * of the frame alone, or asks for a restart or for work. What else belongs to the frame gets there
 * only at a full exit; sysctl and those above it, which may show it, get a full frame.
 */
syscall_from_kernel:
	cmpq	$HYPERCALL_IRET, S_rax(%rsp)
	je	iret_short
	mov	S_rax(%rsp), %rax
	cmp	$HYPERCALL_SYSCTL, %rax
	jae	syscall_to_c
	mov	%r11, R_rflags - R_es(%rsp)
	mov	%rcx, R_rip - R_es(%rsp)
	sub	$R_es - R_error_code, %rsp
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	push	%r8
	push	%r9
	push	%r10
	sub	$R_r10, %rsp
	incl	CI_hypercalls - CI_regs(%rsp, %rax, 4)
	mov	hypercall_dispatch(%rip), %r11
	mov	%r10, %rcx
	call	*(%r11, %rax, 8)
	mov	CI_vcpu - CI_regs(%rsp), %rdx
	cmpl	$0, V_nmi_masked(%rdx)		/* restart, NMI, exception */
	jne	hypercall_with_work
	mov	CI_cpu - CI_regs(%rsp), %rcx
	cmpl	$0, CPU_work(%rcx)
	jne	hypercall_done
	mov	V_info(%rdx), %rdx
	cmpw	$1, VI_pending(%rdx)		/* pending in the low byte, mask in the high one */
	je	hypercall_done
	mov	R_rip(%rsp), %rcx
	cmp	top_of_hypervisor(%rip), %rcx	/* so it is canonical */
	jbe	hypercall_done
	mov	R_rflags(%rsp), %r11
	test	$(EF_TF | EF_RF), %r11d
	jnz	hypercall_done
	add	$R_r10, %rsp
	pop	%r10
	pop	%r9
	pop	%r8
	add	$2 * 8, %rsp			/* rax is the result, rcx is where to go */
	pop	%rdx
	pop	%rsi
	pop	%rdi
	mov	CI_rsp - CI_regs - R_error_code(%rsp), %rsp
	sysretq

hypercall_with_work:
	cmpb	$0, V_restart(%rdx)
	movb	$0, V_restart(%rdx)
	jne	1f
hypercall_done:
	mov	%rax, R_rax(%rsp)
1:	movq	$GUEST_DS, R_ss(%rsp)
	mov	CI_rsp - CI_regs(%rsp), %rax
	mov	%rax, R_rsp(%rsp)
	movq	$GUEST_CS64, R_cs(%rsp)
	movl	$0, R_error_code(%rsp)
	movl	$TRAP_SYSCALL, R_entry_vector(%rsp)
	mov	R_rflags(%rsp), %rax
	mov	%rax, R_r11(%rsp)
	mov	%rbx, R_rbx(%rsp)
	mov	%rbp, R_rbp(%rsp)
	mov	%r12, R_r12(%rsp)
	mov	%r13, R_r13(%rsp)
	mov	%r14, R_r14(%rsp)
	mov	%r15, R_r15(%rsp)
	jmp	exit_to_guest

/*
 * The iret hypercall: struct iret_context at the guest's rsp: rax, r11, rcx, flags, rip, cs,
 * rflags, rsp, ss. Where it wraps at zero it is still in the guest's memory. The hardware's frame is
 * made of it at once; the processor looks at 16 bits of cs and ss.
 */
iret_short:
	mov	S_rsp(%rsp), %rax
	cmp	short_ways_above(%rip), %rax
	jbe	syscall_to_c
1:	testl	$IN_SYSCALL, 3 * 8(%rax)
	jnz	syscall_to_c
2:	push	8 * 8(%rax)			/* ss */
3:	push	7 * 8(%rax)			/* rsp */
4:	push	6 * 8(%rax)			/* rflags */
5:	push	5 * 8(%rax)			/* cs */
6:	push	4 * 8(%rax)			/* rip */
7:	push	2 * 8(%rax)			/* rcx */
8:	push	0 * 8(%rax)			/* rax; rsp is now 16 below regs.rip */
9:	mov	1 * 8(%rax), %r11
	FIXUPS	iret_fault, 1b, 2b, 3b, 4b, 5b, 6b, 7b, 8b, 9b
	mov	F_(vcpu) + 16(%rsp), %rax
	incl	F_(irets) + 16(%rsp)
	orb	$3, F_ss + 16(%rsp)
	andq	$FLAGS_IRET, F_rflags + 16(%rsp)
	testb	$3, F_cs + 16(%rsp)
	jz	3f
	jpo	3f				/* RPL 1 and 2 are no user mode either */
	mov	V_user_cr3(%rax), %rcx		/* back to user mode */
	test	%rcx, %rcx
	jz	iret_fault
	movb	$0, V_kernel_mode(%rax)
	swapgs
	mov	%rcx, %cr3

1:	mov	V_info(%rax), %rcx
	btsl	$9, F_rflags + 16(%rsp)
	jnc	4f
	movb	$0, VI_mask(%rcx)		/* IF set: events not masked */
	cmpb	$0, VI_pending(%rcx)
	jne	iret_with_work
2:	cmpl	$0, V_nmi_masked(%rax)
	jne	iret_with_work
	pop	%rax
	pop	%rcx
5:	iretq
	FIXUP	5b, iret_failed

3:	orb	$3, F_cs + 16(%rsp)		/* stays in the kernel, in ring 3 */
	jmp	1b

4:	movb	$1, VI_mask(%rcx)
	jmp	2b

/* The guest's registers are restored; something is to be done before it runs. */
iret_with_work:
	movb	$0, V_nmi_masked(%rax)
	pop	%rax
	pop	%rcx
	pushq	$0
	SAVE_REGS
	jmp	exit_to_guest

/* rcx and r11 are where the hypercall came from, or lost if there is no user page table. */
iret_fault:
	call	to_frame
	add	$R_es, %rsp
	mov	$HYPERCALL_IRET, %eax
	SYSCALL_FRAME
	SAVE_REGS
	call	crash_iret
	jmp	exit_to_guest

/*
 * A page fault; rsp points to regs.error_code. Short if it is user mode's, at an address of
 * user mode, so that it can be nothing but the guest's.
 */
#define E_(x)		(F_##x + 3 * 8)
#define E_error_code	(2 * 8)

	.balign 16
	.globl	page_fault_entry
page_fault_entry:
	testb	$3, F_cs + 8(%rsp)
	jz	page_fault_in_hypervisor
	push	%rax
	push	%rdx
	mov	F_(vcpu) + 3 * 8(%rsp), %rax
	cmpb	$0, V_kernel_mode(%rax)
	jne	page_fault_to_c
	mov	V_info(%rax), %rdx
	cmpb	$0, VI_mask(%rdx)
	jne	page_fault_to_c
	cmpq	$0, V_short_page_fault(%rax)
	je	page_fault_to_c
	mov	V_short_sp(%rax), %rdx
	cmp	short_ways_above(%rip), %rdx
	jbe	page_fault_to_c
	mov	%cr2, %rdx
	test	%rdx, %rdx
	js	page_fault_to_c
	mov	%rdx, V_cr2(%rax)
	incl	F_(page_faults) + 3 * 8(%rsp)
	mov	V_kernel_cr3(%rax), %rdx
	mov	%rdx, %cr3
	swapgs
	movb	$1, V_kernel_mode(%rax)
	mov	V_short_sp(%rax), %rdx
	orb	$PF_USER, E_error_code(%rsp)	/* guest_page_fault() does it too; QEMU's lret omits it */
1:	mov	%rcx, -1 * 8(%rdx)
2:	mov	%r11, 0 * 8(%rdx)
	push	E_error_code(%rsp)
3:	pop	1 * 8(%rdx)
	push	E_(rip)(%rsp)
4:	pop	2 * 8(%rdx)
	push	E_(cs)(%rsp)
5:	pop	3 * 8(%rdx)
	push	E_(rflags)(%rsp)
6:	pop	4 * 8(%rdx)
	push	E_(rsp)(%rsp)
7:	pop	5 * 8(%rdx)
	push	E_(ss)(%rsp)
8:	pop	6 * 8(%rdx)
	FIXUPS	page_fault_fault, 1b, 2b, 3b, 4b, 5b, 6b, 7b, 8b
	mov	V_info(%rax), %rcx
	movb	$1, VI_mask(%rcx)
	mov	V_cr2(%rax), %r11
	mov	%r11, VI_cr2(%rcx)
	mov	V_short_page_fault(%rax), %rcx	/* canonical: checked when it was set */
	mov	E_(rflags)(%rsp), %r11
	and	$FLAGS_KERNEL, %r11
	sub	$8, %rdx
	mov	%rdx, E_(rsp)(%rsp)
	pop	%rdx
	pop	%rax
	mov	F_rsp + 8(%rsp), %rsp
	sysretq

page_fault_to_c:
	pop	%rdx
	pop	%rax
page_fault_in_hypervisor:
	movl	$14, 4(%rsp)
	jmp	trap_entry

page_fault_fault:
	call	to_frame
	add	$R_rsi, %rsp			/* where the pushes left rdx and rax */
	pop	%rdx
	pop	%rax
	movl	$14, 4(%rsp)
	SAVE_REGS
	call	crash_kernel_stack
	jmp	exit_to_guest

	.balign 8
top_of_hypervisor:
	.quad	SHORT_WAYS_ABOVE

/*
 * sysenter: the hardware loaded rsp from the MSR and saved nothing. Of the flags it cleared
 * only IF: with the guest's NT the next iretq would fault, perhaps another guest's.
 */
	.balign 16
sysenter_entry:
	pushq	$GUEST_DS
	pushq	$0
	pushfq
	pushq	$2
	popfq
	pushq	$3
	pushq	$0
	pushq	$0
	movl	$TRAP_SYSCALL + 1, 4(%rsp)
	SAVE_REGS
	cld
	mov	%rsp, %rdi
	call	do_sysenter
	jmp	exit_to_guest

/* All exceptions and interrupts; error code and vector are already pushed. */
	.balign 16
trap_entry:
	SAVE_REGS
	cld
	mov	%rsp, %rdi
	testb	$3, R_cs(%rsp)
	jz	trap_in_hypervisor
	call	do_guest_trap
	/* fall through */

	.globl	exit_to_guest
exit_to_guest:
	mov	%rsp, %rdi
	call	prepare_exit
	cmpl	$TRAP_SYSCALL, R_entry_vector(%rsp)
	RESTORE_REGS
	jne	return_by_iret

	/* sysret loads rip from rcx and rflags from r11, and both are the guest's to lose. */
	mov	8(%rsp), %rcx
	mov	24(%rsp), %r11
	mov	32(%rsp), %rsp
	sysretq

return_by_iret:
	add	$8, %rsp
1:	iretq
	FIXUP	1b, iret_failed

/*
 * iretq refused the guest's frame (a bad selector or a non-canonical address).
 * The stack is as before it; build a full frame again and give the guest its failsafe callback.
 */
iret_failed:
	pushq	$0
	movl	$VEC_GP_, 4(%rsp)
	SAVE_REGS
	mov	%rsp, %rdi
	call	do_iret_failed
	jmp	exit_to_guest
	.set	VEC_GP_, 13

trap_in_hypervisor:
	call	do_hypervisor_trap
	RESTORE_REGS
	add	$8, %rsp
	iretq

/* void return_to_guest(void): leave whatever C was doing (the idle loop) for the current guest. */
	.globl	return_to_guest
return_to_guest:
	call	to_frame
	jmp	exit_to_guest

/* void jump_with_stack(void (*fn)(void)): go on in fn at the bottom of this CPU's stack. */
	.globl	jump_with_stack
jump_with_stack:
	mov	%rdi, %rax
	call	to_frame
	sub	$8, %rsp
	xor	%ebp, %ebp
	push	%rbp
	jmp	*%rax

/* rsp = &cpu_info()->regs; rdx is lost */
to_frame:
	pop	%rdx
	or	$(STACK_SIZE - 1), %rsp
	lea	1 - CPU_INFO_SIZE + CI_regs(%rsp), %rsp
	jmp	*%rdx

/* NMI, #DB, #MC, #DF come on stacks of their own, in any context: handle, and return the same way. */
	.balign 16
ist_entry:
	SAVE_REGS
	cld
	mov	%rsp, %rdi
	testb	$3, R_cs(%rsp)
	jnz	1f
	cmpl	$1, R_entry_vector(%rsp)
	jne	2f
	lea	entry_stubs + 16(%rip), %rax
	cmp	%rax, R_rip(%rsp)		/* #DB before #DB's first instruction: see guest_debug() */
	je	1f
2:	call	do_hypervisor_trap
	RESTORE_REGS
	add	$8, %rsp
	iretq

	/* From a guest: continue on the main stack, as any trap. */
1:	mov	%rsp, %rsi
	or	$(STACK_SIZE - 1), %rsp
	lea	1 - CPU_INFO_SIZE + CI_regs(%rsp), %rsp
	mov	%rsp, %rdi
	mov	$R_es / 8, %ecx
	rep movsq
	mov	%rsp, %rdi
	call	do_guest_trap
	jmp	exit_to_guest

/* 256 stubs of 16 bytes; entry_stubs is read by the IDT setup. */
	.balign 16
	.globl	entry_stubs
entry_stubs:
	.set	vec, 0
	.rept	256
	.balign 16
	.if	(vec == 8) || (vec >= 10 && vec <= 14) || (vec == 17) || (vec == 21)
	movl	$vec, 4(%rsp)
	.else
	pushq	$0
	movl	$vec, 4(%rsp)
	.endif
	.if	(vec == 1) || (vec == 2) || (vec == 8) || (vec == 18)
	jmp	ist_entry
	.else
	jmp	trap_entry
	.endif
	.set	vec, vec + 1
	.endr

	.text
/* size_t raw_copy(void *d, const void *s, size_t n): bytes not copied. */
	.globl	raw_copy
raw_copy:
	mov	%rdx, %rcx
	shr	$3, %rcx
	and	$7, %edx
1:	rep movsq
	mov	%edx, %ecx
2:	rep movsb
3:	mov	%rcx, %rax
	ret
4:	lea	(%rdx, %rcx, 8), %rax
	ret
	FIXUP	1b, 4b
	FIXUP	2b, 3b

/* int cmpxchg_guest(vaddr_t p, u64 *old, u64 new), address not yet checked */
	.globl	cmpxchg_raw
cmpxchg_raw:
	mov	(%rsi), %rax
1:	lock cmpxchg %rdx, (%rdi)
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
2:	mov	$-14, %eax
	ret
	FIXUP	1b, 2b

/* int rdmsr_safe(u32 msr, u64 *v) */
	.globl	rdmsr_safe, wrmsr_safe
rdmsr_safe:
	mov	%edi, %ecx
1:	rdmsr
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	ret
2:	mov	$-14, %eax
	ret
	FIXUP	1b, 2b
wrmsr_safe:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
3:	wrmsr
	xor	%eax, %eax
	ret
	FIXUP	3b, 2b

/* bool load_sel_{ds,es,fs,gs}(u16 sel): true if the selector loaded; on a fault the null selector is loaded. */
.macro LOAD_SEL name, reg
	.globl	load_sel_\name
load_sel_\name:
1:	mov	%edi, %\reg
	mov	$1, %eax
	ret
2:	xor	%eax, %eax
	mov	%eax, %\reg
	ret
	FIXUP	1b, 2b
.endm
	LOAD_SEL ds, ds
	LOAD_SEL es, es
	LOAD_SEL fs, fs

/* The user GS selector: loaded between two swapgs, so that only the inactive base changes. */
	.globl	load_sel_gs
load_sel_gs:
	swapgs
1:	mov	%edi, %gs
	mfence
	swapgs
	mov	$1, %eax
	ret
2:	xor	%eax, %eax
	mov	%eax, %gs
	swapgs
	ret
	FIXUP	1b, 2b

/* int xsetbv_safe / fpu restore helpers: 0 or -EFAULT */
	.globl	fxrstor_safe, xrstor_safe, xsetbv_safe
fxrstor_safe:
1:	fxrstor64 (%rdi)
	xor	%eax, %eax
	ret
2:	mov	$-14, %eax
	ret
	FIXUP	1b, 2b
xrstor_safe:			/* area, mask */
	mov	%rsi, %rdx
	shr	$32, %rdx
	mov	%esi, %eax
3:	xrstor64 (%rdi)
	xor	%eax, %eax
	ret
	FIXUP	3b, 2b
xsetbv_safe:			/* value */
	xor	%ecx, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
4:	xsetbv
	xor	%eax, %eax
	ret
	FIXUP	4b, 2b
