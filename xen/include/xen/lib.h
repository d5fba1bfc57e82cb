/* SPDX-License-Identifier: GPL-2.0-only */
/* What a libc would give: strings, formatted output, panic, assertions. */
#ifndef XEN_LIB_H
#define XEN_LIB_H

#include <stdarg.h>
#include <xen/types.h>
#include <xen/errno.h>

void *memcpy(void *d, const void *s, size_t n);
void *memmove(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *what);
/* Copies at most size - 1 bytes and always ends with a NUL; returns strlen(s). */
size_t strlcpy(char *d, const char *s, size_t size);
/* Base 0 takes 0x as hexadecimal; *end is set to the first byte not used. */
u64 strtoull(const char *s, const char **end, int base);
/* As strtoull, with an optional suffix K, M, G, T or B; without one the number is in @unit bytes. */
u64 parse_size(const char *s, const char **end, u64 unit);

/* %d %u %x %lx %llx %p %s %c, widths, '-', '0', '#', precision for %s. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Log levels, as a prefix of printk's format: "loglvl=" decides what reaches the console;
 * everything reaches the ring that XEN_SYSCTL_readconsole returns. No prefix means LOG_WARN.
 * LOG_G*: caused by a guest; rate limited, and "guest_loglvl=" decides.
 */
#define LOG_ERR		"\001""0"
#define LOG_WARN	"\001""1"
#define LOG_INFO	"\001""2"
#define LOG_DEBUG	"\001""3"
#define LOG_GERR	"\001""4"
#define LOG_GWARN	"\001""5"
#define LOG_GINFO	"\001""6"
#define LOG_GDEBUG	"\001""7"
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void vprintk(const char *fmt, va_list ap);

/* For a broken hypervisor only: prints registers and a backtrace with symbols, then reboots or halts. */
void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2))) __noreturn;
struct cpu_user_regs;
void panic_at(struct cpu_user_regs *regs, const char *fmt, ...) __attribute__((format(printf, 2, 3))) __noreturn;

/* After a crash whose message is out: reboot, or halt if "noreboot" asks for it. */
void end_of_crash(void) __noreturn;

/* BUG traps with #UD at the caller; the crash dump names file and line from the bug table. */
#define BUG() do {							\
	asm volatile("1: ud2\n"						\
		".pushsection .bug_table, \"a\"\n"			\
		".long 1b - ., 2f - .\n"				\
		".long %c0, 0\n"					\
		".popsection\n"						\
		".pushsection .rodata.str, \"aMS\", @progbits, 1\n"	\
		"2: .asciz \"" __FILE__ "\"\n"				\
		".popsection" :: "i" (__LINE__));			\
	__builtin_unreachable();					\
} while (0)
#define BUG_ON(c)	do { if (unlikely(c)) BUG(); } while (0)
#define ASSERT(c)	BUG_ON(!(c))

static inline bool is_power_of_2(u64 x) { return x && !(x & (x - 1)); }

#endif
