/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world around xen/event/ for its tests: three domains of two vcpus, of which 0 is in control;
 * frames of memory, numbered from 0; and a short way to make each hypercall. Included once. Threads
 * may use it, each on a stack of its own (hv_stack.h).
 */
#include <sched.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include "hv_stack.h"
#include "../../xen/event/evtchn.h"

struct domain *dom0, *dom_idle;
struct list domain_list;
spinlock_t domlist_lock;
static struct domain *domains[3];
static struct shared_info *shared[3];
static unsigned bound_pirq, wakes;
static bool out_of_memory;

/* Frames of the guests' memory. get_event_frame() knows them. */
#define FRAMES 200
static u8 frame[FRAMES][PAGE_SIZE] __aligned(PAGE_SIZE);
static domid_t frame_owner[FRAMES];
static int frame_held[FRAMES];
static int copies_left;			/* until one to or from a guest fails; -1: none does */

void serve_flush(void) { sched_yield(); }
void vcpu_kick(struct vcpu *v) { }
bool preempt_check(void) { return false; }
long hypercall_restart(unsigned nr, unsigned n, ...) { return -ERESTART; }
void *alloc_pages(unsigned order) { return out_of_memory ? NULL : calloc(1, PAGE_SIZE << order); }
void free_pages(void *va, unsigned order) { free(va); }
void *xmalloc(size_t size) { return out_of_memory ? NULL : calloc(1, size); }
void xfree(void *p) { free(p); }
void ref_domain(struct domain *d) { atomic_add(&d->refs, 1); }
void put_domain(struct domain *d) { assert_int_not_equal(atomic_sub(&d->refs, 1), 0); }
void vcpu_unblock(struct vcpu *v) { atomic_add(&wakes, 1); v->pause_flags = 0; }

void *get_event_frame(struct domain *d, mfn_t mfn)
{
	if (mfn >= FRAMES || frame_owner[mfn] != d->id)
		return NULL;
	atomic_add(&frame_held[mfn], 1);
	return frame[mfn];
}

void put_event_frame(void *in_it)
{
	int *held = &frame_held[((u8 *)in_it - frame[0]) / PAGE_SIZE];

	assert_int_not_equal(atomic_sub(held, 1), -1);
}

size_t raw_copy(void *d, const void *s, size_t n)
{
	if ((vaddr_t)d < PAGE_SIZE || (vaddr_t)s < PAGE_SIZE)
		return n;
	if (copies_left == 0)
		return n;
	if (copies_left > 0)
		copies_left--;
	memcpy(d, s, n);
	return 0;
}

struct domain *get_domain(domid_t id)
{
	if (id >= ARRAY_SIZE(domains))
		return NULL;
	ref_domain(domains[id]);
	return domains[id];
}

struct domain *get_domain_or_self(domid_t id)
{
	return get_domain(id == DOMID_SELF ? current->domain->id : id);
}

int pirq_bind(struct domain *d, unsigned pirq, bool shareable, u32 port)
{
	if (pirq == 13)
		return -EBUSY;
	bound_pirq = pirq;
	return 0;
}

void pirq_unbind(struct domain *d, unsigned pirq)
{
	assert_int_equal(pirq, bound_pirq);
	bound_pirq = 0;
}

static void run_as(unsigned dom, unsigned vcpu) { cpu_info()->vcpu = domains[dom]->vcpu[vcpu]; }

/* How many ports each domain may have; a test's own setup may change it. */
static unsigned max_port = 1023;

static int start(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(domains); i++) {
		struct domain *d = domains[i] = calloc(1, sizeof(*d));

		d->id = i;
		d->refs = 1;
		d->privileged = i == 0;
		d->irqs = i == 0 ? (void *)d : NULL;
		d->max_vcpus = 2;
		d->shared_info = shared[i] = calloc(1, PAGE_SIZE);
		for (unsigned j = 0; j < 2; j++) {
			struct vcpu *v = d->vcpu[j] = calloc(1, sizeof(*v));

			v->domain = d;
			v->id = j;
			v->info = (struct vcpu_info *)&shared[i]->vcpu_info[j];
		}
		assert_int_equal(evtchn_init(d, max_port), 0);
	}
	dom0 = domains[0];
	wakes = bound_pirq = 0;
	out_of_memory = false;
	copies_left = -1;
	memset(frame, 0, sizeof(frame));
	for (unsigned i = 0; i < FRAMES; i++)
		frame_owner[i] = 1;
	run_as(1, 0);
	return 0;
}

static int end(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(domains); i++)
		while (evtchn_destroy(domains[i]))
			;
	for (unsigned i = 0; i < FRAMES; i++)
		assert_int_equal(frame_held[i], 0);
	for (unsigned i = 0; i < ARRAY_SIZE(domains); i++) {
		assert_int_equal(domains[i]->refs, 1);
		assert_false(spin_is_locked(&domains[i]->evtchn.lock));
		evtchn_free(domains[i]);
	}
	return 0;
}

#define OP(name, op) do_event_channel_op(EVTCHNOP_##name, (u64)(op))

static int unbound(domid_t dom, domid_t remote)
{
	struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
	long ret = OP(alloc_unbound, &op);

	return ret ? ret : op.port;
}

static int interdomain(domid_t remote, u32 port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = port };
	long ret = OP(bind_interdomain, &op);

	return ret ? ret : op.local_port;
}

static __attribute__((unused)) int virq(u32 virq, u32 vcpu)
{
	struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
	long ret = OP(bind_virq, &op);

	return ret ? ret : op.port;
}

static int ipi(u32 vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };
	long ret = OP(bind_ipi, &op);

	return ret ? ret : op.port;
}

static long send_to(u32 port) { return OP(send, &(struct evtchn_send){ port }); }
static long close_port(u32 port) { return OP(close, &(struct evtchn_close){ port }); }
static long bind_vcpu(u32 port, u32 vcpu) { return OP(bind_vcpu, (&(struct evtchn_bind_vcpu){ port, vcpu })); }

static unsigned status(domid_t dom, u32 port)
{
	struct evtchn_status op = { .dom = dom, .port = port };

	assert_int_equal(OP(status, &op), 0);
	return op.status;
}

static bool pending(unsigned dom, u32 port) { return test_bit(port, shared[dom]->evtchn_pending); }
