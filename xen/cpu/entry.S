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

/* A fault at @from continues at @to. */
.macro FIXUP from, to
	.pushsection .ex_table, "a"
	.long	\from - ., \to - .
	.popsection
.endm

	.section .text.entry, "ax"

/*
 * syscall of the boot CPU. Its stack block is part of the image, so the stub is
 * plain RIP-relative code; a stub like this exists for each CPU.
 */
	.globl	syscall_stub, syscall32_stub, sysenter_entry
	.balign 16
syscall_stub:
	mov	%rsp, boot_stack_top - CPU_INFO_SIZE + CI_scratch(%rip)
	lea	boot_stack_top - CPU_INFO_SIZE + CI_regs + R_es(%rip), %rsp
	jmp	syscall_entry

	.balign 16
syscall32_stub:
	mov	%rsp, boot_stack_top - CPU_INFO_SIZE + CI_scratch(%rip)
	lea	boot_stack_top - CPU_INFO_SIZE + CI_regs + R_es(%rip), %rsp
	pushq	$GUEST_DS
	push	CI_scratch - CI_regs - R_ss(%rsp)
	push	%r11
	pushq	$GUEST_CS32
	jmp	1f

	.balign 16
syscall_entry:
	pushq	$GUEST_DS
	push	CI_scratch - CI_regs - R_ss(%rsp)
	push	%r11
	pushq	$GUEST_CS64
1:	push	%rcx
	pushq	$0
	movl	$TRAP_SYSCALL, 4(%rsp)
	SAVE_REGS
	mov	%rsp, %rdi
	call	do_syscall
	jmp	exit_to_guest

/* sysenter: the hardware loaded rsp from the MSR and saved nothing. */
	.balign 16
sysenter_entry:
	pushq	$GUEST_DS
	pushq	$0
	pushfq
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

/* rsp = &cpu_info()->regs */
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
	call	do_hypervisor_trap
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
