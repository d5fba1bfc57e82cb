/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a broken hypervisor, with everything said that helps to find out why. */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/cpu.h>
#include <xen/gdb.h>
#include <xen/lib.h>
#include <xen/time.h>

static bool opt_noreboot;
BOOT_OPTION("noreboot", OPT_BOOL, opt_noreboot, 0, "after a crash, halt and leave the message on the screen");

void end_of_crash(void)
{
	if (opt_noreboot) {
		printk(LOG_ERR "Halted, as 'noreboot' asks: switch the machine off or reset it.\n");
		console_drain();
		for (;;)
			asm volatile("cli; hlt");
	}
	printk(LOG_ERR "Rebooting in five seconds ('noreboot' halts instead).\n");
	console_drain();
	for (unsigned i = 0; tsc_khz && i < 50; i++)
		udelay(100000);
	machine_reset();
}

/* In the order of what is most likely to work: stop the others, say it, ask the debugger. */
static void __noreturn crash(struct cpu_user_regs *regs, const char *fmt, va_list ap)
{
	static unsigned depth;
	unsigned id = this_cpu() ? this_cpu()->id : 0;
	char text[256];

	irq_disable();
	if (lock_check)
		lock_check_off();
	stop_other_cpus(true);
	console_force_unlock();
	vsnprintf(text, sizeof(text), fmt, ap);
	if (++depth > 2)
		machine_reset();
	if (regs && depth == 1) {
		show_registers(regs);
		show_stack(regs);
	}
	printk(LOG_ERR "\n****************************************\n");
	printk(LOG_ERR "Panic on CPU %u%s: %s\n", id, depth > 1 ? " while it panicked" : "", text);
	printk(LOG_ERR "****************************************\n\n");
	if (depth == 1)
		gdb_crash(regs);
	end_of_crash();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	crash(NULL, fmt, ap);
}

void panic_at(struct cpu_user_regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	crash(regs, fmt, ap);
}
