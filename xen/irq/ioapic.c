/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IO-APICs: each turns device lines (GSIs) into messages with a vector to a CPU's local
 * APIC, as its redirection entries say. (Intel 82093AA data sheet)
 *
 * The low word of every entry is kept here too, so that masking a line takes two writes
 * and no read.
 */
#include <xen/acpi.h>
#include <xen/lib.h>
#include "desc.h"

#define REG_SELECT	0	/* word offsets in the register window */
#define REG_DATA	4
#define IOAPIC_VERSION	1
#define IOAPIC_RTE(pin)	(0x10 + 2 * (pin))
#define IOAPIC_PINS_MAX	240

#define RTE_LOW		(1u << 13)
#define RTE_LEVEL	(1u << 15)
#define RTE_MASKED	(1u << 16)

static struct ioapic {
	volatile u32 *regs;
	paddr_t pa;
	unsigned gsi_base, nr;
} ioapics[ARRAY_SIZE(acpi.ioapic)];
static unsigned nr_ioapics, nr_gsis;

static spinlock_t ioapic_lock = SPINLOCK_INIT(LOCK_IOAPIC);	/* select and data registers, rte_low */
static u32 rte_low[GSIS_MAX];

static u32 reg_read(const struct ioapic *io, u32 reg)
{
	io->regs[REG_SELECT] = reg;
	return io->regs[REG_DATA];
}

static void reg_write(const struct ioapic *io, u32 reg, u32 v)
{
	io->regs[REG_SELECT] = reg;
	io->regs[REG_DATA] = v;
}

static const struct ioapic *find_gsi(unsigned gsi)
{
	for (unsigned i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].nr)
			return &ioapics[i];
	return NULL;
}

bool ioapic_has_gsi(unsigned gsi) { return gsi < GSIS_MAX && find_gsi(gsi); }
unsigned ioapic_nr_gsis(void) { return nr_gsis; }

void ioapic_setup(unsigned gsi, u8 vector, bool level, bool low, u32 apic_id)
{
	const struct ioapic *io = find_gsi(gsi);
	unsigned pin = gsi - io->gsi_base;

	spin_lock(&ioapic_lock);
	rte_low[gsi] = vector | (low ? RTE_LOW : 0) | (level ? RTE_LEVEL : 0) | RTE_MASKED;
	reg_write(io, IOAPIC_RTE(pin), rte_low[gsi]);
	reg_write(io, IOAPIC_RTE(pin) + 1, apic_id << 24);
	spin_unlock(&ioapic_lock);
}

void ioapic_mask(unsigned gsi, bool mask)
{
	const struct ioapic *io = find_gsi(gsi);

	spin_lock(&ioapic_lock);
	rte_low[gsi] = mask ? rte_low[gsi] | RTE_MASKED : rte_low[gsi] & ~RTE_MASKED;
	reg_write(io, IOAPIC_RTE(gsi - io->gsi_base), rte_low[gsi]);
	spin_unlock(&ioapic_lock);
}

int ioapic_read_register(paddr_t pa, u32 reg, u32 *v)
{
	for (unsigned i = 0; i < nr_ioapics; i++) {
		if (ioapics[i].pa != pa)
			continue;
		if (reg > 2 && (reg < IOAPIC_RTE(0) || reg >= IOAPIC_RTE(ioapics[i].nr)))
			return -EINVAL;
		spin_lock(&ioapic_lock);
		*v = reg_read(&ioapics[i], reg);
		spin_unlock(&ioapic_lock);
		return 0;
	}
	return -ENODEV;
}

void ioapic_mask_all(void)
{
	for (unsigned i = 0; i < nr_ioapics; i++)
		for (unsigned pin = 0; pin < ioapics[i].nr; pin++)
			reg_write(&ioapics[i], IOAPIC_RTE(pin), RTE_MASKED);
}

void ioapic_describe(unsigned gsi, char *buf, size_t size)
{
	const struct ioapic *io = find_gsi(gsi);
	u32 low, high;

	spin_lock(&ioapic_lock);
	low = reg_read(io, IOAPIC_RTE(gsi - io->gsi_base));
	high = reg_read(io, IOAPIC_RTE(gsi - io->gsi_base) + 1);
	spin_unlock(&ioapic_lock);
	snprintf(buf, size, "entry %08x dest %02x%s%s%s", low, high >> 24,
		 low & RTE_MASKED ? " masked" : "", low & BIT(14) ? " in-service" : "",
		 low & BIT(12) ? " pending" : "");
}

static __init void add(paddr_t pa, unsigned gsi_base)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	u32 version;

	io->regs = map_mmio(pa, 32);
	if (!io->regs) {
		printk(LOG_ERR "IO-APIC at %#lx can't be mapped: its lines are lost\n", pa);
		return;
	}
	version = reg_read(io, IOAPIC_VERSION);
	io->nr = (version >> 16 & 0xff) + 1;
	if (!version || version == ~0u || io->nr > IOAPIC_PINS_MAX) {
		printk(LOG_ERR "IO-APIC at %#lx doesn't answer: its lines are lost\n", pa);
		return;
	}
	io->pa = pa;
	io->gsi_base = gsi_base;
	if (gsi_base >= GSIS_MAX || gsi_base + io->nr > GSIS_MAX) {
		printk(LOG_WARN "IO-APIC at %#lx: lines from %u on are not used\n", pa, GSIS_MAX);
		if (gsi_base >= GSIS_MAX)
			return;
		io->nr = GSIS_MAX - gsi_base;
	}
	nr_gsis = MAX(nr_gsis, gsi_base + io->nr);
	nr_ioapics++;
}

void __init ioapic_init(void)
{
	if (!acpi.nr_ioapics) {
		printk(LOG_WARN "No table names an IO-APIC: trying the usual one at 0xfec00000\n");
		acpi.nr_ioapics = 1;
		acpi.ioapic[0].pa = 0xfec00000;
	}
	for (unsigned i = 0; i < acpi.nr_ioapics; i++)
		add(acpi.ioapic[i].pa, acpi.ioapic[i].gsi_base);
	if (!nr_ioapics)
		printk(LOG_ERR "No IO-APIC: devices can interrupt by MSI only\n");
	for (unsigned gsi = 0; gsi < GSIS_MAX; gsi++)
		rte_low[gsi] = RTE_MASKED;
	ioapic_mask_all();
}
