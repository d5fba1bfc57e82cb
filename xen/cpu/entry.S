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
 * plain RIP-relative code; smp.c makes stubs like these for each other CPU. The one of
 * 64-bit code, syscall_stub, stands below where it need not jump.
 */
	.globl	syscall_stub, syscall32_stub, syscall_entry, syscall32_entry, sysenter_entry
	.balign 16
syscall32_stub:
	mov	%rsp, boot_stack_top - CPU_INFO_SIZE + CI_scratch(%rip)
	lea	boot_stack_top - CPU_INFO_SIZE + CI_regs + R_es(%rip), %rsp
syscall32_entry:
	pushq	$GUEST_DS
	push	CI_scratch - CI_regs - R_ss(%rsp)
	push	%r11
	pushq	$GUEST_CS32
	push	%rcx
	jmp	syscall_to_c

/*
 * The crossings that are paid all the time go by short ways, in registers: the guest's system
 * calls and page faults of user mode, its kernel's iret, and hypercalls that leave nothing to
 * do. They do what enter_kernel(), do_iret(), do_syscall() and prepare_exit() do; what they
 * don't take gets a full frame and goes to C. While guests' entries are traced, that is all
 * but system calls: short_ways_above and hypercall_dispatch change (debug/trace_pv.c).
 *
 * Instructions, counted by tests/guest/perf.c: a user's page fault to its kernel and back 132,
 * a hypercall that does nothing 94, the one that maps a page (do_mmu_update) 200.
 *
 * Offsets from rsp while it points to regs.rip:
 */
#define F_rip		0
#define F_cs		8
#define F_rflags	16
#define F_rsp		24
#define F_ss		32
#define F_vcpu		CI_vcpu - CI_regs - R_rip
#define F_cpu		CI_cpu - CI_regs - R_rip
#define F_irets		CI_irets - CI_regs - R_rip
#define F_page_faults	CI_page_faults - CI_regs - R_rip

#define FLAGS_KERNEL	~(EF_TF | EF_DF | EF_IOPL | EF_NT | EF_RF | EF_VM | EF_AC)
#define FLAGS_IRET	~(EF_IOPL | EF_VM | EF_VIF | EF_VIP)
#define EF_TF		0x100
#define EF_IF		0x200
#define EF_DF		0x400
#define EF_IOPL		0x3000
#define EF_NT		0x4000
#define EF_RF		0x10000
#define EF_VM		0x20000
#define EF_AC		0x40000
#define EF_VIF		0x80000
#define EF_VIP		0x100000
#define HYPERCALL_IRET	23
#define IN_SYSCALL	0x100

	.balign 16
syscall_stub:
	mov	%rsp, boot_stack_top - CPU_INFO_SIZE + CI_scratch(%rip)
	lea	boot_stack_top - CPU_INFO_SIZE + CI_regs + R_es(%rip), %rsp
syscall_entry:
	pushq	$GUEST_DS
	push	CI_scratch - CI_regs - R_ss(%rsp)
	push	%r11
	pushq	$GUEST_CS64
	push	%rcx
	mov	F_vcpu(%rsp), %rcx
	cmpb	$0, V_kernel_mode(%rcx)
	jne	syscall_from_kernel

/*
 * User to guest kernel: rcx = vcpu. The kernel's stack is taken only where every kernel has
 * it, above the hypervisor.
 */
	mov	V_kernel_sp(%rcx), %r11
	cmp	top_of_hypervisor(%rip), %r11
	jbe	syscall_to_c
	cmpq	$0, V_syscall_cb(%rcx)
	je	syscall_to_c
	and	$-16, %r11
	push	%rax
	push	%rdx
	swapgs
	mov	V_kernel_cr3(%rcx), %rax
	mov	%rax, %cr3
	movb	$1, V_kernel_mode(%rcx)

	mov	F_rip + 16(%rsp), %rax
1:	mov	%rax, -7 * 8(%r11)		/* rcx */
2:	mov	%rax, -5 * 8(%r11)		/* rip */
	mov	F_rflags + 16(%rsp), %rdx
3:	mov	%rdx, -6 * 8(%r11)		/* r11 */
	mov	V_info(%rcx), %rax
	movzbl	VI_mask(%rax), %eax
	and	$~(EF_IF | EF_IOPL), %rdx
	test	%eax, %eax
	jnz	4f
	or	$EF_IF, %edx
4:	mov	%rdx, -3 * 8(%r11)		/* rflags */
	shl	$32, %rax
	or	$GUEST_CS64, %rax
5:	mov	%rax, -4 * 8(%r11)		/* cs, mask */
	mov	F_rsp + 16(%rsp), %rax
6:	mov	%rax, -2 * 8(%r11)		/* rsp */
7:	movq	$GUEST_DS, -1 * 8(%r11)		/* ss */
	FIXUP	1b, bounce_fault
	FIXUP	2b, bounce_fault
	FIXUP	3b, bounce_fault
	FIXUP	4b, bounce_fault
	FIXUP	5b, bounce_fault
	FIXUP	6b, bounce_fault
	FIXUP	7b, bounce_fault

	cmpb	$0, V_syscall_masks(%rcx)
	je	8f
	mov	V_info(%rcx), %rax
	movb	$1, VI_mask(%rax)
8:	pop	%rdx
	pop	%rax
	sub	$7 * 8, %r11
	mov	%r11, F_rsp(%rsp)
	mov	F_rflags(%rsp), %r11
	and	$FLAGS_KERNEL, %r11
	mov	V_syscall_cb(%rcx), %rcx	/* canonical: checked when it was set */
	mov	F_rsp(%rsp), %rsp
	sysretq

bounce_fault:
	pop	%rdx
	pop	%rax
	mov	F_rip(%rsp), %rcx
	mov	F_rflags(%rsp), %r11
	pushq	$0
	SAVE_REGS
	call	crash_kernel_stack
	jmp	exit_to_guest

/* What the short ways don't take: rcx and r11 as syscall left them. */
syscall_to_c:
	mov	F_rip(%rsp), %rcx
	mov	F_rflags(%rsp), %r11
	pushq	$0
	movl	$TRAP_SYSCALL, 4(%rsp)
	SAVE_REGS
	mov	%rsp, %rdi
	call	do_syscall
	jmp	exit_to_guest

/*
 * A hypercall: the arguments are where C has them, but for the fourth. rbx = vcpu. The handler
 * leaves the rest of the frame alone, or asks for a restart or for work.
 */
syscall_from_kernel:
	cmp	$HYPERCALL_IRET, %rax
	je	iret_short
	cmp	$MAX_HYPERCALLS_, %rax
	jae	syscall_to_c
	push	syscall_vector(%rip)
	push	%rdi
	push	%rsi
	push	%rdx
	push	F_rip + 4 * 8(%rsp)		/* rcx */
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
	mov	%rcx, %rbx
	incl	CI_hypercalls - CI_regs(%rsp, %rax, 4)
	mov	hypercall_dispatch(%rip), %r11
	mov	%r10, %rcx
	call	*(%r11, %rax, 8)
	cmpl	$0, V_nmi_masked(%rbx)		/* restart, NMI, exception */
	jne	hypercall_with_work
	mov	CI_cpu - CI_regs(%rsp), %rdx
	cmpl	$0, CPU_work(%rdx)
	jne	hypercall_done
	mov	V_info(%rbx), %rdx
	movzwl	VI_pending(%rdx), %edx		/* pending in the low byte, mask in the high one */
	dec	%edx
	cmp	$0xff, %edx
	jb	hypercall_done
	mov	R_rip(%rsp), %rcx
	cmp	top_of_hypervisor(%rip), %rcx	/* so it is canonical */
	jbe	hypercall_done
	mov	R_rflags(%rsp), %r11
	test	$(EF_TF | EF_RF), %r11d
	jnz	hypercall_done
	add	$R_rbx, %rsp			/* C kept r12-r15 and rbp */
	pop	%rbx
	add	$8, %rsp
	pop	%r10
	pop	%r9
	pop	%r8
	add	$2 * 8, %rsp			/* rax is the result, rcx is where to go */
	pop	%rdx
	pop	%rsi
	pop	%rdi
	mov	F_rsp + 8(%rsp), %rsp
	sysretq

hypercall_with_work:
	cmpb	$0, V_restart(%rbx)
	movb	$0, V_restart(%rbx)
	jne	exit_to_guest
hypercall_done:
	mov	%rax, R_rax(%rsp)
	jmp	exit_to_guest

/*
 * The iret hypercall: rcx = vcpu. struct iret_context at the guest's rsp: rax, r11, rcx, flags,
 * rip, cs, rflags, rsp, ss. Where it wraps at zero it is still in the guest's memory.
 */
iret_short:
	mov	F_rsp(%rsp), %r11
	cmp	short_ways_above(%rip), %r11
	jbe	syscall_to_c
1:	testl	$IN_SYSCALL, 3 * 8(%r11)
	jnz	syscall_to_c
2:	push	2 * 8(%r11)			/* rcx */
3:	push	1 * 8(%r11)			/* r11 */
4:	push	0 * 8(%r11)			/* rax; rsp is now 24 below regs.rip */
5:	mov	4 * 8(%r11), %rax
	mov	%rax, F_rip + 24(%rsp)
6:	mov	7 * 8(%r11), %rax
	mov	%rax, F_rsp + 24(%rsp)
7:	movzwl	8 * 8(%r11), %eax
	or	$3, %eax
	mov	%rax, F_ss + 24(%rsp)
8:	mov	6 * 8(%r11), %rax
9:	movzwl	5 * 8(%r11), %r11d
	FIXUP	1b, iret_fault
	FIXUP	2b, iret_fault
	FIXUP	3b, iret_fault
	FIXUP	4b, iret_fault
	FIXUP	5b, iret_fault
	FIXUP	6b, iret_fault
	FIXUP	7b, iret_fault
	FIXUP	8b, iret_fault
	FIXUP	9b, iret_fault
	incl	F_irets + 24(%rsp)
	and	$FLAGS_IRET, %rax
	mov	%rax, F_rflags + 24(%rsp)
	mov	V_info(%rcx), %rax
	btsl	$9, F_rflags + 24(%rsp)
	setnc	VI_mask(%rax)			/* IF clear: events masked */
	mov	%r11, F_cs + 24(%rsp)
	not	%r11d
	test	$3, %r11b
	jnz	2f

	mov	V_user_cr3(%rcx), %r11	/* back to user mode */
	test	%r11, %r11
	jz	iret_fault
	movb	$0, V_kernel_mode(%rcx)
	swapgs
	mov	%r11, %cr3

1:	movzwl	VI_pending(%rax), %eax		/* as above */
	dec	%eax
	cmp	$0xff, %eax
	jb	iret_with_work
	mov	F_cpu + 24(%rsp), %rax
	cmpl	$0, CPU_work(%rax)
	jne	iret_with_work
	cmpl	$0, V_nmi_masked(%rcx)
	jne	iret_with_work
	pop	%rax
	pop	%r11
	pop	%rcx
3:	iretq
	FIXUP	3b, iret_failed

2:	orb	$3, F_cs + 24(%rsp)		/* stays in the kernel, in ring 3 */
	jmp	1b

/* The guest's registers are restored; something is to be done before it runs. */
iret_with_work:
	movb	$0, V_nmi_masked(%rcx)
	pop	%rax
	pop	%r11
	pop	%rcx
	pushq	$0
	SAVE_REGS
	jmp	exit_to_guest

iret_fault:
	or	$(STACK_SIZE - 1), %rsp
	lea	1 - CPU_INFO_SIZE + CI_regs + R_rip(%rsp), %rsp
	mov	F_rip(%rsp), %rcx
	mov	F_rflags(%rsp), %r11
	pushq	$0
	SAVE_REGS
	call	crash_iret
	jmp	exit_to_guest

/*
 * A page fault; rsp points to regs.error_code. Short if it is user mode's, at an address of
 * user mode, so that it can be nothing but the guest's.
 */
#define E_(x)		(F_##x + 5 * 8)
#define PF_TRAP		(14 * TRAP_INFO_SIZE)

	.balign 16
page_fault_entry:
	testb	$3, F_cs + 8(%rsp)
	jz	page_fault_in_hypervisor
	push	%rax
	push	%rdx
	push	%rcx
	push	%r11
	mov	E_(vcpu)(%rsp), %rcx
	cmpb	$0, V_kernel_mode(%rcx)
	jne	page_fault_to_c
	mov	%cr2, %rdx
	test	%rdx, %rdx
	js	page_fault_to_c
	mov	V_kernel_sp(%rcx), %rax
	cmp	short_ways_above(%rip), %rax
	jbe	page_fault_to_c
	mov	V_traps(%rcx), %r11
	cmpq	$0, PF_TRAP + TI_address(%r11)
	je	page_fault_to_c
	incl	E_(page_faults)(%rsp)
	mov	V_info(%rcx), %r11
	mov	%rdx, VI_cr2(%r11)
	mov	%rdx, V_cr2(%rcx)
	swapgs
	mov	V_kernel_cr3(%rcx), %rdx
	mov	%rdx, %cr3
	movb	$1, V_kernel_mode(%rcx)

	and	$-16, %rax
	mov	1 * 8(%rsp), %rdx
1:	mov	%rdx, -8 * 8(%rax)		/* rcx */
	mov	0 * 8(%rsp), %rdx
2:	mov	%rdx, -7 * 8(%rax)		/* r11 */
	mov	4 * 8(%rsp), %edx
3:	mov	%rdx, -6 * 8(%rax)		/* error code */
	mov	E_(rip)(%rsp), %rdx
4:	mov	%rdx, -5 * 8(%rax)		/* rip */
	movzbl	VI_mask(%r11), %r11d
	mov	E_(rflags)(%rsp), %rdx
	and	$~(EF_IF | EF_IOPL), %rdx
	test	%r11d, %r11d
	jnz	5f
	or	$EF_IF, %edx
5:	mov	%rdx, -3 * 8(%rax)		/* rflags */
	shl	$32, %r11
	or	E_(cs)(%rsp), %r11
6:	mov	%r11, -4 * 8(%rax)		/* cs, mask */
	mov	E_(rsp)(%rsp), %rdx
7:	mov	%rdx, -2 * 8(%rax)		/* rsp */
	mov	E_(ss)(%rsp), %rdx
8:	mov	%rdx, -1 * 8(%rax)		/* ss */
	FIXUP	1b, page_fault_fault
	FIXUP	2b, page_fault_fault
	FIXUP	3b, page_fault_fault
	FIXUP	4b, page_fault_fault
	FIXUP	5b, page_fault_fault
	FIXUP	6b, page_fault_fault
	FIXUP	7b, page_fault_fault
	FIXUP	8b, page_fault_fault

	mov	V_traps(%rcx), %r11
	testb	$4, PF_TRAP + TI_flags(%r11)
	jz	9f
	mov	V_info(%rcx), %rdx
	movb	$1, VI_mask(%rdx)
9:	mov	PF_TRAP + TI_address(%r11), %rcx	/* canonical: checked when it was set */
	sub	$8 * 8, %rax
	mov	%rax, E_(rsp)(%rsp)
	mov	E_(rflags)(%rsp), %r11
	and	$FLAGS_KERNEL, %r11
	mov	2 * 8(%rsp), %rdx
	mov	3 * 8(%rsp), %rax
	mov	E_(rsp)(%rsp), %rsp
	sysretq

page_fault_to_c:
	pop	%r11
	pop	%rcx
	pop	%rdx
	pop	%rax
page_fault_in_hypervisor:
	movl	$14, 4(%rsp)
	jmp	trap_entry

page_fault_fault:
	pop	%r11
	pop	%rcx
	pop	%rdx
	pop	%rax
	movl	$14, 4(%rsp)
	SAVE_REGS
	call	crash_kernel_stack
	jmp	exit_to_guest

	.balign 8
top_of_hypervisor:
	.quad	SHORT_WAYS_ABOVE
syscall_vector:			/* error code 0, TRAP_SYSCALL */
	.long	0, TRAP_SYSCALL

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
	.if	vec == 14
	jmp	page_fault_entry
	.elseif	(vec == 8) || (vec >= 10 && vec <= 14) || (vec == 17) || (vec == 21)
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
