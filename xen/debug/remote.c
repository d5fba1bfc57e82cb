/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other CPUs, held or asked by NMI. An NMI says nothing of itself, so what it is for is
 * noted before it is sent.
 */
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/gdb.h>
#include <xen/lib.h>
#include <xen/remote.h>

#define ANSWER_US	1000000	/* a CPU whose host, an emulator, is busy with others may be that late */

static u64 nmis_sent;			/* atomic: CPUs that are to get one */
static u64 hold;			/* atomic: CPUs that have to stay */
static struct cpu_user_regs *held[NR_CPUS];	/* atomic: where they stay */

/* One CPU is asked at a time; it may come too late, when the asker has gone. */
enum { ASKED = 1, ANSWERING, DONE };
static u32 ask;				/* atomic: request(), 0: none */
static struct cpu_state answer;		/* the asked CPU's while it is ANSWERING */

static u32 request(unsigned cpu, u32 step) { return cpu << 2 | step; }

static u64 others(void)
{
	return online_cpus() & ~BIT(this_cpu()->id) & ~atomic_read(&cpus_stopped);
}

static void send(unsigned cpu)
{
	set_bit(cpu, &nmis_sent);
	send_nmi(cpu);
}

static u64 deadline(u64 us)
{
	return rdtsc() + us * tsc_khz / 1000;
}

void capture_state(struct cpu_state *s, const struct cpu_user_regs *regs)
{
	const struct vcpu *v = current;

	memset(s, 0, sizeof(*s));
	memcpy(&s->regs, regs, offsetof(struct cpu_user_regs, es));
	s->cr0 = read_cr(0);
	s->cr2 = read_cr(2);
	s->cr3 = read_cr(3);
	s->cr4 = read_cr(4);
	s->cpu = this_cpu()->id;
	s->idle = !v || is_idle_vcpu(v);
	if (!s->idle) {
		s->domid = v->domain->id;
		s->vcpu_id = v->id;
	}
	if (!guest_regs(regs))
		s->depth = walk_stack(regs, s->trace, TRACE_MAX);
}

bool ask_cpu(unsigned cpu, struct cpu_state *s)
{
	u64 end = deadline(ANSWER_US);
	u32 asked = request(cpu, ASKED);

	__atomic_store_n(&ask, asked, __ATOMIC_SEQ_CST);
	send(cpu);
	while (__atomic_load_n(&ask, __ATOMIC_ACQUIRE) != request(cpu, DONE)) {
		if ((s64)(rdtsc() - end) > 0 && cmpxchg(&ask, asked, 0) == asked)
			return false;
		serve_flush();
		cpu_relax();
	}
	*s = answer;
	return true;
}

static void answer_request(const struct cpu_user_regs *regs)
{
	unsigned me = this_cpu()->id;
	u32 asked = request(me, ASKED);

	if (atomic_read(&ask) != asked || cmpxchg(&ask, asked, request(me, ANSWERING)) != asked)
		return;
	capture_state(&answer, regs);
	__atomic_store_n(&ask, request(me, DONE), __ATOMIC_RELEASE);
}

void hold_others(void)
{
	u64 mask = others(), end = deadline(ANSWER_US);

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (mask & BIT(cpu))
			__atomic_store_n(&held[cpu], NULL, __ATOMIC_RELAXED);
	__atomic_or_fetch(&hold, mask, __ATOMIC_SEQ_CST);
	for (u64 m = mask; m; m &= m - 1)
		send(ffs64(m));
	for (u64 m = mask; m; m &= m - 1)
		while (!__atomic_load_n(&held[ffs64(m)], __ATOMIC_ACQUIRE) && (s64)(rdtsc() - end) < 0)
			cpu_relax();
}

void let_go(void)
{
	__atomic_store_n(&hold, 0, __ATOMIC_SEQ_CST);
}

struct cpu_user_regs *held_regs(unsigned cpu)
{
	return __atomic_load_n(&held[cpu], __ATOMIC_ACQUIRE);
}

void hold_here(struct cpu_user_regs *regs)
{
	unsigned me = this_cpu()->id;

	do {
		__atomic_store_n(&held[me], regs, __ATOMIC_RELEASE);	/* again, if it is held anew */
		if (cpu_must_stop())
			stop_this_cpu();
		cpu_relax();
	} while (__atomic_load_n(&hold, __ATOMIC_ACQUIRE) & BIT(me));
	gdb_resume_cpu();
}

bool remote_nmi(struct cpu_user_regs *regs)
{
	unsigned me = this_cpu()->id;
	bool ours = test_and_clear_bit(me, &nmis_sent);

	if (cpu_must_stop()) {
		__atomic_store_n(&held[me], regs, __ATOMIC_RELEASE);
		stop_this_cpu();
	}
	answer_request(regs);
	if (atomic_read(&hold) & BIT(me))
		hold_here(regs);
	return ours;
}
