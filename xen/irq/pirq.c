/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's physical interrupts. A pirq is a number of the domain's own for a line or a
 * message; it is mapped to one by physdev_op and bound to an event channel by
 * EVTCHNOP_bind_pirq. It interrupts only while bound.
 *
 * unmapped (perhaps reserved) <-> mapped <-> bound
 */
#include <xen/acpi.h>
#include <xen/lib.h>
#include "desc.h"

static spinlock_t msi_lock = SPINLOCK_INIT(LOCK_MSI);	/* which device uses which message; inside irq_domain */

int irq_domain_init(struct domain *d)
{
	d->irqs = xnew(struct irq_domain);
	if (!d->irqs)
		return -ENOMEM;
	spin_lock_init(&d->irqs->lock, LOCK_IRQ_DOMAIN);
	return 0;
}

/* ---- mapping ------------------------------------------------------------------ */

static bool is_free(const struct pirq *p) { return !p->desc && !p->reserved; }

/* The number to use: *@pirq if the caller gave one, else @like or the first free. -errno. irq_domain lock. */
static int choose_pirq(struct irq_domain *irqs, int pirq, int like)
{
	if (pirq >= 0) {
		if (pirq >= MAX_IRQS)
			return -EINVAL;
		return irqs->pirq[pirq].desc ? -EBUSY : pirq;
	}
	if (like >= 0 && like < MAX_IRQS && is_free(&irqs->pirq[like]))
		return like;
	for (pirq = MAX(irq_nr_gsis(), 16U); pirq < MAX_IRQS; pirq++)
		if (is_free(&irqs->pirq[pirq]))
			return pirq;
	return -ENOSPC;
}

static int find_pirq(const struct irq_domain *irqs, const struct irq_desc *desc)
{
	for (int i = 0; i < MAX_IRQS; i++)
		if (irqs->pirq[i].desc == desc)
			return i;
	return -1;
}

/* The timer's line, under both of its numbers: the hypervisor's. Linux maps it, but doesn't bind it. */
static bool is_timer_gsi(unsigned gsi) { return gsi == 0 || gsi == acpi.isa[0].gsi; }

static bool gsi_allowed(const struct domain *d, unsigned gsi)
{
	return is_control_domain(d) || ranges_contain(&d->irq_ok, gsi, gsi);
}

int pirq_map_gsi(struct domain *d, unsigned gsi, int *pirq)
{
	struct irq_domain *irqs = d->irqs;
	struct irq_desc *desc;
	int rc, have;

	if (!irqs || !gsi_allowed(d, gsi))
		return -EPERM;
	desc = gsi_get(gsi, &rc);
	if (!desc)
		return rc;
	spin_lock(&irqs->lock);
	have = find_pirq(irqs, desc);
	if (have >= 0)
		rc = *pirq < 0 || *pirq == have ? have : -EEXIST;
	else
		rc = choose_pirq(irqs, *pirq, gsi);
	if (rc >= 0) {
		irqs->pirq[rc].desc = desc;
		irqs->pirq[rc].reserved = false;
		*pirq = rc;
	}
	spin_unlock(&irqs->lock);
	return rc < 0 ? rc : 0;
}

static int new_msi(struct irq_desc **ret, const struct domain *caller, u8 bus, u8 devfn,
		   bool msix, unsigned entry, paddr_t table_base)
{
	struct irq_desc *desc = irq_alloc_msi();
	int rc;

	if (!desc)
		return -ENOSPC;
	spin_lock(&msi_lock);
	spin_lock(&desc->lock);
	rc = msi_setup(desc, caller, bus, devfn, msix, entry, table_base);
	spin_unlock(&desc->lock);
	if (rc)
		irq_free_msi(desc);
	spin_unlock(&msi_lock);
	*ret = desc;
	return rc;
}

static void drop_msi(struct irq_desc *desc)
{
	spin_lock(&msi_lock);
	spin_lock(&desc->lock);
	msi_teardown(desc);
	spin_unlock(&desc->lock);
	irq_free_msi(desc);
	spin_unlock(&msi_lock);
}

int pirq_map_msi(struct domain *d, const struct domain *caller, u8 bus, u8 devfn, bool msix,
		 unsigned entry, paddr_t table_base, int *pirq)
{
	struct irq_domain *irqs = d->irqs;
	struct irq_desc *desc;
	int nr, rc;

	if (!irqs)
		return -EPERM;
	spin_lock(&irqs->lock);
	nr = choose_pirq(irqs, *pirq, -1);
	rc = nr < 0 ? nr : new_msi(&desc, caller, bus, devfn, msix, entry, table_base);
	if (!rc) {
		irqs->pirq[nr].desc = desc;
		irqs->pirq[nr].reserved = false;
		*pirq = nr;
	}
	spin_unlock(&irqs->lock);
	return rc;
}

int pirq_unmap(struct domain *d, unsigned pirq)
{
	struct irq_domain *irqs = d->irqs;
	struct pirq *p;
	int rc = 0;

	if (!irqs)
		return -EPERM;
	if (pirq >= MAX_IRQS)
		return -EINVAL;
	p = &irqs->pirq[pirq];
	spin_lock(&irqs->lock);
	if (p->port)
		rc = -EBUSY;
	else if (!p->desc && !p->reserved)
		rc = -EINVAL;
	else if (p->desc && p->desc->kind == IRQ_MSI)
		drop_msi(p->desc);
	if (!rc) {
		p->desc = NULL;
		p->reserved = false;
	}
	spin_unlock(&irqs->lock);
	return rc;
}

int pirq_reserve(struct domain *d, bool gsi)
{
	struct irq_domain *irqs = d->irqs;
	int rc = -ENOSPC;

	if (!irqs)
		return -EPERM;
	spin_lock(&irqs->lock);
	if (gsi) {
		for (int i = 16; i < (int)MIN(irq_nr_gsis(), (unsigned)MAX_IRQS) && rc < 0; i++)
			if (is_free(&irqs->pirq[i]))
				rc = i;
	} else {
		rc = choose_pirq(irqs, -1, -1);
	}
	if (rc >= 0)
		irqs->pirq[rc].reserved = true;
	spin_unlock(&irqs->lock);
	return rc;
}

/* ---- binding --------------------------------------------------------------------- */

/* desc->lock held. */
static int add_guest(struct irq_desc *desc, struct domain *d, unsigned pirq, bool shareable, u32 port)
{
	if (desc->kind == IRQ_GSI && is_timer_gsi(desc->gsi))
		return -EBUSY;
	if (desc->fn || desc->nr_guests == IRQ_GUESTS_MAX ||
	    (desc->nr_guests && !(shareable && desc->shareable)))
		return -EBUSY;
	desc->shareable = shareable;
	desc->guest[desc->nr_guests++] = (struct irq_guest){ .d = d, .port = port, .pirq = pirq };
	if (!desc->eois_due && !desc->throttled)
		irq_mask(desc, false);
	return 0;
}

int pirq_bind(struct domain *d, unsigned pirq, bool shareable, u32 port)
{
	struct irq_domain *irqs = d->irqs;
	struct pirq *p;
	int rc;

	if (!irqs)
		return -EPERM;
	if (pirq >= MAX_IRQS || !port)
		return -EINVAL;
	p = &irqs->pirq[pirq];
	spin_lock(&irqs->lock);
	rc = !p->desc ? -EINVAL : p->port ? -EBUSY : 0;
	if (!rc) {
		spin_lock(&p->desc->lock);
		rc = add_guest(p->desc, d, pirq, shareable, port);
		spin_unlock(&p->desc->lock);
	}
	if (!rc)
		p->port = port;
	spin_unlock(&irqs->lock);
	return rc;
}

/* Guest @i has ended the interrupt. desc->lock held. */
static void end_interrupt(struct irq_desc *desc, unsigned i)
{
	if (!desc->guest[i].eoi_due)
		return;
	desc->guest[i].eoi_due = false;
	if (!--desc->eois_due && !desc->throttled)
		irq_mask(desc, false);
}

static void remove_guest(struct irq_desc *desc, unsigned i)
{
	end_interrupt(desc, i);
	desc->guest[i] = desc->guest[--desc->nr_guests];
	if (!desc->nr_guests)
		irq_mask(desc, true);
}

/* Index in desc->guest, or -1. desc->lock held. */
static int find_guest(const struct irq_desc *desc, const struct domain *d)
{
	for (int i = 0; i < desc->nr_guests; i++)
		if (desc->guest[i].d == d)
			return i;
	return -1;
}

/* irq_domain lock held. */
static void unbind(struct domain *d, struct pirq *p)
{
	int i;

	spin_lock(&p->desc->lock);
	i = find_guest(p->desc, d);
	if (i >= 0)
		remove_guest(p->desc, i);
	spin_unlock(&p->desc->lock);
	p->port = 0;
}

void pirq_unbind(struct domain *d, unsigned pirq)
{
	struct irq_domain *irqs = d->irqs;

	if (!irqs || pirq >= MAX_IRQS)
		return;
	spin_lock(&irqs->lock);
	if (irqs->pirq[pirq].port)
		unbind(d, &irqs->pirq[pirq]);
	spin_unlock(&irqs->lock);
}

int pirq_eoi(struct domain *d, unsigned pirq)
{
	struct irq_domain *irqs = d->irqs;
	struct irq_desc *desc;
	int i;

	if (!irqs || pirq >= MAX_IRQS)
		return -EINVAL;
	spin_lock(&irqs->lock);
	desc = irqs->pirq[pirq].desc;
	if (desc && irqs->pirq[pirq].port) {
		spin_lock(&desc->lock);
		i = find_guest(desc, d);
		if (i >= 0)
			end_interrupt(desc, i);
		spin_unlock(&desc->lock);
	}
	spin_unlock(&irqs->lock);
	return 0;
}

int pirq_status(struct domain *d, unsigned pirq, u32 *flags)
{
	struct irq_domain *irqs = d->irqs;
	struct irq_desc *desc;

	if (!irqs || pirq >= MAX_IRQS)
		return -EINVAL;
	*flags = 0;
	spin_lock(&irqs->lock);
	desc = irqs->pirq[pirq].desc;
	if (desc) {
		spin_lock(&desc->lock);
		*flags = (desc->level ? XENIRQSTAT_needs_eoi : 0) |
			 (desc->nr_guests > 1 ? XENIRQSTAT_shared : 0);
		spin_unlock(&desc->lock);
	}
	spin_unlock(&irqs->lock);
	return 0;
}

/* The domain is gone; its event channels are closed, so nothing is bound. */
void irq_domain_destroy(struct domain *d)
{
	struct irq_domain *irqs = d->irqs;

	if (!irqs)
		return;
	for (unsigned i = 0; i < MAX_IRQS; i++) {
		struct pirq *p = &irqs->pirq[i];

		if (!p->desc)
			continue;
		if (p->port)
			unbind(d, p);
		if (p->desc->kind == IRQ_MSI)
			drop_msi(p->desc);
	}
	d->irqs = NULL;
	xfree(irqs);
}
