/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/boot/bzimage.c xen/boot/decode/decode.c xen/boot/decode/gzip.c xen/boot/decode/xz.c xen/boot/decode/zstd.c */
/*
 * Finding and unpacking the ELF image of a kernel module. The modules are made here: a
 * setup part as Documentation/x86/boot.rst of Linux describes it, and a payload from the
 * samples of make-data.
 */
#include "../../xen/boot/bzimage.h"
#include "samples.h"

#define SETUP_SECTS	3		/* of 512 bytes, behind the boot sector */
#define PM_START	((SETUP_SECTS + 1) * 512)
#define PAYLOAD		0x123		/* unaligned on purpose */

static struct file sample;
static void *heap;

static void put16(u8 *p, u16 v)
{
	memcpy(p, &v, 2);
}

static void put32(u8 *p, u32 v)
{
	memcpy(p, &v, 4);
}

static struct file bzimage(const char *payload_name)
{
	struct file payload = load(payload_name);
	struct file f = { .len = PM_START + PAYLOAD + payload.len + 100 };

	f.data = calloc(1, f.len);
	f.data[0x1f1] = SETUP_SECTS;
	put16(f.data + 0x1fe, 0xaa55);
	memcpy(f.data + 0x202, "HdrS", 4);
	put16(f.data + 0x206, 0x020f);
	f.data[0x211] = 1;
	put32(f.data + 0x248, PAYLOAD);
	put32(f.data + 0x24c, payload.len);
	memcpy(f.data + PM_START + PAYLOAD, payload.data, payload.len);
	free(payload.data);
	return f;
}

/* Find and unpack from exact copies; 1 if the result is the sample, 0 if not, or an error. */
static int unpack(const u8 *data, size_t len)
{
	u8 *module = memcpy(malloc(len), data, len), *out;
	const char *why = NULL;
	struct kernel_file k;
	int rc = kernel_find(&k, module, len, &why);

	if (!rc) {
		assert_true((const u8 *)k.data >= module && k.len <= len &&
			    (const u8 *)k.data + k.len <= module + len);
		assert_in_range(k.image_size, 1, KERNEL_IMAGE_MAX);
		if (k.format == DECODE_ELF) {
			rc = k.len == sample.len && !memcmp(k.data, sample.data, k.len);
		} else if (k.image_size > 4 * sample.len) {
			/* the announced size was hit by the damage; a caller can't take it */
			rc = -ENOMEM;
			why = "too large for this test";
		} else {
			out = malloc(k.image_size);
			rc = kernel_unpack(&k, out, heap, &why);
			if (!rc)
				rc = k.image_size == sample.len &&
				     !memcmp(out, sample.data, sample.len);
			free(out);
		}
	}
	if (rc < 0)
		assert_non_null(why);
	free(module);
	return rc;
}

static const struct {
	const char *name;
	int bare, in_bzimage;
} kinds[] = {
	{ "sample",		1,		1 },
	{ "sample.gz",		1,		1 },
	{ "sample-noname.gz",	1,		1 },
	{ "sample.xz",		-EOPNOTSUPP,	1 },
	{ "sample-blocks.xz",	-EOPNOTSUPP,	1 },
	{ "sample-crc64.xz",	-EOPNOTSUPP,	-EOPNOTSUPP },
	{ "sample.zst",		-EOPNOTSUPP,	1 },
	{ "sample-stream.zst",	-EOPNOTSUPP,	1 },
};

static void test_kinds(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct file bare = load(kinds[i].name), bz = bzimage(kinds[i].name);

		assert_int_equal(unpack(bare.data, bare.len), kinds[i].bare);
		assert_int_equal(unpack(bz.data, bz.len), kinds[i].in_bzimage);
		free(bare.data);
		free(bz.data);
	}
}

/* setup_sects 0 means 4, for historical reasons. */
static void test_setup_sects_zero(void **state)
{
	struct file bz = bzimage("sample.xz");
	u8 *longer = calloc(1, bz.len + 512);

	memcpy(longer, bz.data, PM_START);
	memcpy(longer + PM_START + 512, bz.data + PM_START, bz.len - PM_START);
	longer[0x1f1] = 0;
	assert_int_equal(unpack(longer, bz.len + 512), 1);
	free(longer);
	free(bz.data);
}

static const struct {
	const char *what;
	unsigned offset, size;
	u32 value;
	int rc;
} headers[] = {
	{ "no boot flag",		0x1fe, 2, 0,		-EINVAL },
	{ "no HdrS",			0x202, 4, 0,		-EINVAL },
	{ "protocol 2.07",		0x206, 2, 0x0207,	-EOPNOTSUPP },
	{ "zImage",			0x211, 1, 0,		-EOPNOTSUPP },
	{ "payload behind the end",	0x248, 4, 0x7fffffff,	-EINVAL },
	{ "payload far behind",		0x248, 4, 0xffffffff,	-EINVAL },
	{ "payload not found there",	0x248, 4, PAYLOAD + 1,	-EINVAL },
	{ "payload too long",		0x24c, 4, 0x00ffffff,	-EINVAL },
	{ "payload far too long",	0x24c, 4, 0xffffffff,	-EINVAL },
	{ "empty payload",		0x24c, 4, 0,		-EINVAL },
	{ "payload of 5 bytes",		0x24c, 4, 5,		-EINVAL },
	{ "setup_sects too many",	0x1f1, 1, 255,		-EINVAL },
	{ "bzip2",	PM_START + PAYLOAD, 4, 0x39685a42,	-EOPNOTSUPP },
	{ "lz4",	PM_START + PAYLOAD, 4, 0x184c2102,	-EOPNOTSUPP },
};

static void test_headers(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(headers); i++) {
		struct file bz = bzimage("sample.xz");

		memcpy(bz.data + headers[i].offset, &headers[i].value, headers[i].size);
		print_message("%s\n", headers[i].what);
		assert_int_equal(unpack(bz.data, bz.len), headers[i].rc);
		free(bz.data);
	}
}

/* The announced length is part of the payload and can't be trusted. */
static void test_announced_length(void **state)
{
	static const struct {
		s64 delta;
		int rc;
	} cases[] = { { 0, 1 }, { 1, -EINVAL }, { 4096, -EINVAL }, { -1, -ENOSPC } };
	static const char *const names[] = { "sample.xz", "sample.zst" };

	for (unsigned n = 0; n < ARRAY_SIZE(names); n++)
		for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
			struct file bz = bzimage(names[n]);

			put32(bz.data + bz.len - 104, sample.len + cases[i].delta);
			assert_int_equal(unpack(bz.data, bz.len), cases[i].rc);
			put32(bz.data + bz.len - 104, 0x40000001);
			assert_int_equal(unpack(bz.data, bz.len), -EINVAL);
			put32(bz.data + bz.len - 104, 0);
			assert_int_equal(unpack(bz.data, bz.len), -EINVAL);
			free(bz.data);
		}
}

static void test_truncated(void **state)
{
	static const char *const names[] = { "sample.gz", "sample.xz", "sample.zst" };

	for (unsigned n = 0; n < ARRAY_SIZE(names); n++) {
		struct file bz = bzimage(names[n]);
		size_t step;

		for (size_t len = 0; len < bz.len - 100; len += step) {
			step = len < PM_START + 16 ? 1 : 1021;
			assert_in_range(-unpack(bz.data, len), 1, 4096);
		}
		free(bz.data);
	}
}

static void test_damaged(void **state)
{
	static const char *const names[] = { "sample.gz", "sample.xz", "sample.zst" };
	u64 seed = 8086;

	for (unsigned n = 0; n < ARRAY_SIZE(names); n++) {
		struct file bz = bzimage(names[n]);
		u8 *bad = malloc(bz.len);

		for (unsigned round = 0; round < 400; round++) {
			/* the setup header, the payload's header, or anything */
			size_t from = round % 3 == 0 ? 0x1f1 : round % 3 == 1
				? PM_START + PAYLOAD : 0;
			size_t span = round % 3 == 0 ? 0x60 : round % 3 == 1 ? 40 : bz.len;

			memcpy(bad, bz.data, bz.len);
			for (unsigned hits = unit_random(&seed) % 4; hits < 4; hits++)
				bad[from + unit_random(&seed) % span] = unit_random(&seed);
			unpack(bad, bz.len);
		}
		free(bad);
		free(bz.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_setup_sects_zero),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_announced_length),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
	};

	sample = load("sample");
	heap = malloc(DECODE_HEAP_SIZE);
	return cmocka_run_group_tests_name("bzimage", tests, NULL, NULL);
}
