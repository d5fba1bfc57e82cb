/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * physdev_op: how dom0's drivers get at interrupts, and a vcpu's rights to I/O ports.
 * (public/physdev.h) Only the control domain may touch hardware; ending an interrupt, and
 * asking about it, is allowed to any domain that has one.
 */
#include <xen/acpi.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include "desc.h"

#define IOBITMAP_PORTS	65536

/* PCI devices of segment 0 that dom0 has told of. */
static u8 known_devices[65536 / 8];

static u16 bdf(u8 bus, u8 devfn) { return bus << 8 | devfn; }

/* ---- a vcpu's I/O rights ------------------------------------------------------- */

static long op_set_iopl(void *arg)
{
	const struct physdev_set_iopl *op = arg;

	if (op->iopl > 3)
		return -EINVAL;
	current->iopl = op->iopl;
	return 0;
}

static long op_set_iobitmap(void *arg)
{
	const struct physdev_set_iobitmap *op = arg;

	if (op->nr_ports > IOBITMAP_PORTS ||
	    !guest_range_ok(handle_va(op->bitmap), (op->nr_ports + 7) / 8))
		return -EINVAL;
	current->iobmp = handle_va(op->bitmap);
	current->iobmp_ports = op->nr_ports;
	return 0;
}

/* ---- interrupts ------------------------------------------------------------------- */

static long op_eoi(void *arg)
{
	const struct physdev_eoi *op = arg;

	return pirq_eoi(current->domain, op->irq);
}

static long op_irq_status(void *arg)
{
	struct physdev_irq_status_query *op = arg;

	return pirq_status(current->domain, op->irq, &op->flags);
}

static int map_msi(struct domain *d, struct physdev_map_pirq *op)
{
	u16 seg = op->type == MAP_PIRQ_TYPE_MSI ? 0 : op->bus >> 16;
	bool msix = op->type != MAP_PIRQ_TYPE_MULTI_MSI && op->table_base;

	if (op->devfn < 0 || op->devfn > 255 || (op->bus & 0xff00) || op->entry_nr < 0 ||
	    (op->type == MAP_PIRQ_TYPE_MSI && op->bus >> 16))
		return -EINVAL;
	if (seg)
		return -ENODEV;		/* config space beyond segment 0 isn't used */
	if (op->type == MAP_PIRQ_TYPE_MULTI_MSI && op->entry_nr > 1)
		return -EOPNOTSUPP;	/* the driver asks for one then */
	return pirq_map_msi(d, current->domain, op->bus, op->devfn, msix,
			    op->type == MAP_PIRQ_TYPE_MULTI_MSI ? 0 : op->entry_nr,
			    op->table_base, &op->pirq);
}

static long op_map_pirq(void *arg)
{
	struct physdev_map_pirq *op = arg;
	struct domain *d = get_domain_or_self(op->domid);
	int rc;

	if (!d)
		return -ESRCH;
	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		rc = op->index < 0 ? -EINVAL : pirq_map_gsi(d, op->index, &op->pirq);
		break;
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
	case MAP_PIRQ_TYPE_MULTI_MSI:
		rc = map_msi(d, op);
		break;
	default:
		rc = -EINVAL;
	}
	put_domain(d);
	return rc;
}

static long op_unmap_pirq(void *arg)
{
	const struct physdev_unmap_pirq *op = arg;
	struct domain *d = get_domain_or_self(op->domid);
	int rc;

	if (!d)
		return -ESRCH;
	rc = pirq_unmap(d, op->pirq);
	put_domain(d);
	return rc;
}

/* Undoes op_map_pirq(). */
static void unmap_again(void *arg)
{
	const struct physdev_map_pirq *op = arg;
	struct domain *d = get_domain_or_self(op->domid);

	if (!d)
		return;
	pirq_unmap(d, op->pirq);
	put_domain(d);
}

static long op_get_free_pirq(void *arg)
{
	struct physdev_get_free_pirq *op = arg;
	int nr;

	if (op->type != MAP_PIRQ_TYPE_GSI && op->type != MAP_PIRQ_TYPE_MSI)
		return -EINVAL;
	nr = pirq_reserve(current->domain, op->type == MAP_PIRQ_TYPE_GSI);
	if (nr < 0)
		return nr;
	op->pirq = nr;
	return 0;
}

static void give_back_pirq(void *arg)
{
	const struct physdev_get_free_pirq *op = arg;

	pirq_unmap(current->domain, op->pirq);
}

static long op_setup_gsi(void *arg)
{
	const struct physdev_setup_gsi *op = arg;
	struct irq_desc *desc;
	int rc;

	if (op->gsi < 0 || op->triggering > 1 || op->polarity > 1)
		return -EINVAL;
	desc = gsi_get(op->gsi, &rc);
	return desc ? gsi_configure(desc, op->triggering, op->polarity) : rc;
}

/* Old interfaces: the vector of a line, for kernels that wrote it to the IO-APIC themselves. */
static long op_alloc_vector(void *arg)
{
	struct physdev_irq *op = arg;
	struct irq_desc *desc;
	int rc;

	desc = gsi_get(op->irq, &rc);
	if (!desc)
		return rc;
	op->vector = desc->vector;
	return 0;
}

static long op_free_vector(void *arg)
{
	const struct physdev_irq *op = arg;

	return op->irq < irq_nr_gsis() ? 0 : -EINVAL;	/* a line keeps its vector */
}

static long op_apic_read(void *arg)
{
	struct physdev_apic *op = arg;

	return ioapic_read_register(op->apic_physbase, op->reg, &op->value);
}

/* ---- PCI devices ------------------------------------------------------------------- */

static long device_add(u8 bus, u8 devfn, bool is_virtfn)
{
	/* A virtual function doesn't show a vendor. */
	if (!is_virtfn && !pci_present(bus, devfn))
		return -ENODEV;
	set_bit(bdf(bus, devfn), known_devices);
	return 0;
}

static long device_remove(u8 bus, u8 devfn)
{
	unsigned vec = VEC_FIRST_DYNAMIC;

	if (!test_bit(bdf(bus, devfn), known_devices))
		return -ENODEV;
	if (irq_next_msi(&vec, bus, devfn))
		return -EBUSY;
	clear_bit(bdf(bus, devfn), known_devices);
	return 0;
}

static long op_device_add(void *arg)
{
	const struct physdev_pci_device_add *op = arg;

	return op->seg ? -ENODEV : device_add(op->bus, op->devfn, op->flags & XEN_PCI_DEV_VIRTFN);
}

static long op_manage_add(void *arg)
{
	const struct physdev_manage_pci *op = arg;

	return device_add(op->bus, op->devfn, false);
}

static long op_manage_add_ext(void *arg)
{
	const struct physdev_manage_pci_ext *op = arg;

	return device_add(op->bus, op->devfn, op->is_virtfn);
}

static long op_device_remove(void *arg)
{
	const struct physdev_pci_device *op = arg;

	return op->seg ? -ENODEV : device_remove(op->bus, op->devfn);
}

static long op_manage_remove(void *arg)
{
	const struct physdev_manage_pci *op = arg;

	return device_remove(op->bus, op->devfn);
}

static long op_restore_msi(void *arg)
{
	const struct physdev_restore_msi *op = arg;

	return msi_restore_device(op->bus, op->devfn);
}

static long op_restore_msi_ext(void *arg)
{
	const struct physdev_pci_device *op = arg;

	return op->seg ? -ENODEV : msi_restore_device(op->bus, op->devfn);
}

/* The table's place is looked up at each mapping, so there is nothing to keep between. */
static long op_msix(void *arg)
{
	const struct physdev_pci_device *op = arg;

	return !op->seg && msi_device_has(op->bus, op->devfn, true) ? 0 : -ENODEV;
}

/* dom0's AML confirms a window of config space; only those that the MCFG names exist for us. */
static long op_mmcfg_reserved(void *arg)
{
	const struct physdev_pci_mmcfg_reserved *op = arg;

	if (op->flags & ~XEN_PCI_MMCFG_RESERVED)
		return -EINVAL;
	for (unsigned i = 0; i < acpi.nr_mcfg; i++)
		if (acpi.mcfg[i].base == op->address && acpi.mcfg[i].seg == op->segment &&
		    acpi.mcfg[i].first_bus == op->start_bus && acpi.mcfg[i].last_bus == op->end_bus)
			return 0;
	return -ENODEV;
}

/* ---- the table ------------------------------------------------------------------------ */

#define IN(fn, type)		{ fn, NULL, sizeof(struct type), false }
#define INOUT(fn, type, undo)	{ fn, undo, sizeof(struct type), true }

static const struct physdev_cmd {
	struct arg_command c;
	bool hardware;			/* for the control domain */
} commands[] = {
	[PHYSDEVOP_irq_status_query]	= { INOUT(op_irq_status, physdev_irq_status_query, NULL), false },
	[PHYSDEVOP_set_iopl]		= { IN(op_set_iopl, physdev_set_iopl), false },
	[PHYSDEVOP_set_iobitmap]	= { IN(op_set_iobitmap, physdev_set_iobitmap), false },
	[PHYSDEVOP_apic_read]		= { INOUT(op_apic_read, physdev_apic, NULL), true },
	[PHYSDEVOP_alloc_irq_vector]	= { INOUT(op_alloc_vector, physdev_irq, NULL), true },
	[PHYSDEVOP_free_irq_vector]	= { IN(op_free_vector, physdev_irq), true },
	[PHYSDEVOP_eoi]			= { IN(op_eoi, physdev_eoi), false },
	[PHYSDEVOP_map_pirq]		= { INOUT(op_map_pirq, physdev_map_pirq, unmap_again), true },
	[PHYSDEVOP_unmap_pirq]		= { IN(op_unmap_pirq, physdev_unmap_pirq), true },
	[PHYSDEVOP_manage_pci_add]	= { IN(op_manage_add, physdev_manage_pci), true },
	[PHYSDEVOP_manage_pci_remove]	= { IN(op_manage_remove, physdev_manage_pci), true },
	[PHYSDEVOP_restore_msi]		= { IN(op_restore_msi, physdev_restore_msi), true },
	[PHYSDEVOP_manage_pci_add_ext]	= { IN(op_manage_add_ext, physdev_manage_pci_ext), true },
	[PHYSDEVOP_setup_gsi]		= { IN(op_setup_gsi, physdev_setup_gsi), true },
	[PHYSDEVOP_get_free_pirq]	= { INOUT(op_get_free_pirq, physdev_get_free_pirq, give_back_pirq), true },
	[PHYSDEVOP_pci_mmcfg_reserved]	= { IN(op_mmcfg_reserved, physdev_pci_mmcfg_reserved), true },
	[PHYSDEVOP_pci_device_add]	= { IN(op_device_add, physdev_pci_device_add), true },
	[PHYSDEVOP_pci_device_remove]	= { IN(op_device_remove, physdev_pci_device), true },
	[PHYSDEVOP_restore_msi_ext]	= { IN(op_restore_msi_ext, physdev_pci_device), true },
	[PHYSDEVOP_prepare_msix]	= { IN(op_msix, physdev_pci_device), true },
	[PHYSDEVOP_release_msix]	= { IN(op_msix, physdev_pci_device), true },
};

long do_physdev_op(u64 cmd, u64 arg)
{
	cmd = (u32)cmd;
	if (cmd >= ARRAY_SIZE(commands) || !commands[cmd].c.fn)
		return -ENOSYS;
	if (commands[cmd].hardware && !is_control_domain(current->domain))
		return -EPERM;
	return run_command(&commands[cmd].c, arg);
}
