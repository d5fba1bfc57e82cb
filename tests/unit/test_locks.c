/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/debug/locks.c */
/* The check of the lock order: what it allows, and that each mistake is a panic that names it. */
#include <xen/console.h>
#include "hv_stack.h"

void serve_flush(void) { }
const char *symbol_lookup(vaddr_t addr, u64 *offset, u64 *size) { return NULL; }
void print_address(vaddr_t addr) { }

/* As a debug build's spin_lock() and spin_unlock(). */
static void take(spinlock_t *l)
{
	lock_wanted(l);
	lock_taken(l);
}

#define RANKED(rank) (&(spinlock_t)SPINLOCK_INIT(rank))

static void test_in_order(void **state)
{
	spinlock_t *page = RANKED(LOCK_PAGE), *heap = RANKED(LOCK_HEAP), *console = RANKED(LOCK_CONSOLE);

	lock_none_held();
	take(page);
	take(heap);
	take(console);
	lock_dropped(heap);		/* in any order */
	lock_dropped(console);
	take(heap);
	lock_dropped(page);
	lock_dropped(heap);
	lock_none_held();
}

static void test_two_of_a_kind(void **state)
{
	spinlock_t *a = RANKED(LOCK_EVTCHN), *b = RANKED(LOCK_EVTCHN), *c = RANKED(LOCK_EVTCHN);
	spinlock_t *p = RANKED(LOCK_PAGE), *q = RANKED(LOCK_PAGE);

	take(a);
	take(b);
	expect_assert_failure(lock_wanted(c));
	lock_dropped(a);
	lock_dropped(b);
	take(p);
	expect_assert_failure(lock_wanted(q));
	lock_dropped(p);
}

static void test_mistakes(void **state)
{
	spinlock_t *domlist = RANKED(LOCK_DOMLIST), *queue = RANKED(LOCK_RUN_QUEUE), *none = RANKED(LOCK_UNKNOWN);

	take(queue);
	expect_assert_failure(lock_wanted(domlist));
	expect_assert_failure(lock_wanted(queue));
	expect_assert_failure(lock_none_held());
	expect_assert_failure(lock_dropped(domlist));
	lock_taken(domlist);		/* by spin_trylock, which waits for nobody */
	lock_dropped(domlist);
	lock_dropped(queue);
	expect_assert_failure(lock_wanted(none));
	lock_none_held();
}

static int all(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_two_of_a_kind),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return run_on_hv_stack(all);
}
