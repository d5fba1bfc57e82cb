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
 * To make other CPUs flush there is one mailbox: what to flush, and a mask of
 * CPUs that still have to. It has a lock; who waits for that lock, or any other,
 * serves the mailbox meanwhile.
 */
#include <xen/domain.h>

#define EVERYTHING	(~0UL)
#define CACHES		(~1UL)		/* not a flush of TLBs at all: wbinvd */
#define GLOBALS		(~2UL)		/* everything, and the hypervisor's global entries */

u32 tlb_clock = 1;

static spinlock_t mailbox_lock = SPINLOCK_INIT;
static vaddr_t mailbox_what;		/* mailbox_lock */
static u64 mailbox_todo;		/* atomic: CPUs */
static u32 all_flushed_at;		/* atomic: clock */

static u64 online_mask(void)
{
	return nr_cpus >= 64 ? ~0UL : BIT(nr_cpus) - 1;
}

static void flush_here(vaddr_t what)
{
	if (what == EVERYTHING) {
		u32 tick = atomic_add(&tlb_clock, 1);

		write_cr(3, read_cr(3));
		WRITE_ONCE(this_cpu()->tlb_time, tick);
	} else if (what == CACHES) {
		asm volatile("wbinvd" ::: "memory");
	} else if (what == GLOBALS) {
		u64 cr4 = read_cr(4);

		write_cr(4, cr4 & ~CR4_PGE);
		write_cr(3, read_cr(3));
		write_cr(4, cr4);
	} else {
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
	spin_lock(&mailbox_lock);
	mailbox_what = what;
	__atomic_store_n(&mailbox_todo, cpus_mask, __ATOMIC_SEQ_CST);
	for (u64 left = cpus_mask; left; left &= left - 1)
		send_ipi(ffs64(left), VEC_FLUSH);
	while (__atomic_load_n(&mailbox_todo, __ATOMIC_ACQUIRE))
		cpu_relax();
	spin_unlock(&mailbox_lock);
}

static void flush_cpus(u64 mask, vaddr_t what)
{
	u64 me = BIT(this_cpu()->id);

	mask &= online_mask();
	if (mask & me)
		flush_here(what);
	flush_others(mask & ~me, what);
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
	invlpg(va);
}

void flush_tlb_mask(const u64 *cpumask, vaddr_t va)
{
	flush_cpus(*cpumask, va);
	keep_clock_young();
}

void flush_tlb_all(void)
{
	flush_cpus(~0UL, EVERYTHING);
	keep_clock_young();
}

void flush_tlb_domain(const struct domain *d)
{
	u64 mask;

	smp_mb();	/* after the change of the table; see load_hardware() */
	mask = atomic_read(&d->dirty_cpus);
	flush_tlb_mask(&mask, EVERYTHING);
}

/*
 * Any CPU, not only the owner's: a control domain, or one with a grant, may have mapped the
 * frame, and its TLBs remember that as well.
 */
void flush_for_frame(const struct page_info *pg)
{
	u64 mask = 0;

	for (unsigned i = 0; i < nr_cpus; i++)
		if ((s32)(READ_ONCE(cpus[i].tlb_time) - pg->aux) <= 0)
			mask |= BIT(i);
	if (mask)
		flush_tlb_mask(&mask, EVERYTHING);
}

void flush_tlb_global(void)
{
	flush_cpus(~0UL, GLOBALS);
}

void flush_caches_all(void)
{
	flush_cpus(~0UL, CACHES);
}
