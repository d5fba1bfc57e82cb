/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before every test_*.c: libc and cmocka, then the hypervisor's own lib.h. A test includes
 * other headers of the hypervisor after this, and never <errno.h>, whose numbers
 * xen/errno.h has as an enum.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rename.h"
#include <xen/lib.h>

/* What the code under test has said with printk since the last unit_log_clear(). */
extern char unit_log[16384];
void unit_log_clear(void);

/* The next number of a fixed pseudo-random sequence (xorshift64*); state must not be 0. */
static inline uint64_t unit_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}
