/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a boot loader enters: 32-bit protected mode, no paging, eax = magic,
 * ebx = information block (Multiboot 1 §3.2, Multiboot 2 §3.3). Sets up four
 * gigabytes of page tables, goes to long mode and calls boot_main() high.
 */
#include <xen/layout.h>
#include <asm-offsets.h>

#define PA(sym) (sym - IMAGE_START)

	.section .multiboot, "ax"
	.code32
	.globl start
start:
	jmp	start32

	/* Multiboot 1: we give addresses, as this is no 32-bit ELF file; qemu -kernel uses it. */
	.balign 8
mb1_header:
	.long	0x1badb002
	.long	0x00010003			/* page-aligned modules, memory map, addresses below */
	.long	-(0x1badb002 + 0x00010003)
	.long	PA(mb1_header)
	.long	PA(_image_start)
	.long	PA(_data_end)
	.long	PA(_image_end)
	.long	PA(start)

	.balign 8
mb2_header:
	.long	0xe85250d6, 0, mb2_end - mb2_header
	.long	-(0xe85250d6 + (mb2_end - mb2_header))
	.balign 8
	.short	1, 1				/* information request, optional */
	.long	4f - 3f + 8
3:	.long	1, 3, 6, 8, 12, 14, 15, 17
4:
	.balign 8
	.short	2, 0				/* addresses */
	.long	24, PA(mb2_header), PA(_image_start), PA(_data_end), PA(_image_end)
	.balign 8
	.short	3, 0				/* entry */
	.long	12, PA(start)
	.balign 8
	.short	4, 1				/* console: text is supported */
	.long	12, 2
	.balign 8
	.short	5, 1				/* framebuffer: any size and depth */
	.long	20, 0, 0, 0
	.balign 8
	.short	6, 0				/* modules page-aligned */
	.long	8
	.balign 8
	.short	0, 0
	.long	8
mb2_end:

start32:
	cld
	cli
	mov	%eax, %ebp			/* magic */
	mov	$PA(boot_stack_top - 256), %esp

	mov	$0x80000000, %eax		/* long mode? */
	push	%ebx
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jnc	no_long_mode
	mov	%edx, %edi			/* bit 20: NX */
	pop	%ebx

	/* hv_l4: identity for the moment, image, direct map */
	movl	$PA(boot_l3_low) + 3, PA(hv_l4)
	movl	$PA(boot_l3_low) + 3, PA(hv_l4) + 262 * 8
	movl	$PA(boot_l3_image) + 3, PA(hv_l4) + 260 * 8
	movl	$PA(boot_l2_image) + 3, PA(boot_l3_image)

	mov	$PA(boot_l3_low), %edx		/* four gigabytes in 2 MB pages */
	mov	$PA(boot_l2_low) + 3, %eax
	mov	$4, %ecx
1:	mov	%eax, (%edx)
	add	$4096, %eax
	add	$8, %edx
	loop	1b
	mov	$PA(boot_l2_low), %edx
	mov	$0x183, %eax			/* P RW PSE G */
	xor	%esi, %esi
	mov	$2048, %ecx
1:	mov	%eax, (%edx)
	movl	$0, 4(%edx)
	add	$0x200000, %eax
	add	$8, %edx
	loop	1b
	mov	$PA(boot_l2_image), %edx	/* the image's first 16 MB */
	mov	$0x183, %eax
	mov	$8, %ecx
1:	mov	%eax, (%edx)
	add	$0x200000, %eax
	add	$8, %edx
	loop	1b

	mov	%cr4, %eax
	or	$0x20, %eax			/* PAE */
	mov	%eax, %cr4
	mov	$PA(hv_l4), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x101, %eax			/* LME, SCE */
	bt	$20, %edi
	jnc	2f
	or	$0x800, %eax			/* NXE */
2:	wrmsr
	mov	$0x80050033, %eax		/* PG AM WP NE ET MP PE */
	mov	%eax, %cr0
	lgdt	PA(boot_gdt_ptr)
	ljmp	$8, $PA(start64)

no_long_mode:
	mov	$PA(no_long_mode_text), %esi
	mov	$0xb8000, %edi
1:	lodsb
	test	%al, %al
	jz	3f
	mov	$0x4f, %ah
	mov	%ax, (%edi)
	add	$2, %edi
	mov	%al, %bl
	mov	$0x3fd, %dx
	mov	$100000, %ecx
2:	in	%dx, %al
	test	$0x20, %al
	loopz	2b
	mov	$0x3f8, %dx
	mov	%bl, %al
	out	%al, %dx
	jmp	1b
3:	hlt
	jmp	3b
no_long_mode_text:
	.asciz	"Xen: this CPU has no 64-bit mode, which the hypervisor needs.\r\n"

	.balign 8
boot_gdt:
	.quad	0
	.quad	0x00af9a000000ffff		/* 64-bit code */
	.quad	0x00cf92000000ffff		/* data */
boot_gdt_ptr:
	.short	boot_gdt_ptr - boot_gdt - 1
	.long	PA(boot_gdt)

	.code64
start64:
	movabs	$1f, %rax
	jmp	*%rax
1:	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	lea	boot_stack_top(%rip), %rsp
	sub	$CPU_INFO_SIZE, %rsp
	mov	%ebp, %edi
	mov	%ebx, %esi
	xor	%ebp, %ebp
	push	%rbp
	call	boot_main
	ud2

	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
	.globl	hv_l4
hv_l4:		.skip 4096
boot_l3_low:	.skip 4096
boot_l3_image:	.skip 4096
boot_l2_image:	.skip 4096
boot_l2_low:	.skip 4 * 4096

	.section .stack, "aw", @nobits
	.balign STACK_SIZE
	.globl	boot_stack, boot_stack_top
boot_stack:	.skip STACK_SIZE
boot_stack_top:
