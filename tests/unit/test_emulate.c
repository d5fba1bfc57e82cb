/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/cpu/insn.c */
/*
 * The decoder of privileged instructions: what it takes for what, how long it says the
 * instruction is, and that it never reads past the bytes it was given.
 */
#include "../../xen/cpu/insn.h"

struct expected {
	const char *code;
	unsigned n, bits;
	struct insn insn;	/* op 0: refused */
};
#define CODE(s) s, sizeof(s) - 1

static const struct expected table[] = {
	{ CODE("\xec"), 64, { OP_INB, 1, 1, 8 } },
	{ CODE("\xed"), 64, { OP_IN, 1, 4, 8 } },
	{ CODE("\x66\xed"), 64, { OP_IN, 2, 2, 8 } },
	{ CODE("\x66\x48\xed"), 64, { OP_IN, 3, 4, 8 } },
	{ CODE("\x66\xed"), 16, { OP_IN, 2, 4, 2 } },
	{ CODE("\xef"), 16, { OP_OUT, 1, 2, 2 } },
	{ CODE("\xef"), 32, { OP_OUT, 1, 4, 4 } },
	{ CODE("\xe4\x71"), 64, { OP_INB_IMM, 2, 1, 8, .imm = 0x71 } },
	{ CODE("\xe7\xff"), 64, { OP_OUT_IMM, 2, 4, 8, .imm = 0xff } },
	{ CODE("\xf3\x6c"), 64, { OP_INSB, 2, 1, 8, .rep = true } },
	{ CODE("\xf2\x6f"), 64, { OP_OUTS, 2, 4, 8, .rep = true } },
	{ CODE("\x67\x65\x66\xf3\x6f"), 64, { OP_OUTS, 5, 2, 4, SEG_GS, true } },
	{ CODE("\x67\x6e"), 32, { OP_OUTSB, 2, 1, 2 } },
	{ CODE("\x26\x64\x6e"), 64, { OP_OUTSB, 3, 1, 8, SEG_FS } },
	{ CODE("\xfa"), 64, { OP_CLI, 1, 4, 8 } },
	{ CODE("\xfb"), 64, { OP_STI, 1, 4, 8 } },
	{ CODE("\x0f\x06"), 64, { OP_CLTS, 2, 4, 8 } },
	{ CODE("\x0f\x09"), 64, { OP_WBINVD, 2, 4, 8 } },
	{ CODE("\x0f\x20\xc0"), 64, { OP_READ_CR, 3, 4, 8, .imm = 0xc0 } },
	{ CODE("\x0f\x22\xd8"), 64, { OP_WRITE_CR, 3, 4, 8, .imm = 0xd8, .reg = 3 } },
	{ CODE("\x41\x0f\x22\xe7"), 64, { OP_WRITE_CR, 4, 4, 8, .imm = 0xe7, .reg = 4, .rm = 15 } },
	{ CODE("\x44\x0f\x20\xc0"), 64, { OP_READ_CR, 4, 4, 8, .imm = 0xc0, .reg = 8 } },
	/* a prefix after REX makes REX void; in 32-bit code there is none */
	{ CODE("\x44\x66\x0f\x20\xc0"), 64, { OP_READ_CR, 5, 2, 8, .imm = 0xc0 } },
	{ CODE("\x44\x0f\x20\xc0"), 32, { 0 } },
	{ CODE("\x0f\x23\xfb"), 64, { OP_WRITE_DR, 3, 4, 8, .imm = 0xfb, .reg = 7, .rm = 3 } },
	{ CODE("\x0f\x30"), 64, { OP_WRMSR, 2, 4, 8 } },
	{ CODE("\x0f\x32"), 64, { OP_RDMSR, 2, 4, 8 } },
	{ CODE("\x0f\x31"), 64, { OP_RDTSC, 2, 4, 8 } },
	{ CODE("\x0f\xa2"), 64, { OP_CPUID, 2, 4, 8 } },
	{ CODE("\x0f\x01\xd1"), 64, { OP_XSETBV, 3, 4, 8 } },
	{ CODE("\x0f\x01\xf9"), 64, { OP_RDTSCP, 3, 4, 8 } },
	/* not ours */
	{ CODE("\xf4"), 64, { 0 } },			/* hlt */
	{ CODE("\x0f\x01\xf8"), 64, { 0 } },		/* swapgs */
	{ CODE("\x0f\x01\x10"), 64, { 0 } },		/* lgdt */
	{ CODE("\x0f\x01\x38"), 64, { 0 } },		/* invlpg */
	{ CODE("\x0f\x00\xd0"), 64, { 0 } },		/* lldt */
	{ CODE("\x0f\x08"), 64, { 0 } },		/* invd */
	{ CODE("\x0f\x07"), 64, { 0 } },		/* sysret */
	{ CODE("\x0f\x0f\x01"), 64, { 0 } },
	{ CODE("\x0f\x0f\x06"), 64, { 0 } },
	{ CODE("\xf0\xec"), 64, { 0 } },		/* lock */
	{ CODE("\x90"), 64, { 0 } },
	/* not complete */
	{ CODE(""), 64, { 0 } },
	{ CODE("\x66"), 64, { 0 } },
	{ CODE("\x0f"), 64, { 0 } },
	{ CODE("\x0f\x01"), 64, { 0 } },
	{ CODE("\x0f\x22"), 64, { 0 } },
	{ CODE("\xe4"), 64, { 0 } },
};

static void test_table(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		const struct expected *e = &table[i];
		u8 *code = malloc(e->n ? e->n : 1);	/* of that size: the sanitizer watches its end */
		struct insn insn = { 0 };
		bool ok;

		memcpy(code, e->code, e->n);
		ok = insn_decode(code, e->n, e->bits, &insn);
		if (ok != (e->insn.op != 0) || (ok && memcmp(&insn, &e->insn, sizeof(insn))))
			fail_msg("entry %u: %s op %x length %u op size %u address size %u", i,
				 ok ? "taken" : "refused", insn.op, insn.len, insn.op_bytes,
				 insn.addr_bytes);
		free(code);
	}
}

static void test_long(void **state)
{
	u8 code[17];
	struct insn insn;

	memset(code, 0x66, sizeof(code));
	assert_false(insn_decode(code, sizeof(code), 64, &insn));
	code[14] = 0xec;
	assert_true(insn_decode(code, 15, 64, &insn));
	assert_int_equal(insn.len, 15);
	code[14] = 0x66;
	code[15] = 0xec;
	assert_false(insn_decode(code, 16, 64, &insn));
}

/* Whatever the bytes are: a length within them, known sizes, register numbers below 16. */
static void test_random(void **state)
{
	static const u8 likely[] = { 0x0f, 0x01, 0x66, 0x67, 0xf3, 0x48, 0x44, 0x20, 0x22, 0xec, 0x6c };
	u64 seed = 0x1234567;

	for (unsigned i = 0; i < 200000; i++) {
		unsigned n = unit_random(&seed) % (INSN_MAX + 1);
		unsigned bits = 16u << unit_random(&seed) % 3;
		u8 *code = malloc(n ? n : 1);
		struct insn insn;

		for (unsigned k = 0; k < n; k++) {
			u64 r = unit_random(&seed);

			code[k] = r & 0x100 ? likely[(r >> 16) % sizeof(likely)] : r;
		}
		if (insn_decode(code, n, bits, &insn)) {
			assert_in_range(insn.len, 1, n);
			assert_true(insn.op_bytes == 1 || insn.op_bytes == 2 || insn.op_bytes == 4);
			assert_true(insn.addr_bytes == 2 || insn.addr_bytes == 4 || insn.addr_bytes == 8);
			assert_true(insn.reg < 16 && insn.rm < 16);
		}
		free(code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
