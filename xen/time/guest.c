/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time that a guest reads by itself, and its timers. A guest computes system time
 * from its TSC with the numbers in vcpu_time_info (public/xen.h); they are those of the
 * CPU it runs on, published when they or the CPU change.
 */
#include <xen/hypercall.h>
#include <xen/lib.h>
#include "clock.h"

#define BOOT_TICK	MILLISECS(10)	/* a new vcpu's periodic timer, until it stops it */

/* ---- vcpu_time_info -------------------------------------------------------------- */

static u8 time_flags(void)
{
	return clock_is_common() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
}

/* Readers retry while the version is odd or has changed. */
static void write_time(struct vcpu_time_info *t, const struct tsc_clock *c)
{
	u32 version = (READ_ONCE(t->version) + 1) | 1;

	WRITE_ONCE(t->version, version);
	smp_wmb();
	t->tsc_timestamp = c->tsc;
	t->system_time = c->ns;
	t->tsc_to_system_mul = c->scale.mul;
	t->tsc_shift = c->scale.shift;
	t->flags = time_flags();
	smp_wmb();
	WRITE_ONCE(t->version, version + 1);
}

/*
 * The second copy is where the guest's kernel said, in its address space; user programs
 * may have it mapped. A guest that unmapped it loses the update and nothing else.
 */
static void write_time_area(struct vcpu *v, const struct tsc_clock *c)
{
	struct vcpu_time_info t;
	bool user = !v->kernel_mode;
	vaddr_t at = v->time_va;

	if (user) {
		v->kernel_mode = true;
		load_guest_cr3(v);
	}
	if (!copy_from_guest(&t, at, sizeof(t))) {
		t.version = (t.version + 1) | 1;
		if (!copy_to_guest(at, &t.version, sizeof(t.version))) {
			u32 odd = t.version;

			write_time(&t, c);
			t.version = odd;
			smp_wmb();
			(void)copy_to_guest(at, &t, sizeof(t));
			smp_wmb();
			odd++;
			(void)copy_to_guest(at, &odd, sizeof(odd));
		}
	}
	if (user) {
		v->kernel_mode = false;
		load_guest_cr3(v);
	}
}

void update_vcpu_time(struct vcpu *v, bool force)
{
	const struct tsc_clock *c = &tsc_clocks[this_cpu()->id];

	if (v->time_epoch == c->epoch && !force)
		return;
	write_time(&v->info->time, c);
	if (v->time_va && v == current)
		write_time_area(v, c);
	if (!v->time_epoch && v->periodic_period)	/* it runs for the first time */
		timer_set(&v->periodic, now() + v->periodic_period);
	v->time_epoch = c->epoch;
}

/* ---- timers ------------------------------------------------------------------------- */

static void singleshot_expired(void *data)
{
	send_vcpu_virq(data, VIRQ_TIMER);
}

/* Ticks that were missed are left out. */
static void periodic_expired(void *data)
{
	struct vcpu *v = data;
	stime_t period = READ_ONCE(v->periodic_period), next = v->periodic.expires + period, at = now();

	if (!period)
		return;
	if (!(v->pause_flags & VPF_DOWN))
		send_vcpu_virq(v, VIRQ_TIMER);
	timer_set(&v->periodic, next > at ? next : at + period);
}

void vcpu_timers_init(struct vcpu *v)
{
	timer_init(&v->singleshot, singleshot_expired, v, v->cpu);
	timer_init(&v->periodic, periodic_expired, v, v->cpu);
	v->periodic_period = BOOT_TICK;
	v->time_epoch = 0;
}

/* To the CPU where it runs now: no other has to be interrupted to set them. */
void vcpu_timers_migrate(struct vcpu *v, unsigned cpu)
{
	timer_migrate(&v->singleshot, cpu);
	timer_migrate(&v->periodic, cpu);
	timer_migrate(&v->poll_timer, cpu);
}

void vcpu_timers_kill(struct vcpu *v)
{
	timer_kill(&v->singleshot);
	timer_kill(&v->periodic);
}

/* @expires as the ABI's unsigned number: what is past the end of our time never comes. */
int vcpu_set_singleshot(struct vcpu *v, stime_t expires)
{
	if (expires < 0)
		timer_stop(&v->singleshot);
	else
		timer_set(&v->singleshot, expires);
	return 0;
}

void vcpu_set_periodic(struct vcpu *v, u64 period_ns)
{
	timer_stop(&v->periodic);
	WRITE_ONCE(v->periodic_period, period_ns);
	if (period_ns)
		timer_set(&v->periodic, now() + period_ns);
}

long do_set_timer_op(u64 timeout)
{
	if (!timeout)
		timer_stop(&current->singleshot);
	else
		vcpu_set_singleshot(current, timeout);
	return 0;
}
