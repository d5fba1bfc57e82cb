/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of FPU and vector registers, saved and restored whenever another vcpu
 * takes the CPU: never lazily, so nobody can see what another left there.
 *
 * A vcpu's area is one page: the 512 bytes of FXSAVE, then, with XSAVE, a header of
 * 64 bytes and the other components in the standard format. All components that the
 * hardware has on are saved, whatever XCR0 the guest has chosen: what it turned off
 * for a while must not be another's when it turns it on again.
 * (Intel SDM volume 1, chapters 10.5 and 13)
 */
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

#define FCW_INITIAL	0x37f
#define MXCSR_INITIAL	0x1f80
#define MXCSR_MASK_OLD	0xffbf		/* of CPUs that report none */

#define XCR0_X87	BIT(0)
#define XCR0_SSE	BIT(1)
#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	0xe0UL

struct fpu_area {
	u16 fcw, fsw;
	u8 ftw, pad;
	u16 fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	u8 registers[480];
	u64 xstate_bv, xcomp_bv, reserved[6];	/* XSAVE's header */
};
_Static_assert(offsetof(struct fpu_area, mxcsr) == 24, "FXSAVE layout");
_Static_assert(offsetof(struct fpu_area, xstate_bv) == 512, "XSAVE layout");

static u64 hw_xcr0[NR_CPUS];		/* own CPU: what XCR0 holds */

static void clts(void) { asm volatile("clts" ::: "memory"); }

static void write_xcr0(u64 xcr0)
{
	u64 *hw = &hw_xcr0[this_cpu()->id];

	if (*hw == xcr0)
		return;
	if (xsetbv_safe(xcr0))
		panic("The CPU refuses XCR0 %lx, which its CPUID offers", xcr0);
	*hw = xcr0;
}

/* ---- areas ----------------------------------------------------------------------- */

static void set_initial(struct fpu_area *a)
{
	clear_page(a);
	a->fcw = FCW_INITIAL;
	a->mxcsr = MXCSR_INITIAL;
}

int fpu_alloc(struct vcpu *v)
{
	v->fpu = alloc_page();
	if (!v->fpu)
		return -ENOMEM;
	set_initial(v->fpu);
	v->xcr0 = XCR0_X87;
	return 0;
}

void fpu_free(struct vcpu *v)
{
	if (v->fpu)
		free_page(v->fpu);
	v->fpu = NULL;
}

void fpu_get_fxsave(struct vcpu *v, void *image512)
{
	const struct fpu_area *a = v->fpu;
	struct fpu_area *out = image512;	/* its first 512 bytes */

	memcpy(out, a, 512);
	if (!cpu_features.xsave)
		return;
	/* components in their initial state need not have been written */
	if (!(a->xstate_bv & XCR0_X87)) {
		memset(out, 0, offsetof(struct fpu_area, mxcsr));
		memset(out->registers, 0, 8 * 16);
		out->fcw = FCW_INITIAL;
	}
	if (!(a->xstate_bv & XCR0_SSE))
		memset(out->registers + 8 * 16, 0, 16 * 16);
}

/* Bits of MXCSR that can be set; others make FXRSTOR fault. */
static u32 mxcsr_mask(void)
{
	static u32 mask;			/* the same on all CPUs: written once or twice alike */
	struct fpu_area *a;

	if (mask)
		return mask;
	a = alloc_page();
	if (!a)
		return MXCSR_MASK_OLD;
	clts();
	asm volatile("fxsave64 %0" : "+m" (*(u8 (*)[512])a));
	if (!is_idle_vcpu(current))
		fpu_update_ts(current);
	mask = a->mxcsr_mask ? a->mxcsr_mask : MXCSR_MASK_OLD;
	free_page(a);
	return mask;
}

/* @v isn't loaded on any CPU. */
int fpu_set_fxsave(struct vcpu *v, const void *image512)
{
	const struct fpu_area *in = image512;
	struct fpu_area *a = v->fpu;

	if (in->mxcsr & ~mxcsr_mask())
		return -EINVAL;
	clear_page(a);
	memcpy(a, in, 512);
	a->xstate_bv = cpu_features.xsave ? XCR0_X87 | XCR0_SSE : 0;
	return 0;
}

/* ---- the hardware ------------------------------------------------------------------ */

void fpu_save(struct vcpu *v)
{
	u8 (*area)[PAGE_SIZE] = v->fpu;
	u64 all = cpu_features.xcr0;

	clts();
	if (!cpu_features.xsave) {
		asm volatile("fxsave64 %0" : "+m" (*area));
		return;
	}
	write_xcr0(all);
	if (cpu_features.xsaveopt)
		asm volatile("xsaveopt64 %0" : "+m" (*area) : "a" ((u32)all), "d" ((u32)(all >> 32)));
	else
		asm volatile("xsave64 %0" : "+m" (*area) : "a" ((u32)all), "d" ((u32)(all >> 32)));
}

/*
 * AMD's FXRSTOR leaves the last instruction and data pointers alone unless an
 * exception is pending: overwrite those of the vcpu before. (AMD APM volume 2, 11.4.4)
 */
static void forget_fp_pointers(void)
{
	static const u32 zero;

	asm volatile("fnclex; emms; fildl %0" :: "m" (zero));
}

static int restore(struct vcpu *v)
{
	if (!cpu_features.xsave)
		return fxrstor_safe(v->fpu);
	write_xcr0(cpu_features.xcr0);
	return xrstor_safe(v->fpu, cpu_features.xcr0);
}

void fpu_load(struct vcpu *v)
{
	clts();
	if (cpu_features.amd)
		forget_fp_pointers();
	if (unlikely(restore(v))) {
		printk(LOG_GWARN "d%uv%u: unusable FPU state, set to the initial one\n",
		       v->domain->id, v->id);
		set_initial(v->fpu);
		if (restore(v))
			panic("The CPU refuses the initial FPU state");
	}
	if (cpu_features.xsave)
		write_xcr0(v->xcr0);
	fpu_update_ts(v);
}

/* ---- what the guest may do ------------------------------------------------------------ */

/* @v is loaded on this CPU: the hardware's TS becomes the guest's. */
void fpu_update_ts(struct vcpu *v)
{
	if (v->cr0_ts)
		write_cr(0, read_cr(0) | CR0_TS);
	else
		clts();
}

/* #NM: TS is clear when the guest's handler begins. (public/arch-x86/xen.h, fpu_taskswitch) */
void fpu_device_not_available(struct vcpu *v)
{
	v->cr0_ts = 0;
	clts();
	inject_exception(VEC_NM);
}

long do_fpu_taskswitch(u64 set)
{
	struct vcpu *v = current;

	v->cr0_ts = set ? CR0_TS : 0;
	fpu_update_ts(v);
	return 0;
}

int fpu_set_xcr0(struct vcpu *v, u64 xcr0)
{
	u32 a, b, c, d;

	guest_cpuid(v, 0xd, 0, &a, &b, &c, &d, true);
	if (!cpu_features.xsave || !(xcr0 & XCR0_X87) ||
	    (xcr0 & ~cpu_features.xcr0) || (xcr0 & ~(a | (u64)d << 32)))
		return -EINVAL;
	if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
		return -EINVAL;
	if ((xcr0 & XCR0_AVX512) &&
	    ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || !(xcr0 & XCR0_AVX)))
		return -EINVAL;
	v->xcr0 = xcr0;
	write_xcr0(xcr0);
	return 0;
}
