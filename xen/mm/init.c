/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building the hypervisor's view of the machine's memory, once, from the memory
 * map: the direct map of all RAM, the frame table, the machine-to-phys table;
 * then everything that is still free goes to the heap.
 *
 * Frame table and M2P exist only where RAM is. The frame table covers ranges of
 * 512 frames (so that a range fills whole pages of it) that hold RAM; the M2P
 * is made of 2 MB pages, 1 GB of RAM each, as the ABI lists it in such extents
 * (XENMEM_machphys_mfn_list). Reads beyond them fault.
 *
 * Until the heap is there, memory comes from boot_alloc(), from the top of RAM,
 * so that low memory is left for those who need it.
 */
#include <xen/boot.h>
#include <xen/lib.h>
#include "heap.h"
#include "pt.h"

extern char _image_start[], _image_end[];

mfn_t max_mfn;
u64 total_ram_frames;

struct span { mfn_t start, end; };	/* [start, end) */

/* Where the frame table is: immutable after mm_init(). */
#define MAX_VALID	128
static struct span valid[MAX_VALID];
static unsigned nr_valid;
struct frame_span ram_span;
u64 pte_special = PTE_P | PTE_G | PTE_PWT | PTE_PCD | PTE_PSE | PTE_NX;

/* RAM that nobody uses yet; ascending. */
#define MAX_SPARE	(E820_MAX + 64)
static struct span spare[MAX_SPARE] __initdata;
static unsigned nr_spare __initdata;
static mfn_t boot_limit __initdata;	/* boot_alloc() only hands out what is mapped */
static u64 boot_used __initdata;

static u64 nx, global;			/* PTE bits, if the CPU has them */

#define MB2_FRAMES	512
#define GB1_FRAMES	(512 * 512)

bool mfn_valid(mfn_t mfn)
{
	for (unsigned i = 0; i < nr_valid; i++)
		if (mfn < valid[i].end)
			return mfn >= valid[i].start;
	return false;
}

/* ---- what is free ----------------------------------------------------------- */

static void __init reserve(mfn_t start, mfn_t end)
{
	for (unsigned i = 0; i < nr_spare; i++) {
		struct span *s = &spare[i], old = *s;

		if (old.end <= start || old.start >= end)
			continue;
		if (old.start < start && old.end > end) {
			if (nr_spare == MAX_SPARE)
				panic("Memory is too fragmented to start (%u pieces)", nr_spare);
			memmove(s + 2, s + 1, (nr_spare - i - 1) * sizeof(*s));
			nr_spare++;
			s[0].end = start;
			s[1] = (struct span){ end, old.end };
			return;
		}
		if (old.start < start) {
			s->end = start;
		} else if (old.end > end) {
			s->start = end;
		} else {
			memmove(s, s + 1, (nr_spare - i - 1) * sizeof(*s));
			nr_spare--;
			i--;
		}
	}
}

/* badpage=<frame>[-<frame>],... in hexadecimal or decimal; frames that are never used. */
#define MAX_BAD		16
static struct span bad[MAX_BAD] __initdata;
static unsigned nr_bad __initdata;

static int __init parse_badpage(const char *s)
{
	while (*s) {
		const char *end;
		struct span b;

		b.start = strtoull(s, &end, 0);
		if (end == s || nr_bad == MAX_BAD)
			return -EINVAL;
		b.end = b.start + 1;
		if (*end == '-') {
			s = end + 1;
			b.end = strtoull(s, &end, 0) + 1;
			if (end == s || b.end <= b.start)
				return -EINVAL;
		}
		if (*end && *end != ',')
			return -EINVAL;
		bad[nr_bad++] = b;
		s = *end ? end + 1 : end;
	}
	return 0;
}
BOOT_FN("badpage", parse_badpage, "frame numbers or ranges of them (first-last, ...) not to use");

static bool __init bad_within(mfn_t start, mfn_t end)
{
	for (unsigned i = 0; i < nr_bad; i++)
		if (bad[i].start < end && bad[i].end > start)
			return true;
	return false;
}

/* For what lies where the boot loader put it. */
static void __init reserve_bytes(paddr_t start, u64 size, const char *what)
{
	reserve(PFN_DOWN(start), PFN_UP(start + size));
	if (bad_within(PFN_DOWN(start), PFN_UP(start + size)))
		printk(LOG_WARN "badpage: %s at %lx-%lx holds bad frames and may be damaged\n", what,
		       start, start + size);
}

static u64 __init spare_frames(void)
{
	u64 n = 0;

	for (unsigned i = 0; i < nr_spare; i++)
		n += spare[i].end - spare[i].start;
	return n;
}

static void __init reserve_bad(void)
{
	for (unsigned i = 0; i < nr_bad; i++) {
		u64 before = spare_frames();

		reserve(bad[i].start, bad[i].end);
		printk("badpage: frames %lx-%lx, %lu of them RAM: never used\n", bad[i].start,
		       bad[i].end - 1, before - spare_frames());
	}
}

static void __init find_spare(void)
{
	for (unsigned i = 0; i < e820.n; i++) {
		mfn_t start = PFN_UP(e820.r[i].addr);
		mfn_t end = PFN_DOWN(e820.r[i].addr + e820.r[i].size);

		if (e820.r[i].type != E820_RAM || start >= end)
			continue;
		spare[nr_spare++] = (struct span){ start, end };
		total_ram_frames += end - start;
		max_mfn = end;
	}
	reserve_bad();			/* first, to count them */
	reserve(0, 1);			/* 0 is "no frame" in many places */
	reserve(8, 10);			/* where other CPUs start, in real mode */
	reserve_bytes(va_to_image_pa(_image_start), _image_end - _image_start, "the hypervisor");
	for (unsigned i = 0; i < boot_info.nr_modules; i++) {
		const struct boot_module *m = &boot_info.module[i];

		reserve_bytes(m->start, m->size, i ? "the initrd" : "domain 0's kernel");
		if ((vaddr_t)m->cmdline >= DIRECTMAP_START)
			reserve_bytes(va_to_pa(m->cmdline), strlen(m->cmdline) + 1,
				      "a module's command line");
	}
	if (boot_info.rsdp)		/* may be a copy that the loader made */
		reserve_bytes(boot_info.rsdp, 64, "ACPI's RSDP");
}

/* Contiguous frames, the first a multiple of @align, from the top of what is spare. Not zeroed. */
static mfn_t __init boot_alloc(u64 frames, u64 align)
{
	for (unsigned i = nr_spare; i--; ) {
		mfn_t end = MIN(spare[i].end, boot_limit), start;

		if (end < frames)
			continue;
		start = (end - frames) & ~(align - 1);
		if (start < spare[i].start)
			continue;
		reserve(start, start + frames);
		boot_used += frames;
		return start;
	}
	panic("Too little memory for the hypervisor's tables: %lu kB more needed", frames * 4);
}

/* ---- the hypervisor's page table -------------------------------------------- */

static u64 *__init next_table(u64 *entry, u64 flags)
{
	if (!(*entry & PTE_P)) {
		mfn_t mfn = boot_alloc(1, 1);

		clear_page(mfn_to_va(mfn));
		*entry = mk_pte(mfn, PTE_P | PTE_RW | PTE_A | PTE_D | flags);
	}
	return mfn_to_va(pte_mfn(*entry));
}

/* @level 1: 4 kB, 2: 2 MB, 3: 1 GB. @flags of the page; its US bit goes into all levels. */
static void __init map_page(vaddr_t va, mfn_t mfn, unsigned level, u64 flags)
{
	u64 us = flags & PTE_US;
	u64 *e = &next_table(&hv_l4[l4_slot(va)], us)[l3_slot(va)];

	if (level < 3)
		e = &next_table(e, us)[l2_slot(va)];
	if (level < 2)
		e = &next_table(e, us)[l1_slot(va)];
	*e = mk_pte(mfn, flags | PTE_P | PTE_A | PTE_D | (level > 1 ? PTE_PSE : 0));
}

/* Boot code mapped the first 4 GB in 2 MB pages; these get the flags that all others have. */
static void __init harden_boot_map(void)
{
	u64 *l3 = mfn_to_va(pte_mfn(hv_l4[l4_slot(DIRECTMAP_START)]));

	for (unsigned i = 0; i < 4; i++) {
		u64 *l2;

		if (!(l3[i] & PTE_P))
			panic("Boot code left the direct map below 4 GB incomplete");
		if (l3[i] & PTE_PSE) {
			l3[i] |= nx | global | PTE_A | PTE_D;
			continue;
		}
		l2 = mfn_to_va(pte_mfn(l3[i]));
		for (unsigned j = 0; j < 512; j++)
			l2[j] |= nx | global | PTE_A | PTE_D;
	}
}

/* RAM above 4 GB; 1 GB pages only for whole gigabytes of it, as other memory may be uncached. */
static void __init map_high_ram(void)
{
	u64 flags = PTE_RW | nx | global;

	for (unsigned i = 0; i < e820.n; i++) {
		u64 addr = e820.r[i].addr, end = addr + e820.r[i].size;
		mfn_t mfn = MAX(addr, 4UL << 30) >> PAGE_SHIFT & ~(MB2_FRAMES - 1UL);

		if (e820.r[i].type != E820_RAM)
			continue;
		while (mfn << PAGE_SHIFT < end) {
			vaddr_t va = (vaddr_t)mfn_to_va(mfn);
			bool big = cpu_features.page1gb && !(mfn % GB1_FRAMES) &&
				   (mfn + GB1_FRAMES) << PAGE_SHIFT <= end;

			map_page(va, mfn, big ? 3 : 2, flags);
			mfn += big ? GB1_FRAMES : MB2_FRAMES;
		}
	}
}

/* ---- frame table and M2P ----------------------------------------------------- */

static void __init find_valid(void)
{
	for (unsigned i = 0; i < e820.n; i++) {
		mfn_t start = PFN_UP(e820.r[i].addr);
		mfn_t end = PFN_DOWN(e820.r[i].addr + e820.r[i].size);

		if (e820.r[i].type != E820_RAM || start >= end)
			continue;
		start &= ~(MB2_FRAMES - 1UL);
		end = ROUND_UP(end, MB2_FRAMES);
		if (nr_valid && valid[nr_valid - 1].end >= start)
			valid[nr_valid - 1].end = end;
		else if (nr_valid < MAX_VALID)
			valid[nr_valid++] = (struct span){ start, end };
		else
			panic("RAM lies in more than %u pieces", MAX_VALID);
	}
	for (unsigned i = 0; i < nr_valid; i++)
		if (valid[i].end - valid[i].start > ram_span.frames)
			ram_span = (struct frame_span){ valid[i].start, valid[i].end - valid[i].start };
}

static void __init map_frame_table(void)
{
	u64 flags = PTE_RW | nx | global;

	for (unsigned i = 0; i < nr_valid; i++) {
		vaddr_t va = (vaddr_t)mfn_to_page(valid[i].start);
		vaddr_t end = (vaddr_t)mfn_to_page(valid[i].end);

		while (va < end) {
			bool big = !(va % (2UL << 20)) && end - va >= 2UL << 20;
			u64 frames = big ? MB2_FRAMES : 1;

			map_page(va, boot_alloc(frames, frames), big ? 2 : 1, flags);
			va += frames << PAGE_SHIFT;
		}
	}
}

static void __init map_m2p(void)
{
	for (unsigned i = 0; i < nr_valid; i++) {
		mfn_t from = valid[i].start / GB1_FRAMES, to = (valid[i].end - 1) / GB1_FRAMES;

		if (i && from <= (valid[i - 1].end - 1) / GB1_FRAMES)
			from++;		/* shared with the range before */
		for (; from <= to; from++) {
			mfn_t mfn = boot_alloc(MB2_FRAMES, MB2_FRAMES);
			vaddr_t offset = from << 21;

			map_page(RW_M2P_START + offset, mfn, 2, PTE_RW | nx | global);
			map_page(RO_M2P_START + offset, mfn, 2, PTE_US | nx);	/* not in user mode's tables */
			memset(mfn_to_va(mfn), 0xff, 2UL << 20);
		}
	}
}

mfn_t m2p_extent(mfn_t mfn)
{
	u64 *l3 = mfn_to_va(pte_mfn(hv_l4[l4_slot(RW_M2P_START)]));
	vaddr_t offset = mfn / GB1_FRAMES << 21;
	u64 *l2;

	if (!(l3[l3_slot(offset)] & PTE_P))
		return 0;
	l2 = mfn_to_va(pte_mfn(l3[l3_slot(offset)]));
	return pte_mfn(l2[l2_slot(offset)]);
}

/* The tools may map the M2P's own frames, read-only: no writable type fits beside this one. */
static void __init share_m2p(void)
{
	for (mfn_t chunk = 0; chunk < max_mfn; chunk += GB1_FRAMES) {
		mfn_t mfn = m2p_extent(chunk);

		for (unsigned i = 0; mfn && i < MB2_FRAMES; i++) {
			struct page_info *pg = mfn_to_page(mfn + i);

			pg->count = COUNT_XEN | PGC_ALLOCATED | PGC_HVPAGE;
			pg->type = PGT_NONE | PGT_VALIDATED | 1;
		}
	}
}

/* The count word frames get from @mfn on, and where that ends, at most at *end. */
static u64 __init first_count(mfn_t mfn, mfn_t *end)
{
	for (unsigned i = 0; i < nr_spare; i++) {
		if (mfn >= spare[i].end)
			continue;
		if (mfn >= spare[i].start) {
			*end = MIN(*end, spare[i].end);
			return COUNT_FREE;
		}
		*end = MIN(*end, spare[i].start);
		break;
	}
	for (unsigned i = 0; i < e820.n; i++) {
		mfn_t from = PFN_UP(e820.r[i].addr);
		mfn_t to = PFN_DOWN(e820.r[i].addr + e820.r[i].size);

		if (e820.r[i].type != E820_RAM || mfn >= to)
			continue;
		if (mfn >= from) {
			*end = MIN(*end, to);
			return COUNT_XEN;
		}
		*end = MIN(*end, from);
		break;
	}
	return OWNER(DOMID_IO) | PGC_ALLOCATED | 1;
}

static void __init fill_frame_table(void)
{
	for (unsigned i = 0; i < nr_valid; i++) {
		for (mfn_t mfn = valid[i].start, end; mfn < valid[i].end; mfn = end) {
			struct page_info *pg = mfn_to_page(mfn), *last;
			u64 count;

			end = valid[i].end;
			count = first_count(mfn, &end);
			for (last = mfn_to_page(end); pg < last; pg++) {
				pg->count = count;
				((u64 *)pg)[1] = 0;
			}
		}
	}
	for (unsigned i = 0; i < nr_bad; i++)
		for (mfn_t mfn = bad[i].start; mfn < MIN(bad[i].end, max_mfn); mfn++)
			if (mfn_valid(mfn) && page_owner(mfn_to_page(mfn)) == DOMID_XEN)
				mfn_to_page(mfn)->count |= PGC_BAD;
}

/* Whatever the map says, there is no RAM where the VGA and BIOS windows are. */
static void __init drop_isa_hole(void)
{
	for (unsigned i = 0; i < e820.n; i++) {
		u64 start = MAX(e820.r[i].addr, 0xa0000UL);
		u64 end = MIN(e820.r[i].addr + e820.r[i].size, 0x100000UL);

		if (e820.r[i].type == E820_RAM && start < end)
			e820_set(start, end, E820_RESERVED);
	}
}

void __init mm_init(void)
{
	if (cpu_features.nx) {
		nx = PTE_NX;
		pte_special &= ~PTE_NX;
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NX);
	}
	global = cpu_features.pge ? PTE_G : 0;

	drop_isa_hole();
	find_spare();
	find_valid();
	boot_limit = 1UL << 20;
	harden_boot_map();
	for (unsigned slot = HV_FIRST_SLOT; slot <= HV_LAST_SLOT; slot++)
		next_table(&hv_l4[slot], slot == l4_slot(RO_M2P_START) ? PTE_US : 0);
	map_high_ram();
	boot_limit = max_mfn;
	map_frame_table();
	map_m2p();
	fill_frame_table();
	share_m2p();
	for (unsigned i = 0; i < nr_spare; i++)
		heap_add(spare[i].start, spare[i].end);
	protect_image();
	printk(LOG_INFO "Memory: %lu MB, %lu MB free, %lu kB in frame table, M2P and page tables\n",
	       total_ram_frames >> 8, free_frames_count() >> 8, boot_used * 4);
}
