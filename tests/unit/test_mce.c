/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/cpu/mce_decode.c xen/cpu/mce_queue.c */
/* Machine checks: what a status asks for and says, and the queues of records. */
#include <xen/cpu.h>
#include <xen/mce.h>
#include <xen/spinlock.h>

struct cpu_features cpu_features;
void serve_flush(void) { }

#define BASE	(MCI_VALID | MCI_EN)
#define REC	MCG_CAP_RECOVERY
#define LOAD	0x134
#define FETCH	0x150

static void test_classes(void **state)
{
	static const struct { u64 status, cap; enum mce_class class; } cases[] = {
		{ 0, REC, MCE_NONE }, { ~MCI_VALID, REC, MCE_NONE },
		{ BASE, REC, MCE_CORRECTED }, { BASE | MCI_OVER, 0, MCE_CORRECTED },
		{ MCI_VALID, 0, MCE_CORRECTED },
		{ BASE | MCI_PCC, REC, MCE_FATAL },
		{ MCI_VALID | MCI_UC | MCI_PCC, REC, MCE_DEFERRED },
		{ BASE | MCI_UC | MCI_PCC, REC, MCE_FATAL },
		{ BASE | MCI_UC | MCI_PCC | MCI_S | MCI_AR | LOAD, REC, MCE_FATAL },
		{ BASE | MCI_UC, 0, MCE_FATAL }, { BASE | MCI_UC, REC, MCE_DEFERRED },
		{ BASE | MCI_UC | MCI_S, REC, MCE_OPTIONAL },
		{ BASE | MCI_UC | MCI_S | MCI_OVER, REC, MCE_OPTIONAL },
		{ BASE | MCI_UC | MCI_S, 0, MCE_FATAL }, { BASE | MCI_UC | MCI_AR | LOAD, REC, MCE_FATAL },
		{ BASE | MCI_UC | MCI_S | MCI_AR | LOAD, REC, MCE_REQUIRED },
		{ BASE | MCI_UC | MCI_S | MCI_AR | FETCH, REC, MCE_REQUIRED },
		{ BASE | MCI_UC | MCI_S | MCI_AR | LOAD, 0, MCE_FATAL },
		{ BASE | MCI_UC | MCI_S | MCI_AR | MCI_OVER | LOAD, REC, MCE_FATAL },
		{ BASE | MCI_UC | MCI_S | MCI_AR | 0x135, REC, MCE_FATAL },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(mce_classify(cases[i].status, cases[i].cap), cases[i].class);
}

/* AMD's bit 44; in Intel's status it belongs to a count. And the addresses since Zen. */
static void test_amd(void **state)
{
	char text[128];

	assert_int_equal(mce_classify(BASE | BIT(44), 0), MCE_CORRECTED);
	cpu_features.amd = true;
	cpu_features.family = 0x16;
	assert_int_equal(mce_classify(BASE | BIT(44), 0), MCE_DEFERRED);
	assert_int_equal(mce_classify(BASE | MCI_UC | BIT(44), 0), MCE_FATAL);
	mce_describe(text, sizeof(text), BASE | BIT(44) | 0x9f);
	assert_string_equal(text, "deferred error (memory read)");
	assert_true(mce_addresses_frame(BASE | MCI_ADDRV, 0, 0));
	cpu_features.family = 0x17;
	assert_false(mce_addresses_frame(BASE | MCI_ADDRV, 0, 0));
	assert_true(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x86, REC));
	cpu_features.amd = false;
}

static void test_addresses(void **state)
{
	assert_false(mce_addresses_frame(BASE | MCI_MISCV, 0x86, REC));
	assert_true(mce_addresses_frame(BASE | MCI_ADDRV, 0, REC));
	assert_true(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x86, REC));
	assert_true(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x8c, REC));
	assert_false(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x8d, REC));	/* 8 KB */
	assert_false(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x46, REC));	/* linear */
	assert_false(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x1c6, REC));
	assert_true(mce_addresses_frame(BASE | MCI_ADDRV | MCI_MISCV, 0x46, 0));
}

static void test_words(void **state)
{
	static const struct { u64 status; const char *text; } cases[] = {
		{ 0, "corrected error (no code)" },
		{ 1, "corrected error (unclassified)" },
		{ 6, "corrected error (SMM code outside its memory)" },
		{ 7, "corrected error (unknown code 0x7)" },
		{ 0xc, "corrected error (L0 cache)" }, { 0xf, "corrected error (cache)" },
		{ 0x1e, "corrected error (L2 TLB)" }, { 0x11, "corrected error (L1 instruction TLB)" },
		{ 0x9f, "corrected error (memory read)" },
		{ 0xa3, "corrected error (memory write, channel 3)" },
		{ 0xc0, "corrected error (memory scrubbing, channel 0)" },
		{ 0xf0, "corrected error (memory, channel 0)" },
		{ 0x135, "corrected error (L1 data cache, data read)" },
		{ 0x152, "corrected error (L2 instruction cache, instruction fetch)" },
		{ 0x117a, "corrected error (L2 cache, eviction)" },
		{ 0x1ff, "corrected error (cache)" },
		{ 0x291, "corrected error (memory used as cache read, channel 1)" },
		{ 0x400, "corrected error (internal timer)" }, { 0x401, "corrected error (internal)" },
		{ 0xe0b, "corrected error (I/O)" }, { 0x813, "corrected error (bus, read)" },
		{ 0xf0f, "corrected error (bus, time-out)" },
		{ 0x4000, "corrected error (unknown code 0x4000)" },
		{ MCI_UC | MCI_OVER | 0x134,
		  "uncorrected error (L0 data cache, data read), others before it" },
		{ MCI_UC | MCI_PCC | 3,
		  "uncorrected error (external, of another CPU or the board), the CPU's state is lost" },
	};
	char text[128], whole[128];

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		mce_describe(text, sizeof(text), cases[i].status | 0xabcd0000);
		assert_string_equal(text, cases[i].text);
	}
	for (u64 code = 0; code < 0x10000; code++) {	/* none is longer than there is room for */
		mce_describe(whole, sizeof(whole), code | MCI_UC | MCI_PCC | MCI_OVER);
		assert_true(strlen(whole) < sizeof(whole) - 1);
		mce_describe(text, 20, code);
		assert_true(strlen(text) == 19);
	}
}

static u64 add(bool urgent, u64 address)
{
	struct mce_record *r = mce_record_new(urgent, 3);
	struct mcinfo_bank *b;

	if (!r)
		return 0;
	b = mce_record_add(r, MC_TYPE_BANK, sizeof(*b));
	assert_non_null(b);
	b->mc_addr = address;
	mce_record_done(r);
	return r->id;
}

static u64 address_of(const struct mce_record *r)
{
	const struct mcinfo_bank *b = (const void *)r->info.mi_data;

	assert_int_equal(r->info.mi_nentries, 1);
	assert_int_equal(b->common.type, MC_TYPE_BANK);
	assert_int_equal(b->common.size, sizeof(*b));
	return b->mc_addr;
}

/* A record holds what fits in mi_data, and says so. */
static void test_room(void **state)
{
	struct mce_record *r = mce_record_new(false, 0), seen;
	struct mcinfo_common *c;
	unsigned n = 1;

	assert_non_null(mce_record_add(r, MC_TYPE_GLOBAL, sizeof(struct mcinfo_global)));
	while (mce_record_add(r, MC_TYPE_BANK, sizeof(struct mcinfo_bank)))
		n++;
	assert_int_equal(n, 1 + (sizeof(r->info.mi_data) - sizeof(struct mcinfo_global)) /
			    sizeof(struct mcinfo_bank));
	assert_false(mce_oldest(false, &seen));		/* not done yet */
	mce_record_done(r);
	assert_true(mce_oldest(false, &seen));
	assert_int_equal(seen.info.mi_nentries, n);
	c = x86_mcinfo_first(&seen.info);
	for (unsigned i = 0; i < n; i++, c = x86_mcinfo_next(c))
		assert_int_equal(c->type, i ? MC_TYPE_BANK : MC_TYPE_GLOBAL);
	assert_int_equal(mce_drop(false, seen.id), 0);
	while (mce_untold(&seen))
		;
}

/* Against two plain lists: order, what is refused when full, that each is told once. */
static void test_queues(void **state)
{
	enum { ROOM = 16 };
	u64 rnd = 1, id[2][ROOM], address[2][ROOM], told = 0, last = 0;
	unsigned n[2] = { 0 }, lost = 0;
	struct mce_record r;

	assert_int_equal(mce_lost(), 0);
	for (unsigned i = 0; i < 20000; i++) {
		u64 x = unit_random(&rnd);
		unsigned q = x & 1;

		switch (x >> 1 & 3) {
		case 0:
		case 1:
			x = add(q, i);
			assert_int_equal(x != 0, n[q] < ROOM);
			if (!x) {
				lost++;
				break;
			}
			assert_true(x > last);
			last = x;
			id[q][n[q]] = x;
			address[q][n[q]++] = i;
			break;
		case 2:
			assert_int_equal(mce_oldest(q, &r), n[q] > 0);
			assert_int_equal(mce_drop(q, last + 1), -EINVAL);
			assert_int_equal(mce_drop(q, 0), -EINVAL);
			if (!n[q])
				break;
			assert_int_equal(r.id, id[q][0]);
			assert_int_equal(r.cpu, 3);
			assert_int_equal(address_of(&r), address[q][0]);
			assert_int_equal(mce_drop(!q, r.id), -EINVAL);
			assert_int_equal(mce_drop(q, r.id), 0);
			memmove(id[q], id[q] + 1, --n[q] * sizeof(id[q][0]));
			memmove(address[q], address[q] + 1, n[q] * sizeof(id[q][0]));
			break;
		default:
			while (mce_untold(&r)) {
				assert_true(r.id > told);
				told = r.id;
			}
			for (unsigned k = 0; k < 2; k++)
				for (unsigned j = 0; j < n[k]; j++)
					assert_true(id[k][j] <= told);
			assert_int_equal(mce_lost(), lost);
			lost = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_amd),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
