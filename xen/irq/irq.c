/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors, and what happens when one arrives.
 *
 * A line or message goes either to a handler of the hypervisor or to the domains that
 * bound it. An edge (MSI too) is ended at once. A level line stays asserted until the
 * guest's driver has served the device: it is masked, ended, and unmasked when every
 * domain that got it has said so with PHYSDEVOP_eoi.
 */
#include <xen/acpi.h>
#include <xen/lib.h>
#include <xen/trace.h>
#include "desc.h"

#define STORM_WINDOW	MILLISECS(10)
#define STORM_MAX	10000		/* edges in a window; then the line is off until its end */

static struct irq_desc *descs[256];	/* by vector; set once each, under the vector lock */
static struct irq_desc *gsi_descs[GSIS_MAX];
static spinlock_t vector_lock = SPINLOCK_INIT(LOCK_VECTOR);	/* who has which vector */
static u64 stray_count;
static struct timer storm_timer;

/* ---- vectors ------------------------------------------------------------------- */

/* A free vector's descriptor, now of @kind; NULL: no vector or no memory. vector lock. */
static struct irq_desc *take_vector(enum irq_kind kind)
{
	for (unsigned vec = VEC_FIRST_DYNAMIC; vec <= VEC_LAST_DYNAMIC; vec++) {
		struct irq_desc *desc = descs[vec];

		if (vec == VEC_INT80 || (desc && desc->kind != IRQ_FREE))
			continue;
		if (!desc) {
			desc = xnew(struct irq_desc);
			if (!desc)
				return NULL;
			desc->vector = vec;
			spin_lock_init(&desc->lock, LOCK_IRQ);
			WRITE_ONCE(descs[vec], desc);
		}
		desc->kind = kind;
		return desc;
	}
	return NULL;
}

struct irq_desc *irq_alloc_msi(void)
{
	struct irq_desc *desc;

	spin_lock(&vector_lock);
	desc = take_vector(IRQ_MSI);
	if (desc) {
		desc->level = desc->low = desc->throttled = false;
		desc->count = 0;
		desc->msi.cap = 0;
	}
	spin_unlock(&vector_lock);
	return desc;
}

void irq_free_msi(struct irq_desc *desc)
{
	spin_lock(&vector_lock);
	desc->msi.cap = 0;
	desc->kind = IRQ_FREE;
	spin_unlock(&vector_lock);
}

struct irq_desc *irq_next_msi(unsigned *vec, u8 bus, u8 devfn)
{
	for (; *vec <= VEC_LAST_DYNAMIC; (*vec)++) {
		struct irq_desc *desc = READ_ONCE(descs[*vec]);

		if (desc && desc->kind == IRQ_MSI && desc->msi.cap &&
		    desc->msi.bus == bus && desc->msi.devfn == devfn) {
			(*vec)++;
			return desc;
		}
	}
	return NULL;
}

/* How the MADT says the line is wired; PCI's are level and low (PCI 2.2, section 2.2.6). */
static void gsi_defaults(struct irq_desc *desc)
{
	desc->level = desc->low = desc->gsi >= ARRAY_SIZE(acpi.isa);
	for (unsigned i = 0; i < ARRAY_SIZE(acpi.isa); i++) {
		if (acpi.isa[i].gsi != desc->gsi)
			continue;
		desc->level = acpi.isa[i].level;
		desc->low = acpi.isa[i].low;
		if (acpi.isa[i].overridden)
			return;
	}
}

struct irq_desc *gsi_get(unsigned gsi, int *err)
{
	struct irq_desc *desc;

	*err = -EINVAL;
	if (!ioapic_has_gsi(gsi))
		return NULL;
	spin_lock(&vector_lock);
	desc = gsi_descs[gsi];
	if (!desc) {
		*err = -ENOSPC;
		desc = take_vector(IRQ_GSI);
		if (desc) {
			desc->gsi = gsi;
			gsi_defaults(desc);
			gsi_descs[gsi] = desc;
			ioapic_setup(gsi, desc->vector, desc->level, desc->low, cpus[0].apic_id);
		}
	}
	spin_unlock(&vector_lock);
	return desc;
}

int gsi_configure(struct irq_desc *desc, bool level, bool low)
{
	int rc = 0;

	spin_lock(&desc->lock);
	if (desc->fn || desc->nr_guests) {
		rc = -EEXIST;
	} else {
		desc->level = level;
		desc->low = low;
		ioapic_setup(desc->gsi, desc->vector, level, low, cpus[0].apic_id);
	}
	spin_unlock(&desc->lock);
	return rc;
}

void irq_mask(struct irq_desc *desc, bool mask)
{
	if (desc->kind == IRQ_GSI)
		ioapic_mask(desc->gsi, mask);
	else
		msi_mask(desc, mask);
}

int request_gsi(unsigned gsi, void (*fn)(void *), void *data)
{
	int rc;
	struct irq_desc *desc = gsi_get(gsi, &rc);

	if (!desc)
		return rc;
	spin_lock(&desc->lock);
	rc = -EBUSY;
	if (!desc->fn && !desc->nr_guests) {
		desc->data = data;
		desc->fn = fn;
		irq_mask(desc, false);
		rc = 0;
	}
	spin_unlock(&desc->lock);
	return rc;
}

unsigned irq_nr_gsis(void) { return ioapic_nr_gsis(); }

/* ---- arrival ---------------------------------------------------------------------- */

/* A device that interrupts without end would leave no time for anything else. */
static bool storm(struct irq_desc *desc)
{
	stime_t at = now();

	if (at - desc->window > STORM_WINDOW) {
		desc->window = at;
		desc->in_window = 0;
	}
	return ++desc->in_window > STORM_MAX;
}

static void throttle(struct irq_desc *desc)
{
	if (desc->throttled)
		return;
	desc->throttled = true;
	irq_mask(desc, true);
	printk(LOG_GWARN "Interrupt storm on vector %02x: it is masked for a while\n", desc->vector);
	timer_set(&storm_timer, now() + STORM_WINDOW);
}

static void tell_guests(struct irq_desc *desc)
{
	for (unsigned i = 0; i < desc->nr_guests; i++) {
		struct irq_guest *g = &desc->guest[i];

		if (desc->level && !g->eoi_due) {
			g->eoi_due = true;
			desc->eois_due++;
		}
		send_pirq_event(g->d, g->port);
	}
}

static void end_storms(void *unused)
{
	for (unsigned vec = VEC_FIRST_DYNAMIC; vec <= VEC_LAST_DYNAMIC; vec++) {
		struct irq_desc *desc = READ_ONCE(descs[vec]);

		if (!desc)
			continue;
		spin_lock(&desc->lock);
		if (desc->throttled) {
			desc->throttled = false;
			if (desc->nr_guests)
				irq_mask(desc, false);
			tell_guests(desc);	/* of what was lost */
		}
		spin_unlock(&desc->lock);
	}
}

/* @desc is unlocked again before the hypervisor's handler runs. */
static void device_interrupt(struct irq_desc *desc)
{
	u32 start = trace_time();
	void (*fn)(void *);

	perfc_inc(irq_device);
	spin_lock(&desc->lock);
	desc->count++;
	fn = desc->fn;
	if (!fn && desc->level)
		irq_mask(desc, true);
	apic_eoi();
	if (!fn && !desc->level && storm(desc))
		throttle(desc);
	else if (!fn)
		tell_guests(desc);
	spin_unlock(&desc->lock);
	if (fn)
		fn(desc->data);
	trace(TRC_HW_IRQ_HANDLED, desc->kind == IRQ_GSI ? desc->gsi : desc->vector, start, rdtsc());
}

static void stray_interrupt(u8 vec)
{
	perfc_inc(irq_stray);
	apic_eoi();
	if (stray_count++ < 10)
		printk(LOG_WARN "Interrupt at vector %02x, which nothing uses\n", vec);
}

void do_irq(struct cpu_user_regs *regs)
{
	u8 vec = regs->entry_vector;
	struct cpu *c = this_cpu();
	struct irq_desc *desc;

	c->in_irq++;
	switch (vec) {
	case VEC_APIC_TIMER:
		perfc_inc(irq_timer);
		apic_eoi();
		timer_interrupt();
		break;
	case VEC_KICK:
		perfc_inc(irq_kick);
		apic_eoi();
		break;
	case VEC_FLUSH:
		perfc_inc(irq_flush);
		apic_eoi();
		serve_flush();
		break;
	case VEC_APIC_ERROR:
		apic_error_interrupt();
		break;
	case VEC_SPURIOUS:	/* no EOI: it is in service nowhere (SDM 11.9) */
		perfc_inc(irq_stray);
		break;
	default:
		desc = READ_ONCE(descs[vec]);
		if (desc && desc->kind != IRQ_FREE)
			device_interrupt(desc);
		else
			stray_interrupt(vec);
	}
	c->in_irq--;
}

/* ---- start, end, debug key ----------------------------------------------------------- */

void __init irq_init(void)
{
	ioapic_init();
	timer_init(&storm_timer, end_storms, NULL, 0);
}

/* The machine may be in any state: no locks. */
void irq_shutdown_all(void)
{
	ioapic_mask_all();
	for (unsigned vec = VEC_FIRST_DYNAMIC; vec <= VEC_LAST_DYNAMIC; vec++)
		if (descs[vec] && descs[vec]->kind == IRQ_MSI && descs[vec]->msi.cap)
			msi_disable_raw(&descs[vec]->msi);
	apic_shutdown_timer();
}

static void dump_desc(struct irq_desc *desc)
{
	char what[80];

	if (desc->kind == IRQ_GSI) {
		ioapic_describe(desc->gsi, what, sizeof(what));
		printk("  %02x GSI %u %s %s, %s:", desc->vector, desc->gsi,
		       desc->level ? "level" : "edge", desc->low ? "low" : "high", what);
	} else {
		printk("  %02x MSI%s %02x:%02x.%u entry %u:", desc->vector, desc->msi.msix ? "-X" : "",
		       desc->msi.bus, desc->msi.devfn >> 3, desc->msi.devfn & 7, desc->msi.entry);
	}
	printk(" %lu times%s%s%s", desc->count, desc->fn ? ", hypervisor" : "",
	       desc->eois_due ? ", EOI due" : "", desc->throttled ? ", throttled" : "");
	for (unsigned i = 0; i < desc->nr_guests; i++)
		printk(", d%u pirq %u port %u%s", desc->guest[i].d->id, desc->guest[i].pirq,
		       desc->guest[i].port, desc->guest[i].eoi_due ? " (EOI due)" : "");
	printk("\n");
}

void dump_irqs(void)
{
	printk("Interrupts: %u lines, %lu at unused vectors\n", irq_nr_gsis(), stray_count);
	for (unsigned vec = VEC_FIRST_DYNAMIC; vec <= VEC_LAST_DYNAMIC; vec++) {
		struct irq_desc *desc = READ_ONCE(descs[vec]);

		if (!desc || desc->kind == IRQ_FREE)
			continue;
		spin_lock(&desc->lock);
		dump_desc(desc);
		spin_unlock(&desc->lock);
	}
}
