/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bringing a CPU under the hypervisor: descriptor tables, exception stacks, the
 * system call registers, control registers. (Intel SDM volume 3, chapters 6-8)
 */
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/lib.h>

struct cpu cpus[NR_CPUS];
unsigned nr_cpus;

struct gate { u16 off_lo, sel; u8 ist, type; u16 off_mid; u32 off_hi, zero; } __packed;
struct table_ptr { u16 limit; u64 base; } __packed;

static struct gate idt[256] __aligned(4096);

/*
 * GDT page 14, the same for every vcpu and mapped read-only in its window. The
 * accessed bits are set beforehand, as the CPU can't. The TSS descriptor is only
 * needed once, by ltr, from boot_gdt below: the CPU keeps what it loaded. CPUs start one
 * after the other, so boot_gdt serves all.
 */
u8 hv_gdt_page[4096] __aligned(4096);
static u64 boot_gdt[0xe050 / 8 - 0xe000 / 8 + 2];

#define DESC_CODE64	0x00af9b000000ffffUL
#define DESC_DATA	0x00cf93000000ffffUL
#define DESC_USER_CODE32 0x00cffb000000ffffUL
#define DESC_USER_DATA	0x00cff3000000ffffUL
#define DESC_USER_CODE64 0x00affb000000ffffUL

static void set_gate(unsigned vec, unsigned dpl, unsigned ist)
{
	u64 entry = vec == VEC_PF ? (u64)page_fault_entry : (u64)entry_stubs[vec];

	idt[vec] = (struct gate){
		.off_lo = entry, .sel = HV_CS, .ist = ist, .type = 0x8e | dpl << 5,
		.off_mid = entry >> 16, .off_hi = entry >> 32,
	};
}

static void idt_init(void)
{
	for (unsigned vec = 0; vec < 256; vec++)
		set_gate(vec, vec == VEC_BP || vec == VEC_OF || vec == VEC_INT80 ? 3 : 0, 0);
	set_gate(VEC_DF, 0, 1);
	set_gate(VEC_NMI, 0, 2);
	set_gate(VEC_MC, 0, 3);
	set_gate(VEC_DB, 0, 4);
}

const char *stack_overflow(vaddr_t addr)
{
	static const char *const names[] = { "double fault", "NMI", "machine check", "debug exception", "main" };
	vaddr_t offset = addr - ((vaddr_t)cpu_info() & ~(STACK_SIZE - 1UL));
	unsigned page = offset / PAGE_SIZE;

	if (offset >= STACK_SIZE || stack_page_present(page))
		return NULL;
	return names[page < STACK_IST_PAGES ? page / 2 : 4];
}

static void gdt_init(void)
{
	u64 *g = (u64 *)hv_gdt_page;

	g[1] = DESC_CODE64;			/* 0xe008 */
	g[2] = DESC_DATA;			/* 0xe010 */
	g[(GUEST_CS32 - 0xe000) / 8] = DESC_USER_CODE32;
	g[(GUEST_DS - 0xe000) / 8] = DESC_USER_DATA;
	g[(GUEST_CS64 - 0xe000) / 8] = DESC_USER_CODE64;
}

/* Load the TSS through a GDT of our own, which starts where selector 0xe000 is. */
static void load_tss(struct cpu *c)
{
	struct table_ptr gdtr = { 0xe000 + sizeof(boot_gdt) - 1, (u64)boot_gdt - 0xe000 };
	u8 *tss = (u8 *)c->tss;
	vaddr_t base = (vaddr_t)tss, stack = (vaddr_t)c->info & ~(STACK_SIZE - 1UL);
	u64 *ist = (u64 *)(tss + 36);

	*(u64 *)(tss + 4) = (u64)&c->info->regs.es;
	for (unsigned i = 0; i < 4; i++)
		ist[i] = stack + (2 * i + 2) * PAGE_SIZE;
	*(u16 *)(tss + 102) = sizeof(c->tss);	/* no I/O bitmap */

	memcpy(boot_gdt, hv_gdt_page, 0x40);
	boot_gdt[(HV_TSS - 0xe000) / 8] = (sizeof(c->tss) - 1) | (base & 0xffffff) << 16 |
		0x89UL << 40 | (base >> 24 & 0xff) << 56;
	boot_gdt[(HV_TSS - 0xe000) / 8 + 1] = base >> 32;
	asm volatile("lgdt %0" :: "m" (gdtr));
	asm volatile("ltr %w0" :: "r" (HV_TSS));
	asm volatile("pushq %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1: mov %1, %%ss; mov %1, %%ds; mov %1, %%es"
		     :: "i" (HV_CS), "r" (HV_DS) : "rax", "memory");
}

static void load_msrs(void *syscall64, void *syscall32)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | (cpu_features.nx ? EFER_NX : 0));
	wrmsr(MSR_STAR, (u64)HV_CS << 32 | (u64)GUEST_CS32 << 48);
	wrmsr(MSR_LSTAR, (u64)syscall64);
	wrmsr(MSR_CSTAR, (u64)syscall32);
	wrmsr(MSR_SFMASK, EFLAGS_IF | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC | EFLAGS_RF | EFLAGS_IOPL);
	wrmsr(MSR_SYSENTER_CS, cpu_features.intel ? HV_CS : 0);
	if (cpu_features.intel) {
		wrmsr(MSR_SYSENTER_ESP, (u64)&cpu_info()->regs.es);
		wrmsr(MSR_SYSENTER_EIP, (u64)sysenter_entry);
	}
	wrmsr(MSR_PAT, HV_PAT);
	if (cpu_features.rdtscp)
		wrmsr(MSR_TSC_AUX, 0);
}

static void load_idt(void)
{
	asm volatile("lidt %0" :: "m" ((struct table_ptr){ sizeof(idt) - 1, (u64)idt }));
}

static void load_cr4(void)
{
	u64 cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_MCE | CR4_DE;

	if (cpu_features.pge)
		cr4 |= CR4_PGE;
	if (cpu_features.smep)
		cr4 |= CR4_SMEP;
	if (cpu_features.xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr(4, cr4);
	write_cr(0, (read_cr(0) | CR0_WP | CR0_NE | CR0_MP) & ~(CR0_TS | BIT(2)));
}

void cpu_setup_early(void)
{
	struct cpu_info *info = cpu_info();
	struct cpu *c = &cpus[0];

	memset(info, 0, sizeof(*info));
	info->cpu = c;
	c->info = info;
	c->online = true;
	nr_cpus = 1;
	gdt_init();
	idt_init();
	load_tss(c);
	load_idt();
}

static void load_rest(void *syscall64, void *syscall32)
{
	load_msrs(syscall64, syscall32);
	load_cr4();
	write_dr(7, 0x400);
	write_dr(6, 0xffff0ff0);
}

void cpu_setup_boot(void)
{
	load_rest(syscall_stub, syscall32_stub);
}

void cpu_setup_other(void *syscall64, void *syscall32)
{
	load_tss(this_cpu());
	load_idt();
	load_rest(syscall64, syscall32);
}
