/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before everything: all symbols are ours, so addresses are RIP-relative without a GOT. */
#ifndef __ASSEMBLY__
#pragma GCC visibility push(hidden)
#endif
