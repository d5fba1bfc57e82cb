/* SPDX-License-Identifier: GPL-2.0-only */
/* Formatted output: the subset of printf that lib.h names. */
#include <xen/lib.h>

struct out {
	char *buf;
	size_t size, n;		/* n counts what would have been written */
};

struct spec {
	bool left, zero, alt, neg;
	int width, precision;	/* -1: none */
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->size)
		o->buf[o->n] = c;
	o->n++;
}

static void put_padded(struct out *o, const struct spec *f, const char *prefix,
		       const char *s, int len)
{
	int pad = f->width - len - (int)strlen(prefix);

	for (; !f->left && !f->zero && pad > 0; pad--)
		put(o, ' ');
	while (*prefix)
		put(o, *prefix++);
	for (; !f->left && f->zero && pad > 0; pad--)
		put(o, '0');
	while (len--)
		put(o, *s++);
	for (; f->left && pad > 0; pad--)
		put(o, ' ');
}

static void put_number(struct out *o, const struct spec *f, u64 v, unsigned base, bool upper)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[v % base];
		v /= base;
	} while (v);
	put_padded(o, f, f->neg ? "-" : f->alt && base == 16 ? "0x" : "", p,
		   digits + sizeof(digits) - p);
}

static const char *parse_flags(const char *p, struct spec *f, va_list *ap)
{
	*f = (struct spec){ .precision = -1 };
	for (;; p++) {
		if (*p == '-')
			f->left = true;
		else if (*p == '0')
			f->zero = true;
		else if (*p == '#')
			f->alt = true;
		else
			break;
	}
	if (*p == '*') {
		f->width = va_arg(*ap, int);
		p++;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		f->width = f->width * 10 + *p - '0';
	if (*p != '.')
		return p;
	f->precision = 0;
	if (*++p == '*') {
		f->precision = va_arg(*ap, int);
		return p + 1;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		f->precision = f->precision * 10 + *p - '0';
	return p;
}

static void put_conversion(struct out *o, char c, int longs, struct spec *f, va_list *ap)
{
	const char *s;
	char ch;
	s64 v;

	switch (c) {
	case 'd':
	case 'i':
		v = longs ? va_arg(*ap, long) : va_arg(*ap, int);
		f->neg = v < 0;
		put_number(o, f, v < 0 ? -(u64)v : (u64)v, 10, false);
		break;
	case 'u':
		put_number(o, f, longs ? va_arg(*ap, u64) : va_arg(*ap, u32), 10, false);
		break;
	case 'x':
	case 'X':
		put_number(o, f, longs ? va_arg(*ap, u64) : va_arg(*ap, u32), 16, c == 'X');
		break;
	case 'p':
		*f = (struct spec){ .zero = true, .width = 16 };
		put_number(o, f, va_arg(*ap, u64), 16, false);
		break;
	case 's':
		s = va_arg(*ap, const char *);
		if (!s)
			s = "(null)";
		f->zero = false;
		put_padded(o, f, "", s, strnlen(s, f->precision < 0 ? ~0UL : (size_t)f->precision));
		break;
	case 'c':
		ch = va_arg(*ap, int);
		put_padded(o, f, "", &ch, 1);
		break;
	default:
		put(o, c);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { buf, size, 0 };
	struct spec f;
	va_list ap;
	int longs;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		fmt = parse_flags(fmt + 1, &f, &ap);
		for (longs = 0; *fmt == 'l' || *fmt == 'z'; fmt++)
			longs++;
		if (!*fmt)
			break;
		put_conversion(&o, *fmt, longs, &f, &ap);
	}
	va_end(ap);
	if (size)
		buf[MIN(o.n, size - 1)] = 0;
	return o.n;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
