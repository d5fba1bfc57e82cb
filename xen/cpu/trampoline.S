/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a CPU other than the first comes from its reset: real mode, cs = TRAMPOLINE / 16,
 * ip = 0. This code is copied there; it goes to long mode in one step and on to C, with
 * what smp.c filled in below. (Intel SDM volume 3, 9.8.5)
 */
#include <xen/layout.h>

#define HERE(sym)	(sym - trampoline)
#define PA(sym)		(sym - trampoline + TRAMPOLINE)

	.section .init.text, "ax"
	.code16
	.balign 16
	.globl	trampoline, trampoline_args, trampoline_end
trampoline:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	HERE(gdt_ptr)
	mov	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	HERE(trampoline_args), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	mov	HERE(trampoline_args) + 4, %eax
	xor	%edx, %edx
	wrmsr
	mov	$0x80010033, %eax		/* PG WP NE ET MP PE */
	mov	%eax, %cr0
	ljmpl	$8, $PA(1f)

	.code64
1:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	trampoline_args + 8(%rip), %rsp
	xor	%ebp, %ebp
	push	%rbp
	jmp	*trampoline_args + 16(%rip)

	.balign 8
gdt:	.quad	0
	.quad	0x00af9a000000ffff		/* 64-bit code */
	.quad	0x00cf92000000ffff		/* data */
gdt_ptr:
	.short	gdt_ptr - gdt - 1
	.long	PA(gdt)

	.balign 8
trampoline_args:				/* struct trampoline_args */
	.long	0				/* cr3 */
	.long	0				/* EFER */
	.quad	0				/* rsp */
	.quad	0				/* rip */
trampoline_end:
