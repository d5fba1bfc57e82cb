/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time of day: what the battery clock said at boot, until dom0 sets it better. A
 * domain gets it in shared_info, as the time of day at system time 0.
 */
#include <xen/domain.h>
#include <xen/lib.h>
#include "clock.h"

#define NS_PER_S	1000000000UL
#define MAX_SECS	(1UL << 33)	/* year 2242; keeps seconds * 10^9 within 63 bits */

static spinlock_t wallclock_lock = SPINLOCK_INIT(LOCK_WALLCLOCK);
static u64 epoch_ns;			/* time of day at system time 0, since 1970; wallclock lock */

/* ---- the battery clock (MC146818A data sheet) -------------------------------- */

#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define RTC_HOUR_PM	0x80
#define RTC_A_UPDATING	0x80
#define RTC_B_24H	0x02
#define RTC_B_BINARY	0x04
#define RTC_D_VALID	0x80

struct rtc { u8 sec, min, hour, day, month, year; };

static __init u8 cmos_read(u8 reg)
{
	outb(RTC_INDEX, reg);
	return inb(RTC_DATA);
}

/* An update takes up to 2 ms, in which the registers can't be trusted. */
static __init struct rtc rtc_read(void)
{
	for (int i = 0; i < 300 && (cmos_read(10) & RTC_A_UPDATING); i++)
		udelay(10);
	return (struct rtc){ cmos_read(0), cmos_read(2), cmos_read(4), cmos_read(7),
			     cmos_read(8), cmos_read(9) };
}

static __init u8 from_bcd(u8 v) { return (v >> 4) * 10 + (v & 15); }

/* Seconds since 1970 of a date in the proleptic Gregorian calendar. */
static __init u64 to_seconds(unsigned year, unsigned month, unsigned day, u64 seconds_of_day)
{
	/* Years begin in March here, so that a leap day is a year's last. */
	unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
	u64 days = 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;

	return (days - 719468) * 86400 + seconds_of_day;
}

static __init u64 rtc_seconds(void)
{
	struct rtc t, again = rtc_read();
	u8 b = cmos_read(11);
	bool pm;

	for (int tries = 0; tries < 4; tries++) {	/* twice the same: no update came between */
		t = again;
		again = rtc_read();
		if (!memcmp(&t, &again, sizeof(t)))
			break;
	}
	pm = t.hour & RTC_HOUR_PM;
	t.hour &= ~RTC_HOUR_PM;
	if (!(b & RTC_B_BINARY))
		t = (struct rtc){ from_bcd(t.sec), from_bcd(t.min), from_bcd(t.hour),
				  from_bcd(t.day), from_bcd(t.month), from_bcd(t.year) };
	if (!(b & RTC_B_24H))
		t.hour = t.hour % 12 + (pm ? 12 : 0);
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31 || t.hour > 23 ||
	    t.min > 59 || t.sec > 59) {
		printk(LOG_WARN "The battery clock has no valid date: the time is set to 1970\n");
		return 0;
	}
	return to_seconds(t.year + (t.year < 70 ? 2000 : 1900), t.month, t.day,
			  t.hour * 3600 + t.min * 60 + t.sec);
}

/* It was @secs and @nsecs at system time @at. A time before the hypervisor's start is cut to 1970. */
static void set_epoch(u64 secs, u32 nsecs, stime_t at)
{
	s64 ns = MIN(secs, MAX_SECS) * NS_PER_S + nsecs;

	epoch_ns = ns > at ? ns - at : 0;
}

void __init wallclock_init(void)
{
	set_epoch(rtc_seconds(), 0, now());
}

/* ---- for the domains ------------------------------------------------------------ */

u64 wallclock_ns(void)
{
	u64 ns;

	spin_lock(&wallclock_lock);
	ns = epoch_ns + now();
	spin_unlock(&wallclock_lock);
	return ns;
}

/* The guest may write its version field too: it harms nobody else. (public/xen.h, wc_version) */
void update_domain_wallclock(struct domain *d)
{
	struct shared_info *s = d->shared_info;
	u64 secs;
	u32 version;

	if (!s)
		return;
	spin_lock(&wallclock_lock);
	secs = epoch_ns / NS_PER_S + d->time.offset_s;
	version = (READ_ONCE(s->wc_version) + 1) | 1;
	WRITE_ONCE(s->wc_version, version);
	smp_wmb();
	WRITE_ONCE(s->wc_sec, secs);
	WRITE_ONCE(s->wc_sec_hi, secs >> 32);
	WRITE_ONCE(s->wc_nsec, epoch_ns % NS_PER_S);
	smp_wmb();
	WRITE_ONCE(s->wc_version, version + 1);
	spin_unlock(&wallclock_lock);
}

void set_wallclock(u64 secs, u32 nsecs, stime_t at)
{
	struct domain *d;

	spin_lock(&wallclock_lock);
	set_epoch(secs, nsecs, MAX(at, (stime_t)0));
	spin_unlock(&wallclock_lock);
	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		update_domain_wallclock(d);
	spin_unlock(&domlist_lock);
}
