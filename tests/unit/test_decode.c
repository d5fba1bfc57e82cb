/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/boot/decode/decode.c xen/boot/decode/gzip.c xen/boot/decode/xz.c xen/boot/decode/zstd.c */
/*
 * The decoders: sound data of each format unpacks to what was packed; data that is cut
 * off or damaged ends in an error with a reason, and nothing outside the output buffer
 * and the heap is touched (the address sanitizer watches: all buffers are exact).
 */
#include "../../xen/boot/decode/decode.h"
#include "samples.h"

static struct file sample;
static void *heap;

/* Unpack a copy of exactly len bytes into exactly cap bytes. Nonzero *same: equals the sample. */
static struct decode_job unpack(const u8 *in, size_t len, size_t cap, int *rc, bool *same)
{
	struct decode_job job = {
		.in = memcpy(malloc(len), in, len), .in_len = len,
		.out = malloc(cap), .out_cap = cap,
		.heap = heap, .heap_len = DECODE_HEAP_SIZE,
	};

	*rc = decode(&job);
	*same = !*rc && job.out_len == sample.len && !memcmp(job.out, sample.data, sample.len);
	free((void *)job.in);
	free(job.out);
	if (*rc)
		assert_non_null(job.why);
	return job;
}

static const struct {
	const char *name;
	enum decode_format format;
	int rc;
} files[] = {
	{ "sample",		DECODE_ELF,	-EINVAL },
	{ "sample.gz",		DECODE_GZIP,	0 },
	{ "sample-noname.gz",	DECODE_GZIP,	0 },
	{ "sample.xz",		DECODE_XZ,	0 },
	{ "sample-blocks.xz",	DECODE_XZ,	0 },
	{ "sample-crc64.xz",	DECODE_XZ,	-EOPNOTSUPP },
	{ "sample.zst",		DECODE_ZSTD,	0 },
	{ "sample-stream.zst",	DECODE_ZSTD,	0 },
};

static void test_formats(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		struct file f = load(files[i].name);
		bool same;
		int rc;

		assert_int_equal(decode_format(f.data, f.len), files[i].format);
		unpack(f.data, f.len, sample.len, &rc, &same);
		assert_int_equal(rc, files[i].rc);
		assert_int_equal(same, !rc);
		free(f.data);
	}
}

/* One byte too little room is an error, and room to spare changes nothing. */
static void test_room(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		struct file f = load(files[i].name);
		size_t small[] = { 0, 1, 4096, sample.len - 1 };
		bool same;
		int rc;

		for (unsigned s = 0; !files[i].rc && s < ARRAY_SIZE(small); s++) {
			unpack(f.data, f.len, small[s], &rc, &same);
			assert_true(rc == -ENOSPC || rc == -EINVAL);
		}
		unpack(f.data, f.len, sample.len + 5000, &rc, &same);
		assert_int_equal(same, !files[i].rc);
		free(f.data);
	}
}

static void test_truncated(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		struct file f = load(files[i].name);
		/* without the appended length, which no decoder reads */
		size_t end = f.len - (files[i].format == DECODE_GZIP ? 0 : 4), step;
		bool same;
		int rc;

		if (files[i].rc)
			goto next;
		/* every cut near the ends, some in the middle */
		for (size_t len = 0; len < end; len += step) {
			step = len < 80 || end - len < 80 ? 1 : 977;
			if (end - len > 80 && len + step > end - 80)
				step = end - 80 - len;
			step = step ? step : 1;
			unpack(f.data, len, sample.len, &rc, &same);
			if (!rc) {
				print_error("%s cut to %zu of %zu bytes\n", files[i].name, len, end);
				fail();
			}
		}
		unpack(f.data, end, sample.len, &rc, &same);
		assert_true(same);
next:
		free(f.data);
	}
}

/*
 * A few flipped bytes or bits anywhere: gzip and xz carry checksums over all that counts,
 * so a success must be the right data. (In zstd a flipped bit can turn its checksum off.)
 */
static void test_damaged(void **state)
{
	u64 seed = 20220615;

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		struct file f = load(files[i].name);

		for (unsigned round = 0; !files[i].rc && round < 300; round++) {
			u8 *bad = memcpy(malloc(f.len), f.data, f.len);
			/* half of the rounds damage the headers */
			size_t span = round & 1 ? f.len : 64;
			bool same;
			int rc;

			for (unsigned n = unit_random(&seed) % 8; n < 8; n++)
				bad[unit_random(&seed) % span] ^= round & 2
					? BIT(unit_random(&seed) % 8) : unit_random(&seed);
			unpack(bad, f.len, sample.len, &rc, &same);
			assert_true(rc || same || files[i].format == DECODE_ZSTD);
			free(bad);
		}
		free(f.data);
	}
}

/* Random bytes behind a sound beginning: reaches code that checks of headers guard. */
static void test_noise(void **state)
{
	static u8 noise[6000];
	u64 seed = 4711;

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		struct file f = load(files[i].name);

		for (unsigned round = 0; round < 300; round++) {
			size_t keep = unit_random(&seed) % 400;
			bool same;
			int rc;

			for (size_t n = 0; n < sizeof(noise); n++)
				noise[n] = unit_random(&seed);
			memcpy(noise, f.data, keep);
			unpack(noise, sizeof(noise), 1 + unit_random(&seed) % sample.len,
			       &rc, &same);
			assert_int_not_equal(rc, 0);
		}
		free(f.data);
	}
}

/* The optional parts of a gzip header, RFC 1952 section 2.3. */
static void test_gzip_header(void **state)
{
	static const struct {
		u8 flags;
		const char *extra;
		size_t len;
		int rc;
	} cases[] = {
		{ 0x00, "", 0, 0 },
		{ 0x01, "", 0, 0 },			/* "probably text" */
		{ 0x04, "\3\0abc", 5, 0 },
		{ 0x08, "name", 5, 0 },
		{ 0x10, "comment", 8, 0 },
		{ 0x1e, "\1\0xname\0comment\0\1\2", 18, 0 },
		{ 0x04, "\xff\xff" "abc", 5, -EINVAL },
		{ 0x20, "", 0, -EINVAL },
		{ 0x80, "", 0, -EINVAL },
	};
	struct file f = load("sample-noname.gz");

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = f.len + cases[i].len;
		u8 *file = malloc(len);
		bool same;
		int rc;

		memcpy(file, f.data, 10);
		memcpy(file + 10, cases[i].extra, cases[i].len);
		memcpy(file + 10 + cases[i].len, f.data + 10, f.len - 10);
		file[3] = cases[i].flags;
		unpack(file, len, sample.len, &rc, &same);
		assert_int_equal(!!rc, !!cases[i].rc);
		assert_int_equal(same, !rc);
		free(file);
	}
	free(f.data);
}

static void test_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum decode_format format;
	} cases[] = {
		{ "", 0, DECODE_UNKNOWN },
		{ "\x1f\x8b", 2, DECODE_UNKNOWN },
		{ "#!/bin/sh\n", 10, DECODE_UNKNOWN },
		{ "BZh91AY&SY", 10, DECODE_UNSUPPORTED },
		{ "\x02\x21\x4c\x18....", 8, DECODE_UNSUPPORTED },
		{ "\x89LZO\0\r\n\x1a\n", 9, DECODE_UNSUPPORTED },
		{ "\x5d\0\0\0\4\xff\xff", 7, DECODE_UNSUPPORTED },
	};
	struct decode_job small = { .in = sample.data, .in_len = sample.len, .heap = heap,
				    .heap_len = DECODE_HEAP_SIZE - 1 };

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		bool same;
		int rc;

		assert_int_equal(decode_format(cases[i].bytes, cases[i].len), cases[i].format);
		unpack((const u8 *)cases[i].bytes, cases[i].len, 100, &rc, &same);
		assert_int_equal(rc, cases[i].format == DECODE_UNKNOWN ? -EINVAL : -EOPNOTSUPP);
	}
	assert_int_equal(decode(&small), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_gzip_header),
		cmocka_unit_test(test_refused),
	};

	sample = load("sample");
	heap = malloc(DECODE_HEAP_SIZE);
	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
