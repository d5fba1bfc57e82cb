/* SPDX-License-Identifier: GPL-2.0-only */
/* Grant tables as objects: their frames, the table of mappings, birth and end. */
#include "gnttab.h"
#include <xen/boot.h>
#include <xen/lib.h>

#define LIMIT_FRAMES	4096	/* what can be asked for at all: 2 million entries */
#define LIMIT_MAPTRACK	65536	/* 16 million mappings */

static u32 opt_frames = 64;
BOOT_OPTION("gnttab_max_frames", OPT_UINT, opt_frames, 0, "grant table frames of a domain, at most");
static u32 opt_maptrack = 1024;
BOOT_OPTION("gnttab_max_maptrack_frames", OPT_UINT, opt_maptrack, 0,
	    "frames for a domain's table of mapped grants, at most");

/* ---- frames with grant entries ---------------------------------------------- */

static bool grow_one(struct domain *d, struct grant_table *t)
{
	struct grant_entry_v1 *shared = alloc_page();
	struct active *active = alloc_pages(1);

	_Static_assert(sizeof(struct active) * REFS_PER_FRAME == 2 * PAGE_SIZE, "active");
	if (!shared || !active) {
		if (shared)
			free_page(shared);
		if (active)
			free_pages(active, 1);
		return false;
	}
	share_frame(va_to_page(shared), d, true);
	t->shared[t->nr_frames] = shared;
	t->active[t->nr_frames] = active;
	t->nr_frames++;
	return true;
}

bool grant_grow(struct domain *d, u32 n)
{
	struct grant_table *t = d->grant;

	if (n > t->max_frames)
		return false;
	while (t->nr_frames < n)
		if (d->is_dying || !grow_one(d, t))
			return false;
	return true;
}

int grant_acquire_frames(struct domain *d, unsigned frame, unsigned nr, u64 *mfns)
{
	struct grant_table *t = d->grant;
	int ret = 0;

	if (frame > t->max_frames || nr > t->max_frames - frame)
		return -EINVAL;
	spin_lock(&t->lock);
	if (!grant_grow(d, frame + nr))
		ret = -ENOMEM;
	for (unsigned i = 0; !ret && i < nr; i++)
		mfns[i] = grant_frame_mfn(t, frame + i);
	spin_unlock(&t->lock);
	return ret;
}

/* ---- handles ------------------------------------------------------------------- */

static struct maptrack *maptrack(const struct grant_table *t, u32 handle)
{
	if (handle >= t->nr_maptrack * HANDLES_PER_FRAME)
		return NULL;
	return &t->maptrack[handle / HANDLES_PER_FRAME][handle % HANDLES_PER_FRAME];
}

static void free_handle(struct grant_table *t, u32 handle)
{
	struct maptrack *m = maptrack(t, handle);

	*m = (struct maptrack){ .ref = t->free_handle };
	t->free_handle = handle;
}

static void grow_maptrack(struct grant_table *t)
{
	struct maptrack *page = t->nr_maptrack < t->max_maptrack ? alloc_page() : NULL;
	u32 first = t->nr_maptrack * HANDLES_PER_FRAME;

	if (!page)
		return;
	t->maptrack[t->nr_maptrack++] = page;
	for (u32 i = HANDLES_PER_FRAME; i-- > 0; )
		free_handle(t, first + i);
}

u32 handle_new(struct domain *d, struct domain *granter, u32 ref, u16 flags)
{
	struct grant_table *t = d->grant;
	struct maptrack *m;
	u32 handle;

	spin_lock(&t->lock);
	if (t->free_handle == NO_HANDLE)
		grow_maptrack(t);
	handle = t->free_handle;
	if (handle != NO_HANDLE) {
		m = maptrack(t, handle);
		t->free_handle = m->ref;
		ref_domain(granter);
		*m = (struct maptrack){ granter, ref, flags, true };
	}
	spin_unlock(&t->lock);
	return handle;
}

bool handle_claim(struct domain *d, u32 handle, struct maptrack *out)
{
	struct grant_table *t = d->grant;
	struct maptrack *m;
	bool ok;

	spin_lock(&t->lock);
	m = maptrack(t, handle);
	ok = m && m->granter && !m->busy;
	if (ok) {
		m->busy = true;
		*out = *m;
	}
	spin_unlock(&t->lock);
	return ok;
}

void handle_release(struct domain *d, u32 handle, u16 left)
{
	struct grant_table *t = d->grant;
	struct domain *granter = NULL;
	struct maptrack *m;

	spin_lock(&t->lock);
	m = maptrack(t, handle);
	if (left & (GNTMAP_host_map | GNTMAP_device_map)) {
		m->flags = left;
		m->busy = false;
	} else {
		granter = m->granter;
		free_handle(t, handle);
	}
	spin_unlock(&t->lock);
	if (granter)
		put_domain(granter);
}

/* ---- birth and end --------------------------------------------------------------- */

/* A limit of @what for @d: the option's if -1 asks for that; never more. Negative: refused. */
static int limit(const struct domain *d, int asked, u32 option, u32 most, const char *what)
{
	option = MIN(option, most);
	if (asked < 0)
		return option;
	if ((u32)asked <= option)
		return asked;
	printk(LOG_WARN "d%u: %d %s frames refused: gnttab_max%s_frames allows %u\n", d->id, asked,
	       what, *what == 'm' ? "_maptrack" : "", option);
	return -EINVAL;
}

int grant_init(struct domain *d, int max_frames, int max_maptrack)
{
	struct grant_table *t;
	bool ok;

	max_frames = limit(d, max_frames, MAX(opt_frames, 1u), LIMIT_FRAMES, "grant");
	max_maptrack = limit(d, max_maptrack, opt_maptrack, LIMIT_MAPTRACK, "maptrack");
	if (max_frames <= 0 || max_maptrack < 0)
		return -EINVAL;
	t = xnew(struct grant_table);
	if (!t)
		return -ENOMEM;
	spin_lock_init(&t->lock, LOCK_GRANT);
	t->max_frames = max_frames;
	t->max_maptrack = max_maptrack;
	t->free_handle = NO_HANDLE;
	t->shared = xnew_array(struct grant_entry_v1 *, max_frames);
	t->active = xnew_array(struct active *, max_frames);
	t->maptrack = xnew_array(struct maptrack *, max_maptrack + 1);
	d->grant = t;
	ok = t->shared && t->active && t->maptrack && grant_grow(d, 1);
	if (!ok)
		grant_destroy(d);
	return ok ? 0 : -ENOMEM;
}

/*
 * The references of a mapping in its page tables go with those tables; what a
 * device mapping holds is dropped here. No vcpu of @d runs any more.
 */
static void drop_mapping(struct domain *d, u32 handle, const struct maptrack *m)
{
	bool write = !(m->flags & GNTMAP_readonly);

	if (m->flags & GNTMAP_device_map) {
		grant_put_frame(grant_pinned_mfn(m->granter, m->ref), write);
		grant_unpin(m->granter, m->ref, write);
	}
	if (m->flags & GNTMAP_host_map)
		grant_unpin(m->granter, m->ref, write);
	handle_release(d, handle, 0);
}

int grant_release_mappings(struct domain *d)
{
	struct grant_table *t = d->grant;
	u32 end = t->nr_maptrack * HANDLES_PER_FRAME;
	struct maptrack m;

	for (u32 n = 0; t->release_next < end; n++) {
		if (n == 4 * HANDLES_PER_FRAME)
			return -ERESTART;
		if (handle_claim(d, t->release_next, &m))
			drop_mapping(d, t->release_next, &m);
		t->release_next++;
	}
	return 0;
}

void grant_destroy(struct domain *d)
{
	struct grant_table *t = d->grant;

	for (u32 i = 0; i < t->nr_frames; i++) {
		unshare_frame(va_to_page(t->shared[i]));
		free_pages(t->active[i], 1);
	}
	for (u32 i = 0; i < t->nr_maptrack; i++)
		free_page(t->maptrack[i]);
	xfree(t->shared);
	xfree(t->active);
	xfree(t->maptrack);
	xfree(t);
	d->grant = NULL;
}
