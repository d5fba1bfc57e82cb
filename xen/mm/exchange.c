/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XENMEM_exchange: a domain gives frames and gets as many others, contiguous or
 * below some address: how Linux makes buffers for DMA.
 *
 * The work is done in groups: as many input extents as make up whole output
 * extents, and the reverse. A group is exchanged as a whole or not at all, in
 * three steps: take the old frames from the domain (possible only while nothing
 * else refers to them), give it the new ones, free the old ones. Linux exchanges
 * one group per call and relies on that.
 */
#include <xen/lib.h>
#include "memory.h"

#define GROUP_ORDER_MAX	11

struct group {
	struct domain *d;
	u64 nr_in, nr_out;		/* extents */
	unsigned in_order, out_order, memf;
	u64 frames;
	vaddr_t in_list, out_list;	/* of this group, in the caller's memory */
	/* of each frame; new and gpfn by output extent */
	struct { u64 old, old_pfn; struct page_info *new; u64 gpfn; } e[];
};

/* Read the lists, and see that the answer can be written. */
static long read_group(struct group *g)
{
	xen_pfn_t n;

	for (u64 i = 0; i < g->nr_in; i++) {
		if (get_guest(&n, g->in_list, i))
			return -EFAULT;
		for (u64 j = 0; j < 1UL << g->in_order; j++)
			g->e[(i << g->in_order) + j].old = n + j;
	}
	for (u64 i = 0; i < g->nr_out; i++) {
		if (get_guest(&n, g->out_list, i) || put_guest(g->out_list, i, &n))
			return -EFAULT;
		if (n + (1UL << g->out_order) < n)
			return -EINVAL;
		g->e[i].gpfn = n;
	}
	return 0;
}

static void return_new(struct group *g, u64 n)
{
	for (u64 i = 0; i < n; i++)
		free_frames(g->e[i].new, g->out_order);
}

static long alloc_new(struct group *g)
{
	for (u64 i = 0; i < g->nr_out; i++) {
		g->e[i].new = alloc_domain_frames(g->d, g->out_order, g->memf);
		if (!g->e[i].new) {
			return_new(g, i);
			return -ENOMEM;
		}
	}
	return 0;
}

static void give_old_back(struct group *g, u64 n)
{
	for (u64 i = 0; i < n; i++) {
		struct page_info *pg = mfn_to_page(g->e[i].old);

		if (assign_frames(g->d, pg, 0))		/* as in give_new() */
			free_frames(pg, 0);
		else
			set_m2p(g->e[i].old, g->e[i].old_pfn);
	}
}

/* A frame that is named twice fails the second time, as it isn't the domain's any more. */
static long take_old(struct group *g)
{
	for (u64 i = 0; i < g->frames; i++) {
		mfn_t mfn = g->e[i].old;
		bool ok = mfn_valid(mfn);

		if (ok) {
			g->e[i].old_pfn = READ_ONCE(m2p_table[mfn]);
			ok = steal_frame(g->d, mfn_to_page(mfn));
		}
		if (!ok) {
			give_old_back(g, i);
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * The domain has room for the frames that it just lost, unless it dies or takes others at the
 * same time. Then what it has of the new ones goes away as if it had given it back.
 */
static long give_new(struct group *g)
{
	for (u64 i = 0; i < g->nr_out; i++) {
		if (!assign_frames(g->d, g->e[i].new, g->out_order))
			continue;
		for (u64 j = 0; j < i << g->out_order; j++)
			remove_frame(g->d, page_to_mfn(g->e[j >> g->out_order].new) +
					   (j & ((1UL << g->out_order) - 1)));
		for (; i < g->nr_out; i++)
			free_frames(g->e[i].new, g->out_order);
		return -EINVAL;
	}
	return 0;
}

/*
 * The old frames, if they are a row already that would do. Frees the heap from having both
 * rows at once, which matters where low memory is scarce.
 */
static bool row_will_do(const struct group *g)
{
	unsigned bits = MEMF_bits(g->memf);
	mfn_t first = g->e[0].old;

	if (g->nr_out != 1 || (first & (g->frames - 1)))
		return false;
	if (bits && bits < 64 && (first + g->frames) << PAGE_SHIFT > 1UL << bits)
		return false;
	for (u64 i = 0; i < g->frames; i++)
		if (g->e[i].old != first + i)
			return false;
	return true;
}

static long exchange_in_place(struct group *g)
{
	long rc = take_old(g);

	if (!rc)
		for (u64 i = 0; i < g->frames; i++)
			g->e[i].old_pfn = g->e[0].gpfn + i;
	if (!rc) {
		g->e[0].new = mfn_to_page(g->e[0].old);
		give_old_back(g, g->frames);
	}
	return rc;
}

static long exchange_group(struct group *g)
{
	xen_pfn_t mfn;
	long rc = read_group(g);

	if (rc)
		return rc;
	if (row_will_do(g)) {
		rc = exchange_in_place(g);
	} else {
		rc = alloc_new(g);
		if (rc)
			return rc;
		rc = take_old(g);
		if (rc) {
			return_new(g, g->nr_out);
			return rc;
		}
		rc = give_new(g);
		if (rc) {
			give_old_back(g, g->frames);
			return rc;
		}
		for (u64 i = 0; i < g->frames; i++)
			free_frames(mfn_to_page(g->e[i].old), 0);
		for (u64 i = 0; i < g->nr_out; i++)
			for (u64 j = 0; j < 1UL << g->out_order; j++)
				set_m2p(page_to_mfn(g->e[i].new) + j, g->e[i].gpfn + j);
	}
	for (u64 i = 0; i < g->nr_out && !rc; i++) {
		mfn = page_to_mfn(g->e[i].new);
		rc = put_guest(g->out_list, i, &mfn);
	}
	return rc;
}

static long check(const struct xen_memory_exchange *x)
{
	const struct xen_memory_reservation *in = &x->in, *out = &x->out;
	unsigned order = MAX(in->extent_order, out->extent_order);
	unsigned bits = XENMEMF_get_address_bits(out->mem_flags);

	if (order > MIN(max_order(), (unsigned)GROUP_ORDER_MAX))
		return -EPERM;
	if (in->domid != out->domid || x->nr_exchanged > in->nr_extents ||
	    in->nr_extents > ~0UL >> (in->extent_order + 8) ||
	    out->nr_extents > ~0UL >> (out->extent_order + 8) ||
	    in->nr_extents << in->extent_order != out->nr_extents << out->extent_order)
		return -EINVAL;
	/* whole groups, also of what is done */
	if ((in->nr_extents | x->nr_exchanged) & ((1UL << (order - in->extent_order)) - 1))
		return -EINVAL;
	if (bits && bits < out->extent_order + PAGE_SHIFT)
		return -ENOMEM;
	return 0;
}

/* *x is the caller's struct; nr_exchanged counts on. -ERESTART: there is more to do. */
static long exchange_all(struct domain *d, struct xen_memory_exchange *x)
{
	unsigned order = MAX(x->in.extent_order, x->out.extent_order);
	struct group *g;
	long rc = 0;

	g = xmalloc(sizeof(*g) + (sizeof(g->e[0]) << order));
	if (!g)
		return -ENOMEM;
	g->d = d;
	g->in_order = x->in.extent_order;
	g->out_order = x->out.extent_order;
	g->frames = 1UL << order;
	g->nr_in = 1UL << (order - g->in_order);
	g->nr_out = 1UL << (order - g->out_order);
	g->memf = MEMF_bits(XENMEMF_get_address_bits(x->out.mem_flags)) | alloc_flags(d);
	while (x->nr_exchanged < x->in.nr_extents && !rc) {
		u64 out = (x->nr_exchanged << g->in_order) >> g->out_order;

		g->in_list = handle_va(x->in.extent_start) + x->nr_exchanged * sizeof(xen_pfn_t);
		g->out_list = handle_va(x->out.extent_start) + out * sizeof(xen_pfn_t);
		rc = exchange_group(g);
		if (rc)
			break;
		x->nr_exchanged += g->nr_in;
		if (x->nr_exchanged < x->in.nr_extents && preempt_check())
			rc = -ERESTART;
	}
	xfree(g);
	return rc;
}

long memory_exchange(u64 arg)
{
	struct xen_memory_exchange x;
	struct domain *d;
	long rc;

	if (copy_from_guest(&x, arg, sizeof(x)))
		return -EFAULT;
	rc = check(&x);
	if (rc)
		return rc;
	d = get_domain_or_self(x.in.domid);
	if (!d)
		return -ESRCH;
	rc = may_control(d) ? exchange_all(d, &x) : -EPERM;
	put_domain(d);
	if (copy_to_guest(arg + offsetof(struct xen_memory_exchange, nr_exchanged),
			  &x.nr_exchanged, sizeof(x.nr_exchanged)))
		return -EFAULT;
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_memory_op, 2, (u64)XENMEM_exchange, arg);
	return rc;
}
