/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FIFO delivery. (public/event_channel.h, "FIFO ABI") The guest gives pages of event words, one
 * word for each port, and a control block for each vcpu. A vcpu has 16 queues, one per priority:
 * lists of ports, chained through the LINK fields of their words. We append at the tail:
 *
 *	we					the guest
 *	set PENDING				takes the port at the head: LINKED and LINK are cleared
 *	unless MASKED or LINKED: set LINKED	in one step; the LINK it had is the next head, if that
 *	if the tail is still LINKED, its LINK	is 0 the next one will be found in the control block;
 *	is the port; otherwise the port is	if PENDING and not MASKED, handles the port
 *	the head, and the queue ready
 *
 * So a port is the tail of a queue as long as nothing was linked behind it, though it was taken out
 * long ago. Before it goes to another queue, as it has a new vcpu or priority, the old queue must
 * forget it, or what comes next there would be linked behind it in the wrong queue. That is why
 * each port remembers where it was linked last.
 *
 * Locks: each vcpu has one for its queues, innermost of all. Who touches a port's word holds that of
 * the vcpu on which the port was linked last, so the word of a tail changes under our hands only by
 * the guest's doing; who links it holds that of the vcpu where it goes too. Pages and control blocks
 * are used with one of these locks held, and given back after each has been taken once.
 *
 * The guest writes words and control blocks as it likes; tails and last places are ours. A guest
 * that lies misses its own events.
 */
#include "evtchn.h"
#include <xen/lib.h>

#define WORDS_PER_PAGE	(PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES	(EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

#define WORD_PENDING	(1u << EVTCHN_FIFO_PENDING)
#define WORD_MASKED	(1u << EVTCHN_FIFO_MASKED)
#define WORD_LINKED	(1u << EVTCHN_FIFO_LINKED)
#define WORD_BUSY	(1u << EVTCHN_FIFO_BUSY)

_Static_assert(WORD_LINKED == PORT_LINKED << EVTCHN_FIFO_LINKED &&
	       WORD_MASKED == PORT_MASKED << EVTCHN_FIFO_LINKED &&
	       WORD_PENDING == PORT_PENDING << EVTCHN_FIFO_LINKED, "flags");

/*
 * While a word is BUSY, a guest may set MASKED, clear PENDING, set it again, and clear LINKED, once
 * each; before we set that, it may have done one more thing.
 */
#define LINK_TRIES	6

struct fifo_vcpu {
	spinlock_t lock;
	u32 tail[EVTCHN_FIFO_MAX_QUEUES];	/* lock: port linked last; 0: none */
	struct evtchn_fifo_control_block *control;	/* lock: in a frame held writable; or NULL */
};

struct evtchn_fifo {
	u32 nr_pages;			/* evtchn lock; grows by one, or becomes 0 */
	event_word_t *page[MAX_PAGES];	/* frames held writable */
	struct fifo_vcpu vcpu[];	/* [max_vcpus] */
};

static event_word_t *word_at(const struct evtchn_fifo *f, u32 port)
{
	return f->page[port / WORDS_PER_PAGE] + port % WORDS_PER_PAGE;
}

/* NULL if the guest hasn't given it yet. A queue lock held. */
static event_word_t *word_of(const struct evtchn_fifo *f, u32 port)
{
	if (port / WORDS_PER_PAGE >= __atomic_load_n(&f->nr_pages, __ATOMIC_ACQUIRE))
		return NULL;
	return word_at(f, port);
}

/* ---- locks ---------------------------------------------------------------------- */

/* The vcpus where a port was linked last, and where it goes next: both queues are locked. */
struct places { u32 last, next; };

static __attribute__((noinline)) struct places lock_both(struct evtchn_fifo *f,
							  const struct evtchn *ch)
{
	struct places p = { .next = READ_ONCE(ch->vcpu) };

	for (;;) {
		p.last = READ_ONCE(ch->last_vcpu);
		spin_lock(&f->vcpu[MIN(p.last, p.next)].lock);
		if (p.last != p.next)
			spin_lock(&f->vcpu[MAX(p.last, p.next)].lock);
		if (READ_ONCE(ch->last_vcpu) == p.last)
			return p;
		/* Another CPU linked it elsewhere meanwhile. */
		spin_unlock(&f->vcpu[p.last].lock);
		if (p.last != p.next)
			spin_unlock(&f->vcpu[p.next].lock);
	}
}

static inline struct places lock_places(struct evtchn_fifo *f, const struct evtchn *ch)
{
	struct places p = { READ_ONCE(ch->last_vcpu), READ_ONCE(ch->vcpu) };

	if (unlikely(p.last != p.next))
		return lock_both(f, ch);
	spin_lock(&f->vcpu[p.next].lock);
	if (likely(READ_ONCE(ch->last_vcpu) == p.next))
		return p;
	spin_unlock(&f->vcpu[p.next].lock);
	return lock_both(f, ch);
}

static inline void unlock_places(struct evtchn_fifo *f, struct places p)
{
	spin_unlock(&f->vcpu[p.next].lock);
	if (unlikely(p.last != p.next))
		spin_unlock(&f->vcpu[p.last].lock);
}

/* ---- linking ---------------------------------------------------------------------- */

/* Link @port behind the tail. False if the guest has taken that out. */
static bool append(event_word_t *tail, u32 port)
{
	event_word_t w = READ_ONCE(*tail);

	for (int i = 0; i < LINK_TRIES && (w & WORD_LINKED); i++) {
		if (cmpxchg(tail, w, (w & ~(WORD_BUSY | EVTCHN_FIFO_LINK_MASK)) | port) == w)
			return true;
		/* BUSY keeps the guest from unmasking, so that it comes to an end. */
		if (!i)
			__atomic_fetch_or(tail, WORD_BUSY, __ATOMIC_SEQ_CST);
		w = READ_ONCE(*tail);
	}
	if (READ_ONCE(*tail) & WORD_BUSY)
		__atomic_fetch_and(tail, ~WORD_BUSY, __ATOMIC_SEQ_CST);
	return false;
}

/*
 * Put a port that is PENDING and not MASKED in its queue, unless it is in one. True: the vcpu must
 * be told. A vcpu without control block learns nothing: it will with the next event after it has one.
 */
static bool link_port(struct evtchn_fifo *f, struct evtchn *ch, u32 port, event_word_t *word,
		      struct places p)
{
	struct fifo_vcpu *v = &f->vcpu[p.next];
	u8 queue = READ_ONCE(ch->priority);
	u32 *last = &f->vcpu[p.last].tail[ch->last_priority], tail;

	if (!v->control || test_and_set_bit(EVTCHN_FIFO_LINKED, word))
		return false;
	/* It was in no queue. So where it is the tail, the guest has taken out all. */
	if (*last == port)
		*last = 0;
	WRITE_ONCE(ch->last_vcpu, p.next);
	ch->last_priority = queue;

	tail = v->tail[queue];
	v->tail[queue] = port;
	if (tail && append(word_at(f, tail), port))
		return false;
	WRITE_ONCE(v->control->head[queue], port);
	return !test_and_set_bit(queue, &v->control->ready);
}

static bool fifo_set_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn_fifo *f = d->evtchn.fifo;
	struct places p = lock_places(f, ch);
	event_word_t *word = word_of(f, port);
	bool was_pending, tell = false;

	if (word) {
		was_pending = test_and_set_bit(EVTCHN_FIFO_PENDING, word);
		/* Pending already, but in no queue: the guest may have dropped it there. */
		if (!(READ_ONCE(*word) & (WORD_MASKED | WORD_LINKED)))
			tell = link_port(f, ch, port, word, p);
	} else {
		was_pending = ch->kept;
		ch->kept = true;
	}
	unlock_places(f, p);
	if (tell)
		vcpu_mark_events_pending(d->vcpu[p.next]);
	return !was_pending;
}

static void fifo_clear_pending(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn_fifo *f = d->evtchn.fifo;
	struct places p = lock_places(f, ch);
	event_word_t *word = word_of(f, port);

	ch->kept = false;
	if (word)
		__atomic_fetch_and(word, ~WORD_PENDING, __ATOMIC_SEQ_CST);
	unlock_places(f, p);
}

static void fifo_unmask(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn_fifo *f = d->evtchn.fifo;
	struct places p = lock_places(f, ch);
	event_word_t *word = word_of(f, port);
	bool tell = false;

	if (word)
		__atomic_fetch_and(word, ~WORD_MASKED, __ATOMIC_SEQ_CST);
	if (word && (READ_ONCE(*word) & WORD_PENDING))
		tell = link_port(f, ch, port, word, p);
	unlock_places(f, p);
	if (tell)
		vcpu_mark_events_pending(d->vcpu[p.next]);
}

static u32 fifo_flags(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn_fifo *f = d->evtchn.fifo;
	event_word_t *word;
	struct places p;
	u32 flags;

	if (!ch)
		return PORT_MASKED;
	p = lock_places(f, ch);
	word = word_of(f, port);
	flags = word ? READ_ONCE(*word) >> EVTCHN_FIFO_LINKED :
		ch->kept ? PORT_MASKED | PORT_PENDING : PORT_MASKED;
	unlock_places(f, p);
	return flags;
}

const struct evtchn_abi fifo_abi = {
	.name = "FIFO",
	.nr_ports = EVTCHN_FIFO_NR_CHANNELS,
	.set_pending = fifo_set_pending,
	.clear_pending = fifo_clear_pending,
	.unmask = fifo_unmask,
	.flags = fifo_flags,
};

/* ---- control blocks and pages ------------------------------------------------------ */

/* From two levels, with what is pending there. evtchn lock. */
static void start(struct domain *d)
{
	struct evtchn *ch;

	__atomic_store_n(&d->evtchn.abi, &fifo_abi, __ATOMIC_SEQ_CST);
	for (u32 port = 1; port < EVTCHN_2L_PORTS && (ch = evtchn_lookup(d, port)); port++)
		if (test_and_clear_bit(port, d->shared_info->evtchn_pending) && ch->state != ECS_FREE)
			WRITE_ONCE(ch->kept, true);
}

/* evtchn lock. */
static int add_control(struct domain *d, u32 vcpu, struct evtchn_fifo_control_block *control)
{
	struct evtchn_domain *e = &d->evtchn;
	struct fifo_vcpu *v;

	if (e->closed)
		return -EINVAL;
	if (!e->fifo) {
		e->fifo = xmalloc(sizeof(*e->fifo) + d->max_vcpus * sizeof(e->fifo->vcpu[0]));
		for (u32 i = 0; e->fifo && i < d->max_vcpus; i++)
			spin_lock_init(&e->fifo->vcpu[i].lock, LOCK_FIFO);
	}
	if (!e->fifo)
		return -ENOMEM;
	v = &e->fifo->vcpu[vcpu];
	if (v->control)
		return -EINVAL;
	spin_lock(&v->lock);
	v->control = control;
	spin_unlock(&v->lock);
	if (e->abi != &fifo_abi)
		start(d);
	return 0;
}

int fifo_init_control(u32 vcpu, mfn_t mfn, u32 offset)
{
	struct domain *d = current->domain;
	u8 *frame;
	int rc;

	if (!own_vcpu(vcpu))
		return -ENOENT;
	if (offset % 8 || offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block))
		return -EINVAL;
	frame = get_event_frame(d, mfn);
	if (!frame)
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	rc = add_control(d, vcpu, (void *)(frame + offset));
	spin_unlock(&d->evtchn.lock);
	if (rc)
		put_event_frame(frame);
	return rc;
}

static bool take_kept(struct evtchn_fifo *f, struct evtchn *ch)
{
	struct places p = lock_places(f, ch);
	bool kept = ch->kept;

	ch->kept = false;
	unlock_places(f, p);
	return kept;
}

/* Raise what came while the words of page @n weren't there. evtchn lock. */
static void raise_kept(struct domain *d, u32 n)
{
	struct evtchn *ch;

	for (u32 port = n * WORDS_PER_PAGE; port < (n + 1) * WORDS_PER_PAGE; port++) {
		ch = evtchn_lookup(d, port);
		if (!ch)
			return;
		if (ch->state != ECS_FREE && take_kept(d->evtchn.fifo, ch))
			evtchn_set_pending(d, ch, port);
	}
}

int fifo_expand_array(mfn_t mfn)
{
	struct domain *d = current->domain;
	struct evtchn_domain *e = &d->evtchn;
	event_word_t *page;
	u32 n;
	int rc = 0;

	if (evtchn_abi(d) != &fifo_abi)
		return -ENOSYS;
	page = get_event_frame(d, mfn);
	if (!page)
		return -EINVAL;
	spin_lock(&e->lock);
	n = e->fifo->nr_pages;
	if (e->closed || e->abi != &fifo_abi)
		rc = -EINVAL;
	else if (n == MAX_PAGES)
		rc = -ENOSPC;
	if (!rc) {
		e->fifo->page[n] = page;
		__atomic_store_n(&e->fifo->nr_pages, n + 1, __ATOMIC_RELEASE);
		raise_kept(d, n);
	}
	spin_unlock(&e->lock);
	if (rc)
		put_event_frame(page);
	return rc;
}

/* Returned, to be put when the evtchn lock is dropped: a frame's last reference takes outer locks. */
static void *take_control(struct fifo_vcpu *v)
{
	void *control;

	spin_lock(&v->lock);
	control = v->control;
	v->control = NULL;
	memset(v->tail, 0, sizeof(v->tail));
	spin_unlock(&v->lock);
	return control;
}

void fifo_stop(struct domain *d)
{
	struct evtchn_fifo *f = d->evtchn.fifo;
	void *held[MAX_PAGES + MAX_VCPUS];
	unsigned n = 0;

	if (!f)
		return;
	spin_lock(&d->evtchn.lock);
	__atomic_store_n(&d->evtchn.abi, &two_level_abi, __ATOMIC_SEQ_CST);
	for (; n < f->nr_pages; n++)
		held[n] = f->page[n];
	WRITE_ONCE(f->nr_pages, 0);
	for (unsigned i = 0; i < d->max_vcpus; i++) {
		held[n] = take_control(&f->vcpu[i]);
		n += held[n] != NULL;
	}
	spin_unlock(&d->evtchn.lock);
	while (n)
		put_event_frame(held[--n]);
}

void fifo_undo_control(u32 vcpu)
{
	struct domain *d = current->domain;
	struct evtchn_fifo *f = d->evtchn.fifo;
	void *control;
	bool last = true;

	spin_lock(&d->evtchn.lock);
	control = take_control(&f->vcpu[vcpu]);
	for (unsigned i = 0; i < d->max_vcpus; i++)
		last &= !f->vcpu[i].control;
	spin_unlock(&d->evtchn.lock);
	if (control)
		put_event_frame(control);
	if (last)
		fifo_stop(d);
}

/* ---- debug key 'e' ------------------------------------------------------------------- */

static void dump_queues(struct evtchn_fifo *f, unsigned id)
{
	struct evtchn_fifo_control_block c;
	u32 tail[EVTCHN_FIFO_MAX_QUEUES];
	bool used;

	spin_lock(&f->vcpu[id].lock);
	memcpy(tail, f->vcpu[id].tail, sizeof(tail));
	used = f->vcpu[id].control;
	if (used)
		memcpy(&c, f->vcpu[id].control, sizeof(c));
	spin_unlock(&f->vcpu[id].lock);
	if (!used)
		return;
	printk(LOG_WARN "  vcpu %u: queues ready %04x\n", id, c.ready);
	for (unsigned q = 0; q < EVTCHN_FIFO_MAX_QUEUES; q++)
		if (tail[q])
			printk(LOG_WARN "    priority %u: first read %u, last linked %u\n", q, c.head[q],
			       tail[q]);
}

/* evtchn lock. */
void fifo_dump(struct domain *d)
{
	if (d->evtchn.abi != &fifo_abi)
		return;
	printk(LOG_WARN "  FIFO: %u pages of event words\n", d->evtchn.fifo->nr_pages);
	for (unsigned i = 0; i < d->max_vcpus; i++)
		dump_queues(d->evtchn.fifo, i);
}
