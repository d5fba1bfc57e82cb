/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traces of hypercalls, and the switch that sends guests' entries through C.
 *
 * While nothing of guests' entries is traced, the entries run as if there were no traces:
 * hypercalls are called through the table that hypercall_dispatch points to, and entry.S
 * compares addresses with short_ways_above, as it has to compare them anyway. Both are
 * changed here.
 */
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/trace.h>

/*
 * Which arguments a record holds, by kind: 'd' 32 bits, 'q' 64 bits; at most six words
 * (TRC_PV_HYPERCALL_V2). Those that say what is done to how many.
 */
static const char *const recorded[MAX_HYPERCALLS] = {
	[__HYPERVISOR_set_trap_table]		= "q",
	[__HYPERVISOR_mmu_update]		= "qd",
	[__HYPERVISOR_set_gdt]			= "qd",
	[__HYPERVISOR_stack_switch]		= "qq",
	[__HYPERVISOR_set_callbacks]		= "qqq",
	[__HYPERVISOR_fpu_taskswitch]		= "d",
	[__HYPERVISOR_platform_op]		= "q",
	[__HYPERVISOR_set_debugreg]		= "dq",
	[__HYPERVISOR_get_debugreg]		= "d",
	[__HYPERVISOR_update_descriptor]	= "qq",
	[__HYPERVISOR_memory_op]		= "dq",
	[__HYPERVISOR_multicall]		= "qd",
	[__HYPERVISOR_update_va_mapping]	= "qqd",
	[__HYPERVISOR_set_timer_op]		= "q",
	[__HYPERVISOR_xen_version]		= "dq",
	[__HYPERVISOR_console_io]		= "ddq",
	[__HYPERVISOR_physdev_op]		= "dq",
	[__HYPERVISOR_grant_table_op]		= "dqd",
	[__HYPERVISOR_vm_assist]		= "dd",
	[__HYPERVISOR_update_va_mapping_otherdomain] = "qqd",
	[__HYPERVISOR_vcpu_op]			= "ddq",
	[__HYPERVISOR_set_segment_base]		= "dq",
	[__HYPERVISOR_mmuext_op]		= "qd",
	[__HYPERVISOR_nmi_op]			= "dq",
	[__HYPERVISOR_sched_op]			= "dq",
	[__HYPERVISOR_callback_op]		= "dq",
	[__HYPERVISOR_event_channel_op]		= "dq",
	[__HYPERVISOR_sysctl]			= "q",
	[__HYPERVISOR_domctl]			= "q",
};

static void trace_hypercall(u64 nr, const u64 args[5], bool in_multicall)
{
	const char *kinds = recorded[nr] ? recorded[nr] : "";
	u32 data[TRACE_EXTRA_MAX] = { nr };
	unsigned n = 1;

	for (unsigned i = 0; kinds[i]; i++) {
		data[0] |= kinds[i] == 'q' ? TRC_PV_HYPERCALL_V2_ARG_64(i)
					   : TRC_PV_HYPERCALL_V2_ARG_32(i);
		data[n++] = args[i];
		if (kinds[i] == 'q')
			data[n++] = args[i] >> 32;
	}
	trace_record(in_multicall ? TRC_PV_HYPERCALL_SUBCALL : TRC_PV_HYPERCALL_V2, data, n);
}

static long traced_call(u64 a, u64 b, u64 c, u64 d, u64 e)
{
	const u64 args[5] = { a, b, c, d, e };
	const struct vcpu *v = current;
	u64 nr = v->mc.active ? v->mc.call.op : current_regs()->rax;

	trace_hypercall(nr, args, v->mc.active);
	return hypercall_table[nr](a, b, c, d, e);
}

static const hypercall_fn traced_table[MAX_HYPERCALLS] = {
	[0 ... MAX_HYPERCALLS - 1] = traced_call,
};

const hypercall_fn *hypercall_dispatch = hypercall_table;
u64 short_ways_above = SHORT_WAYS_ABOVE;

void trace_guest_entries(bool on)
{
	WRITE_ONCE(hypercall_dispatch, on ? traced_table : hypercall_table);
	WRITE_ONCE(short_ways_above, on ? ~0UL : SHORT_WAYS_ABOVE);
}
