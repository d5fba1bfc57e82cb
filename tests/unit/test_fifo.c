/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/event/evtchn.c xen/event/deliver.c xen/event/virq.c xen/event/ops.c xen/event/fifo.c */
/*
 * FIFO delivery against a guest that takes events out as Linux's drivers/xen/events/events_fifo.c
 * does: step by step, at random, with everything at once on several threads, and by guests that
 * write their words as they like. (public/event_channel.h, "FIFO ABI")
 */
#include <pthread.h>
#include "event_world.h"

#define WORDS		1024
#define CONTROL(vcpu)	(150 + (vcpu))		/* frames of the control blocks */
#define PENDING		(1u << EVTCHN_FIFO_PENDING)
#define MASKED		(1u << EVTCHN_FIFO_MASKED)
#define LINKED		(1u << EVTCHN_FIFO_LINKED)
#define BUSY		(1u << EVTCHN_FIFO_BUSY)

/* ---- the guest's side: domain 1, whose array is frames 0, 1, 2, ... ------------------------- */

static u32 heads[2][EVTCHN_FIFO_MAX_QUEUES];

static u32 *word(u32 port)
{
	assert_true(port < 128 * WORDS);
	return (u32 *)frame[port / WORDS] + port % WORDS;
}

static struct evtchn_fifo_control_block *control(unsigned vcpu)
{
	return (void *)(frame[CONTROL(vcpu)] + 256 * vcpu);
}

static long init_control(u64 mfn, u32 offset, u32 vcpu)
{
	struct evtchn_init_control op = { .control_gfn = mfn, .offset = offset, .vcpu = vcpu };
	long ret = OP(init_control, &op);

	if (!ret)
		assert_int_equal(op.link_bits, EVTCHN_FIFO_LINK_BITS);
	return ret;
}

static long expand(u64 mfn)
{
	for (unsigned i = 0; mfn < FRAMES && i < WORDS; i++)
		((u32 *)frame[mfn])[i] = MASKED;
	return OP(expand_array, &(struct evtchn_expand_array){ mfn });
}

static long set_priority(u32 port, u32 priority)
{
	return OP(set_priority, (&(struct evtchn_set_priority){ port, priority }));
}

static void use_fifo(void)
{
	memset(heads, 0, sizeof(heads));
	for (unsigned v = 0; v < 2; v++)
		assert_int_equal(init_control(CONTROL(v), 256 * v, v), 0);
	assert_int_equal(expand(0), 0);
}

/* False: the hypervisor must do it. */
static bool clear_masked(u32 port)
{
	u32 w = READ_ONCE(*word(port)), old;

	do {
		if (!(w & MASKED))
			return true;
		if (w & PENDING)
			return false;
		old = w & ~BUSY;
		w = cmpxchg(word(port), old, old & ~MASKED);
	} while (w != old);
	return true;
}

static void mask(u32 port) { __atomic_fetch_or(word(port), MASKED, __ATOMIC_SEQ_CST); }

static void unmask(u32 port)
{
	if (!clear_masked(port))
		assert_int_equal(OP(unmask, &(struct evtchn_unmask){ port }), 0);
}

static u32 clear_linked(u32 port)
{
	u32 w = READ_ONCE(*word(port)), old;

	do {
		old = w;
		w = cmpxchg(word(port), old, old & ~(LINKED | EVTCHN_FIFO_LINK_MASK));
	} while (w != old);
	return w & EVTCHN_FIFO_LINK_MASK;
}

/* Take one event from a vcpu's queue: its port if it is to be handled, otherwise 0. */
static u32 take(unsigned vcpu, unsigned queue, u32 *ready)
{
	u32 port = heads[vcpu][queue], next, w;

	if (!port)
		port = READ_ONCE(control(vcpu)->head[queue]);
	next = clear_linked(port);
	if (!next)
		*ready &= ~(1u << queue);
	heads[vcpu][queue] = next;
	w = *word(port);
	return (w & PENDING) && !(w & MASKED) ? port : 0;
}

/* The upcall of a vcpu, if one is due; @handle is called for each event. */
static bool upcall(unsigned vcpu, void (*handle)(unsigned vcpu, u32 port))
{
	struct vcpu_info *vi = domains[1]->vcpu[vcpu]->info;
	u32 ready, port;

	if (!READ_ONCE(vi->evtchn_upcall_pending))
		return false;
	WRITE_ONCE(vi->evtchn_upcall_pending, 0);
	ready = xchg(&control(vcpu)->ready, 0);
	while (ready) {
		port = take(vcpu, ffs64(ready), &ready);
		if (port)
			handle(vcpu, port);
		ready |= xchg(&control(vcpu)->ready, 0);
	}
	return true;
}

static u32 handled[64];
static unsigned nr_handled;

static void note(unsigned vcpu, u32 port)
{
	__atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
	if (nr_handled < ARRAY_SIZE(handled))
		handled[nr_handled++] = port;
}

/* What the upcall of a vcpu handles, in this order; a 0 ends the list. */
#define EXPECT(vcpu, ...) do {						\
	const u32 want[] = { __VA_ARGS__ };				\
	nr_handled = 0;							\
	upcall(vcpu, note);						\
	for (unsigned i_ = 0; i_ < ARRAY_SIZE(want) && want[i_]; i_++)	\
		assert_int_equal(handled[i_], want[i_]);		\
	assert_int_equal(nr_handled, ARRAY_SIZE(want) - !want[ARRAY_SIZE(want) - 1]); \
} while (0)

static int open_ipi(unsigned vcpu)
{
	int port = ipi(vcpu);

	assert_true(port > 0);
	if (port < WORDS)
		unmask(port);
	return port;
}

/* A port of domain 1 that may be moved, its other end with domain 2. */
static int open_movable(u32 *other)
{
	int port = unbound(DOMID_SELF, 2);

	run_as(2, 0);
	*other = interdomain(1, port);
	run_as(1, 0);
	unmask(port);
	return port;
}

static void send_from_2(u32 other)
{
	run_as(2, 0);
	assert_int_equal(send_to(other), 0);
	run_as(1, 0);
}

/* ---- control blocks and arrays ------------------------------------------------------------- */

static void test_control_blocks(void **state)
{
	frame_owner[7] = 2;
	assert_int_equal(expand(0), -ENOSYS);
	assert_int_equal(set_priority(1, 3), -ENOSYS);
	assert_int_equal(init_control(CONTROL(0), 0, 2), -ENOENT);
	assert_int_equal(init_control(CONTROL(0), 0, 0xffffffff), -ENOENT);
	assert_int_equal(init_control(CONTROL(0), 4, 0), -EINVAL);
	assert_int_equal(init_control(CONTROL(0), PAGE_SIZE - 64, 0), -EINVAL);
	assert_int_equal(init_control(CONTROL(0), 0xfffffff8, 0), -EINVAL);
	assert_int_equal(init_control(7, 0, 0), -EINVAL);		/* another's */
	assert_int_equal(init_control(~0UL >> 12, 0, 0), -EINVAL);
	assert_int_equal(OP(init_control, 8), -EFAULT);
	out_of_memory = true;
	assert_int_equal(init_control(CONTROL(0), 0, 0), -ENOMEM);
	out_of_memory = false;
	assert_true(domains[1]->evtchn.abi == &two_level_abi);
	assert_int_equal(frame_held[CONTROL(0)], 0);

	copies_left = 1;
	assert_int_equal(init_control(CONTROL(0), 0, 0), -EFAULT);	/* can't be told */
	copies_left = -1;
	assert_true(domains[1]->evtchn.abi == &two_level_abi);
	assert_int_equal(frame_held[CONTROL(0)], 0);

	assert_int_equal(init_control(CONTROL(0), PAGE_SIZE - 72, 0), 0);
	assert_true(domains[1]->evtchn.abi == &fifo_abi);
	assert_int_equal(init_control(CONTROL(0), 0, 0), -EINVAL);	/* once */
	assert_int_equal(frame_held[CONTROL(0)], 1);
	copies_left = 1;
	assert_int_equal(init_control(CONTROL(1), 0, 1), -EFAULT);
	copies_left = -1;
	assert_true(domains[1]->evtchn.abi == &fifo_abi);
	assert_int_equal(frame_held[CONTROL(1)], 0);
	assert_int_equal(expand(7), -EINVAL);
	assert_int_equal(frame_held[7], 0);
	frame_owner[7] = 1;
}

static void test_array_limit(void **state)
{
	use_fifo();
	for (unsigned i = 1; i < 128; i++)
		assert_int_equal(expand(i), 0);
	assert_int_equal(expand(128), -ENOSPC);
	assert_int_equal(frame_held[127], 1);
	assert_int_equal(frame_held[128], 0);
	assert_int_equal(OP(reset, &(struct evtchn_reset){ DOMID_SELF }), 0);
	assert_int_equal(frame_held[127], 0);
	assert_int_equal(frame_held[CONTROL(1)], 0);
	assert_true(domains[1]->evtchn.abi == &two_level_abi);
	assert_int_equal(expand(0), -ENOSYS);
	use_fifo();							/* and again */
}

/* Only who resets itself goes back to two levels. */
static void test_reset_by_another(void **state)
{
	int p;

	use_fifo();
	open_ipi(0);
	run_as(0, 0);
	assert_int_equal(OP(reset, &(struct evtchn_reset){ 1 }), 0);
	assert_int_equal(status(1, 1), EVTCHNSTAT_closed);
	assert_true(domains[1]->evtchn.abi == &fifo_abi);
	run_as(1, 0);
	p = open_ipi(0);
	send_to(p);
	EXPECT(0, p);
}

static int start_131072(void **state)
{
	int ret;

	max_port = ~0u;
	ret = start(state);
	max_port = 1023;
	return ret;
}

/* Ports of two levels, then all that there are. */
static void test_all_ports(void **state)
{
	unsigned port;

	for (port = 1; port < EVTCHN_2L_PORTS; port++)
		assert_int_equal(ipi(0), port);
	assert_int_equal(ipi(0), -ENOSPC);
	for (port = 2; port < EVTCHN_2L_PORTS; port++)
		assert_int_equal(close_port(port), 0);
	use_fifo();
	for (port = 2; port < 128 * WORDS; port++)
		assert_int_equal(ipi(0), port);
	assert_int_equal(ipi(0), -ENOSPC);
	assert_int_equal(send_to(128 * WORDS - 1), 0);		/* its word isn't there yet */
	for (unsigned i = 1; i < 128; i++)
		assert_int_equal(expand(i), 0);
	unmask(128 * WORDS - 1);
	EXPECT(0, 128 * WORDS - 1);
	assert_int_equal(OP(reset, &(struct evtchn_reset){ DOMID_SELF }), 0);
	assert_int_equal(ipi(0), 1);
	assert_int_equal(close_port(70000), -EINVAL);
	/* A sender that is late with a port beyond the bits of two levels. */
	evtchn_set_pending(domains[1], evtchn_lookup(domains[1], 70000), 70000);
}

/* ---- delivery, step by step ------------------------------------------------------------------ */

static void test_order(void **state)
{
	int a, b, c;

	use_fifo();
	a = open_ipi(0);
	b = open_ipi(0);
	c = open_ipi(1);
	send_to(b);
	assert_int_equal(*word(b), PENDING | LINKED);
	assert_int_equal(control(0)->head[7], b);
	assert_int_equal(control(0)->ready, 1 << 7);
	send_to(a);
	assert_int_equal(*word(b), PENDING | LINKED | a);
	assert_int_equal(control(0)->head[7], b);
	send_to(b);						/* is there already */
	assert_int_equal(*word(b), PENDING | LINKED | a);
	send_to(c);
	EXPECT(0, b, a);
	EXPECT(1, c);
	EXPECT(0, 0);
	assert_int_equal(*word(a), 0);
	send_to(a);						/* the tail was itself */
	assert_int_equal(*word(a), PENDING | LINKED);
	EXPECT(0, a);
	assert_int_equal(set_priority(a, 16), -EINVAL);
	assert_int_equal(set_priority(0, 3), -EINVAL);
	assert_int_equal(set_priority(400, 3), -EINVAL);
	assert_int_equal(set_priority(1 << 30, 3), -EINVAL);
	assert_int_equal(set_priority(a, 0), 0);
	send_to(b);
	send_to(a);
	EXPECT(0, a, b);
}

static void test_masks(void **state)
{
	int a, b;

	use_fifo();
	a = open_ipi(0);
	b = open_ipi(0);
	mask(a);
	send_to(a);
	assert_int_equal(*word(a), PENDING | MASKED);
	assert_true(evtchn_port_pending(domains[1], a));
	assert_false(evtchn_port_pending(domains[1], b));
	assert_false(evtchn_port_pending(domains[1], 100000));
	EXPECT(0, 0);
	unmask(a);
	EXPECT(0, a);
	send_to(a);
	mask(a);						/* while it is linked */
	send_to(b);
	EXPECT(0, b);
	assert_int_equal(*word(a), PENDING | MASKED);
	unmask(a);
	EXPECT(0, a);
	/* Dropped by a vcpu that goes away: in no queue, and pending. The next event brings it back. */
	*word(a) = PENDING;
	send_to(a);
	EXPECT(0, a);
	assert_int_equal(OP(unmask, &(struct evtchn_unmask){ 1 << 20 }), -EINVAL);
}

/* What comes before there is a word, or before FIFO delivery, isn't lost. */
static void test_before_words(void **state)
{
	int a = ipi(0), b = ipi(0), c = ipi(0);

	send_to(a);
	assert_true(pending(1, a));
	assert_int_equal(init_control(CONTROL(0), 0, 0), 0);
	assert_false(pending(1, a));
	assert_true(evtchn_port_pending(domains[1], a));
	send_to(b);
	assert_int_equal(expand(0), 0);
	assert_int_equal(*word(a), PENDING | MASKED);
	assert_int_equal(*word(b), PENDING | MASKED);
	assert_int_equal(*word(c), MASKED);
}

/* A vcpu without control block: nothing is linked, and nothing lost. */
static void test_no_control_block(void **state)
{
	int a;

	assert_int_equal(init_control(CONTROL(0), 0, 0), 0);
	assert_int_equal(expand(0), 0);
	a = open_ipi(1);
	send_to(a);
	assert_int_equal(*word(a), PENDING);
	assert_int_equal(init_control(CONTROL(1), 256, 1), 0);
	send_to(a);
	EXPECT(1, a);
}

/*
 * A port that goes to another queue may be the tail that its old queue remembers. What comes next
 * in the old one must not be linked behind it.
 */
static void test_moves(void **state)
{
	u32 oa, ob;
	int a, b;

	use_fifo();
	a = open_movable(&oa);
	b = open_movable(&ob);
	EXPECT(0, 0);
	send_from_2(oa);
	EXPECT(0, a);
	assert_int_equal(set_priority(a, 3), 0);
	send_from_2(oa);
	send_from_2(ob);
	assert_int_equal(*word(a), PENDING | LINKED);
	assert_int_equal(control(0)->head[7], b);
	EXPECT(0, a, b);

	assert_int_equal(set_priority(a, 7), 0);
	send_from_2(oa);
	EXPECT(0, a);
	assert_int_equal(bind_vcpu(a, 1), 0);
	send_from_2(oa);
	send_from_2(ob);
	EXPECT(0, b);
	EXPECT(1, a);
	/* In a queue still when it is moved: it stays there, and what comes next goes behind it. */
	send_from_2(oa);
	assert_int_equal(bind_vcpu(a, 0), 0);
	send_from_2(oa);
	EXPECT(0, 0);
	EXPECT(1, a);
	send_from_2(oa);
	EXPECT(0, a);
}

/* A port that is closed while it is in a queue isn't given out before the guest has found it there. */
static void test_closed_in_queue(void **state)
{
	int a, b;

	use_fifo();
	a = open_ipi(0);
	send_to(a);
	assert_int_equal(close_port(a), 0);
	assert_int_equal(*word(a), LINKED);
	b = open_ipi(1);
	assert_int_not_equal(a, b);
	EXPECT(0, 0);
	assert_int_equal(ipi(1), a);
	/* the tail of vcpu 0's queue goes to vcpu 1 */
	send_to(a);
	assert_int_equal(close_port(b), 0);
	b = open_ipi(0);
	send_to(b);
	EXPECT(0, b);
	EXPECT(1, a);
}

/* ---- hostile words ----------------------------------------------------------------------------- */

/* Random words and control blocks under every call; the sanitizer watches. */
static void test_hostile_words(void **state)
{
	u64 seed = 815;

	use_fifo();
	for (int i = 0; i < 200000; i++) {
		u64 r = unit_random(&seed);
		u32 port = (r >> 8) % 12, arg = (r >> 16) % 4;

		switch ((r >> 32) % 12) {
		case 0: case 1: ipi(arg); break;
		case 2: close_port(port); break;
		case 3: case 4: case 5: send_to(port); break;
		case 6: OP(unmask, &(struct evtchn_unmask){ port }); break;
		case 7: set_priority(port, arg * 5); break;
		case 8: bind_vcpu(port, arg); break;
		case 9: case 10: *word(port) = r >> 7; break;
		case 11: memset(control(arg & 1), r >> 40, sizeof(*control(0))); break;
		}
		if (i % 20000 == 0) {
			OP(reset, &(struct evtchn_reset){ DOMID_SELF });
			use_fifo();
		}
	}
}

/* A word that changes whenever it is looked at: an end is found, and other ports go on. */
static volatile bool stop;

static void *flicker(void *arg)
{
	for (u32 i = 0; !stop; i++)
		__atomic_fetch_xor(word(1), i % 3 ? MASKED : LINKED, __ATOMIC_SEQ_CST);
	return NULL;
}

static void test_flickering_word(void **state)
{
	pthread_t thread;
	int a, b;

	use_fifo();
	a = open_ipi(0);
	b = open_ipi(0);
	assert_int_equal(a, 1);
	/* taken out in the midst of our tries: nobody waits for ever for the end of BUSY */
	send_to(a);
	*word(a) = BUSY;
	send_to(b);
	assert_int_equal(*word(a), 0);
	assert_int_equal(control(0)->head[7], b);
	stop = false;
	pthread_create(&thread, NULL, flicker, NULL);
	for (int i = 0; i < 20000; i++) {
		send_to(a);
		*word(b) = 0;
		send_to(b);
	}
	stop = true;
	pthread_join(thread, NULL);
	assert_int_equal(*word(a) & BUSY, 0);
}

/* ---- a good guest at random: everything that was sent arrives ---------------------------------------- */

#define PORTS 24
static u32 other_end[PORTS + 1];
static u32 sent[PORTS + 1], seen[PORTS + 1];

static void handle(unsigned vcpu, u32 port)
{
	u32 now_sent, was;

	assert_true(port <= PORTS);
	__atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
	now_sent = __atomic_load_n(&sent[port], __ATOMIC_SEQ_CST);
	was = READ_ONCE(seen[port]);
	/* two vcpus may be at it when the port is moved */
	while ((s32)(now_sent - was) > 0 && !__atomic_compare_exchange_n(&seen[port], &was, now_sent,
			false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static void open_ports(void)
{
	use_fifo();
	for (u32 port = 1; port <= PORTS; port++)
		assert_int_equal(open_movable(&other_end[port]), port);
	memset(sent, 0, sizeof(sent));
	memset(seen, 0, sizeof(seen));
}

static void send_counted(u32 port)
{
	atomic_add(&sent[port], 1);
	assert_int_equal(send_to(other_end[port]), 0);
}

/* As Linux moves an interrupt. */
static void move(u32 port, u64 r)
{
	mask(port);
	assert_int_equal(bind_vcpu(port, r & 1), 0);
	assert_int_equal(set_priority(port, r >> 1 & 3), 0);
	unmask(port);
}

static void all_arrived(void)
{
	for (u32 port = 1; port <= PORTS; port++) {
		assert_int_equal(seen[port], sent[port]);
		assert_int_equal(*word(port) & (PENDING | LINKED | BUSY), 0);
	}
}

static void test_random(void **state)
{
	u64 seed = 42;
	u32 ready[2] = { 0, 0 };

	open_ports();
	for (int i = 0; i < 300000; i++) {
		u64 r = unit_random(&seed);
		u32 port = 1 + (r >> 8) % PORTS, vcpu = r >> 20 & 1;

		switch ((r >> 32) % 8) {
		case 0: case 1: case 2:
			run_as(2, 0);
			send_counted(port);
			run_as(1, 0);
			break;
		case 3: move(port, r >> 40); break;
		case 4: mask(port); break;
		case 5: unmask(port); break;
		default:			/* one step of a consumer */
			ready[vcpu] |= xchg(&control(vcpu)->ready, 0);
			if (ready[vcpu]) {
				port = take(vcpu, ffs64(ready[vcpu]), &ready[vcpu]);
				if (port)
					handle(vcpu, port);
			}
		}
	}
	for (u32 port = 1; port <= PORTS; port++)
		unmask(port);
	for (unsigned vcpu = 0; vcpu < 2; vcpu++)
		while (ready[vcpu] |= xchg(&control(vcpu)->ready, 0)) {
			u32 port = take(vcpu, ffs64(ready[vcpu]), &ready[vcpu]);

			if (port)
				handle(vcpu, port);
		}
	all_arrived();
}

/* ---- and on several CPUs at once ------------------------------------------------------------------ */

enum { SENDER_A, SENDER_B, CONSUMER_0, CONSUMER_1, MOVER, CHURNER, NR_THREADS };
static u8 stacks[NR_THREADS][STACK_SIZE] __aligned(STACK_SIZE);
static __thread unsigned role;
static unsigned senders;
static volatile bool done;

#define ROUNDS 60000

static void sender(void)
{
	u64 seed = 1000 + role;

	run_as(2, role == SENDER_B);
	for (int i = 0; i < ROUNDS; i++)
		send_counted(1 + unit_random(&seed) % PORTS);
	atomic_sub(&senders, 1);
}

static void handle_any(unsigned vcpu, u32 port)
{
	if (port <= PORTS)
		handle(vcpu, port);
	else
		__atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
}

static void consumer(void)
{
	unsigned vcpu = role - CONSUMER_0;

	run_as(1, vcpu);
	while (!done)
		if (!upcall(vcpu, handle_any))
			sched_yield();
}

static void mover(void)
{
	u64 seed = 77, r;

	run_as(1, 0);
	while (atomic_read(&senders)) {
		r = unit_random(&seed);
		move(1 + r % PORTS, r >> 16);
	}
}

/* Ports that come and go while events are on their way to them. */
static void churner(void)
{
	run_as(1, 1);
	while (atomic_read(&senders)) {
		int port = ipi(0);

		assert_true(port > PORTS);
		send_to(port);
		unmask(port);
		send_to(port);
		mask(port);
		close_port(port);
	}
}

static int run_role(void)
{
	static void (*const roles[NR_THREADS])(void) = {
		sender, sender, consumer, consumer, mover, churner };

	roles[role]();
	return 0;
}

static void *run_thread(void *arg)
{
	role = (uintptr_t)arg;
	run_as_cpu(role, run_role, stacks[role]);
	return NULL;
}

static void test_many_cpus(void **state)
{
	pthread_t thread[NR_THREADS];

	open_ports();
	senders = 2;
	done = false;
	for (uintptr_t i = 0; i < NR_THREADS; i++)
		pthread_create(&thread[i], NULL, run_thread, (void *)i);
	for (unsigned i = 0; i < NR_THREADS; i++) {
		if (i == CONSUMER_0 || i == CONSUMER_1)
			continue;
		pthread_join(thread[i], NULL);
	}
	done = true;
	pthread_join(thread[CONSUMER_0], NULL);
	pthread_join(thread[CONSUMER_1], NULL);
	/* What a consumer left: an upcall must tell of it. */
	for (int i = 0; i < 4; i++)
		upcall(i & 1, handle_any);
	all_arrived();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

static int tests(void)
{
	const struct CMUnitTest all[] = {
		TEST(test_control_blocks), TEST(test_array_limit), TEST(test_reset_by_another),
		cmocka_unit_test_setup_teardown(test_all_ports, start_131072, end),
		TEST(test_order), TEST(test_masks), TEST(test_before_words), TEST(test_no_control_block),
		TEST(test_moves), TEST(test_closed_in_queue), TEST(test_hostile_words),
		TEST(test_flickering_word), TEST(test_random), TEST(test_many_cpus),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
	return run_on_hv_stack(tests);
}
