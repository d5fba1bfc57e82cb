/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_LIMITS_H
#define SHIM_LINUX_LIMITS_H

/* by name, as this file would find itself as the compiler's <limits.h> continues */
#undef INT_MAX
#define INT_MAX		__INT_MAX__
#undef UINT_MAX
#define UINT_MAX	(__INT_MAX__ * 2U + 1)

#endif
