/* SPDX-License-Identifier: GPL-2.0-only */
/* Between init.c, which finds the free RAM, and heap.c, which keeps it. */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include <xen/mm.h>

#define OWNER(domid)	((u64)(domid) << PGC_OWNER_SHIFT)

/* The count word of a free frame that isn't the first of a chunk. */
#define COUNT_FREE		OWNER(DOMID_INVALID)
/* Of a frame that the hypervisor uses for itself. */
#define COUNT_XEN		(OWNER(DOMID_XEN) | 1)

/* Boot: give frames [start, end) to the heap; their count words are COUNT_FREE. */
void heap_add(mfn_t start, mfn_t end);

/* image.c, after the heap is there: map the image with the rights that its parts need. */
void protect_image(void);

#endif
