/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest time and timers.
 *
 * Rules (xen.h vcpu_time_info, vcpu.h):
 *  - system time = system_time + ((tsc - tsc_timestamp) shifted) * mul >> 32; the
 *    version is odd while an update is under way; time never goes back.
 *  - A one-shot timer fires VIRQ_TIMER at or after its absolute deadline, at once
 *    if that has passed; set_timer_op(0) cancels; the periodic timer can be stopped.
 *  - SCHEDOP_block sleeps until an event.  Wall clock = wc_sec/wc_nsec + system time.
 *  - The runstate area holds state, entry time, and the time spent in each state.
 */
#include "guest.h"

#define MS 1000000UL

static unsigned int timer_port;
static volatile unsigned int upcalls;

static void on_event(struct regs *r)
{
	(void)r;
	upcalls++;
	vcpu->evtchn_upcall_pending = 0;
	vcpu->evtchn_pending_sel = 0;
	shared->evtchn_pending[timer_port / 64] &= ~(1UL << (timer_port % 64));
}

static unsigned long now(void)
{
	volatile struct vcpu_time_info *t = (void *)&vcpu->time;
	unsigned long ns, delta;
	uint32_t version;

	do {
		do {
			version = t->version;
		} while (version & 1);
		barrier();
		delta = rdtsc() - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
		ns = t->system_time + (unsigned long)((unsigned __int128)delta *
						      t->tsc_to_system_mul >> 32);
		barrier();
	} while (t->version != version);
	return ns;
}

/* Blocks until an upcall or the time; true if the upcall came. */
static bool wait_upcall(unsigned long until)
{
	unsigned int before = upcalls;

	while (upcalls == before && now() < until) {
		vcpu->evtchn_upcall_mask = 0;
		HC2(xen_version, 0, 0);
	}
	vcpu->evtchn_upcall_mask = 1;
	return upcalls != before;
}

static long singleshot(unsigned long at)
{
	struct vcpu_set_singleshot_timer t = { .timeout_abs_ns = at };

	return HC3(vcpu_op, VCPUOP_set_singleshot_timer, 0, &t);
}

static void test_clock(void)
{
	unsigned long start = now(), last = start, t, back = 0, i, versions = 0;
	uint32_t v = vcpu->time.version;

	section("system time");
	for (i = 0; i < 300000; i++) {
		t = now();
		back += t < last;
		last = t;
		if (vcpu->time.version != v)
			versions++;
		v = vcpu->time.version;
	}
	CHECK_EQ(back, 0);
	CHECK(last > start);
	CHECK_EQ(vcpu->time.version & 1, 0);
	CHECK(start < 3600UL * 1000 * MS);	/* since the hypervisor's start */
}

static void test_wallclock(void)
{
	section("wall clock");
	/* after 2020, before 2100 */
	CHECK(shared->wc_sec > 1577836800 && shared->wc_sec < 4102444800U);
	CHECK(shared->wc_nsec < 1000000000);
	CHECK_EQ(shared->wc_version & 1, 0);
}

static void test_singleshot(void)
{
	struct evtchn_bind_virq v = { .virq = VIRQ_TIMER };
	struct evtchn_unmask u;
	unsigned long start;

	section("one-shot timer");
	REQUIRE(HC2(event_channel_op, EVTCHNOP_bind_virq, &v) == 0);
	timer_port = u.port = v.port;
	REQUIRE(HC2(event_channel_op, EVTCHNOP_unmask, &u) == 0);	/* a tick may be pending already */
	CHECK_EQ(HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
	wait_upcall(now() + 5 * MS);
	CHECK(!wait_upcall(now() + 100 * MS));		/* the periodic timer is off */

	start = now();
	CHECK_EQ(singleshot(start + 30 * MS), 0);
	CHECK(wait_upcall(start + 2000 * MS));
	CHECK(now() - start >= 29 * MS);
	CHECK(!wait_upcall(now() + 50 * MS));		/* once */

	section("one-shot timer in the past");
	CHECK_EQ(singleshot(now() - 10 * MS), 0);
	CHECK(wait_upcall(now() + 1000 * MS));
	CHECK_EQ(singleshot(1), 0);
	CHECK(wait_upcall(now() + 1000 * MS));

	section("cancelled timer");
	CHECK_EQ(singleshot(now() + 50 * MS), 0);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0), 0);
	CHECK(!wait_upcall(now() + 120 * MS));
	CHECK_EQ(HC3(vcpu_op, VCPUOP_set_singleshot_timer, 0, HV_START), -XEN_EFAULT);
	CHECK(HC3(vcpu_op, VCPUOP_set_singleshot_timer, 5, 0) < 0);

	section("set_timer_op");
	start = now();
	CHECK_EQ(HC1(set_timer_op, start + 20 * MS), 0);
	CHECK(wait_upcall(start + 2000 * MS));
	CHECK(now() - start >= 19 * MS);
	CHECK_EQ(HC1(set_timer_op, now() + 30 * MS), 0);
	CHECK_EQ(HC1(set_timer_op, 0), 0);
	CHECK(!wait_upcall(now() + 80 * MS));
}

static void test_periodic(void)
{
	struct vcpu_set_periodic_timer p = { .period_ns = 10 * MS };
	unsigned long start;

	section("periodic timer");
	CHECK_EQ(HC3(vcpu_op, VCPUOP_set_periodic_timer, 0, &p), 0);
	upcalls = 0;
	for (start = now(); upcalls < 10 && now() < start + 5000 * MS; )
		wait_upcall(start + 5000 * MS);
	CHECK(upcalls >= 10);
	CHECK(now() - start >= 80 * MS);	/* one may come late, the rest at their time */
	p.period_ns = 1;
	CHECK(HC3(vcpu_op, VCPUOP_set_periodic_timer, 0, &p) < 0);	/* would hold the CPU */
	CHECK_EQ(HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0), 0);
}

static void test_block(void)
{
	unsigned long start;

	section("block");
	wait_upcall(now() + 5 * MS);		/* a last tick of the periodic timer */
	start = now();
	upcalls = 0;
	CHECK_EQ(singleshot(start + 40 * MS), 0);
	CHECK_EQ(HC2(sched_op, SCHEDOP_block, 0), 0);
	CHECK(now() - start >= 39 * MS);
	CHECK_EQ(upcalls, 1);
	CHECK_EQ(vcpu->evtchn_upcall_mask, 0);
	vcpu->evtchn_upcall_mask = 1;
}

static void test_runstate(void)
{
	static volatile struct vcpu_runstate_info area, got;
	struct vcpu_register_runstate_memory_area reg;
	unsigned long start, blocked;

	section("runstate");
	reg.addr.v = (void *)&area;
	CHECK_EQ(HC3(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg), 0);
	CHECK_EQ(area.state, RUNSTATE_running);
	CHECK(area.state_entry_time <= now());
	CHECK_EQ(HC3(vcpu_op, VCPUOP_get_runstate_info, 0, &got), 0);
	CHECK_EQ(got.state, RUNSTATE_running);
	blocked = area.time[RUNSTATE_blocked];
	start = now();
	CHECK_EQ(singleshot(start + 30 * MS), 0);
	HC2(sched_op, SCHEDOP_block, 0);
	vcpu->evtchn_upcall_mask = 1;
	CHECK_EQ(area.state, RUNSTATE_running);
	CHECK(area.time[RUNSTATE_blocked] - blocked >= 25 * MS);
	CHECK(area.state_entry_time >= start + 25 * MS);
	/* a bad address: refused at once, or quietly never written */
	reg.addr.v = (void *)(HV_START + (6UL << 39));
	HC3(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg);
	HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_get_runstate_info, 0, 0x12345000), -XEN_EFAULT);
	reg.addr.v = (void *)&area;
	CHECK_EQ(HC3(vcpu_op, VCPUOP_register_runstate_memory_area, 0, &reg), 0);
	CHECK_EQ(HC3(vcpu_op, VCPUOP_get_runstate_info, 77, &got), -XEN_ENOENT);
}

void test_main(void)
{
	trap_hooks[VEC_EVENT] = on_event;
	memset((void *)shared->evtchn_mask, 0xff, sizeof(shared->evtchn_mask));
	test_clock();
	test_wallclock();
	test_singleshot();
	test_periodic();
	test_block();
	test_runstate();
}
