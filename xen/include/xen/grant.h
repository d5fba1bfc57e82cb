/* SPDX-License-Identifier: GPL-2.0-only */
/* Grant tables, version 1: a domain lets another map or copy its frames. */
#ifndef XEN_GRANT_H
#define XEN_GRANT_H

#include <xen/public.h>
#include <xen/spinlock.h>

struct domain;
struct grant_table;

int grant_init(struct domain *d, int max_frames, int max_maptrack);	/* -1: defaults 64, 1024 */
/* Drop what the dying domain has mapped of others: 0 or -ERESTART. */
int grant_release_mappings(struct domain *d);
void grant_destroy(struct domain *d);	/* frames back; last reference gone */
long do_grant_table_op(u64 cmd, u64 uop, u64 count);
/* XENMEM_acquire_resource type grant table (frames frame..frame+nr-1 as mfns), grown if needed. */
int grant_acquire_frames(struct domain *d, unsigned frame, unsigned nr, u64 *mfns);
void dump_grants(void);			/* debug key 'g' */

#endif
