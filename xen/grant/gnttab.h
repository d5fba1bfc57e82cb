/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's grants, seen from both sides: what it grants to others (shared
 * entries, which it writes itself, and our notes on their use), and what it has
 * mapped of others (maptrack; a handle is an index into it).
 */
#ifndef XEN_GRANT_GNTTAB_H
#define XEN_GRANT_GNTTAB_H

#include <xen/domain.h>

#define REFS_PER_FRAME		(PAGE_SIZE / sizeof(struct grant_entry_v1))
#define HANDLES_PER_FRAME	(PAGE_SIZE / sizeof(struct maptrack))
#define NO_HANDLE		(~0u)

/* Our notes on an entry in use; meaningful while readers or writers isn't zero. Granter's lock. */
struct active {
	u32 mfn;		/* what the entry named when its use began */
	domid_t dom;		/* who uses it */
	u32 readers, writers;	/* mappings and copies under way */
};

/* One mapping; mapper's lock. */
struct maptrack {
	struct domain *granter;	/* referenced; NULL: free */
	u32 ref;		/* free: the next free handle */
	u16 flags;		/* GNTMAP_device_map, host_map, readonly, contains_pte: what is left of it */
	bool busy;		/* a CPU is making or undoing it */
};

struct grant_table {
	spinlock_t lock;
	u32 nr_frames;		/* lock; grows only */
	u32 max_frames;		/* immutable */
	struct grant_entry_v1 **shared;	/* [max_frames]; pages shared with the granter */
	struct active **active;		/* [max_frames]; REFS_PER_FRAME each */
	u32 nr_maptrack;	/* lock; pages, grows only */
	u32 max_maptrack;	/* immutable */
	struct maptrack **maptrack;	/* [max_maptrack] */
	u32 free_handle;	/* lock; NO_HANDLE: none */
	u32 release_next;	/* where grant_release_mappings() goes on */
};

/* Have at least @n frames; lock held. False: over the limit, or no memory. */
bool grant_grow(struct domain *d, u32 n);
static inline mfn_t grant_frame_mfn(const struct grant_table *t, u32 i)
{
	return va_to_mfn(t->shared[i]);
}

/* A new handle for a grant of @granter, busy; takes a reference to it. NO_HANDLE: none left. */
u32 handle_new(struct domain *d, struct domain *granter, u32 ref, u16 flags);
/* Claim a mapping: busy afterwards, and copied to *m. False: no such handle, or busy. */
bool handle_claim(struct domain *d, u32 handle, struct maptrack *m);
/* Let go of it, with @left of its flags; when nothing is mapped any more the handle is freed. */
void handle_release(struct domain *d, u32 handle, u16 left);

/*
 * Begin a use of @granter's entry @ref by domain @user. GNTST_okay: *mfn is the
 * frame, and a reference to it is held (a writable one too for @write). Others:
 * nothing done.
 */
s16 grant_pin(struct domain *granter, u32 ref, domid_t user, bool write, mfn_t *mfn);
/* End it: the guest's flags show it. The frame's references are the caller's business. */
void grant_unpin(struct domain *granter, u32 ref, bool write);
mfn_t grant_pinned_mfn(struct domain *granter, u32 ref);
void grant_put_frame(mfn_t mfn, bool write);

#define GRANT_BATCH	16	/* operations between two looks for other work */

/* Arrange that the call goes on with operation @done of @count. */
long grant_continue(u32 cmd, u64 uop, u32 count, u32 done, size_t size);
/* One operation; its result is in its status. */
long grant_op_map(void *op);
long grant_op_copy(void *op);
/* A whole call: GNTTABOP_unmap_grant_ref or unmap_and_replace. */
long grant_op_unmap(u32 cmd, u64 uop, u32 count);

#endif
