/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains that only use CPU time: five frames, which are four levels of page tables and a
 * page of code with one instruction, a jump to itself.
 */
#include "guest.h"
#include <xen/domctl.h>
#include <xen/sysctl.h>

#define CODE_VA		0x400000UL
#define FRAMES		5
#define MS		1000000UL

long domctl(struct xen_domctl *op, unsigned int cmd, domid_t domain)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = domain;
	return HC1(domctl, op);
}

long sysctl(struct xen_sysctl *op, unsigned int cmd)
{
	op->cmd = cmd;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return HC1(sysctl, op);
}

unsigned long free_frames(void)
{
	struct xen_sysctl op = { 0 };

	REQUIRE(sysctl(&op, XEN_SYSCTL_physinfo) == 0);
	return op.u.physinfo.free_pages;
}

/* A frame of another domain, seen through a page of ours until map_va(it, 0). */
static volatile uint64_t *foreign_map(domid_t domain, unsigned long mfn, uint64_t rights)
{
	static uint64_t *window;

	if (!window)
		window = page_alloc();
	REQUIRE(HC4(update_va_mapping_otherdomain, window, MFN_PTE(mfn, rights), UVMF_INVLPG, domain) == 0);
	return window;
}

static void foreign_write(domid_t domain, unsigned long mfn, unsigned int index, uint64_t word)
{
	volatile uint64_t *window = foreign_map(domain, mfn, PTE_RW);

	window[index] = word;
	REQUIRE(map_va((void *)window, 0) == 0);
}

uint64_t foreign_read(domid_t domain, unsigned long mfn, unsigned int index)
{
	volatile uint64_t *window = foreign_map(domain, mfn, PTE_RO);
	uint64_t word = window[index];

	REQUIRE(map_va((void *)window, 0) == 0);
	return word;
}

/* L4, L3, L2, L1, code; returns the L4. */
static unsigned long fill_memory(domid_t domain)
{
	struct xen_memory_reservation res = { .domid = domain, .nr_extents = FRAMES };
	xen_pfn_t frame[FRAMES] = { 0, 1, 2, 3, 4 };
	int level;

	set_xen_guest_handle(res.extent_start, frame);
	REQUIRE(HC2(memory_op, XENMEM_populate_physmap, &res) == FRAMES);
	for (level = 4; level > 0; level--)
		foreign_write(domain, frame[4 - level], CODE_VA >> (12 + 9 * (level - 1)) & 511,
			      MFN_PTE(frame[5 - level], level > 1 ? PTE_TABLE : PTE_RO));
	foreign_write(domain, frame[4], 0, 0xfeeb);	/* jmp to itself */
	return frame[0];
}

static void set_context(domid_t domain, unsigned int id, unsigned long l4)
{
	static struct vcpu_guest_context ctx;
	struct xen_domctl op = { 0 };

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_in_kernel | VGCF_online;
	ctx.user_regs.rip = CODE_VA;
	ctx.user_regs.cs = FLAT_KERNEL_CS;
	ctx.user_regs.ss = ctx.kernel_ss = FLAT_KERNEL_SS;
	ctx.ctrlreg[3] = l4 << 12;
	op.u.vcpucontext.vcpu = id;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &ctx);
	REQUIRE(domctl(&op, XEN_DOMCTL_setvcpucontext, domain) == 0);
}

domid_t spinner_create(unsigned int vcpus)
{
	struct xen_domctl op = { .u.createdomain = { .max_vcpus = vcpus, .max_evtchn_port = 63,
		.max_grant_frames = 1, .max_maptrack_frames = 1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1) } };
	unsigned long l4;
	unsigned int i;
	domid_t domain;

	REQUIRE(domctl(&op, XEN_DOMCTL_createdomain, 0) == 0);
	domain = op.domain;
	op.u.max_mem.max_memkb = FRAMES * 4;
	REQUIRE(domctl(&op, XEN_DOMCTL_max_mem, domain) == 0);
	op.u.max_vcpus.max = vcpus;
	REQUIRE(domctl(&op, XEN_DOMCTL_max_vcpus, domain) == 0);
	l4 = fill_memory(domain);
	for (i = 0; i < vcpus; i++)
		set_context(domain, i, l4);
	domain_unpause(domain);		/* as it was created; then by us */
	return domain;
}

void domain_pause(domid_t domain)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_pausedomain, domain) == 0);
}

void domain_unpause(domid_t domain)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_unpausedomain, domain) == 0);
}

void spinner_destroy(domid_t domain)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_destroydomain, domain) == 0);
}

unsigned long cpu_time_of(domid_t domain)
{
	struct xen_domctl op = { 0 };

	REQUIRE(domctl(&op, XEN_DOMCTL_getdomaininfo, domain) == 0);
	return op.u.getdomaininfo.cpu_time;
}

long set_affinity(domid_t domain, unsigned int vcpu, uint64_t hard, uint64_t soft)
{
	struct xen_domctl op = { .u.vcpuaffinity = { .vcpu = vcpu,
		.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT } };

	op.u.vcpuaffinity.cpumap_hard.nr_bits = op.u.vcpuaffinity.cpumap_soft.nr_bits = 64;
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)&hard);
	set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, (uint8_t *)&soft);
	return domctl(&op, XEN_DOMCTL_setvcpuaffinity, domain);
}

/* All their times and the clock at one instant; again if too long passed meanwhile, on a busy host. */
static unsigned long sample(const domid_t *domain, unsigned int n, unsigned long *used)
{
	unsigned long start;
	unsigned int i, tries = 0;

	do {
		start = system_time();
		for (i = 0; i < n; i++)
			used[i] = cpu_time_of(domain[i]);
	} while (system_time() - start > 3 * MS && tries++ < 100);
	return start;
}

/* The first part isn't counted: what they did before has been settled by then. */
void measure(const domid_t *domain, unsigned int n, unsigned long ns, unsigned int *share)
{
	unsigned long before[16], after[16], start;
	unsigned int i;

	REQUIRE(n <= ARRAY_SIZE(before));
	for (i = 0; i < n; i++)
		domain_unpause(domain[i]);
	sleep_ns(300 * MS);
	start = sample(domain, n, before);
	sleep_ns(ns);
	ns = sample(domain, n, after) - start;
	for (i = 0; i < n; i++) {
		share[i] = (after[i] - before[i]) * 10000 / ns;
		printf("domain %u: %u.%u %%\n", domain[i], share[i] / 100, share[i] / 10 % 10);
	}
	for (i = 0; i < n; i++)
		domain_pause(domain[i]);
}
