/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line. Each room declares its options next to the variables they
 * set (BOOT_OPTION in boot.h); the linker gathers them into one table, which is
 * the only list of options there is.
 *
 * Several rooms may declare the same name: all of them are set. As on Xen's
 * command line, '-' and '_' are the same in a name.
 */
#include <xen/boot.h>
#include <xen/lib.h>

extern const struct boot_option __boot_options_start[], __boot_options_end[];

#define WORD_MAX	256
#define MAX_COMPLAINTS	16

/* What couldn't be used, until there is a console to say so. */
static struct complaint {
	char word[80];
	const char *why;
} complaints[MAX_COMPLAINTS] __initdata;
static unsigned nr_complaints __initdata;

static void __init complain(const char *word, const char *why)
{
	struct complaint *c = &complaints[nr_complaints];

	if (nr_complaints == MAX_COMPLAINTS)
		return;
	strlcpy(c->word, word, sizeof(c->word));
	c->why = why;
	nr_complaints++;
}

static bool __init same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

/* 1 yes, 0 no, -1 neither. */
int __init parse_bool(const char *s)
{
	static const char *const yes[] = { "", "1", "y", "yes", "on", "true", "enable" };
	static const char *const no[] = { "0", "n", "no", "off", "false", "disable" };

	for (unsigned i = 0; i < ARRAY_SIZE(yes); i++)
		if (!strcmp(s, yes[i]))
			return 1;
	for (unsigned i = 0; i < ARRAY_SIZE(no); i++)
		if (!strcmp(s, no[i]))
			return 0;
	return -1;
}

/* NULL, or why the value can't be used. */
static const char *__init set_option(const struct boot_option *o, const char *value)
{
	const char *end;
	u64 n;

	switch (o->kind) {
	case OPT_BOOL: {
		int b = parse_bool(value);

		if (b < 0)
			return "takes yes or no";
		*(bool *)o->var = b;
		return NULL;
	}
	case OPT_UINT:
		n = strtoull(value, &end, 0);
		if (end == value || *end || n > ~0u)
			return "takes a number";
		*(u32 *)o->var = n;
		return NULL;
	case OPT_SIZE:
		n = parse_size(value, &end, 1024);
		if (end == value || *end)
			return "takes a size such as 512M";
		*(u64 *)o->var = n;
		return NULL;
	case OPT_STR:
		if (strlen(value) >= o->len)
			return "is too long";
		strlcpy(o->var, value, o->len);
		return NULL;
	case OPT_FN:
		return ((int (*)(const char *))o->var)(value) ? "has a value that can't be read"
							     : NULL;
	}
	return "is declared wrongly";
}

/* True if @name exists, as it is. */
static bool __init apply(const char *name, const char *value, const char *word)
{
	const struct boot_option *o;
	bool found = false;
	const char *why;

	for (o = __boot_options_start; o < __boot_options_end; o++) {
		if (!same_name(o->name, name))
			continue;
		found = true;
		why = set_option(o, value);
		if (why)
			complain(word, why);
	}
	return found;
}

/* "no-name" and "noname" of an option that is a bool. */
static bool __init apply_negated(const char *name)
{
	const struct boot_option *o;
	bool found = false;

	if (strncmp(name, "no", 2))
		return false;
	name += 2;
	if (*name == '-' || *name == '_')
		name++;
	for (o = __boot_options_start; o < __boot_options_end; o++) {
		if (o->kind == OPT_BOOL && same_name(o->name, name)) {
			*(bool *)o->var = false;
			found = true;
		}
	}
	return found;
}

/* Some loaders put the image's path first; Debian's GRUB menu a literal word. */
static bool __init is_image_name(const char *word)
{
	return !strchr(word, '=') && strchr(word, '/');
}

static void __init parse_word(const char *word, bool first)
{
	char name[WORD_MAX];
	char *eq;

	if (!strcmp(word, "placeholder"))
		return;
	strlcpy(name, word, sizeof(name));
	eq = strchr(name, '=');
	if (eq)
		*eq = 0;
	if (apply(name, eq ? eq + 1 : "", word) || (!eq && apply_negated(name)))
		return;
	if (!first || !is_image_name(word))
		complain(word, "is no option of this hypervisor");
}

void __init cmdline_parse(const char *cmdline)
{
	char word[WORD_MAX];
	bool first = true;

	for (;;) {
		size_t n = 0;

		while (*cmdline == ' ' || *cmdline == '\t' || *cmdline == '\n')
			cmdline++;
		if (!*cmdline)
			return;
		for (; *cmdline && *cmdline != ' ' && *cmdline != '\t' && *cmdline != '\n'; cmdline++)
			if (n < sizeof(word) - 1)
				word[n++] = *cmdline;
		word[n] = 0;
		if (n == sizeof(word) - 1)
			complain(word, "is too long");
		else
			parse_word(word, first);
		first = false;
	}
}

void __init cmdline_report(void)
{
	for (unsigned i = 0; i < nr_complaints; i++)
		printk(LOG_WARN "Command line: '%s' %s; ignored\n", complaints[i].word,
		       complaints[i].why);
}
