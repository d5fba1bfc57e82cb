/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder of privileged instructions. None of them has a memory operand with a
 * ModRM byte, so prefixes, opcode and registers are all there is.
 * (Intel SDM volume 2, chapter 2 and appendix A)
 */
#include "insn.h"

#define REX_R	4
#define REX_B	1

struct prefixes { bool opsize, addrsize, rep, lock; enum segment seg; u8 rex; };

/* False if @byte is none. A REX prefix counts only directly before the opcode. */
static bool take_prefix(struct prefixes *p, u8 byte, unsigned bits)
{
	static const struct { u8 byte; enum segment seg; } segments[] = {
		{ 0x26, SEG_ES }, { 0x2e, SEG_CS }, { 0x36, SEG_SS },
		{ 0x3e, SEG_DS }, { 0x64, SEG_FS }, { 0x65, SEG_GS },
	};

	if (bits == 64 && (byte & 0xf0) == 0x40) {
		p->rex = byte;
		return true;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
		if (segments[i].byte == byte) {
			p->seg = segments[i].seg;
			p->rex = 0;
			return true;
		}
	}
	switch (byte) {
	case 0x66:
		p->opsize = true;
		break;
	case 0x67:
		p->addrsize = true;
		break;
	case 0xf0:
		p->lock = true;
		break;
	case 0xf2:
	case 0xf3:
		p->rep = true;
		break;
	default:
		return false;
	}
	p->rex = 0;
	return true;
}

static bool is_byte_io(u32 op)
{
	return op == OP_INSB || op == OP_OUTSB || op == OP_INB_IMM || op == OP_OUTB_IMM ||
	       op == OP_INB || op == OP_OUTB;
}

static bool has_imm(u32 op) { return op >= OP_INB_IMM && op <= OP_OUT_IMM; }
static bool has_registers(u32 op) { return op >= OP_READ_CR && op <= OP_WRITE_DR; }

static bool known(u32 op)
{
	return (op >= OP_INSB && op <= OP_OUTS) || has_imm(op) || (op >= OP_INB && op <= OP_OUT) ||
	       op == OP_CLI || op == OP_STI || op == OP_CLTS || op == OP_WBINVD ||
	       has_registers(op) || op == OP_WRMSR || op == OP_RDTSC || op == OP_RDMSR ||
	       op == OP_CPUID || op == OP_XSETBV || op == OP_RDTSCP;
}

static u8 operand_bytes(u32 op, unsigned bits, bool opsize)
{
	if (is_byte_io(op))
		return 1;
	return (bits == 16) != opsize ? 2 : 4;
}

static u8 address_bytes(unsigned bits, bool addrsize)
{
	if (bits == 64)
		return addrsize ? 4 : 8;
	return (bits == 16) != addrsize ? 2 : 4;
}

bool insn_decode(const u8 *code, unsigned n, unsigned bits, struct insn *insn)
{
	struct prefixes p = { 0 };
	unsigned at = 0;
	u32 op;

	while (at < n && take_prefix(&p, code[at], bits))
		at++;
	if (at >= n || p.lock)
		return false;
	op = code[at++];
	for (unsigned more = 0; (op == 0x0f && more == 0) || (op == 0x0f01 && more == 1); more++) {
		if (at >= n)
			return false;
		op = op << 8 | code[at++];
	}
	if (!known(op))
		return false;
	*insn = (struct insn){
		.op = op,
		.op_bytes = operand_bytes(op, bits, p.opsize && !(p.rex & 8)),
		.addr_bytes = address_bytes(bits, p.addrsize),
		.seg = p.seg,
		.rep = p.rep,
	};
	if (has_imm(op) || has_registers(op)) {
		if (at >= n)
			return false;
		insn->imm = code[at++];
	}
	if (has_registers(op)) {
		insn->reg = (insn->imm >> 3 & 7) | (p.rex & REX_R ? 8 : 0);
		insn->rm = (insn->imm & 7) | (p.rex & REX_B ? 8 : 0);
	}
	insn->len = at;
	return at <= INSN_MAX;
}
