/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two CPUs, which are threads of two cores (noht): what the hypervisor says of them, affinity,
 * and work for both.
 *
 * Rules (domctl.h, sysctl.h): no CPU idles while a vcpu waits that may run there; no vcpu
 * runs where its hard affinity doesn't allow; an affinity without any CPU of the machine is
 * refused. Time is what the hypervisor accounts, in parts of its clock.
 */
#include "guest.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define S 1000000000UL

static bool near(unsigned int got, unsigned int want, unsigned int off)
{
	return got + off >= want && got <= want + off;
}

static struct xen_domctl_getvcpuinfo vcpu_info_of(domid_t d)
{
	struct xen_domctl op = { .u.getvcpuinfo = { .vcpu = 0 } };

	REQUIRE(domctl(&op, XEN_DOMCTL_getvcpuinfo, d) == 0);
	return op.u.getvcpuinfo;
}

/* It comes to the CPU that it must be on, and gets CPU time there; on a busy host that takes a while. */
static void check_goes_on(domid_t d, unsigned int cpu)
{
	unsigned int tries = 0;
	unsigned long before;

	while (vcpu_info_of(d).cpu != cpu && tries++ < 200)
		sleep_ns(S / 100);
	before = vcpu_info_of(d).cpu_time;
	while (vcpu_info_of(d).cpu_time < before + S / 1000 && tries++ < 200)
		sleep_ns(S / 100);
	CHECK(tries < 200);
	CHECK_EQ(vcpu_info_of(d).cpu, cpu);
}

static void test_affinity(domid_t d)
{
	unsigned int i;

	section("affinity");
	CHECK_EQ(set_affinity(d, 0, 0, 1), -XEN_EINVAL);
	CHECK_EQ(set_affinity(d, 0, 1UL << 63, 1), -XEN_EINVAL);	/* no such CPU */
	CHECK_EQ(set_affinity(d, 7, 1, 1), -XEN_ESRCH);
	domain_unpause(d);
	for (i = 0; i < 8; i++) {
		CHECK_EQ(set_affinity(d, 0, 1 + i % 2, ~0UL), 0);
		check_goes_on(d, i % 2);
	}
	domain_pause(d);
	CHECK_EQ(set_affinity(d, 0, ~0UL, ~0UL), 0);
}

/* Domain 0 sleeps, so three have two CPUs. */
static void test_two_cpus(const domid_t *d)
{
	unsigned int share[3], i;

	section("three on two CPUs");
	measure(d, 3, 2 * S, share);
	CHECK(near(share[0] + share[1] + share[2], 20000, 200));
	for (i = 0; i < 3; i++)
		CHECK(share[i] > 3000);			/* a busy host makes it uneven */
	section("a CPU each");
	measure(d, 2, S, share);
	CHECK(near(share[0], 10000, 100));
	CHECK(near(share[1], 10000, 100));
}

static void test_pinned(const domid_t *d)
{
	unsigned int share[3], i;

	section("three bound to one CPU");
	for (i = 0; i < 3; i++)
		CHECK_EQ(set_affinity(d[i], 0, 2, ~0UL), 0);
	measure(d, 3, S, share);
	CHECK(near(share[0] + share[1] + share[2], 10000, 200));
	section("one may leave it");
	CHECK_EQ(set_affinity(d[1], 0, 3, ~0UL), 0);
	measure(d, 3, S, share);
	CHECK(near(share[0] + share[1] + share[2], 20000, 300));
}

/* Of two cores with two threads each, one thread is used; all answers agree on it. */
static void test_topology(void)
{
	xen_sysctl_cputopo_t topo[4];
	struct xen_sysctl phys = { 0 }, op = { 0 }, pool = { 0 };
	uint64_t map = 0;

	section("topology and pool");
	CHECK_EQ(sysctl(&phys, XEN_SYSCTL_physinfo), 0);
	CHECK_EQ(phys.u.physinfo.nr_cpus, 2);
	CHECK_EQ(phys.u.physinfo.threads_per_core, 1);
	CHECK_EQ(phys.u.physinfo.cores_per_socket, 2);
	op.u.cputopoinfo.num_cpus = 4;
	set_xen_guest_handle(op.u.cputopoinfo.cputopo, topo);
	CHECK_EQ(sysctl(&op, XEN_SYSCTL_cputopoinfo), 0);
	CHECK_EQ(op.u.cputopoinfo.num_cpus, 2);
	CHECK_EQ(topo[0].socket, topo[1].socket);
	CHECK_EQ(topo[0].core, 0);
	CHECK_EQ(topo[1].core, 1);
	pool.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
	pool.u.cpupool_op.cpumap.nr_bits = 64;
	set_xen_guest_handle(pool.u.cpupool_op.cpumap.bitmap, (uint8_t *)&map);
	CHECK_EQ(sysctl(&pool, XEN_SYSCTL_cpupool_op), 0);
	CHECK_EQ(map, 3);
	CHECK_EQ(pool.u.cpupool_op.sched_id, XEN_SCHEDULER_CREDIT);
}

void test_main(void)
{
	domid_t d[3];
	unsigned int i;

	test_topology();
	for (i = 0; i < 3; i++) {
		d[i] = spinner_create(1);
		domain_pause(d[i]);
	}
	test_affinity(d[0]);
	test_two_cpus(d);
	test_pinned(d);
	for (i = 0; i < 3; i++)
		spinner_destroy(d[i]);
}
