/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a run: reset, power off, and the sleep states that dom0 asks for. All of it
 * works in any context, a crash included: no locks, no allocation but one MMIO page.
 *
 * A reset tries one way after the other, since none works on every PC.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/console.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>

#define SLP_TYP_SHIFT	10	/* PM1 control (ACPI 6.4, 4.8.3.2) */
#define SLP_TYP_MASK	(7 << SLP_TYP_SHIFT)
#define SLP_EN		(1 << 13)

#define SPACE_MEMORY	0	/* address spaces of a generic address (5.2.3.2) */
#define SPACE_IO	1
#define SPACE_PCI	2

static void reset_acpi(void)
{
	volatile u8 *reg;
	u32 addr = acpi.reset.addr;

	if (!acpi.reset.valid)
		return;
	switch (acpi.reset.space) {
	case SPACE_IO:
		outb(addr, acpi.reset.value);
		break;
	case SPACE_MEMORY:
		reg = map_mmio(acpi.reset.addr, 1);
		if (reg)
			*reg = acpi.reset.value;
		break;
	case SPACE_PCI:		/* bus 0: device in bits 32-47, function 16-31, offset 0-15 */
		outl(0xcf8, BIT(31) | (acpi.reset.addr >> 32 & 31) << 11 | (addr >> 16 & 7) << 8 |
			    (addr & 0xfc));
		outb(0xcfc + (addr & 3), acpi.reset.value);
		break;
	}
	udelay(50000);
}

#define KBD_STATUS	0x64
#define KBD_IN_FULL	2
#define KBD_PULSE_RESET	0xfe

static void reset_kbd(void)
{
	if (!acpi.has_8042)
		return;
	for (int try = 0; try < 3; try++) {
		for (int i = 0; i < 1000 && (inb(KBD_STATUS) & KBD_IN_FULL); i++)
			udelay(10);
		outb(KBD_STATUS, KBD_PULSE_RESET);
		udelay(20000);
	}
}

/* Reset control register of PC chipsets: hard reset, then the edge. */
static void reset_pci(void)
{
	u8 v = inb(0xcf9) & ~6;

	outb(0xcf9, v | 2);
	udelay(50);
	outb(0xcf9, v | 6);
	udelay(50000);
}

static void reset_triple(void)
{
	static const struct { u16 limit; u64 base; } __packed no_idt;

	asm volatile("lidt %0; int3" :: "m" (no_idt));
}

static const struct reset_way {
	const char *name;
	void (*fn)(void);
} reset_ways[] = {
	{ "acpi", reset_acpi },
	{ "kbd", reset_kbd },
	{ "pci", reset_pci },
	{ "triple", reset_triple },
};
static unsigned first_way;

/* "cf9" is another name for pci. */
static int opt_reboot(const char *value)
{
	if (!strcmp(value, "cf9"))
		value = "pci";
	for (unsigned i = 0; i < ARRAY_SIZE(reset_ways); i++) {
		if (strcmp(value, reset_ways[i].name))
			continue;
		first_way = i;
		return 0;
	}
	return -EINVAL;
}
BOOT_FN("reboot", opt_reboot, "how to reset the machine: acpi, kbd, pci or triple is tried first");

static void quiesce(void)
{
	irq_disable();
	stop_other_cpus(false);
	console_drain();
	irq_shutdown_all();
}

void machine_reset(void)
{
	quiesce();
	reset_ways[first_way].fn();
	for (unsigned i = 0; i < ARRAY_SIZE(reset_ways); i++)
		reset_ways[i].fn();
	for (;;)
		asm volatile("hlt");
}

/* SLP_TYP first, SLP_EN with a second write: some chipsets want it so. */
static void write_pm1(u16 a, u16 b)
{
	outw(acpi.pm1a_cnt, a & ~SLP_EN);
	if (acpi.pm1b_cnt)
		outw(acpi.pm1b_cnt, b & ~SLP_EN);
	outw(acpi.pm1a_cnt, a | SLP_EN);
	if (acpi.pm1b_cnt)
		outw(acpi.pm1b_cnt, b | SLP_EN);
	udelay(500000);
}

int acpi_enter_sleep(u8 state, u16 pm1a, u16 pm1b)
{
	if (state != 5)
		return -ENOSYS;
	if (!acpi.pm1a_cnt)
		return -ENODEV;
	printk(LOG_INFO "ACPI: entering S5\n");
	quiesce();
	write_pm1(pm1a, pm1b);
	printk(LOG_ERR "ACPI: the machine did not turn off: it can be switched off now\n");
	for (;;)
		asm volatile("hlt");
}

void machine_power_off(void)
{
	u16 a, b;

	if (acpi.pm1a_cnt && acpi.dsdt_s5 != ~0u) {
		quiesce();
		a = inw(acpi.pm1a_cnt) & ~SLP_TYP_MASK;
		b = acpi.pm1b_cnt ? inw(acpi.pm1b_cnt) & ~SLP_TYP_MASK : 0;
		write_pm1(a | (acpi.dsdt_s5 & 7) << SLP_TYP_SHIFT,
			  b | (acpi.dsdt_s5 >> 8 & 7) << SLP_TYP_SHIFT);
		printk(LOG_ERR "The machine did not turn off: it can be switched off now\n");
	} else {
		printk(LOG_ERR "No ACPI tables say how to turn the machine off: it can be switched off now\n");
		quiesce();
	}
	for (;;)
		asm volatile("hlt");
}
