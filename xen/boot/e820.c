/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory map. Firmware may list ranges in any order, overlapping, or beyond
 * what we map; after e820_init() the map is sorted and free of overlaps, and
 * what isn't RAM beyond doubt isn't RAM.
 */
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/layout.h>
#include <xen/lib.h>

#define ADDR_LIMIT	(DIRECTMAP_END - DIRECTMAP_START)

static const char *const type_names[] = {
	[E820_RAM] = "RAM", [E820_RESERVED] = "reserved", [E820_ACPI] = "ACPI tables",
	[E820_NVS] = "ACPI NVS", [E820_UNUSABLE] = "unusable",
};

/* Where two ranges overlap the one with the higher rank wins. */
static unsigned __init rank(u32 type)
{
	switch (type) {
	case E820_RAM: return 1;
	case E820_ACPI: return 2;
	case E820_NVS: return 3;
	case E820_UNUSABLE: return 5;
	default: return 4;
	}
}

static unsigned __init sorted_bounds(const struct e820_map *map, u64 *bound)
{
	unsigned n = 0;

	for (unsigned i = 0; i < map->n; i++) {
		bound[n++] = map->r[i].addr;
		bound[n++] = map->r[i].addr + map->r[i].size;
	}
	for (unsigned i = 1; i < n; i++) {
		u64 b = bound[i];
		unsigned j = i;

		for (; j && bound[j - 1] > b; j--)
			bound[j] = bound[j - 1];
		bound[j] = b;
	}
	return n;
}

/* The type of [start, end), which no range begins or ends within; 0 if no range has it. */
static u32 __init type_of(const struct e820_map *map, u64 start, u64 end)
{
	u32 type = 0;

	for (unsigned i = 0; i < map->n; i++) {
		const struct e820_range *r = &map->r[i];

		if (r->addr <= start && end <= r->addr + r->size &&
		    (!type || rank(r->type) > rank(type)))
			type = r->type;
	}
	return type;
}

static void __init add_range(struct e820_map *map, u64 start, u64 end, u32 type)
{
	struct e820_range *last = map->n ? &map->r[map->n - 1] : NULL;

	if (last && last->type == type && last->addr + last->size == start)
		last->size = end - last->addr;
	else if (map->n < E820_MAX)
		map->r[map->n++] = (struct e820_range){ start, end - start, type };
	else
		printk(LOG_WARN "Memory map: more than %u ranges; %lx-%lx is not used\n",
		       E820_MAX, start, end);
}

/* Ranges that are empty or wrap are dropped. */
void __init e820_map_normalise(struct e820_map *map)
{
	static u64 bound[2 * E820_MAX] __initdata;
	static struct e820_map in __initdata;
	unsigned n;

	in.n = 0;
	for (unsigned i = 0; i < map->n; i++) {
		struct e820_range r = map->r[i];

		if (!r.size || r.addr + r.size < r.addr)
			continue;
		if (!r.type || r.type > E820_UNUSABLE)
			r.type = E820_RESERVED;
		in.r[in.n++] = r;
	}
	n = sorted_bounds(&in, bound);
	map->n = 0;
	for (unsigned i = 0; i + 1 < n; i++) {
		u32 type;

		if (bound[i] == bound[i + 1])
			continue;
		type = type_of(&in, bound[i], bound[i + 1]);
		if (type)
			add_range(map, bound[i], bound[i + 1], type);
	}
}

void __init e820_map_set(struct e820_map *map, u64 start, u64 end, u32 type)
{
	unsigned n = map->n;

	if (start >= end)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct e820_range *r = &map->r[i];
		u64 r_end = r->addr + r->size;

		if (r_end <= start || r->addr >= end)
			continue;
		if (r_end > end && map->n < E820_MAX)	/* what is left behind the range */
			map->r[map->n++] = (struct e820_range){ end, r_end - end, r->type };
		r->size = r->addr < start ? start - r->addr : 0;
	}
	if (map->n == E820_MAX)
		panic("The memory map has too many ranges to mark %lx-%lx in it", start, end);
	map->r[map->n++] = (struct e820_range){ start, end - start, type };
	e820_map_normalise(map);
}

void __init e820_set(u64 start, u64 end, u32 type)
{
	e820_map_set(&e820, start, end, type);
}

static bool __init wraps(const struct e820_range *r) { return r->addr + r->size < r->addr; }

static bool __init contradict(const struct e820_range *a, const struct e820_range *b)
{
	return a->type != b->type && !wraps(a) && !wraps(b) &&
	       a->addr < b->addr + b->size && b->addr < a->addr + a->size;
}

/* What normalising will mend, said before it is gone. */
static void __init report_faults(void)
{
	unsigned overlaps = 0;

	for (unsigned i = 0; i < e820.n; i++) {
		const struct e820_range *r = &e820.r[i];

		if (wraps(r))
			printk(LOG_WARN "Memory map: a range of %lx bytes at %lx has no end: left out\n",
			       r->size, r->addr);
		for (unsigned j = 0; j < i; j++)
			overlaps += contradict(r, &e820.r[j]);
	}
	if (overlaps)
		printk(LOG_WARN "Memory map: %u overlaps of ranges with different types: RAM is only what nothing else claims\n",
		       overlaps);
	if (e820.dropped)
		printk(LOG_WARN "Memory map: of more than %u ranges the last %u are left out\n",
		       E820_MAX, e820.dropped);
}

void __init e820_init(void)
{
	u64 limit = MIN(ADDR_LIMIT, 1UL << cpu_features.maxphysaddr), ram = 0;

	report_faults();
	e820_map_normalise(&e820);
	for (unsigned i = 0; i < e820.n; i++) {
		struct e820_range *r = &e820.r[i];

		if (r->type == E820_RAM && r->addr + r->size > limit) {
			printk(LOG_WARN "RAM at %lx-%lx: above %lx it can't be reached\n", r->addr,
			       r->addr + r->size, limit);
			r->size = r->addr < limit ? limit - r->addr : 0;
		}
		printk(LOG_INFO "Memory map: %016lx-%016lx %s\n", r->addr, r->addr + r->size,
		       type_names[r->type]);
		if (r->type == E820_RAM)
			ram += r->size;
	}
	if (!ram)
		panic("The boot loader gave no memory map: boot with GRUB's multiboot2 command");
}
