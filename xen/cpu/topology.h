/* SPDX-License-Identifier: GPL-2.0-only */
/* What topology.c makes of CPUID; apart, so that it can be tried with the CPUID of other machines. */
#ifndef CPU_TOPOLOGY_H
#define CPU_TOPOLOGY_H

#include <xen/types.h>

/* An APIC id shifted right by these is the same for all threads of a core, all CPUs of a socket. */
struct topology_shifts { unsigned core, socket; };

typedef void cpuid_reader(u32 leaf, u32 sub, u32 regs[4]);	/* eax, ebx, ecx, edx */
struct topology_shifts topology_decode(cpuid_reader *read);
extern struct topology_shifts topology_shifts;		/* this machine's */

#endif
