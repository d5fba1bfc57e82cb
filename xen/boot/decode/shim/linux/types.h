/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Linux's decoders need of Linux's headers, so that they compile without a kernel
 * configuration. Headers of Linux that only declare the decoders themselves (zlib.h,
 * xz.h, zstd.h, xxhash.h, ...) come from the Linux tree.
 */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <xen/types.h>

/* Linux defines this for little-endian machines. */
#define __LITTLE_ENDIAN 1234

#endif
