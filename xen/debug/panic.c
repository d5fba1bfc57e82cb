/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a broken hypervisor, with everything said that helps to find out why. */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/cpu.h>
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

void panic(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	irq_disable();
	stop_other_cpus(true);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_force_unlock();
	printk(LOG_ERR "\n****************************************\n");
	printk(LOG_ERR "Panic on CPU %u: %s\n", this_cpu() ? this_cpu()->id : 0, text);
	printk(LOG_ERR "****************************************\n\n");
	end_of_crash();
}
