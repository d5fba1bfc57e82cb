/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point and ELF notes of a guest test.
 *
 * The notes are those of Linux 6.1: no hypercall page, initrd and P2M outside
 * the initial mapping.  The register state at entry is kept in boot_regs, as
 * it is itself part of the ABI (tests/guest/boot.c checks it).
 */
#define __ASSEMBLY__
#include <xen/elfnote.h>

.macro xen_note type, value:vararg
	.pushsection .note.Xen, "a", @note
	.balign 4
	.long 4, 2f - 1f, \type
	.asciz "Xen"
1:	\value
2:	.balign 4
	.popsection
.endm

	xen_note XEN_ELFNOTE_GUEST_OS,		.asciz "xendemo-test"
	xen_note XEN_ELFNOTE_GUEST_VERSION,	.asciz "1"
	xen_note XEN_ELFNOTE_XEN_VERSION,	.asciz "xen-3.0"
	xen_note XEN_ELFNOTE_LOADER,		.asciz "generic"
	xen_note XEN_ELFNOTE_VIRT_BASE,		.quad 0xffffffff80000000
	xen_note XEN_ELFNOTE_PADDR_OFFSET,	.quad 0
	xen_note XEN_ELFNOTE_ENTRY,		.quad _start
	xen_note XEN_ELFNOTE_INIT_P2M,		.quad 0x8000000000
	xen_note XEN_ELFNOTE_HV_START_LOW,	.quad 0xffff800000000000
	xen_note XEN_ELFNOTE_FEATURES,		.asciz "!writable_page_tables|pae_pgdir_above_4gb"
	xen_note XEN_ELFNOTE_SUPPORTED_FEATURES, .long (1 << 0) | (1 << 11) | (1 << 15)
	xen_note XEN_ELFNOTE_PAE_MODE,		.asciz "yes"
	xen_note XEN_ELFNOTE_MOD_START_PFN,	.long 1

	.section .text.start, "ax"
	.globl _start
_start:
	mov	%rax, boot_regs + 0x00(%rip)
	mov	%rbx, boot_regs + 0x08(%rip)
	mov	%rcx, boot_regs + 0x10(%rip)
	mov	%rdx, boot_regs + 0x18(%rip)
	mov	%rsi, boot_regs + 0x20(%rip)
	mov	%rdi, boot_regs + 0x28(%rip)
	mov	%rbp, boot_regs + 0x30(%rip)
	mov	%rsp, boot_regs + 0x38(%rip)
	mov	%r8,  boot_regs + 0x40(%rip)
	mov	%r9,  boot_regs + 0x48(%rip)
	mov	%r10, boot_regs + 0x50(%rip)
	mov	%r11, boot_regs + 0x58(%rip)
	mov	%r12, boot_regs + 0x60(%rip)
	mov	%r13, boot_regs + 0x68(%rip)
	mov	%r14, boot_regs + 0x70(%rip)
	mov	%r15, boot_regs + 0x78(%rip)
	mov	%cs, %eax
	mov	%rax, boot_regs + 0x80(%rip)
	mov	%ss, %eax
	mov	%rax, boot_regs + 0x88(%rip)
	mov	%ds, %eax
	mov	%rax, boot_regs + 0x90(%rip)
	mov	%es, %eax
	mov	%rax, boot_regs + 0x98(%rip)
	mov	%fs, %eax
	mov	%rax, boot_regs + 0xa0(%rip)
	mov	%gs, %eax
	mov	%rax, boot_regs + 0xa8(%rip)
	pushfq
	pop	boot_regs + 0xb0(%rip)
	cld
	lea	stack_top(%rip), %rsp
	xor	%ebp, %ebp
	mov	%rsi, %rdi
	call	guest_start
	ud2

	.bss
	.balign 4096
stack:	.skip 65536
	.globl stack_top
stack_top:
	.globl boot_regs
boot_regs:
	.skip 0xb8
	.section .note.GNU-stack, "", @progbits
