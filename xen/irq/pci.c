/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config space of segment 0 through ports 0xcf8 and 0xcfc (PCI 2.2, section 3.2.2.3.2).
 * The hypervisor and dom0 share the two ports: each access sets the address anew under
 * one lock, and dom0's idea of the address register is a latch in its struct domain.
 */
#include <xen/lib.h>
#include "desc.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define CONFIG_ENABLE	(1u << 31)

static spinlock_t pci_lock = SPINLOCK_INIT(LOCK_PCI);	/* the ports */

static u32 address(u8 bus, u8 devfn, u16 reg)
{
	return CONFIG_ENABLE | bus << 16 | devfn << 8 | (reg & 0xfc);
}

static u32 data_read(u32 addr, u8 offset, u8 bytes)
{
	outl(CONFIG_ADDRESS, addr);
	switch (bytes) {
	case 1: return inb(CONFIG_DATA + offset);
	case 2: return inw(CONFIG_DATA + offset);
	default: return inl(CONFIG_DATA + offset);
	}
}

static void data_write(u32 addr, u8 offset, u8 bytes, u32 v)
{
	outl(CONFIG_ADDRESS, addr);
	switch (bytes) {
	case 1: outb(CONFIG_DATA + offset, v); break;
	case 2: outw(CONFIG_DATA + offset, v); break;
	default: outl(CONFIG_DATA + offset, v);
	}
}

u32 pci_read_raw(u8 bus, u8 devfn, u16 reg, u8 bytes)
{
	return data_read(address(bus, devfn, reg), reg & 3, bytes);
}

void pci_write_raw(u8 bus, u8 devfn, u16 reg, u8 bytes, u32 v)
{
	data_write(address(bus, devfn, reg), reg & 3, bytes, v);
}

u32 pci_read(u8 bus, u8 devfn, u16 reg, u8 bytes)
{
	u32 v;

	spin_lock(&pci_lock);
	v = pci_read_raw(bus, devfn, reg, bytes);
	spin_unlock(&pci_lock);
	return v;
}

void pci_write(u8 bus, u8 devfn, u16 reg, u8 bytes, u32 v)
{
	spin_lock(&pci_lock);
	pci_write_raw(bus, devfn, reg, bytes, v);
	spin_unlock(&pci_lock);
}

bool pci_present(u8 bus, u8 devfn) { return pci_read(bus, devfn, 0, 2) != 0xffff; }

#define PCI_STATUS	6
#define STATUS_CAPS	(1 << 4)
#define PCI_CAP_PTR	0x34

/* The list is the device's: it may be circular or lead anywhere in the 256 bytes. */
u16 pci_find_capability(u8 bus, u8 devfn, u8 id)
{
	u8 at;

	if (!(pci_read(bus, devfn, PCI_STATUS, 2) & STATUS_CAPS))
		return 0;
	at = pci_read(bus, devfn, PCI_CAP_PTR, 1) & 0xfc;
	for (unsigned i = 0; i < 48 && at >= 0x40; i++) {
		u16 head = pci_read(bus, devfn, at, 2);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

/* ---- for the I/O emulator ----------------------------------------------------------- */

/* Bits 24-27 are an extension of some AMD chipsets, which the hypervisor doesn't turn on. */
#define GUEST_ADDRESS	0x80fffffcu

static bool access_ok(const struct domain *d, u32 cf8, u8 offset, u8 bytes)
{
	return is_control_domain(d) && (cf8 & CONFIG_ENABLE) && !(cf8 & ~GUEST_ADDRESS) &&
	       (bytes == 1 || bytes == 2 || bytes == 4) && offset + bytes <= 4;
}

u32 pci_conf_read(struct domain *d, u32 cf8, u8 offset, u8 bytes)
{
	u32 v;

	if (!access_ok(d, cf8, offset, bytes))
		return ~0u;
	spin_lock(&pci_lock);
	v = data_read(cf8, offset, bytes);
	spin_unlock(&pci_lock);
	return v;
}

void pci_conf_write(struct domain *d, u32 cf8, u8 offset, u8 bytes, u32 v)
{
	if (!access_ok(d, cf8, offset, bytes))
		return;
	spin_lock(&pci_lock);
	data_write(cf8, offset, bytes, v);
	spin_unlock(&pci_lock);
}
