/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks, and the one rule that makes them simple: the hypervisor runs with
 * interrupts off, except when a CPU idles and inside preempt_check(), where no
 * lock is held. So no lock needs an irqsave form.
 *
 * A CPU that waits, for a lock or for an answer, keeps serving TLB flushes that
 * others ask of it (serve_flush), so two waiting CPUs can't block one another.
 *
 * The order of locks is in lock_order.h; a debug build (DEBUG=y) checks it, and that no lock is
 * held where interrupts open or a guest is entered. The rank costs nothing elsewhere.
 */
#ifndef XEN_SPINLOCK_H
#define XEN_SPINLOCK_H

#include <xen/bitops.h>
#include <xen/lock_order.h>

enum { lock_check = XEN_DEBUG };	/* the Makefile's; a constant, so what asks it costs nothing */

typedef struct { u8 head, tail; u16 rank; } spinlock_t;	/* a ticket lock: fair */
#define SPINLOCK_INIT(rank)	{ 0, 0, rank }

static inline void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
	*l = (spinlock_t)SPINLOCK_INIT(rank);
}

void serve_flush(void);

/* debug/locks.c */
void lock_wanted(const spinlock_t *l);		/* panics if that is out of order */
void lock_taken(const spinlock_t *l);
void lock_dropped(const spinlock_t *l);
void lock_none_held(void);			/* panics if there is one */
void lock_check_off(void);			/* the hypervisor is broken already */
void dump_locks(void);				/* debug key 'l' */

static inline void assert_no_locks(void)
{
	if (lock_check)
		lock_none_held();
}

static inline void spin_lock(spinlock_t *l)
{
	u8 ticket;

	if (lock_check)
		lock_wanted(l);
	ticket = __atomic_fetch_add(&l->tail, 1, __ATOMIC_ACQUIRE);
	while (__atomic_load_n(&l->head, __ATOMIC_ACQUIRE) != ticket) {
		serve_flush();
		cpu_relax();
	}
	if (lock_check)
		lock_taken(l);
}

static inline bool spin_trylock(spinlock_t *l)
{
	spinlock_t old = *l, new = old;

	if (old.head != old.tail)
		return false;
	new.tail++;
	if (!__atomic_compare_exchange(l, &old, &new, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	if (lock_check)
		lock_taken(l);
	return true;
}

static inline void spin_unlock(spinlock_t *l)
{
	if (lock_check)
		lock_dropped(l);
	__atomic_store_n(&l->head, l->head + 1, __ATOMIC_RELEASE);
}

static inline bool spin_is_locked(const spinlock_t *l) { return l->head != l->tail; }

#endif
