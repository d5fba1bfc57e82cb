/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings of trace records: made once, shared with the control domain, and what is
 * recorded in them. (XEN_SYSCTL_tbuf_op)
 *
 * The reader maps, as frames of DOMID_XEN, first t_info, read-only, which lists the frames of
 * each CPU's ring; then the rings, which it writes too, as it moves cons. Rings are never taken
 * away, so that no CPU can be caught writing one.
 */
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/trace.h>

static u32 opt_tbuf_size;
BOOT_OPTION("tbuf_size", OPT_UINT, opt_tbuf_size, 0, "pages of each CPU's trace buffer, made at boot; 0: by the tools");
static u32 opt_tevt_mask;
BOOT_OPTION("tevt_mask", OPT_UINT, opt_tevt_mask, 0, "trace events from boot on (a mask as in xentrace(8)); needs tbuf_size");

#define INFO_WORDS_MAX	0xffff		/* t_info counts words with 16 bits */
#define LOOK_EVERY	64		/* frames between two looks for interrupts */

static struct t_info *info;		/* NULL: no rings */
static u32 info_bytes;
static u32 making;			/* atomic: a CPU makes the rings */
static u32 wanted_events = TRC_ALL;	/* while enabled */
static bool enabled;
static spinlock_t switch_lock = SPINLOCK_INIT(LOCK_TRACE);	/* the two above, trace_events */

static u32 *info_words(void) { return (u32 *)info; }
static u32 header_words(void) { return ((1 + nr_cpus) * sizeof(u16) + sizeof(u32) - 1) / sizeof(u32); }

/* ---- making the rings ---------------------------------------------------------------- */

static void drop_frames(u32 n)
{
	for (u32 i = 0; i < n; i++)
		free_frames(mfn_to_page(info_words()[header_words() + i]), 0);
}

/* @n frames into the list. The control domain may wait, interrupts may not. */
static int take_frames(u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct page_info *pg = alloc_frames(0, MEMF_ZERO);

		if (!pg) {
			drop_frames(i);
			return -ENOMEM;
		}
		info_words()[header_words() + i] = page_to_mfn(pg);
		if (i % LOOK_EVERY == 0 && !is_idle_vcpu(current))
			preempt_check();
	}
	return 0;
}

static void share_frames(u32 n, unsigned info_order)
{
	for (u32 i = 0; i < n; i++)
		share_frame(mfn_to_page(info_words()[header_words() + i]), dom_xen, true);
	for (u32 i = 0; i < 1u << info_order; i++)
		share_frame(va_to_page(info) + i, dom_xen, false);
}

static void publish(u32 pages)
{
	info->tbuf_size = pages;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		struct trace_ring *r = &trace_rings[cpu];

		info->mfn_offset[cpu] = header_words() + cpu * pages;
		r->mfns = info_words() + info->mfn_offset[cpu];
		r->size = (pages << PAGE_SHIFT) - sizeof(struct t_buf);
		__atomic_store_n(&r->buf, mfn_to_va(r->mfns[0]), __ATOMIC_RELEASE);
	}
}

static int make_rings(u32 pages)
{
	u32 words = header_words() + nr_cpus * pages;
	unsigned order = 0;
	int rc;

	while (PAGE_SIZE << order < words * sizeof(u32))
		order++;
	/* What can't be had is not taken from others first. */
	info = nr_cpus * pages < free_frames_count() ? alloc_pages(order) : NULL;
	rc = info ? take_frames(nr_cpus * pages) : -ENOMEM;
	if (rc) {
		printk(LOG_ERR "Trace buffers: no memory for %u CPUs with %u pages each\n", nr_cpus, pages);
		if (info)
			free_pages(info, order);
		info = NULL;
		return rc;
	}
	info_bytes = PAGE_SIZE << order;
	share_frames(nr_cpus * pages, order);
	publish(pages);
	printk(LOG_INFO "Trace buffers: %u pages for each of %u CPUs\n", pages, nr_cpus);
	return 0;
}

static bool have_rings(void) { return __atomic_load_n(&trace_rings[0].buf, __ATOMIC_ACQUIRE); }

static int set_size(u32 pages)
{
	u32 max = (INFO_WORDS_MAX - header_words()) / nr_cpus;
	int rc;

	if (have_rings() && info->tbuf_size == pages)
		return 0;
	if (have_rings()) {
		printk(LOG_INFO "Trace buffers have %u pages; they can't be made again with %u until the machine restarts\n",
		       info->tbuf_size, pages);
		return -EBUSY;
	}
	if (!pages || pages > max) {
		printk(LOG_ERR "Trace buffers of %u pages: must be 1 to %u with %u CPUs\n", pages, max, nr_cpus);
		return -EINVAL;
	}
	if (xchg(&making, 1))
		return -EBUSY;
	rc = have_rings() ? -EBUSY : make_rings(pages);
	__atomic_store_n(&making, 0, __ATOMIC_RELEASE);
	return rc;
}

/* ---- what is recorded ------------------------------------------------------------------- */

/* switch_lock */
static void apply(void)
{
	u32 events = enabled ? wanted_events : 0;

	WRITE_ONCE(trace_events, events);
	trace_guest_entries(events & TRC_PV & ~0xffff);
}

static int switch_to(bool on)
{
	if (on && !have_rings()) {
		printk(LOG_ERR "Tracing needs buffers: set their size first (xentrace_setsize, or tbuf_size= at boot)\n");
		return -EINVAL;
	}
	spin_lock(&switch_lock);
	enabled = on;
	apply();
	spin_unlock(&switch_lock);
	return 0;
}

static void set_events(u32 mask)
{
	spin_lock(&switch_lock);
	wanted_events = mask;
	apply();
	spin_unlock(&switch_lock);
}

static int set_cpus(u64 mask)
{
	u64 absent = nr_cpus >= 64 ? 0 : mask >> nr_cpus;

	/* The tools leave out what is beyond the machine's CPUs: then nothing may be left. */
	if (absent || !mask) {
		printk(LOG_ERR "Trace mask of CPUs %lx: must name some of CPUs 0 to %u, and no others\n",
		       mask, nr_cpus - 1);
		return -EINVAL;
	}
	WRITE_ONCE(trace_cpus, mask);
	return 0;
}

static void get_info(struct xen_sysctl_tbuf_op *op)
{
	op->evt_mask = READ_ONCE(wanted_events);
	op->buffer_mfn = have_rings() ? va_to_mfn(info) : 0;
	op->size = have_rings() ? info_bytes : 0;
}

int tbuf_op(struct xen_sysctl_tbuf_op *op, u64 cpu_mask)
{
	switch (op->cmd) {
	case XEN_SYSCTL_TBUFOP_get_info:
		get_info(op);
		return 0;
	case XEN_SYSCTL_TBUFOP_set_cpu_mask:
		return set_cpus(cpu_mask);
	case XEN_SYSCTL_TBUFOP_set_evt_mask:
		set_events(op->evt_mask);
		return 0;
	case XEN_SYSCTL_TBUFOP_set_size:
		return set_size(op->size);
	case XEN_SYSCTL_TBUFOP_enable:
		return switch_to(true);
	case XEN_SYSCTL_TBUFOP_disable:
		return switch_to(false);
	}
	return -EINVAL;
}

/* ---- the rest ------------------------------------------------------------------------------ */

void tbuf_notify(void)
{
	unsigned cpu = this_cpu()->id;

	if (trace_rings[cpu].bad)
		printk(LOG_GERR "Trace buffer of CPU %u: its reader set cons to %u, which is impossible; records are lost until it is mended\n",
		       cpu, READ_ONCE(trace_rings[cpu].buf->cons));
	else
		send_global_virq(VIRQ_TBUF);
}

void __init tbuf_init(void)
{
	if (opt_tevt_mask)
		wanted_events = opt_tevt_mask;
	if (opt_tevt_mask && !opt_tbuf_size)
		printk(LOG_WARN "tevt_mask= needs tbuf_size=: nothing is traced\n");
	if (opt_tbuf_size && !set_size(opt_tbuf_size) && opt_tevt_mask)
		switch_to(true);
}
