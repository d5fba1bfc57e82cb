/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Performance counters: THE list. Storage, names, xenperf's view (XEN_SYSCTL_perfc_op) and
 * debug key 'p' come from it.
 *
 * Each CPU has its own, beside struct cpu_info at the top of its stack, so that counting is
 * one plain increment of memory that no other CPU writes. They are never set back: a reset
 * notes where they stood (debug/perfc.c). They wrap at 2^32.
 */
#ifndef XEN_PERFC_H
#define XEN_PERFC_H

#include <xen/types.h>

/* ONE(field, name) has a value per CPU; ARRAY(field, length, name) a sum over all CPUs per index. */
#define PERFC_LIST(ONE, ARRAY)								\
	ARRAY(hypercalls, 64,		"hypercalls")	/* xenperf knows it by this name */	\
	ARRAY(exceptions, 32,		"exceptions of guests, by vector")		\
	ONE(multicall_entries,		"multicalls: entries")				\
	ONE(hypercall_restarts,		"hypercalls: restarts")				\
	ONE(mmu_updates,		"page tables: requests in batches of mmu_update") \
	ONE(pte_stores,			"page faults: table stores emulated")		\
	ONE(ldt_faults,			"page faults: LDT pages mapped")		\
	ONE(kernel_faults,		"page faults: of guest kernels, passed on")	\
	ONE(privileged_insns,		"privileged instructions emulated")		\
	ONE(invalid_opcodes,		"invalid opcodes emulated")			\
	ONE(sched_runs,			"sched: runs of the scheduler")			\
	ONE(context_switches,		"sched: context switches")			\
	ONE(switches_to_idle,		"sched: of these to idle")			\
	ONE(wakes,			"sched: vcpus woken")				\
	ONE(blocks,			"sched: blocks")				\
	ONE(yields,			"sched: yields")				\
	ONE(polls,			"sched: polls")					\
	ONE(events,			"events sent")					\
	ONE(virqs,			"events: virtual interrupts")			\
	ONE(pirqs,			"events: device interrupts")			\
	ONE(irq_device,			"interrupts: devices")				\
	ONE(irq_timer,			"interrupts: timer")				\
	ONE(irq_kick,			"interrupts: kicks")				\
	ONE(irq_flush,			"interrupts: TLB flushes")			\
	ONE(irq_stray,			"interrupts: spurious or stray")		\
	ONE(nmis,			"interrupts: NMIs")				\
	ONE(ipis_sent,			"interrupts: sent to other CPUs")		\
	ONE(timers_set,			"timers set")					\
	ONE(timers_run,			"timers run")					\
	ONE(tlb_local,			"TLB flushes: here, all")			\
	ONE(tlb_local_page,		"TLB flushes: here, one page")			\
	ONE(tlb_remote,			"TLB flushes: asked of other CPUs")		\
	ONE(grant_maps,			"grants mapped")				\
	ONE(grant_unmaps,		"grants unmapped")				\
	ONE(grant_copies,		"grants copied")

#define PERFC_FIELD_(field, name)	u32 field;
#define PERFC_ARRAY_(field, n, name)	u32 field[n];
struct perfc { PERFC_LIST(PERFC_FIELD_, PERFC_ARRAY_) };
#undef PERFC_FIELD_
#undef PERFC_ARRAY_

/* Count. The CPU's own, so without atomicity: what interrupts it in the middle is seen whole. */
#define perfc_add(counter, n)	((void)(cpu_info()->perfc.counter += (n)))
#define perfc_inc(counter)	perfc_add(counter, 1)

void perfc_init(void);		/* all CPUs are up */
struct xen_sysctl_perfc_op;
int perfc_op(struct xen_sysctl_perfc_op *op);	/* XEN_SYSCTL_perfc_op */

#endif
