/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/event/evtchn.c xen/event/deliver.c xen/event/virq.c xen/event/ops.c xen/event/fifo.c */
/*
 * Event channels through their hypercall: states and their changes, rights,
 * two-level delivery bit by bit, references between domains, and failed calls that leave
 * nothing behind. (public/event_channel.h)
 */
#include "event_world.h"

/* ---- tests ------------------------------------------------------------------------------- */

static void test_pair(void **state)
{
	int a = unbound(DOMID_SELF, 2), b;

	assert_int_equal(a, 1);				/* the lowest free */
	assert_int_equal(send_to(a), 0);		/* nobody hears it */
	assert_int_equal(status(1, a), EVTCHNSTAT_unbound);
	assert_int_equal(interdomain(1, a), -EINVAL);	/* reserved for domain 2 */
	run_as(2, 0);
	assert_int_equal(interdomain(1, a + 1), -EINVAL);
	assert_int_equal(interdomain(1, 0), -EINVAL);
	assert_int_equal(interdomain(1, 0xffffffff), -EINVAL);
	assert_int_equal(interdomain(9, a), -ESRCH);
	b = interdomain(1, a);
	assert_int_equal(b, 1);
	assert_true(pending(2, b));			/* what was sent before can't be known */
	assert_int_equal(interdomain(1, a), -EINVAL);	/* taken */
	assert_int_equal(status(2, b), EVTCHNSTAT_interdomain);
	assert_false(pending(1, a));
	assert_int_equal(send_to(b), 0);
	assert_true(pending(1, a));
	assert_int_equal(close_port(b), 0);
	assert_false(pending(2, b));
	assert_int_equal(close_port(b), -EINVAL);
	assert_int_equal(send_to(b), -EINVAL);
	run_as(1, 0);
	assert_int_equal(status(1, a), EVTCHNSTAT_unbound);
	assert_int_equal(send_to(a), 0);
	assert_int_equal(close_port(a), 0);
	assert_int_equal(status(1, a), EVTCHNSTAT_closed);
}

static void test_pair_with_itself(void **state)
{
	int a = unbound(DOMID_SELF, DOMID_SELF), b = interdomain(DOMID_SELF, a);

	assert_true(b > a);
	assert_int_equal(send_to(a), 0);
	assert_true(pending(1, b));
	assert_int_equal(close_port(a), 0);
	assert_int_equal(status(1, b), EVTCHNSTAT_unbound);
}

static void test_rights(void **state)
{
	struct evtchn_status st = { .dom = 2, .port = 1 };

	assert_int_equal(unbound(2, 1), -EPERM);
	assert_int_equal(unbound(7, 1), -ESRCH);
	assert_int_equal(OP(status, &st), -EPERM);
	assert_int_equal(OP(reset, &(struct evtchn_reset){ 2 }), -EPERM);
	assert_int_equal(OP(bind_pirq, (&(struct evtchn_bind_pirq){ 5, 0, 0 })), -EPERM);
	run_as(0, 0);
	assert_true(unbound(2, 1) > 0);
	assert_int_equal(OP(status, &st), 0);
	assert_int_equal(st.status, EVTCHNSTAT_unbound);
	assert_int_equal(OP(reset, &(struct evtchn_reset){ 2 }), 0);
	assert_int_equal(status(2, 1), EVTCHNSTAT_closed);
}

/* Bits in their order; masked ports stay silent; unmask makes up for it. */
static void test_delivery(void **state)
{
	int p = ipi(1);
	struct vcpu_info *vi = domains[1]->vcpu[1]->info;

	vi->evtchn_upcall_mask = 1;
	set_bit(p, shared[1]->evtchn_mask);
	assert_int_equal(send_to(p), 0);
	assert_true(pending(1, p));
	assert_int_equal(vi->evtchn_pending_sel, 0);
	assert_int_equal(vi->evtchn_upcall_pending, 0);
	assert_int_equal(OP(unmask, &(struct evtchn_unmask){ p }), 0);
	assert_int_equal(vi->evtchn_pending_sel, 1);
	assert_int_equal(vi->evtchn_upcall_pending, 1);
	assert_int_equal(wakes, 1);
	assert_false(local_events_need_delivery(domains[1]->vcpu[1]));
	vi->evtchn_upcall_mask = 0;
	assert_true(local_events_need_delivery(domains[1]->vcpu[1]));
	assert_int_equal(domains[1]->vcpu[0]->info->evtchn_upcall_pending, 0);
	assert_int_equal(send_to(p), 0);			/* pending already: nothing new */
	assert_int_equal(wakes, 1);
	assert_int_equal(OP(unmask, &(struct evtchn_unmask){ 4096 }), -EINVAL);
}

/* A poller wakes for its port though it is masked, and for no other. */
static void test_poll(void **state)
{
	int p = ipi(0), q = ipi(0);
	struct vcpu *v = domains[1]->vcpu[1];

	set_bit(p, shared[1]->evtchn_mask);
	set_bit(q, shared[1]->evtchn_mask);
	v->pause_flags = VPF_BLOCKED | VPF_POLLING;
	v->poll_port = p;
	domains[1]->evtchn.pollers = BIT(1);
	send_to(q);
	assert_int_equal(wakes, 0);
	send_to(p);
	assert_int_equal(wakes, 1);
}

static void test_virqs(void **state)
{
	int p = virq(VIRQ_TIMER, 1), g;

	assert_true(p > 0);
	assert_int_equal(virq(VIRQ_TIMER, 1), -EEXIST);
	assert_true(virq(VIRQ_TIMER, 0) > 0);
	assert_int_equal(virq(NR_VIRQS, 0), -EINVAL);
	assert_int_equal(virq(VIRQ_TIMER, 2), -ENOENT);
	assert_int_equal(virq(VIRQ_TIMER, 0xffffffff), -ENOENT);
	assert_int_equal(virq(VIRQ_DOM_EXC, 1), -EINVAL);
	send_vcpu_virq(domains[1]->vcpu[1], VIRQ_TIMER);
	assert_true(pending(1, p));
	assert_int_equal(bind_vcpu(p, 0), -EINVAL);		/* it is vcpu 1's */
	assert_int_equal(send_to(p), -EINVAL);
	assert_int_equal(close_port(p), 0);
	send_vcpu_virq(domains[1]->vcpu[1], VIRQ_TIMER);
	assert_false(pending(1, p));
	assert_true(virq(VIRQ_TIMER, 1) > 0);

	run_as(0, 0);
	send_global_virq(VIRQ_DOM_EXC);			/* not bound: no harm */
	g = virq(VIRQ_DOM_EXC, 0);
	assert_int_equal(bind_vcpu(g, 1), 0);
	send_global_virq(VIRQ_DOM_EXC);
	assert_true(pending(0, g));
	assert_int_equal(domains[0]->vcpu[1]->info->evtchn_upcall_pending, 1);
	assert_int_equal(close_port(g), 0);
	assert_true(virq(VIRQ_DOM_EXC, 0) > 0);		/* forgotten though it had moved */
}

static void test_bind_vcpu(void **state)
{
	int a = unbound(DOMID_SELF, 2);

	assert_int_equal(bind_vcpu(a, 1), 0);
	assert_int_equal(bind_vcpu(a, 2), -ENOENT);
	assert_int_equal(bind_vcpu(a, 0xffffffff), -ENOENT);
	assert_int_equal(bind_vcpu(77, 1), -EINVAL);
	assert_int_equal(bind_vcpu(ipi(0), 1), -EINVAL);
	assert_int_equal(ipi(2), -ENOENT);
}

static void test_pirqs(void **state)
{
	struct evtchn_bind_pirq op = { .pirq = 13 };
	u32 port;

	run_as(0, 0);
	assert_int_equal(OP(bind_pirq, &op), -EBUSY);
	op.pirq = MAX_IRQS;
	assert_int_equal(OP(bind_pirq, &op), -EINVAL);
	op.pirq = 9;
	assert_int_equal(OP(bind_pirq, &op), 0);
	port = op.port;
	assert_int_equal(port, 1);			/* the failures kept none */
	assert_int_equal(bound_pirq, 9);
	send_pirq_event(domains[0], port);
	assert_true(pending(0, port));
	assert_int_equal(close_port(port), 0);
	assert_int_equal(bound_pirq, 0);
	send_pirq_event(domains[0], port);
	assert_false(pending(0, port));
}

/* All ports, no more; then all again after a reset. */
static void test_exhaustion(void **state)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 1; i <= 1023; i++)
			assert_int_equal(unbound(DOMID_SELF, 2), i);
		assert_int_equal(unbound(DOMID_SELF, 2), -ENOSPC);
		assert_int_equal(close_port(500), 0);
		assert_int_equal(ipi(0), 500);
		assert_int_equal(OP(reset, &(struct evtchn_reset){ DOMID_SELF }), 0);
	}
}

static void test_failures_leave_nothing(void **state)
{
	int a;

	assert_int_equal(OP(alloc_unbound, 8), -EFAULT);
	assert_int_equal(OP(send, HV_VIRT_START), -EFAULT);
	for (int ok = 0; ok < 2; ok++) {	/* neither copy may fail and leave a port */
		copies_left = ok;
		assert_int_equal(ipi(0), -EFAULT);
		copies_left = ok;
		assert_int_equal(unbound(DOMID_SELF, 2), -EFAULT);
	}
	copies_left = -1;
	assert_int_equal(status(1, 1), EVTCHNSTAT_closed);
	assert_int_equal(do_event_channel_op(1000, 0), -ENOSYS);
	for (int i = 1; i < EVTCHN_PER_BUCKET; i++)
		unbound(DOMID_SELF, 2);
	out_of_memory = true;
	assert_int_equal(ipi(0), -ENOMEM);
	out_of_memory = false;
	assert_int_equal(ipi(0), EVTCHN_PER_BUCKET);
	a = unbound(DOMID_SELF, 2);
	while (evtchn_destroy(domains[1]))
		;
	assert_int_equal(unbound(DOMID_SELF, 2), -EINVAL);
	run_as(2, 0);
	assert_int_equal(interdomain(1, a), -EINVAL);
}

/* Any sequence of calls: no crash, no lock kept, and end() finds all references returned. */
static void test_random(void **state)
{
	u64 seed = 4711;

	for (int i = 0; i < 200000; i++) {
		u64 r = unit_random(&seed);
		unsigned dom = r % 3, port = (r >> 8) % 12, arg = (r >> 16) % 4;

		run_as(dom, 0);
		switch ((r >> 32) % 9) {
		case 0: unbound(arg == 3 ? DOMID_SELF : arg, (r >> 24) % 3); break;
		case 1: interdomain(arg, port); break;
		case 2: case 3: close_port(port); break;
		case 4: send_to(port); break;
		case 5: virq(r >> 24 & 31, arg); break;
		case 6: ipi(arg); break;
		case 7: bind_vcpu(port, arg); break;
		case 8: memset(shared[dom]->evtchn_pending, 0, 512); break;
		}
		if (i % 5000 == 0)
			OP(reset, &(struct evtchn_reset){ DOMID_SELF });
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

static int tests(void)
{
	const struct CMUnitTest all[] = {
		TEST(test_pair), TEST(test_pair_with_itself), TEST(test_rights), TEST(test_delivery),
		TEST(test_poll), TEST(test_virqs), TEST(test_bind_vcpu), TEST(test_pirqs),
		TEST(test_exhaustion), TEST(test_failures_leave_nothing), TEST(test_random),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

int main(void)
{
	return run_on_hv_stack(tests);
}
