/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory and how many CPUs domain 0 gets: "dom0_mem=" and
 * "dom0_max_vcpus=", with the syntax of Xen's command line:
 *
 *   dom0_mem=<amount>|min:<amount>|max:<amount>[,...]
 *   <amount> = <size> | <size>+<percent>% | <percent>% , each with or without a '-'
 *
 * Sizes without a unit are in kilobytes. A negative amount is what is left free.
 * Percents are of the memory available at boot.
 */
#include <xen/boot.h>
#include <xen/lib.h>
#include "dom0.h"

struct amount { bool set, negative; u64 size, percent; };
static struct amount want __initdata, least __initdata, most __initdata;

static u32 vcpus_min __initdata = 1, vcpus_max __initdata = NR_CPUS;

static const char *__init parse_amount(const char *s, struct amount *a)
{
	struct amount r = { .set = true };
	const char *end;
	u64 n;

	if (*s == '-') {
		r.negative = true;
		s++;
	}
	n = parse_size(s, &end, 1024);
	if (end == s)
		return NULL;
	if (*end == '%') {
		n = strtoull(s, &end, 10);
	} else {
		r.size = n;
		n = 0;
		if (*end == '+') {
			s = end + 1;
			n = strtoull(s, &end, 10);
			if (end == s || *end != '%')
				return NULL;
		}
	}
	if (*end == '%') {
		if (n > 100)
			return NULL;
		r.percent = n;
		end++;
	}
	*a = r;
	return end;
}

int __init dom0_mem_parse(const char *s)
{
	while (s) {
		struct amount *a = &want;

		if (!strncmp(s, "min:", 4))
			a = &least;
		else if (!strncmp(s, "max:", 4))
			a = &most;
		if (a != &want)
			s += 4;
		s = parse_amount(s, a);
		if (!s || (*s && *s != ','))
			return -EINVAL;
		s = *s ? s + 1 : NULL;
	}
	return 0;
}
BOOT_FN("dom0_mem", dom0_mem_parse, "domain 0's memory: <amount>,min:<amount>,max:<amount>");

static u64 __init frames_of(const struct amount *a, u64 avail, u64 unset)
{
	u64 n;

	if (!a->set)
		return unset;
	n = (a->size >> PAGE_SHIFT) + avail * a->percent / 100;
	if (!a->negative)
		return n;
	return n < avail ? avail - n : 0;
}

u64 __init dom0_mem_pages(u64 avail, u64 *max)
{
	/* For guests' and devices' needs that can't wait for dom0 to give memory back. */
	u64 spare = MIN(avail / 16, (128UL << 20) >> PAGE_SHIFT);
	u64 n = frames_of(&want, avail, avail - spare);
	u64 min = frames_of(&least, avail, 0);

	*max = MIN(frames_of(&most, avail, ~0u), (u64)~0u);
	n = MIN(n, *max);
	n = MAX(n, min);
	if (n > avail) {
		printk(LOG_WARN "dom0_mem: %lu MB are asked for, %lu MB are there\n",
		       n >> 8, avail >> 8);
		n = avail;
	}
	*max = MAX(*max, n);
	return n;
}

static int __init parse_vcpus(const char *s)
{
	const char *end;
	u64 min, max;

	min = *s == '-' ? 1 : strtoull(s, &end, 10);
	if (*s == '-')
		end = s;
	else if (end == s)
		return -EINVAL;
	max = min;
	if (*end == '-') {
		s = end + 1;
		max = *s ? strtoull(s, &end, 10) : NR_CPUS;
		if (*s && (end == s || *end))
			return -EINVAL;
	} else if (*end) {
		return -EINVAL;
	}
	if (!min || min > max)
		return -EINVAL;
	vcpus_min = MIN(min, (u64)~0u);
	vcpus_max = MIN(max, (u64)~0u);
	return 0;
}
BOOT_FN("dom0_max_vcpus", parse_vcpus, "domain 0's virtual CPUs: <n> or <min>-<max>");

unsigned __init dom0_vcpus(void)
{
	unsigned n = MIN(MAX(nr_cpus, vcpus_min), vcpus_max);

	if (vcpus_min > MAX_VCPUS)
		printk(LOG_WARN "dom0_max_vcpus: %u are asked for, a domain may have %u\n", vcpus_min,
		       MAX_VCPUS);
	return MIN(n, (unsigned)MAX_VCPUS);
}
