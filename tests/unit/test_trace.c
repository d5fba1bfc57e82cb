/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: */
/*
 * Trace rings as their reader sees them: records come out whole, in order, through any number
 * of wraps; what found no room is counted and told; masks hold; and a reader that writes
 * nonsense into its pages loses records, no more.
 */
#include <xen/cpu.h>

#define PAGES	2
static uint64_t ram[PAGES][512] __attribute__((aligned(4096)));
static struct cpu fake_cpus[2];
static unsigned on_cpu;
static struct vcpu *fake_current;
static uint64_t fake_tsc;

#undef current
#define current		fake_current
#define this_cpu()	(&fake_cpus[on_cpu])
#define rdtsc()		(++fake_tsc)
#define mfn_to_va(mfn)	((void *)ram[mfn])

#include "../../xen/debug/trace.c"

#define SIZE	(PAGES * PAGE_SIZE - sizeof(struct t_buf))
#define EVENT	(TRC_SCHED_VERBOSE + 1)
#define MAX_RECORD (4 + 8 + 7 * 4)

static const uint32_t mfns[PAGES] = { 1, 0 };	/* not in order */
static struct domain dom = { .id = 5 };
static struct vcpu vcpu = { .domain = &dom, .id = 3 };

static struct t_buf *head(void) { return (struct t_buf *)ram[1]; }

static int setup(void **state)
{
	memset(ram, 0, sizeof(ram));
	memset(fake_cpus, 0, sizeof(fake_cpus));
	fake_cpus[1].id = 1;
	fake_current = &vcpu;
	on_cpu = 0;
	trace_events = TRC_ALL;
	trace_cpus = ~0UL;
	trace_rings[0] = (struct trace_ring){ .buf = head(), .mfns = mfns, .size = SIZE };
	trace_rings[1] = (struct trace_ring){ .buf = NULL };
	return 0;
}

/* ---- the reader ---- */

static uint32_t word_at(uint32_t offset)
{
	uint32_t at = sizeof(struct t_buf) + offset % SIZE;

	return ((uint32_t *)ram[mfns[at / PAGE_SIZE]])[at % PAGE_SIZE / 4];
}

struct record { uint32_t event, n, data[7]; uint64_t tsc; };

/* The next record that isn't filler; false if all is read. */
static bool next_record(struct record *rec)
{
	for (;;) {
		uint32_t cons = head()->cons, h, bytes, at = 0;

		if (cons == head()->prod)
			return false;
		h = word_at(cons);
		rec->event = TRC_HD_TO_EVENT(h);
		rec->n = TRC_HD_EXTRA(h);
		bytes = 4 + rec->n * 4 + (TRC_HD_INCLUDES_CYCLE_COUNT(h) ? 8 : 0);
		assert_true(cons % SIZE + bytes <= SIZE);		/* in one piece */
		assert_true((head()->prod + 2 * SIZE - cons) % (2 * SIZE) >= bytes);
		if (TRC_HD_INCLUDES_CYCLE_COUNT(h)) {
			rec->tsc = word_at(cons + 4) | (uint64_t)word_at(cons + 8) << 32;
			at = 8;
		}
		for (unsigned i = 0; i < rec->n; i++)
			rec->data[i] = word_at(cons + 4 + at + i * 4);
		head()->cons = (cons + bytes) % (2 * SIZE);
		if (rec->event != TRC_TRACE_WRAP_BUFFER)
			return true;
		assert_int_equal(head()->cons % SIZE, 0);
	}
}

static void write_records(unsigned n, uint32_t *count)
{
	uint32_t data[7];

	for (unsigned i = 0; i < 7; i++)
		data[i] = *count + i;
	trace_record(EVENT, data, n);
	(*count)++;
}

/* Records of all lengths through many wraps, the reader never far behind: none is lost. */
static void test_wrap(void **state)
{
	uint32_t written = 0, read = 0;
	uint64_t seed = 11, last = 0;
	struct record rec;

	while (written < 20000) {
		for (unsigned n = unit_random(&seed) % 60; n; n--)
			write_records(written % 8, &written);
		while (unit_random(&seed) % 100 && next_record(&rec)) {
			assert_int_equal(rec.event, EVENT);
			assert_int_equal(rec.n, read % 8);
			for (unsigned i = 0; i < rec.n; i++)
				assert_int_equal(rec.data[i], read + i);
			assert_true(rec.tsc > last);
			last = rec.tsc;
			read++;
		}
		if (written - read > 100)
			while (next_record(&rec))
				read++;
	}
	while (next_record(&rec))
		read++;
	assert_int_equal(read, written);
	assert_int_equal(trace_rings[0].lost, 0);
}

/* A reader that comes late: what it gets and what it is told was lost add up, in order. */
static void test_lost(void **state)
{
	uint32_t written = 0, seen = 0, told = 0;
	uint64_t seed = 5, last = 0;
	struct record rec;

	for (unsigned round = 0; round < 300; round++) {
		for (unsigned n = unit_random(&seed) % 600; n; n--)
			write_records(1 + written % 7, &written);
		for (unsigned n = unit_random(&seed) % 600; n && next_record(&rec); n--) {
			assert_true(rec.tsc >= last);	/* the record after it was taken at the same time */
			last = rec.tsc;
			if (rec.event == TRC_LOST_RECORDS) {
				assert_int_equal(rec.n, 4);
				assert_int_equal(rec.data[1], 3 << 16 | 5);
				assert_true(rec.data[0] > 0 && rec.data[2] < rec.tsc);
				told += rec.data[0];
			} else {
				assert_int_equal(rec.event, EVENT);
				assert_int_equal(rec.data[0], seen + told);
				seen++;
			}
		}
	}
	while (next_record(&rec))
		told += rec.event == TRC_LOST_RECORDS ? rec.data[0] : 0, seen += rec.event == EVENT;
	assert_true(told > 0);
	assert_int_equal(seen + told + trace_rings[0].lost, written);
}

static bool recorded(uint32_t event)
{
	uint32_t before = trace_rings[0].prod;

	trace_record(event, NULL, 0);
	return trace_rings[0].prod != before;
}

/* An event needs its class and its subclass. (xentrace(8), "Event Classes", "Event Subclasses") */
static void test_masks(void **state)
{
	assert_true(recorded(TRC_SCHED_WAKE) && recorded(TRC_PV_TRAP) && recorded(TRC_HW_IRQ_HANDLED));
	trace_events = TRC_SCHED;
	assert_true(recorded(TRC_SCHED_WAKE) && recorded(TRC_SCHED_RUNSTATE_CHANGE));
	assert_false(recorded(TRC_PV_TRAP) || recorded(TRC_HW_IRQ_HANDLED) || recorded(TRC_MEM + 1));
	trace_events = TRC_SCHED_MIN;
	assert_true(recorded(TRC_SCHED_RUNSTATE_CHANGE));
	assert_false(recorded(TRC_SCHED_WAKE));
	trace_events = TRC_SCHED & 0xffff0000;		/* no subclass: nothing */
	assert_false(recorded(TRC_SCHED_WAKE) || recorded(TRC_SCHED_RUNSTATE_CHANGE));
	trace_events = 0;
	assert_false(recorded(TRC_SCHED_WAKE));
	trace_events = TRC_ALL;
	trace_cpus = BIT(1);
	assert_false(recorded(TRC_SCHED_WAKE));
	on_cpu = 1;					/* allowed, but it has no ring */
	assert_false(recorded(TRC_SCHED_WAKE));
}

/* The reader is told once when the ring gets half full, and again when that happens again. */
static void test_notice(void **state)
{
	uint32_t written = 0, told = 0;
	struct record rec;

	for (unsigned i = 0; i < 2 * (SIZE / 12); i++) {
		write_records(0, &written);
		told += fake_cpus[0].work == BIT(WORK_TRACE);
		fake_cpus[0].work = 0;
	}
	assert_int_equal(told, 1);
	while (next_record(&rec))
		;
	for (unsigned i = 0; i < SIZE / 12; i++)
		write_records(0, &written);
	assert_int_equal(fake_cpus[0].work, BIT(WORK_TRACE));
}

/* All that the reader can write is cons, prod and old records: it gets less, nothing breaks. */
static void test_hostile_reader(void **state)
{
	static const uint32_t bad[] = { 1, 2 * SIZE, 2 * SIZE + 4, ~0u, 400 };
	uint32_t written = 0;
	uint64_t seed = 3;

	for (unsigned i = 0; i < 10; i++)
		write_records(3, &written);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		fake_cpus[0].work = 0;
		head()->cons = bad[i];
		write_records(3, &written);
		write_records(3, &written);
		assert_int_equal(fake_cpus[0].work, BIT(WORK_TRACE));
		assert_true(trace_rings[0].bad);
		assert_int_equal(trace_rings[0].lost, 2 * (i + 1));
		fake_cpus[0].work = 0;
		write_records(3, &written);
		assert_int_equal(fake_cpus[0].work, 0);		/* said once */
		trace_rings[0].lost--;
		trace_rings[0].bad = false;
	}
	head()->cons = head()->prod = trace_rings[0].prod;
	write_records(3, &written);
	assert_int_equal(trace_rings[0].lost, 0);

	for (unsigned i = 0; i < 100000; i++) {
		head()->cons = unit_random(&seed) % (2 * SIZE + 64);
		head()->prod = unit_random(&seed);
		write_records(written % 8, &written);
		assert_true(trace_rings[0].prod < 2 * SIZE && trace_rings[0].prod % 4 == 0);
		if (i % 1000 == 0)
			memset(ram, unit_random(&seed), sizeof(ram));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_wrap, setup),
		cmocka_unit_test_setup(test_lost, setup),
		cmocka_unit_test_setup(test_masks, setup),
		cmocka_unit_test_setup(test_notice, setup),
		cmocka_unit_test_setup(test_hostile_reader, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
