/* SPDX-License-Identifier: GPL-2.0-only */
/* The start, in order. */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/gdb.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mce.h>
#include <xen/watchdog.h>
#include <xen/trace.h>

extern const char hv_build[];

/* One bit of struct cpu.work after the other, until none is left. */
void cpu_do_work(void)
{
	struct cpu *c = this_cpu();

	if (test_and_clear_bit(WORK_TIMER, &c->work))
		run_timers();
	if (test_and_clear_bit(WORK_KEY, &c->work))
		console_poll();
	if (test_and_clear_bit(WORK_CALL, &c->work))
		unload_idle_vcpu();
	if (test_and_clear_bit(WORK_NMI_LOG, &c->work)) {
		if (dom0 && dom0->vcpu[0])
			vcpu_wake_for_nmi(dom0->vcpu[0]);
		printk("NMI: the platform reports an error; domain 0 was told\n");
	}
	if (test_and_clear_bit(WORK_MCE, &c->work))
		mce_work();
	if (test_and_clear_bit(WORK_CLOCK, &c->work))
		clock_adopt();
	if (test_and_clear_bit(WORK_TRACE, &c->work))
		tbuf_notify();
	if (test_and_clear_bit(WORK_STOP, &c->work))
		stop_this_cpu();
	if (test_and_clear_bit(WORK_SCHEDULE, &c->work))
		schedule();		/* last: it may not return */
}

static void banner(void)
{
	printk("xendemo hypervisor %s, speaking the Xen 4.17 PV ABI%s\n", hv_build,
	       lock_check ? " (debug build)" : "");
	printk(LOG_INFO "Started by %s\n", boot_info.loader);
	printk(LOG_INFO "Command line: %s\n", boot_info.cmdline);
}

static void idle_vcpu_init(void)
{
	struct vcpu *idle = vcpu_create(dom_idle, 0);

	if (!idle)
		panic("Not enough memory for the idle vcpu");
	cpus[0].idle = idle;
	current = idle;
}

void boot_main(u32 magic, paddr_t info);
void boot_main(u32 magic, paddr_t info)
{
	cpu_setup_early();		/* from here on a fault is reported */
	multiboot_parse(magic, info);
	cmdline_parse(boot_info.cmdline);
	console_early_init();
	cmdline_report();		/* what it did not understand */
	gdb_init();
	banner();
	cpu_identify();
	cpu_setup_boot();
	e820_init();
	mm_init();			/* frames, direct map, M2P */
	acpi_init(boot_info.rsdp);
	special_domains_init();
	apic_init_boot();
	topology_init();
	irq_init();
	time_init();
	policy_init();
	sched_init();
	idle_vcpu_init();
	mce_init_this_cpu();
	keys_init();
	console_init();			/* serial interrupts */
	gdb_use_interrupts();
	cpu_start_all();
	perfc_init();
	tbuf_init();
	dom0 = build_dom0();
	nmi_watchdog_init();		/* timers run from now on */
	mce_start_polling();
	free_init_sections();
	console_end_boot();
	domain_unpause(dom0);
	jump_with_stack(idle_loop);
}
