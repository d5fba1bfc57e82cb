/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall 7, platform_op: what the kernel of domain 0 asks about the PC it runs on.
 * (public/platform.h)
 *
 * What isn't in the table is -ENOSYS, which Linux takes for "the hypervisor sees to it, or
 * nobody": power states of CPUs, microcode, hot-plug, EFI's runtime services.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include "control.h"

#define NS_PER_S	1000000000

static int platform_settime64(struct xen_platform_op *op)
{
	const struct xenpf_settime64 *t = &op->u.settime64;

	if (t->mbz || t->nsecs >= NS_PER_S || (stime_t)t->system_time < 0)
		return -EINVAL;
	set_wallclock(t->secs, t->nsecs, t->system_time);
	return 0;
}

static int platform_settime32(struct xen_platform_op *op)
{
	const struct xenpf_settime32 *t = &op->u.settime32;

	if (t->nsecs >= NS_PER_S || (stime_t)t->system_time < 0)
		return -EINVAL;
	set_wallclock(t->secs, t->nsecs, t->system_time);
	return 0;
}

#define BDA_KBD_FLAGS	0x417	/* in the BIOS data area (IBM PC/AT technical reference) */

/* The part of a region of EFI's memory map from mem.addr on, at most mem.size bytes. */
static int efi_mem_info(union xenpf_efi_info *info)
{
	const struct efi_region *r = efi_find_region(info->mem.addr);

	if (!r)
		return -ESRCH;
	info->mem.size = MIN(info->mem.size, r->start + r->size - info->mem.addr);
	info->mem.attr = r->attr;
	info->mem.type = r->type;
	return 0;
}

/* The vendor's name, cut to what fits in the buffer. */
static int efi_vendor(union xenpf_efi_info *info)
{
	static const u16 end;
	u32 room = info->vendor.bufsz / sizeof(u16), n = 0;

	if (!room)
		return -EINVAL;
	while (n < room - 1 && efi_info.vendor[n])
		n++;
	if (copy_to_guest(handle_va(info->vendor.name), efi_info.vendor, n * sizeof(u16)) ||
	    copy_to_guest(handle_va(info->vendor.name) + n * sizeof(u16), &end, sizeof(end)))
		return -EFAULT;
	info->vendor.revision = efi_info.fw_revision;
	return 0;
}

/* What EFI's system table says. Its runtime services can't be called (XENPF_efi_runtime_call). */
static int efi_firmware_info(u32 index, union xenpf_efi_info *info)
{
	if (!efi_info.config_table)
		return -ENOSYS;
	switch (index) {
	case XEN_FW_EFI_VERSION:
		info->version = efi_info.revision;
		return 0;
	case XEN_FW_EFI_RT_VERSION:
		info->version = efi_info.rt_revision;
		return 0;
	case XEN_FW_EFI_CONFIG_TABLE:
		info->cfg.addr = efi_info.config_table;
		info->cfg.nent = efi_info.nr_tables;
		return 0;
	case XEN_FW_EFI_VENDOR:
		return efi_vendor(info);
	case XEN_FW_EFI_MEM_INFO:
		return efi_mem_info(info);
	case XEN_FW_EFI_PCI_ROM:	/* only boot services could tell */
	case XEN_FW_EFI_APPLE_PROPERTIES:
		return -ESRCH;
	}
	return -EINVAL;
}

/* The BIOS is gone by the time anybody asks; but it left the keyboard's state in memory. */
static int platform_firmware_info(struct xen_platform_op *op)
{
	struct xenpf_firmware_info *f = &op->u.firmware_info;

	switch (f->type) {
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (boot_info.efi || f->index)
			return -ESRCH;
		f->u.kbd_shift_flags = *(const u8 *)pa_to_va(BDA_KBD_FLAGS);
		return 0;
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return -ESRCH;
	case XEN_FW_EFI_INFO:
		return efi_firmware_info(f->index, &f->u.efi_info);
	}
	return -EINVAL;
}

static int platform_enter_acpi_sleep(struct xen_platform_op *op)
{
	const struct xenpf_enter_acpi_sleep *s = &op->u.enter_acpi_sleep;

	if (s->flags & ~XENPF_ACPI_SLEEP_EXTENDED || s->sleep_state > 5)
		return -EINVAL;
	if (s->flags)
		return -EOPNOTSUPP;
	return acpi_enter_sleep(s->sleep_state, s->val_a, s->val_b);
}

/* ---- CPUs --------------------------------------------------------------------- */

static int platform_get_cpuinfo(struct xen_platform_op *op)
{
	struct xenpf_pcpuinfo *p = &op->u.pcpu_info;

	p->max_present = nr_cpus - 1;
	p->flags = XEN_PCPU_FLAGS_INVALID;
	if (p->xen_cpuid < nr_cpus) {
		p->flags = cpus[p->xen_cpuid].online ? XEN_PCPU_FLAGS_ONLINE : 0;
		p->apic_id = cpus[p->xen_cpuid].apic_id;
		p->acpi_id = cpus[p->xen_cpuid].acpi_id;
	}
	return 0;
}

static int platform_get_cpu_version(struct xen_platform_op *op)
{
	struct xenpf_pcpu_version *p = &op->u.pcpu_version;

	if (p->xen_cpuid >= nr_cpus)
		return -EINVAL;
	p->max_present = nr_cpus - 1;
	memcpy(p->vendor_id, cpu_features.vendor, sizeof(p->vendor_id));
	p->family = cpu_features.family;
	p->model = cpu_features.model;
	p->stepping = cpu_features.stepping;
	return 0;
}

static int platform_cpu_online(struct xen_platform_op *op)
{
	u32 cpu = op->u.cpu_ol.cpuid;

	if (cpu >= nr_cpus)
		return -EINVAL;
	return cpus[cpu].online ? 0 : -EOPNOTSUPP;
}

static int platform_cpu_offline(struct xen_platform_op *op)
{
	return op->u.cpu_ol.cpuid < nr_cpus ? -EOPNOTSUPP : -EINVAL;
}

static int platform_getidletime(struct xen_platform_op *op)
{
	struct xenpf_getidletime *g = &op->u.getidletime;
	struct xenctl_bitmap map = { .nr_bits = g->cpumap_nr_cpus };
	u64 wanted, ns;
	int rc;

	map.bitmap.p = g->cpumap_bitmap.p;
	rc = get_bitmap(&map, &wanted);
	if (rc)
		return rc;
	g->now = now();
	for (u64 m = wanted; m; m &= m - 1) {
		unsigned cpu = ffs64(m);

		ns = cpu < nr_cpus ? cpu_idle_time(cpu) : 0;
		if (put_guest(g->idletime.p, cpu, &ns))
			return -EFAULT;
	}
	return put_bitmap(&map, wanted & online_cpus());
}

/* ---- the table ---------------------------------------------------------------------- */

static int (*const commands[])(struct xen_platform_op *op) = {
	[XENPF_settime64]	= platform_settime64,
	[XENPF_settime32]	= platform_settime32,
	[XENPF_firmware_info]	= platform_firmware_info,
	[XENPF_enter_acpi_sleep] = platform_enter_acpi_sleep,
	[XENPF_get_cpuinfo]	= platform_get_cpuinfo,
	[XENPF_get_cpu_version]	= platform_get_cpu_version,
	[XENPF_cpu_online]	= platform_cpu_online,
	[XENPF_cpu_offline]	= platform_cpu_offline,
	[XENPF_getidletime]	= platform_getidletime,
};

long do_platform_op(u64 arg)
{
	struct xen_platform_op op;
	int rc = get_op(&op, sizeof(op), arg, XENPF_INTERFACE_VERSION);

	if (rc)
		return rc;
	if (op.cmd >= ARRAY_SIZE(commands) || !commands[op.cmd])
		return -ENOSYS;
	rc = commands[op.cmd](&op);
	if (!rc && put_guest(arg, 0, &op))
		return -EFAULT;
	return rc;
}
