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

static u8 hv_stack[STACK_SIZE] __aligned(STACK_SIZE);
static int (*hv_stack_fn)(void), hv_stack_result;

static void hv_stack_entry(void)
{
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(NULL, &bottom, &size);
	hv_stack_result = hv_stack_fn();
	__sanitizer_start_switch_fiber(NULL, bottom, size);
}

/* Run fn as if it were the hypervisor on CPU 0; `current` is NULL at first. */
static int run_on_hv_stack(int (*fn)(void))
{
	struct cpu_info *info = (struct cpu_info *)(hv_stack + STACK_SIZE) - 1;
	static ucontext_t here, there;

	info->cpu = &cpus[0];
	hv_stack_fn = fn;
	getcontext(&there);
	there.uc_stack.ss_sp = hv_stack;
	there.uc_stack.ss_size = STACK_SIZE - sizeof(*info);
	there.uc_link = &here;
	makecontext(&there, hv_stack_entry, 0);
	__sanitizer_start_switch_fiber(NULL, hv_stack, STACK_SIZE);
	swapcontext(&here, &there);
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	return hv_stack_result;
}
