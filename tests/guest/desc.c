/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptor tables and segments.
 *
 * Rule: a frame used as GDT or LDT can't be written by the guest; a descriptor
 * never gives more than ring 3 (code and data get DPL 3, system descriptors are
 * refused or made harmless); the last pages of the GDT are the hypervisor's own.
 * LDT pages are checked when they are first used; a bad one is the guest's fault.
 */
#include "guest.h"

#define DATA3		0x00cff3000000ffffUL	/* flat 32-bit data, DPL 3, accessed */
#define DATA3_LOW	0x0000f3123456ffffUL	/* base 0x123456, byte limit 0xffff */
#define DATA0		0x00cf93000000ffffUL	/* the same, DPL 0 */
#define CODE0		0x00af9b000000ffffUL	/* 64-bit code, DPL 0 */
#define CODE0_CONF	0x00af9f000000ffffUL	/* conforming */
#define GATE(off)	(0x0000ec00e0080000UL | ((off) & 0xffff) | ((off) & 0xffff0000UL) << 32)
#define LDT_SYS		0x000082000000ffffUL
#define TSS_SYS		0x000089000000ffffUL
#define TSS_BUSY	0x00008b000000ffffUL
#define INT_GATE	0x0000ee00e0080000UL

static uint64_t *gdt;

static long load_gdt(void *page, unsigned int entries)
{
	unsigned long frame[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		frame[i] = mfn_of(page);
	return HC2(set_gdt, frame, entries);
}

static unsigned int load_ds(unsigned int sel)
{
	unsigned int v = TRY("mov %0, %%ds", :: "r" (sel) : "memory");

	asm volatile("mov %0, %%ds" :: "r" (0));
	return v;
}

/* Access rights as the CPU sees them, 0 if the selector is not visible. */
static unsigned int rights(unsigned int sel)
{
	unsigned int r = 0;

	asm volatile("lar %1, %0; jz 1f; xor %0, %0; 1:" : "=&r" (r) : "r" (sel) : "cc");
	return r;
}

static void test_gdt(void)
{
	void *table = va_of_mfn(boot_l4());

	section("set_gdt");
	gdt[1] = DATA3;
	gdt[2] = DATA0;
	gdt[3] = CODE0;
	CHECK(load_gdt(gdt, 8) < 0);			/* still writable here */
	REQUIRE(set_ro(gdt) == 0);
	CHECK(load_gdt(table, 8) < 0);			/* a page table */
	CHECK_EQ(load_gdt(gdt, 7169), -XEN_EINVAL);
	CHECK_EQ(load_gdt(gdt, 0x7fffffff), -XEN_EINVAL);
	CHECK_EQ(HC2(set_gdt, HV_START, 8), -XEN_EFAULT);
	CHECK_EQ(load_gdt(gdt, 8), 0);
	CHECK_EQ(load_ds(8 | 3), NO_TRAP);
	CHECK_EQ(load_ds(16 | 3), NO_TRAP);		/* DPL raised to 3 */
	CHECK_EQ(rights(16 | 3) >> 13 & 3, 3);
	CHECK_EQ(rights(24 | 3) >> 13 & 3, 3);
	CHECK_EQ(load_ds(40 | 3), 13);			/* empty */
	CHECK_EQ(seen.regs.error, 40);
	CHECK_EQ(load_ds(FLAT_KERNEL_SS), NO_TRAP);	/* the reserved part is still there */
	CHECK(set_rw(gdt) < 0);
	CHECK_EQ(TRY("movq $0, 8(%0)", :: "r" (gdt) : "memory"), 14);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(gdt)) < 0);
}

static long update(unsigned int index, uint64_t desc)
{
	return HC2(update_descriptor, (mfn_of(gdt) << 12) + index * 8, desc);
}

static void test_update_descriptor(void)
{
	static const uint64_t system[] = { LDT_SYS, TSS_SYS, TSS_BUSY, INT_GATE };
	unsigned int i;

	section("update_descriptor");
	CHECK_EQ(update(4, DATA3_LOW), 0);
	CHECK_EQ(gdt[4] & ~(1UL << 40), DATA3_LOW & ~(1UL << 40));
	CHECK_EQ(load_ds(32 | 3), NO_TRAP);
	CHECK_EQ(update(4, 0), 0);
	CHECK_EQ(load_ds(32 | 3), 13);
	CHECK_EQ(update(5, DATA0), 0);
	CHECK_EQ(gdt[5] >> 45 & 3, 3);
	CHECK_EQ(update(5, CODE0), 0);
	CHECK_EQ(gdt[5] >> 45 & 3, 3);
	if (update(5, CODE0_CONF) == 0)
		CHECK_EQ(gdt[5] >> 45 & 3, 3);
	CHECK_EQ(update(5, 0), 0);

	section("attack: system descriptors");
	for (i = 0; i < ARRAY_SIZE(system); i++) {
		CHECK(update(6, system[i]) < 0);
		CHECK_EQ(gdt[6], 0);
	}
	CHECK(HC2(update_descriptor, 0x7ffffffffUL << 12, DATA3) < 0);
	CHECK(HC2(update_descriptor, boot_l4() << 12, DATA3) < 0);
	CHECK(HC2(update_descriptor, (mfn_of(gdt) << 12) + 4, DATA3) < 0);
}

/* A call gate to ring 0 must never work, whether it is refused or disarmed. */
static void test_call_gate(void)
{
	struct { uint32_t off; uint16_t sel; } __attribute__((packed)) far = { 0, 48 | 3 };

	section("attack: call gate");
	update(6, GATE((unsigned long)user_code));
	CHECK(rights(48 | 3) == 0 || !(gdt[6] >> 47 & 1) || (gdt[6] >> 45 & 3) < 3);
	CHECK_EQ(TRY("lcall *%0", :: "m" (far) : "memory"), 13);
	CHECK_EQ(update(6, 0), 0);
	/* the hypervisor's own selectors */
	far.sel = 0xe008;
	CHECK_EQ(TRY("lcall *%0", :: "m" (far) : "memory"), 13);
	far.sel = 0xe00b;
	CHECK_EQ(TRY("lcall *%0", :: "m" (far) : "memory"), 13);
}

static long set_ldt(const void *where, unsigned int entries)
{
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT };

	op.arg1.linear_addr = (unsigned long)where;
	op.arg2.nr_ents = entries;
	return HC4(mmuext_op, &op, 1, 0, DOMID_SELF);
}

static void test_ldt(void)
{
	uint64_t *ldt = pages_alloc(2);

	section("LDT");
	ldt[0] = DATA3;
	ldt[1] = DATA0;
	ldt[511] = DATA3;
	CHECK(set_ldt((char *)ldt + 8, 4) < 0);
	CHECK(set_ldt(ldt, 8193) < 0);
	CHECK_EQ(set_ldt(ldt, 1024), 0);
	/* the page is writable: its use is a fault of ours */
	CHECK(load_ds(4 | 3) == 13 || seen.vector == 14);
	REQUIRE(set_ro(ldt) == 0);
	CHECK_EQ(load_ds(4 | 3), NO_TRAP);
	CHECK_EQ(load_ds(511 * 8 | 4 | 3), NO_TRAP);
	CHECK_EQ(rights(8 | 4 | 3) >> 13 & 3, 3);
	CHECK(set_rw(ldt) < 0);				/* in use now */
	CHECK_EQ(TRY("movq $0, (%0)", :: "r" (ldt) : "memory"), 14);
	REQUIRE(map_va((char *)ldt + PAGE_SIZE, 0) == 0);
	CHECK(load_ds(600 * 8 | 4 | 3) == 13 || seen.vector == 14);	/* page is gone */
	CHECK_EQ(set_ldt(0, 0), 0);
	CHECK_EQ(load_ds(4 | 3), 13);
	CHECK_EQ(set_rw(ldt), 0);
	/* an LDT that lies in the hypervisor or nowhere: refused, or a fault when used */
	if (set_ldt((void *)HV_START, 512) == 0)
		CHECK(load_ds(4 | 3) == 13 || seen.vector == 14);
	if (set_ldt((void *)0x12345000, 512) == 0)
		CHECK(load_ds(4 | 3) == 13 || seen.vector == 14);
	CHECK_EQ(set_ldt(0, 0), 0);
}

static void test_segment_base(void)
{
	static uint64_t value = 0x5152535455565758;
	uint64_t got = 0;

	section("set_segment_base");
	CHECK_EQ(HC2(set_segment_base, SEGBASE_FS, &value), 0);
	asm volatile("mov %%fs:0, %0" : "=r" (got));
	CHECK_EQ(got, value);
	CHECK_EQ(HC2(set_segment_base, SEGBASE_GS_KERNEL, &value), 0);
	asm volatile("mov %%gs:0, %0" : "=r" (got));
	CHECK_EQ(got, value);
	CHECK_EQ(HC2(set_segment_base, SEGBASE_GS_USER, 0x1234), 0);
	asm volatile("mov %%gs:0, %0" : "=r" (got));
	CHECK_EQ(got, value);
	CHECK_EQ(HC2(set_segment_base, SEGBASE_FS, 1UL << 63), -XEN_EINVAL);
	CHECK_EQ(HC2(set_segment_base, SEGBASE_GS_KERNEL, 1UL << 47), -XEN_EINVAL);
	CHECK_EQ(HC2(set_segment_base, SEGBASE_GS_USER_SEL, 0), 0);
	CHECK_EQ(HC2(set_segment_base, SEGBASE_GS_USER_SEL, 0x7773), 0);	/* null instead */
	CHECK_EQ(HC2(set_segment_base, 77, 0), -XEN_EINVAL);
}

asm(".pushsection .user, \"ax\"\n"
    "u_gs:	mov %gs:0, %rax; mov %fs:0, %rbx; syscall\n"
    ".popsection");
extern char u_gs[];

/* The two GS bases swap with the mode, as swapgs does on the bare machine. */
static void test_user_gs(void)
{
	static uint64_t kernel_value = 0x1111;
	uint64_t got;
	struct regs r;

	section("GS of user and kernel");
	user_init();
	REQUIRE(HC2(set_segment_base, SEGBASE_GS_KERNEL, &kernel_value) == 0);
	REQUIRE(HC2(set_segment_base, SEGBASE_GS_USER, USER_ADDR(u_gs)) == 0);
	REQUIRE(HC2(set_segment_base, SEGBASE_FS, USER_ADDR(u_gs)) == 0);
	r = user_start(USER_ADDR(u_gs));
	user_run(&r);
	CHECK_EQ(user_regs.vector, VEC_SYSCALL);
	CHECK_EQ(user_regs.rax, *(uint64_t *)u_gs);
	CHECK_EQ(user_regs.rbx, *(uint64_t *)u_gs);
	asm volatile("mov %%gs:0, %0" : "=r" (got));
	CHECK_EQ(got, kernel_value);
}

void test_main(void)
{
	gdt = page_alloc();
	test_gdt();
	test_update_descriptor();
	test_call_gate();
	test_ldt();
	test_segment_base();
	test_user_gs();
}
