/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <linux/types.h>
#include <linux/limits.h>
#include <linux/compiler.h>
#include <linux/string.h>
#include <asm/unaligned.h>

/* the options that the decoders ask for: always 0 or 1 here */
#define IS_ENABLED(option)			(option)
#define CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS	1

#define min_t(type, a, b) ({			\
	type min_a_ = (a), min_b_ = (b);	\
	min_a_ < min_b_ ? min_a_ : min_b_; })
#define min(a, b)		min_t(__typeof__(a), a, b)

#define le32_to_cpup(p)		get_unaligned_le32(p)

#endif
