/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Privileged instructions of a kernel in ring 3: which are emulated, how far,
 * and that none reaches the machine.
 *
 * Rules: the forced prefix before cpuid gives the filtered leaves; MSRs are
 * those of the virtual CPU, unknown ones are #GP; of CR0 only TS may change, CR4
 * only by the bits a guest may own; I/O follows the virtual IOPL (set_iopl) and
 * then the I/O bitmap, and ports of the hypervisor's devices read as ones.
 */
#include "guest.h"

struct leaf {
	uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t leaf, uint32_t sub)
{
	struct leaf l;

	asm volatile(XEN_CPUID : "=a" (l.a), "=b" (l.b), "=c" (l.c), "=d" (l.d)
		     : "0" (leaf), "2" (sub));
	return l;
}

static unsigned int rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t lo = 0, hi = 0;
	unsigned int v = TRY("rdmsr", : "+a" (lo), "+d" (hi) : "c" (msr) : "memory");

	*value = lo | (uint64_t)hi << 32;
	return v;
}

static unsigned int wrmsr(uint32_t msr, uint64_t value)
{
	return TRY("wrmsr", :: "a" ((uint32_t)value), "d" ((uint32_t)(value >> 32)), "c" (msr)
		   : "memory");
}

static void test_cpuid(void)
{
	struct leaf l;

	section("cpuid");
	l = cpuid(0x40000000, 0);
	CHECK_EQ(l.b, 0x566e6558);		/* "XenVMMXenVMM" */
	CHECK_EQ(l.c, 0x65584d4d);
	CHECK_EQ(l.d, 0x4d4d566e);
	CHECK(l.a >= 0x40000002 && l.a < 0x40000100);
	CHECK_EQ(cpuid(0x40000001, 0).a, 0x40011);
	l = cpuid(0x40000002, 0);
	CHECK_EQ(l.a, 1);
	CHECK_EQ(l.b & 0xffff0000, 0x40000000);
	l = cpuid(1, 0);
	CHECK_EQ(l.c >> 31 & 1, 1);		/* hypervisor */
	CHECK_EQ(l.c >> 5 & 1, 0);		/* VMX */
	CHECK_EQ(l.c >> 3 & 1, 0);		/* MONITOR */
	CHECK_EQ(l.c >> 17 & 1, 0);		/* PCID */
	CHECK_EQ(l.d >> 3 & 1, 0);		/* PSE */
	CHECK_EQ(l.d >> 13 & 1, 0);		/* PGE */
	CHECK_EQ(l.d & 0x111, 0x111);		/* FPU, TSC, CX8 */
	CHECK_EQ(l.d >> 26 & 1, 1);		/* SSE2 */
	l = cpuid(7, 0);
	CHECK_EQ(l.b >> 7 & 1, 0);		/* SMEP */
	CHECK_EQ(l.b >> 20 & 1, 0);		/* SMAP */
	CHECK_EQ(l.b >> 10 & 1, 0);		/* INVPCID */
	CHECK_EQ(l.c >> 3 & 1, 0);		/* PKU */
	l = cpuid(0x80000001, 0);
	CHECK_EQ(l.c >> 2 & 1, 0);		/* SVM */
	CHECK_EQ(l.d >> 26 & 1, 0);		/* 1 GiB pages */
	CHECK_EQ(l.d >> 29 & 1, 1);		/* long mode */
	CHECK_EQ(l.d >> 11 & 1, 1);		/* syscall */
}

static void test_msrs(void)
{
	static const uint32_t unknown[] = { 0x12345678, 0x802, 0x830, 0x40000070, 0xc0010114, 0x480 };
	static uint64_t value = 0xfeed;
	uint64_t v, got;
	unsigned int i;

	section("MSRs");
	CHECK_EQ(wrmsr(0xc0000101, (unsigned long)&value), NO_TRAP);
	asm volatile("mov %%gs:0, %0" : "=r" (got));
	CHECK_EQ(got, value);
	CHECK_EQ(rdmsr(0xc0000101, &v), NO_TRAP);
	CHECK_EQ(v, &value);
	CHECK_EQ(wrmsr(0xc0000100, (unsigned long)&value), NO_TRAP);
	asm volatile("mov %%fs:0, %0" : "=r" (got));
	CHECK_EQ(got, value);
	CHECK_EQ(wrmsr(0xc0000102, 0x1000), NO_TRAP);
	CHECK_EQ(rdmsr(0xc0000102, &v), NO_TRAP);
	CHECK_EQ(v, 0x1000);
	CHECK_EQ(wrmsr(0xc0000101, 1UL << 63), 13);
	CHECK_EQ(wrmsr(0xc0000100, 1UL << 47), 13);
	CHECK_EQ(rdmsr(0xc0000080, &v), NO_TRAP);	/* EFER */
	CHECK_EQ(v & 0x500, 0x500);
	CHECK_EQ(v & 0x1000, 0);
	CHECK_EQ(wrmsr(0xc0000080, 0), 13);
	CHECK_EQ(rdmsr(0x1b, &v), NO_TRAP);		/* APIC base */
	CHECK_EQ(rdmsr(0x277, &v), NO_TRAP);		/* PAT */
	CHECK_EQ(v, 0x050100070406);
	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		CHECK_EQ(rdmsr(unknown[i], &v), 13);
		CHECK_EQ(wrmsr(unknown[i], 0), 13);
	}
	/* the machine's own entry points are out of reach */
	wrmsr(0xc0000082, (unsigned long)user_code);
	wrmsr(0x176, (unsigned long)user_code);
	CHECK_EQ(HC2(xen_version, 0, 0), 0x40011);
}

static void test_control_registers(void)
{
	unsigned long cr0, cr2 = 0x1000, cr3, cr4, after;

	section("control registers");
	CHECK_EQ(TRY("mov %%cr0, %0", : "=r" (cr0) : : "memory"), NO_TRAP);
	CHECK_EQ(cr0 & 0x80010001, 0x80010001);		/* PG, WP, PE */
	CHECK_EQ(TRY("mov %0, %%cr0", :: "r" (cr0 | 8) : "memory"), NO_TRAP);
	TRY("mov %%cr0, %0", : "=r" (after) : : "memory");
	CHECK_EQ(after & 8, 8);
	CHECK_EQ(TRY("clts", ::: "memory"), NO_TRAP);
	TRY("mov %%cr0, %0", : "=r" (after) : : "memory");
	CHECK_EQ(after & 8, 0);
	TRY("mov %0, %%cr0", :: "r" (cr0 & ~0x10000UL) : "memory");
	TRY("mov %0, %%cr0", :: "r" (cr0 & ~0x80000000UL) : "memory");
	TRY("mov %%cr0, %0", : "=r" (after) : : "memory");
	CHECK_EQ(after & 0x80010001, 0x80010001);

	CHECK_EQ(TRY("mov %0, %%cr2", :: "r" (cr2) : "memory"), NO_TRAP);
	CHECK_EQ(TRY("mov %%cr2, %0", : "=r" (after) : : "memory"), NO_TRAP);
	CHECK_EQ(after, cr2);
	CHECK_EQ(TRY("mov %%cr3, %0", : "=r" (cr3) : : "memory"), NO_TRAP);
	CHECK_EQ(cr3, boot_l4() << 12);
	CHECK_EQ(TRY("mov %0, %%cr3", :: "r" (cr3) : "memory"), NO_TRAP);
	CHECK_EQ(TRY("mov %0, %%cr3", :: "r" (mfn_of(user_code) << 12) : "memory"), 13);
	CHECK_EQ(TRY("mov %0, %%cr3", :: "r" (0UL) : "memory"), 13);
	CHECK_EQ(TRY("mov %%cr4, %0", : "=r" (cr4) : : "memory"), NO_TRAP);
	CHECK_EQ(cr4 & 0x20, 0x20);			/* PAE */
	TRY("mov %0, %%cr4", :: "r" (cr4 & ~0x20UL) : "memory");
	TRY("mov %0, %%cr4", :: "r" (cr4 | 0x2000) : "memory");		/* VMXE */
	TRY("mov %0, %%cr4", :: "r" (cr4 ^ 0x100000) : "memory");	/* SMEP */
	TRY("mov %%cr4, %0", : "=r" (after) : : "memory");
	CHECK_EQ(after & 0x102020, cr4 & 0x102020);
	CHECK(TRY("mov %%cr8, %%rax", ::: "rax", "memory") != NO_TRAP);
}

static void test_plain_faults(void)
{
	char table[10] = { 0 };

	section("instructions that stay forbidden");
	CHECK_EQ(TRY("hlt", ::: "memory"), 13);
	CHECK_EQ(TRY("lgdt %0", :: "m" (table) : "memory"), 13);
	CHECK_EQ(TRY("lidt %0", :: "m" (table) : "memory"), 13);
	CHECK_EQ(TRY("lldt %w0", :: "r" (0) : "memory"), 13);
	CHECK_EQ(TRY("ltr %w0", :: "r" (0) : "memory"), 13);
	CHECK_EQ(TRY("invlpg %0", :: "m" (table) : "memory"), 13);
	CHECK_EQ(TRY("invd", ::: "memory"), 13);
	CHECK_EQ(TRY("lmsw %w0", :: "r" (1) : "memory"), 13);
	CHECK(TRY("swapgs", ::: "memory") == 13 || seen.vector == 6);
	CHECK(TRY("sysretq", ::: "memory") == 13 || seen.vector == 6);
	CHECK(TRY("xsetbv", :: "a" (0), "d" (0), "c" (0) : "memory") != NO_TRAP);
	TRY("wbinvd", ::: "memory");
	CHECK(seen.vector == NO_TRAP || seen.vector == 13);
	/* ud2 with the start of the prefix only */
	CHECK_EQ(TRY(".byte 0x0f, 0x0b, 0x78, 0x65; nop", ::: "memory"), 6);
}

static unsigned int in8(uint16_t port, uint8_t *value)
{
	return TRY("inb %w1, %b0", : "+a" (*value) : "d" (port) : "memory");
}

static unsigned int out8(uint16_t port, uint8_t value)
{
	return TRY("outb %b0, %w1", :: "a" (value), "d" (port) : "memory");
}

static long set_iopl(unsigned int iopl)
{
	struct physdev_set_iopl arg = { .iopl = iopl };

	return HC2(physdev_op, PHYSDEVOP_set_iopl, &arg);
}

asm(".pushsection .user, \"ax\"\n"
    "u_in:	mov %rdi, %rdx; in %dx, %al; ud2\n"
    ".popsection");
extern char u_in[];

static unsigned int user_in(unsigned int port)
{
	struct regs r = user_start(USER_ADDR(u_in));

	r.rdi = port;
	user_run(&r);
	return user_regs.vector;
}

static void test_io(void)
{
	static uint8_t bitmap[8192];
	struct physdev_set_iobitmap map = { .nr_ports = 65536 };
	uint8_t v = 0, buffer[2] = { 0, 0 };
	void *di = buffer;

	section("I/O ports");
	CHECK_EQ(in8(0x71, &v), 13);
	CHECK_EQ(TRY("cli", ::: "memory"), 13);
	CHECK_EQ(set_iopl(4), -XEN_EINVAL);
	CHECK_EQ(set_iopl(1), 0);
	CHECK_EQ(out8(0x70, 0x0a), NO_TRAP);
	CHECK_EQ(in8(0x71, &v), NO_TRAP);
	CHECK(v != 0xff);				/* the clock's register A */
	CHECK_EQ(TRY("insb", : "+D" (di) : "d" (0x71) : "memory"), NO_TRAP);
	CHECK_EQ(buffer[0] & 0x7f, v & 0x7f);
	di = (void *)HV_START;
	CHECK(TRY("insb", : "+D" (di) : "d" (0x71) : "memory") == 14 || seen.vector == 13);
	CHECK_EQ(user_in(0x71), 13);			/* user mode needs IOPL 3 */
	/* interrupt controllers and timer belong to the hypervisor */
	v = 0;
	CHECK_EQ(in8(0x21, &v), NO_TRAP);
	CHECK_EQ(v, 0xff);
	CHECK_EQ(out8(0x21, 0), NO_TRAP);
	v = 0;
	CHECK_EQ(in8(0xa1, &v), NO_TRAP);
	CHECK_EQ(v, 0xff);
	v = 0;
	CHECK_EQ(in8(0x3f8 + 5, &v), NO_TRAP);		/* com1 is its console */
	CHECK_EQ(v, 0xff);
	/* cli and sti do nothing then, least of all to the event mask */
	vcpu->evtchn_upcall_mask = 1;
	CHECK_EQ(TRY("sti", ::: "memory"), NO_TRAP);
	CHECK_EQ(vcpu->evtchn_upcall_mask, 1);
	CHECK_EQ(TRY("cli", ::: "memory"), NO_TRAP);
	CHECK_EQ(read_flags() & 0x200, 0x200);
	CHECK_EQ(set_iopl(3), 0);
	CHECK_EQ(user_in(0x71), 6);
	CHECK_EQ(set_iopl(0), 0);
	CHECK_EQ(user_in(0x71), 13);

	section("I/O bitmap");
	memset(bitmap, 0xff, sizeof(bitmap));
	bitmap[0x71 / 8] &= ~(1 << (0x71 & 7));
	set_xen_guest_handle(map.bitmap, bitmap);
	CHECK_EQ(HC2(physdev_op, PHYSDEVOP_set_iobitmap, &map), 0);
	CHECK_EQ(user_in(0x71), 6);
	CHECK_EQ(user_in(0x70), 13);
	map.nr_ports = 65537;
	CHECK_EQ(HC2(physdev_op, PHYSDEVOP_set_iobitmap, &map), -XEN_EINVAL);
	map.nr_ports = 0x60;
	CHECK_EQ(HC2(physdev_op, PHYSDEVOP_set_iobitmap, &map), 0);
	CHECK_EQ(user_in(0x71), 13);
}

static void test_debug_registers(void)
{
	static uint64_t watched;
	unsigned long dr;

	section("debug registers");
	CHECK_EQ(HC2(set_debugreg, 0, HV_START), -XEN_EPERM);
	CHECK_EQ(HC2(set_debugreg, 1, HV_END - 8), -XEN_EPERM);
	CHECK(HC2(set_debugreg, 9, 0) < 0);
	CHECK(HC1(get_debugreg, 9) < 0);
	CHECK_EQ(HC2(set_debugreg, 0, &watched), 0);
	CHECK_EQ(HC1(get_debugreg, 0), &watched);
	CHECK_EQ(HC2(set_debugreg, 7, 0xd0303), 0);	/* writes of 4 bytes */
	CHECK_EQ(TRY("movl $1, %0", : "=m" (watched) : : "memory"), 1);
	CHECK_EQ(HC1(get_debugreg, 6) & 1, 1);
	CHECK_EQ(HC2(set_debugreg, 7, 0), 0);
	CHECK_EQ(HC2(set_debugreg, 6, 0xffff0ff0), 0);
	CHECK_EQ(TRY("movl $1, %0", : "=m" (watched) : : "memory"), NO_TRAP);
	CHECK_EQ(TRY("mov %%dr0, %0", : "=r" (dr) : : "memory"), NO_TRAP);
	CHECK_EQ(dr, &watched);
	CHECK(HC2(set_debugreg, 7, 1 << 13) < 0 || !(HC1(get_debugreg, 7) & 1 << 13));	/* GD */
	/* a hypervisor breakpoint through the emulated instruction */
	CHECK_EQ(TRY("mov %0, %%dr0", :: "r" (HV_START) : "memory"), 13);
}

static void test_fpu(void)
{
	section("FPU and TS");
	CHECK_EQ(TRY("fninit", ::: "memory"), NO_TRAP);
	CHECK_EQ(HC1(fpu_taskswitch, 1), 0);
	CHECK_EQ(TRY("fld1; fstp %%st", ::: "memory"), 7);
	CHECK_EQ(TRY("fld1; fstp %%st", ::: "memory"), NO_TRAP);	/* the trap cleared it */
	CHECK_EQ(HC1(fpu_taskswitch, 1), 0);
	CHECK_EQ(HC1(fpu_taskswitch, 0), 0);
	CHECK_EQ(TRY("fld1; fstp %%st", ::: "memory"), NO_TRAP);
	CHECK_EQ(TRY("pxor %%xmm1, %%xmm1", ::: "memory"), NO_TRAP);
}

/* rdtsc runs freely, and only forward. */
static void test_tsc(void)
{
	unsigned long a, b;

	section("rdtsc");
	a = rdtsc();
	HC2(xen_version, 0, 0);
	b = rdtsc();
	CHECK(b > a);
}

void test_main(void)
{
	user_init();
	test_cpuid();
	test_msrs();
	test_control_registers();
	test_plain_faults();
	test_io();
	test_debug_registers();
	test_fpu();
	test_tsc();
}
