/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLB flushes, here and on other CPUs.
 *
 * The clock ticks before each whole flush of a CPU, and the CPU notes the tick
 * after it. So a CPU with tlb_time > t has flushed since somebody read t off the
 * clock: what was unmapped before that moment is not in its TLB.
 *
 *	unmap; t = tlb_clock; ...	flush: tick = ++tlb_clock; reload CR3; tlb_time = tick
 *
 * Comparisons are of 32-bit differences; a CPU must not lag behind by half the
 * range, so all flush once in a while (keep_clock_young).
 *
 * An idle CPU leaves its guest's page table for the hypervisor's own, and says so (no_guest):
 * nothing of a guest can be in its TLB until it loads one again, so it needn't be woken for
 * flushes. It takes the sign down before it loads a table; who changes a table and then finds
 * the sign up knows that this CPU will read the change.
 *
 * To make other CPUs flush there is one mailbox: what to flush, and a mask of
 * CPUs that still have to. It has a lock; who waits for that lock, or any other,
 * serves the mailbox meanwhile.
 */
#include <xen/domain.h>

#define EVERYTHING	(~0UL)
#define CACHES		(~1UL)		/* not a flush of TLBs at all: wbinvd */
#define GLOBALS		(~2UL)		/* everything, and the hypervisor's global entries */
#define NOTHING		(~3UL)		/* only an answer is wanted; the lowest of these words */

u32 tlb_clock = 1;

static spinlock_t mailbox_lock = SPINLOCK_INIT(LOCK_MAILBOX);
static vaddr_t mailbox_what;		/* mailbox_lock */
static u64 mailbox_todo;		/* atomic: CPUs */
static u32 all_flushed_at;		/* atomic: clock */

static void flush_here(vaddr_t what)
{
	if (what == EVERYTHING) {
		u32 tick = atomic_add(&tlb_clock, 1);

		perfc_inc(tlb_local);
		write_cr(3, read_cr(3));
		WRITE_ONCE(this_cpu()->tlb_time, tick);
	} else if (what == CACHES) {
		asm volatile("wbinvd" ::: "memory");
	} else if (what == GLOBALS) {
		u64 cr4 = read_cr(4);

		write_cr(4, cr4 & ~CR4_PGE);
		write_cr(3, read_cr(3));
		write_cr(4, cr4);
	} else if (what != NOTHING) {
		perfc_inc(tlb_local_page);
		invlpg(what);
	}
}

void serve_flush(void)
{
	u64 me;

	if (likely(!atomic_read(&mailbox_todo)))
		return;
	me = BIT(this_cpu()->id);
	if (!(__atomic_load_n(&mailbox_todo, __ATOMIC_ACQUIRE) & me))
		return;
	flush_here(mailbox_what);
	__atomic_and_fetch(&mailbox_todo, ~me, __ATOMIC_SEQ_CST);
}

static void flush_others(u64 cpus_mask, vaddr_t what)
{
	cpus_mask &= ~atomic_read(&cpus_stopped);
	if (likely(!cpus_mask))
		return;
	perfc_inc(tlb_remote);
	spin_lock(&mailbox_lock);
	mailbox_what = what;
	__atomic_store_n(&mailbox_todo, cpus_mask, __ATOMIC_SEQ_CST);
	for (u64 left = cpus_mask; left; left &= left - 1)
		send_ipi(ffs64(left), VEC_FLUSH);
	while (__atomic_load_n(&mailbox_todo, __ATOMIC_ACQUIRE))
		cpu_relax();
	spin_unlock(&mailbox_lock);
}

/* Those of @mask that can hold translations of guests. */
static u64 without_idle(u64 mask)
{
	u64 busy = 0;

	smp_mb();	/* after the change of the table; pairs with tlb_leave_idle() */
	for (; mask; mask &= mask - 1) {
		unsigned cpu = ffs64(mask);

		if (!READ_ONCE(cpus[cpu].no_guest))
			busy |= BIT(cpu);
	}
	return busy;
}

/* @what is one of the words above, or the address of a page. */
static void flush_cpus(u64 mask, vaddr_t what)
{
	u64 me = BIT(this_cpu()->id);

	mask &= online_cpus();
	if (mask & me)
		flush_here(what);
	mask &= ~me;
	if (mask && (what == EVERYTHING || (what < NOTHING && guest_va_ok(what))))
		mask = without_idle(mask);
	flush_others(mask, what);
}

void tlb_enter_idle(void)
{
	struct cpu *c = this_cpu();

	c->tlb_time = READ_ONCE(tlb_clock);
	write_cr(3, va_to_pa(hv_l4));
	__atomic_store_n(&c->no_guest, true, __ATOMIC_RELEASE);
}

void tlb_leave_idle(void)
{
	__atomic_store_n(&this_cpu()->no_guest, false, __ATOMIC_SEQ_CST);
}

/* Differences of clock readings must stay small against 2^31. */
static void keep_clock_young(void)
{
	u32 seen = atomic_read(&all_flushed_at), t = atomic_read(&tlb_clock);

	if (unlikely(t - seen > BIT(29)) && cmpxchg(&all_flushed_at, seen, t) == seen)
		flush_cpus(~0UL, EVERYTHING);
}

void flush_tlb_local(void)
{
	flush_here(EVERYTHING);
	keep_clock_young();
}

void flush_tlb_one_local(vaddr_t va)
{
	perfc_inc(tlb_local_page);
	invlpg(va);
}

void flush_tlb_mask(u64 mask, vaddr_t va)
{
	flush_cpus(mask, va);
	keep_clock_young();
}

void flush_tlb_domain(const struct domain *d)
{
	smp_mb();	/* after the change of the table; see load_hardware() */
	flush_tlb_mask(atomic_read(&d->dirty_cpus), EVERYTHING);
}

u64 cpus_to_flush(u32 clock)
{
	u64 mask = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		if ((s32)(READ_ONCE(cpus[i].tlb_time) - clock) <= 0 && !READ_ONCE(cpus[i].no_guest))
			mask |= BIT(i);
	return mask;
}

/*
 * Any CPU, not only the owner's: a control domain, or one with a grant, may have mapped the
 * frame, and its TLBs remember that as well.
 */
void flush_for_frame(const struct page_info *pg)
{
	u64 mask = cpus_to_flush(pg->aux);

	if (mask)
		flush_tlb_mask(mask, EVERYTHING);
}

void flush_tlb_global(void)
{
	flush_cpus(~0UL, GLOBALS);
}

void flush_caches_all(void)
{
	flush_cpus(~0UL, CACHES);
}

void sync_all_cpus(void)
{
	flush_cpus(~0UL, NOTHING);
}
