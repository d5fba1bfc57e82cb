/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of code that asks which CPU it runs on, and which vcpu: the hypervisor
 * finds both at the end of an aligned stack, so the tests run on such a stack.
 * Included once, by the test's own file.
 */
#include <ucontext.h>
#include <sanitizer/common_interface_defs.h>
#include <xen/cpu.h>

struct cpu cpus[NR_CPUS];
unsigned nr_cpus = 1;

/* One thread's. cpu_info is at its end, so a frame with no room for it would be overwritten. */
struct hv_thread {
	u8 *stack;			/* STACK_SIZE, so aligned */
	int (*fn)(void);
	int result;
};
static __thread struct hv_thread *hv_thread;

static void hv_stack_entry(void)
{
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(NULL, &bottom, &size);
	hv_thread->result = hv_thread->fn();
	__sanitizer_start_switch_fiber(NULL, bottom, size);
}

/* Run fn as if it were the hypervisor on CPU @cpu; `current` is NULL at first. */
static int run_as_cpu(unsigned cpu, int (*fn)(void), u8 *stack)
{
	struct cpu_info *info = (struct cpu_info *)(stack + STACK_SIZE) - 1;
	struct hv_thread me = { stack, fn, 0 };
	ucontext_t here, there;

	info->cpu = &cpus[cpu];
	hv_thread = &me;
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK_SIZE - sizeof(*info);
	there.uc_link = &here;
	makecontext(&there, hv_stack_entry, 0);
	__sanitizer_start_switch_fiber(NULL, stack, STACK_SIZE);
	swapcontext(&here, &there);
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	return me.result;
}

static int run_on_hv_stack(int (*fn)(void))
{
	static u8 stack[STACK_SIZE] __aligned(STACK_SIZE);

	return run_as_cpu(0, fn, stack);
}
