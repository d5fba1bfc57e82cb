/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How waiting vcpus and CPUs find one another. A vcpu waits in the queue of its own CPU.
 * Who queues it looks for an idle CPU and tells it; who is about to idle looks into the
 * other queues. Both begin nearby: the threads of one core share all caches, the cores of
 * a socket the largest.
 *
 * Nobody falls between: a CPU declares itself idle before it looks into the queues, and a
 * vcpu is queued before one looks for idle CPUs, so one of both sees the other. CPUs that
 * are told may find that another one was faster.
 *
 * Soft affinity is a preference: a CPU that the vcpu prefers is told first and asks first,
 * but no CPU idles while a vcpu waits that may run there.
 */
#include "run_queue.h"

/* Where it may run, or of these the CPUs that it prefers, if there are any. */
static u64 preferred_cpus(const struct vcpu *v, u64 allowed)
{
	u64 preferred = allowed & v->soft_affinity;

	return preferred ? preferred : allowed;
}

bool prefers_cpu(const struct vcpu *v, unsigned cpu)
{
	return preferred_cpus(v, v->affinity & online_cpus()) & BIT(cpu);
}

enum { SAME_CORE, SAME_SOCKET, ANYWHERE, NR_DISTANCES };

static u64 cpus_within(unsigned cpu, unsigned distance)
{
	return distance == SAME_CORE ? cpus[cpu].same_core :
	       distance == SAME_SOCKET ? cpus[cpu].same_socket : ~0UL;
}

/* The next bit of a mask after @cpu, round and round, so that not all begin with the same. */
static unsigned next_after(u64 mask, unsigned cpu)
{
	u64 above = mask & ~(2 * BIT(cpu) - 1);

	return ffs64(above ? above : mask);
}

#define NONE	NR_CPUS

/* The idle CPU in a mask that is nearest to @cpu and has not been told to look yet. */
static unsigned nearest_idle(u64 mask, unsigned cpu)
{
	for (unsigned distance = 0; distance < NR_DISTANCES && mask; distance++) {
		u64 group = mask & cpus_within(cpu, distance);

		mask &= ~group;
		for (unsigned at = cpu; group; group &= ~BIT(at)) {
			at = next_after(group, at);
			if (queue_idles(&run_queues[at]) &&
			    !(atomic_read(&cpus[at].work) & BIT(WORK_SCHEDULE)))
				return at;
		}
	}
	return NONE;
}

/* The CPU in a mask that runs the least of what is below @prio and has not been told to look yet. */
static unsigned lowest(u64 mask, s64 prio)
{
	unsigned found = NONE;

	for (; mask; mask &= mask - 1) {
		unsigned at = ffs64(mask);
		s64 runs = READ_ONCE(run_queues[at].prio);

		if (runs < prio && !(atomic_read(&cpus[at].work) & BIT(WORK_SCHEDULE))) {
			found = at;
			prio = runs;
		}
	}
	return found;
}

unsigned choose_cpu(const struct vcpu *v)
{
	u64 allowed = v->affinity & online_cpus(), preferred = preferred_cpus(v, allowed);
	unsigned best;

	if (!allowed)
		return v->cpu;
	if ((preferred & BIT(v->cpu)) && queue_idles(&run_queues[v->cpu]))
		return v->cpu;
	best = nearest_idle(preferred, v->cpu);
	if (best == NONE)
		best = nearest_idle(allowed, v->cpu);
	if (best != NONE)
		return best;
	if (preferred & BIT(v->cpu))
		return v->cpu;
	best = ffs64(preferred);
	for (; preferred; preferred &= preferred - 1)
		if (READ_ONCE(run_queues[ffs64(preferred)].waiting) < READ_ONCE(run_queues[best].waiting))
			best = ffs64(preferred);
	return best;
}

static u64 others_of(const struct vcpu *v, unsigned cpu)
{
	return v->affinity & online_cpus() & ~BIT(cpu);
}

static unsigned idle_other(const struct vcpu *v, unsigned cpu)
{
	u64 others = others_of(v, cpu);
	unsigned found;

	if (!others)
		return NONE;
	smp_mb();		/* queued before we look */
	found = nearest_idle(preferred_cpus(v, others), cpu);
	return found != NONE ? found : nearest_idle(others, cpu);
}

/* One that runs something of lower priority. */
static unsigned busy_other(const struct vcpu *v, unsigned cpu)
{
	return sched->preempts_afar ? lowest(others_of(v, cpu), v->sched.prio) : NONE;
}

void poke_others(const struct vcpu *v, unsigned cpu)
{
	unsigned found;

	if (v->sched.prio < 0)
		return;
	found = idle_other(v, cpu);
	if (found == NONE)
		found = busy_other(v, cpu);
	if (found != NONE)
		cpu_work(found, WORK_SCHEDULE);
}

void poke_for(const struct vcpu *v, unsigned cpu)
{
	const struct run_queue *q = &run_queues[cpu];
	unsigned found = cpu;

	if (v->sched.prio < 0)
		return;
	if (!queue_idles(q)) {
		found = idle_other(v, cpu);
		if (found == NONE)
			found = v->sched.prio > q->prio ? cpu : busy_other(v, cpu);
	}
	if (found != NONE)
		cpu_work(found, WORK_SCHEDULE);
}

void share_waiting(unsigned cpu)
{
	u64 others = online_cpus() & ~BIT(cpu);

	smp_mb();
	for (unsigned n = run_queues[cpu].waiting; n; n--) {
		unsigned other = nearest_idle(others, cpu);

		if (other == NONE)
			return;
		others &= ~BIT(other);
		cpu_work(other, WORK_SCHEDULE);
	}
}

/* A vcpu out of @from's queue, whose lock is only tried: two CPUs may pull from one another. */
static struct vcpu *pull_from(unsigned from, unsigned cpu, s64 least, bool preferred, stime_t t,
			      bool *missed)
{
	struct run_queue *q = &run_queues[from];
	struct vcpu *v;

	if (!READ_ONCE(q->waiting))
		return NULL;
	if (!spin_trylock(&q->lock)) {
		*missed = true;
		return NULL;
	}
	v = sched->find(from, cpu, least, preferred, t);
	if (v) {
		sched->dequeue(v);
		v->cpu = cpu;
	}
	spin_unlock(&q->lock);
	return v;
}

static struct vcpu *pull_nearest(unsigned cpu, s64 least, bool preferred, stime_t t, bool *missed)
{
	u64 mask = online_cpus() & ~BIT(cpu);

	for (unsigned distance = 0; distance < NR_DISTANCES; distance++) {
		u64 group = mask & cpus_within(cpu, distance);

		mask &= ~group;
		for (unsigned at = cpu; group; group &= ~BIT(at)) {
			struct vcpu *v;

			at = next_after(group, at);
			v = pull_from(at, cpu, least, preferred, t, missed);
			if (v)
				return v;
		}
	}
	return NULL;
}

struct vcpu *pull_vcpu(unsigned cpu, const struct vcpu *own, stime_t t)
{
	s64 least = own ? own->sched.prio + 1 : 0;
	bool missed = false;
	struct vcpu *v;

	if (nr_cpus == 1)
		return NULL;
	if (!own) {
		WRITE_ONCE(run_queues[cpu].prio, PRIO_IDLE);
		smp_mb();		/* said before we look */
	}
	v = pull_nearest(cpu, least, true, t, &missed);
	if (!v)
		v = pull_nearest(cpu, least, false, t, &missed);
	if (!v && !own && missed) {	/* else we idle while there may be work in a queue just then busy */
		serve_flush();
		cpu_relax();		/* where one thread of a host is all CPUs, the other's turn */
		cpu_work(cpu, WORK_SCHEDULE);
	}
	return v;
}
