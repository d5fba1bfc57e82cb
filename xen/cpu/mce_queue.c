/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of machine checks, until domain 0 has fetched and acknowledged them.
 *
 * A writer may have interrupted anything on its CPU, a reader as well. So writers take no lock: each
 * gets a record of its own by one exchange. Readers keep one another away by a lock, and a record that
 * is ready stays as it is until one of them drops it. What finds no room is counted: the first
 * errors are the ones that tell most.
 */
#include <xen/lib.h>
#include <xen/mce.h>
#include <xen/spinlock.h>

#define RECORDS		16

enum { FREE, FILLING, READY };
static struct slot {
	u32 state;			/* atomic: FREE -> FILLING -> READY -> FREE */
	bool told;			/* mce_lock, once it is READY */
	u32 used;			/* bytes of info.mi_data; the writer's */
	struct mce_record record;	/* the writer's; then mce_lock */
} queues[2][RECORDS];			/* the second: urgent ones */
static u64 last_id;			/* atomic */
static u32 lost;			/* atomic */
static spinlock_t mce_lock = SPINLOCK_INIT(LOCK_MCE);

struct mce_record *mce_record_new(bool urgent, unsigned cpu)
{
	for (struct slot *s = queues[urgent]; s < queues[urgent] + RECORDS; s++) {
		if (cmpxchg(&s->state, FREE, FILLING) != FREE)
			continue;
		memset(&s->record, 0, sizeof(s->record));
		s->record.cpu = cpu;
		s->told = false;
		s->used = 0;
		return &s->record;
	}
	atomic_add(&lost, 1);
	return NULL;
}

void *mce_record_add(struct mce_record *r, u16 type, u16 size)
{
	struct slot *s = container_of(r, struct slot, record);
	struct mcinfo_common *c = (void *)((u8 *)r->info.mi_data + s->used);

	if (size > sizeof(r->info.mi_data) - s->used)
		return NULL;
	*c = (struct mcinfo_common){ .type = type, .size = size };
	s->used += size;
	r->info.mi_nentries++;
	return c;
}

void mce_record_done(struct mce_record *r)
{
	r->id = atomic_add(&last_id, 1);
	__atomic_store_n(&container_of(r, struct slot, record)->state, READY, __ATOMIC_RELEASE);
}

static bool is_ready(const struct slot *s)
{
	return __atomic_load_n(&s->state, __ATOMIC_ACQUIRE) == READY;
}

bool mce_oldest(bool urgent, struct mce_record *r)
{
	const struct slot *first = NULL;

	spin_lock(&mce_lock);
	for (const struct slot *s = queues[urgent]; s < queues[urgent] + RECORDS; s++)
		if (is_ready(s) && (!first || s->record.id < first->record.id))
			first = s;
	if (first)
		*r = first->record;
	spin_unlock(&mce_lock);
	return first;
}

bool mce_untold(struct mce_record *r)
{
	struct slot *first = NULL;

	spin_lock(&mce_lock);
	for (struct slot *s = queues[0]; s < queues[0] + 2 * RECORDS; s++)
		if (is_ready(s) && !s->told && (!first || s->record.id < first->record.id))
			first = s;
	if (first) {
		first->told = true;
		*r = first->record;
	}
	spin_unlock(&mce_lock);
	return first;
}

int mce_drop(bool urgent, u64 id)
{
	int rc = -EINVAL;

	spin_lock(&mce_lock);
	for (struct slot *s = queues[urgent]; s < queues[urgent] + RECORDS; s++)
		if (is_ready(s) && s->record.id == id) {
			__atomic_store_n(&s->state, FREE, __ATOMIC_RELEASE);
			rc = 0;
		}
	spin_unlock(&mce_lock);
	return rc;
}

u32 mce_lost(void)
{
	return atomic_read(&lost) ? xchg(&lost, 0) : 0;
}
