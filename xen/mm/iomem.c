/* SPDX-License-Identifier: GPL-2.0-only */
/* Device memory that domains with the right to it may only read. */
#include <xen/acpi.h>
#include <xen/mm.h>

bool iomem_read_only(mfn_t mfn)
{
	/* The firmware's AML reads the HPET to see whether it's there; its counters are ours. */
	return acpi.hpet && mfn == PFN_DOWN(acpi.hpet);
}
