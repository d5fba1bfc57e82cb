/* SPDX-License-Identifier: GPL-2.0-only */
/* HPET, ACPI PM timer and PIT, as counters that only go up. */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include "platform.h"

static char opt_clocksource[16];
BOOT_OPTION("clocksource", OPT_STR, opt_clocksource, sizeof(opt_clocksource),
	    "counter that the TSC is measured with: hpet, acpi or pit");

/* ---- HPET (IA-PC HPET specification 1.0a) ---------------------------------- */

#define HPET_CAP_PERIOD	1	/* 32-bit word offsets; femtoseconds a tick */
#define HPET_CONFIG	(0x10 / 4)
#define HPET_COUNTER	(0xf0 / 4)
#define HPET_CAP_64BIT	(1 << 13)
#define HPET_ENABLE	1
#define HPET_LEGACY	2
#define HPET_PERIOD_MAX	100000000

static volatile u32 *hpet;
static struct platform_timer hpet_timer;

static u64 hpet_read32(void) { return hpet[HPET_COUNTER]; }
static u64 hpet_read64(void) { return *(volatile u64 *)&hpet[HPET_COUNTER]; }

static __init bool hpet_init(void)
{
	bool wide;
	u32 period;

	hpet = acpi.hpet ? map_mmio(acpi.hpet, 1024) : NULL;
	if (!hpet)
		return false;
	period = hpet[HPET_CAP_PERIOD];
	if (!period || period > HPET_PERIOD_MAX) {
		printk(LOG_WARN "HPET at %#lx says a tick is %u fs: not used\n", acpi.hpet, period);
		return false;
	}
	hpet[HPET_CONFIG] = (hpet[HPET_CONFIG] & ~HPET_LEGACY) | HPET_ENABLE;
	wide = hpet[0] & HPET_CAP_64BIT;
	hpet_timer = (struct platform_timer){
		.name = "HPET", .steady = true, .num = period, .den = 1000000,
		.mask = wide ? ~0UL : 0xffffffff, .read = wide ? hpet_read64 : hpet_read32,
	};
	return true;
}

/* ---- PM timer (ACPI 6.4, 4.8.3.3) --------------------------------------------- */

#define PM_TIMER_HZ	3579545

static u64 pm_read(void) { return inl(acpi.pm_timer_port); }
static const struct platform_timer pm_timer = {
	.name = "ACPI PM timer", .steady = true, .num = 1000000000, .den = PM_TIMER_HZ,
	.mask = 0xffffff, .read = pm_read,
};

static __init bool pm_init(void) { return acpi.pm_timer_port; }

/* ---- PIT channel 2 (Intel 8254 data sheet): counts down, 55 ms a turn -------------- */

#define PIT_HZ		1193182
#define PIT_CH2		0x42
#define PIT_COMMAND	0x43
#define PIT_GATE	0x61	/* bit 0: channel 2 counts, bit 1: the speaker hears it */

static u64 pit_read(void)
{
	u8 lo;

	outb(PIT_COMMAND, 0x80);	/* latch channel 2 */
	lo = inb(PIT_CH2);
	return 0xffff - (lo | inb(PIT_CH2) << 8);
}
static const struct platform_timer pit_timer = {
	.name = "PIT", .num = 1000000000, .den = PIT_HZ, .mask = 0xffff, .read = pit_read,
};

static __init bool pit_init(void)
{
	outb(PIT_GATE, (inb(PIT_GATE) & ~2) | 1);
	outb(PIT_COMMAND, 0xb4);	/* channel 2, low then high byte, mode 2, binary */
	outb(PIT_CH2, 0xff);
	outb(PIT_CH2, 0xff);
	return true;
}

/* ---- the choice ------------------------------------------------------------------ */

static __initdata const struct {
	const char *option;
	bool (*init)(void);
	const struct platform_timer *timer;
} timers[] = {
	{ "hpet", hpet_init, &hpet_timer },
	{ "acpi", pm_init, &pm_timer },
	{ "pit", pit_init, &pit_timer },
};

const struct platform_timer __init *platform_timer_find(unsigned skip)
{
	bool known = !opt_clocksource[0];

	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		known |= !strcmp(opt_clocksource, timers[i].option);
	if (!known && !skip)
		printk(LOG_WARN "clocksource=%s: not one of hpet, acpi, pit: ignored\n",
		       opt_clocksource);
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
		if (known && opt_clocksource[0] && strcmp(opt_clocksource, timers[i].option))
			continue;
		if (timers[i].init() && !skip--)
			return timers[i].timer;
	}
	return NULL;
}
