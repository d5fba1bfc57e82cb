/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writable page tables: a guest kernel's store to one of its L1 tables, which
 * it sees read-only, is done for it with all the checks of mmu_update.
 *
 * decode() understands the instructions that compilers make of PTE accesses:
 * mov, xchg, add or and sub xor, bts btr btc, cmpxchg, xadd, with 1, 2, 4 or 8
 * bytes. The address is the one the CPU reported, so operands are only skipped.
 * The new 8-byte value is validated and exchanged for exactly the value that was
 * read, as the hardware may set A and D meanwhile. What isn't understood, crosses
 * an entry, or is refused, becomes the page fault that it was.
 *
 * Another vcpu of the guest may change the instruction after the fault: then
 * something else is emulated, with the same checks.
 */
#include "pt.h"

#define MAX_INSN	15
#define TRIES		64	/* lost races before the guest runs again and retries */

#define FLAG_PF		BIT(2)
#define FLAG_AF		BIT(4)
#define FLAG_ZF		BIT(6)
#define FLAG_SF		BIT(7)
#define FLAG_OF		BIT(11)
#define ALU_FLAGS	(EFLAGS_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
#define DR6_BS		BIT(14)

enum pt_op { OP_NONE, OP_MOV, OP_XCHG, OP_ADD, OP_OR, OP_AND, OP_SUB, OP_XOR,
	     OP_BTS, OP_BTR, OP_BTC, OP_CMPXCHG, OP_XADD };

struct insn {
	enum pt_op op;
	unsigned len, width;		/* bytes */
	unsigned reg;			/* 0-15, 16-19: ah ch dh bh */
	bool has_imm;
	u64 imm;			/* sign-extended */
};

/* ---- decode ---------------------------------------------------------------------- */

struct cursor {
	const u8 *p;
	unsigned at, n;
	bool ok;
};

static u8 next_byte(struct cursor *c)
{
	if (c->at >= c->n) {
		c->ok = false;
		return 0;
	}
	return c->p[c->at++];
}

static u64 next_signed(struct cursor *c, unsigned bytes)
{
	u64 v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (u64)next_byte(c) << (8 * i);
	return (u64)((s64)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes));
}

static void skip_bytes(struct cursor *c, unsigned bytes)
{
	while (bytes--)
		next_byte(c);
}

/* Past a memory operand; false if it is a register. */
static bool skip_operand(struct cursor *c, u8 modrm)
{
	unsigned mod = modrm >> 6, base = modrm & 7;

	if (mod == 3)
		return false;
	if (base == 4)
		base = next_byte(c) & 7;
	if (mod == 0)
		skip_bytes(c, base == 5 ? 4 : 0);
	else
		skip_bytes(c, mod == 1 ? 1 : 4);
	return true;
}

/* Operations of opcodes 80, 81, 83 by the reg field, and of 00-3f by bits 3-5. */
static const u8 alu_ops[8] = {
	[0] = OP_ADD, [1] = OP_OR, [4] = OP_AND, [5] = OP_SUB, [6] = OP_XOR,
};

static const u8 bit_ops[8] = { [5] = OP_BTS, [6] = OP_BTR, [7] = OP_BTC };

struct form {
	enum pt_op op;
	u8 imm_bytes;			/* 0, 1, or 4 for "as the width, at most 4" */
	bool moffs;			/* operand is an address in the instruction, no ModRM */
	bool by_reg;			/* the reg field selects the operation, from: */
	const u8 *ops;
	bool byte;			/* one-byte operation */
};

static struct form form_1(u8 opcode)
{
	bool byte = !(opcode & 1);

	if (opcode < 0x40 && (opcode & 7) < 2)
		return (struct form){ .op = alu_ops[opcode >> 3], .byte = byte };
	switch (opcode) {
	case 0x80:
		return (struct form){ .imm_bytes = 1, .by_reg = true, .ops = alu_ops, .byte = true };
	case 0x81:
		return (struct form){ .imm_bytes = 4, .by_reg = true, .ops = alu_ops };
	case 0x83:
		return (struct form){ .imm_bytes = 1, .by_reg = true, .ops = alu_ops };
	case 0x86:
	case 0x87:
		return (struct form){ .op = OP_XCHG, .byte = byte };
	case 0x88:
	case 0x89:
		return (struct form){ .op = OP_MOV, .byte = byte };
	case 0xa2:
	case 0xa3:
		return (struct form){ .op = OP_MOV, .moffs = true, .byte = byte };
	case 0xc6:
		return (struct form){ .op = OP_MOV, .imm_bytes = 1, .byte = true };
	case 0xc7:
		return (struct form){ .op = OP_MOV, .imm_bytes = 4 };
	default:
		return (struct form){ .op = OP_NONE };
	}
}

static struct form form_0f(u8 opcode)
{
	switch (opcode) {
	case 0xab:
		return (struct form){ .op = OP_BTS };
	case 0xb3:
		return (struct form){ .op = OP_BTR };
	case 0xbb:
		return (struct form){ .op = OP_BTC };
	case 0xba:
		return (struct form){ .imm_bytes = 1, .by_reg = true, .ops = bit_ops };
	case 0xb0:
	case 0xb1:
		return (struct form){ .op = OP_CMPXCHG, .byte = !(opcode & 1) };
	case 0xc0:
	case 0xc1:
		return (struct form){ .op = OP_XADD, .byte = !(opcode & 1) };
	case 0xc3:				/* movnti */
		return (struct form){ .op = OP_MOV };
	default:
		return (struct form){ .op = OP_NONE };
	}
}

struct prefixes { bool size16, addr32, lock; u8 rex; };

/* Returns the first byte after them. */
static u8 skip_prefixes(struct cursor *c, struct prefixes *p)
{
	for (;;) {
		u8 b = next_byte(c);

		if ((b & 0xf0) == 0x40) {
			p->rex = b;
			return next_byte(c);	/* REX is the last prefix */
		}
		switch (b) {
		case 0x66:
			p->size16 = true;
			break;
		case 0x67:
			p->addr32 = true;
			break;
		case 0xf0:
			p->lock = true;
			break;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
			break;
		default:
			return b;
		}
		if (!c->ok)
			return 0;
	}
}

/* 64-bit code at @p, @n bytes of it. False: not one of ours. */
static bool decode(const u8 *p, unsigned n, struct insn *in)
{
	struct cursor c = { .p = p, .n = n, .ok = true };
	struct prefixes pre = { 0 };
	u8 opcode = skip_prefixes(&c, &pre), modrm = 0;
	struct form f = opcode == 0x0f ? form_0f(next_byte(&c)) : form_1(opcode);

	if (!f.moffs) {
		modrm = next_byte(&c);
		if (f.by_reg)
			f.op = f.ops[modrm >> 3 & 7];
		if (f.op == OP_MOV && f.imm_bytes && (modrm >> 3 & 7))
			return false;		/* c6, c7: only /0 is mov */
	}
	if (f.op == OP_NONE || (f.op == OP_MOV && pre.lock))
		return false;
	if (!f.moffs && !skip_operand(&c, modrm))
		return false;
	if (f.moffs)
		skip_bytes(&c, pre.addr32 ? 4 : 8);
	in->op = f.op;
	in->width = f.byte ? 1 : pre.rex & 8 ? 8 : pre.size16 ? 2 : 4;
	in->has_imm = f.imm_bytes;
	in->imm = f.imm_bytes ? next_signed(&c, MIN((unsigned)f.imm_bytes, in->width)) : 0;
	in->reg = f.moffs ? 0 : (modrm >> 3 & 7) | (pre.rex & 4) << 1;
	if (in->width == 1 && !pre.rex && in->reg >= 4)
		in->reg += 12;			/* ah, ch, dh, bh */
	in->len = c.at;
	return c.ok;
}

/*
 * The forms that Linux' compiled accesses have: an aligned mov or xchg of a 64-bit register, with
 * the address in one register and perhaps a byte. @code is the first 8 bytes.
 */
static inline bool decode_plain(u64 code, struct insn *in)
{
	u8 rex = code, opcode = code >> 8, modrm = code >> 16, mod = modrm >> 6, rm = modrm & 7;

	if ((rex & 0xf8) != 0x48 || (opcode != 0x89 && opcode != 0x87) || mod > 1 || rm == 4 ||
	    (!mod && rm == 5))
		return false;
	*in = (struct insn){ .op = opcode == 0x89 ? OP_MOV : OP_XCHG, .len = 3 + mod, .width = 8,
			     .reg = (modrm >> 3 & 7) | (rex & 4) << 1 };
	return true;
}

/* ---- execute ---------------------------------------------------------------------- */

static u64 mask_of(unsigned width)
{
	return width == 8 ? ~0UL : BIT(8 * width) - 1;
}

#define REG(name) offsetof(struct cpu_user_regs, name)

static u64 *reg_of(struct cpu_user_regs *r, unsigned i)
{
	static const u8 at[16] = {
		REG(rax), REG(rcx), REG(rdx), REG(rbx), REG(rsp), REG(rbp), REG(rsi), REG(rdi),
		REG(r8), REG(r9), REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15),
	};

	return (u64 *)((char *)r + at[i & 15]);
}

static u64 read_reg(struct cpu_user_regs *r, unsigned i, unsigned width)
{
	return (i < 16 ? *reg_of(r, i) : *reg_of(r, i - 16) >> 8) & mask_of(width);
}

/* As the CPU does: 4 bytes clear the upper half, 1 and 2 leave the rest. */
static void write_reg(struct cpu_user_regs *r, unsigned i, unsigned width, u64 val)
{
	u64 *reg = reg_of(r, i < 16 ? i : i - 16), mask = mask_of(width);

	if (i >= 16)
		*reg = (*reg & ~0xff00UL) | (val & 0xff) << 8;
	else
		*reg = width >= 4 ? val & mask : (*reg & ~mask) | (val & mask);
}

static u64 result_flags(u64 r, unsigned width)
{
	u64 f = 0;

	if (!(r & mask_of(width)))
		f |= FLAG_ZF;
	if (r >> (8 * width - 1) & 1)
		f |= FLAG_SF;
	if (!__builtin_parity(r & 0xff))
		f |= FLAG_PF;
	return f;
}

/* Flags of a + b or a - b = r; all masked to the width. */
static u64 sum_flags(u64 a, u64 b, u64 r, unsigned width, bool sub)
{
	u64 f = result_flags(r, width), over = sub ? (a ^ b) & (a ^ r) : (a ^ r) & (b ^ r);

	if (sub ? a < b : r < a)
		f |= EFLAGS_CF;
	if ((a ^ b ^ r) & 0x10)
		f |= FLAG_AF;
	if (over >> (8 * width - 1) & 1)
		f |= FLAG_OF;
	return f;
}

struct effect {
	u64 mem;			/* new value of the operand */
	u64 flags, flags_mask;
	int reg;			/* register to write, -1: none */
	u64 reg_val;
};

/* What the instruction does to operand @a, without doing it. */
static void execute(const struct insn *in, struct cpu_user_regs *r, u64 a, struct effect *e)
{
	unsigned w = in->width;
	u64 b = (in->has_imm ? in->imm : read_reg(r, in->reg, w)) & mask_of(w);
	u64 bit = BIT(b & (8 * w - 1)), acc;

	*e = (struct effect){ .mem = b, .reg = -1 };
	switch (in->op) {
	case OP_MOV:
		return;
	case OP_XCHG:
		e->reg = in->reg;
		e->reg_val = a;
		return;
	case OP_ADD:
	case OP_XADD:
		e->mem = (a + b) & mask_of(w);
		e->flags = sum_flags(a, b, e->mem, w, false);
		if (in->op == OP_XADD) {
			e->reg = in->reg;
			e->reg_val = a;
		}
		break;
	case OP_SUB:
		e->mem = (a - b) & mask_of(w);
		e->flags = sum_flags(a, b, e->mem, w, true);
		break;
	case OP_OR:
	case OP_AND:
	case OP_XOR:
		e->mem = in->op == OP_OR ? a | b : in->op == OP_AND ? a & b : a ^ b;
		e->flags = result_flags(e->mem, w);
		break;
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
		e->mem = in->op == OP_BTS ? a | bit : in->op == OP_BTR ? a & ~bit : a ^ bit;
		e->flags = a & bit ? EFLAGS_CF : 0;
		e->flags_mask = EFLAGS_CF;
		return;
	case OP_CMPXCHG:
		acc = read_reg(r, 0, w);
		e->flags = sum_flags(acc, a, (acc - a) & mask_of(w), w, true);
		if (acc != a) {
			e->mem = a;
			e->reg = 0;
			e->reg_val = a;
		}
		break;
	case OP_NONE:
		return;
	}
	e->flags_mask = ALU_FLAGS;
}

static void retire(struct vcpu *v, const struct insn *in, struct cpu_user_regs *r,
		   const struct effect *e)
{
	if (e->reg >= 0)
		write_reg(r, e->reg, in->width, e->reg_val);
	r->rflags = (r->rflags & ~(e->flags_mask | EFLAGS_RF)) | e->flags;
	r->rip += in->len;
	if (r->rflags & EFLAGS_TF) {
		v->dr[6] |= DR6_BS;
		inject_exception(VEC_DB);
	}
}

/* ---- the assist ---------------------------------------------------------------------- */

static bool in_64bit_code(const struct vcpu *v, u16 cs)
{
	bool ok;
	u32 rights;

	if (cs == GUEST_CS64)
		return true;
	if ((cs & 4) || (cs >> 3) >= v->gdt_ents)	/* lar must not fault */
		return false;
	asm("lar %2, %0" : "=r" (rights), "=@ccz" (ok) : "r" ((u32)cs));
	return ok && (rights & BIT(21));
}

static bool fetch(struct vcpu *v, const struct cpu_user_regs *regs, struct insn *in)
{
	union { u64 word[2]; u8 byte[16]; } code;
	unsigned left = PAGE_SIZE - (regs->rip & ~PAGE_MASK), n = MAX_INSN;

	if (!in_64bit_code(v, regs->cs))
		return false;
	if (likely(left >= sizeof(code))) {
		if (read_guest_pair(regs->rip, &code.word[0], &code.word[1]))
			return false;
		return decode_plain(code.word[0], in) || decode(code.byte, n, in);
	}
	if (left < n)
		n = left;
	if (copy_from_guest(code.byte, regs->rip, n))
		return false;
	if (n < MAX_INSN && !copy_from_guest(code.byte + n, regs->rip + n, MAX_INSN - n))
		n = MAX_INSN;
	return decode(code.byte, n, in);
}

/* All of an entry is stored or exchanged. False: it's for emulate() to do, or to refuse. */
static inline bool emulate_whole(struct vcpu *v, u64 *pte, const struct insn *in,
				 struct cpu_user_regs *regs)
{
	u64 *reg = reg_of(regs, in->reg), old = READ_ONCE(*pte);

	if ((regs->rflags & EFLAGS_TF) || in->has_imm ||
	    !quick_set_l1e(v->domain, v->domain, pte, old, *reg))
		return false;
	if (in->op == OP_XCHG)
		*reg = old;
	regs->rflags &= ~EFLAGS_RF;
	regs->rip += in->len;
	return true;
}

static bool emulate(struct vcpu *v, u64 *pte, unsigned offset, const struct insn *in,
		    struct cpu_user_regs *regs)
{
	unsigned shift = 8 * offset;
	u64 mask = mask_of(in->width) << shift;

	for (unsigned i = 0; i < TRIES; i++) {
		u64 old = READ_ONCE(*pte), new;
		struct effect e;
		int rc = 0;

		execute(in, regs, (old & mask) >> shift, &e);
		new = (old & ~mask) | e.mem << shift;
		if (new != old)
			rc = set_l1e(v->domain, v->domain, pte, new, false, &old);
		if (rc == -EAGAIN)
			continue;
		if (!rc)
			retire(v, in, regs, &e);
		return !rc;
	}
	return true;
}

bool emulate_pte_write(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs)
{
	struct page_info *table;
	struct insn in;
	u64 *map, *pte, e;
	bool done;

	if (!v->kernel_mode || !(v->domain->vm_assist & BIT(VMASST_TYPE_writable_pagetables)) ||
	    !guest_va_ok(addr))
		return false;
	map = walk_l1e(v->kernel_cr3, addr);
	e = map ? READ_ONCE(*map) : 0;
	if ((e & (PTE_P | PTE_RW)) != PTE_P)
		return false;
	table = hold_l1_table(pte_mfn(e), v->domain);
	if (!table)
		return false;
	pte = (u64 *)page_to_va(table) + (addr & ~PAGE_MASK) / 8;
	done = fetch(v, regs, &in) && (addr & 7) + in.width <= 8 &&
		(((in.op == OP_MOV || in.op == OP_XCHG) && in.width == 8 &&
		  emulate_whole(v, pte, &in, regs)) ||
		 emulate(v, pte, addr & 7, &in, regs));
	drop_ref_pair(table);
	return done;
}
