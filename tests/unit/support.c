/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hypervisor's sources need of xen/lib.h when they run in a unit test: libc's
 * functions under the names of rename.h. All are weak: a test that links the
 * hypervisor's own ones, or has its own, gets those.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define WEAK __attribute__((weak))

char unit_log[16384];
static size_t unit_log_len;

void unit_log_clear(void);
void unit_log_clear(void)
{
	unit_log[0] = '\0';
	unit_log_len = 0;
}

WEAK void *hv_memcpy(void *d, const void *s, size_t n) { return memcpy(d, s, n); }
WEAK void *hv_memmove(void *d, const void *s, size_t n) { return memmove(d, s, n); }
WEAK void *hv_memset(void *d, int c, size_t n) { return memset(d, c, n); }
WEAK int hv_memcmp(const void *a, const void *b, size_t n) { return memcmp(a, b, n); }
WEAK size_t hv_strlen(const char *s) { return strlen(s); }
WEAK size_t hv_strnlen(const char *s, size_t max) { return strnlen(s, max); }
WEAK int hv_strcmp(const char *a, const char *b) { return strcmp(a, b); }
WEAK int hv_strncmp(const char *a, const char *b, size_t n) { return strncmp(a, b, n); }
WEAK char *hv_strchr(const char *s, int c) { return strchr(s, c); }
WEAK char *hv_strstr(const char *s, const char *what) { return strstr(s, what); }

WEAK size_t hv_strlcpy(char *d, const char *s, size_t size)
{
	return snprintf(d, size, "%s", s);
}

WEAK uint64_t hv_strtoull(const char *s, const char **end, int base)
{
	return strtoull(s, (char **)end, base);
}

WEAK int hv_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return vsnprintf(buf, size, fmt, ap);
}

WEAK int hv_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = hv_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

WEAK void vprintk(const char *fmt, va_list ap)
{
	size_t room = sizeof(unit_log) - unit_log_len;
	int len;

	/* a log level is \001 and a digit */
	if (fmt[0] == '\001' && fmt[1])
		fmt += 2;
	len = vsnprintf(unit_log + unit_log_len, room, fmt, ap);
	if (len > 0)
		unit_log_len += (size_t)len < room ? (size_t)len : room - 1;
}

WEAK void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

/* Nothing is traced. */
WEAK uint32_t trace_events;
WEAK void trace_record(uint32_t event, const uint32_t *data, unsigned n) { }

/* expect_assert_failure() of cmocka catches it; elsewhere the test fails. */
WEAK __attribute__((noreturn)) void panic(const char *fmt, ...)
{
	static char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mock_assert(0, text, "panic", 0);
	abort();
}
