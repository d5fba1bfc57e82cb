/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: a vcpu's XSAVE state, for a domain that is saved and restored.
 *
 * The buffer: XCR0, the components that it ever had on, and an area in XSAVE's standard
 * format. (public/domctl.h, vcpuextstate; Intel SDM volume 1, 13.4)
 */
#include "control.h"

#define XSTATE_X87	BIT(0)
#define XSTATE_SSE	BIT(1)
#define XSTATE_AVX	BIT(2)
#define XSTATE_AVX512	0xe0UL
#define FXSAVE_SIZE	512

struct xsave_header { u64 xstate_bv, xcomp_bv, reserved[6]; };

struct ext_state {
	u64 xcr0, xcr0_accum;
	u8 area[PAGE_SIZE];
};
#define PREFIX		offsetof(struct ext_state, area)

static struct xsave_header *header_of(u8 *area)
{
	return (struct xsave_header *)(area + FXSAVE_SIZE);
}

/* Without XSAVE there is no such state: size 0. */
int domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuextstate *e = &op->u.vcpuextstate;
	struct vcpu *v = find_vcpu(d, e->vcpu);
	u64 size = cpu_features.xsave ? PREFIX + cpu_features.xsave_size : 0;
	struct ext_state *s;
	int rc;

	if (!v)
		return -ESRCH;
	if (!size || !e->buffer.p) {
		e->size = size;
		e->xfeature_mask = cpu_features.xcr0;
		return 0;
	}
	if (e->size < size || e->xfeature_mask != cpu_features.xcr0)
		return -EINVAL;
	s = xnew(struct ext_state);
	if (!s)
		return -ENOMEM;
	vcpu_pause(v);
	s->xcr0 = v->xcr0;
	s->xcr0_accum = cpu_features.xcr0;
	memcpy(s->area, v->fpu, cpu_features.xsave_size);
	vcpu_unpause(v);
	e->size = size;
	rc = copy_to_guest(handle_va(e->buffer), s, size);
	xfree(s);
	return rc;
}

static bool valid_xcr0(u64 xcr0)
{
	if (!(xcr0 & XSTATE_X87) || (xcr0 & ~cpu_features.xcr0))
		return false;
	if ((xcr0 & XSTATE_AVX) && !(xcr0 & XSTATE_SSE))
		return false;
	return !(xcr0 & XSTATE_AVX512) ||
	       ((xcr0 & XSTATE_AVX512) == XSTATE_AVX512 && (xcr0 & XSTATE_AVX));
}

/* What XRSTOR would fault on, and what the vcpu may not have. */
static bool valid_state(struct ext_state *s)
{
	static const struct xsave_header none;
	struct xsave_header *h = header_of(s->area);

	return valid_xcr0(s->xcr0) && !(s->xcr0_accum & ~cpu_features.xcr0) &&
	       !(s->xcr0 & ~s->xcr0_accum) && !(h->xstate_bv & ~s->xcr0_accum) &&
	       !h->xcomp_bv && !memcmp(h->reserved, none.reserved, sizeof(h->reserved));
}

static int set_state(struct vcpu *v, struct ext_state *s)
{
	int rc = -EINVAL;

	vcpu_pause(v);
	if (valid_state(s))
		rc = fpu_set_fxsave(v, s->area);	/* checks MXCSR too */
	if (!rc) {
		memcpy((u8 *)v->fpu + FXSAVE_SIZE, s->area + FXSAVE_SIZE,
		       cpu_features.xsave_size - FXSAVE_SIZE);
		v->xcr0 = s->xcr0;
	}
	vcpu_unpause(v);
	return rc;
}

int domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_vcpuextstate *e = &op->u.vcpuextstate;
	struct vcpu *v = find_vcpu(d, e->vcpu);
	struct ext_state *s;
	int rc;

	if (!v)
		return -ESRCH;
	if (!cpu_features.xsave || e->size < PREFIX + sizeof(struct xsave_header) + FXSAVE_SIZE ||
	    e->size > PREFIX + cpu_features.xsave_size)
		return -EINVAL;
	s = xnew(struct ext_state);
	if (!s)
		return -ENOMEM;
	rc = copy_from_guest(s, handle_va(e->buffer), e->size);
	if (!rc)
		rc = set_state(v, s);
	xfree(s);
	return rc;
}
