/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the interrupt room: what stands behind a vector.
 *
 * A descriptor is found by its vector, allocated when the vector is first used and never
 * freed, so that an interrupt which is still on its way finds a descriptor, even if an
 * unused one. Lock order: event channels of the domain -> irq_domain -> irq_desc -> PCI.
 */
#ifndef XEN_IRQ_DESC_H
#define XEN_IRQ_DESC_H

#include <xen/domain.h>
#include <xen/irq.h>

#define IRQ_GUESTS_MAX	4	/* domains that can share a line */
#define GSIS_MAX	224	/* lines of all IO-APICs that are used */

/* free -> gsi, for good; free -> msi -> free */
enum irq_kind { IRQ_FREE, IRQ_GSI, IRQ_MSI };

/* One message of a device, in config space (MSI) or in a table of the device (MSI-X). */
struct msi {
	u8 bus, devfn;
	u16 cap;			/* offset of the capability */
	bool msix, wide, maskable;	/* 64-bit address; has mask bits */
	u16 entry;
	volatile u32 *table;		/* MSI-X: address low, high, data, control */
};

struct irq_desc {
	spinlock_t lock;		/* the fields below; do_irq takes it */
	u8 vector;			/* immutable */
	u8 kind;			/* enum irq_kind */
	bool level, low;		/* GSI: trigger and polarity */
	bool throttled;			/* masked because it stormed */
	u16 gsi;
	struct msi msi;
	void (*fn)(void *);		/* the hypervisor's own handler, and then no guests */
	void *data;
	u8 nr_guests;
	u8 eois_due;			/* guests that have not ended the interrupt: masked until 0 */
	bool shareable;
	struct irq_guest {
		struct domain *d;
		u32 port;
		u16 pirq;
		bool eoi_due;
	} guest[IRQ_GUESTS_MAX];
	u64 count;
	stime_t window;			/* start of the period that storm() looks at */
	u32 in_window;
};

struct pirq {
	struct irq_desc *desc;		/* NULL: not mapped */
	u32 port;			/* 0: not bound */
	bool reserved;			/* PHYSDEVOP_get_free_pirq gave it away */
};

struct irq_domain {
	spinlock_t lock;
	struct pirq pirq[MAX_IRQS];
};

/* ---- ioapic.c: no allocation, no lock but its own --------------------------- */
void ioapic_init(void);			/* finds them; all lines masked */
unsigned ioapic_nr_gsis(void);
bool ioapic_has_gsi(unsigned gsi);
void ioapic_setup(unsigned gsi, u8 vector, bool level, bool low, u32 apic_id);	/* masked */
void ioapic_mask(unsigned gsi, bool mask);
/* Register of the IO-APIC at @pa: 0 or -ENODEV, -EINVAL. */
int ioapic_read_register(paddr_t pa, u32 reg, u32 *v);
void ioapic_mask_all(void);		/* takes no lock: the machine ends */
void ioapic_describe(unsigned gsi, char *buf, size_t size);

/* ---- irq.c --------------------------------------------------------------------- */
/* The line's descriptor, with a vector; NULL if it doesn't exist (-EINVAL) or no vector is left (-ENOSPC). */
struct irq_desc *gsi_get(unsigned gsi, int *err);
/* A vector for a message: NULL if none is left. The caller sets msi, then kind. */
struct irq_desc *irq_alloc_msi(void);
void irq_free_msi(struct irq_desc *desc);
/* Next one that is a message of this device, from vector *vec on; advances it. NULL: no more. */
struct irq_desc *irq_next_msi(unsigned *vec, u8 bus, u8 devfn);
/* With desc->lock held. */
void irq_mask(struct irq_desc *desc, bool mask);
/* Change how a line is wired: -EEXIST while somebody uses it. */
int gsi_configure(struct irq_desc *desc, bool level, bool low);

/* ---- msi.c ---------------------------------------------------------------------- */
/*
 * Point message @entry of the device at @desc->vector, masked if the device can. Fills
 * desc->msi. @table_base: what the caller says of the BAR with the MSI-X table, 0 nothing.
 * -ENODEV no such device or capability, -EINVAL no such entry, -EEXIST in use, -EPERM the
 * table lies where @d may not map, -ENXIO the device's memory is off.
 */
int msi_setup(struct irq_desc *desc, const struct domain *d, u8 bus, u8 devfn, bool msix,
	      unsigned entry, paddr_t table_base);
void msi_teardown(struct irq_desc *desc);
void msi_mask(struct irq_desc *desc, bool mask);
void msi_write(struct irq_desc *desc, u32 apic_id);
int msi_restore_device(u8 bus, u8 devfn);
void msi_disable_raw(const struct msi *m);	/* takes no lock: the machine ends */
bool msi_device_has(u8 bus, u8 devfn, bool msix);

/* ---- pci.c: config space through ports 0xcf8/0xcfc ------------------------------- */
u32 pci_read(u8 bus, u8 devfn, u16 reg, u8 bytes);
void pci_write(u8 bus, u8 devfn, u16 reg, u8 bytes, u32 v);
void pci_write_raw(u8 bus, u8 devfn, u16 reg, u8 bytes, u32 v);
u32 pci_read_raw(u8 bus, u8 devfn, u16 reg, u8 bytes);
bool pci_present(u8 bus, u8 devfn);
u16 pci_find_capability(u8 bus, u8 devfn, u8 id);	/* 0: none */

/* ---- pirq.c ------------------------------------------------------------------------ */
/* *pirq < 0: choose one, and tell. 0 or -errno. */
int pirq_map_gsi(struct domain *d, unsigned gsi, int *pirq);
int pirq_map_msi(struct domain *d, const struct domain *caller, u8 bus, u8 devfn, bool msix,
		 unsigned entry, paddr_t table_base, int *pirq);
int pirq_unmap(struct domain *d, unsigned pirq);
int pirq_eoi(struct domain *d, unsigned pirq);
int pirq_status(struct domain *d, unsigned pirq, u32 *flags);
int pirq_reserve(struct domain *d, bool gsi);		/* number or -errno */

#endif
