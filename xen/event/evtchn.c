/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port table of a domain, and how ports change their state. (public/event_channel.h)
 *
 * A port's state is changed under its domain's evtchn lock; an interdomain pair
 * is bound and parted under both domains' locks. So whoever holds the lock of
 * one end may rely on the other end. Each end holds a reference to the other's
 * domain.
 */
#include "evtchn.h"
#include <xen/irq.h>
#include <xen/lib.h>

/* ---- the table ------------------------------------------------------------- */

struct evtchn *evtchn_lookup(const struct domain *d, u32 port)
{
	u32 n = __atomic_load_n(&d->evtchn.nr_buckets, __ATOMIC_ACQUIRE);

	if (port >= n * EVTCHN_PER_BUCKET)
		return NULL;
	return &d->evtchn.bucket[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET];
}

static int grow(struct evtchn_domain *e)
{
	_Static_assert(sizeof(struct evtchn) * EVTCHN_PER_BUCKET <= PAGE_SIZE, "bucket");
	struct evtchn *page = alloc_page();

	if (!page)
		return -ENOMEM;
	e->bucket[e->nr_buckets] = page;
	__atomic_store_n(&e->nr_buckets, e->nr_buckets + 1, __ATOMIC_RELEASE);
	return 0;
}

#define LINKED_MAX	1024	/* a guest can mark all its free ports as linked, and this is done with the lock held */

/*
 * The lowest free one that isn't in a queue of its last use still: the guest, which finds it there,
 * would take it for a new event.
 */
int evtchn_find_free(struct domain *d, u32 *port)
{
	struct evtchn_domain *e = &d->evtchn;
	u32 last = MIN(e->max_port, evtchn_abi(d)->nr_ports - 1);
	unsigned linked = 0;
	struct evtchn *ch;

	if (e->closed)
		return -EINVAL;
	for (u32 p = e->first_free; p <= last && linked < LINKED_MAX; p++) {
		ch = evtchn_lookup(d, p);
		if (!ch) {
			if (grow(e))
				return -ENOMEM;
			ch = evtchn_lookup(d, p);
		}
		if (ch->state != ECS_FREE)
			continue;
		if (!linked)
			e->first_free = p;
		if (!(evtchn_abi(d)->flags(d, ch, p) & PORT_LINKED)) {
			*port = p;
			return 0;
		}
		linked++;
	}
	return -ENOSPC;
}

struct evtchn *evtchn_take(struct domain *d, u32 port, enum evtchn_state state, u16 vcpu)
{
	struct evtchn *ch = evtchn_lookup(d, port);

	ASSERT(ch->state == ECS_FREE);
	if (d->evtchn.first_free == port)
		d->evtchn.first_free = port + 1;
	ch->vcpu = vcpu;
	ch->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	ch->state = state;
	return ch;
}

void evtchn_release(struct domain *d, u32 port)
{
	struct evtchn *ch = evtchn_lookup(d, port);

	ch->state = ECS_FREE;
	memset(&ch->inter, 0, sizeof(ch->inter));
	evtchn_abi(d)->clear_pending(d, ch, port);
	d->evtchn.first_free = MIN(d->evtchn.first_free, port);
}

int evtchn_init(struct domain *d, u32 max_port)
{
	struct evtchn_domain *e = &d->evtchn;

	e->abi = &two_level_abi;
	e->max_port = MIN(max_port, EVTCHN_MAX_PORTS - 1u);
	e->bucket = xnew_array(struct evtchn *, e->max_port / EVTCHN_PER_BUCKET + 1);
	if (!e->bucket)
		return -ENOMEM;
	if (grow(e)) {
		xfree(e->bucket);
		e->bucket = NULL;
		return -ENOMEM;
	}
	e->first_free = e->close_next = 1;
	evtchn_lookup(d, 0)->state = ECS_RESERVED;	/* 0 means "no port" to guests */
	return 0;
}

void evtchn_free(struct domain *d)
{
	struct evtchn_domain *e = &d->evtchn;

	while (e->nr_buckets)
		free_page(e->bucket[--e->nr_buckets]);
	xfree(e->bucket);
	e->bucket = NULL;
	xfree(e->fifo);
	e->fifo = NULL;
}

/* ---- binding ------------------------------------------------------------------ */

/* @b may be NULL or @a. */
static void lock_two(struct domain *a, struct domain *b)
{
	if (b && b->id < a->id)
		spin_lock(&b->evtchn.lock);
	spin_lock(&a->evtchn.lock);
	if (b && b->id > a->id)
		spin_lock(&b->evtchn.lock);
}

static void unlock_two(struct domain *a, struct domain *b)
{
	spin_unlock(&a->evtchn.lock);
	if (b && b != a)
		spin_unlock(&b->evtchn.lock);
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote, u32 *port)
{
	int ret;

	spin_lock(&d->evtchn.lock);
	ret = evtchn_find_free(d, port);
	if (!ret)
		evtchn_take(d, *port, ECS_UNBOUND, 0)->unbound.remote_domid = remote;
	spin_unlock(&d->evtchn.lock);
	return ret;
}

static void join(struct evtchn *ch, struct domain *remote, u32 port)
{
	ref_domain(remote);
	ch->inter.remote = remote;
	ch->inter.port = port;
	ch->state = ECS_INTERDOMAIN;
}

/* Both locks held. */
static int bind_pair(struct domain *ld, struct domain *rd, u32 rport, u32 *lport)
{
	struct evtchn *rch = evtchn_lookup(rd, rport), *lch;
	int ret;

	if (!rch || rch->state != ECS_UNBOUND || rch->unbound.remote_domid != ld->id)
		return -EINVAL;
	ret = evtchn_find_free(ld, lport);
	if (ret)
		return ret;
	lch = evtchn_take(ld, *lport, ECS_UNBOUND, 0);
	join(lch, rd, rport);
	join(rch, ld, *lport);
	/* What the remote end sent before is lost; so the new end looks once without being told. */
	evtchn_set_pending(ld, lch, *lport);
	return 0;
}

int evtchn_bind_interdomain(domid_t remote, u32 remote_port, u32 *port)
{
	struct domain *ld = current->domain, *rd = get_domain_or_self(remote);
	int ret;

	if (!rd)
		return -ESRCH;
	lock_two(ld, rd);
	ret = bind_pair(ld, rd, remote_port, port);
	unlock_two(ld, rd);
	put_domain(rd);
	return ret;
}

struct vcpu *own_vcpu(u32 id)
{
	struct domain *d = current->domain;

	return id < d->max_vcpus && id < MAX_VCPUS ? d->vcpu[id] : NULL;
}

int evtchn_bind_virq(u32 virq, u32 vcpu, u32 *port)
{
	struct domain *d = current->domain;
	struct vcpu *v = own_vcpu(vcpu);
	int ret;

	if (virq >= NR_VIRQS || (vcpu && !virq_is_per_vcpu(virq)))
		return -EINVAL;
	if (!v)
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	ret = v->virq_to_port[virq] ? -EEXIST : evtchn_find_free(d, port);
	if (!ret) {
		evtchn_take(d, *port, ECS_VIRQ, vcpu)->virq = virq;
		WRITE_ONCE(v->virq_to_port[virq], *port);
	}
	spin_unlock(&d->evtchn.lock);
	return ret;
}

int evtchn_bind_ipi(u32 vcpu, u32 *port)
{
	struct domain *d = current->domain;
	int ret;

	if (!own_vcpu(vcpu))
		return -ENOENT;
	spin_lock(&d->evtchn.lock);
	ret = evtchn_find_free(d, port);
	if (!ret)
		evtchn_take(d, *port, ECS_IPI, vcpu);
	spin_unlock(&d->evtchn.lock);
	return ret;
}

int evtchn_bind_pirq(u32 pirq, bool shareable, u32 *port)
{
	struct domain *d = current->domain;
	int ret;

	if (!d->irqs)
		return -EPERM;
	if (pirq >= MAX_IRQS)
		return -EINVAL;
	spin_lock(&d->evtchn.lock);
	ret = evtchn_find_free(d, port);
	if (!ret) {
		/* Taken first: an interrupt may come as soon as the line is bound. */
		evtchn_take(d, *port, ECS_PIRQ, 0)->pirq.irq = pirq;
		ret = pirq_bind(d, pirq, shareable, *port);
		if (ret)
			evtchn_release(d, *port);
	}
	spin_unlock(&d->evtchn.lock);
	return ret;
}

/* ---- closing ------------------------------------------------------------------- */

/* Undo what the port is bound to; the lock of an interdomain port's other end is held too. */
static void unbind(struct domain *d, struct evtchn *ch, u32 port)
{
	struct evtchn *rch;

	switch (ch->state) {
	case ECS_PIRQ:
		pirq_unbind(d, ch->pirq.irq);
		break;
	case ECS_VIRQ:
		/* A global one may have been moved, but vcpu 0 keeps the entry. */
		WRITE_ONCE(d->vcpu[virq_is_per_vcpu(ch->virq) ? ch->vcpu : 0]->virq_to_port[ch->virq], 0);
		break;
	case ECS_INTERDOMAIN:
		rch = evtchn_lookup(ch->inter.remote, ch->inter.port);
		ASSERT(rch->state == ECS_INTERDOMAIN && rch->inter.remote == d &&
		       rch->inter.port == port);
		rch->state = ECS_UNBOUND;
		rch->unbound.remote_domid = d->id;
		break;
	}
	evtchn_release(d, port);
}

int evtchn_close(struct domain *d, u32 port)
{
	struct domain *peer = NULL, *remote;
	struct evtchn *ch;

	/* The other end's domain is known only under our lock, and its lock may have to come first. */
	for (;;) {
		lock_two(d, peer);
		ch = evtchn_lookup(d, port);
		if (!ch || ch->state == ECS_FREE || ch->state == ECS_RESERVED) {
			unlock_two(d, peer);
			if (peer)
				put_domain(peer);
			return -EINVAL;
		}
		remote = ch->state == ECS_INTERDOMAIN ? ch->inter.remote : NULL;
		if (!remote || remote == d || remote == peer)
			break;
		ref_domain(remote);
		unlock_two(d, peer);
		if (peer)
			put_domain(peer);
		peer = remote;
	}
	unbind(d, ch, port);
	unlock_two(d, peer);
	if (remote) {			/* the references of the two ends */
		put_domain(remote);
		put_domain(d);
	}
	if (peer)
		put_domain(peer);
	return 0;
}

#define CLOSE_AT_ONCE	512

int evtchn_close_all(struct domain *d)
{
	struct evtchn_domain *e = &d->evtchn;
	u32 port;

	for (unsigned i = 0; i < CLOSE_AT_ONCE; i++) {
		spin_lock(&e->lock);
		port = e->close_next;
		if (evtchn_lookup(d, port))
			e->close_next = port + 1;
		else if (!e->closed)
			e->close_next = 1;
		spin_unlock(&e->lock);
		if (!evtchn_lookup(d, port))
			return 0;
		evtchn_close(d, port);
	}
	return -ERESTART;
}

int evtchn_destroy(struct domain *d)
{
	spin_lock(&d->evtchn.lock);
	if (!d->evtchn.closed)
		d->evtchn.close_next = 1;
	d->evtchn.closed = true;
	spin_unlock(&d->evtchn.lock);
	if (evtchn_close_all(d))
		return -ERESTART;
	fifo_stop(d);
	return 0;
}
