/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing trace records.
 *
 * A ring holds size bytes of records behind its struct t_buf. cons and prod run modulo twice
 * the size, so full and empty differ. A record lies in one piece: where it doesn't fit before
 * the ring's end, a TRC_TRACE_WRAP_BUFFER record fills that. One that finds no room is
 * counted; when there is room again a TRC_LOST_RECORDS record goes first.
 *
 * Only its CPU writes a ring, with interrupts off, and NMIs trace nothing: no lock.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/trace.h>

u32 trace_events;
u64 trace_cpus = ~0UL;
struct trace_ring trace_rings[NR_CPUS];

#define LOST_WORDS	4

static u32 record_size(unsigned n)
{
	return sizeof(u32) + sizeof(u64) + n * sizeof(u32);	/* all have a time stamp */
}

static bool wanted(u32 event)
{
	u32 both = event & READ_ONCE(trace_events);

	return (both >> TRC_CLS_SHIFT & 0xfff) && (both >> TRC_SUBCLS_SHIFT & 0xf);
}

/* ---- space ----------------------------------------------------------------------- */

static u32 until_end(const struct trace_ring *r)
{
	return r->prod < r->size ? r->size - r->prod : 2 * r->size - r->prod;
}

/* What is not yet consumed, in bytes; a full ring if cons, which is the reader's, is impossible. */
static u32 unread(struct trace_ring *r)
{
	u32 cons = READ_ONCE(r->buf->cons), n;

	n = r->prod >= cons ? r->prod - cons : r->prod + 2 * r->size - cons;
	if (likely(cons < 2 * r->size && !(cons & 3) && n <= r->size)) {
		r->bad = false;
		return n;
	}
	if (!r->bad)
		set_bit(WORK_TRACE, &this_cpu()->work);
	r->bad = true;
	return r->size;
}

/* A record of @bytes, and what fills the rest of the ring if it goes to the beginning. */
static u32 with_filler(const struct trace_ring *r, u32 bytes)
{
	u32 rest = until_end(r);

	return bytes > rest ? rest + bytes : bytes;
}

/* ---- words ------------------------------------------------------------------------ */

static void put_word(struct trace_ring *r, u32 word)
{
	u32 at = sizeof(struct t_buf) + (r->prod < r->size ? r->prod : r->prod - r->size);
	u32 *page = mfn_to_va(r->mfns[at >> PAGE_SHIFT]);

	page[(at & ~PAGE_MASK) / sizeof(u32)] = word;
	r->prod += sizeof(u32);
	if (r->prod == 2 * r->size)
		r->prod = 0;
}

static void fill_until_end(struct trace_ring *r)
{
	u32 words = until_end(r) / sizeof(u32) - 1, extra = MIN(words, (u32)TRACE_EXTRA_MAX);
	bool stamped = words > extra;

	if (stamped)
		extra = words - 2;
	put_word(r, TRC_TRACE_WRAP_BUFFER | extra << TRACE_EXTRA_SHIFT |
		 (stamped ? (u32)TRC_HD_CYCLE_FLAG : 0));
	while (words--)
		put_word(r, 0);
}

static void put_record(struct trace_ring *r, u64 tsc, u32 event, const u32 *data, unsigned n)
{
	if (record_size(n) > until_end(r))
		fill_until_end(r);
	put_word(r, event | n << TRACE_EXTRA_SHIFT | (u32)TRC_HD_CYCLE_FLAG);
	put_word(r, tsc);
	put_word(r, tsc >> 32);
	for (unsigned i = 0; i < n; i++)
		put_word(r, data[i]);
}

/* With the current vcpu, which tells the reader who runs here after the gap. */
static void put_lost(struct trace_ring *r, u64 tsc)
{
	const u32 data[LOST_WORDS] = {
		r->lost, current->domain->id | current->id << 16, TRACE_U64(r->lost_since),
	};

	put_record(r, tsc, TRC_LOST_RECORDS, data, LOST_WORDS);
	r->lost = 0;
}

/* ---- a record ------------------------------------------------------------------------ */

void trace_record(u32 event, const u32 *data, unsigned n)
{
	struct cpu *c = this_cpu();
	struct trace_ring *r = &trace_rings[c->id];
	u32 used, room, need;
	u64 tsc;

	if (!r->buf || !wanted(event) || !(READ_ONCE(trace_cpus) & BIT(c->id)))
		return;
	ASSERT(n <= TRACE_EXTRA_MAX);
	tsc = rdtsc();
	used = unread(r);
	room = r->size - used;
	/* Two records may need the filler before the first or the second: room for the larger. */
	need = r->lost ? with_filler(r, record_size(LOST_WORDS) + record_size(n))
		       : with_filler(r, record_size(n));
	if (need > room) {
		if (!r->lost++)
			r->lost_since = tsc;
		return;
	}
	if (r->lost)
		put_lost(r, tsc);
	put_record(r, tsc, event, data, n);
	__atomic_store_n(&r->buf->prod, r->prod, __ATOMIC_RELEASE);
	if (used < r->size / 2 && used + need >= r->size / 2)
		set_bit(WORK_TRACE, &c->work);
}
