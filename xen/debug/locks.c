/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The check of the lock order, in debug builds only: what each CPU holds, and the rule that it
 * waits only for locks further down in lock_order.h. spin_trylock() waits for nobody and may
 * take any. NMI handlers take no locks, so a CPU's list is its own.
 */
#include <xen/console.h>
#include <xen/cpu.h>
#include <xen/lib.h>

#define MAX_HELD	12

static const struct { const char *name; unsigned most; } kinds[LOCK_RANKS] = {
#define LOCK_KIND(rank, most, name, what, two)	[LOCK_##rank] = { name, most },
	LOCK_ORDER(LOCK_KIND)
#undef LOCK_KIND
};

static struct held {
	unsigned n;
	struct { const spinlock_t *lock; vaddr_t taker; } l[MAX_HELD];
} held[NR_CPUS];			/* own CPU */
static bool off;

static struct held *mine(void) { return &held[this_cpu()->id]; }

static const char *place(vaddr_t addr, u64 *offset)
{
	u64 size;
	const char *name = symbol_lookup(addr, offset, &size);

	return name ? name : "?";
}

static void __noreturn complain(const char *what, const spinlock_t *l, vaddr_t at)
{
	u64 offset = 0;
	const char *name = place(at, &offset);

	panic("lock order: %s %s in %s+%#lx", kinds[l->rank].name, what, name, offset);
}

static void __noreturn conflict(const spinlock_t *l, vaddr_t at, const spinlock_t *other, vaddr_t other_at)
{
	u64 offset = 0, other_offset = 0;
	const char *name = place(at, &offset), *other_name = place(other_at, &other_offset);

	panic("lock order: %s is wanted%s in %s+%#lx; %s is held since %s+%#lx", kinds[l->rank].name,
	      l == other ? " again" : "", name, offset, kinds[other->rank].name, other_name, other_offset);
}

void lock_wanted(const spinlock_t *l)
{
	vaddr_t at = (vaddr_t)__builtin_return_address(0);
	struct held *h = mine();
	unsigned same = 0;

	if (off)
		return;
	if (!l->rank || l->rank >= LOCK_RANKS)
		panic("lock order: a lock without a rank, at %p", l);
	for (unsigned i = 0; i < h->n; i++) {
		const spinlock_t *other = h->l[i].lock;

		same += other->rank == l->rank;
		if (other == l || other->rank > l->rank ||
		    (other->rank == l->rank && same >= kinds[l->rank].most))
			conflict(l, at, other, h->l[i].taker);
	}
}

void lock_taken(const spinlock_t *l)
{
	struct held *h = mine();

	if (off)
		return;
	if (h->n == MAX_HELD)
		complain("is one too many", l, (vaddr_t)__builtin_return_address(0));
	h->l[h->n].lock = l;
	h->l[h->n++].taker = (vaddr_t)__builtin_return_address(0);
}

void lock_dropped(const spinlock_t *l)
{
	struct held *h = mine();
	unsigned i = h->n;

	if (off)
		return;
	while (i && h->l[i - 1].lock != l)
		i--;
	if (!i)
		complain("is dropped, but not held,", l, (vaddr_t)__builtin_return_address(0));
	for (h->n--; i <= h->n; i++)
		h->l[i - 1] = h->l[i];
}

void lock_none_held(void)
{
	struct held *h = mine();
	u64 offset = 0;
	const char *name;

	if (off || !h->n)
		return;
	name = place(h->l[0].taker, &offset);
	panic("%s, taken in %s+%#lx, is held where interrupts open or a guest is entered",
	      kinds[h->l[0].lock->rank].name, name, offset);
}

void lock_check_off(void)
{
	off = true;
}

/* Of other CPUs: as it happens to be. The console's is this CPU's for each line. */
void dump_locks(void)
{
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		const struct held *h = &held[cpu];

		printk(LOG_ERR "CPU %u holds %u locks\n", cpu, READ_ONCE(h->n));
		for (unsigned i = 0; i < READ_ONCE(h->n) && i < MAX_HELD; i++) {
			const spinlock_t *l = READ_ONCE(h->l[i].lock);

			printk(LOG_ERR "  %s, since\n", l ? kinds[l->rank].name : "?");
			print_address(h->l[i].taker);
		}
	}
}
