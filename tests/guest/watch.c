/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Performance counters and trace buffers, as the tools use them.
 *
 * Rules (sysctl.h, trace.h):
 *  - perfc_op without handles says how much room its answer takes. Counters go up by what
 *    happened, and start again from zero after a reset.
 *  - Trace buffers are made once. t_info, whose frame get_info names, lists each CPU's frames;
 *    they are mapped as frames of DOMID_XEN: t_info read-only, the rings writable. The reader
 *    moves cons, the hypervisor prod, both modulo twice the size.
 *  - Only events whose class and subclass are in the mask are recorded, on CPUs in the other
 *    mask, while it is enabled. VIRQ_TBUF comes when a ring is half full. Records that found
 *    no room are counted in a record of their own, once there is room.
 *  - A reader that writes nonsense loses records.
 */
#include "guest.h"
#include <xen/sysctl.h>
#include <xen/trace.h>

#define RING_PAGES	2
#define RING_SIZE	(RING_PAGES * PAGE_SIZE - sizeof(struct t_buf))
#define MAX_COUNTERS	100
#define MAX_VALUES	2000

static struct xen_sysctl op;

/* ---- counters ---- */

static struct xen_sysctl_perfc_desc desc[MAX_COUNTERS];
static uint32_t values[MAX_VALUES];

static long perfc(unsigned int cmd, void *d, void *v)
{
	memset(&op, 0, sizeof(op));
	op.u.perfc_op.cmd = cmd;
	set_xen_guest_handle_raw(op.u.perfc_op.desc, d);
	set_xen_guest_handle_raw(op.u.perfc_op.val, v);
	return sysctl(&op, XEN_SYSCTL_perfc_op);
}

/* Where a counter's values begin. */
static unsigned int values_of(const char *name)
{
	unsigned int i, at = 0;

	for (i = 0; i < op.u.perfc_op.nr_counters; i++) {
		if (!memcmp(desc[i].name, name, strlen(name) + 1))
			return at;
		at += desc[i].nr_vals;
	}
	printf("FAIL no counter is called %s\n", name);
	CHECK(false);
	return 0;
}

static uint32_t count(const char *name, unsigned int index)
{
	REQUIRE(perfc(XEN_SYSCTL_PERFCOP_query, desc, values) == 0);
	return values[values_of(name) + index];
}

static void test_counters(void)
{
	struct multicall_entry mc[3] = { { .op = __HYPERVISOR_xen_version }, { .op = __HYPERVISOR_xen_version },
		{ .op = __HYPERVISOR_stack_switch, .args = { 0, 0 } } };
	uint32_t before, i, sum = 0;

	section("performance counters");
	CHECK_EQ(perfc(XEN_SYSCTL_PERFCOP_query, NULL, NULL), 0);
	CHECK(op.u.perfc_op.nr_counters > 20 && op.u.perfc_op.nr_counters <= MAX_COUNTERS);
	CHECK(op.u.perfc_op.nr_vals >= op.u.perfc_op.nr_counters + 64 && op.u.perfc_op.nr_vals <= MAX_VALUES);
	CHECK_EQ(perfc(0, NULL, NULL), -XEN_EINVAL);
	CHECK_EQ(perfc(3, NULL, NULL), -XEN_EINVAL);
	CHECK_EQ(perfc(XEN_SYSCTL_PERFCOP_query, (void *)HV_START, NULL), -XEN_EFAULT);
	CHECK_EQ(perfc(XEN_SYSCTL_PERFCOP_query, NULL, (void *)0x1000), -XEN_EFAULT);
	CHECK_EQ(perfc(XEN_SYSCTL_PERFCOP_query, desc, values), 0);
	for (i = 0; i < op.u.perfc_op.nr_counters; i++)
		sum += desc[i].nr_vals;
	CHECK_EQ(sum, op.u.perfc_op.nr_vals);

	before = count("hypercalls", __HYPERVISOR_xen_version);
	for (i = 0; i < 10; i++)
		HC2(xen_version, 0, 0);
	CHECK_EQ(count("hypercalls", __HYPERVISOR_xen_version) - before, 10);
	HC2(multicall, mc, 2);
	CHECK_EQ(count("hypercalls", __HYPERVISOR_xen_version) - before, 12);
	before = count("exceptions of guests, by vector", 6);
	CHECK_EQ(TRY("ud2"), 6);
	CHECK_EQ(TRY("ud2"), 6);
	CHECK_EQ(count("exceptions of guests, by vector", 6) - before, 2);
	before = count("exceptions of guests, by vector", 14);
	CHECK_EQ(TRY("mov 0x1000, %%eax", ::: "rax"), 14);
	CHECK_EQ(count("exceptions of guests, by vector", 14) - before, 1);
	before = count("hypercalls", __HYPERVISOR_iret);
	CHECK_EQ(TRY("ud2"), 6);			/* the handler returns by it */
	CHECK(count("hypercalls", __HYPERVISOR_iret) > before);
	before = count("sched: yields", 0);
	HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(count("sched: yields", 0) - before, 1);

	CHECK_EQ(perfc(XEN_SYSCTL_PERFCOP_reset, NULL, NULL), 0);
	CHECK_EQ(count("hypercalls", __HYPERVISOR_xen_version), 0);
	CHECK(count("hypercalls", __HYPERVISOR_sysctl) < 10);
	HC2(xen_version, 0, 0);
	CHECK_EQ(count("hypercalls", __HYPERVISOR_xen_version), 1);
}

/* ---- trace buffers: made once ---- */

static long tbuf(unsigned int cmd, unsigned long arg)
{
	static uint64_t mask;

	memset(&op, 0, sizeof(op));
	op.u.tbuf_op.cmd = cmd;
	op.u.tbuf_op.evt_mask = op.u.tbuf_op.size = arg;
	mask = arg;
	set_xen_guest_handle_raw(op.u.tbuf_op.cpu_mask.bitmap, (uint8_t *)&mask);
	op.u.tbuf_op.cpu_mask.nr_bits = 64;
	return sysctl(&op, XEN_SYSCTL_tbuf_op);
}

static void test_sizes(void)
{
	uint64_t frames, cpus;

	section("sizes of trace buffers");
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_get_info, 0), 0);
	CHECK_EQ(op.u.tbuf_op.size, 0);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_enable, 0), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_disable, 0), 0);
	memset(&op, 0, sizeof(op));
	REQUIRE(sysctl(&op, XEN_SYSCTL_physinfo) == 0);
	cpus = op.u.physinfo.nr_cpus;
	frames = free_frames();
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, 0), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, 70000), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, ~0u), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, frames / cpus + 1), -XEN_ENOMEM);
	CHECK_EQ(free_frames(), frames);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, RING_PAGES), 0);
	CHECK(free_frames() < frames);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, RING_PAGES), 0);	/* as it is */
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_size, RING_PAGES + 1), -XEN_EBUSY);
	CHECK_EQ(tbuf(6, 0), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_cpu_mask, 1UL << 62 | 1), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_cpu_mask, 1UL << 63), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_cpu_mask, 0), -XEN_EINVAL);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_cpu_mask, 1), 0);
}

/* ---- the reader ---- */

static const volatile struct t_info *info;
static volatile struct t_buf *ring;

static long map_xen(void *va, unsigned long mfn, unsigned long flags)
{
	struct mmu_update req = {
		.ptr = pte_maddr(pte_ptr(boot_l4(), (unsigned long)va, 1)), .val = MFN_PTE(mfn, flags) };
	long rc = HC4(mmu_update, &req, 1, 0, DOMID_XEN);

	mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0);
	return rc;
}

static void test_map(void)
{
	unsigned char *pages = pages_alloc(1 + RING_PAGES);
	unsigned long mfn, i;

	section("mapping trace buffers");
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_get_info, 0), 0);
	CHECK(op.u.tbuf_op.size >= PAGE_SIZE && op.u.tbuf_op.size % PAGE_SIZE == 0);
	mfn = op.u.tbuf_op.buffer_mfn;
	CHECK(map_xen(pages, mfn, PTE_RW) < 0);
	REQUIRE(map_xen(pages, mfn, PTE_RO) == 0);
	info = (void *)pages;
	CHECK_EQ(info->tbuf_size, RING_PAGES);
	CHECK(info->mfn_offset[0] != 0);
	for (i = 0; i < RING_PAGES; i++) {
		mfn = ((const volatile uint32_t *)info)[info->mfn_offset[0] + i];
		REQUIRE(map_xen(pages + (1 + i) * PAGE_SIZE, mfn, PTE_RW) == 0);
		CHECK(map_va(page_alloc(), MFN_PTE(mfn, PTE_RW)) < 0);	/* it isn't our own */
	}
	ring = (void *)(pages + PAGE_SIZE);
	CHECK_EQ(ring->cons, 0);
	CHECK_EQ(ring->prod, 0);
}

struct record { uint32_t event, n, data[7]; };

static uint32_t word_at(uint32_t offset)
{
	return ((volatile uint32_t *)(ring + 1))[offset % RING_SIZE / 4];
}

static bool next_record(struct record *rec)
{
	do {
		uint32_t cons = ring->cons, h, skip, i;

		if (cons == ring->prod)
			return false;
		h = word_at(cons);
		rec->event = TRC_HD_TO_EVENT(h);
		rec->n = TRC_HD_EXTRA(h);
		skip = TRC_HD_INCLUDES_CYCLE_COUNT(h) ? 12 : 4;
		for (i = 0; i < rec->n; i++)
			rec->data[i] = word_at(cons + skip + i * 4);
		cons += skip + rec->n * 4;
		ring->cons = cons < 2 * RING_SIZE ? cons : cons - 2 * RING_SIZE;
	} while (rec->event == TRC_TRACE_WRAP_BUFFER);
	return true;
}

static void discard(void) { ring->cons = ring->prod; }

/* How many records of an event there are; the last of them in *rec. All are consumed. */
static unsigned int find(uint32_t event, struct record *rec)
{
	struct record r;
	unsigned int n = 0;

	while (next_record(&r))
		if (r.event == event) {
			*rec = r;
			n++;
		}
	return n;
}

/* ---- what is recorded ---- */

static void test_events(void)
{
	struct multicall_entry mc = { .op = __HYPERVISOR_xen_version, .args = { 7, 0x123456789aUL } };
	struct record r = { 0 };
	extern char trap_here[];

	section("records");
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_evt_mask, TRC_ALL), 0);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_enable, 0), 0);
	discard();
	HC2(xen_version, 7, 0x123456789aUL);
	CHECK_EQ(find(TRC_PV_HYPERCALL_V2, &r), 1);
	CHECK_EQ(r.n, 4);
	CHECK_EQ(r.data[0], __HYPERVISOR_xen_version | TRC_PV_HYPERCALL_V2_ARG_32(0) |
		 TRC_PV_HYPERCALL_V2_ARG_64(1));
	CHECK_EQ(r.data[1], 7);
	CHECK_EQ(r.data[2], 0x3456789a);
	CHECK_EQ(r.data[3], 0x12);

	HC2(multicall, &mc, 1);
	CHECK_EQ(find(TRC_PV_HYPERCALL_SUBCALL, &r), 1);
	CHECK_EQ(r.data[0] & 0xfffff, __HYPERVISOR_xen_version);

	CHECK_EQ(TRY("trap_here: ud2"), 6);
	CHECK_EQ(find(TRC_PV_TRAP | TRC_64_FLAG, &r), 1);
	CHECK_EQ(r.data[0] | (unsigned long)r.data[1] << 32, trap_here);
	CHECK_EQ(r.data[2], 6);
	CHECK_EQ(TRY("mov 0x1000, %%eax", ::: "rax"), 14);
	CHECK_EQ(find(TRC_PV_PAGE_FAULT | TRC_64_FLAG, &r), 1);
	CHECK_EQ(r.data[2], 0x1000);
	HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(find(TRC_SCHED_YIELD, &r), 1);
	CHECK(r.data[0] == 0 && r.data[1] == 0);

	section("masks and switches");
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_evt_mask, TRC_SCHED), 0);
	discard();
	HC2(xen_version, 0, 0);
	CHECK_EQ(TRY("ud2"), 6);
	CHECK_EQ(ring->cons, ring->prod);
	HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(find(TRC_SCHED_YIELD, &r), 1);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_disable, 0), 0);
	discard();
	HC2(sched_op, SCHEDOP_yield, 0);
	CHECK_EQ(ring->cons, ring->prod);
}

/* ---- user mode, whose faults go the short way when nothing is traced ---- */

asm(".pushsection .user, \"ax\"\n"
    "u_fault: mov 0x1000, %eax\n"
    ".popsection");
extern char u_fault[];

static void test_user(void)
{
	struct regs r = user_start(USER_ADDR(u_fault));
	struct record rec = { 0 };
	unsigned int pass;

	section("user mode's faults");
	for (pass = 0; pass < 2; pass++) {
		CHECK_EQ(tbuf(pass ? XEN_SYSCTL_TBUFOP_enable : XEN_SYSCTL_TBUFOP_disable, 0), 0);
		CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_evt_mask, TRC_PV), 0);
		discard();
		user_run(&r);
		CHECK_EQ(user_regs.vector, 14);
		CHECK_EQ(user_regs.rip, USER_ADDR(u_fault));
		CHECK_EQ(vcpu->arch.cr2, 0x1000);
		CHECK_EQ(find(TRC_PV_PAGE_FAULT | TRC_64_FLAG, &rec), pass);
	}
	CHECK_EQ(rec.data[0], USER_ADDR(u_fault));
	CHECK_EQ(rec.data[2], 0x1000);
}

/* ---- a ring that gets full ---- */

static bool pending(unsigned int port)
{
	return shared->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static void test_full(void)
{
	struct evtchn_bind_virq virq = { .virq = VIRQ_TBUF };
	struct record rec = { 0 };
	unsigned int i, n;
	uint32_t prod;

	section("a full ring");
	vcpu->evtchn_upcall_mask = 1;
	REQUIRE(HC2(event_channel_op, EVTCHNOP_bind_virq, &virq) == 0);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_set_evt_mask, TRC_PV), 0);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_enable, 0), 0);
	discard();
	shared->evtchn_pending[virq.port / 64] = 0;
	for (n = 0; !pending(virq.port) && n < 1000; n++)
		HC2(xen_version, 0, 0);
	CHECK(n >= RING_SIZE / 2 / 28 - 1 && n <= RING_SIZE / 2 / 28 + 2);
	while (n++ < 1000)
		HC2(xen_version, 0, 0);
	prod = ring->prod;
	for (i = 0; i < 100; i++)
		HC2(xen_version, 0, 0);
	CHECK_EQ(ring->prod, prod);
	n = find(TRC_PV_HYPERCALL_V2, &rec);
	CHECK(n >= RING_SIZE / 28 - 2 && n <= RING_SIZE / 28);
	HC2(xen_version, 0, 0);
	CHECK(next_record(&rec));
	CHECK_EQ(rec.event, TRC_LOST_RECORDS);
	CHECK_EQ(rec.n, 4);
	CHECK(rec.data[0] >= 100 + 1000 - n - 4 && rec.data[0] <= 100 + 1000 - n + 4);
	CHECK_EQ(rec.data[1], 0);			/* d0v0 */
	CHECK(next_record(&rec) && rec.event == TRC_PV_HYPERCALL_V2);

	section("a reader's nonsense");
	ring->cons = 1;
	HC2(xen_version, 0, 0);
	ring->cons = ~0u;
	ring->prod = 0x12345678;
	HC2(xen_version, 0, 0);
	memset((void *)(ring + 1), 0xff, RING_SIZE);
	HC2(xen_version, 0, 0);
	ring->cons = prod = 0;
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_disable, 0), 0);
	CHECK_EQ(tbuf(XEN_SYSCTL_TBUFOP_get_info, 0), 0);
}

void test_main(void)
{
	HC3(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0);
	user_init();
	test_counters();
	test_sizes();
	test_map();
	test_events();
	test_user();
	test_full();
}
