/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's mechanism: run queues and their locks, waking and sleeping,
 * the switch itself, and the account of what state each vcpu spent its time in.
 * Which CPU takes a vcpu that waits is balance.c's; whom a CPU takes, the policy's.
 *
 * Each CPU has a run queue. A vcpu belongs to the queue of v->cpu, and that
 * queue's lock protects its standing. v->running stays true until its registers
 * are out of the way, so that no other CPU may pick it too early.
 *
 * Nobody calls the switch from the middle of something: whoever finds a reason
 * sets WORK_SCHEDULE, and the CPU comes to schedule() when it is about to leave
 * the hypervisor, or idles.
 */
#include "run_queue.h"
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/lib.h>
#include <xen/trace.h>

struct run_queue run_queues[NR_CPUS];

static const struct sched_policy *const policies[] = { &sched_credit, &sched_rtds };
const struct sched_policy *sched = &sched_credit;

static char sched_name[16];
BOOT_OPTION("sched", OPT_STR, sched_name, sizeof(sched_name), "scheduling policy: credit or rtds");

struct run_queue *lock_queue_of(const struct vcpu *v)
{
	for (;;) {
		unsigned cpu = READ_ONCE(v->cpu);
		struct run_queue *q = &run_queues[cpu];

		spin_lock(&q->lock);
		if (likely(v->cpu == cpu))
			return q;
		spin_unlock(&q->lock);
	}
}

/* ---- run states ----------------------------------------------------------- */

/* Queue lock held. */
static void set_runstate(struct vcpu *v, int state, stime_t t)
{
	struct vcpu_runstate_info *r = &v->runstate;

	if (t > (stime_t)r->state_entry_time) {
		r->time[r->state] += t - r->state_entry_time;
		r->state_entry_time = t;
	}
	if (r->state != state)
		trace(TRC_SCHED_RUNSTATE_CHANGE | r->state << 8 | state << 4, TRACE_VCPU(v));
	r->state = state;
}

/* The state of a vcpu that doesn't run. */
static int waiting_state(const struct vcpu *v)
{
	if (vcpu_runnable(v))
		return RUNSTATE_runnable;
	return v->pause_flags & VPF_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline;
}

void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *info)
{
	struct run_queue *q = lock_queue_of(v);
	stime_t t = now();

	*info = v->runstate;
	if (t > (stime_t)info->state_entry_time)
		info->time[info->state] += t - info->state_entry_time;
	spin_unlock(&q->lock);
}

u64 vcpu_cpu_time(struct vcpu *v)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(v, &info);
	return info.time[RUNSTATE_running];
}

u64 cpu_idle_time(unsigned cpu)
{
	return cpu < NR_CPUS && cpus[cpu].idle ? vcpu_cpu_time(cpus[cpu].idle) : 0;
}

/* ---- waking and sleeping --------------------------------------------------- */

bool vcpu_runnable(const struct vcpu *v)
{
	const struct domain *d = v->domain;

	return !(atomic_read(&v->pause_flags) | atomic_read(&v->pause_count) |
		 atomic_read(&d->pause_count) | atomic_read(&d->controller_pause));
}

/* @v wakes where it would rather not run, and its queue is locked: off to a better CPU, if there is one. */
static struct run_queue *move_to_preferred(struct vcpu *v, struct run_queue *q)
{
	unsigned cpu;

	if (q->curr == v || v->running || !list_empty(&v->sched.queue))
		return q;
	cpu = choose_cpu(v);
	if (cpu == v->cpu)
		return q;
	v->cpu = cpu;
	spin_unlock(&q->lock);
	return lock_queue_of(v);
}

void vcpu_wake(struct vcpu *v)
{
	struct run_queue *q = lock_queue_of(v);
	bool was_blocked;

	if (unlikely(!prefers_cpu(v, v->cpu)) && vcpu_runnable(v))
		q = move_to_preferred(v, q);
	was_blocked = v->runstate.state == RUNSTATE_blocked;
	if (vcpu_runnable(v)) {
		if (q->curr != v && list_empty(&v->sched.queue)) {
			set_runstate(v, RUNSTATE_runnable, now());
			sched->enqueue(v, was_blocked);
			perfc_inc(wakes);
			trace(TRC_SCHED_WAKE, TRACE_DOM_VCPU(v));
			poke_for(v, v->cpu);
		}
	} else if (q->curr != v) {
		set_runstate(v, waiting_state(v), now());
	}
	spin_unlock(&q->lock);
}

void vcpu_sleep(struct vcpu *v)
{
	struct run_queue *q = lock_queue_of(v);

	if (!vcpu_runnable(v)) {
		trace(TRC_SCHED_SLEEP, TRACE_DOM_VCPU(v));
		if (q->curr == v) {
			cpu_work(v->cpu, WORK_SCHEDULE);
		} else {
			if (!list_empty(&v->sched.queue))
				sched->dequeue(v);
			set_runstate(v, waiting_state(v), now());
		}
	}
	spin_unlock(&q->lock);
}

void vcpu_sleep_sync(struct vcpu *v)
{
	vcpu_sleep(v);
	while (__atomic_load_n(&v->running, __ATOMIC_ACQUIRE) && !vcpu_runnable(v)) {
		serve_flush();
		cpu_relax();
	}
	sync_vcpu_state(v);
}

void vcpu_pause(struct vcpu *v)
{
	atomic_add(&v->pause_count, 1);
	if (v == current)
		vcpu_sleep(v);
	else
		vcpu_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
	if (atomic_sub(&v->pause_count, 1) == 0)
		vcpu_wake(v);
}

void vcpu_block(void)
{
	struct vcpu *v = current;

	WRITE_ONCE(v->info->evtchn_upcall_mask, 0);
	__atomic_fetch_or(&v->pause_flags, VPF_BLOCKED, __ATOMIC_SEQ_CST);
	/* An event or NMI that came just before found nobody to wake: look again. */
	if (local_events_need_delivery(v) || atomic_read(&v->nmi_pending))
		__atomic_fetch_and(&v->pause_flags, ~VPF_BLOCKED, __ATOMIC_SEQ_CST);
	else
		cpu_work(this_cpu()->id, WORK_SCHEDULE);
	perfc_inc(blocks);
	trace(TRC_SCHED_BLOCK, TRACE_DOM_VCPU(v));
}

/*
 * The poller's mark is taken away before its flags. A vcpu that polls again in
 * between loses the mark and then its flags too: it wakes for nothing, but it
 * doesn't sleep for ever.
 */
void vcpu_unblock(struct vcpu *v)
{
	u32 flags = atomic_read(&v->pause_flags);

	if (!(flags & VPF_BLOCKED))
		return;
	if (flags & VPF_POLLING)
		clear_bit(v->id, &v->domain->evtchn.pollers);
	flags = __atomic_fetch_and(&v->pause_flags, ~(VPF_BLOCKED | VPF_POLLING), __ATOMIC_SEQ_CST);
	if (flags & VPF_BLOCKED)
		vcpu_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
	unsigned cpu = READ_ONCE(v->cpu);

	if (READ_ONCE(v->running) && cpu != this_cpu()->id)
		send_ipi(cpu, VEC_KICK);
}

void vcpu_wake_for_nmi(struct vcpu *v)
{
	vcpu_unblock(v);
	vcpu_kick(v);
}

void vcpu_yield(void)
{
	current->sched.yield = true;
	perfc_inc(yields);
	trace(TRC_SCHED_YIELD, TRACE_DOM_VCPU(current));
	cpu_work(this_cpu()->id, WORK_SCHEDULE);
}

/* ---- the switch -------------------------------------------------------------- */

/* Queue lock held, @v neither runs nor is queued. */
static void finish_migration(struct vcpu *v)
{
	v->cpu = choose_cpu(v);
	__atomic_fetch_and(&v->pause_flags, ~VPF_MIGRATING, __ATOMIC_SEQ_CST);
}

/*
 * The registers of the vcpu that left this CPU are saved: another CPU may have it. That is
 * said under its queue's lock, so that whoever queues or moves it afterwards finds it free;
 * for who did it before, we do the rest. When the lock is released the vcpu may be gone.
 */
void finish_switch(void)
{
	struct vcpu *prev = run_queues[this_cpu()->id].leaving;
	struct run_queue *q;

	run_queues[this_cpu()->id].leaving = NULL;
	if (!prev || is_idle_vcpu(prev))
		return;
	q = lock_queue_of(prev);
	while (unlikely(prev->pause_flags & VPF_MIGRATING)) {
		finish_migration(prev);
		spin_unlock(&q->lock);
		vcpu_wake(prev);
		q = lock_queue_of(prev);
	}
	__atomic_store_n(&prev->running, false, __ATOMIC_RELEASE);
	if (!list_empty(&prev->sched.queue)) {
		if (likely(prev->cpu == this_cpu()->id))
			poke_others(prev, prev->cpu);
		else
			poke_for(prev, prev->cpu);
	}
	spin_unlock(&q->lock);
}

/* Queue lock held. What was chosen, before the run states change. */
static void trace_choice(const struct vcpu *prev, const struct vcpu *next, stime_t t, stime_t slice)
{
	u64 ran, waited;

	if (likely(!READ_ONCE(trace_events)))
		return;
	ran = t - prev->runstate.state_entry_time;
	waited = next->runstate.state == RUNSTATE_runnable ? t - next->runstate.state_entry_time : 0;
	if (prev == next) {
		trace(TRC_SCHED_SWITCH_INFCONT, TRACE_DOM_VCPU(next), ran, slice);
		trace(TRC_SCHED_CONTINUE_RUNNING, TRACE_VCPU(next));
		return;
	}
	trace(TRC_SCHED_SWITCH_INFPREV, TRACE_DOM_VCPU(prev), ran);
	trace(TRC_SCHED_SWITCH_INFNEXT, TRACE_DOM_VCPU(next), waited, slice);
	trace(TRC_SCHED_SWITCH, TRACE_DOM_VCPU(prev), TRACE_DOM_VCPU(next));
}

void schedule(void)
{
	struct cpu *c = this_cpu();
	struct run_queue *q = &run_queues[c->id];
	struct vcpu *prev = current, *next;
	stime_t slice = 0, t;

	clear_bit(WORK_SCHEDULE, &c->work);
	perfc_inc(sched_runs);
	spin_lock(&q->lock);
	t = now();
	next = sched->pick(c->id, prev, t, &slice);
	if (!next)
		next = c->idle;
	q->curr = next;
	q->prio = is_idle_vcpu(next) ? PRIO_IDLE : next->sched.prio;
	trace_choice(prev, next, t, slice);
	if (prev != next) {
		set_runstate(prev, is_idle_vcpu(prev) ? RUNSTATE_runnable : waiting_state(prev), t);
		set_runstate(next, RUNSTATE_running, t);
		next->running = true;
	}
	if (unlikely(q->waiting) && is_idle_vcpu(prev))
		share_waiting(c->id);
	spin_unlock(&q->lock);

	if (is_idle_vcpu(next))
		timer_stop(&q->slice);
	else
		timer_set(&q->slice, t + slice);
	if (prev == next)
		return;
	perfc_inc(context_switches);
	if (is_idle_vcpu(next))
		perfc_inc(switches_to_idle);
	q->leaving = prev;
	context_switch(prev, next);	/* to or from idle it doesn't come back here */
	finish_switch();
}

int vcpu_set_affinity(struct vcpu *v, u64 hard, u64 soft)
{
	struct run_queue *q;
	bool moves;

	if (!(hard & online_cpus()))
		return -EINVAL;
	q = lock_queue_of(v);
	v->affinity = hard;
	v->soft_affinity = soft;
	moves = !(hard & BIT(v->cpu));
	if (moves)
		__atomic_fetch_or(&v->pause_flags, VPF_MIGRATING, __ATOMIC_SEQ_CST);
	else if (!list_empty(&v->sched.queue))
		poke_for(v, v->cpu);		/* a CPU that it may have now may be idle */
	spin_unlock(&q->lock);
	if (!moves)
		return 0;
	vcpu_sleep(v);
	q = lock_queue_of(v);
	moves = q->curr != v && !v->running && (v->pause_flags & VPF_MIGRATING);
	if (moves)
		finish_migration(v);
	spin_unlock(&q->lock);
	if (moves)
		vcpu_wake(v);
	return 0;		/* else the CPU that runs it does the rest in finish_switch() */
}

/* ---- coming and going ----------------------------------------------------------- */

static void slice_over(void *unused)
{
	trace(TRC_SCHED_S_TIMER_FN);
	cpu_work(this_cpu()->id, WORK_SCHEDULE);
}

static void poll_timeout(void *data)
{
	struct vcpu *v = data;

	if (atomic_read(&v->pause_flags) & VPF_POLLING)
		vcpu_unblock(v);
}

void sched_init(void)
{
	bool found = !sched_name[0];

	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++)
		if (!strcmp(sched_name, policies[i]->opt_name)) {
			sched = policies[i];
			found = true;
		}
	if (!found)
		printk(LOG_WARN "sched=%s: no such scheduling policy; there are credit and rtds, and credit is used\n",
		       sched_name);
	if (sched->init)
		sched->init();
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		run_queues[cpu].prio = PRIO_IDLE;
		spin_lock_init(&run_queues[cpu].lock, LOCK_RUN_QUEUE);
		timer_init(&run_queues[cpu].slice, slice_over, NULL, cpu);
		sched->init_cpu(cpu);
	}
	register_key('r', dump_run_queues, "dump run queues");
	printk(LOG_INFO "Scheduler: %s\n", sched->name);
}

void sched_init_vcpu(struct vcpu *v)
{
	list_init(&v->sched.queue);
	v->affinity = v->soft_affinity = ~0UL;
	v->runstate.state_entry_time = now();
	if (is_idle_vcpu(v)) {
		v->cpu = v->id;
		v->running = true;
		v->runstate.state = RUNSTATE_running;
		run_queues[v->id].curr = v;
		return;
	}
	if (v->id == 0)
		watchdog_init(v->domain);
	v->runstate.state = RUNSTATE_offline;
	v->cpu = choose_cpu(v);
	timer_init(&v->poll_timer, poll_timeout, v, v->cpu);
	sched->init_vcpu(v);
}

/* @v doesn't run and never will. */
void sched_destroy_vcpu(struct vcpu *v)
{
	struct run_queue *q = lock_queue_of(v);

	if (!list_empty(&v->sched.queue))
		sched->dequeue(v);
	spin_unlock(&q->lock);
	timer_kill(&v->poll_timer);
	if (v->id == 0)
		watchdog_stop(v->domain);
}

void dump_run_queues(void)
{
	printk(LOG_WARN "Scheduler %s, %u CPU%s, now %ld ns\n", sched->opt_name, nr_cpus,
	       nr_cpus == 1 ? "" : "s", now());
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		sched->dump(cpu);
}
