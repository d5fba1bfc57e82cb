/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers: for each CPU a pairing heap, ordered by time of expiry, and the CPU's one-shot
 * hardware timer set for the first. A heap of links inside the timers needs no memory
 * and can't fail. (Fredman, Sedgewick, Sleator, Tarjan: The pairing heap, 1986)
 *
 * Stopping a timer leaves the hardware as it is: one interrupt too many is cheaper than
 * a write to the hardware at each stop, since most timers are stopped before they expire.
 */
#include <xen/console.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/time.h>

#define SLOP	MICROSECS(50)	/* a timer may be so late rather than have the hardware set again */

static struct timer_queue {
	spinlock_t lock;
	struct timer *root;		/* the first to expire */
	struct timer *running;		/* whose callback runs now */
	stime_t armed;			/* what the hardware is set for; 0: off */
	stime_t ran;			/* run_timers() has seen to what was due then */
	u64 interrupts;			/* own CPU */
} queues[NR_CPUS];

/* ---- the heap ------------------------------------------------------------------- */

/* Two heaps become one. Roots have neither prev nor next. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->expires < a->expires) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next)
		b->next->prev = b;
	b->prev = a;
	a->child = b;
	return a;
}

/* The siblings from @t on become one heap: in pairs from the left, then all from the right. */
static struct timer *meld_siblings(struct timer *t)
{
	struct timer *pairs = NULL, *heap = NULL;

	while (t) {
		struct timer *a = t, *b = t->next;

		t = b ? b->next : NULL;
		a->prev = a->next = NULL;
		if (b)
			b->prev = b->next = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		heap = meld(heap, a);
	}
	return heap;
}

static void insert(struct timer_queue *q, struct timer *t)
{
	t->child = t->next = t->prev = NULL;
	t->set = true;
	q->root = meld(q->root, t);
}

static void take_out(struct timer_queue *q, struct timer *t)
{
	struct timer *rest = meld_siblings(t->child);

	if (q->root == t) {
		q->root = rest;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next)
			t->next->prev = t->prev;
		q->root = meld(q->root, rest);
	}
	t->child = t->next = t->prev = NULL;
	t->set = false;
}

/* ---- the interface --------------------------------------------------------------- */

/* The queue of the timer's CPU, locked; the timer may move until it is. */
static struct timer_queue *lock_queue(struct timer *t)
{
	for (;;) {
		unsigned cpu = READ_ONCE(t->cpu);

		spin_lock(&queues[cpu].lock);
		if (t->cpu == cpu)
			return &queues[cpu];
		spin_unlock(&queues[cpu].lock);
	}
}

/* The queue's first timer may have changed: see to it that the hardware fires in time. */
static void rearm(struct timer_queue *q)
{
	unsigned cpu = q - queues;

	if (!q->root || (q->armed && q->root->expires >= q->armed - SLOP))
		return;
	if (cpu != this_cpu()->id) {
		cpu_work(cpu, WORK_TIMER);
		return;
	}
	q->armed = q->root->expires;
	apic_timer_set(q->armed);
}

void __init timer_queues_init(void)
{
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		spin_lock_init(&queues[cpu].lock, LOCK_TIMER);
}

void timer_init(struct timer *t, void (*fn)(void *), void *data, unsigned cpu)
{
	*t = (struct timer){ .fn = fn, .data = data, .cpu = cpu };
}

void timer_set(struct timer *t, stime_t expires)
{
	struct timer_queue *q = lock_queue(t);

	if (!t->dead) {
		perfc_inc(timers_set);
		if (t->set)
			take_out(q, t);
		t->expires = MAX(expires, q->ran + 1);	/* no callback is run twice by one run_timers() */
		insert(q, t);
		rearm(q);
	}
	spin_unlock(&q->lock);
}

void timer_stop(struct timer *t)
{
	struct timer_queue *q = lock_queue(t);

	if (t->set)
		take_out(q, t);
	spin_unlock(&q->lock);
}

/* Both queues are locked, the lower CPU's first, so that the timer is never seen in neither. */
void timer_migrate(struct timer *t, unsigned cpu)
{
	struct timer_queue *to = &queues[cpu], *from;
	bool was_set;

	for (;;) {
		from = &queues[READ_ONCE(t->cpu)];
		if (from == to)
			return;
		spin_lock(&MIN(from, to)->lock);
		spin_lock(&MAX(from, to)->lock);
		if (from == &queues[t->cpu])
			break;
		spin_unlock(&from->lock);
		spin_unlock(&to->lock);
	}
	was_set = t->set;
	if (was_set)
		take_out(from, t);
	WRITE_ONCE(t->cpu, cpu);
	if (was_set) {
		insert(to, t);
		rearm(to);
	}
	spin_unlock(&from->lock);
	spin_unlock(&to->lock);
}

void timer_kill(struct timer *t)
{
	struct timer_queue *q = lock_queue(t);

	t->dead = true;
	if (t->set)
		take_out(q, t);
	spin_unlock(&q->lock);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		while (cpu != this_cpu()->id && READ_ONCE(queues[cpu].running) == t) {
			serve_flush();
			cpu_relax();
		}
	}
}

void timer_interrupt(void)
{
	queues[this_cpu()->id].interrupts++;
	cpu_work(this_cpu()->id, WORK_TIMER);
}

void run_timers(void)
{
	struct timer_queue *q = &queues[this_cpu()->id];
	stime_t until = now();
	struct timer *t;

	spin_lock(&q->lock);
	q->ran = until;
	while ((t = q->root) && t->expires <= until) {
		take_out(q, t);
		q->running = t;
		spin_unlock(&q->lock);
		perfc_inc(timers_run);
		t->fn(t->data);
		spin_lock(&q->lock);
		WRITE_ONCE(q->running, NULL);
	}
	q->armed = q->root ? q->root->expires : 0;
	apic_timer_set(q->armed);
	spin_unlock(&q->lock);
}

/* ---- debug key --------------------------------------------------------------------- */

static void dump_heap(const struct timer *t, stime_t at, unsigned *left)
{
	const char *name;
	u64 offset, size;

	for (; t && *left; t = t->next) {
		(*left)--;
		name = symbol_lookup((vaddr_t)t->fn, &offset, &size);
		printk("  in %ld us: %s(%p)\n", (t->expires - at) / 1000, name ? name : "?", t->data);
		dump_heap(t->child, at, left);
	}
}

void dump_timers(void)
{
	printk("Clock %s, now %ld ns\n", clock_source_name, now());
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		struct timer_queue *q = &queues[cpu];
		unsigned left = 64;

		spin_lock(&q->lock);
		printk("CPU %u: armed for %ld ns, %lu interrupts\n", cpu, q->armed, q->interrupts);
		dump_heap(q->root, now(), &left);
		spin_unlock(&q->lock);
	}
}
