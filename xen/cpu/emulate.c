/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Privileged instructions of guest kernels. A kernel in ring 3 gets #GP for them;
 * if the ABI lets it have the effect, it happens here, on the virtual CPU, and the
 * guest goes on behind the instruction. What isn't allowed stays a #GP.
 *
 * The bytes are read again from guest memory and may have changed since the fault:
 * nothing here trusts that the instruction is the one that faulted.
 */
#include <xen/emulate.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/lib.h>
#include <xen/uaccess.h>
#include "insn.h"

#define IO_CHUNK	256		/* iterations of rep ins/outs before other work gets its turn */
#define SMI_PORT	0xb2
#define DR6_BS		BIT(14)
#define CR4_GUEST	(CR4_TSD | CR4_DE | CR4_OSXSAVE)	/* bits that a guest may change */
#define CR4_SHOWN	(CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)	/* that it sees as they are */

#define DESC_CODE	BIT(43)
#define DESC_S		BIT(44)
#define DESC_P		BIT(47)
#define DESC_L		BIT(53)
#define DESC_DB		BIT(54)

struct emulation {
	struct vcpu *v;
	struct cpu_user_regs *regs;
	struct insn insn;
	unsigned bits;			/* of the code segment: 16, 32, 64 */
};

enum outcome {
	DONE,		/* go on behind the instruction */
	AGAIN,		/* go on at the instruction, registers tell how far it came */
	RAISED,		/* an exception is noted, at the instruction */
	REFUSED,	/* the #GP is the guest's */
};

/* ---- registers ---------------------------------------------------------------------- */

static u64 *gpr(struct cpu_user_regs *r, unsigned n)
{
	u64 *const at[16] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
		&r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15,
	};

	return at[n];
}

static u64 get_sized(u64 reg, unsigned bytes)
{
	return bytes == 8 ? reg : reg & ((1UL << bytes * 8) - 1);
}

/* Writing 32 bits clears the upper half, writing fewer keeps the rest. */
static void set_sized(u64 *reg, u64 val, unsigned bytes)
{
	if (bytes >= 4)
		*reg = get_sized(val, bytes);
	else
		*reg = (*reg & ~((1UL << bytes * 8) - 1)) | get_sized(val, bytes);
}

static u64 get_edx_eax(const struct cpu_user_regs *r)
{
	return (u32)r->rax | r->rdx << 32;
}

static void set_edx_eax(struct cpu_user_regs *r, u64 val)
{
	r->rax = (u32)val;
	r->rdx = val >> 32;
}

/* ---- segments -------------------------------------------------------------------------- */

/* The descriptor a selector names now, from the vcpu's own tables; 0 if there is none. */
static u64 read_descriptor(const struct vcpu *v, u16 sel)
{
	bool ldt = sel & 4;
	u64 offset = sel & ~7UL, limit = ldt ? v->ldt_ents * 8UL : 16 * PAGE_SIZE, d;

	if (offset >= limit || !(sel & ~3))
		return 0;
	if (raw_copy(&d, (void *)(v->desc_window + (ldt ? 16 * PAGE_SIZE : 0) + offset), sizeof(d)))
		return 0;
	return (d & DESC_P) && (d & DESC_S) ? d : 0;
}

static u64 desc_base(u64 d)
{
	return (d >> 16 & 0xffffff) | (d >> 56) << 24;
}

static u16 read_selector(enum segment seg)
{
	u16 sel = 0;

	switch (seg) {
	case SEG_ES:
		asm("mov %%es, %0" : "=r" (sel));
		break;
	case SEG_DS:
		asm("mov %%ds, %0" : "=r" (sel));
		break;
	default:
		break;
	}
	return sel;
}

/*
 * Base of a segment for data. In 64-bit mode only FS and GS have one; the active GS base
 * is always in MSR_GS_BASE. Limits aren't checked: they protect nothing of the hypervisor.
 */
static u64 segment_base(const struct emulation *e, enum segment seg)
{
	switch (seg) {
	case SEG_FS:
		return rdmsr(MSR_FS_BASE);
	case SEG_GS:
		return rdmsr(MSR_GS_BASE);
	default:
		break;
	}
	if (e->bits == 64)
		return 0;
	if (seg == SEG_CS || seg == SEG_SS)
		return desc_base(read_descriptor(e->v, seg == SEG_CS ? e->regs->cs : e->regs->ss));
	return desc_base(read_descriptor(e->v, read_selector(seg)));
}

/* Width and base of the code segment. */
static bool code_segment(struct emulation *e, u64 *base)
{
	u64 d;

	*base = 0;
	e->bits = 64;
	if (e->regs->cs == GUEST_CS64)
		return true;
	d = read_descriptor(e->v, e->regs->cs);
	if (!(d & DESC_CODE))
		return false;
	if (d & DESC_L)
		return true;
	e->bits = d & DESC_DB ? 32 : 16;
	*base = desc_base(d);
	return true;
}

static bool fetch(struct emulation *e)
{
	u8 code[INSN_MAX];
	unsigned first, n = 0;
	u64 base, at;

	if (!code_segment(e, &base))
		return false;
	at = base + e->regs->rip;
	if (e->bits != 64)
		at = (u32)at;
	/* up to the end of the page; the next one only has to be there if the instruction goes on in it */
	first = MIN(PAGE_SIZE - (at & ~PAGE_MASK), (u64)INSN_MAX);
	if (copy_from_guest(code, at, first))
		return false;
	n = first;
	if (first < INSN_MAX && !copy_from_guest(code + first, at + first, INSN_MAX - first))
		n = INSN_MAX;
	return insn_decode(code, n, e->bits, &e->insn);
}

/* ---- port I/O ----------------------------------------------------------------------------- */

/* A guest's access to its own memory failed: what its CPU would have raised. */
static enum outcome memory_fault(struct emulation *e, u64 addr, unsigned bytes, bool write)
{
	struct vcpu *v = e->v;
	u64 *l1e = walk_l1e(v->kernel_mode ? v->kernel_cr3 : v->user_cr3, addr);
	u64 pte = l1e ? READ_ONCE(*l1e) : 0;

	if ((pte & PTE_P) && (!write || (pte & PTE_RW)) && ((addr ^ (addr + bytes - 1)) & PAGE_MASK)) {
		addr = (addr + bytes - 1) & PAGE_MASK;		/* so it was the second page */
		l1e = walk_l1e(v->kernel_mode ? v->kernel_cr3 : v->user_cr3, addr);
		pte = l1e ? READ_ONCE(*l1e) : 0;
	}
	inject_page_fault(addr, (pte & PTE_P ? PF_PRESENT : 0) | (write ? PF_WRITE : 0) |
				(v->kernel_mode ? 0 : PF_USER));
	return RAISED;
}

/* Could the bytes be written? Must be known before the port is read, which may not be repeatable. */
static bool writable(u64 addr, unsigned bytes)
{
	u64 first = addr & ~7UL, last = (addr + bytes - 1) & ~7UL, old = 0;

	/* writes back what is there */
	if (cmpxchg_guest(first, &old, 0))
		return false;
	old = 0;
	return first == last || !cmpxchg_guest(last, &old, 0);
}

static enum outcome ins_one(struct emulation *e, u16 port, u64 addr)
{
	unsigned bytes = e->insn.op_bytes;
	u32 val;

	if (!writable(addr, bytes))
		return memory_fault(e, addr, bytes, true);
	val = guest_io_read(e->v->domain, port, bytes);
	return copy_to_guest(addr, &val, bytes) ? memory_fault(e, addr, bytes, true) : DONE;
}

static enum outcome outs_one(struct emulation *e, u16 port, u64 addr)
{
	unsigned bytes = e->insn.op_bytes;
	u32 val = 0;

	if (copy_from_guest(&val, addr, bytes))
		return memory_fault(e, addr, bytes, false);
	guest_io_write(e->v->domain, port, bytes, val);
	return DONE;
}

static enum outcome string_io(struct emulation *e)
{
	const struct insn *i = &e->insn;
	struct cpu_user_regs *regs = e->regs;
	bool in = i->op == OP_INSB || i->op == OP_INS;
	u64 *index = in ? &regs->rdi : &regs->rsi;
	u64 step = regs->rflags & EFLAGS_DF ? -(u64)i->op_bytes : i->op_bytes;
	u64 base = segment_base(e, in ? SEG_ES : i->seg ? i->seg : SEG_DS);
	u64 count = i->rep ? get_sized(regs->rcx, i->addr_bytes) : 1;
	unsigned left = regs->rflags & EFLAGS_TF ? 1 : IO_CHUNK;
	u16 port = regs->rdx;

	if (!guest_io_allowed(e->v, port, i->op_bytes))
		return REFUSED;
	for (; count; count--) {
		u64 addr = base + get_sized(*index, i->addr_bytes);
		enum outcome result;

		if (!left--)
			return AGAIN;
		if (e->bits != 64)
			addr = (u32)addr;
		if (!guest_range_ok(addr, i->op_bytes))
			return REFUSED;
		result = in ? ins_one(e, port, addr) : outs_one(e, port, addr);
		if (result != DONE)
			return result;
		set_sized(index, get_sized(*index, i->addr_bytes) + step, i->addr_bytes);
		if (i->rep)
			set_sized(&regs->rcx, count - 1, i->addr_bytes);
	}
	return DONE;
}

/*
 * Firmware takes the arguments of a request from the registers at the time of the
 * access, and may answer in them.
 */
static void smi_out(struct cpu_user_regs *r)
{
	asm volatile("outb %%al, %[port]"
		     : "+a" (r->rax), "+b" (r->rbx), "+c" (r->rcx), "+d" (r->rdx),
		       "+S" (r->rsi), "+D" (r->rdi)
		     : [port] "N" (SMI_PORT) : "memory");
}

static enum outcome plain_io(struct emulation *e)
{
	const struct insn *i = &e->insn;
	struct domain *d = e->v->domain;
	u16 port = i->op >= OP_INB ? (u16)e->regs->rdx : i->imm;

	if (!guest_io_allowed(e->v, port, i->op_bytes))
		return REFUSED;
	if (!(i->op & 2))
		set_sized(&e->regs->rax, guest_io_read(d, port, i->op_bytes), i->op_bytes);
	else if (port == SMI_PORT && i->op_bytes == 1 && is_control_domain(d) &&
		 ranges_contain(&d->ioports, port, port))
		smi_out(e->regs);
	else
		guest_io_write(d, port, i->op_bytes, get_sized(e->regs->rax, i->op_bytes));
	return DONE;
}

/* The interrupt flag is virtual and elsewhere: these do nothing, where they may be executed. */
static enum outcome cli_sti(struct emulation *e)
{
	return e->v->iopl >= (e->v->kernel_mode ? 1 : 3) ? DONE : REFUSED;
}

/* ---- control and debug registers ------------------------------------------------------------- */

static enum outcome read_control(struct vcpu *v, unsigned cr, u64 *val)
{
	switch (cr) {
	case 0:
		*val = (read_cr(0) & ~CR0_TS) | v->cr0_ts;
		return DONE;
	case 2:
		*val = v->cr2;
		return DONE;
	case 3:
		*val = v->kernel_cr3;
		return DONE;
	case 4:
		*val = (read_cr(4) & CR4_SHOWN) | (v->cr4 & CR4_GUEST);
		return DONE;
	}
	return REFUSED;
}

static enum outcome set_cr0(struct vcpu *v, u64 val)
{
	if ((val ^ read_cr(0)) & ~CR0_TS)
		return REFUSED;
	v->cr0_ts = val & CR0_TS;
	fpu_update_ts(v);
	return DONE;
}

static enum outcome set_cr3(struct vcpu *v, u64 val)
{
	int rc = val & ~PTE_ADDR_MASK ? -EINVAL : new_kernel_base(v, val >> PAGE_SHIFT);

	if (rc == -ERESTART)
		return AGAIN;
	return rc ? REFUSED : DONE;
}

/* Bits that aren't the guest's keep their value, as they do in CR4 of a CPU that reserves them. */
static enum outcome set_cr4(struct vcpu *v, u64 val)
{
	u64 hw = read_cr(4);

	v->cr4 = val & CR4_GUEST & (cpu_features.xsave ? ~0UL : ~CR4_OSXSAVE);
	if ((hw ^ v->cr4) & CR4_TSD)
		write_cr(4, (hw & ~CR4_TSD) | (v->cr4 & CR4_TSD));
	return DONE;
}

static enum outcome write_control(struct vcpu *v, unsigned cr, u64 val)
{
	switch (cr) {
	case 0:
		return set_cr0(v, val);
	case 2:
		v->cr2 = val;
		v->info->arch.cr2 = val;
		return DONE;
	case 3:
		return set_cr3(v, val);
	case 4:
		return set_cr4(v, val);
	}
	return REFUSED;
}

static enum outcome debug_register(struct emulation *e)
{
	unsigned reg = e->insn.reg;
	u64 *val = gpr(e->regs, e->insn.rm);

	if (reg == 4 || reg == 5) {	/* other names of 6 and 7, unless CR4.DE says no */
		if (e->v->cr4 & CR4_DE) {
			inject_exception(VEC_UD);
			return RAISED;
		}
		reg += 2;
	}
	if (e->insn.op == OP_READ_DR)
		return get_debugreg(e->v, reg, val) ? REFUSED : DONE;
	return set_debugreg(e->v, reg, *val) ? REFUSED : DONE;
}

/* ---- the others -------------------------------------------------------------------------------- */

/*
 * Until a kernel can catch #GP, it reads zero from registers that don't exist and its
 * writes to them do nothing; Linux tries some very early.
 */
static bool can_catch_gp(const struct vcpu *v)
{
	return v->traps[VEC_GP].address;
}

static enum outcome read_msr(struct emulation *e)
{
	u64 val = 0;

	if (guest_rdmsr(e->v, e->regs->rcx, &val) && can_catch_gp(e->v))
		return REFUSED;
	set_edx_eax(e->regs, val);
	return DONE;
}

static enum outcome write_msr(struct emulation *e)
{
	if (guest_wrmsr(e->v, e->regs->rcx, get_edx_eax(e->regs)) && can_catch_gp(e->v))
		return REFUSED;
	return DONE;
}

static void do_cpuid(struct vcpu *v, struct cpu_user_regs *regs, bool forced)
{
	u32 a, b, c, d;

	guest_cpuid(v, regs->rax, regs->rcx, &a, &b, &c, &d, forced);
	regs->rax = a;
	regs->rbx = b;
	regs->rcx = c;
	regs->rdx = d;
}

/* Refused by CR4.TSD, which is the guest's: its kernel may still read, its programs may not. */
static enum outcome read_tsc(struct emulation *e, bool with_aux)
{
	if (!e->v->kernel_mode && (e->v->cr4 & CR4_TSD))
		return REFUSED;
	set_edx_eax(e->regs, rdtsc());
	if (with_aux)
		e->regs->rcx = e->v->tsc_aux;
	return DONE;
}

static enum outcome set_xcr(struct emulation *e)
{
	if (!(e->v->cr4 & CR4_OSXSAVE) || (u32)e->regs->rcx ||
	    fpu_set_xcr0(e->v, get_edx_eax(e->regs)))
		return REFUSED;
	return DONE;
}

/* Matters only to those who may map memory that isn't cached. */
static enum outcome flush_caches(struct vcpu *v)
{
	if (v->domain->iomem.n)
		asm volatile("wbinvd" ::: "memory");
	return DONE;
}

static enum outcome kernel_only(struct emulation *e)
{
	const struct insn *i = &e->insn;
	struct vcpu *v = e->v;

	if (!v->kernel_mode)
		return REFUSED;
	switch (i->op) {
	case OP_CLTS:
		v->cr0_ts = 0;
		fpu_update_ts(v);
		return DONE;
	case OP_WBINVD:
		return flush_caches(v);
	case OP_READ_CR:
		return read_control(v, i->reg, gpr(e->regs, i->rm));
	case OP_WRITE_CR:
		return write_control(v, i->reg, *gpr(e->regs, i->rm));
	case OP_READ_DR:
	case OP_WRITE_DR:
		return debug_register(e);
	case OP_RDMSR:
		return read_msr(e);
	case OP_WRMSR:
		return write_msr(e);
	case OP_XSETBV:
		return set_xcr(e);
	}
	return REFUSED;
}

static enum outcome emulate(struct emulation *e)
{
	switch (e->insn.op) {
	case OP_INSB:
	case OP_INS:
	case OP_OUTSB:
	case OP_OUTS:
		return string_io(e);
	case OP_INB_IMM ... OP_OUT_IMM:
	case OP_INB ... OP_OUT:
		return plain_io(e);
	case OP_CLI:
	case OP_STI:
		return cli_sti(e);
	case OP_RDTSC:
	case OP_RDTSCP:
		return read_tsc(e, e->insn.op == OP_RDTSCP);
	case OP_CPUID:
		do_cpuid(e->v, e->regs, false);
		return DONE;
	default:
		return kernel_only(e);
	}
}

/* Go on at @rip; the trap flag is due as after any instruction. */
static void finish(struct vcpu *v, struct cpu_user_regs *regs, u64 rip)
{
	regs->rip = rip;
	regs->rflags &= ~EFLAGS_RF;
	if (regs->rflags & EFLAGS_TF) {
		v->dr[6] |= DR6_BS;
		inject_exception(VEC_DB);
	}
}

bool emulate_privileged(struct vcpu *v, struct cpu_user_regs *regs)
{
	struct emulation e = { .v = v, .regs = regs };
	u64 next;

	if (!fetch(&e))
		return false;
	switch (emulate(&e)) {
	case DONE:
		next = regs->rip + e.insn.len;
		finish(v, regs, e.bits == 64 ? next : (u32)next);
		return true;
	case AGAIN:
		if (e.insn.rep)
			finish(v, regs, regs->rip);
		return true;
	case RAISED:
		return true;
	default:
		return false;
	}
}

/* ud2; .ascii "xen"; cpuid (public/arch-x86/xen.h: XEN_CPUID) */
bool emulate_invalid_op(struct vcpu *v, struct cpu_user_regs *regs)
{
	static const u8 forced_cpuid[7] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
	u8 code[sizeof(forced_cpuid)];

	if (copy_from_guest(code, regs->rip, sizeof(code)) ||
	    memcmp(code, forced_cpuid, sizeof(code)))
		return false;
	do_cpuid(v, regs, true);
	finish(v, regs, regs->rip + sizeof(code));
	return true;
}
