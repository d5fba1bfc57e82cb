/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall 20, grant_table_op: dispatch, and the commands about the table
 * itself. Each operation's result is in its own status; the call fails only if
 * its arguments can't be read or written. (public/grant_table.h)
 */
#include "gnttab.h"
#include <xen/hypercall.h>
#include <xen/lib.h>

long grant_continue(u32 cmd, u64 uop, u32 count, u32 done, size_t size)
{
	return hypercall_restart(__HYPERVISOR_grant_table_op, 3, (u64)cmd, uop + done * size,
				 (u64)count - done);
}

/* The domain a command is about, referenced: the caller's own, or any for a control domain. */
static struct domain *target(domid_t id, s16 *status)
{
	struct domain *d = get_domain_or_self(id);

	*status = d ? GNTST_okay : GNTST_bad_domain;
	if (d && (!may_control(d) || !d->grant)) {
		put_domain(d);
		*status = may_control(d) ? GNTST_bad_domain : GNTST_permission_denied;
		return NULL;
	}
	return d;
}

static s16 setup_table(struct gnttab_setup_table *op)
{
	s16 status;
	struct domain *d = target(op->dom, &status);

	if (!d)
		return status;
	spin_lock(&d->grant->lock);
	if (!grant_grow(d, op->nr_frames))
		status = GNTST_general_error;
	spin_unlock(&d->grant->lock);
	/* Frames are never taken away again, so the list can be read without the lock. */
	for (u32 i = 0; !status && i < op->nr_frames; i++) {
		xen_pfn_t mfn = grant_frame_mfn(d->grant, i);

		if (put_guest(handle_va(op->frame_list), i, &mfn))
			status = GNTST_bad_virt_addr;
	}
	put_domain(d);
	return status;
}

static long op_setup_table(void *arg)
{
	struct gnttab_setup_table *op = arg;

	op->status = setup_table(op);
	return 0;
}

static long op_query_size(void *arg)
{
	struct gnttab_query_size *op = arg;
	struct domain *d = target(op->dom, &op->status);

	if (d) {
		op->nr_frames = READ_ONCE(d->grant->nr_frames);
		op->max_nr_frames = d->grant->max_frames;
		put_domain(d);
	}
	return 0;
}

/*
 * Version 1 is what every table has. Version 2 is for frame numbers beyond 32 bits, machines with
 * more than 16 TB: only there does Linux ask for it, and it goes on with 1 when 2 is refused.
 */
static long op_set_version(void *arg)
{
	const struct gnttab_set_version *op = arg;

	if (op->version != 1)
		return op->version == 2 ? -ENOSYS : -EINVAL;
	return 0;
}

static long op_get_version(void *arg)
{
	struct gnttab_get_version *op = arg;
	s16 status;
	struct domain *d = target(op->dom, &status);

	if (!d)
		return status == GNTST_permission_denied ? -EPERM : -ESRCH;
	put_domain(d);
	op->version = 1;
	return 0;
}

/* Status frames are version 2's. */
static long op_get_status_frames(void *arg)
{
	struct gnttab_get_status_frames *op = arg;
	struct domain *d = target(op->dom, &op->status);

	if (d) {
		put_domain(d);
		op->status = GNTST_general_error;
	}
	return 0;
}

/* ---- swap ----------------------------------------------------------------------- */

static s16 swap_refs(u32 a, u32 b)
{
	struct grant_table *t = current->domain->grant;
	struct grant_entry_v1 *sa, *sb, tmp;
	struct active *aa, *ab;
	s16 status = GNTST_bad_gntref;

	spin_lock(&t->lock);
	if (a >= t->nr_frames * REFS_PER_FRAME || b >= t->nr_frames * REFS_PER_FRAME)
		goto out;
	aa = &t->active[a / REFS_PER_FRAME][a % REFS_PER_FRAME];
	ab = &t->active[b / REFS_PER_FRAME][b % REFS_PER_FRAME];
	status = GNTST_eagain;
	if (aa->readers || aa->writers || ab->readers || ab->writers)
		goto out;
	sa = &t->shared[a / REFS_PER_FRAME][a % REFS_PER_FRAME];
	sb = &t->shared[b / REFS_PER_FRAME][b % REFS_PER_FRAME];
	tmp = *sa;
	*sa = *sb;
	*sb = tmp;
	status = GNTST_okay;
out:
	spin_unlock(&t->lock);
	return status;
}

static long op_swap(void *arg)
{
	struct gnttab_swap_grant_ref *op = arg;

	op->status = swap_refs(op->ref_a, op->ref_b);
	return 0;
}

/* ---- dump ------------------------------------------------------------------------- */

static void dump_table(struct domain *d)
{
	struct grant_table *t = d->grant;

	if (!t)
		return;
	spin_lock(&t->lock);
	printk(LOG_WARN "d%u: %u of %u grant frames, %u of %u maptrack frames; entries in use:\n",
	       d->id, t->nr_frames, t->max_frames, t->nr_maptrack, t->max_maptrack);
	for (u32 ref = 0; ref < t->nr_frames * REFS_PER_FRAME; ref++) {
		const struct active *a = &t->active[ref / REFS_PER_FRAME][ref % REFS_PER_FRAME];

		if (a->readers || a->writers)
			printk(LOG_WARN "  %u: frame %x for d%u, %u reading, %u writing\n", ref, a->mfn,
			       a->dom, a->readers, a->writers);
	}
	spin_unlock(&t->lock);
}

static long op_dump_table(void *arg)
{
	struct gnttab_dump_table *op = arg;
	struct domain *d;

	op->status = GNTST_permission_denied;
	d = is_control_domain(current->domain) ? target(op->dom, &op->status) : NULL;
	if (d) {
		dump_table(d);
		put_domain(d);
	}
	return 0;
}

void dump_grants(void)
{
	struct domain *d;

	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		dump_table(d);
	spin_unlock(&domlist_lock);
}

/* ---- dispatch ------------------------------------------------------------------------ */

#define ONE(name, fn)	[GNTTABOP_##name] = { { fn, NULL, sizeof(struct gnttab_##name), true }, false }
#define MANY(name, fn)	[GNTTABOP_##name] = { { fn, NULL, sizeof(struct gnttab_##name), true }, true }

/* Not there: transfer, which Linux gave up long ago, and cache_flush, which is for ARM. */
static const struct grant_command {
	struct arg_command c;
	bool many;			/* a call holds an array of them */
} commands[] = {
	MANY(map_grant_ref, grant_op_map),
	ONE(setup_table, op_setup_table),
	ONE(dump_table, op_dump_table),
	MANY(copy, grant_op_copy),
	ONE(query_size, op_query_size),
	ONE(set_version, op_set_version),
	ONE(get_status_frames, op_get_status_frames),
	ONE(get_version, op_get_version),
	MANY(swap_grant_ref, op_swap),
};

static long run_many(u32 cmd, u64 uop, u32 count)
{
	const struct arg_command *c = &commands[cmd].c;
	long ret = 0;

	for (u32 i = 0; i < count && !ret; i++) {
		if (i && i % GRANT_BATCH == 0 && preempt_check())
			return grant_continue(cmd, uop, count, i, c->size);
		ret = run_command(c, uop + (u64)i * c->size);
	}
	return ret;
}

long do_grant_table_op(u64 cmd, u64 uop, u64 count)
{
	if (count > INT32_MAX)
		return -EINVAL;
	/* These two have a step between taking mappings out and letting frames go: a flush. */
	if (cmd == GNTTABOP_unmap_grant_ref || cmd == GNTTABOP_unmap_and_replace)
		return grant_op_unmap(cmd, uop, count);
	if (cmd >= ARRAY_SIZE(commands) || !commands[cmd].c.fn)
		return -ENOSYS;
	if (commands[cmd].many)
		return run_many(cmd, uop, count);
	return count == 1 ? run_command(&commands[cmd].c, uop) : -EINVAL;
}
