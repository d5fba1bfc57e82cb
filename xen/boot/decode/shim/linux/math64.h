/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MATH64_H
#define SHIM_LINUX_MATH64_H

#define div_u64(dividend, divisor)	((uint64_t)(dividend) / (uint32_t)(divisor))

#endif
