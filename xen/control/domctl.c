/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercall 36, domctl: what the control domain does to one domain. (public/domctl.h)
 *
 * One command at a time: the gate protects what domain.h marks "domctl lock". It isn't a
 * spinlock because commands may be long and look for interrupts on their way: who finds
 * it closed goes back to its guest, which tries again.
 */
#include "control.h"

#define BACK		1	/* the argument goes back to the caller after success */
#define BACK_ALWAYS	2	/* after a failure too: it tells more about it */
#define NO_DOMAIN	4	/* the domain it names need not exist */
#define NOT_SELF	8	/* a domain can't do it to itself: -EINVAL */

static const struct domctl_command {
	domctl_fn *fn;
	unsigned flags;
} commands[] = {
	[XEN_DOMCTL_createdomain]	= { domctl_createdomain, NO_DOMAIN | BACK },
	[XEN_DOMCTL_destroydomain]	= { domctl_destroydomain, NOT_SELF },
	[XEN_DOMCTL_pausedomain]	= { domctl_pausedomain, NOT_SELF },
	[XEN_DOMCTL_unpausedomain]	= { domctl_unpausedomain, NOT_SELF },
	[XEN_DOMCTL_resumedomain]	= { domctl_resumedomain, NOT_SELF },
	[XEN_DOMCTL_getdomaininfo]	= { domctl_getdomaininfo, NO_DOMAIN | BACK },
	[XEN_DOMCTL_setdomainhandle]	= { domctl_setdomainhandle },
	[XEN_DOMCTL_set_address_size]	= { domctl_set_address_size },
	[XEN_DOMCTL_get_address_size]	= { domctl_get_address_size, BACK },
	[XEN_DOMCTL_settimeoffset]	= { domctl_settimeoffset },
	[XEN_DOMCTL_settscinfo]		= { domctl_settscinfo, NOT_SELF },
	[XEN_DOMCTL_gettscinfo]		= { domctl_gettscinfo, BACK },

	[XEN_DOMCTL_max_vcpus]		= { domctl_max_vcpus, NOT_SELF },
	[XEN_DOMCTL_setvcpucontext]	= { domctl_setvcpucontext, NOT_SELF },
	[XEN_DOMCTL_getvcpucontext]	= { domctl_getvcpucontext, NOT_SELF },
	[XEN_DOMCTL_getvcpuinfo]	= { domctl_getvcpuinfo, BACK },
	[XEN_DOMCTL_sendtrigger]	= { domctl_sendtrigger },
	[XEN_DOMCTL_get_ext_vcpucontext] = { domctl_get_ext_vcpucontext, BACK },
	[XEN_DOMCTL_set_ext_vcpucontext] = { domctl_set_ext_vcpucontext, NOT_SELF },
	[XEN_DOMCTL_getvcpuextstate]	= { domctl_getvcpuextstate, NOT_SELF | BACK },
	[XEN_DOMCTL_setvcpuextstate]	= { domctl_setvcpuextstate, NOT_SELF },
	[XEN_DOMCTL_get_vcpu_msrs]	= { domctl_get_vcpu_msrs, NOT_SELF | BACK_ALWAYS },
	[XEN_DOMCTL_set_vcpu_msrs]	= { domctl_set_vcpu_msrs, NOT_SELF | BACK_ALWAYS },

	[XEN_DOMCTL_setdebugging]	= { domctl_setdebugging, NOT_SELF },

	[XEN_DOMCTL_max_mem]		= { domctl_max_mem },
	[XEN_DOMCTL_getpageframeinfo3]	= { domctl_getpageframeinfo3 },
	[XEN_DOMCTL_hypercall_init]	= { domctl_hypercall_init },
	[XEN_DOMCTL_shadow_op]		= { domctl_shadow_op },

	[XEN_DOMCTL_irq_permission]	= { domctl_irq_permission },
	[XEN_DOMCTL_iomem_permission]	= { domctl_iomem_permission },
	[XEN_DOMCTL_ioport_permission]	= { domctl_ioport_permission },
	[XEN_DOMCTL_memory_mapping]	= { domctl_memory_mapping },

	[XEN_DOMCTL_scheduler_op]	= { domctl_scheduler_op, BACK },
	[XEN_DOMCTL_setvcpuaffinity]	= { domctl_setvcpuaffinity },
	[XEN_DOMCTL_getvcpuaffinity]	= { domctl_getvcpuaffinity },
	[XEN_DOMCTL_setnodeaffinity]	= { domctl_setnodeaffinity },
	[XEN_DOMCTL_getnodeaffinity]	= { domctl_getnodeaffinity },

	[XEN_DOMCTL_get_cpu_policy]	= { domctl_get_cpu_policy, BACK },
	[XEN_DOMCTL_set_cpu_policy]	= { domctl_set_cpu_policy, NOT_SELF | BACK_ALWAYS },
};

static const struct domctl_command gdbsx_commands[] = {	/* from XEN_DOMCTL_gdbsx_guestmemio on */
	{ domctl_gdbsx_guestmemio, NOT_SELF | BACK_ALWAYS },
	{ domctl_gdbsx_pausevcpu, NOT_SELF },
	{ domctl_gdbsx_unpausevcpu, NOT_SELF },
	{ domctl_gdbsx_domstatus, NOT_SELF | BACK },
};

static const struct domctl_command *find_command(u32 cmd)
{
	u32 gdbsx = cmd - XEN_DOMCTL_gdbsx_guestmemio;

	if (gdbsx < ARRAY_SIZE(gdbsx_commands))
		return &gdbsx_commands[gdbsx];
	return cmd < ARRAY_SIZE(commands) && commands[cmd].fn ? &commands[cmd] : NULL;
}

static u32 gate;		/* atomic: 1 while a command runs */

static int run(const struct domctl_command *c, struct xen_domctl *op)
{
	struct domain *d;
	int rc;

	if (c->flags & NO_DOMAIN)
		return c->fn(NULL, op);
	d = get_domain(op->domain);
	if (!d)
		return -ESRCH;
	if ((c->flags & NOT_SELF) && d == current->domain)
		rc = -EINVAL;
	else
		rc = c->fn(d, op);
	put_domain(d);
	return rc;
}

long do_domctl(u64 arg)
{
	const struct domctl_command *c;
	struct xen_domctl op;
	bool back;
	int rc = get_op(&op, sizeof(op), arg, XEN_DOMCTL_INTERFACE_VERSION);

	if (rc)
		return rc;
	c = find_command(op.cmd);
	if (!c)
		return -ENOSYS;
	/* Can the result be told? If not, better do nothing. */
	if ((c->flags & (BACK | BACK_ALWAYS)) && put_guest(arg, 0, &op))
		return -EFAULT;

	if (cmpxchg(&gate, 0, 1))
		return hypercall_restart(__HYPERVISOR_domctl, 1, arg);
	rc = run(c, &op);
	__atomic_store_n(&gate, 0, __ATOMIC_RELEASE);

	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_domctl, 1, arg);
	back = c->flags & BACK_ALWAYS || (!rc && c->flags & BACK);
	if (back && put_guest(arg, 0, &op))
		return -EFAULT;
	return rc;
}
