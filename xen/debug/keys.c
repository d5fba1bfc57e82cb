/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug keys: typed after Ctrl-A three times on the serial line, or sent by "xl debug-keys". */
#include <xen/acpi.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/irq.h>
#include <xen/lib.h>

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

/* One CPU after the other, each by itself, on its way out. */
void show_this_cpu(void)
{
	unsigned id = this_cpu()->id;

	if (is_idle_vcpu(current)) {
		printk(LOG_ERR "---- CPU %u idles ----\n", id);
	} else {
		printk(LOG_ERR "---- CPU %u runs d%uv%u ----\n", id, current->domain->id, current->id);
		show_registers(current_regs());
	}
	if (id + 1 < nr_cpus)
		cpu_work(id + 1, WORK_SHOW);
}

static void show_cpus(void)
{
	cpu_work(0, WORK_SHOW);
}

static void show_dom0(void)
{
	struct vcpu *v;

	for_each_vcpu(dom0, v)
		dump_guest_state(v);
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

void keys_init(void)
{
	register_key('h', show_help, "this list");
	register_key('d', show_cpus, "registers of all CPUs");
	register_key('0', show_dom0, "registers of domain 0's vcpus");
	register_key('q', show_domains, "domains and their vcpus");
	register_key('m', show_memory, "memory");
	register_key('e', dump_evtchns, "event channels");
	register_key('g', dump_grants, "grant tables");
	register_key('i', dump_irqs, "interrupts");
	register_key('a', dump_timers, "timer queues");
	register_key('t', show_clock, "clocks");
	register_key('R', key_reboot, "reboot the machine at once");
	register_key('C', key_crash, "crash the hypervisor");
}

void handle_key(u8 key, const struct cpu_user_regs *regs)
{
	if (key >= ARRAY_SIZE(keys) || !keys[key].fn) {
		printk(LOG_ERR "No debug key '%c'; h lists them\n", key > ' ' && key < 127 ? key : '?');
		return;
	}
	printk(LOG_ERR "'%c': %s\n", key, keys[key].what);
	keys[key].fn();
}
