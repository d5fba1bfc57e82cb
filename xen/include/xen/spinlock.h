/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks, and the one rule that makes them simple: the hypervisor runs with
 * interrupts off, except when a CPU idles and inside preempt_check(), where no
 * lock is held. So no lock needs an irqsave form.
 *
 * A CPU that waits, for a lock or for an answer, keeps serving TLB flushes that
 * others ask of it (serve_flush), so two waiting CPUs can't block one another.
 *
 * Lock order, outermost first:
 *   domlist -> domctl -> domain page_lock / evtchn_lock / grant lock (never two
 *   of one kind but in ascending domid) -> frame pin lock -> irq descriptor ->
 *   run queue -> timer queue -> heap -> console; a vcpu's FIFO event queues innermost
 */
#ifndef XEN_SPINLOCK_H
#define XEN_SPINLOCK_H

#include <xen/bitops.h>

typedef struct { u16 head, tail; } spinlock_t;	/* a ticket lock: fair */
#define SPINLOCK_INIT { 0, 0 }

void serve_flush(void);

static inline void spin_lock(spinlock_t *l)
{
	u16 ticket = __atomic_fetch_add(&l->tail, 1, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&l->head, __ATOMIC_ACQUIRE) != ticket) {
		serve_flush();
		cpu_relax();
	}
}

static inline bool spin_trylock(spinlock_t *l)
{
	spinlock_t old = *l, new = old;

	if (old.head != old.tail)
		return false;
	new.tail++;
	return __atomic_compare_exchange(l, &old, &new, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_unlock(spinlock_t *l)
{
	__atomic_store_n(&l->head, l->head + 1, __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const spinlock_t *l) { return l->head != l->tail; }

#endif
