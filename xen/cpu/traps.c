/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions: which are the guest's own, which the hypervisor emulates, and
 * which mean that the hypervisor is broken. (Intel SDM volume 3, chapter 6)
 */
#include <xen/console.h>
#include <xen/emulate.h>
#include <xen/entry.h>
#include <xen/gdb.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mce.h>
#include <xen/trace.h>

static const char *const exception_names[32] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode",
	"device not available", "double fault", "coprocessor overrun", "invalid TSS",
	"segment not present", "stack fault", "general protection", "page fault", "reserved",
	"x87 error", "alignment check", "machine check", "SIMD error", "virtualisation",
	"control protection",
};

struct fixup { s32 from, to; };
extern const struct fixup __ex_table_start[], __ex_table_end[];
struct bug_entry { s32 addr, file; u32 line, pad; };
extern const struct bug_entry __bug_table_start[], __bug_table_end[];

static vaddr_t find_fixup(vaddr_t rip)
{
	const struct fixup *f;

	for (f = __ex_table_start; f < __ex_table_end; f++)
		if ((vaddr_t)&f->from + f->from == rip)
			return (vaddr_t)&f->to + f->to;
	return 0;
}

static const struct bug_entry *find_bug(vaddr_t rip)
{
	const struct bug_entry *b;

	for (b = __bug_table_start; b < __bug_table_end; b++)
		if ((vaddr_t)&b->addr + b->addr == rip)
			return b;
	return NULL;
}

static bool vector_has_error(unsigned vec)
{
	return vec < 32 && (0x227d00U >> vec & 1);
}

/* ---- faults inside the hypervisor ---------------------------------------- */

/* The #PF was ours, from a segment register load that touched the vcpu's LDT window. */
static bool hypervisor_ldt_fault(vaddr_t addr)
{
	struct vcpu *v = current;

	return v && !is_idle_vcpu(v) && v->desc_window &&
	       addr - (v->desc_window + 16 * PAGE_SIZE) < 16 * PAGE_SIZE &&
	       ldt_fault(v, addr - (v->desc_window + 16 * PAGE_SIZE));
}

static void __noreturn fatal_trap(struct cpu_user_regs *regs, vaddr_t cr2)
{
	unsigned vec = regs->entry_vector;
	const struct bug_entry *bug = vec == VEC_UD ? find_bug(regs->rip) : NULL;
	const char *stack = stack_overflow(cr2);

	if (bug)
		panic_at(regs, "BUG at %s:%u", (const char *)&bug->file + bug->file, bug->line);
	if (stack)
		panic_at(regs, "the %s stack has overflowed", stack);
	if (vec == VEC_PF)
		panic_at(regs, "page fault in the hypervisor at %lx, error %x", cr2, regs->error_code);
	panic_at(regs, "%s in the hypervisor, error %x",
		 vec < 32 && exception_names[vec] ? exception_names[vec] : "trap", regs->error_code);
}

void do_hypervisor_trap(struct cpu_user_regs *regs)
{
	unsigned vec = regs->entry_vector;
	vaddr_t cr2 = vec == VEC_PF || vec == VEC_DF ? read_cr(2) : 0, to;

	if (vec >= 32) {
		do_irq(regs);
		return;
	}
	if (vec == VEC_NMI) {
		handle_nmi(regs);
		return;
	}
	if (vec == VEC_MC) {
		machine_check(regs);
		return;
	}
	if (vec == VEC_DB) {
		u64 dr6 = read_dr(6);

		write_dr(6, 0xffff0ff0);
		if (!gdb_debug_exception(regs, dr6))
			regs->rflags &= ~EFLAGS_TF;	/* a guest's, that reached us across an entry */
		return;
	}
	if (vec == VEC_BP && gdb_int3(regs))
		return;
	if (vec == VEC_PF && hypervisor_ldt_fault(cr2))
		return;
	to = vec == VEC_DF ? 0 : find_fixup(regs->rip);
	if (!to)
		fatal_trap(regs, cr2);
	regs->rip = to;
}

/* ---- faults of guests -------------------------------------------------------- */

static __cold bool traced_pte_write(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs)
{
	u64 rip = regs->rip, pte;
	bool done = emulate_pte_write(v, addr, regs);

	if (done && !get_guest(&pte, addr & ~7UL, 0))
		trace(TRC_PV_PTWR_EMULATION | TRC_64_FLAG, TRACE_U64(pte), TRACE_U64(addr),
		      TRACE_U64(rip));
	return done;
}

static bool pte_write(struct vcpu *v, vaddr_t addr, struct cpu_user_regs *regs)
{
	if (unlikely(READ_ONCE(trace_events)))
		return traced_pte_write(v, addr, regs);
	return emulate_pte_write(v, addr, regs);
}

static void guest_page_fault(struct vcpu *v, struct cpu_user_regs *regs)
{
	vaddr_t addr = read_cr(2);
	u32 err = regs->error_code;

	if (unlikely(!guest_va_ok(addr)) && addr >= v->desc_window + 16 * PAGE_SIZE &&
	    addr < v->desc_window + 32 * PAGE_SIZE) {
		u64 offset = addr - (v->desc_window + 16 * PAGE_SIZE);

		if (ldt_fault(v, offset)) {
			perfc_inc(ldt_faults);
			trace(TRC_PV_GDT_LDT_MAPPING_FAULT | TRC_64_FLAG, TRACE_U64(regs->rip),
			      TRACE_U64(offset));
			return;
		}
		addr = v->ldt_base + offset;	/* as if the guest's CPU had read its table */
		err &= ~PF_USER;
	} else if ((err & (PF_PRESENT | PF_WRITE | PF_RSVD)) == (PF_PRESENT | PF_WRITE) &&
		   v->kernel_mode && pte_write(v, addr, regs)) {
		perfc_inc(pte_stores);
		return;
	}
	if (v->kernel_mode)
		perfc_inc(kernel_faults);
	inject_page_fault(addr, v->kernel_mode ? err & ~PF_USER : err | PF_USER);
}

/* int n, refused by the IDT: the guest's trap table decides. The opcode is read, as QEMU 7.2's error code is wrong. */
static bool guest_int_n(struct vcpu *v, struct cpu_user_regs *regs)
{
	u8 op[2];
	unsigned dpl;

	if ((regs->error_code & 3) != 2 || copy_from_guest(op, regs->rip, 2) || op[0] != 0xcd)
		return false;
	dpl = v->traps[op[1]].flags & 3;
	if (dpl < (v->kernel_mode ? 1 : 3)) {
		inject_exception_error(VEC_GP, op[1] * 8 + 2);
		return true;
	}
	regs->rip += 2;
	inject_exception(op[1]);
	return true;
}

static void guest_general_protection(struct vcpu *v, struct cpu_user_regs *regs)
{
	u64 rip = regs->rip;

	if (guest_int_n(v, regs))
		return;
	if (!regs->error_code && emulate_privileged(v, regs)) {
		perfc_inc(privileged_insns);
		trace(TRC_PV_EMULATE_PRIVOP | TRC_64_FLAG, TRACE_U64(rip));
		return;
	}
	inject_exception_error(VEC_GP, regs->error_code);
}

static void guest_invalid_opcode(struct vcpu *v, struct cpu_user_regs *regs)
{
	u64 rip = regs->rip;

	if (emulate_invalid_op(v, regs)) {
		perfc_inc(invalid_opcodes);
		trace(TRC_PV_FORCED_INVALID_OP | TRC_64_FLAG, TRACE_U64(rip));
		return;
	}
	inject_exception(VEC_UD);
}

static void guest_debug(struct vcpu *v, struct cpu_user_regs *regs)
{
	u64 dr6 = read_dr(6);

	write_dr(6, 0xffff0ff0);
	if (unlikely(!(regs->cs & 3))) {
		/*
		 * Two at once (int1 with a breakpoint held back by mov ss; TF and a watchpoint in
		 * QEMU): the second one's frame is written over the first one's, on the same stack.
		 */
		regs->rip = regs->rsp = 0;
		regs->rflags = EFLAGS_IF | 2;
		regs->cs = GUEST_CS64;
		regs->ss = GUEST_DS;
		domain_crash(v->domain, "vcpu %u: two debug exceptions at once", v->id);
		return;
	}
	if (gdb_debug_exception(regs, dr6))
		return;
	v->dr[6] |= dr6 & 0xe00f;
	if (!stop_for_debugger(v, VEC_DB))
		inject_exception(VEC_DB);
}

static void guest_int80(struct vcpu *v, struct cpu_user_regs *regs)
{
	if ((v->traps[0x80].flags & 3) < (v->kernel_mode ? 1 : 3)) {
		regs->rip -= 2;
		inject_exception_error(VEC_GP, 0x80 * 8 + 2);
	} else {
		inject_exception(0x80);
	}
}

/* An exception or interrupt that arrived in guest mode. */
void do_guest_trap(struct cpu_user_regs *regs)
{
	unsigned vec = regs->entry_vector;
	struct vcpu *v = current;

	assert_no_locks();		/* entry.S has short ways out of hypercalls */
	if (vec >= 32) {
		if (vec == VEC_INT80)
			guest_int80(v, regs);
		else
			do_irq(regs);
		return;
	}
	perfc_inc(exceptions[vec]);
	switch (vec) {
	case VEC_PF:
		guest_page_fault(v, regs);
		break;
	case VEC_GP:
		guest_general_protection(v, regs);
		break;
	case VEC_UD:
		guest_invalid_opcode(v, regs);
		break;
	case VEC_NM:
		fpu_device_not_available(v);
		break;
	case VEC_DB:
		guest_debug(v, regs);
		break;
	case VEC_BP:
		if (!stop_for_debugger(v, VEC_BP))
			inject_exception(VEC_BP);
		break;
	case VEC_NMI:
		handle_nmi(regs);
		break;
	case VEC_MC:
		machine_check(regs);
		break;
	case VEC_DF:
		fatal_trap(regs, 0);
	default:
		if (vector_has_error(vec))
			inject_exception_error(vec, regs->error_code);
		else
			inject_exception(vec);
	}
}

/* iretq to the guest failed; @regs is the frame it refused. */
void do_iret_failed(struct cpu_user_regs *regs)
{
	inject_failsafe();
}
