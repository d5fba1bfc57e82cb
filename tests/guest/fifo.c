/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels, FIFO layout.
 *
 * Rules (event_channel.h, "FIFO ABI"):
 *  - init_control names a control block for a vcpu, once; with the first one the domain leaves the
 *    2-level layout. expand_array adds a page of 1024 event words, at most 128. Both take only
 *    writable frames of the domain's own, and keep them in use as such until EVTCHNOP_reset.
 *  - Delivery: PENDING; if the port is neither MASKED nor LINKED, it is LINKED behind the last port of
 *    its vcpu's queue of its priority; if the queue was empty, it becomes HEAD, the queue's READY bit
 *    is set, and if that was clear, evtchn_upcall_pending.
 *  - The unmask call links a port that is pending.
 *  - Whatever a guest writes into its words and control blocks, it harms only itself.
 */
#include "guest.h"

#define WORDS		1024
#define ALL_PAGES	128
#define PENDING		(1u << EVTCHN_FIFO_PENDING)
#define MASKED		(1u << EVTCHN_FIFO_MASKED)
#define LINKED		(1u << EVTCHN_FIFO_LINKED)
#define BUSY		(1u << EVTCHN_FIFO_BUSY)

static volatile uint32_t *array[ALL_PAGES];
static struct evtchn_fifo_control_block *volatile control[2];
static uint32_t heads[2][EVTCHN_FIFO_MAX_QUEUES];
static volatile unsigned int upcalls;

static long evtchn(unsigned int cmd, void *arg)
{
	return HC2(event_channel_op, cmd, arg);
}

static long init_control(unsigned long mfn, unsigned int offset, unsigned int v)
{
	struct evtchn_init_control c = { .control_gfn = mfn, .offset = offset, .vcpu = v };
	long ret = evtchn(EVTCHNOP_init_control, &c);

	if (!ret)
		CHECK_EQ(c.link_bits, 17);
	return ret;
}

static long expand(unsigned long mfn)
{
	struct evtchn_expand_array e = { .array_gfn = mfn };

	return evtchn(EVTCHNOP_expand_array, &e);
}

static long send(unsigned int port)
{
	struct evtchn_send s = { .port = port };

	return evtchn(EVTCHNOP_send, &s);
}

static long unmask_call(unsigned int port)
{
	struct evtchn_unmask u = { .port = port };

	return evtchn(EVTCHNOP_unmask, &u);
}

static long close_port(unsigned int port)
{
	struct evtchn_close c = { .port = port };

	return evtchn(EVTCHNOP_close, &c);
}

static long set_priority(unsigned int port, unsigned int priority)
{
	struct evtchn_set_priority p = { .port = port, .priority = priority };

	return evtchn(EVTCHNOP_set_priority, &p);
}

static long bind_vcpu(unsigned int port, unsigned int v)
{
	struct evtchn_bind_vcpu b = { .port = port, .vcpu = v };

	return evtchn(EVTCHNOP_bind_vcpu, &b);
}

static long reset(void)
{
	struct evtchn_reset r = { .dom = DOMID_SELF };

	return evtchn(EVTCHNOP_reset, &r);
}

static unsigned int ipi(unsigned int v)
{
	struct evtchn_bind_ipi b = { .vcpu = v };

	CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), 0);
	return b.port;
}

/* Two ports of ours joined; the first may be moved, the second sends to it. */
static unsigned int pair(unsigned int *sender)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };

	CHECK_EQ(evtchn(EVTCHNOP_alloc_unbound, &a), 0);
	b.remote_port = a.port;
	CHECK_EQ(evtchn(EVTCHNOP_bind_interdomain, &b), 0);
	*sender = b.local_port;
	return a.port;
}

/* ---- the consumer, as a kernel has it ---------------------------------------------- */

static volatile uint32_t *word(unsigned int port)
{
	return array[port / WORDS] + port % WORDS;
}

static void mask(unsigned int port)
{
	__atomic_fetch_or(word(port), MASKED, __ATOMIC_SEQ_CST);
}

static void unmask(unsigned int port)
{
	uint32_t w = *word(port), old;

	while (w & MASKED) {
		if (w & PENDING) {
			unmask_call(port);
			return;
		}
		old = w & ~BUSY;
		w = old;
		if (__atomic_compare_exchange_n(word(port), &w, old & ~MASKED, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
	}
}

static unsigned int take(unsigned int v, unsigned int queue, uint32_t *ready)
{
	unsigned int port = heads[v][queue];
	uint32_t w;

	if (!port)
		port = *(volatile uint32_t *)&control[v]->head[queue];
	w = *word(port);
	while (!__atomic_compare_exchange_n(word(port), &w, w & ~(LINKED | EVTCHN_FIFO_LINK_MASK), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	heads[v][queue] = w & EVTCHN_FIFO_LINK_MASK;
	if (!heads[v][queue])
		*ready &= ~(1u << queue);
	w = *word(port);
	return (w & PENDING) && !(w & MASKED) ? port : 0;
}

static volatile unsigned int order[8], nr_handled;

static void note(unsigned int port)
{
	__atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
	if (nr_handled < ARRAY_SIZE(order))
		order[nr_handled] = port;
	nr_handled++;
}

static void consume(unsigned int v, void (*handle)(unsigned int port))
{
	uint32_t ready = __atomic_exchange_n(&control[v]->ready, 0, __ATOMIC_SEQ_CST);

	while (ready) {
		unsigned int port = take(v, __builtin_ctz(ready), &ready);

		if (port)
			handle(port);
		ready |= __atomic_exchange_n(&control[v]->ready, 0, __ATOMIC_SEQ_CST);
	}
}

static void on_event(struct regs *r)
{
	(void)r;
	upcalls++;
	vcpu->evtchn_upcall_pending = 0;
	consume(0, note);
}

/* Let the upcall come that is due, if one is; how many events it handled. */
static unsigned int events(void)
{
	nr_handled = 0;
	vcpu->evtchn_upcall_mask = 0;
	HC2(xen_version, 0, 0);
	vcpu->evtchn_upcall_mask = 1;
	return nr_handled;
}

static void mask_page(volatile uint32_t *page)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		page[i] = MASKED;
}

static void start_fifo(unsigned int vcpus)
{
	unsigned int v;

	memset(heads, 0, sizeof(heads));
	for (v = 0; v < vcpus; v++) {
		memset((void *)control[v], 0, sizeof(*control[v]));
		REQUIRE(init_control(mfn_of(control[v]), 64 * v, v) == 0);
	}
	mask_page(array[0]);
	REQUIRE(expand(mfn_of((void *)array[0])) == 0);
}

/* ---- frames --------------------------------------------------------------------------- */

static void test_frames(void)
{
	static const unsigned int offsets[] = { 4, 1, PAGE_SIZE - 64, PAGE_SIZE, 0xfffffff8 };
	unsigned long cb = mfn_of(control[0]), bad[5];
	struct evtchn_init_control c = { .control_gfn = cb };
	char *ro = page_alloc();
	unsigned int i;

	section("control blocks and pages that can't be");
	bad[0] = boot_l4();			/* a page table */
	bad[1] = 0x7ffffffff;			/* no frame */
	bad[2] = ~0UL;
	bad[3] = 0xfee00;			/* a device */
	bad[4] = 0x200;				/* the hypervisor */
	CHECK_EQ(expand(mfn_of((void *)array[0])), -XEN_ENOSYS);
	CHECK_EQ(set_priority(1, 0), -XEN_ENOSYS);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(init_control(bad[i], 0, 0), -XEN_EINVAL);
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		CHECK_EQ(init_control(cb, offsets[i], 0), -XEN_EINVAL);
	CHECK_EQ(init_control(cb, 0, 99), -XEN_ENOENT);
	CHECK_EQ(init_control(cb, 0, ~0u), -XEN_ENOENT);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_init_control, HV_START), -XEN_EFAULT);

	/* a result that can't be told: nothing done */
	memcpy(ro, &c, sizeof(c));
	REQUIRE(set_ro(ro) == 0);
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_init_control, ro), -XEN_EFAULT);
	CHECK_EQ(expand(mfn_of((void *)array[0])), -XEN_ENOSYS);
	REQUIRE(set_rw(ro) == 0);

	start_fifo(1);
	CHECK_EQ(init_control(cb, 0, 0), -XEN_EINVAL);		/* twice */
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(expand(bad[i]), -XEN_EINVAL);
	/* in use now: no page table can be made of them */
	REQUIRE(set_ro(control[0]) == 0 && set_ro((void *)array[0]) == 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, cb) < 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of((void *)array[0])) < 0);
	REQUIRE(set_rw(control[0]) == 0 && set_rw((void *)array[0]) == 0);
	CHECK_EQ(reset(), 0);
	CHECK_EQ(expand(mfn_of((void *)array[0])), -XEN_ENOSYS);
	/* and free again */
	memset((void *)array[0], 0, PAGE_SIZE);
	REQUIRE(set_ro((void *)array[0]) == 0);
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of((void *)array[0])), 0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, mfn_of((void *)array[0])), 0);
	REQUIRE(set_rw((void *)array[0]) == 0);
}

/* ---- delivery --------------------------------------------------------------------------- */

static void test_delivery(void)
{
	unsigned int a, b, c, s;

	section("delivery");
	start_fifo(1);
	a = ipi(0);
	b = ipi(0);
	c = pair(&s);
	CHECK_EQ(*word(a), MASKED);
	CHECK_EQ(send(a), 0);
	CHECK_EQ(*word(a), PENDING | MASKED);
	CHECK_EQ(vcpu->evtchn_upcall_pending, 0);
	CHECK_EQ(unmask_call(a), 0);
	CHECK_EQ(*word(a), PENDING | LINKED);
	CHECK_EQ(control[0]->head[7], a);
	CHECK_EQ(control[0]->ready, 1 << 7);
	CHECK_EQ(vcpu->evtchn_upcall_pending, 1);
	CHECK_EQ(shared->evtchn_pending[0], 0);
	unmask(b);
	unmask(c);
	CHECK_EQ(set_priority(c, 16), -XEN_EINVAL);
	CHECK_EQ(set_priority(0, 1), -XEN_EINVAL);
	CHECK_EQ(set_priority(~0u, 1), -XEN_EINVAL);
	CHECK_EQ(set_priority(c, 1), 0);
	CHECK_EQ(send(b), 0);
	CHECK_EQ(*word(a), PENDING | LINKED | b);
	CHECK_EQ(send(s), 0);
	CHECK_EQ(control[0]->head[1], c);
	CHECK_EQ(control[0]->ready, 1 << 7 | 1 << 1);
	CHECK_EQ(events(), 3);
	CHECK(order[0] == c && order[1] == a && order[2] == b);
	CHECK_EQ(*word(a), 0);
	CHECK_EQ(events(), 0);

	/* c was its queue's tail, goes to another; what comes next must not follow it there */
	CHECK_EQ(set_priority(c, 7), 0);
	CHECK_EQ(set_priority(b, 1), 0);
	CHECK_EQ(send(s), 0);
	CHECK_EQ(send(b), 0);
	CHECK_EQ(send(a), 0);
	CHECK_EQ(*word(c), PENDING | LINKED | a);
	CHECK_EQ(events(), 3);
	CHECK(order[0] == b && order[1] == c && order[2] == a);

	/* masked while linked: found, but not handled, until it is unmasked */
	CHECK_EQ(send(a), 0);
	mask(a);
	CHECK_EQ(events(), 0);
	unmask(a);
	CHECK_EQ(events(), 1);

	/* closed while linked: not given out until it was found */
	CHECK_EQ(send(a), 0);
	CHECK_EQ(close_port(a), 0);
	CHECK_EQ(*word(a), LINKED);
	b = ipi(0);
	CHECK(b != a);
	CHECK_EQ(events(), 0);
	CHECK_EQ(ipi(0), a);
	CHECK_EQ(reset(), 0);
}

static void test_poll(void)
{
	evtchn_port_t port = ipi(0);
	struct sched_poll p = { .nr_ports = 1 };

	section("poll");
	start_fifo(1);
	set_xen_guest_handle(p.ports, &port);
	CHECK_EQ(send(port), 0);
	CHECK_EQ(*word(port), PENDING | MASKED);
	CHECK_EQ(HC2(sched_op, SCHEDOP_poll, &p), 0);		/* masked, but pending */
	*word(port) = MASKED;
	p.timeout = 1;						/* long ago */
	CHECK_EQ(HC2(sched_op, SCHEDOP_poll, &p), 0);
	port = ALL_PAGES * WORDS - 1;				/* beyond the array: never pending */
	CHECK_EQ(HC2(sched_op, SCHEDOP_poll, &p), 0);
	port++;
	CHECK_EQ(HC2(sched_op, SCHEDOP_poll, &p), -XEN_EINVAL);
	CHECK_EQ(reset(), 0);
}

/* What was sent before there was a control block, or a word, comes when there is one. */
static void test_before_words(void)
{
	unsigned int a = ipi(0), b = ipi(0);

	section("events before words");
	CHECK_EQ(send(a), 0);
	memset((void *)control[0], 0, sizeof(*control[0]));
	memset(heads, 0, sizeof(heads));
	REQUIRE(init_control(mfn_of(control[0]), 0, 0) == 0);
	CHECK_EQ(send(b), 0);
	mask_page(array[0]);
	REQUIRE(expand(mfn_of((void *)array[0])) == 0);
	CHECK_EQ(*word(a), PENDING | MASKED);
	CHECK_EQ(*word(b), PENDING | MASKED);
	vcpu->evtchn_upcall_pending = 0;
	unmask(a);
	unmask(b);
	CHECK_EQ(events(), 2);
	CHECK_EQ(reset(), 0);
}

/* ---- all ports ------------------------------------------------------------------------------- */

static void test_all_ports(void)
{
	static const unsigned int tries[] = { 1, 4095, 4096, 65535, ALL_PAGES * WORDS - 1 };
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	unsigned int i, n = 0, wrong = 0;

	section("all ports");
	start_fifo(1);
	for (i = 1; i < ALL_PAGES; i++) {
		array[i] = page_alloc();
		mask_page(array[i]);
		wrong += expand(mfn_of((void *)array[i])) != 0;
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(expand(mfn_of(page_alloc())), -XEN_ENOSPC);
	while (evtchn(EVTCHNOP_bind_ipi, &b) == 0)
		n++;
	CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), -XEN_ENOSPC);
	CHECK_EQ(b.port, ALL_PAGES * WORDS - 1);
	CHECK(n > ALL_PAGES * WORDS - 64);	/* the hypervisor opened a few for domain 0 */
	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		unmask(tries[i]);
		CHECK_EQ(send(tries[i]), 0);
	}
	CHECK_EQ(events(), ARRAY_SIZE(tries));
	for (i = 0; i < ARRAY_SIZE(tries); i++)
		CHECK_EQ(order[i], tries[i]);
	CHECK_EQ(reset(), 0);
	/* two levels again, with their limit */
	for (n = 0; evtchn(EVTCHNOP_bind_ipi, &b) == 0; n++)
		;
	CHECK(n > 4000 && n < 4096);
	CHECK_EQ(reset(), 0);
}

/* ---- evil words ---------------------------------------------------------------------------- */

static unsigned long seed = 88172645463325252UL;

static unsigned int random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

static void use_ports(unsigned int n, unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		unsigned int port = 1 + random() % n;

		switch (random() % 8) {
		case 0: *word(port) = random(); break;
		case 1: *word(port) = LINKED | (random() & EVTCHN_FIFO_LINK_MASK); break;
		case 2: set_priority(port, random() % 17); break;
		case 3: unmask_call(port); break;
		case 4: control[0]->head[random() % 16] = random(); break;
		case 5: control[0]->ready = random(); break;
		default: send(port);
		}
	}
}

static void test_evil(void)
{
	struct xen_memory_reservation res = { .nr_extents = 1, .domid = DOMID_SELF };
	struct evtchn_bind_ipi b = { .vcpu = 0 };
	char *given = page_alloc();
	xen_pfn_t mfn = mfn_of(given);
	unsigned int i, ports[16];

	section("evil words");
	vcpu->evtchn_upcall_mask = 1;
	start_fifo(1);
	for (i = 0; i < 16; i++)
		ports[i] = ipi(0);
	use_ports(16, 5000);

	/* each word links to itself, is busy, is the tail */
	for (i = 0; i < 16; i++)
		*word(ports[i]) = PENDING | LINKED | BUSY | ports[i];
	for (i = 0; i < 16; i++) {
		*word(ports[i]) &= ~LINKED;
		CHECK_EQ(send(ports[i]), 0);
	}
	/* ports all look linked: others are given out */
	for (i = 0; i < 16; i++) {
		*word(ports[i]) = LINKED;
		CHECK_EQ(close_port(ports[i]), 0);
	}
	CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &b), 0);
	for (i = 0; i < 16; i++)
		CHECK(b.port != ports[i]);
	CHECK_EQ(reset(), 0);

	section("evil frames");
	/* the control block in the array, and the same page for all of the array */
	memset(heads, 0, sizeof(heads));
	REQUIRE(init_control(mfn_of((void *)array[0]), 0, 0) == 0);
	for (i = 0; i < ALL_PAGES; i++)
		CHECK_EQ(expand(mfn_of((void *)array[0])), 0);
	for (i = 0; i < 16; i++)
		ports[i] = ipi(0);
	use_ports(16, 5000);
	CHECK_EQ(reset(), 0);

	/* a page that is given back while it is in use stays in use, and nobody else gets it */
	start_fifo(1);
	memset(given, 0, PAGE_SIZE);
	REQUIRE(expand(mfn) == 0);
	REQUIRE(map_va(given, 0) == 0);
	set_xen_guest_handle(res.extent_start, &mfn);
	CHECK_EQ(HC2(memory_op, XENMEM_decrease_reservation, &res), 1);
	for (i = 0; i < 2 * WORDS && evtchn(EVTCHNOP_bind_ipi, &b) == 0 && b.port < WORDS + 8; i++)
		;
	CHECK_EQ(b.port, WORDS + 8);
	CHECK_EQ(send(WORDS + 1), 0);
	CHECK_EQ(unmask_call(WORDS + 1), 0);
	CHECK_EQ(reset(), 0);
	CHECK(map_va(given, MFN_PTE(mfn, PTE_RO)) < 0);
	vcpu->evtchn_upcall_pending = 0;
}

/* ---- two vcpus at once ------------------------------------------------------------------------ */

#define PAIRS 8
static volatile unsigned int sent[WORDS], arrived[WORDS], stop, second_runs;
static char stacks[2][PAGE_SIZE] __attribute__((aligned(4096)));

void second_trap(void);
void second_trap(void)
{
	for (;;)
		HC3(vcpu_op, VCPUOP_down, 1, 0);
}

static void handle_counted(unsigned int port)
{
	unsigned int n;

	__atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
	n = __atomic_load_n(&sent[port], __ATOMIC_SEQ_CST);
	while ((int)(n - arrived[port]) > 0) {
		unsigned int was = arrived[port];

		__atomic_compare_exchange_n(&arrived[port], &was, n, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
}

/* vcpu 1 takes its events out without upcalls: it looks whether one is due. */
static void second(void)
{
	volatile struct vcpu_info *me = &shared->vcpu_info[1];

	second_runs = 1;
	while (!stop) {
		if (__atomic_exchange_n(&me->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST))
			consume(1, handle_counted);
		else
			HC2(sched_op, SCHEDOP_yield, 0);
	}
	second_runs = 0;
	second_trap();
}

static bool start_second(void)
{
	struct vcpu_guest_context *ctx = pages_alloc(2);

	ctx->flags = VGCF_in_kernel;
	ctx->user_regs.rip = (unsigned long)second;
	ctx->user_regs.rsp = (unsigned long)stacks[0] + PAGE_SIZE - 8;
	ctx->user_regs.cs = FLAT_KERNEL_CS;
	ctx->user_regs.ss = FLAT_KERNEL_SS;
	ctx->user_regs.saved_upcall_mask = 1;
	ctx->kernel_ss = FLAT_KERNEL_SS;
	ctx->kernel_sp = (unsigned long)stacks[1] + PAGE_SIZE - 8;
	ctx->event_callback_eip = (unsigned long)second_trap;
	ctx->failsafe_callback_eip = (unsigned long)second_trap;
	ctx->syscall_callback_eip = (unsigned long)second_trap;
	ctx->ctrlreg[3] = boot_l4() << 12;
	shared->vcpu_info[1].evtchn_upcall_mask = 1;
	return HC3(vcpu_op, VCPUOP_initialise, 1, ctx) == 0 && HC3(vcpu_op, VCPUOP_up, 1, 0) == 0;
}

static void consume_here(void)
{
	if (!vcpu->evtchn_upcall_pending)
		return;
	vcpu->evtchn_upcall_pending = 0;
	consume(0, handle_counted);
}

static void test_two_vcpus(void)
{
	unsigned int ports[PAIRS], senders[PAIRS], i, j, lost = 0;

	section("sender, consumer and mover at once");
	start_fifo(2);
	for (i = 0; i < PAIRS; i++) {
		ports[i] = pair(&senders[i]);
		*word(ports[i]) = 0;
		CHECK_EQ(bind_vcpu(ports[i], 1), 0);
	}
	vcpu->evtchn_upcall_pending = 0;
	REQUIRE(start_second());
	for (i = 0; i < 10000; i++) {
		j = random() % PAIRS;
		if (i % 16 == 0) {
			mask(ports[j]);
			bind_vcpu(ports[j], random() & 1);
			set_priority(ports[j], random() % 4);
			unmask(ports[j]);
		}
		__atomic_fetch_add(&sent[ports[j]], 1, __ATOMIC_SEQ_CST);
		send(senders[j]);
		consume_here();
	}
	for (i = 0; i < 100000; i++) {
		consume_here();
		for (lost = j = 0; j < PAIRS; j++)
			lost += arrived[ports[j]] != sent[ports[j]];
		if (!lost)
			break;
		HC2(sched_op, SCHEDOP_yield, 0);
	}
	CHECK(second_runs);
	CHECK_EQ(lost, 0);
	stop = 1;
	for (i = 0; i < 100000 && second_runs; i++)
		HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(second_runs, 0);
	CHECK_EQ(reset(), 0);
}

void test_main(void)
{
	trap_hooks[VEC_EVENT] = on_event;
	HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0);
	array[0] = page_alloc();
	control[0] = page_alloc();
	control[1] = (void *)((char *)page_alloc() + 64);
	CHECK_EQ(reset(), 0);
	test_frames();
	test_delivery();
	test_poll();
	test_before_words();
	test_all_ports();
	test_evil();
	if (HC3(vcpu_op, VCPUOP_is_up, 1, 0) == -XEN_ENOENT)
		broken("needs a domain with two vcpus", __FILE__, __LINE__);
	test_two_vcpus();
	CHECK(upcalls > 5);
}
