/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU time by weight and cap.
 *
 * Rules (domctl.h): of a busy CPU domains get shares by their weights; a cap holds though the
 * CPU is free; settings that can't be are refused.
 */
#include "guest.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define S 1000000000UL

static bool near(unsigned int got, unsigned int want, unsigned int off)
{
	return got + off >= want && got <= want + off;
}

static long credit_put(domid_t domain, uint16_t weight, uint16_t cap)
{
	struct xen_domctl op = { .u.scheduler_op = { .sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_DOMCTL_SCHEDOP_putinfo, .u.credit = { weight, cap } } };

	return domctl(&op, XEN_DOMCTL_scheduler_op, domain);
}

static void test_settings(domid_t d)
{
	struct xen_domctl op = { .u.scheduler_op = { .sched_id = XEN_SCHEDULER_CREDIT,
		.cmd = XEN_DOMCTL_SCHEDOP_getvcpuinfo } };
	struct xen_sysctl s = { 0 };

	section("settings");
	CHECK_EQ(sysctl(&s, XEN_SYSCTL_sched_id), 0);
	CHECK_EQ(s.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT);
	CHECK(domctl(&op, XEN_DOMCTL_scheduler_op, d) < 0);	/* no settings of single vcpus */
	op.u.scheduler_op.cmd = 77;
	CHECK_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, d), -XEN_EINVAL);
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_RTDS;
	CHECK_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, d), -XEN_EINVAL);
	CHECK_EQ(credit_put(d, 333, 44), 0);
	op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
	CHECK_EQ(domctl(&op, XEN_DOMCTL_scheduler_op, d), 0);
	CHECK_EQ(op.u.scheduler_op.u.credit.weight, 333);
	CHECK_EQ(op.u.scheduler_op.u.credit.cap, 44);
	CHECK_EQ(credit_put(d, 256, 0), 0);
}

static void test_weights(const domid_t *d)
{
	unsigned int share[3], i, sum = 0;

	section("weights 1:2:4");
	for (i = 0; i < 3; i++)
		CHECK_EQ(credit_put(d[i], 128 << i, 0), 0);
	measure(d, 3, 5 * S, share);
	for (i = 0; i < 3; i++)
		sum += share[i];
	CHECK(near(sum, 10000, 100));
	for (i = 0; i < 3; i++)
		CHECK(near(share[i] * 7 / (1 << i), sum, sum / 20));
}

static void test_cap(const domid_t *d)
{
	unsigned int share[2];

	section("a cap of 25 %");
	CHECK_EQ(credit_put(d[0], 256, 25), 0);
	measure(d, 1, 2 * S, share);
	CHECK(near(share[0], 2500, 300));
	measure(d, 2, 2 * S, share);
	CHECK(near(share[0], 2500, 300));
	CHECK(near(share[1], 7500, 300));
	CHECK_EQ(credit_put(d[0], 256, 10000), 0);	/* more than it can use: no limit */
	measure(d, 1, S, share);
	CHECK(near(share[0], 10000, 100));
	CHECK_EQ(credit_put(d[0], 256, 0), 0);
}

void test_main(void)
{
	domid_t d[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		d[i] = spinner_create(1);
		domain_pause(d[i]);
	}
	test_settings(d[0]);
	test_weights(d);
	test_cap(d);
	for (i = 0; i < 3; i++)
		spinner_destroy(d[i]);
}
