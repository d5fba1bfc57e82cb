/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs are threads of one core, and which cores share a socket: an APIC id holds, from
 * the low bits up, the thread in its core, the core in its socket, and the socket. CPUID
 * says where the fields part. (Intel SDM volume 2A, CPUID, leaves 1, 4, 0xb, 0x1f; AMD APM
 * volume 3, appendix E, leaves 0x80000008 and 0x8000001e)
 */
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include "topology.h"

static bool opt_ht = true;
BOOT_OPTION("ht", OPT_BOOL, opt_ht, 0, "use all threads of a core; noht: one of each");

struct topology_shifts topology_shifts;

/* ---- the fields of an APIC id --------------------------------------------------- */

enum { A, B, C, D };

#define LEVEL_NONE	0
#define LEVEL_THREAD	1

/* Leaves 0xb and 0x1f: for each level, how many low bits number what is within it. */
static bool decode_levels(cpuid_reader *read, u32 leaf, struct topology_shifts *s)
{
	u32 r[4];

	*s = (struct topology_shifts){ 0, 0 };
	for (u32 sub = 0; sub < 8; sub++) {
		read(leaf, sub, r);
		if ((r[C] >> 8 & 0xff) == LEVEL_NONE || !(r[B] & 0xffff))
			return sub > 0;
		if ((r[C] >> 8 & 0xff) == LEVEL_THREAD)
			s->core = r[A] & 31;
		s->socket = r[A] & 31;
	}
	return true;
}

/* Bits to number @n things with. */
static unsigned bits_for(u32 n) { return n > 1 ? fls64(n - 1) + 1 : 0; }

/* Before those leaves: counts of logical CPUs and of cores in the socket. */
static void decode_counts(cpuid_reader *read, u32 max, u32 ext_max, struct topology_shifts *s)
{
	u32 r[4], logical, cores = 1, threads = 1;
	bool is_amd;

	*s = (struct topology_shifts){ 0, 0 };
	read(0, 0, r);
	is_amd = r[C] == 0x444d4163 || r[C] == 0x656e6975;	/* "cAMD" or "uine" of AMD's, Hygon's */
	read(1, 0, r);
	if (!(r[D] & BIT(28)))
		return;
	logical = r[B] >> 16 & 0xff;
	s->socket = bits_for(logical);
	if (is_amd && ext_max >= 0x80000008) {
		read(0x80000008, 0, r);
		s->socket = r[C] >> 12 & 15 ? r[C] >> 12 & 15 : bits_for((r[C] & 0xff) + 1);
		read(0x80000001, 0, r);
		if ((r[C] & BIT(22)) && ext_max >= 0x8000001e) {
			read(0x8000001e, 0, r);
			threads = (r[B] >> 8 & 0xff) + 1;
		}
		s->core = MIN(bits_for(threads), s->socket);
	} else if (!is_amd && max >= 4) {
		read(4, 0, r);
		cores = (r[A] >> 26) + 1;
		s->core = s->socket - MIN(bits_for(cores), s->socket);
	}
}

struct topology_shifts topology_decode(cpuid_reader *read)
{
	struct topology_shifts s;
	u32 r[4], max, ext_max;

	read(0, 0, r);
	max = r[A];
	read(0x80000000, 0, r);
	ext_max = r[A] >> 16 == 0x8000 ? r[A] : 0;
	if (max >= 0x1f && decode_levels(read, 0x1f, &s))
		return s;
	if (max >= 0xb && decode_levels(read, 0xb, &s))
		return s;
	decode_counts(read, max, ext_max, &s);
	return s;
}

/* ---- CPUs in use --------------------------------------------------------------------- */

static void read_cpuid(u32 leaf, u32 sub, u32 r[4])
{
	cpuid(leaf, sub, &r[A], &r[B], &r[C], &r[D]);
}

/* The cores of a socket are numbered from 0. */
unsigned cpu_core(unsigned cpu)
{
	u32 in_socket = cpus[cpu].apic_id & ((1UL << topology_shifts.socket) - 1);

	return in_socket >> topology_shifts.core;
}

unsigned cpu_socket(unsigned cpu)
{
	return cpus[cpu].apic_id >> topology_shifts.socket;
}

unsigned cpu_thread(unsigned cpu)
{
	return weight64(cpus[cpu].same_core & (BIT(cpu) - 1));
}

void topology_add(unsigned cpu)
{
	u32 id = cpus[cpu].apic_id;

	cpus[cpu].same_core = cpus[cpu].same_socket = 0;
	for (unsigned i = 0; i <= cpu; i++) {
		u32 other = cpus[i].apic_id;

		if (id >> topology_shifts.core == other >> topology_shifts.core) {
			cpus[cpu].same_core |= BIT(i);
			cpus[i].same_core |= BIT(cpu);
		}
		if (id >> topology_shifts.socket == other >> topology_shifts.socket) {
			cpus[cpu].same_socket |= BIT(i);
			cpus[i].same_socket |= BIT(cpu);
		}
	}
}

void __init topology_init(void)
{
	topology_shifts = topology_decode(read_cpuid);
	topology_add(0);
}

bool __init topology_wants(u32 apic_id)
{
	for (unsigned i = 0; !opt_ht && i < nr_cpus; i++)
		if (cpus[i].apic_id >> topology_shifts.core == apic_id >> topology_shifts.core)
			return false;
	return true;
}
