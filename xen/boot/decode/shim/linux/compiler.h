/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#undef fallthrough
#define fallthrough		__attribute__((__fallthrough__))
#undef noinline
#define noinline		__attribute__((__noinline__))
#undef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#undef __maybe_unused
#define __maybe_unused		__attribute__((__unused__))

#endif
