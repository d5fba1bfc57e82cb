/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug keys: typed after Ctrl-A three times on the serial line, or sent by "xl debug-keys". */
#include <xen/acpi.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/remote.h>
#include <xen/watchdog.h>

static struct { void (*fn)(void); const char *what; } keys[128];

void register_key(u8 key, void (*fn)(void), const char *what)
{
	BUG_ON(key >= ARRAY_SIZE(keys) || keys[key].fn);
	keys[key].fn = fn;
	keys[key].what = what;
}

static void show_help(void)
{
	printk(LOG_ERR "Debug keys:\n");
	for (unsigned k = 0; k < ARRAY_SIZE(keys); k++)
		if (keys[k].fn)
			printk(LOG_ERR "  %c  %s\n", k, keys[k].what);
}

/* This one serves the key: what it was doing before is in its guest's frame, if it has one. */
static void for_each_state(void (*show)(const struct cpu_state *s))
{
	static struct cpu_state s;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		if (cpu == this_cpu()->id && !is_idle_vcpu(current))
			capture_state(&s, current_regs());
		else if (!ask_cpu(cpu, &s)) {
			printk(LOG_ERR "---- CPU %u does not answer an NMI ----\n", cpu);
			continue;
		}
		show(&s);
	}
}

static void show_cpus(void)
{
	for_each_state(show_state);
}

static void show_place(const struct cpu_state *s)
{
	if (s->idle)
		printk(LOG_ERR "  CPU %u idles at", s->cpu);
	else
		printk(LOG_ERR "  CPU %u runs d%uv%u, %s at", s->cpu, s->domid, s->vcpu_id,
		       guest_regs(&s->regs) ? "in the guest" : "in the hypervisor");
	print_address(s->regs.rip);
}

static void show_places(void)
{
	for_each_state(show_place);
}

/* The frame of one that runs elsewhere is in its CPU's hands. */
static void show_dom0(void)
{
	static struct cpu_state s;
	struct vcpu *v;

	for_each_vcpu(dom0, v) {
		if (v->running && v->cpu != this_cpu()->id && ask_cpu(v->cpu, &s))
			show_state(&s);
		else
			dump_guest_state(v);
	}
}

static void show_domain(const struct domain *d)
{
	struct vcpu *v;

	printk(LOG_ERR "Domain %u: refs %u, pages %lu of %lu, pauses %d%s%s, assists %x\n",
	       d->id, d->refs, d->tot_pages, d->max_pages, d->pause_count,
	       d->is_dying ? ", dying" : "", d->is_shut_down ? ", shut down" : "", d->vm_assist);
	for_each_vcpu(d, v)
		printk(LOG_ERR "  vcpu %u: CPU %u, flags %x, pauses %d, %s, upcall pending %u masked %u, cpu time %lu ms\n",
		       v->id, v->cpu, v->pause_flags, v->pause_count, v->running ? "running" : "not running",
		       v->info->evtchn_upcall_pending, v->info->evtchn_upcall_mask,
		       vcpu_cpu_time(v) / 1000000);
}

static void show_domains(void)
{
	struct domain *d;

	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		show_domain(d);
	spin_unlock(&domlist_lock);
}

static void show_memory(void)
{
	struct domain *d;
	u64 owned = 0;

	spin_lock(&domlist_lock);
	list_for_each(d, &domain_list, list)
		owned += d->tot_pages;
	spin_unlock(&domlist_lock);
	printk(LOG_ERR "Memory: %lu frames of RAM, %lu free (%lu to be scrubbed), %lu owned by domains, %lu the hypervisor's\n",
	       total_ram_frames, free_frames_count(), dirty_frames_count(), owned,
	       total_ram_frames - free_frames_count() - owned);
}

static const char *const type_names[] = { "untyped", "L1", "L2", "L3", "L4", "descriptors", "writable", "?" };

/* Who owns the frames and what they are used as; each is looked at once, without a lock. */
static void show_frames(void)
{
	static const char *const owner_names[] = { "domain 0", "guests", "hypervisor", "no RAM", "free", "?" };
	static u64 n[ARRAY_SIZE(owner_names)][ARRAY_SIZE(type_names)];
	u64 shared = 0, partial = 0, pinned = 0, bad = 0;

	memset(n, 0, sizeof(n));
	for (mfn_t mfn = 0; mfn < max_mfn; mfn++) {
		const struct page_info *pg = mfn_to_page(mfn);
		domid_t owner;
		u32 type;

		if (!(mfn & 0xfff))
			serve_flush();
		if (!mfn_valid(mfn))
			continue;
		owner = page_owner(pg);
		if (owner == DOMID_INVALID) {		/* its type word is a link */
			n[4][0]++;
			continue;
		}
		type = atomic_read(&pg->type);
		n[!owner ? 0 : owner < DOMID_FIRST_RESERVED ? 1 : owner == DOMID_XEN ? 2 : owner == DOMID_IO ? 3 : 5]
		 [type >> PGT_TYPE_SHIFT]++;
		shared += owner < DOMID_FIRST_RESERVED && (pg->count & PGC_HVPAGE);
		partial += (type & PGT_PARTIAL) != 0;
		pinned += (type & PGT_PINNED) != 0;
		bad += (pg->count & PGC_BAD) != 0;
	}
	for (unsigned o = 0; o < ARRAY_SIZE(owner_names); o++) {
		u64 sum = 0;

		for (unsigned t = 0; t < ARRAY_SIZE(type_names); t++)
			sum += n[o][t];
		if (!sum)
			continue;
		printk(LOG_ERR "Frames, %s: %lu", owner_names[o], sum);
		for (unsigned t = 0; t < ARRAY_SIZE(type_names) && o != 4; t++)
			if (n[o][t])
				printk(LOG_ERR ", %lu %s", n[o][t], type_names[t]);
		printk(LOG_ERR "\n");
	}
	printk(LOG_ERR "Frames shared with domains %lu, pinned %lu, partly validated %lu, bad %lu\n",
	       shared, pinned, partial, bad);
}

static void show_clock(void)
{
	stime_t t = now();

	printk(LOG_ERR "System time %ld.%09ld s, clock %s at %lu kHz, wall clock %lu s\n",
	       t / 1000000000, t % 1000000000, clock_source_name, tsc_khz, wallclock_ns() / 1000000000);
}

static void key_reboot(void)
{
	printk(LOG_ERR "Reboot, as asked by key\n");
	machine_reset();
}

static void key_crash(void)
{
	panic("Crash, as asked by key");
}

/* For the watchdog's test, and the debugger's: interrupts are off here. */
static void key_hang(void)
{
	printk(LOG_ERR "CPU %u hangs, as asked by key\n", this_cpu()->id);
	console_drain();
	for (;;)
		cpu_relax();
}

void keys_init(void)
{
	register_key('h', show_help, "this list");
	register_key('d', show_cpus, "registers of all CPUs");
	register_key('0', show_dom0, "registers of domain 0's vcpus");
	register_key('q', show_domains, "domains and their vcpus");
	register_key('N', show_places, "where all CPUs are, by NMI");
	register_key('n', dump_nmis, "NMIs and the watchdog");
	register_key('m', show_memory, "memory");
	register_key('H', show_frames, "frames by owner and use");
	register_key('e', dump_evtchns, "event channels");
	register_key('g', dump_grants, "grant tables");
	register_key('i', dump_irqs, "interrupts");
	register_key('a', dump_timers, "timer queues");
	register_key('t', show_clock, "clocks");
	if (lock_check)
		register_key('l', dump_locks, "locks that CPUs hold (debug build)");
	register_key('R', key_reboot, "reboot the machine at once");
	register_key('C', key_crash, "crash the hypervisor");
	register_key('W', key_hang, "hang this CPU for ever, to see the watchdog");
}

void handle_key(u8 key, const struct cpu_user_regs *regs)
{
	static u32 busy;

	if (key >= ARRAY_SIZE(keys) || !keys[key].fn) {
		printk(LOG_ERR "No debug key '%c'; h lists them\n", key > ' ' && key < 127 ? key : '?');
		return;
	}
	if (xchg(&busy, 1)) {
		printk(LOG_ERR "Debug key '%c': another CPU is busy with one\n", key);
		return;
	}
	printk(LOG_ERR "'%c': %s\n", key, keys[key].what);
	keys[key].fn();
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}
