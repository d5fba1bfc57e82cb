/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do all TSCs count alike? A CPU that starts reads its own, asks the boot CPU for its
 * reading, and reads its own again: the answer must lie between. The narrowest of many
 * tries tells how far the two are apart if they are.
 */
#include <xen/cpu.h>
#include "clock.h"

#define TRIES_MAX	500
#define TRIES_MIN	8
#define ENOUGH_MS	10	/* a host that runs the two by turns makes each try slow */

bool tsc_agree = true;

static struct {
	u32 question, answer;	/* atomic: the one that starts counts up, the boot CPU follows */
	u64 tsc;		/* valid while they are the same */
} talk;

void time_answer(void)
{
	u32 n = __atomic_load_n(&talk.question, __ATOMIC_ACQUIRE);

	if (n == talk.answer)
		return;
	talk.tsc = rdtsc();
	__atomic_store_n(&talk.answer, n, __ATOMIC_RELEASE);
}

struct tsc_pair compare_tsc(void)
{
	struct tsc_pair best = { 0, 0 };
	u64 width = ~0UL, end = rdtsc() + ENOUGH_MS * tsc_khz;

	for (unsigned i = 0; i < TRIES_MAX; i++) {
		u64 before = rdtsc(), theirs, after;
		u32 n = talk.question + 1;

		__atomic_store_n(&talk.question, n, __ATOMIC_RELEASE);
		while (__atomic_load_n(&talk.answer, __ATOMIC_ACQUIRE) != n)
			cpu_relax();
		theirs = talk.tsc;
		after = rdtsc();
		if ((s64)(theirs - before) < 0 || (s64)(after - theirs) < 0)
			tsc_agree = false;
		if (after - before < width) {
			width = after - before;
			best = (struct tsc_pair){ before + width / 2, theirs };
		}
		if (i >= TRIES_MIN && (s64)(after - end) > 0)
			break;
	}
	return best;
}
