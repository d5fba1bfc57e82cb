/* SPDX-License-Identifier: GPL-2.0-only */
/* System time of vcpu 0, and sleeping until one. */
#include "guest.h"

unsigned long system_time(void)
{
	volatile struct vcpu_time_info *t = (void *)&vcpu->time;
	unsigned long ns, delta;
	uint32_t version;

	do {
		do {
			version = t->version;
		} while (version & 1);
		barrier();
		delta = rdtsc() - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
		ns = t->system_time + (unsigned long)((unsigned __int128)delta *
						      t->tsc_to_system_mul >> 32);
		barrier();
	} while (t->version != version);
	return ns;
}

void sleep_ns(unsigned long ns)
{
	struct sched_poll poll = { .timeout = system_time() + ns };

	while (system_time() < poll.timeout)
		HC2(sched_op, SCHEDOP_poll, &poll);
}
