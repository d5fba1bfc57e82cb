/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a PV kernel needs assembly for: the notes by which the domain builder knows
 * it, its first instructions, and the entries by which the hypervisor calls it.
 * docs/porting.md goes through all of it.
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>

#define NR_IRET		23	/* __HYPERVISOR_iret; xen.h can't be read by the assembler */

.macro xen_note type, value:vararg
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 4, 2f - 1f, \type
	.asciz "Xen"
1:	\value
2:	.balign 4
	.popsection
.endm

	xen_note XEN_ELFNOTE_GUEST_OS,		.asciz "hello"
	xen_note XEN_ELFNOTE_XEN_VERSION,	.asciz "xen-3.0"
	xen_note XEN_ELFNOTE_LOADER,		.asciz "generic"
	xen_note XEN_ELFNOTE_VIRT_BASE,		.quad 0xffffffff80000000
	xen_note XEN_ELFNOTE_PADDR_OFFSET,	.quad 0
	xen_note XEN_ELFNOTE_ENTRY,		.quad _start
	xen_note XEN_ELFNOTE_HYPERCALL_PAGE,	.quad hypercall_page
	xen_note XEN_ELFNOTE_FEATURES,		.asciz "!writable_page_tables|pae_pgdir_above_4gb"
	xen_note XEN_ELFNOTE_PAE_MODE,		.asciz "yes"

	.section .text.start, "ax"
	.globl _start
_start:
	cld
	lea	stack_top(%rip), %rsp
	xor	%ebp, %ebp
	mov	%rsi, %rdi		/* struct start_info */
	call	hello_main
	ud2

/* The hypervisor fills this page: entry n, 32 bytes, makes hypercall n. */
	.balign 4096
	.globl hypercall_page
hypercall_page:
	.skip	4096

/*
 * The hypervisor calls with rcx, r11, an error code (for some traps), rip, cs, rflags,
 * rsp and ss on the stack. C may change what its calling convention lets it.
 */
.macro save_all
	push	%rax
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	cld
.endm

	.globl event_entry
event_entry:
	save_all
	call	handle_events
	mov	%rbp, %rsp
	pop	%rbp
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rax
	/* rcx and r11 are next; iret's frame is rax, r11, rcx, flags, then rip ... ss */
	pop	%rcx
	pop	%r11
	push	$0			/* flags: no VGCF_in_syscall */
	push	%rcx
	push	%r11
	push	%rax
	mov	$NR_IRET, %eax
	syscall				/* restores the event mask that was pushed beside cs */
	ud2

/* After what this kernel can't go on from: it tells and ends. */
	.globl failsafe_entry
failsafe_entry:
	lea	failsafe_name(%rip), %rdi
	xor	%esi, %esi
	jmp	fatal

	.globl page_fault_entry, protection_entry
page_fault_entry:
	lea	page_fault_name(%rip), %rdi
	mov	24(%rsp), %rsi		/* rip */
	jmp	fatal
protection_entry:
	lea	protection_name(%rip), %rdi
	mov	24(%rsp), %rsi
	jmp	fatal

	.section .rodata
failsafe_name:		.asciz "bad selectors"
page_fault_name:	.asciz "page fault"
protection_name:	.asciz "general protection fault"

	.bss
	.balign 4096
	.skip	16384
stack_top:
	.section .note.GNU-stack, "", @progbits
