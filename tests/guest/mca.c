/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine checks as domain 0 learns of them. The errors are made by the interface itself; with the
 * word "wait" tests/boot makes one, by QEMU.
 *
 * Rules (arch-x86/xen-mca.h):
 *  - a record is fetched until it is acknowledged, the oldest first; those that #MC made are in the
 *    urgent queue, those found by looking in the other. VIRQ_MCA says that there is one. What a
 *    full queue can't take is lost, what it holds isn't.
 *  - an injected value is there until the error is recorded.
 *  - a guest whose plain memory turns out bad while it uses it ends; the others go on, and
 *    nobody gets that frame any more.
 */
#include "guest.h"
#include <xen/arch-x86/xen-mca.h>
#include <xen/domctl.h>

#define MS		1000000UL
#define STATUS(bank)	(0x401 + 4 * (bank))
#define ADDR(bank)	(0x402 + 4 * (bank))
#define MISC(bank)	(0x403 + 4 * (bank))
#define MCG_STATUS	0x17a
#define MCG_CAP		0x179

#define CORRECTED	0x9c00000000000092UL	/* VALID EN MISCV ADDRV; memory read, channel 2 */
#define DEFERRED	0xbc00000000000092UL	/* UC as well */
#define REQUIRED	0xbd80000000000134UL	/* S AR as well; data load from the L1 */
#define PHYSICAL	0x8cUL			/* MISC: the address is one, to 4 KB */
#define GOES_ON		7UL			/* MCG_STATUS: MCIP EIPV RIPV */

static struct xen_mc op;
static struct mc_info info;

static long mca(unsigned int cmd)
{
	op.cmd = cmd;
	op.interface_version = XEN_MCA_INTERFACE_VERSION;
	return HC1(mca, &op);
}

/* ---- CPUs ---- */

static void test_cpus(void)
{
	static xen_mc_logical_cpu_t cpu[3];
	unsigned int i;

	section("the CPUs");
	memset(&op, 0, sizeof(op));
	CHECK_EQ(mca(XEN_MC_physcpuinfo), 0);
	CHECK_EQ(op.u.mc_physcpuinfo.ncpus, 2);
	memset(cpu, 0x55, sizeof(cpu));
	set_xen_guest_handle_raw(op.u.mc_physcpuinfo.info, cpu);
	op.u.mc_physcpuinfo.ncpus = 1;
	CHECK_EQ(mca(XEN_MC_physcpuinfo), 0);
	CHECK_EQ(op.u.mc_physcpuinfo.ncpus, 1);
	CHECK_EQ(cpu[1].mc_cpunr, 0x55555555);
	op.u.mc_physcpuinfo.ncpus = 100;
	CHECK_EQ(mca(XEN_MC_physcpuinfo), 0);
	CHECK_EQ(op.u.mc_physcpuinfo.ncpus, 2);
	CHECK_EQ(cpu[2].mc_cpunr, 0x55555555);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(cpu[i].mc_cpunr, i);
		CHECK(strlen(cpu[i].mc_vendorid) == 12 && strlen(cpu[i].mc_brandid) > 0);
		CHECK(cpu[i].mc_ncores >= 1 && cpu[i].mc_nthreads >= 1 && cpu[i].mc_family >= 6);
		CHECK_EQ(cpu[i].mc_cpu_caps[MC_CAPS_STD_EDX] & 0x4080, 0x4080);	/* MCA, MCE */
		CHECK_EQ(cpu[i].mc_cpu_caps[MC_CAPS_AMD_EDX] >> 29 & 1, 1);	/* 64 bits */
		CHECK(cpu[i].mc_cpuid_level >= 7 && cpu[i].mc_cache_alignment == 64);
		CHECK_EQ(cpu[i].mc_nmsrvals, 1);
		CHECK_EQ(cpu[i].mc_msrvalues[0].reg, MCG_CAP);
		CHECK((cpu[i].mc_msrvalues[0].value & 0xff) >= 4);
	}
	CHECK(cpu[0].mc_apicid != cpu[1].mc_apicid);
	set_xen_guest_handle_raw(op.u.mc_physcpuinfo.info, (void *)HV_START);
	CHECK_EQ(mca(XEN_MC_physcpuinfo), -XEN_EFAULT);
}

/* ---- records ---- */

static long fetch(uint32_t flags)
{
	memset(&op, 0, sizeof(op));
	memset(&info, 0x55, sizeof(info));
	op.u.mc_fetch.flags = flags;
	set_xen_guest_handle(op.u.mc_fetch.data, &info);
	return mca(XEN_MC_fetch);
}

static long acknowledge(uint32_t queue, uint64_t id)
{
	memset(&op, 0, sizeof(op));
	op.u.mc_fetch.flags = queue | XEN_MC_ACK;
	op.u.mc_fetch.fetch_id = id;
	return mca(XEN_MC_fetch);
}

static uint64_t fetched(uint32_t queue)		/* its id; 0: there is none */
{
	CHECK_EQ(fetch(queue), 0);
	CHECK(op.u.mc_fetch.flags == (op.u.mc_fetch.fetch_id ? XEN_MC_OK : XEN_MC_NODATA));
	return op.u.mc_fetch.fetch_id;
}

static bool appears(uint32_t queue)		/* soon, on another CPU */
{
	unsigned int i;

	for (i = 0; i < 200 && !fetched(queue); i++)
		sleep_ns(10 * MS);
	return op.u.mc_fetch.fetch_id;
}

static const struct mcinfo_bank *bank_of(struct mc_info *mi, uint32_t flags, unsigned int apicid)
{
	struct mcinfo_common *global, *bank;

	x86_mcinfo_lookup(global, mi, MC_TYPE_GLOBAL);
	x86_mcinfo_lookup(bank, mi, MC_TYPE_BANK);
	REQUIRE(global && bank);
	CHECK_EQ(mi->mi_nentries, 2);
	CHECK_EQ(((const struct mcinfo_global *)global)->mc_flags, flags);
	CHECK_EQ(((const struct mcinfo_global *)global)->mc_apicid, apicid);
	return (const struct mcinfo_bank *)bank;
}

static long inject(unsigned int cpu, unsigned int n, const xen_mcinfo_msr_t *msr, uint32_t flags,
		   domid_t domain)
{
	memset(&op, 0, sizeof(op));
	op.u.mc_msrinject.mcinj_cpunr = cpu;
	op.u.mc_msrinject.mcinj_count = n;
	op.u.mc_msrinject.mcinj_flags = flags;
	op.u.mc_msrinject.mcinj_domid = domain;
	memcpy(op.u.mc_msrinject.mcinj_msr, msr, (n < 8 ? n : 8) * sizeof(*msr));
	return mca(XEN_MC_msrinject);
}

static void error(unsigned int cpu, unsigned int bank, uint64_t status, uint64_t address)
{
	const xen_mcinfo_msr_t msr[] = { { MCG_STATUS, GOES_ON }, { STATUS(bank), status },
		{ ADDR(bank), address }, { MISC(bank), PHYSICAL } };

	CHECK_EQ(inject(cpu, 4, msr, MC_MSRINJ_F_INTERPOSE, 0), 0);
}

static long raise(uint32_t flags, uint64_t cpus)
{
	memset(&op, 0, sizeof(op));
	op.u.mc_inject_v2.flags = flags;
	op.u.mc_inject_v2.cpumap.nr_bits = 64;
	set_xen_guest_handle_raw(op.u.mc_inject_v2.cpumap.bitmap, (uint8_t *)&cpus);
	return mca(XEN_MC_inject_v2);
}

static long raise_mce(unsigned int cpu)
{
	memset(&op, 0, sizeof(op));
	op.u.mc_mceinject.mceinj_cpunr = cpu;
	return mca(XEN_MC_mceinject);
}

static void test_bad_input(void)
{
	static const uint32_t bad[] = { 0, XEN_MC_ACK, XEN_MC_URGENT | XEN_MC_NONURGENT, XEN_MC_URGENT | 8 };
	static const uint64_t not_ours[] = { 0x1b, 0x178, MCG_CAP, 0x400, 0x404, MISC(40), STATUS(200),
		1UL << 32 | STATUS(1) };
	xen_mcinfo_msr_t msr[9] = { { STATUS(1), 0 } };
	unsigned int i;

	section("bad input");
	memset(&op, 0, sizeof(op));
	CHECK_EQ(HC1(mca, &op), -XEN_EACCES);
	CHECK_EQ(mca(0), -XEN_ENOSYS);
	CHECK_EQ(mca(7), -XEN_ENOSYS);
	CHECK_EQ(mca(~0u), -XEN_ENOSYS);
	CHECK_EQ(HC1(mca, HV_START), -XEN_EFAULT);
	CHECK_EQ(HC1(mca, 0), -XEN_EFAULT);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(fetch(bad[i]), -XEN_EINVAL);
	CHECK_EQ(acknowledge(XEN_MC_URGENT, 0), -XEN_EINVAL);
	CHECK_EQ(acknowledge(XEN_MC_NONURGENT, 1), -XEN_EINVAL);

	CHECK_EQ(inject(2, 1, msr, MC_MSRINJ_F_INTERPOSE, 0), -XEN_EINVAL);
	CHECK_EQ(inject(0, 9, msr, MC_MSRINJ_F_INTERPOSE, 0), -XEN_EINVAL);
	CHECK_EQ(inject(0, 1, msr, MC_MSRINJ_F_INTERPOSE | 4, 0), -XEN_EINVAL);
	CHECK_EQ(inject(0, 1, msr, 0, 0), -XEN_EOPNOTSUPP);
	CHECK_EQ(inject(0, 0, msr, MC_MSRINJ_F_INTERPOSE, 0), 0);
	for (i = 0; i < ARRAY_SIZE(not_ours); i++) {
		msr[1] = (xen_mcinfo_msr_t){ not_ours[i], CORRECTED };
		CHECK_EQ(inject(0, 2, msr, MC_MSRINJ_F_INTERPOSE, 0), -XEN_EINVAL);
	}
	CHECK_EQ(raise_mce(2), -XEN_EINVAL);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_MCE, 0), -XEN_EINVAL);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_MCE, 5), -XEN_EINVAL);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_LMCE, 3), -XEN_EINVAL);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_LMCE | XEN_MC_INJECT_CPU_BROADCAST, 1), -XEN_EINVAL);
	CHECK_EQ(raise(3, 1), -XEN_EINVAL);
	CHECK_EQ(raise(0x10, 1), -XEN_EINVAL);
	CHECK_EQ(fetched(XEN_MC_URGENT), 0);
	CHECK_EQ(fetched(XEN_MC_NONURGENT), 0);
}

static void test_records(void)
{
	struct evtchn_bind_virq bind = { .virq = VIRQ_MCA, .vcpu = 1 };
	const struct mcinfo_bank *b;
	uint64_t id, last, us = mfn_of(&op) << 12;
	unsigned int i;

	section("records");
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_bind_virq, &bind), -XEN_EINVAL);
	bind.vcpu = 0;
	CHECK_EQ(HC2(event_channel_op, EVTCHNOP_bind_virq, &bind), 0);
	shared->evtchn_pending[0] = 0;
	error(0, 1, CORRECTED, us);
	CHECK_EQ(fetched(XEN_MC_NONURGENT), 0);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_CMCI, 1), 0);
	CHECK_EQ(shared->evtchn_pending[0], 1UL << bind.port);
	CHECK_EQ(fetched(XEN_MC_URGENT), 0);
	id = fetched(XEN_MC_NONURGENT);
	CHECK(id);
	b = bank_of(&info, MC_FLAG_CMCI | MC_FLAG_CORRECTABLE, 0);
	CHECK_EQ(b->mc_bank, 1);
	CHECK_EQ(b->mc_status, CORRECTED);
	CHECK_EQ(b->mc_addr, us);
	CHECK_EQ(b->mc_misc, PHYSICAL);
	CHECK_EQ(b->mc_domid, 0);
	CHECK(b->mc_tsc && b->mc_tsc < rdtsc());
	CHECK_EQ(fetched(XEN_MC_NONURGENT), id);		/* the same, until then */
	CHECK_EQ(acknowledge(XEN_MC_URGENT, id), -XEN_EINVAL);
	CHECK_EQ(acknowledge(XEN_MC_NONURGENT, id + 1), -XEN_EINVAL);
	CHECK_EQ(acknowledge(XEN_MC_NONURGENT, id), 0);
	CHECK_EQ(op.u.mc_fetch.flags, XEN_MC_OK);
	CHECK_EQ(acknowledge(XEN_MC_NONURGENT, id), -XEN_EINVAL);
	CHECK_EQ(fetched(XEN_MC_NONURGENT), 0);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_CMCI, 3), 0);		/* the value has gone */
	CHECK_EQ(fetched(XEN_MC_NONURGENT), 0);

	error(0, 2, DEFERRED, us);
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_CMCI | XEN_MC_INJECT_CPU_BROADCAST, 0), 0);
	id = fetched(XEN_MC_NONURGENT);
	bank_of(&info, MC_FLAG_CMCI | MC_FLAG_UNCORRECTABLE | MC_FLAG_RECOVERABLE, 0);
	CHECK_EQ(acknowledge(XEN_MC_NONURGENT, id), 0);

	section("#MC with nothing but corrected errors");
	error(0, 3, CORRECTED, 0x1000);
	CHECK_EQ(raise_mce(0), 0);
	id = fetched(XEN_MC_URGENT);
	bank_of(&info, MC_FLAG_MCE | MC_FLAG_CORRECTABLE, 0);
	CHECK_EQ(acknowledge(XEN_MC_URGENT, id), 0);
	error(1, 3, CORRECTED, 0x1000);				/* a CPU that idles */
	CHECK_EQ(raise(XEN_MC_INJECT_TYPE_LMCE, 2), 0);
	CHECK(appears(XEN_MC_URGENT));
	id = op.u.mc_fetch.fetch_id;
	bank_of(&info, MC_FLAG_MCE | MC_FLAG_CORRECTABLE, 1);
	CHECK_EQ(acknowledge(XEN_MC_URGENT, id), 0);
	CHECK_EQ(raise_mce(0), 0);				/* and one without any */
	CHECK_EQ(fetched(XEN_MC_URGENT), 0);

	section("a full queue");
	for (i = 0; i < 40; i++) {
		error(0, 1, CORRECTED, i << 12);
		CHECK_EQ(raise(XEN_MC_INJECT_TYPE_CMCI, 1), 0);
	}
	for (i = 0, last = 0; (id = fetched(XEN_MC_NONURGENT)) && i < 40; i++) {
		CHECK(id > last);
		CHECK_EQ(bank_of(&info, MC_FLAG_CMCI | MC_FLAG_CORRECTABLE, 0)->mc_addr, i << 12);
		CHECK_EQ(acknowledge(XEN_MC_NONURGENT, id), 0);
		last = id;
	}
	CHECK(i >= 8 && i < 40);
}

/* ---- a guest ---- */

/* The frame of the only page that a spinner has, or with @last 1 of the L1 table that maps it. */
static unsigned long frame_of(domid_t domain, int last)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl d = { 0 };
	unsigned long mfn;
	int level;

	set_xen_guest_handle(d.u.vcpucontext.ctxt, &ctx);
	REQUIRE(domctl(&d, XEN_DOMCTL_getvcpucontext, domain) == 0);
	mfn = ctx.ctrlreg[3] >> 12;
	for (level = 4; level > last; level--)
		mfn = PTE_MFN(foreign_read(domain, mfn, ctx.user_regs.rip >> (12 + 9 * (level - 1)) & 511));
	return mfn;
}

/* One that runs on CPU 1, and the frames of its page and the table of that. */
static domid_t victim(unsigned long *mfn, unsigned long *table)
{
	domid_t domain = spinner_create(1);

	REQUIRE(set_affinity(domain, 0, 2, 2) == 0);
	*mfn = frame_of(domain, 0);		/* stops it for a moment */
	*table = frame_of(domain, 1);
	while (cpu_time_of(domain) < 50 * MS)
		sleep_ns(10 * MS);
	return domain;
}

static uint32_t state_of(domid_t domain)
{
	struct xen_domctl d = { 0 };

	REQUIRE(domctl(&d, XEN_DOMCTL_getdomaininfo, domain) == 0);
	return d.u.getdomaininfo.flags;
}

static bool ends(domid_t domain)
{
	unsigned int i;

	for (i = 0; i < 200 && !(state_of(domain) & XEN_DOMINF_shutdown); i++)
		sleep_ns(10 * MS);
	return (state_of(domain) & XEN_DOMINF_shutdown) &&
	       (state_of(domain) >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask) == SHUTDOWN_crash;
}

static long notify(domid_t domain, uint16_t vcpu_id, uint32_t flags)
{
	memset(&op, 0, sizeof(op));
	op.u.mc_notifydomain.mc_domid = domain;
	op.u.mc_notifydomain.mc_vcpuid = vcpu_id;
	op.u.mc_notifydomain.flags = flags;
	return mca(XEN_MC_notifydomain);
}

static void test_guest(void)
{
	xen_mcinfo_msr_t msr = { ADDR(1), 0 };
	const struct mcinfo_bank *b;
	unsigned long mfn, table;
	uint64_t before;
	domid_t domain;

	section("a guest");
	spinner_destroy(victim(&mfn, &table));
	before = free_frames();
	domain = victim(&mfn, &table);
	CHECK_EQ(notify(domain, 0, MC_FLAG_UNCORRECTABLE), 0);
	CHECK_EQ(op.u.mc_notifydomain.flags, XEN_MC_CANNOTHANDLE);
	CHECK_EQ(notify(domain, 1, MC_FLAG_UNCORRECTABLE), -XEN_EINVAL);
	CHECK_EQ(notify(domain, 0, 0x100), -XEN_EINVAL);
	CHECK_EQ(notify(0, 0, 0), -XEN_EINVAL);
	CHECK_EQ(notify(domain + 1, 0, 0), -XEN_ESRCH);
	msr.value = mfn << 12;
	CHECK_EQ(inject(1, 1, &msr, MC_MSRINJ_F_INTERPOSE | MC_MSRINJ_F_GPADDR, domain), 0);
	CHECK_EQ(inject(1, 1, &msr, MC_MSRINJ_F_INTERPOSE | MC_MSRINJ_F_GPADDR, 0), -XEN_EINVAL);
	CHECK_EQ(inject(1, 1, &msr, MC_MSRINJ_F_INTERPOSE | MC_MSRINJ_F_GPADDR, domain + 1), -XEN_ESRCH);

	section("a guest's bad memory");
	error(1, 1, REQUIRED, mfn << 12 | 0x40);
	CHECK_EQ(raise_mce(1), 0);
	CHECK(ends(domain));
	CHECK(appears(XEN_MC_URGENT));
	b = bank_of(&info, MC_FLAG_MCE | MC_FLAG_UNCORRECTABLE | MC_FLAG_RECOVERABLE, 1);
	CHECK_EQ(b->mc_domid, domain);
	CHECK_EQ(b->mc_addr, mfn << 12 | 0x40);
	CHECK_EQ(acknowledge(XEN_MC_URGENT, op.u.mc_fetch.fetch_id), 0);
	spinner_destroy(domain);
	CHECK_EQ(free_frames(), before - 1);
	spinner_destroy(victim(&mfn, &table));			/* CPU 1 goes on */
	CHECK_EQ(free_frames(), before - 1);
}

/* The last: its values stay. */
static void test_too_many_values(void)
{
	xen_mcinfo_msr_t msr[3];
	unsigned int cpu, bank, n = 0;
	long rc = 0;

	section("too many values");
	for (cpu = 0; cpu < 2; cpu++)
		for (bank = 0; bank < 10 && !rc; bank++, n += 3) {
			msr[0] = (xen_mcinfo_msr_t){ STATUS(bank), 0 };
			msr[1] = (xen_mcinfo_msr_t){ ADDR(bank), 0 };
			msr[2] = (xen_mcinfo_msr_t){ MISC(bank), 0 };
			rc = inject(cpu, 3, msr, MC_MSRINJ_F_INTERPOSE, 0);
		}
	CHECK(n > 3 * 3);
	CHECK_EQ(rc, -XEN_ENOSPC);
}

static void wait_for_one(void)
{
	unsigned long mfn, table;
	domid_t domain = victim(&mfn, &table);

	printf("VICTIM d%u runs on CPU 1 in frame %lx, its table is %lx\n", domain, mfn, table);
	while (!(state_of(domain) & XEN_DOMINF_shutdown))
		sleep_ns(100 * MS);
	CHECK(ends(domain));
	spinner_destroy(domain);
}

void test_main(void)
{
	REQUIRE(set_affinity(0, 0, 1, 1) == 0);			/* CPU 1 idles, or is a guest's */
	if (strstr((const char *)si->cmd_line, "wait")) {
		wait_for_one();
		return;
	}
	test_cpus();
	test_bad_input();
	test_records();
	test_guest();
	test_too_many_values();
}
