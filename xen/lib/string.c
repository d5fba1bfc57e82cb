/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings and memory. Copies use the string instructions, which every CPU since 2013 does fast. */
#include <xen/lib.h>

void *memcpy(void *d, const void *s, size_t n)
{
	void *ret = d;
	size_t words = n / 8;

	n &= 7;
	asm volatile("rep movsq\n\tmov %3, %2\n\trep movsb"
		     : "+D" (d), "+S" (s), "+c" (words) : "r" (n) : "memory");
	return ret;
}

void *memmove(void *d, const void *s, size_t n)
{
	u8 *dst = d;
	const u8 *src = s;

	if (dst <= src || dst >= src + n)
		return memcpy(d, s, n);
	dst += n;
	src += n;
	while (n--) {
		*--dst = *--src;
		barrier();	/* or the compiler makes this a call of memmove */
	}
	return d;
}

void *memset(void *d, int c, size_t n)
{
	void *ret = d;
	size_t words = n / 8;

	n &= 7;
	asm volatile("rep stosq\n\tmov %3, %1\n\trep stosb"
		     : "+D" (d), "+c" (words) : "a" ((u8)c * 0x0101010101010101UL), "r" (n) : "memory");
	return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, ~0UL);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, ~0UL);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strncmp(s, what, n); s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

size_t strlcpy(char *d, const char *s, size_t size)
{
	size_t n = strlen(s);

	if (size) {
		size_t k = MIN(n, size - 1);

		memcpy(d, s, k);
		d[k] = 0;
	}
	return n;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

u64 strtoull(const char *s, const char **end, int base)
{
	u64 v = 0;

	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = 10;
	}
	for (; digit(*s) < base; s++)
		v = v * base + digit(*s);
	if (end)
		*end = s;
	return v;
}

u64 parse_size(const char *s, const char **end, u64 unit)
{
	static const char suffixes[] = "bkmgt";
	const char *e, *suffix;
	u64 v = strtoull(s, &e, 0);

	suffix = *e ? strchr(suffixes, *e | 0x20) : NULL;
	if (suffix && *suffix && e != s) {
		unit = 1UL << (10 * (suffix - suffixes));
		e++;
	}
	if (end)
		*end = e;
	return v * unit;
}
