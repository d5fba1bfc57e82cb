/* SPDX-License-Identifier: GPL-2.0-only */
/* xen_version: who we are. The ABI is that of Xen 4.17; tools choose their libraries by it. */
#include <xen/boot.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

#define XEN_MAJOR 4
#define XEN_MINOR 17

extern const char hv_build[], hv_date[];

static const char extraversion[XEN_EXTRAVERSION_LEN] = ".0-xendemo";
static const xen_capabilities_info_t capabilities = "xen-3.0-x86_64 ";

/* What Linux asks: see public/features.h. Never writable page tables nor auto-translation. */
static u32 features(const struct domain *d)
{
	u32 f = BIT(XENFEAT_mmu_pt_update_preserve_ad) | BIT(XENFEAT_highmem_assist) |
		BIT(XENFEAT_gnttab_map_avail_bits) | BIT(XENFEAT_memory_op_vnode_supported) |
		BIT(XENFEAT_direct_mapped);

	if (d->vm_assist & BIT(VMASST_TYPE_pae_extended_cr3))
		f |= BIT(XENFEAT_pae_pgdir_above_4gb);
	if (d == dom0)
		f |= BIT(XENFEAT_dom0);
	return f;
}

static long get_features(u64 arg)
{
	struct xen_feature_info fi;

	if (get_guest(&fi, arg, 0))
		return -EFAULT;
	if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	fi.submap = fi.submap_idx ? 0 : features(current->domain);
	return put_guest(arg, 0, &fi);
}

static long compile_info(u64 arg)
{
	struct xen_compile_info info = {
		.compiler = "gcc " __VERSION__,
		.compile_by = "xendemo",
		.compile_domain = "xendemo",
	};

	strlcpy(info.compile_date, hv_date, sizeof(info.compile_date));
	return put_guest(arg, 0, &info);
}

static long changeset(u64 arg)
{
	xen_changeset_info_t info = "";

	strlcpy(info, hv_build, sizeof(info));
	return put_guest(arg, 0, &info);
}

static long commandline(u64 arg)
{
	static xen_commandline_t text;

	if (!is_control_domain(current->domain))
		return -EPERM;
	strlcpy(text, boot_info.cmdline, sizeof(text));
	return put_guest(arg, 0, &text);
}

long do_xen_version(u64 cmd, u64 arg)
{
	struct xen_platform_parameters params = { .virt_start = HV_VIRT_START };

	switch (cmd) {
	case XENVER_version:
		return XEN_MAJOR << 16 | XEN_MINOR;
	case XENVER_extraversion:
		return put_guest(arg, 0, &extraversion);
	case XENVER_compile_info:
		return compile_info(arg);
	case XENVER_capabilities:
		return put_guest(arg, 0, &capabilities);
	case XENVER_changeset:
		return changeset(arg);
	case XENVER_platform_parameters:
		return put_guest(arg, 0, &params);
	case XENVER_get_features:
		return get_features(arg);
	case XENVER_pagesize:
		return PAGE_SIZE;
	case XENVER_guest_handle:
		return put_guest(arg, 0, &current->domain->handle);
	case XENVER_commandline:
		return commandline(arg);
	case XENVER_build_id:
		return -ENODATA;
	}
	return -ENOSYS;
}
