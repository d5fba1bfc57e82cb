/* SPDX-License-Identifier: GPL-2.0-only */
/* Decoding of the privileged instructions: no memory is touched. */
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include <xen/types.h>

#define INSN_MAX	15

/* Opcodes: one byte, 0x0f00 | second byte, or 0x0f0100 | ModRM byte of 0f 01. */
#define OP_INSB		0x6c
#define OP_INS		0x6d
#define OP_OUTSB	0x6e
#define OP_OUTS		0x6f
#define OP_INB_IMM	0xe4
#define OP_IN_IMM	0xe5
#define OP_OUTB_IMM	0xe6
#define OP_OUT_IMM	0xe7
#define OP_INB		0xec
#define OP_IN		0xed
#define OP_OUTB		0xee
#define OP_OUT		0xef
#define OP_CLI		0xfa
#define OP_STI		0xfb
#define OP_CLTS		0x0f06
#define OP_WBINVD	0x0f09
#define OP_READ_CR	0x0f20
#define OP_READ_DR	0x0f21
#define OP_WRITE_CR	0x0f22
#define OP_WRITE_DR	0x0f23
#define OP_WRMSR	0x0f30
#define OP_RDTSC	0x0f31
#define OP_RDMSR	0x0f32
#define OP_CPUID	0x0fa2
#define OP_XSETBV	0x0f01d1
#define OP_RDTSCP	0x0f01f9

enum segment { SEG_NONE, SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

struct insn {
	u32 op;
	u8 len;
	u8 op_bytes;		/* of an I/O access: 1, 2, 4 */
	u8 addr_bytes;		/* of index and count registers: 2, 4, 8 */
	enum segment seg;	/* override */
	bool rep;
	u8 reg, rm;		/* register numbers of mov cr and mov dr */
	u8 imm;			/* port */
};

/*
 * Decode @n bytes of code for a mode of @bits (16, 32, 64). False: not one of the
 * instructions above, not complete, or with a prefix that it may not have.
 */
bool insn_decode(const u8 *code, unsigned n, unsigned bits, struct insn *insn);

#endif
