/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kind of CPU this is, asked once: cpu_features decides code paths elsewhere.
 * (CPUID: Intel SDM volume 2A, AMD APM volume 3 appendix E)
 */
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/lib.h>

struct cpu_features cpu_features;

static bool opt_xsave = true;
BOOT_OPTION("xsave", OPT_BOOL, opt_xsave, 0, "let guests use XSAVE and what needs it (AVX)");

#define MSR_PLATFORM_INFO	0xce
#define PLATFORM_CPUID_FAULTING	BIT(31)

/* Components whose state we know how to keep: x87, SSE, AVX, and the three of AVX-512. */
#define XCR0_KNOWN	0xe7UL
#define XCR0_BASE	3UL
#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	0xe0UL
#define XSAVE_MIN	(512 + 64)

static void __init identify_vendor(struct cpu_features *f)
{
	u32 a, b, c, d;

	cpuid(0, 0, &a, &b, &c, &d);
	memcpy(f->vendor, &b, 4);
	memcpy(f->vendor + 4, &d, 4);
	memcpy(f->vendor + 8, &c, 4);
	f->intel = !strcmp(f->vendor, "GenuineIntel");
	f->amd = !strcmp(f->vendor, "AuthenticAMD") || !strcmp(f->vendor, "HygonGenuine");

	cpuid(1, 0, &a, &b, &c, &d);
	f->family = a >> 8 & 15;
	f->model = a >> 4 & 15;
	f->stepping = a & 15;
	if (f->family == 6 || f->family == 15)
		f->model |= a >> 12 & 0xf0;
	if (f->family == 15)
		f->family += a >> 20 & 0xff;
}

static void __init identify_basic(struct cpu_features *f, u32 max)
{
	u32 a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	f->pge = d & BIT(13);
	f->pcid = c & BIT(17);
	f->x2apic = c & BIT(21);
	f->tsc_deadline = c & BIT(24);
	f->xsave = opt_xsave && (c & BIT(26)) && max >= 0xd;
	if (max >= 7) {
		cpuid(7, 0, &a, &b, &c, &d);
		f->smep = b & BIT(7);
		f->smap = b & BIT(20);
		f->umip = c & BIT(2);
	}
}

static void __init identify_extended(struct cpu_features *f)
{
	u32 max, a, b, c, d;

	f->maxphysaddr = 36;
	cpuid(0x80000000, 0, &max, &b, &c, &d);
	if (max >> 16 != 0x8000)
		return;
	cpuid(0x80000001, 0, &a, &b, &c, &d);
	f->nx = d & BIT(20);
	f->page1gb = d & BIT(26);
	f->rdtscp = d & BIT(27);
	for (u32 i = 0; max >= 0x80000004 && i < 3; i++) {
		cpuid(0x80000002 + i, 0, &a, &b, &c, &d);
		memcpy(f->brand + i * 16, (u32[]){ a, b, c, d }, 16);
	}
	if (max >= 0x80000007) {
		cpuid(0x80000007, 0, &a, &b, &c, &d);
		f->invariant_tsc = d & BIT(8);
	}
	if (max >= 0x80000008) {
		cpuid(0x80000008, 0, &a, &b, &c, &d);
		f->maxphysaddr = MIN(a & 0xff, 52u);
	}
}

/* The area of the standard format: each component has its place, so the last one's end counts. */
static void __init identify_xsave(struct cpu_features *f)
{
	u32 a, b, c, d;
	u64 have;

	if (!f->xsave)
		return;
	cpuid(0xd, 0, &a, &b, &c, &d);
	have = (a | (u64)d << 32) & XCR0_KNOWN;
	if ((have & XCR0_BASE) != XCR0_BASE) {
		f->xsave = false;
		return;
	}
	if (!(have & XCR0_AVX) || (have & XCR0_AVX512) != XCR0_AVX512)
		have &= ~XCR0_AVX512;
	f->xsave_size = XSAVE_MIN;
	for (unsigned i = 2; i < 63; i++) {
		if (!(have >> i & 1))
			continue;
		cpuid(0xd, i, &a, &b, &c, &d);
		if (a + b > PAGE_SIZE)		/* never seen; the area is one page */
			have &= ~BIT(i);
		else
			f->xsave_size = MAX(f->xsave_size, a + b);
	}
	f->xcr0 = have;
	cpuid(0xd, 1, &a, &b, &c, &d);
	f->xsaveopt = a & BIT(0);
}

/*
 * Does a null selector that is loaded into FS or GS set the base to 0? Intel's CPUs do so, AMD's
 * since Zen 2; those since Zen 3 say it (CPUID 0x80000021, NSCB). Nothing uses FS yet.
 */
static bool __init null_clears_base(void)
{
	wrmsr(MSR_FS_BASE, 1);
	asm volatile("mov %0, %%fs" :: "r" (0) : "memory");
	return !rdmsr(MSR_FS_BASE);
}

/*
 * Do string instructions move bytes about as fast as words? CPUs with ERMS say so, and do; QEMU's
 * TCG says so, and takes one step for each byte. The shortest of some tries counts, as the first
 * has cache misses, and any may be interrupted.
 */
static bool __init bytes_are_fast(void)
{
	u8 area[1024];
	u64 bytes = ~0UL, words = ~0UL;

	for (unsigned i = 0; i < 4; i++) {
		u64 n = sizeof(area), start = rdtsc();
		void *to = area;

		asm volatile("rep stosb" : "+D" (to), "+c" (n) : "a" (0) : "memory");
		bytes = MIN(bytes, rdtsc() - start);
		to = area;
		n = sizeof(area) / 8;
		start = rdtsc();
		asm volatile("rep stosq" : "+D" (to), "+c" (n) : "a" (0UL) : "memory");
		words = MIN(words, rdtsc() - start);
	}
	return bytes / 3 <= words;
}

void __init cpu_identify(void)
{
	struct cpu_features *f = &cpu_features;
	u32 max, b, c, d;
	u64 info;

	identify_vendor(f);
	cpuid(0, 0, &max, &b, &c, &d);
	identify_basic(f, max);
	identify_extended(f);
	identify_xsave(f);
	f->null_clears_base = null_clears_base();
	f->fast_bytes = bytes_are_fast();
	f->cpuid_faulting = f->intel && !rdmsr_safe(MSR_PLATFORM_INFO, &info) &&
			    (info & PLATFORM_CPUID_FAULTING);
	if (!f->fast_bytes)
		printk(LOG_INFO "CPU: strings of bytes are slow, so guests aren't told of ERMS\n");
	printk(LOG_INFO "CPU: %s family %u model %u stepping %u, %s\n", f->vendor, f->family,
	       f->model, f->stepping, f->brand[0] ? f->brand : "no name");
}
