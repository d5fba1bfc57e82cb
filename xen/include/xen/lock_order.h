/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All locks, outermost first: who holds one may only wait for those below it. This is the only
 * list: the check of debug builds (debug/locks.c) and docs/locking.md are made from it.
 *
 * LOCK(rank, how many of a kind at once, name, what it protects, two of a kind)
 */
#ifndef XEN_LOCK_ORDER_H
#define XEN_LOCK_ORDER_H

#define LOCK_ORDER(LOCK)									\
	LOCK(DOMLIST, 1, "domlist_lock", "the list of domains, and the hash that finds one by its id", "-") \
	LOCK(PAGE, 1, "d->page_lock", "number and list of a domain's frames, its memory map", "-") \
	LOCK(EVTCHN, 2, "d->evtchn.lock", "states of its ports", "both ends of a pair, lower domid first") \
	LOCK(GRANT, 1, "d->grant->lock", "grant and maptrack frames, uses of entries", "-")	\
	LOCK(IRQ_DOMAIN, 1, "d->irqs->lock", "its pirqs", "-")					\
	LOCK(MSI, 1, "msi_lock", "which device uses which message", "-")			\
	LOCK(IRQ, 1, "irq descriptor", "one vector and who has it", "-")			\
	LOCK(VECTOR, 1, "vector_lock", "which vectors are taken", "-")				\
	LOCK(LDT, 1, "v->ldt_lock", "which pages of its LDT are mapped", "-")			\
	LOCK(TRACE, 1, "switch_lock", "what is traced", "-")					\
	LOCK(SLAB, 1, "slab_lock", "small objects", "-")					\
	LOCK(MAP, 1, "map_lock", "the hypervisor's own mappings", "-")				\
	LOCK(SHUTDOWN, 1, "d->shutdown_lock", "whether and why it is shut down", "-")		\
	LOCK(WATCHDOG, 1, "d->sched.watchdog_lock", "its watchdog timers", "-")			\
	LOCK(RUN_QUEUE, 2, "run queue", "standing and runstate of the vcpus of a CPU",		\
	     "a second one only by `spin_trylock` (`balance.c`)")				\
	LOCK(TIMER, 2, "timer queue", "timers of a CPU", "lower CPU first")			\
	LOCK(IOAPIC, 1, "ioapic_lock", "select and data registers", "-")			\
	LOCK(RTC, 1, "rtc_lock", "ports 0x70 and 0x71", "-")					\
	LOCK(PCI, 1, "pci_lock", "ports 0xcf8 and 0xcfc", "-")					\
	LOCK(WALLCLOCK, 1, "wallclock_lock", "the time of day", "-")				\
	LOCK(PLATFORM, 1, "platform_lock", "the platform timer without wraps", "-")		\
	LOCK(CLOCK, 1, "common_lock", "the clock that all CPUs share", "-")			\
	LOCK(WINDOW, 1, "window_lock", "which descriptor windows are taken", "-")		\
	LOCK(MAILBOX, 1, "mailbox_lock", "what other CPUs are asked to flush", "-")		\
	LOCK(MCE, 1, "mce_lock", "records of machine checks, among those who read them", "-")	\
	LOCK(HEAP, 1, "heap_lock", "free frames", "-")						\
	LOCK(FIFO, 2, "a vcpu's FIFO queues", "last ports, event words of ports last linked there, " \
	     "control block (`event/fifo.c`)", "lower vcpu first")				\
	LOCK(CONSOLE, 1, "console_lock", "ring, devices, input", "innermost: anyone may print")

#define LOCK_RANK(rank, most, name, what, two)	LOCK_##rank,
enum lock_rank { LOCK_UNKNOWN, LOCK_ORDER(LOCK_RANK) LOCK_RANKS };
#undef LOCK_RANK

#endif
