/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building domain 0: from the kernel and the initrd that the boot loader left in
 * memory to a vcpu that can run. The order keeps the peak of memory low: the
 * unpacked kernel and its module are given back before dom0's memory is filled.
 * The initrd's own frames become dom0's, without a copy.
 *
 * Whatever can't be done ends in one line that names the cause: without domain 0
 * there is nobody to report to.
 */
#include <xen/hypercall.h>
#include <xen/domain.h>
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include "../mm/memory.h"
#include "../mm/pt.h"
#include "bzimage.h"
#include "dom0.h"
#include "initrd.h"

/* What the hypervisor keeps for structures that building and running dom0 take. */
#define KEEP_FRAMES	((4UL << 20) >> PAGE_SHIFT)


static bool opt_pin;
BOOT_OPTION("dom0_vcpus_pin", OPT_BOOL, opt_pin, 0, "each of domain 0's virtual CPUs stays on one CPU");

struct module { const u8 *data; u64 size; mfn_t first; u64 frames; };

/* An ELF image in memory: in the module itself, or unpacked to frames of its own. */
struct unpacked { const void *image; size_t size; struct page_info *pg; u64 frames; };

static struct module __init get_module(unsigned n, const char *what)
{
	const struct boot_module *bm = &boot_info.module[n];
	struct module m = { pa_to_va(bm->start), bm->size, PFN_DOWN(bm->start), 0 };

	if (!m.size)
		panic("Domain 0's %s is empty: check the boot loader's module lines", what);
	m.frames = PFN_UP(bm->start + bm->size) - m.first;
	for (u64 i = 0; i < m.frames; i++)
		if (!mfn_valid(m.first + i) || page_owner(mfn_to_page(m.first + i)) != DOMID_XEN)
			panic("Domain 0's %s at %lx-%lx isn't in RAM", what, bm->start,
			      bm->start + bm->size);
	return m;
}

/* Frames that the module shares with what is before or behind it are kept. */
static void __init free_module(const struct module *m)
{
	paddr_t start = va_to_pa(m->data);

	for (mfn_t mfn = PFN_UP(start); mfn < PFN_DOWN(start + m->size); mfn++)
		free_boot_frame(mfn);
}

/* Bad frames may be read, at their own risk, but not become domain 0's. */
static bool __init has_bad_frame(const struct module *m)
{
	for (u64 i = 0; i < m->frames; i++)
		if (mfn_to_page(m->first + i)->count & PGC_BAD)
			return true;
	return false;
}

static struct unpacked __init unpack(const struct module *m)
{
	struct unpacked u = { 0 };
	struct kernel_file k;
	const char *why;
	unsigned order = 0;
	void *heap;

	if (kernel_find(&k, m->data, m->size, &why))
		panic("Domain 0's kernel can't be used: %s", why);
	if (k.format == DECODE_ELF)
		return (struct unpacked){ .image = k.data, .size = k.len };

	u.size = k.image_size;
	u.frames = PFN_UP(u.size);
	while (1UL << order < u.frames)
		order++;
	u.pg = alloc_frames(order, MEMF_NO_SCRUB);
	heap = xmalloc(DECODE_HEAP_SIZE);
	if (!u.pg || !heap)
		panic("Too little memory to unpack domain 0's kernel: %lu MB in a row needed, "
		      "%lu MB free in all", 4UL << order >> 10, free_frames_count() >> 8);
	for (u64 i = u.frames; i < 1UL << order; i++)
		free_frames(u.pg + i, 0);
	u.image = page_to_va(u.pg);
	if (kernel_unpack(&k, page_to_va(u.pg), heap, &why))
		panic("Domain 0's kernel can't be unpacked: %s", why);
	xfree(heap);
	return u;
}

static struct domain *__init create_domain(u64 max_pages)
{
	struct domain_config cfg = {
		.privileged = true, .max_vcpus = dom0_vcpus(),
		.max_evtchn_port = EVTCHN_MAX_PORTS - 1,
		.max_grant_frames = -1, .max_maptrack_frames = -1,
	};
	struct domain *d;
	int err = 0;

	d = domain_create(0, &cfg, &err);
	if (!d)
		panic("Domain 0 can't be created: error %d", err);
	dom0 = d;
	d->max_pages = max_pages;
	for (unsigned i = 0; i < cfg.max_vcpus; i++) {
		struct vcpu *v = vcpu_create(d, i);

		if (!v)
			panic("Too little memory for domain 0's vcpu %u", i);
		if (opt_pin)
			vcpu_set_affinity(v, BIT(i % nr_cpus), ~0UL);
	}
	return d;
}

/* ---- contents ---------------------------------------------------------------- */

static int __init put_segment(void *ctx, u64 va, const void *src, size_t filesz, size_t memsz)
{
	struct builder *b = ctx;

	dom0_write(b, va - b->l.v_start, src, filesz, memsz);
	return 0;
}

static void __init write_hypercall_page(struct builder *b, vaddr_t va)
{
	void *page = alloc_page();

	if (!page)
		panic("Too little memory for domain 0's hypercall page");
	hypercall_page_fill(page);
	dom0_write(b, va - b->l.v_start, page, PAGE_SIZE, PAGE_SIZE);
	free_page(page);
}

/* Debian's GRUB menu puts a literal word in front. */
static const char *__init kernel_options(void)
{
	const char *s = boot_info.module[0].cmdline;

	if (!s)
		return "";
	if (!strncmp(s, "placeholder", 11) && (!s[11] || s[11] == ' '))
		s += 11;
	while (*s == ' ')
		s++;
	return s;
}

static void __init write_start_info(struct builder *b, const struct elf_image *elf,
				    const struct module *initrd)
{
	const struct dom0_layout *l = &b->l;
	u8 *page = mfn_to_va(dom0_mfn(b, l->start_info));
	struct start_info *si = (struct start_info *)page;

	clear_page(page);
	snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_64%s", elf->pae ? "p" : "");
	si->nr_pages = l->nr_pages;
	si->shared_info = va_to_pa(b->d->shared_info);
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = region_va(l, l->tables);
	si->nr_pt_frames = l->table_pages;
	si->mfn_list = l->p2m_va;
	if (l->p2m_table_pages) {
		si->first_p2m_pfn = l->p2m;
		si->nr_p2m_frames = l->p2m_pages + l->p2m_table_pages;
	}
	if (l->initrd_pages) {
		si->mod_len = initrd->size;
		si->mod_start = elf->mod_start_pfn ? l->initrd : region_va(l, l->initrd);
		if (elf->mod_start_pfn)
			si->flags |= SIF_MOD_START_PFN;
	}
	if (strlcpy((char *)si->cmd_line, kernel_options(), MAX_GUEST_CMDLINE) >= MAX_GUEST_CMDLINE)
		printk(LOG_WARN "Domain 0's command line is cut to %u bytes\n", MAX_GUEST_CMDLINE - 1);
	si->console.dom0.info_size =
		console_vga_info((struct dom0_vga_console_info *)(page + sizeof(*si)));
	if (si->console.dom0.info_size)
		si->console.dom0.info_off = sizeof(*si);
}

/* The initrd's PFNs come next. Its last frame's end may hold what another program left. */
static void __init add_initrd(struct builder *b, const struct module *m)
{
	u64 in_last = m->size % PAGE_SIZE;
	u64 pa = b->l.initrd << PAGE_SHIFT;

	if ((vaddr_t)m->data % PAGE_SIZE || has_bad_frame(m)) {
		dom0_alloc_until(b, b->l.initrd + b->l.initrd_pages);
		dom0_write(b, pa, m->data, m->size, b->l.initrd_pages << PAGE_SHIFT);
		free_module(m);
		return;
	}
	if (in_last)
		memset((u8 *)m->data + m->size, 0, PAGE_SIZE - in_last);
	dom0_add_frames(b, m->first, m->frames);
}

/* ---- the vcpu and its rights --------------------------------------------------- */

static void __init start_vcpu(struct builder *b, const struct elf_image *elf, mfn_t l4)
{
	struct vcpu *v = b->d->vcpu[0];
	int rc;

	/* One reference is the vcpu's, one is the pin, which the kernel will undo. */
	rc = get_page_and_type(mfn_to_page(l4), b->d, PGT_L4);
	if (!rc)
		rc = pin_table(b->d, l4, PGT_L4);
	if (rc)
		panic("Domain 0's first page tables don't validate: error %d", rc);

	v->kernel_cr3 = l4 << PAGE_SHIFT;
	v->kernel_mode = true;
	v->regs.rip = elf->entry;
	v->regs.rsp = region_va(&b->l, b->l.stack + 1);
	v->regs.rsi = region_va(&b->l, b->l.start_info);
	v->regs.rflags = EFLAGS_IF | BIT(1);
	v->regs.cs = GUEST_CS64;
	v->regs.ss = GUEST_DS;
	v->kernel_sp = v->regs.rsp;
	v->kernel_ss = GUEST_DS;
	v->initialised = true;
	__atomic_and_fetch(&v->pause_flags, ~VPF_DOWN, __ATOMIC_SEQ_CST);
}

static void __init allow_all_but(struct ranges *s, u64 last, const u16 (*denied)[2], unsigned n)
{
	int rc = ranges_add(s, 0, last);

	for (unsigned i = 0; i < n; i++)
		if (denied[i][0] && !rc)
			rc = ranges_remove(s, denied[i][0], denied[i][1]);
	if (rc)
		panic("Domain 0's rights can't be noted: error %d", rc);
}

/* A write there is an interrupt, of any vector (Intel SDM volume 3, 10.11.1). */
#define MSI_WINDOW_FIRST	0xfee00
#define MSI_WINDOW_LAST		0xfeeff

/*
 * Domain 0 may use all hardware, but what the hypervisor runs itself: interrupt controllers,
 * the timers, its serial ports; and PCI configuration, which goes through the emulator.
 */
static void __init grant_hardware(struct domain *d)
{
	u16 com1 = serial_io_port(0), com2 = serial_io_port(1), pm = acpi.pm_timer_port;
	const u16 ports[][2] = {
		{ 0x20, 0x21 }, { 0xa0, 0xa1 }, { 0x40, 0x43 }, { 0x61, 0x61 },
		{ 0xcf8, 0xcff }, { com1, com1 + 7 }, { com2, com2 + 7 }, { pm, pm + 3 },
	};
	int rc;

	allow_all_but(&d->ioports, 0xffff, ports, ARRAY_SIZE(ports));
	allow_all_but(&d->irq_ok, MAX_IRQS - 1, NULL, 0);
	allow_all_but(&d->iomem, BIT(cpu_features.maxphysaddr - PAGE_SHIFT) - 1, NULL, 0);
	rc = ranges_remove(&d->iomem, PFN_DOWN(acpi.lapic), PFN_DOWN(acpi.lapic));
	if (!rc)
		rc = ranges_remove(&d->iomem, MSI_WINDOW_FIRST, MSI_WINDOW_LAST);
	for (unsigned i = 0; i < acpi.nr_ioapics && !rc; i++)
		rc = ranges_remove(&d->iomem, PFN_DOWN(acpi.ioapic[i].pa),
				   PFN_DOWN(acpi.ioapic[i].pa));
	if (rc)
		panic("Domain 0's rights can't be noted: error %d", rc);
}

/* ---- all of it ------------------------------------------------------------------ */

static void __init print_layout(const struct builder *b, const struct elf_image *elf)
{
	const struct dom0_layout *l = &b->l;

	printk(LOG_INFO "Domain 0: %lu MB in %u runs, %u vcpus\n", l->nr_pages >> 8, b->nr_runs,
	       b->d->max_vcpus);
	printk(LOG_INFO "  region      %016lx-%016lx\n", l->v_start, l->v_end);
	printk(LOG_INFO "  kernel      %016lx-%016lx entry %lx\n", elf->kstart, elf->kend,
	       elf->entry);
	printk(LOG_INFO "  start info  %016lx\n", region_va(l, l->start_info));
	printk(LOG_INFO "  page tables %016lx-%016lx\n", region_va(l, l->tables),
	       region_va(l, l->tables + l->table_pages));
	printk(LOG_INFO "  stack       %016lx\n", region_va(l, l->stack));
	printk(LOG_INFO "  P2M         %016lx-%016lx PFN %lx+%lx\n", l->p2m_va,
	       l->p2m_va + l->nr_pages * sizeof(u64), l->p2m, l->p2m_pages + l->p2m_table_pages);
	if (l->initrd_pages)
		printk(LOG_INFO "  initrd      PFN %lx+%lx\n", l->initrd, l->initrd_pages);
}

static void __init plan(struct builder *b, const struct elf_image *elf, u64 avail,
			u64 initrd_pages, u64 *max_pages)
{
	u64 nr_pages = dom0_mem_pages(avail, max_pages);
	const char *why;

	if (dom0_layout(&b->l, elf, nr_pages, initrd_pages, &why))
		panic("Domain 0 can't be laid out: %s", why);
	if (b->l.used_pages > nr_pages)
		panic("Too little memory for domain 0: its kernel and initrd need %lu MB, "
		      "it has %lu MB of %lu MB available",
		      (b->l.used_pages >> 8) + 1, nr_pages >> 8, avail >> 8);
}

struct domain *__init build_dom0(void)
{
	struct module kernel, initrd = { 0 };
	struct elf_image elf;
	struct builder b = { 0 };
	u64 avail, max_pages;
	struct unpacked u;
	const char *why;

	if (!boot_info.nr_modules)
		panic("No kernel for domain 0: the boot loader passed no module");
	kernel = get_module(0, "kernel");
	if (boot_info.nr_modules > 1)
		initrd = get_module(1, "initrd");
	if (!initrd_complete(initrd.data, initrd.size, &why))
		panic("Domain 0's initrd is cut off (%lu bytes): %s", initrd.size, why);
	for (unsigned i = 2; i < boot_info.nr_modules; i++)
		printk(LOG_WARN "Module %u has no use here; ignored\n", i);
	avail = free_frames_count() + kernel.frames + initrd.frames;
	avail -= MIN(avail, KEEP_FRAMES);

	u = unpack(&kernel);
	if (elf_parse(&elf, u.image, u.size, &why))
		panic("Domain 0's kernel can't be used: %s", why);
	plan(&b, &elf, avail, initrd.frames, &max_pages);
	b.d = create_domain(max_pages);
	b.run = xnew_array(struct run, MAX_RUNS);
	if (!b.run)
		panic("Too little memory to build domain 0");

	/* Unpacked, the kernel is as large as the rest of the region: get rid of it early. */
	dom0_alloc_until(&b, PFN_UP(elf.kend - b.l.v_start));
	elf_for_each_load(&elf, put_segment, &b);
	if (elf.has_hypercall_page)
		write_hypercall_page(&b, elf.hypercall_page);
	for (u64 i = 0; i < u.frames; i++)
		free_frames(u.pg + i, 0);
	free_module(&kernel);

	if (initrd.frames) {
		dom0_alloc_until(&b, b.l.initrd);
		add_initrd(&b, &initrd);
	}
	dom0_alloc_until(&b, b.l.nr_pages);
	dom0_build_p2m(&b);
	dom0_write(&b, b.l.stack << PAGE_SHIFT, NULL, 0, PAGE_SIZE);
	write_start_info(&b, &elf, &initrd);
	start_vcpu(&b, &elf, dom0_build_tables(&b));
	grant_hardware(b.d);
	machine_map_init();
	print_layout(&b, &elf);
	xfree(b.run);
	return b.d;
}
