/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking whether an initrd is all there, before a kernel trips over its end. */
#ifndef BOOT_INITRD_H
#define BOOT_INITRD_H

#include <xen/types.h>

/*
 * False, with a one-line reason, if the @len bytes end within an archive. Archives may follow
 * each other, with zeroes between, as Linux takes them: cpio ("newc"), zstd and xz are
 * followed to their ends, other formats are taken as they are.
 */
bool initrd_complete(const u8 *data, u64 len, const char **why);

#endif
