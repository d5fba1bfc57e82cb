/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels, 2-level layout.
 *
 * Rules (event_channel.h, xen.h):
 *  - Delivery: pending bit; if it was clear and the port is unmasked, the word's
 *    bit in evtchn_pending_sel; if that was clear, evtchn_upcall_pending.
 *  - A masked port keeps its pending bit; the unmask call does the rest.
 *  - alloc_unbound names the lowest free port, port 0 is never used; a port can
 *    be bound only by the domain for which it was reserved; VIRQs and IPIs are
 *    bound once per vcpu; close frees, and its peer is unbound again.
 *  - SCHEDOP_poll wakes for a pending port, masked or not; SCHEDOP_block unmasks
 *    events and returns at once when one is pending.
 */
#include "guest.h"

#define NR_PORTS 4096

static volatile unsigned int upcalls;

static void on_event(struct regs *r)
{
	(void)r;
	upcalls++;
	vcpu->evtchn_upcall_pending = 0;
}

static long evtchn(unsigned int cmd, void *arg)
{
	return HC2(event_channel_op, cmd, arg);
}

static long alloc_unbound(unsigned int dom, unsigned int remote, unsigned int *port)
{
	struct evtchn_alloc_unbound a = { .dom = dom, .remote_dom = remote };
	long ret = evtchn(EVTCHNOP_alloc_unbound, &a);

	*port = a.port;
	return ret;
}

static long bind_interdomain(unsigned int dom, unsigned int remote_port, unsigned int *port)
{
	struct evtchn_bind_interdomain b = { .remote_dom = dom, .remote_port = remote_port };
	long ret = evtchn(EVTCHNOP_bind_interdomain, &b);

	*port = b.local_port;
	return ret;
}

static long send(unsigned int port)
{
	struct evtchn_send s = { .port = port };

	return evtchn(EVTCHNOP_send, &s);
}

static long unmask(unsigned int port)
{
	struct evtchn_unmask u = { .port = port };

	return evtchn(EVTCHNOP_unmask, &u);
}

static long close_port(unsigned int port)
{
	struct evtchn_close c = { .port = port };

	return evtchn(EVTCHNOP_close, &c);
}

static int status_of(unsigned int port)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };
	long ret = evtchn(EVTCHNOP_status, &s);

	return ret ? (int)ret : (int)s.status;
}

static bool pending(unsigned int port)
{
	return shared->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static bool sel(unsigned int port)
{
	return vcpu->evtchn_pending_sel >> (port / 64) & 1;
}

static void set_mask(unsigned int port, bool masked)
{
	if (masked)
		shared->evtchn_mask[port / 64] |= 1UL << (port % 64);
	else
		shared->evtchn_mask[port / 64] &= ~(1UL << (port % 64));
}

static void clear_port(unsigned int port)
{
	shared->evtchn_pending[port / 64] &= ~(1UL << (port % 64));
	vcpu->evtchn_pending_sel &= ~(1UL << (port / 64));
	vcpu->evtchn_upcall_pending = 0;
}

static unsigned int ipi_port;

static void test_ipi_delivery(void)
{
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };

	section("delivery through an IPI port");
	CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &ipi), 0);
	ipi_port = ipi.port;
	CHECK(ipi_port > 0 && ipi_port < NR_PORTS);
	CHECK_EQ(status_of(ipi_port), EVTCHNSTAT_ipi);
	clear_port(ipi_port);

	set_mask(ipi_port, true);
	CHECK_EQ(send(ipi_port), 0);
	CHECK(pending(ipi_port));
	CHECK(!sel(ipi_port));
	CHECK_EQ(vcpu->evtchn_upcall_pending, 0);

	CHECK_EQ(unmask(ipi_port), 0);
	CHECK_EQ(shared->evtchn_mask[ipi_port / 64] >> (ipi_port % 64) & 1, 0);
	CHECK(pending(ipi_port));
	CHECK(sel(ipi_port));
	CHECK_EQ(vcpu->evtchn_upcall_pending, 1);
	CHECK_EQ(upcalls, 0);			/* masked for the vcpu */
	clear_port(ipi_port);

	CHECK_EQ(send(ipi_port), 0);
	CHECK(pending(ipi_port) && sel(ipi_port) && vcpu->evtchn_upcall_pending);
	vcpu->evtchn_upcall_mask = 0;
	HC2(xen_version, 0, 0);
	CHECK_EQ(upcalls, 1);
	/* a bit that is still pending raises no second upcall */
	CHECK_EQ(send(ipi_port), 0);
	CHECK_EQ(upcalls, 1);
	clear_port(ipi_port);
	CHECK_EQ(send(ipi_port), 0);
	CHECK_EQ(upcalls, 2);
	/* pending bit free but selector set: no second upcall either */
	shared->evtchn_pending[ipi_port / 64] = 0;
	CHECK_EQ(send(ipi_port), 0);
	CHECK_EQ(upcalls, 2);
	vcpu->evtchn_upcall_mask = 1;
	clear_port(ipi_port);
	CHECK_EQ(unmask(ipi_port), 0);		/* nothing pending: nothing happens */
	CHECK_EQ(vcpu->evtchn_upcall_pending, 0);
}

static void test_interdomain(void)
{
	unsigned int a, b, c;

	section("interdomain, with ourselves");
	CHECK_EQ(alloc_unbound(DOMID_SELF, DOMID_SELF, &a), 0);
	CHECK_EQ(status_of(a), EVTCHNSTAT_unbound);
	set_mask(a, false);
	CHECK_EQ(send(a), 0);			/* nobody there yet: silently lost */
	CHECK_EQ(bind_interdomain(DOMID_SELF, a, &b), 0);
	CHECK(b != a);
	CHECK_EQ(status_of(a), EVTCHNSTAT_interdomain);
	CHECK_EQ(status_of(b), EVTCHNSTAT_interdomain);
	CHECK(pending(b));			/* the binder's port starts pending */
	clear_port(a);
	clear_port(b);
	set_mask(b, false);
	CHECK_EQ(send(a), 0);
	CHECK(pending(b) && !pending(a));
	clear_port(b);
	CHECK_EQ(send(b), 0);
	CHECK(pending(a) && !pending(b));
	clear_port(a);
	CHECK_EQ(bind_interdomain(DOMID_SELF, a, &c), -XEN_EINVAL);	/* taken */
	CHECK_EQ(send(b), 0);
	CHECK_EQ(close_port(b), 0);
	CHECK_EQ(status_of(b), EVTCHNSTAT_closed);
	CHECK_EQ(status_of(a), EVTCHNSTAT_unbound);
	CHECK_EQ(close_port(b), -XEN_EINVAL);
	CHECK_EQ(send(b), -XEN_EINVAL);
	CHECK_EQ(bind_interdomain(DOMID_SELF, a, &c), 0);
	CHECK_EQ(c, b);				/* the lowest free port */
	CHECK_EQ(close_port(a), 0);
	CHECK_EQ(close_port(c), 0);
	clear_port(a);
	clear_port(c);

	/* reserved for another domain: not for us */
	CHECK_EQ(alloc_unbound(DOMID_SELF, 5, &a), 0);
	CHECK(bind_interdomain(DOMID_SELF, a, &c) < 0);
	CHECK_EQ(close_port(a), 0);
}

static void test_virqs(void)
{
	struct evtchn_bind_virq v = { .virq = VIRQ_DEBUG }, w = { .virq = VIRQ_DEBUG };
	struct evtchn_bind_vcpu bv;
	unsigned int i;

	section("VIRQs");
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &v), 0);
	CHECK_EQ(status_of(v.port), EVTCHNSTAT_virq);
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), -XEN_EEXIST);
	CHECK_EQ(send(v.port), -XEN_EINVAL);	/* a guest can't send a VIRQ */
	bv.port = v.port;
	bv.vcpu = 0;
	CHECK_EQ(evtchn(EVTCHNOP_bind_vcpu, &bv), -XEN_EINVAL);	/* per vcpu: stays */
	CHECK_EQ(close_port(v.port), 0);
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), 0);
	CHECK_EQ(close_port(w.port), 0);
	w.virq = VIRQ_CON_RING;
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), 0);
	bv.port = w.port;
	CHECK_EQ(evtchn(EVTCHNOP_bind_vcpu, &bv), 0);		/* global: may move */
	CHECK_EQ(close_port(w.port), 0);
	w.virq = VIRQ_TIMER;
	w.vcpu = 7;
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), -XEN_ENOENT);
	w.vcpu = 0xffffffff;
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), -XEN_ENOENT);
	w.vcpu = 0;
	for (i = NR_VIRQS; i < NR_VIRQS + 3; i++) {
		w.virq = i;
		CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), -XEN_EINVAL);
	}
	w.virq = 0x80000000;
	CHECK_EQ(evtchn(EVTCHNOP_bind_virq, &w), -XEN_EINVAL);
}

static void test_bounds(void)
{
	static const unsigned int bad_ports[] = { 0, 1000, NR_PORTS - 1, NR_PORTS, 0x7fffffff, ~0U };
	static const unsigned long bad_pointers[] = { 0, HV_START, HV_END - 4, 1UL << 63, ~0UL - 3 };
	struct evtchn_bind_ipi ipi = { .vcpu = 99 };
	struct evtchn_bind_pirq pirq = { .pirq = 0x7fffffff };
	unsigned int i, port;

	section("bounds");
	for (i = 0; i < ARRAY_SIZE(bad_ports); i++) {
		CHECK_EQ(send(bad_ports[i]), -XEN_EINVAL);
		CHECK_EQ(close_port(bad_ports[i]), -XEN_EINVAL);
		CHECK(unmask(bad_ports[i]) == -XEN_EINVAL || bad_ports[i] < NR_PORTS);
		CHECK(bind_interdomain(DOMID_SELF, bad_ports[i], &port) < 0);
		if (bad_ports[i] >= NR_PORTS)
			CHECK_EQ(status_of(bad_ports[i]), -XEN_EINVAL);
		else
			CHECK(status_of(bad_ports[i]) == EVTCHNSTAT_closed ||
			      status_of(bad_ports[i]) == -XEN_EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(bad_pointers); i++) {
		CHECK_EQ(HC2(event_channel_op, EVTCHNOP_send, bad_pointers[i]), -XEN_EFAULT);
		CHECK_EQ(HC2(event_channel_op, EVTCHNOP_alloc_unbound, bad_pointers[i]), -XEN_EFAULT);
	}
	CHECK_EQ(evtchn(99, &ipi), -XEN_ENOSYS);
	CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOENT);
	CHECK(evtchn(EVTCHNOP_bind_pirq, &pirq) < 0);
	CHECK_EQ(alloc_unbound(5, DOMID_SELF, &port), -XEN_ESRCH);
	CHECK(bind_interdomain(5, 1, &port) == -XEN_ESRCH);
	CHECK(bind_interdomain(DOMID_INVALID, 1, &port) < 0);
}

/* All ports: the call fails cleanly at the end, and each word has its selector bit. */
static void test_all_ports(void)
{
	static unsigned short ports[NR_PORTS];
	struct evtchn_bind_ipi ipi = { .vcpu = 0 };
	unsigned int n = 0, i, wrong = 0, not_delivered = 0;

	section("all ports");
	while (n < NR_PORTS && evtchn(EVTCHNOP_bind_ipi, &ipi) == 0) {
		wrong += ipi.port >= NR_PORTS || status_of(ipi.port) != EVTCHNSTAT_ipi;
		ports[n++] = ipi.port;
	}
	CHECK(n > 1000);
	CHECK(n < NR_PORTS);
	CHECK_EQ(wrong, 0);
	CHECK_EQ(evtchn(EVTCHNOP_bind_ipi, &ipi), -XEN_ENOSPC);
	for (i = 0; i < n; i += 61) {
		set_mask(ports[i], false);
		clear_port(ports[i]);
		not_delivered += send(ports[i]) || !pending(ports[i]) || !sel(ports[i]) ||
			!vcpu->evtchn_upcall_pending;
		clear_port(ports[i]);
		set_mask(ports[i], true);
	}
	CHECK_EQ(not_delivered, 0);
	for (i = 0; i < n; i++)
		wrong += close_port(ports[i]) != 0;
	CHECK_EQ(wrong, 0);
}

static long poll(evtchn_port_t *ports, unsigned int n, unsigned long timeout)
{
	struct sched_poll p = { .nr_ports = n, .timeout = timeout };

	set_xen_guest_handle(p.ports, ports);
	return HC2(sched_op, SCHEDOP_poll, &p);
}

static unsigned long now(void)
{
	struct vcpu_time_info t = *(volatile struct vcpu_time_info *)&vcpu->time;
	unsigned long delta = rdtsc() - t.tsc_timestamp;

	delta = t.tsc_shift < 0 ? delta >> -t.tsc_shift : delta << t.tsc_shift;
	return t.system_time + (unsigned long)((unsigned __int128)delta * t.tsc_to_system_mul >> 32);
}

static void test_poll_and_block(void)
{
	evtchn_port_t ports[2] = { ipi_port, 0 };
	unsigned long start;

	section("poll and block");
	clear_port(ipi_port);
	set_mask(ipi_port, true);
	CHECK_EQ(send(ipi_port), 0);
	CHECK_EQ(poll(ports, 1, 0), 0);		/* pending though masked: at once */
	clear_port(ipi_port);
	start = now();
	CHECK_EQ(poll(ports, 1, start + 20000000), 0);	/* 20 ms, absolute */
	CHECK(now() - start >= 19000000);
	CHECK(now() - start < 2000000000);
	CHECK_EQ(poll(ports, 1000, 0), -XEN_EINVAL);
	ports[0] = NR_PORTS;
	CHECK_EQ(poll(ports, 1, 0), -XEN_EINVAL);
	CHECK_EQ(HC2(sched_op, SCHEDOP_poll, HV_START), -XEN_EFAULT);

	/* block with an event pending returns at once, with events unmasked */
	set_mask(ipi_port, false);
	upcalls = 0;
	vcpu->evtchn_upcall_mask = 1;
	CHECK_EQ(send(ipi_port), 0);
	CHECK_EQ(upcalls, 0);
	CHECK_EQ(HC2(sched_op, SCHEDOP_block, 0), 0);
	CHECK_EQ(upcalls, 1);
	CHECK_EQ(vcpu->evtchn_upcall_mask, 0);
	vcpu->evtchn_upcall_mask = 1;
	clear_port(ipi_port);
	CHECK_EQ(HC2(sched_op, SCHEDOP_yield, 0), 0);
	CHECK_EQ(HC2(sched_op, 99, 0), -XEN_ENOSYS);
}

static void test_vcpu_info(void)
{
	struct vcpu_register_vcpu_info reg = { 0 };
	char *page = page_alloc();
	struct vcpu_info *moved = (struct vcpu_info *)(page + 128), *old = vcpu;

	section("register_vcpu_info");
	reg.mfn = mfn_of(page);
	reg.offset = 4096 - 32;
	CHECK(HC3(vcpu_op, VCPUOP_register_vcpu_info, 0, &reg) < 0);	/* crosses the page */
	reg.offset = 128;
	reg.mfn = mfn_of((void *)si->pt_base);
	CHECK(HC3(vcpu_op, VCPUOP_register_vcpu_info, 0, &reg) < 0);	/* a page table */
	reg.mfn = 0x7ffffffff;
	CHECK(HC3(vcpu_op, VCPUOP_register_vcpu_info, 0, &reg) < 0);
	reg.mfn = mfn_of(page);
	CHECK(HC3(vcpu_op, VCPUOP_register_vcpu_info, 44, &reg) < 0);
	clear_port(ipi_port);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_register_vcpu_info, 0, &reg), 0);
	vcpu = moved;
	CHECK_EQ(vcpu->evtchn_upcall_mask, 1);
	CHECK_EQ(vcpu->evtchn_upcall_pending, 1);	/* nothing may be lost in the move */
	CHECK_EQ(vcpu->evtchn_pending_sel, ~0UL);
	CHECK(vcpu->time.tsc_to_system_mul != 0);
	CHECK(HC3(vcpu_op, VCPUOP_register_vcpu_info, 0, &reg) < 0);	/* once only */
	vcpu->evtchn_pending_sel = 0;
	vcpu->evtchn_upcall_pending = 0;
	old->evtchn_upcall_pending = 0;
	CHECK_EQ(send(ipi_port), 0);
	CHECK(pending(ipi_port) && sel(ipi_port) && vcpu->evtchn_upcall_pending);
	CHECK_EQ(old->evtchn_upcall_pending, 0);
	clear_port(ipi_port);
	/* the page is in use now: it can become no page table */
	REQUIRE(set_ro(page) == 0);
	CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(page)) < 0);
	CHECK_EQ(set_rw(page), 0);
}

static void test_vcpu_ops(void)
{
	section("vcpu_op");
	CHECK_EQ(HC3(vcpu_op, VCPUOP_is_up, 0, 0), 1);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_is_up, 1, 0), -XEN_ENOENT);	/* dom0_max_vcpus=1 */
	CHECK_EQ(HC3(vcpu_op, VCPUOP_is_up, 8191, 0), -XEN_ENOENT);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_is_up, 0xffffffff, 0), -XEN_ENOENT);
	CHECK(HC3(vcpu_op, VCPUOP_initialise, 0, HV_START) < 0);	/* it runs already */
	CHECK_EQ(HC3(vcpu_op, 999, 0, 0), -XEN_ENOSYS);
}

void test_main(void)
{
	trap_hooks[VEC_EVENT] = on_event;
	memset((void *)shared->evtchn_mask, 0xff, sizeof(shared->evtchn_mask));
	HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0);
	test_ipi_delivery();
	test_interdomain();
	test_virqs();
	test_bounds();
	test_all_ports();
	test_poll_and_block();
	test_vcpu_info();
	test_vcpu_ops();
}
