/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI and MSI-X (PCI 3.0, section 6.8): a device interrupts by writing a word to an
 * address. The hypervisor chooses both, so vectors and CPUs stay its own; dom0 decides
 * which device may, and when.
 *
 * dom0 is trusted with devices, which without an IOMMU can write anywhere anyhow. It is
 * not trusted with our memory: the MSI-X table is written only where dom0 could write itself.
 */
#include <xen/lib.h>
#include "desc.h"

#define PCI_COMMAND		4
#define COMMAND_MEMORY		(1 << 1)
#define COMMAND_INTX_OFF	(1 << 10)
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR(n)		(0x10 + 4 * (n))
#define BAR_IO			1
#define BAR_TYPE		6
#define BAR_64BIT		4

#define CAP_MSI			5
#define CAP_MSIX		17

#define MSI_CONTROL		2	/* offsets in the capability, both kinds */
#define MSI_ENABLE		(1 << 0)
#define MSI_MULTI_ENABLE	(7 << 4)
#define MSI_WIDE		(1 << 7)
#define MSI_MASKABLE		(1 << 8)
#define MSIX_ENTRIES		0x7ff
#define MSIX_MASK_ALL		(1 << 14)
#define MSIX_ENABLE		(1 << 15)
#define MSIX_TABLE		4
#define MSIX_ENTRY_SIZE		16
#define ENTRY_MASKED		1	/* in word 3 of an entry */

#define MSI_ADDRESS		0xfee00000u	/* SDM volume 3, 10.11.1; destination in bits 12-19 */

static u16 msi_data_reg(const struct msi *m) { return m->cap + (m->wide ? 12 : 8); }
static u16 msi_mask_reg(const struct msi *m) { return m->cap + (m->wide ? 16 : 12); }

static u16 control(const struct msi *m)
{
	return pci_read(m->bus, m->devfn, m->cap + MSI_CONTROL, 2);
}

static void set_control(const struct msi *m, u16 v)
{
	pci_write(m->bus, m->devfn, m->cap + MSI_CONTROL, 2, v);
}

static void set_intx(const struct msi *m, bool on)
{
	u16 command = pci_read(m->bus, m->devfn, PCI_COMMAND, 2), want;

	want = on ? command & ~COMMAND_INTX_OFF : command | COMMAND_INTX_OFF;
	if (want != command)
		pci_write(m->bus, m->devfn, PCI_COMMAND, 2, want);
}

static bool shared_with_others(const struct irq_desc *desc)
{
	unsigned vec = VEC_FIRST_DYNAMIC;
	struct irq_desc *other;

	while ((other = irq_next_msi(&vec, desc->msi.bus, desc->msi.devfn)))
		if (other != desc)
			return true;
	return false;
}

bool msi_device_has(u8 bus, u8 devfn, bool msix)
{
	return pci_find_capability(bus, devfn, msix ? CAP_MSIX : CAP_MSI);
}

/* ---- one message ------------------------------------------------------------------ */

void msi_mask(struct irq_desc *desc, bool mask)
{
	const struct msi *m = &desc->msi;

	if (m->table)
		m->table[3] = mask ? ENTRY_MASKED : 0;
	else if (m->maskable)
		pci_write(m->bus, m->devfn, msi_mask_reg(m), 4, mask ? 1 : 0);
}

void msi_write(struct irq_desc *desc, u32 apic_id)
{
	const struct msi *m = &desc->msi;
	u32 addr = MSI_ADDRESS | apic_id << 12;

	if (m->msix) {
		m->table[0] = addr;
		m->table[1] = 0;
		m->table[2] = desc->vector;
		return;
	}
	pci_write(m->bus, m->devfn, m->cap + 4, 4, addr);
	if (m->wide)
		pci_write(m->bus, m->devfn, m->cap + 8, 4, 0);
	pci_write(m->bus, m->devfn, msi_data_reg(m), 2, desc->vector);
}

/* Turn the device's messages on. MSI-X: all stay masked if they were on and dom0 wants it so. */
static void enable(const struct msi *m)
{
	u16 c = control(m);

	if (m->msix)
		set_control(m, c & MSIX_ENABLE ? c : (c & ~MSIX_MASK_ALL) | MSIX_ENABLE);
	else
		set_control(m, (c & ~MSI_MULTI_ENABLE) | MSI_ENABLE);
	set_intx(m, false);
}

static void disable(const struct msi *m)
{
	set_control(m, control(m) & ~(m->msix ? MSIX_ENABLE : MSI_ENABLE));
}

/* ---- where the MSI-X table is -------------------------------------------------------- */

/* 0: not a memory BAR. */
static paddr_t bar_address(u8 bus, u8 devfn, unsigned bar)
{
	unsigned bars = (pci_read(bus, devfn, PCI_HEADER_TYPE, 1) & 0x7f) == 1 ? 2 : 6;
	u32 lo, hi = 0;

	if (bar >= bars)
		return 0;
	lo = pci_read(bus, devfn, PCI_BAR(bar), 4);
	if (lo & BAR_IO)
		return 0;
	if ((lo & BAR_TYPE) == BAR_64BIT) {
		if (bar + 1 >= bars)
			return 0;
		hi = pci_read(bus, devfn, PCI_BAR(bar + 1), 4);
	}
	return (paddr_t)hi << 32 | (lo & ~15u);
}

/* Not RAM, and memory that @d may map and so could write without us. */
static bool device_memory(const struct domain *d, paddr_t pa, u64 len)
{
	for (mfn_t mfn = PFN_DOWN(pa); mfn <= PFN_DOWN(pa + len - 1); mfn++)
		if (!iomem_ok(d, mfn) || iomem_read_only(mfn) ||
		    (mfn_valid(mfn) && page_owner(mfn_to_page(mfn)) != DOMID_IO))
			return false;
	return true;
}

/* The virtual functions of a device have no BARs of their own: there the caller knows. */
static int map_entry(struct msi *m, const struct domain *d, unsigned entry, paddr_t base)
{
	u32 where = pci_read(m->bus, m->devfn, m->cap + MSIX_TABLE, 4);
	paddr_t pa;

	if (entry > (control(m) & MSIX_ENTRIES))
		return -EINVAL;
	if (!base)
		base = bar_address(m->bus, m->devfn, where & 7);
	pa = base + (where & ~7u) + entry * MSIX_ENTRY_SIZE;
	if (!base || base >> cpu_features.maxphysaddr || pa >> cpu_features.maxphysaddr || pa & 3)
		return -EINVAL;
	if (!device_memory(d, pa, MSIX_ENTRY_SIZE))
		return -EPERM;
	m->table = map_mmio(pa, MSIX_ENTRY_SIZE);
	return m->table ? 0 : -ENOMEM;
}

/* ---- set up, tear down ------------------------------------------------------------------ */

static int setup_msix(struct irq_desc *desc, struct msi *m, const struct domain *d,
		      paddr_t table_base)
{
	u16 before = control(m);
	int rc;

	if (!(pci_read(m->bus, m->devfn, PCI_COMMAND, 2) & COMMAND_MEMORY))
		return -ENXIO;
	rc = map_entry(m, d, m->entry, table_base);
	if (rc)
		return rc;
	desc->msi = *m;
	/* Some devices keep the table only while MSI-X is on. */
	set_control(m, before | MSIX_ENABLE | MSIX_MASK_ALL);
	msi_mask(desc, true);
	msi_write(desc, cpus[0].apic_id);
	set_control(m, before);
	enable(m);
	return 0;
}

static int setup_msi(struct irq_desc *desc, struct msi *m)
{
	u16 c = control(m);

	if (m->entry)
		return -EINVAL;
	m->wide = c & MSI_WIDE;
	m->maskable = c & MSI_MASKABLE;
	desc->msi = *m;
	set_control(m, c & ~MSI_ENABLE);
	msi_mask(desc, true);
	msi_write(desc, cpus[0].apic_id);
	enable(m);
	return 0;
}

int msi_setup(struct irq_desc *desc, const struct domain *d, u8 bus, u8 devfn, bool msix,
	      unsigned entry, paddr_t table_base)
{
	struct msi m = { .bus = bus, .devfn = devfn, .msix = msix, .entry = entry };
	unsigned vec = VEC_FIRST_DYNAMIC;
	struct irq_desc *other;

	if (entry > MSIX_ENTRIES)
		return -EINVAL;
	m.cap = pci_find_capability(bus, devfn, msix ? CAP_MSIX : CAP_MSI);
	if (!m.cap)
		return -ENODEV;
	while ((other = irq_next_msi(&vec, bus, devfn)))
		if (!msix || !other->msi.msix || other->msi.entry == entry)
			return -EEXIST;
	return msix ? setup_msix(desc, &m, d, table_base) : setup_msi(desc, &m);
}

void msi_teardown(struct irq_desc *desc)
{
	struct msi *m = &desc->msi;

	msi_mask(desc, true);
	if (!shared_with_others(desc)) {
		disable(m);
		set_intx(m, true);
	}
	if (m->msix)
		unmap_hv((void *)m->table, MSIX_ENTRY_SIZE);
	m->table = NULL;
}

/* The device has lost its registers (a reset, a sleep). */
int msi_restore_device(u8 bus, u8 devfn)
{
	unsigned vec = VEC_FIRST_DYNAMIC;
	struct irq_desc *desc;

	if (!pci_present(bus, devfn))
		return -ENODEV;
	while ((desc = irq_next_msi(&vec, bus, devfn))) {
		spin_lock(&desc->lock);
		enable(&desc->msi);
		msi_mask(desc, true);
		msi_write(desc, cpus[0].apic_id);
		msi_mask(desc, !desc->nr_guests || desc->throttled);
		spin_unlock(&desc->lock);
	}
	return 0;
}

void msi_disable_raw(const struct msi *m)
{
	u16 c = pci_read_raw(m->bus, m->devfn, m->cap + MSI_CONTROL, 2);

	pci_write_raw(m->bus, m->devfn, m->cap + MSI_CONTROL, 2,
		      c & ~(m->msix ? MSIX_ENABLE : MSI_ENABLE));
}
