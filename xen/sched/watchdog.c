/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCHEDOP_watchdog: a domain arms one of two timers and must push it off before
 * it expires; if it fails to, it is shut down with reason "watchdog".
 * (public/sched.h)
 */
#include <xen/domain.h>
#include <xen/lib.h>

static void watchdog_expired(void *data)
{
	struct domain *d = data;

	if (d->is_dying || d->is_shut_down || d->is_shutting_down)
		return;
	printk(LOG_GWARN "d%u: its watchdog expired\n", d->id);
	domain_shutdown(d, SHUTDOWN_watchdog);
}

void watchdog_init(struct domain *d)
{
	for (unsigned i = 0; i < ARRAY_SIZE(d->sched.watchdog); i++)
		timer_init(&d->sched.watchdog[i], watchdog_expired, d, 0);
}

void watchdog_stop(struct domain *d)
{
	for (unsigned i = 0; i < ARRAY_SIZE(d->sched.watchdog); i++)
		timer_kill(&d->sched.watchdog[i]);
}

/* watchdog_lock held. */
static long new_watchdog(struct sched_domain *s, u32 seconds)
{
	for (unsigned i = 0; i < ARRAY_SIZE(s->watchdog); i++) {
		if (s->watchdogs & (1u << i))
			continue;
		s->watchdogs |= 1u << i;
		timer_set(&s->watchdog[i], now() + SECONDS(seconds));
		return i + 1;
	}
	return -ENOSPC;
}

/*
 * Id 0 makes a new one and returns its id, counted from 1. Otherwise push that
 * one off, or with 0 seconds drop it. -EINVAL: no such id in use, or a new one
 * without time; -ENOSPC: all are in use.
 */
long watchdog_set(struct domain *d, u32 id, u32 seconds)
{
	struct sched_domain *s = &d->sched;
	long ret = -EINVAL;

	if (id > ARRAY_SIZE(s->watchdog) || (!id && !seconds))
		return -EINVAL;
	spin_lock(&s->watchdog_lock);
	if (!id) {
		ret = new_watchdog(s, seconds);
	} else if (s->watchdogs & (1u << (id - 1))) {
		if (seconds) {
			timer_set(&s->watchdog[id - 1], now() + SECONDS(seconds));
		} else {
			timer_stop(&s->watchdog[id - 1]);
			s->watchdogs &= ~(1u << (id - 1));
		}
		ret = 0;
	}
	spin_unlock(&s->watchdog_lock);
	return ret;
}
