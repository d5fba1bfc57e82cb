/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output through console_io, or by the console ring if we aren't domain 0; the counting
 * of checks, and the verdict line.
 */
#include <stdarg.h>
#include "guest.h"
#include <xen/io/console.h>

static char line[256];
static unsigned int line_len;
static unsigned int nr_checks, nr_failed;
static const char *current_section = "start";

/* To domain 0's console daemon; what it doesn't take in some time is lost. */
static void ring_write(const char *s, unsigned int n)
{
	struct evtchn_send send = { .port = si->console.domU.evtchn };
	volatile struct xencons_interface *ring = va_of_mfn(si->console.domU.mfn);
	unsigned int tries = 0, prod = ring->out_prod;

	while (n) {
		if (prod - ring->out_cons == sizeof(ring->out)) {
			if (++tries == 100000)
				return;
			HC2(sched_op, SCHEDOP_yield, 0);
			continue;
		}
		ring->out[prod++ % sizeof(ring->out)] = *s++;
		n--;
		barrier();
		ring->out_prod = prod;
		if (!n || prod - ring->out_cons == sizeof(ring->out))
			HC2(event_channel_op, EVTCHNOP_send, &send);
	}
}

static void flush(void)
{
	if (si->flags & SIF_INITDOMAIN)
		HC3(console_io, CONSOLEIO_write, line_len, line);
	else
		ring_write(line, line_len);
	line_len = 0;
}

static void put(char c)
{
	line[line_len++] = c;
	if (c == '\n' || line_len == sizeof(line))
		flush();
}

static void put_string(const char *s, int width)
{
	for (; *s; s++, width--)
		put(*s);
	while (width-- > 0)
		put(' ');
}

static void put_number(unsigned long v, unsigned int base, bool negative, int width, char pad)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		digits[n++] = '-';
	while (width-- > n)
		put(pad);
	while (n)
		put(digits[--n]);
}

/* %s %c %d %u %x %p with l, 0 and a width: what the tests need. */
void printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		bool is_long = false;
		char pad = ' ';
		int width = 0;
		long v;

		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = '0';
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		for (; *fmt == 'l'; fmt++)
			is_long = true;
		switch (*fmt) {
		case 's':
			put_string(va_arg(ap, const char *), width);
			break;
		case 'c':
			put(va_arg(ap, int));
			break;
		case 'd':
			v = is_long ? va_arg(ap, long) : va_arg(ap, int);
			put_number(v < 0 ? -(unsigned long)v : (unsigned long)v, 10, v < 0, width, pad);
			break;
		case 'u':
			put_number(is_long ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int),
				   10, false, width, pad);
			break;
		case 'x':
			put_number(is_long ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int),
				   16, false, width, pad);
			break;
		case 'p':
			put_number((unsigned long)va_arg(ap, void *), 16, false, 16, '0');
			break;
		default:
			put(*fmt);
		}
	}
	va_end(ap);
}

void section(const char *name)
{
	current_section = name;
	printf("# %s\n", name);
}

bool check_true(bool ok, const char *what, const char *file, int line_no)
{
	nr_checks++;
	if (!ok) {
		nr_failed++;
		printf("FAIL %s:%d [%s] %s\n", file, line_no, current_section, what);
	}
	return ok;
}

bool check_eq(long got, long want, const char *what, const char *file, int line_no)
{
	nr_checks++;
	if (got == want)
		return true;
	nr_failed++;
	printf("FAIL %s:%d [%s] %s is %ld (0x%lx), must be %ld (0x%lx)\n", file, line_no,
	       current_section, what, got, got, want, want);
	return false;
}

void shutdown(unsigned int reason)
{
	struct sched_shutdown arg = { .reason = reason };

	HC2(sched_op, SCHEDOP_shutdown, &arg);
	printf("SCHEDOP_shutdown came back\n");
	for (;;)
		HC2(sched_op, SCHEDOP_block, 0);
}

void broken(const char *why, const char *file, int line_no)
{
	printf("VERDICT: broken (%s:%d [%s] %s)\n", file, line_no, current_section, why);
	shutdown(SHUTDOWN_reboot);
}

void verdict(void)
{
	if (!nr_checks)
		broken("no checks were made", __FILE__, __LINE__);
	if (nr_failed)
		printf("VERDICT: fail (%u of %u checks)\n", nr_failed, nr_checks);
	else
		printf("VERDICT: pass (%u checks)\n", nr_checks);
	shutdown(SHUTDOWN_reboot);
}

void expect_crash(const char *regex)
{
	if (nr_failed)
		verdict();
	printf("EXPECT: %s\n", regex);
}

void *memset(void *d, int c, size_t n)
{
	void *ret = d;

	asm volatile("rep stosb" : "+D" (d), "+c" (n) : "a" (c) : "memory");
	return ret;
}

void *memcpy(void *d, const void *s, size_t n)
{
	void *ret = d;

	asm volatile("rep movsb" : "+D" (d), "+S" (s), "+c" (n) :: "memory");
	return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

const char *strstr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	for (; *hay; hay++)
		if (!memcmp(hay, needle, n))
			return hay;
	return NULL;
}
