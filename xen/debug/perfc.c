/* SPDX-License-Identifier: GPL-2.0-only */
/* Performance counters: what the tools and debug keys see of them. The list is in perfc.h. */
#include <xen/console.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

#define WORDS	(sizeof(struct perfc) / sizeof(u32))

struct counter {
	const char *name;
	u16 first;		/* word of struct perfc */
	u16 length;		/* words; 0: a single one */
};

#define WORD_OF(field)			(offsetof(struct perfc, field) / sizeof(u32))
#define LIST_ONE(field, name)		{ name, WORD_OF(field), 0 },
#define LIST_ARRAY(field, n, name)	{ name, WORD_OF(field), n },
static const struct counter counters[] = { PERFC_LIST(LIST_ONE, LIST_ARRAY) };

_Static_assert(sizeof(((struct perfc *)0)->hypercalls) == MAX_HYPERCALLS * sizeof(u32),
	       "a counter per hypercall");

/* [nr_cpus][WORDS]: where they stood at the last reset. Only their CPU writes the counters. */
static u32 *base;

static u32 *words_of(unsigned cpu) { return (u32 *)&cpus[cpu].info->perfc; }

static u32 value(unsigned cpu, unsigned word)
{
	return READ_ONCE(words_of(cpu)[word]) - READ_ONCE(base[cpu * WORDS + word]);
}

static u32 sum(unsigned word)
{
	u32 total = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		total += value(cpu, word);
	return total;
}

static void reset(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		for (unsigned word = 0; word < WORDS; word++)
			WRITE_ONCE(base[cpu * WORDS + word], READ_ONCE(words_of(cpu)[word]));
}

/* ---- XEN_SYSCTL_perfc_op ---------------------------------------------------------- */

static u32 nr_values(const struct counter *c) { return c->length ? c->length : nr_cpus; }

static u32 nth_value(const struct counter *c, u32 n)
{
	return c->length ? sum(c->first + n) : value(n, c->first);
}

static int put_descriptions(vaddr_t to)
{
	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
		struct xen_sysctl_perfc_desc desc = { .nr_vals = nr_values(&counters[i]) };

		strlcpy(desc.name, counters[i].name, sizeof(desc.name));
		if (put_guest(to, i, &desc))
			return -EFAULT;
	}
	return 0;
}

static int put_values(vaddr_t to)
{
	unsigned at = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++)
		for (u32 n = 0; n < nr_values(&counters[i]); n++, at++) {
			xen_sysctl_perfc_val_t val = nth_value(&counters[i], n);

			if (put_guest(to, at, &val))
				return -EFAULT;
		}
	return 0;
}

/* Without handles the numbers alone: how much room the caller needs. */
int perfc_op(struct xen_sysctl_perfc_op *op)
{
	int rc = 0;

	if (op->cmd == XEN_SYSCTL_PERFCOP_reset)
		reset();
	else if (op->cmd != XEN_SYSCTL_PERFCOP_query)
		return -EINVAL;
	op->nr_counters = ARRAY_SIZE(counters);
	op->nr_vals = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++)
		op->nr_vals += nr_values(&counters[i]);
	if (op->desc.p)
		rc = put_descriptions(handle_va(op->desc));
	if (!rc && op->val.p)
		rc = put_values(handle_va(op->val));
	return rc;
}

/* ---- debug keys -------------------------------------------------------------------- */

static void show_array(const struct counter *c)
{
	for (unsigned n = 0; n < c->length; n++) {
		u32 v = sum(c->first + n);

		if (v)
			printk(LOG_ERR "  %10u [%u]%s%s\n", v, n,
			       c->first == WORD_OF(hypercalls) && hypercall_names[n] ? " " : "",
			       c->first == WORD_OF(hypercalls) && hypercall_names[n] ? hypercall_names[n] : "");
	}
}

static void show(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
		const struct counter *c = &counters[i];

		if (c->length) {
			printk(LOG_ERR "  %s:\n", c->name);
			show_array(c);
		} else {
			printk(LOG_ERR "  %10u %s\n", sum(c->first), c->name);
		}
	}
}

void __init perfc_init(void)
{
	base = xnew_array(u32, nr_cpus * WORDS);
	if (!base)
		panic("Not enough memory for the performance counters");
	register_key('p', show, "performance counters");
	register_key('P', reset, "set the performance counters to zero");
}
