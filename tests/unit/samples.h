/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the files that make-data made. */
#ifndef UNIT_SAMPLES_H
#define UNIT_SAMPLES_H

struct file {
	u8 *data;
	size_t len;
};

/* The whole of a file, in memory of exactly its length. */
static struct file load(const char *name)
{
	char path[256];
	struct file f;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", UNIT_DATA, name);
	in = fopen(path, "rb");
	if (!in) {
		print_error("the test is broken: can't open %s\n", path);
		exit(99);
	}
	fseek(in, 0, SEEK_END);
	f.len = ftell(in);
	rewind(in);
	f.data = malloc(f.len);
	assert_int_equal(fread(f.data, 1, f.len, in), f.len);
	fclose(in);
	return f;
}

#endif
