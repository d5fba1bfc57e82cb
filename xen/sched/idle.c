/* SPDX-License-Identifier: GPL-2.0-only */
/* A CPU's notes of work to do, and what it does when no vcpu wants it. */
#include <xen/hypercall.h>
#include <xen/entry.h>
#include <xen/trace.h>
#include "run_queue.h"

void cpu_work(unsigned cpu, unsigned bit)
{
	/* If the bit was set already, the CPU was told then and has not looked yet. */
	if (!test_and_set_bit(bit, &cpus[cpu].work) && cpu != this_cpu()->id)
		send_ipi(cpu, VEC_KICK);
}

/* The nop ends sti's shadow, so that a waiting interrupt gets in. */
bool preempt_check(void)
{
	assert_no_locks();
	asm volatile("sti; nop; cli" ::: "memory");
	return atomic_read(&this_cpu()->work) != 0;
}

/* C1, as the tools call it. */
static void halt(void)
{
	trace(TRC_PM_IDLE_ENTRY, 1, trace_time(), 0);
	safe_halt();
	trace(TRC_PM_IDLE_EXIT, 1, trace_time());
}

/*
 * Entered by context_switch() with an empty stack and the idle vcpu as current;
 * left for a guest by context_switch() too, which jumps to the exit path.
 * Interrupts are off but for the instant of the halt: sti lets none in before
 * hlt executes, so work noted after the look at the bits ends the halt.
 */
void idle_loop(void)
{
	struct cpu *c = this_cpu();

	tlb_enter_idle();
	finish_switch();
	for (;;) {
		assert_no_locks();
		if (atomic_read(&c->work))
			cpu_do_work();
		else if (!scrub_some())
			halt();
		else
			preempt_check();
	}
}
