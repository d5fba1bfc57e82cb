/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions, virtual user mode, iret, callbacks.
 *
 * Rules (arch-x86/xen.h, xen-x86_64.h):
 *  - An exception enters the registered handler with cs 0xe033 and ss 0xe02b on
 *    a frame, 16-byte aligned, of rcx, r11, [error code], rip, cs, rflags, rsp, ss.
 *    The RPL of the pushed cs is the virtual privilege: 0 kernel, 3 user; the
 *    byte above it is the event mask before the trap, and rflags.IF its inverse.
 *  - A page fault's address is in vcpu_info.arch.cr2; bit 2 of its error code
 *    says user only for virtual user mode, though all guests run in ring 3.
 *  - `int n` is allowed by the DPL in the trap table, else it is a #GP whose
 *    error code names the vector as an IDT entry.  A trap may mask events.
 *  - The iret hypercall takes rax, r11, rcx, flags, rip, cs, rflags, rsp, ss from
 *    the stack; cs RPL 3 means virtual user mode; rflags.IF is the new unmasked
 *    state; IOPL and VM can't be gained.
 *  - `syscall` in user mode enters the syscall callback on the kernel stack.
 *  - Faulty selectors on the way to the guest give the failsafe callback.
 */
#include "guest.h"

static void check_kernel_frame(unsigned int vector, unsigned long error)
{
	CHECK_EQ(seen.vector, vector);
	CHECK_EQ(seen.regs.error, error);
	CHECK_EQ(seen.regs.cs & 3, 0);
	CHECK_EQ(seen.regs.cs | 3, FLAT_KERNEL_CS);
	CHECK_EQ(seen.regs.ss | 3, FLAT_KERNEL_SS);
	CHECK_EQ(seen.frame_end & 15, 0);
}

static void test_kernel_exceptions(void)
{
	unsigned short none = 0;
	unsigned long rsp;

	section("exceptions of kernel mode");
	asm volatile("mov %%rsp, %0" : "=r" (rsp));

	TRY("ud2", ::: "memory");
	check_kernel_frame(6, 0);
	CHECK(seen.regs.rsp <= rsp + 4096 && seen.regs.rsp > rsp - 4096);
	CHECK_EQ(seen.regs.saved_mask, 1);
	CHECK_EQ(seen.regs.rflags & 0x200, 0);
	CHECK_EQ(seen.mask_on_entry, 1);

	TRY("xor %%edx, %%edx; div %%edx", ::: "rax", "rdx", "memory");
	check_kernel_frame(0, 0);
	TRY("int3", ::: "memory");
	check_kernel_frame(3, 0);
	TRY(".byte 0xcd, 3", ::: "memory");
	check_kernel_frame(3, 0);
	TRY(".byte 0xcd, 4", ::: "memory");
	check_kernel_frame(4, 0);
	/* #NP and #SS don't occur with a flat GDT; a null ss is #GP */
	TRY("mov %0, %%ss", :: "r" (none) : "memory");
	check_kernel_frame(13, 0);
	TRY("mov %0, %%ds", :: "r" ((unsigned short)0x1234) : "memory");
	check_kernel_frame(13, 0x1234 & ~3);
	/* a non-canonical address */
	TRY("mov (%0), %%rax", :: "r" (1UL << 63) : "rax", "memory");
	check_kernel_frame(13, 0);
	/* x87: a pending unmasked error is #MF at the next fwait */
	TRY("fninit; push $0x340; fldcw (%%rsp); pop %%rax; fldz; fld1; fdivp; fwait",
	    ::: "rax", "memory");
	CHECK(seen.vector == NO_TRAP || seen.vector == 16);
	asm volatile("fninit");
}

static void test_registers_kept(void)
{
	unsigned long c = 0x1111, b = 0x2222, r11 = 0, r15 = 0, df;

	section("registers across a trap");
	seen.vector = NO_TRAP;
	asm volatile("mov $0x1234567890abcdef, %%r11; mov $0x777, %%r15; std\n"
		     "1:	ud2\n2:	pushfq; pop %4; cld\n"
		     "	mov %%r11, %2; mov %%r15, %3\n" EXTABLE
		     : "+c" (c), "+b" (b), "=a" (r11), "=d" (r15), "=S" (df)
		     :: "r11", "r15", "memory");
	CHECK_EQ(seen.vector, 6);
	CHECK_EQ(c, 0x1111);
	CHECK_EQ(b, 0x2222);
	CHECK_EQ(r11, 0x1234567890abcdef);
	CHECK_EQ(r15, 0x777);
	CHECK_EQ(seen.regs.rcx, 0x1111);
	CHECK_EQ(seen.regs.r11, 0x1234567890abcdef);
	CHECK_EQ(seen.regs.rflags & 0x400, 0x400);
	CHECK_EQ(df & 0x400, 0x400);
}

struct hypercall_regs {
	uint64_t rbx, rbp, rdi, rsi, rdx, r8, r9, r10, r12, r13, r14, r15, rax;
};
struct hypercall_regs hc_out;	/* named in the assembly below */

/* All registers but rax, rcx and r11 are the caller's after a hypercall. */
static void hypercall_keeps_registers(void)
{
	asm volatile("push %%rbx; push %%rbp\n"
		     "mov $17, %%eax; xor %%edi, %%edi; mov $2, %%esi; mov $3, %%edx\n"
		     "mov $4, %%r8d; mov $5, %%r9d; mov $6, %%r10d; mov $12, %%r12d\n"
		     "mov $13, %%r13d; mov $14, %%r14d; mov $15, %%r15d; mov $11, %%ebx\n"
		     "mov $16, %%ebp; syscall\n"
		     "mov %%rbx, hc_out+0(%%rip); mov %%rbp, hc_out+8(%%rip); mov %%rdi, hc_out+16(%%rip); mov %%rsi, hc_out+24(%%rip)\n"
		     "mov %%rdx, hc_out+32(%%rip); mov %%r8, hc_out+40(%%rip); mov %%r9, hc_out+48(%%rip); mov %%r10, hc_out+56(%%rip)\n"
		     "mov %%r12, hc_out+64(%%rip); mov %%r13, hc_out+72(%%rip); mov %%r14, hc_out+80(%%rip); mov %%r15, hc_out+88(%%rip)\n"
		     "mov %%rax, hc_out+96(%%rip); pop %%rbp; pop %%rbx\n"
		     ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			"r12", "r13", "r14", "r15", "memory");
	CHECK_EQ(hc_out.rax, 0x40011);
	CHECK_EQ(hc_out.rbx, 11);
	CHECK_EQ(hc_out.rbp, 16);
	CHECK_EQ(hc_out.rdi, 0);
	CHECK_EQ(hc_out.rsi, 2);
	CHECK_EQ(hc_out.rdx, 3);
	CHECK_EQ(hc_out.r8, 4);
	CHECK_EQ(hc_out.r9, 5);
	CHECK_EQ(hc_out.r10, 6);
	CHECK_EQ(hc_out.r12, 12);
	CHECK_EQ(hc_out.r13, 13);
	CHECK_EQ(hc_out.r14, 14);
	CHECK_EQ(hc_out.r15, 15);
}

static void test_hypercall_registers(void)
{
	section("registers across a hypercall");
	hypercall_keeps_registers();
}

/* The handler of a jump to a bad place: go back as `ret` would. */
static void return_from_call(struct regs *r)
{
	r->rip = *(uint64_t *)r->rsp;
	r->rsp += 8;
}

static void test_page_faults(void)
{
	char *ro = page_alloc(), *none = page_alloc(), *nx = page_alloc();

	section("page faults of kernel mode");
	REQUIRE(set_ro(ro) == 0);
	REQUIRE(map_va(none, 0) == 0);
	TRY("movb $1, 5(%0)", :: "r" (ro) : "memory");
	check_kernel_frame(14, 3);
	CHECK_EQ(seen.cr2, ro + 5);
	TRY("mov 0x123(%0), %%al", :: "r" (none) : "rax", "memory");
	check_kernel_frame(14, 0);
	CHECK_EQ(seen.cr2, none + 0x123);
	TRY("movb $1, 0xfff(%0)", :: "r" (none) : "memory");
	check_kernel_frame(14, 2);
	CHECK_EQ(seen.cr2, none + 0xfff);
	/* instruction fetch from a page without execute permission */
	REQUIRE(map_va(nx, MFN_PTE(mfn_of(nx), PTE_RO | PTE_NX)) == 0);
	trap_hooks[14] = return_from_call;
	asm volatile("call *%0" :: "r" (nx) : "memory");
	check_kernel_frame(14, 0x11);
	CHECK_EQ(seen.cr2, nx);
	trap_hooks[14] = NULL;
}

/* Reading and writing what is the hypervisor's own: a plain #PF or #GP each time. */
static void test_hypervisor_memory(void)
{
	static const unsigned long where[] = {
		HV_START + (1UL << 39), HV_START + (2UL << 39), HV_START + (5UL << 39),
		HV_START + (6UL << 39) + 0x100000, HV_START + (15UL << 39), HV_END - 8,
		0xffff82d040000000, 0xffff82d080000000, 0xffff830000000000, 0xffff830000100000,
	};
	unsigned int i, v;

	section("hypervisor memory");
	for (i = 0; i < ARRAY_SIZE(where); i++) {
		v = TRY("mov (%0), %%rax", :: "r" (where[i]) : "rax", "memory");
		CHECK(v == 14);
		CHECK_EQ(seen.cr2, where[i]);
		CHECK_EQ(seen.regs.error & 4, 0);
		v = TRY("movq $0, (%0)", :: "r" (where[i]) : "memory");
		CHECK(v == 14);
	}
}

static volatile unsigned int steps;
static unsigned long first_step_rip;

static void count_step(struct regs *r)
{
	if (!steps++)
		first_step_rip = r->rip;
	if (steps == 5)
		r->rflags &= ~0x100UL;
}

static void test_single_step(void)
{
	unsigned long dr6;

	section("single step");
	trap_hooks[1] = count_step;
	steps = 0;
	asm volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop; nop; nop; nop; nop; nop"
		     ::: "memory", "cc");
	CHECK_EQ(steps, 5);
	CHECK_EQ(read_flags() & 0x100, 0);
	CHECK_EQ(seen.regs.vector, 1);
	dr6 = HC1(get_debugreg, 6);
	CHECK_EQ(dr6 & 0x4000, 0x4000);
	trap_hooks[1] = NULL;
}

/*
 * The error code of a forbidden `int n` is n * 8 + 2 on a CPU; QEMU before 8.1
 * says n * 16 + 2 in long mode, so that a hypervisor that goes by the error
 * code alone takes the vector for 2 * n there.
 */
static bool idt_error(unsigned long error, unsigned int vector)
{
	return error == vector * 8 + 2 || error == vector * 16 + 2;
}

static void test_int_dpl(void)
{
	section("int n and the trap table's DPL");
	/* the kernel counts as CPL 1, so DPL 1 is for it, 3 for all */
	set_trap(0x80, 3, TRAP_STUB(0x80));
	set_trap(0x81, 1, TRAP_STUB(0x81));
	set_trap(0x41, 4 | 1, TRAP_STUB(0x41));	/* masks events */
	set_trap(0x82, 4 | 1, TRAP_STUB(0x41));	/* see idt_error() */
	TRY("int $0x80", ::: "memory");
	CHECK_EQ(seen.vector, 0x80);
	CHECK_EQ(seen.regs.error, 0);
	vcpu->evtchn_upcall_mask = 0;
	TRY("int $0x41", ::: "memory");
	CHECK_EQ(seen.vector, 0x41);
	CHECK_EQ(seen.mask_on_entry, 1);
	CHECK_EQ(seen.regs.saved_mask, 0);
	CHECK_EQ(seen.regs.rflags & 0x200, 0x200);
	CHECK_EQ(vcpu->evtchn_upcall_mask, 0);		/* iret put it back */
	TRY("int $0x80", ::: "memory");
	CHECK_EQ(seen.mask_on_entry, 0);
	vcpu->evtchn_upcall_mask = 1;
	/* no handler: #GP with the vector in the error code (index * 8 + IDT) */
	TRY("int $0x90", ::: "memory");
	CHECK_EQ(seen.vector, 13);
	CHECK(idt_error(seen.regs.error, 0x90));
}

/* ---- user mode ---- */

asm(".pushsection .user, \"ax\"\n"
    "u_ud2:	ud2\n"
    "u_syscall:	mov $0x1357, %eax; mov $77, %edi; syscall\n"
    "u_after:	ud2\n"
    "u_int80:	int $0x80\n"
    "u_int81:	int $0x81\n"
    "u_int3:	int3\n"
    "u_read:	mov (%rdi), %rax; ud2\n"
    "u_write:	mov %rax, (%rdi); ud2\n"
    "u_exec:	jmp *%rdi\n"
    "u_hlt:	hlt\n"
    "u_cpuid:	.byte 0x0f,0x0b,0x78,0x65,0x6e; cpuid; ud2\n"
    "u_wrmsr:	mov $0xc0000101, %ecx; wrmsr; ud2\n"
    "u_cli:	cli; ud2\n"
    "u_inb:	mov $0x80, %dx; in %dx, %al; ud2\n"
    "u_movcr:	mov %cr0, %rax; ud2\n"
    "u_sysenter: sysenter\n"
    "u_lret:	mov %rdi, %rsp; lretl\n"
    ".popsection");
extern char u_ud2[], u_syscall[], u_after[], u_int80[], u_int81[], u_int3[], u_read[], u_write[],
	u_exec[], u_hlt[], u_cpuid[], u_wrmsr[], u_cli[], u_inb[], u_movcr[], u_sysenter[],
	u_lret[];

static unsigned int user(const char *code, unsigned long rdi)
{
	struct regs r = user_start(USER_ADDR(code));

	r.rdi = rdi;
	user_run(&r);
	return user_regs.vector;
}

static void test_user_exceptions(void)
{
	section("user mode");
	CHECK_EQ(user(u_ud2, 0), 6);
	CHECK_EQ(user_regs.cs, FLAT_USER_CS);
	CHECK_EQ(user_regs.ss, FLAT_USER_SS);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_ud2));
	CHECK_EQ(user_regs.rsp, USER_STACK);
	CHECK_EQ(user_regs.rflags & 0x200, 0x200);
	CHECK_EQ(seen.frame_end & 15, 0);
	CHECK_EQ(user(u_int3, 0), 3);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_int3) + 1);
	CHECK_EQ(user(u_int80, 0), 0x80);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_int80) + 2);
	CHECK_EQ(user(u_int81, 0), 13);
	CHECK(idt_error(user_regs.error, 0x81));
	CHECK_EQ(user_regs.rip, USER_ADDR(u_int81));
	CHECK_EQ(user(u_hlt, 0), 13);
	CHECK_EQ(user(u_wrmsr, 0), 13);
	CHECK_EQ(user(u_cli, 0), 13);
	CHECK_EQ(user(u_inb, 0), 13);
	CHECK_EQ(user(u_movcr, 0), 13);
	/* the forced prefix works in user mode too */
	CHECK_EQ(user(u_cpuid, 0), 6);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_cpuid) + 7);
}

static void test_user_faults(void)
{
	section("page faults of user mode");
	CHECK_EQ(user(u_read, 0x700008), 14);
	CHECK_EQ(user_regs.error, 4);
	CHECK_EQ(seen.cr2, 0x700008);
	CHECK_EQ(user(u_write, USER_CODE), 14);
	CHECK_EQ(user_regs.error, 7);
	CHECK_EQ(seen.cr2, USER_CODE);
	/* the kernel is not in the user table */
	CHECK_EQ(user(u_read, VIRT_BASE + 0x100000), 14);
	CHECK_EQ(user_regs.error & ~1UL, 4);
	CHECK_EQ(user(u_write, (unsigned long)vcpu), 14);
	CHECK_EQ(user(u_exec, 0x700000), 14);
	CHECK_EQ(user_regs.error & 4, 4);
	CHECK_EQ(user_regs.rip, 0x700000);
	CHECK_EQ(user(u_exec, 1UL << 62), 13);
	/* QEMU reads the stack as the kernel would */
	CHECK_EQ(user(u_lret, 0x700008), 14);
	CHECK_EQ(user_regs.error, 4);
	/* hypervisor memory */
	CHECK_EQ(user(u_read, HV_END - 16), 14);
	CHECK_EQ(user_regs.error & 4, 4);
	CHECK_EQ(user(u_write, HV_START), 14);
	CHECK_EQ(user_regs.error & 6, 6);
	CHECK_EQ(user(u_exec, 0xffff82d040000000), 14);
}

static void test_user_syscall(void)
{
	struct regs r;

	section("syscall of user mode");
	r = user_start(USER_ADDR(u_syscall));
	r.rbx = 0x42;
	r.r10 = 0x1010;
	user_run(&r);
	CHECK_EQ(user_regs.vector, VEC_SYSCALL);
	CHECK_EQ(user_regs.rax, 0x1357);
	CHECK_EQ(user_regs.rdi, 77);
	CHECK_EQ(user_regs.rbx, 0x42);
	CHECK_EQ(user_regs.r10, 0x1010);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_after));
	CHECK_EQ(user_regs.rcx, USER_ADDR(u_after));
	CHECK_EQ(user_regs.r11 & 0xfd5, user_regs.rflags & 0xfd5);
	CHECK_EQ(user_regs.cs & 3, 3);
	CHECK_EQ(user_regs.rsp, USER_STACK);
	CHECK_EQ(user_regs.rflags & 0x200, 0x200);
	CHECK_EQ(seen.frame_end & 15, 0);

	/* back by the syscall way: rcx and r11 are discarded */
	r = user_regs;
	r.error = VGCF_in_syscall;
	r.rax = 0xabc;
	r.r15 = 0x15;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 6);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_after));
	CHECK_EQ(user_regs.rax, 0xabc);
	CHECK_EQ(user_regs.r15, 0x15);
	CHECK_EQ(user_regs.rsp, USER_STACK);

	/* back by the iret way: all registers are restored */
	r = user_start(USER_ADDR(u_ud2));
	r.rcx = 0xc0c0;
	r.r11 = 0x1b1b;
	r.rflags = 0x202 | 0x8d5 | 0x400;
	user_run(&r);
	CHECK_EQ(user_regs.rcx, 0xc0c0);
	CHECK_EQ(user_regs.r11, 0x1b1b);
	CHECK_EQ(user_regs.rflags & 0xcd5, 0xcd5);

	/* a syscall with TF set steps once the kernel is back, never inside the kernel */
	r = user_start(USER_ADDR(u_syscall));
	r.rflags |= 0x100;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 1);
	CHECK_EQ(user_regs.rflags & 0x100, 0x100);
	CHECK_EQ(read_flags() & 0x100, 0);
}

static void test_syscall_mask(void)
{
	struct regs r;

	section("syscall of user mode: the callback's flag");
	/* registered with the flag, the callback starts with events masked */
	vcpu->evtchn_upcall_mask = 0;
	CHECK_EQ(user(u_syscall, 0), VEC_SYSCALL);
	CHECK_EQ(seen.mask_on_entry, 0);
	CHECK_EQ(set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, syscall_callback), 0);
	CHECK_EQ(user(u_syscall, 0), VEC_SYSCALL);
	CHECK_EQ(seen.mask_on_entry, 1);
	CHECK_EQ(user_regs.saved_mask, 0);
	/* in a program whose events are masked it is no other */
	r = user_start(USER_ADDR(u_syscall));
	r.rflags = 2;
	user_run(&r);
	CHECK_EQ(user_regs.vector, VEC_SYSCALL);
	CHECK_EQ(seen.mask_on_entry, 1);
	CHECK_EQ(user_regs.saved_mask, 1);
	CHECK_EQ(user_regs.rflags & 0x200, 0);
	CHECK_EQ(set_callback(CALLBACKTYPE_syscall, 0, syscall_callback), 0);
	vcpu->evtchn_upcall_mask = 1;
}

/* With handlers that mask events, as Linux registers them, and with others. */
static void as_linux_and_not(void (*test)(void))
{
	test();
	handlers_mask_events(true);
	test();
	CHECK_EQ(user(u_syscall, 0), VEC_SYSCALL);
	CHECK_EQ(seen.mask_on_entry, 1);
	CHECK_EQ(user_regs.saved_mask, 0);
	CHECK_EQ(user(u_read, 0x700010), 14);
	CHECK_EQ(seen.cr2, 0x700010);
	CHECK_EQ(seen.mask_on_entry, 1);
	CHECK_EQ(user_regs.saved_mask, 0);
	handlers_mask_events(false);
}

/* 32-bit user code: the same bytes as above in a compatibility-mode segment. */
static void test_compat_user(void)
{
	struct regs r;

	section("32-bit user mode");
	r = user_start(USER_ADDR(u_ud2));
	r.cs = FLAT_USER_CS32;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 6);
	CHECK_EQ(user_regs.cs, FLAT_USER_CS32);
	r = user_start(USER_ADDR(u_int80));
	r.cs = FLAT_USER_CS32;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 0x80);
	/* syscall without a callback for it is no instruction, and with one goes there */
	r = user_start(USER_ADDR(u_syscall));
	r.cs = FLAT_USER_CS32;
	user_run(&r);
	CHECK(user_regs.vector == 6 || user_regs.vector == 13);
	CHECK_EQ(set_callback(CALLBACKTYPE_syscall32, CALLBACKF_mask_events, syscall32_callback), 0);
	r = user_start(USER_ADDR(u_syscall));
	r.cs = FLAT_USER_CS32;
	r.rflags |= 0x400;	/* DF is the program's: it is there again after the system call */
	user_run(&r);
	CHECK_EQ(user_regs.vector, VEC_SYSCALL32);
	CHECK_EQ(user_regs.rflags & 0x400, 0x400);
	CHECK_EQ(user_regs.rax, 0x1357);
	CHECK_EQ(user_regs.rip, USER_ADDR(u_after));
	CHECK_EQ(user_regs.rsp, USER_STACK);
	/* sysenter may be refused: Linux then does without it */
	set_callback(CALLBACKTYPE_sysenter, CALLBACKF_mask_events, sysenter_callback);
	r = user_start(USER_ADDR(u_sysenter));
	r.cs = FLAT_USER_CS32;
	user_run(&r);
	CHECK(user_regs.vector == VEC_SYSENTER || user_regs.vector == 6 || user_regs.vector == 13);
}

static void leave_from_any_mode(struct regs *r)
{
	memcpy(&user_regs, r, sizeof(user_regs));
	context_leave();
}

/* Only RPL 3 is user mode; the code is mapped in both. */
static void test_iret_modes(void)
{
	section("iret: the mode that cs asks for");
	trap_hooks[6] = leave_from_any_mode;
	for (unsigned int rpl = 0; rpl < 4; rpl++) {
		struct regs r = user_start(USER_ADDR(u_ud2));

		r.cs = FLAT_USER_CS - 3 + rpl;
		user_run(&r);
		CHECK_EQ(user_regs.vector, 6);
		CHECK_EQ(user_regs.rip, USER_ADDR(u_ud2));
		CHECK_EQ(user_regs.cs & 3, rpl == 3 ? 3 : 0);
	}
	trap_hooks[6] = NULL;
}

/* iret can't hand out privileges. */
static void test_iret_privileges(void)
{
	struct regs r;

	section("iret: flags and selectors");
	r = user_start(USER_ADDR(u_ud2));
	r.rflags = 0x202 | 0x3000 | 0x20000 | 0x4000;	/* IOPL 3, VM, NT */
	user_run(&r);
	CHECK_EQ(user_regs.vector, 6);
	CHECK_EQ(user_regs.rflags & 0x23000, 0);
	r = user_start(USER_ADDR(u_cli));
	r.rflags |= 0x3000;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 13);

	/* rflags.IF of the frame is the event mask of the target */
	r = user_start(USER_ADDR(u_ud2));
	r.rflags = 0x2;
	vcpu->evtchn_upcall_mask = 0;
	user_run(&r);
	CHECK_EQ(seen.mask_on_entry, 1);
	CHECK_EQ(user_regs.saved_mask, 1);
	CHECK_EQ(user_regs.rflags & 0x200, 0);

	/*
	 * Bad selectors and a wild rip: the failsafe callback where iret itself
	 * faulted, or a #GP; never the hypervisor's end.  (Xen 4.17 gives #GP.)
	 */
	r = user_start(USER_ADDR(u_ud2));
	r.cs = 0xe00b;				/* the hypervisor's code segment */
	user_run(&r);
	CHECK(user_regs.vector == VEC_FAILSAFE || user_regs.vector == 13);
	r = user_start(USER_ADDR(u_ud2));
	r.ss = 0x777b;
	user_run(&r);
	CHECK(user_regs.vector == VEC_FAILSAFE || user_regs.vector == 13);
	r = user_start(1UL << 63);
	user_run(&r);
	CHECK(user_regs.vector == VEC_FAILSAFE || user_regs.vector == 13);
	r = user_start(1UL << 63);
	r.error = VGCF_in_syscall;
	user_run(&r);
	CHECK(user_regs.vector == VEC_FAILSAFE || user_regs.vector == 13);
	r = user_start(HV_START);
	r.error = VGCF_in_syscall;
	user_run(&r);
	CHECK_EQ(user_regs.vector, 14);
	CHECK_EQ(user_regs.error & 4, 4);
	vcpu->evtchn_upcall_mask = 1;
}

/* ---- event upcall ---- */

static volatile unsigned int upcalls;
static volatile uint8_t upcall_mask, upcall_saved_mask;
static struct regs upcall_regs;

static void on_event(struct regs *r)
{
	upcalls++;
	upcall_mask = vcpu->evtchn_upcall_mask;
	upcall_saved_mask = r->saved_mask;
	memcpy(&upcall_regs, r, sizeof(*r));
	vcpu->evtchn_upcall_pending = 0;
}

static void test_upcall(void)
{
	section("event upcall");
	trap_hooks[VEC_EVENT] = on_event;
	vcpu->evtchn_upcall_pending = 1;
	HC2(xen_version, 0, 0);
	CHECK_EQ(upcalls, 0);			/* masked: nothing comes */
	vcpu->evtchn_upcall_mask = 0;
	CHECK_EQ(upcalls, 0);			/* a store alone is not noticed */
	CHECK_EQ(HC2(xen_version, 0, 0), 0x40011);
	CHECK_EQ(upcalls, 1);			/* the call is */
	CHECK_EQ(upcall_mask, 1);
	CHECK_EQ(upcall_saved_mask, 0);
	CHECK_EQ(upcall_regs.cs & 3, 0);
	CHECK_EQ(upcall_regs.rax, 0x40011);	/* result is set before the upcall */
	CHECK_EQ(vcpu->evtchn_upcall_mask, 0);	/* iret unmasked again */
	vcpu->evtchn_upcall_pending = 1;
	hypercall_keeps_registers();
	CHECK_EQ(upcalls, 2);
	CHECK_EQ(upcall_regs.rbx, 11);		/* the handler finds them too */
	CHECK_EQ(upcall_regs.rbp, 16);
	CHECK_EQ(upcall_regs.r12, 12);
	CHECK_EQ(upcall_regs.r15, 15);

	/* iret to an unmasked state looks again */
	vcpu->evtchn_upcall_mask = 1;
	vcpu->evtchn_upcall_pending = 1;
	upcalls = 0;
	CHECK_EQ(user(u_ud2, 0), 6);
	CHECK_EQ(upcalls, 1);
	CHECK_EQ(upcall_regs.cs & 3, 3);	/* it interrupted user mode */
	CHECK_EQ(upcall_regs.rip, USER_ADDR(u_ud2));
	CHECK_EQ(upcall_regs.rsp, USER_STACK);
	vcpu->evtchn_upcall_mask = 1;
	trap_hooks[VEC_EVENT] = NULL;
}

static void on_failsafe(struct regs *r)
{
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs" :: "r" (0));
	(void)r;
}

/* A segment register whose descriptor vanished: the guest's failsafe, not our end. */
static void test_bad_registration(void)
{
	struct trap_info bad[2] = { { .vector = 6, .cs = 0xe008, .address = TRAP_STUB(6) } };
	struct callback_register reg = { .type = 77 };

	section("evil registrations");
	trap_hooks[VEC_FAILSAFE] = on_failsafe;
	/* a ring-0 selector is given RPL 3 or refused; the handler never runs in ring 0 */
	if (HC1(set_trap_table, bad) == 0)
		set_trap(6, 0, TRAP_STUB(6));
	CHECK_EQ(TRY("ud2", ::: "memory"), 6);
	CHECK_EQ(HC1(set_trap_table, HV_START), -XEN_EFAULT);
	CHECK_EQ(HC1(set_trap_table, 1UL << 63), -XEN_EFAULT);
	CHECK_EQ(HC1(set_trap_table, 0x12345000), -XEN_EFAULT);
	CHECK_EQ(HC2(callback_op, CALLBACKOP_register, &reg), -XEN_ENOSYS);
	reg.type = CALLBACKTYPE_event;
	reg.address = 1UL << 62;
	CHECK_EQ(HC2(callback_op, CALLBACKOP_register, &reg), -XEN_EINVAL);
	CHECK_EQ(HC2(callback_op, 99, &reg), -XEN_ENOSYS);
	CHECK_EQ(HC2(callback_op, CALLBACKOP_register, HV_END - 8), -XEN_EFAULT);
	CHECK_EQ(TRY("ud2", ::: "memory"), 6);
}

void test_main(void)
{
	user_init();
	test_kernel_exceptions();
	test_registers_kept();
	test_hypercall_registers();
	test_page_faults();
	test_hypervisor_memory();
	test_single_step();
	test_int_dpl();
	test_user_exceptions();
	as_linux_and_not(test_user_faults);
	as_linux_and_not(test_user_syscall);
	test_syscall_mask();
	test_compat_user();
	as_linux_and_not(test_iret_modes);
	test_iret_privileges();
	test_upcall();
	test_bad_registration();
}
