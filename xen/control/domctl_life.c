/* SPDX-License-Identifier: GPL-2.0-only */
/* domctl: birth, pause and end of a domain, and what it is told about time. */
#include "control.h"

#define MAX_OFFSET_S	(1L << 33)	/* 272 years */

/* ---- birth -------------------------------------------------------------------- */

#define KNOWN_FLAGS	(2 * XEN_DOMCTL_CDF_MAX - 1)

/* A PV domain, with version 1 grants and without an IOMMU: there is no other kind here. */
static int check_create(const struct xen_domctl_createdomain *c)
{
	if (!c->max_vcpus || c->max_vcpus > MAX_VCPUS) {
		printk(LOG_WARN "A domain with %u vcpus is asked for: 1 to %u are possible\n", c->max_vcpus,
		       MAX_VCPUS);
		return -EINVAL;
	}
	if (c->flags & ~KNOWN_FLAGS)
		return -EINVAL;
	if (c->flags || c->iommu_opts || c->vmtrace_size || c->arch.emulation_flags ||
	    c->arch.misc_flags)
		return -EOPNOTSUPP;
	if (c->grant_opts != XEN_DOMCTL_GRANT_version(1))
		return -EINVAL;
	return c->cpupool_id ? -ENOENT : 0;
}

int domctl_createdomain(struct domain *unused, struct xen_domctl *op)
{
	const struct xen_domctl_createdomain *c = &op->u.createdomain;
	domid_t id = op->domain;
	struct domain_config cfg = {
		.max_vcpus = c->max_vcpus,
		.max_evtchn_port = c->max_evtchn_port,
		.max_grant_frames = MAX(c->max_grant_frames, -1),
		.max_maptrack_frames = MAX(c->max_maptrack_frames, -1),
	};
	int rc = check_create(c);

	if (rc)
		return rc;
	if (!id || id >= DOMID_FIRST_RESERVED)
		id = domain_free_id();
	if (!id)
		return -ENOMEM;
	memcpy(cfg.handle, c->handle, sizeof(cfg.handle));
	if (domain_create(id, &cfg, &rc))
		op->domain = id;
	return rc;
}

/* ---- pause and end -------------------------------------------------------------- */

int domctl_destroydomain(struct domain *d, struct xen_domctl *op)
{
	return domain_kill(d);
}

int domctl_pausedomain(struct domain *d, struct xen_domctl *op)
{
	if (atomic_read(&d->controller_pause) >= MAX_PAUSES)
		return -EBUSY;
	atomic_add(&d->controller_pause, 1);
	domain_pause(d);
	return 0;
}

/*
 * A new domain is paused once, by its creation. Its builder clears the shared page (libxc does, for
 * any new guest), and with it the time of day that was there.
 */
int domctl_unpausedomain(struct domain *d, struct xen_domctl *op)
{
	if (atomic_read(&d->controller_pause)) {
		atomic_sub(&d->controller_pause, 1);
	} else if (d->created_paused) {
		d->created_paused = false;
		update_domain_wallclock(d);
	} else {
		return -EINVAL;
	}
	domain_unpause(d);
	return 0;
}

int domctl_resumedomain(struct domain *d, struct xen_domctl *op)
{
	if (d->is_dying)
		return -EINVAL;
	domain_resume(d);
	return 0;
}

/* ---- what it is ------------------------------------------------------------------- */

int domctl_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
	memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
	return 0;
}

int domctl_set_address_size(struct domain *d, struct xen_domctl *op)
{
	switch (op->u.address_size.size) {
	case 64:
		return 0;
	case 32:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

int domctl_get_address_size(struct domain *d, struct xen_domctl *op)
{
	op->u.address_size.size = 64;
	return 0;
}

/* ---- time --------------------------------------------------------------------------- */

int domctl_settimeoffset(struct domain *d, struct xen_domctl *op)
{
	s64 offset = op->u.settimeoffset.time_offset_seconds;

	if (offset > MAX_OFFSET_S || offset < -MAX_OFFSET_S)
		return -EINVAL;
	d->time.offset_s = offset;
	update_domain_wallclock(d);
	return 0;
}

#define TSC_DEFAULT	0	/* of xl.cfg's tsc_mode, documented in xen-tscmode(7) */
#define TSC_EMULATED	1
#define TSC_NATIVE	2
#define TSC_PVRDTSCP	3

/*
 * A guest reads the CPU's own TSC. That is also what the default mode comes to for a PV
 * guest: its clock is system time, which is scaled for it whatever the TSC's frequency.
 */
int domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
	const struct xen_domctl_tsc_info *t = &op->u.tsc_info;

	switch (t->tsc_mode) {
	case TSC_DEFAULT:
	case TSC_NATIVE:
		d->time.tsc_mode = t->tsc_mode;
		d->time.incarnation = t->incarnation;
		return 0;
	case TSC_EMULATED:
	case TSC_PVRDTSCP:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

int domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
	op->u.tsc_info = (struct xen_domctl_tsc_info){
		.tsc_mode = d->time.tsc_mode,
		.gtsc_khz = tsc_khz,
		.incarnation = d->time.incarnation,
		.elapsed_nsec = now(),
	};
	return 0;
}
