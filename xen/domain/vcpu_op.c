/* SPDX-License-Identifier: GPL-2.0-only */
/* vcpu_op: a domain brings its own vcpus up and down and tells where they keep their records. */
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

static long vcpu_initialise(struct vcpu *v, u64 arg)
{
	struct vcpu_guest_context *c;
	long rc;

	c = xnew(struct vcpu_guest_context);
	if (!c)
		return -ENOMEM;
	rc = copy_from_guest(c, arg, sizeof(*c));
	if (!rc && xchg(&v->initialising, true)) {
		rc = -EBUSY;
	} else if (!rc) {
		rc = v->initialised ? -EEXIST : vcpu_set_context(v, c);
		__atomic_store_n(&v->initialising, false, __ATOMIC_RELEASE);
	}
	xfree(c);
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_vcpu_op, 3, (u64)VCPUOP_initialise, (u64)v->id,
					 arg);
	return rc;
}

static long vcpu_up(struct vcpu *v)
{
	if (!v->initialised)
		return -EINVAL;
	if (__atomic_and_fetch(&v->pause_flags, ~VPF_DOWN, __ATOMIC_SEQ_CST) == 0)
		vcpu_wake(v);
	return 0;
}

/* The last vcpu that goes down takes the domain with it. */
static long vcpu_down(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct vcpu *w;
	bool any_up = false;

	/* Marked first: of two that go down at once, the later one sees that it is the last. */
	__atomic_or_fetch(&v->pause_flags, VPF_DOWN, __ATOMIC_SEQ_CST);
	for_each_vcpu(d, w)
		any_up |= !(atomic_read(&w->pause_flags) & VPF_DOWN);
	if (!any_up)
		domain_shutdown(d, SHUTDOWN_poweroff);
	vcpu_sleep(v);
	return 0;
}

static long register_runstate(struct vcpu *v, u64 arg)
{
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_runstate_info info;

	if (get_guest(&area, arg, 0))
		return -EFAULT;
	if (area.addr.p && !guest_range_ok(area.addr.p, sizeof(info)))
		return -EFAULT;
	v->runstate_va = area.addr.p;
	if (v == current) {
		vcpu_runstate_get(v, &info);
		if (v->runstate_va && copy_to_guest(v->runstate_va, &info, sizeof(info))) {
			v->runstate_va = 0;
			return -EFAULT;
		}
	}
	return 0;
}

static long register_time_area(struct vcpu *v, u64 arg)
{
	struct vcpu_register_time_memory_area area;

	if (get_guest(&area, arg, 0))
		return -EFAULT;
	if (area.addr.p && !guest_range_ok(area.addr.p, sizeof(struct vcpu_time_info)))
		return -EFAULT;
	v->time_va = area.addr.p;
	if (v == current)
		update_vcpu_time(v, true);
	return 0;
}

static long register_info(struct vcpu *v, u64 arg)
{
	struct vcpu_register_vcpu_info r;

	if (get_guest(&r, arg, 0))
		return -EFAULT;
	if (v != current && !(v->pause_flags & VPF_DOWN))
		return -EINVAL;
	return map_vcpu_info(v, r.mfn, r.offset);
}

static long set_periodic(struct vcpu *v, u64 arg)
{
	struct vcpu_set_periodic_timer p;

	if (get_guest(&p, arg, 0))
		return -EFAULT;
	if (p.period_ns < MILLISECS(1) || p.period_ns > (u64)SECONDS(3600))
		return -EINVAL;
	vcpu_set_periodic(v, p.period_ns);
	return 0;
}

static long set_singleshot(struct vcpu *v, u64 arg)
{
	struct vcpu_set_singleshot_timer s;

	if (v != current)
		return -EINVAL;
	if (get_guest(&s, arg, 0))
		return -EFAULT;
	return vcpu_set_singleshot(v, s.timeout_abs_ns);
}

static long get_runstate(struct vcpu *v, u64 arg)
{
	struct vcpu_runstate_info info;

	vcpu_runstate_get(v, &info);
	return put_guest(arg, 0, &info);
}

static long get_physid(struct vcpu *v, u64 arg)
{
	struct vcpu_get_physid p;

	if (!is_control_domain(v->domain))
		return -EINVAL;		/* not pinned to a CPU */
	p.phys_id = (u64)cpus[v->cpu].acpi_id << 32 | cpus[v->cpu].apic_id;
	return put_guest(arg, 0, &p);
}

long do_vcpu_op(u64 cmd, u64 vcpuid, u64 arg)
{
	struct domain *d = current->domain;
	struct vcpu *v = vcpuid < d->max_vcpus ? d->vcpu[vcpuid] : NULL;

	if (!v)
		return -ENOENT;
	switch (cmd) {
	case VCPUOP_initialise:
		return vcpu_initialise(v, arg);
	case VCPUOP_up:
		return vcpu_up(v);
	case VCPUOP_down:
		return vcpu_down(v);
	case VCPUOP_is_up:
		return !(v->pause_flags & VPF_DOWN);
	case VCPUOP_get_runstate_info:
		return get_runstate(v, arg);
	case VCPUOP_register_runstate_memory_area:
		return register_runstate(v, arg);
	case VCPUOP_set_periodic_timer:
		return set_periodic(v, arg);
	case VCPUOP_stop_periodic_timer:
		vcpu_set_periodic(v, 0);
		return 0;
	case VCPUOP_set_singleshot_timer:
		return set_singleshot(v, arg);
	case VCPUOP_stop_singleshot_timer:
		if (v != current)
			return -EINVAL;
		timer_stop(&v->singleshot);
		return 0;
	case VCPUOP_register_vcpu_info:
		return register_info(v, arg);
	case VCPUOP_send_nmi:
		__atomic_store_n(&v->nmi_pending, 1, __ATOMIC_SEQ_CST);
		vcpu_wake_for_nmi(v);
		return 0;
	case VCPUOP_get_physid:
		return get_physid(v, arg);
	case VCPUOP_register_vcpu_time_memory_area:
		return register_time_area(v, arg);
	}
	return -ENOSYS;
}
