/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every way from the hypervisor into a guest test, and the way back.
 *
 * The hypervisor pushes, from low to high addresses: rcx, r11, the error code
 * if the vector has one, rip, cs with the saved event mask in bits 32-39,
 * rflags, rsp, ss.  Each stub turns that into struct regs (guest.h) and calls
 * trap_dispatch(); trap_return leaves through the iret hypercall, whose frame
 * is rax, r11, rcx, flags, rip, cs, rflags, rsp, ss.
 */
#define NR_IRET		23
#define VEC_EVENT	0x100
#define VEC_SYSCALL	0x101
#define VEC_SYSCALL32	0x102
#define VEC_SYSENTER	0x103
#define VEC_NMI_CB	0x104

	.text
.macro stub vector, has_error
	mov	(%rsp), %rcx
	mov	8(%rsp), %r11
	lea	16(%rsp), %rsp
	.if \has_error == 0
	push	$0
	.endif
	push	$\vector
	jmp	trap_common
.endm

/* trap_stubs[i] is the entry of trap vector i; 64 of them, 32 bytes each. */
	.balign 32
	.globl trap_stubs
trap_stubs:
.set i, 0
.rept 256
	.balign 32
	.if (i == 8) || ((i >= 10) && (i <= 14)) || (i == 17) || (i == 21)
	stub	i, 1
	.else
	stub	i, 0
	.endif
	.set i, i + 1
.endr

.macro callback name, vector
	.balign 16
	.globl \name
\name:	stub	\vector, 0
.endm
	callback event_callback, VEC_EVENT
	callback syscall_callback, VEC_SYSCALL
	callback syscall32_callback, VEC_SYSCALL32
	callback sysenter_callback, VEC_SYSENTER
	callback nmi_callback, VEC_NMI_CB

trap_common:
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	trap_dispatch
	mov	%rbp, %rsp
trap_return:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	/* Now at regs.vector; regs.error holds the iret flags by convention. */
	mov	%rcx, (%rsp)
	push	%r11
	push	%rax
	mov	$NR_IRET, %eax
	syscall
	ud2

/*
 * Failsafe frame: rcx, r11, ds, es, fs, gs, rip, cs|mask, rflags, rsp, ss.
 * The selectors are copied out, then it looks like a trap without error code.
 */
	.balign 16
	.globl failsafe_callback
failsafe_callback:
	mov	16(%rsp), %rcx
	mov	%rcx, failsafe_selectors + 0(%rip)
	mov	24(%rsp), %rcx
	mov	%rcx, failsafe_selectors + 8(%rip)
	mov	32(%rsp), %rcx
	mov	%rcx, failsafe_selectors + 16(%rip)
	mov	40(%rsp), %rcx
	mov	%rcx, failsafe_selectors + 24(%rip)
	mov	(%rsp), %rcx
	mov	8(%rsp), %r11
	lea	48(%rsp), %rsp
	push	$0
	push	$0x105
	jmp	trap_common

/*
 * void iret_to(const struct regs *regs): continue at regs in whatever mode its
 * cs asks for.  Returns when context_leave() is called from a trap.
 */
	.globl iret_to
iret_to:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, saved_rsp(%rip)
	sub	$(22 * 8), %rsp
	mov	%rdi, %rsi
	mov	%rsp, %rdi
	mov	$22, %ecx
	rep movsq
	jmp	trap_return

	.globl context_leave
context_leave:
	mov	saved_rsp(%rip), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign 16
saved_rsp: .skip 8
	.globl failsafe_selectors
failsafe_selectors: .skip 32
	.section .note.GNU-stack, "", @progbits
