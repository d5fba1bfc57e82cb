/* SPDX-License-Identifier: GPL-2.0-only */
/* The ABI's error numbers under their plain names. Functions return 0 or -Exxx. */
#ifndef XEN_ERR_H
#define XEN_ERR_H

#define XEN_ERRNO(name, value) name = value,
enum {
#include <public/errno.h>
};

/* Never seen by a guest: the operation must be called again (public/errno.h keeps it to hypervisors). */
#define ERESTART 85

#endif
