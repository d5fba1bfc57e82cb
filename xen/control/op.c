/* SPDX-License-Identifier: GPL-2.0-only */
/* The way in of the hypercalls that are for domain 0: domctl, sysctl, platform_op, mca. */
#include <xen/domain.h>
#include "control.h"

int get_op(void *op, size_t size, vaddr_t arg, u32 version)
{
	const struct { u32 cmd, interface_version; } *head = op;

	if (!is_control_domain(current->domain))
		return -EPERM;
	if (copy_from_guest(op, arg, size))
		return -EFAULT;
	return head->interface_version == version ? 0 : -EACCES;
}
