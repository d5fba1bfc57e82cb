/* SPDX-License-Identifier: GPL-2.0-only */
/* Ordered sets of closed ranges: what hardware a domain may touch. */
#include <xen/domain.h>
#include <xen/lib.h>

bool ranges_contain(const struct ranges *s, u64 first, u64 last)
{
	for (unsigned i = 0; i < s->n; i++)
		if (first >= s->r[i].first && last <= s->r[i].last)
			return true;
	return false;
}

static void delete_range(struct ranges *s, unsigned i)
{
	memmove(&s->r[i], &s->r[i + 1], (s->n - i - 1) * sizeof(s->r[0]));
	s->n--;
}

static void insert_range(struct ranges *s, unsigned i, u64 first, u64 last)
{
	memmove(&s->r[i + 1], &s->r[i], (s->n - i) * sizeof(s->r[0]));
	s->r[i].first = first;
	s->r[i].last = last;
	s->n++;
}

/* Merges with neighbours that overlap or touch. */
int ranges_add(struct ranges *s, u64 first, u64 last)
{
	unsigned i;

	if (first > last)
		return -EINVAL;
	for (i = 0; i < s->n && s->r[i].last + 1 < first; i++)
		;
	if (s->n == RANGES_MAX && (i == s->n || (last != ~0UL && s->r[i].first > last + 1)))
		return -ENOSPC;
	while (i < s->n && (last == ~0UL || s->r[i].first <= last + 1)) {
		first = MIN(first, s->r[i].first);
		last = MAX(last, s->r[i].last);
		delete_range(s, i);
	}
	insert_range(s, i, first, last);
	return 0;
}

int ranges_remove(struct ranges *s, u64 first, u64 last)
{
	if (first > last)
		return -EINVAL;
	for (unsigned i = 0; i < s->n; ) {
		u64 a = s->r[i].first, b = s->r[i].last;

		if (b < first || a > last) {
			i++;
			continue;
		}
		if (a < first && b > last) {
			if (s->n == RANGES_MAX)
				return -ENOSPC;
			s->r[i].last = first - 1;
			insert_range(s, i + 1, last + 1, b);
			return 0;
		}
		if (a < first)
			s->r[i++].last = first - 1;
		else if (b > last)
			s->r[i++].first = last + 1;
		else
			delete_range(s, i);
	}
	return 0;
}
