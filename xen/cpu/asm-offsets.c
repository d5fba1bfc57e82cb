/* SPDX-License-Identifier: GPL-2.0-only */
/* Struct offsets for the assembly, turned into gen/asm-offsets.h by the build. */
#include <xen/hypercall.h>

#define DEFINE(sym, val)	asm volatile("->" #sym " %0" :: "i" (val))
#define OFFSET(sym, s, m)	DEFINE(sym, offsetof(s, m))

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(R_r15, struct cpu_user_regs, r15);
	OFFSET(R_r14, struct cpu_user_regs, r14);
	OFFSET(R_r13, struct cpu_user_regs, r13);
	OFFSET(R_r12, struct cpu_user_regs, r12);
	OFFSET(R_rbp, struct cpu_user_regs, rbp);
	OFFSET(R_rbx, struct cpu_user_regs, rbx);
	OFFSET(R_r11, struct cpu_user_regs, r11);
	OFFSET(R_r10, struct cpu_user_regs, r10);
	OFFSET(R_r9, struct cpu_user_regs, r9);
	OFFSET(R_r8, struct cpu_user_regs, r8);
	OFFSET(R_rax, struct cpu_user_regs, rax);
	OFFSET(R_rcx, struct cpu_user_regs, rcx);
	OFFSET(R_rdx, struct cpu_user_regs, rdx);
	OFFSET(R_rsi, struct cpu_user_regs, rsi);
	OFFSET(R_rdi, struct cpu_user_regs, rdi);
	OFFSET(R_error_code, struct cpu_user_regs, error_code);
	OFFSET(R_entry_vector, struct cpu_user_regs, entry_vector);
	OFFSET(R_rip, struct cpu_user_regs, rip);
	OFFSET(R_cs, struct cpu_user_regs, cs);
	OFFSET(R_rflags, struct cpu_user_regs, rflags);
	OFFSET(R_rsp, struct cpu_user_regs, rsp);
	OFFSET(R_ss, struct cpu_user_regs, ss);
	OFFSET(R_es, struct cpu_user_regs, es);
	DEFINE(R_size, sizeof(struct cpu_user_regs));

	OFFSET(CI_regs, struct cpu_info, regs);
	OFFSET(CI_vcpu, struct cpu_info, vcpu);
	OFFSET(CI_cpu, struct cpu_info, cpu);
	OFFSET(CI_rsp, struct cpu_info, rsp);
	OFFSET(CI_rax, struct cpu_info, rax);
	OFFSET(CI_rdx, struct cpu_info, rdx);
	OFFSET(CI_hypercalls, struct cpu_info, perfc.hypercalls);
	OFFSET(CI_page_faults, struct cpu_info, perfc.exceptions[VEC_PF]);
	OFFSET(CI_irets, struct cpu_info, perfc.hypercalls[__HYPERVISOR_iret]);
	DEFINE(CPU_INFO_SIZE, sizeof(struct cpu_info));
	OFFSET(CPU_work, struct cpu, work);

	OFFSET(V_kernel_mode, struct vcpu, kernel_mode);
	OFFSET(V_kernel_cr3, struct vcpu, kernel_cr3);
	OFFSET(V_user_cr3, struct vcpu, user_cr3);
	OFFSET(V_syscall_cb, struct vcpu, syscall_cb);
	OFFSET(V_short_sp, struct vcpu, short_sp);
	OFFSET(V_short_page_fault, struct vcpu, short_page_fault);
	OFFSET(V_info, struct vcpu, info);
	OFFSET(V_cr2, struct vcpu, cr2);
	OFFSET(V_restart, struct vcpu, restart);
	OFFSET(V_nmi_pending, struct vcpu, nmi_pending);
	_Static_assert(offsetof(struct vcpu, restart) == offsetof(struct vcpu, nmi_masked) + 1 &&
		       offsetof(struct vcpu, nmi_pending) == offsetof(struct vcpu, nmi_masked) + 2 &&
		       offsetof(struct vcpu, inject.pending) == offsetof(struct vcpu, nmi_masked) + 3,
		       "entry.S looks at them at once");
	OFFSET(V_nmi_masked, struct vcpu, nmi_masked);
	OFFSET(V_domain, struct vcpu, domain);
	OFFSET(VI_pending, struct vcpu_info, evtchn_upcall_pending);
	OFFSET(VI_mask, struct vcpu_info, evtchn_upcall_mask);
	OFFSET(VI_cr2, struct vcpu_info, arch.cr2);
	DEFINE(HYPERCALL_SYSCTL, __HYPERVISOR_sysctl);
	DEFINE(HYPERCALL_IRET, __HYPERVISOR_iret);
	DEFINE(PF_USER, PF_USER);
}
