/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations (sched=rtds), on one CPU: a vcpu gets its budget in each period whatever its
 * neighbours do, those with extra time share the rest, and one without gets no more than its
 * budget. Settings are those of domctl.h: per vcpu, all of a call or none.
 */
#include "guest.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define S 1000000000UL

static bool near(unsigned int got, unsigned int want, unsigned int off)
{
	return got + off >= want && got <= want + off;
}

static long vcpu_settings(domid_t domain, unsigned int cmd, xen_domctl_schedparam_vcpu_t *p,
			  unsigned int n)
{
	struct xen_domctl op = { .u.scheduler_op = { .sched_id = XEN_SCHEDULER_RTDS, .cmd = cmd } };
	long rc;

	op.u.scheduler_op.u.v.nr_vcpus = n;
	set_xen_guest_handle(op.u.scheduler_op.u.v.vcpus, p);
	rc = domctl(&op, XEN_DOMCTL_scheduler_op, domain);
	return rc ? rc : (long)op.u.scheduler_op.u.v.nr_vcpus;
}

static long reserve(domid_t domain, unsigned int vcpu, uint32_t period, uint32_t budget, bool extra)
{
	xen_domctl_schedparam_vcpu_t p = { .vcpuid = vcpu, .u.rtds = { .period = period,
		.budget = budget, .flags = extra ? XEN_DOMCTL_SCHEDRT_extra : 0 } };

	return vcpu_settings(domain, XEN_DOMCTL_SCHEDOP_putvcpuinfo, &p, 1);
}

static void test_settings(domid_t d)
{
	struct xen_domctl op = { .u.scheduler_op = { .sched_id = XEN_SCHEDULER_RTDS,
		.cmd = XEN_DOMCTL_SCHEDOP_getinfo } };
	struct xen_sysctl s = { 0 };
	xen_domctl_schedparam_vcpu_t p[2] = { { .vcpuid = 0 }, { .vcpuid = 1 } };

	section("settings");
	CHECK_EQ(sysctl(&s, XEN_SYSCTL_sched_id), 0);
	CHECK_EQ(s.u.sched_id.sched_id, XEN_SCHEDULER_RTDS);
	s.u.scheduler_op = (struct xen_sysctl_scheduler_op){ .sched_id = XEN_SCHEDULER_RTDS,
		.cmd = XEN_SYSCTL_SCHEDOP_getinfo };
	CHECK_EQ(sysctl(&s, XEN_SYSCTL_scheduler_op), -XEN_EINVAL);

	CHECK_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, d), 0);
	CHECK(op.u.scheduler_op.u.rtds.period >= op.u.scheduler_op.u.rtds.budget);
	CHECK(op.u.scheduler_op.u.rtds.budget > 0);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	CHECK_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, d), 0);	/* what libxl does at creation */

	CHECK_EQ(reserve(d, 0, 50000, 20000, false), 1);
	CHECK_EQ(reserve(d, 0, 50000, 50001, false), -XEN_EINVAL);
	CHECK_EQ(reserve(d, 0, 0, 0, false), -XEN_EINVAL);
	CHECK_EQ(reserve(d, 0, ~0u, 1000, false), -XEN_EINVAL);
	CHECK_EQ(reserve(d, 9, 50000, 20000, false), -XEN_EINVAL);
	CHECK_EQ(vcpu_settings(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, p, 2), 2);
	CHECK_EQ(p[0].u.rtds.period, 50000);
	CHECK_EQ(p[0].u.rtds.budget, 20000);
	CHECK_EQ(p[0].u.rtds.flags, 0);

	p[0].u.rtds.budget = 10000;
	p[1].u.rtds.flags = 0x10;				/* unknown: neither is changed */
	CHECK_EQ(vcpu_settings(d, XEN_DOMCTL_SCHEDOP_putvcpuinfo, p, 2), -XEN_EINVAL);
	CHECK_EQ(vcpu_settings(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, p, 1), 1);
	CHECK_EQ(p[0].u.rtds.budget, 20000);
	CHECK_EQ(vcpu_settings(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, (void *)HV_START, 1), -XEN_EFAULT);
	CHECK_EQ(vcpu_settings(d, XEN_DOMCTL_SCHEDOP_getvcpuinfo, p, 0), 0);
	op.u.scheduler_op.cmd = 9;
	CHECK_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, d), -XEN_EINVAL);
}

static void test_shares(const domid_t *d)
{
	unsigned int share[4];

	section("a reservation beside busy neighbours");
	CHECK_EQ(reserve(d[0], 0, 20000, 8000, false), 1);
	CHECK_EQ(reserve(d[1], 0, 50000, 10000, false), 1);
	CHECK_EQ(reserve(d[2], 0, 100000, 1000, true), 1);
	CHECK_EQ(reserve(d[3], 0, 100000, 1000, true), 1);
	measure(d, 4, 2 * S, share);
	CHECK(near(share[0], 4000, 200));
	CHECK(near(share[1], 2000, 150));
	CHECK(near(share[2], 2000, 300));
	CHECK(near(share[3], 2000, 300));

	section("no more than its budget");
	measure(d, 1, S, share);
	CHECK(near(share[0], 4000, 200));
	section("all that is left over");
	measure(d + 2, 1, S, share);
	CHECK(near(share[0], 10000, 200));
}

void test_main(void)
{
	domid_t d[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		d[i] = spinner_create(i ? 1 : 2);
		domain_pause(d[i]);
	}
	test_settings(d[0]);
	spinner_destroy(d[0]);
	d[0] = spinner_create(1);
	domain_pause(d[0]);
	CHECK_EQ(reserve(0, 0, 10000, 5000, true), 1);	/* ourselves, who only look */
	test_shares(d);
	for (i = 0; i < 4; i++)
		spinner_destroy(d[i]);
}
