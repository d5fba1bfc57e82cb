/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One physical CPU: its data, and the instructions C has no words for.
 *
 * The hypervisor finds its CPU through the stack pointer: stacks are aligned
 * blocks of STACK_SIZE with struct cpu_info at the top, and every exception
 * stack lies in the same block. So GS belongs to the guest alone, and no entry,
 * NMI included, has to ask whose GS is loaded.
 */
#ifndef XEN_CPU_H
#define XEN_CPU_H

#include <xen/layout.h>
#include <xen/public.h>
#include <xen/list.h>
#include <xen/perfc.h>
#include <xen/spinlock.h>

#define NR_CPUS		64

struct vcpu;
struct timer;

/* Work to do before a CPU returns to a guest, or idles on: bits of struct cpu.work. */
#define WORK_SCHEDULE	0	/* pick a vcpu again */
#define WORK_TIMER	1	/* the timer queue's head is due */
#define WORK_KEY	2	/* a debug key or serial input waits */
#define WORK_CALL	3	/* a cross-CPU call waits */
#define WORK_NMI_LOG	4	/* an NMI left something to report */
#define WORK_CLOCK	5	/* the common clock has a new rate */
#define WORK_MCE	6	/* a machine check is to be told of, or made */
#define WORK_STOP	7	/* the machine ends: halt for good */
#define WORK_TRACE	8	/* a trace buffer is half full */

struct cpu {
	unsigned id;			/* immutable; index into cpus[] */
	unsigned apic_id;		/* immutable */
	unsigned acpi_id;		/* immutable */
	bool online;			/* set once */
	u64 same_core, same_socket;	/* masks, with itself; grow while CPUs are started */
	u32 work;			/* atomic: WORK_* bits */
	struct cpu_info *info;		/* immutable: top of this CPU's stack */
	struct vcpu *idle;		/* immutable */
	struct vcpu *loaded;		/* own CPU: whose CR3, segments, FPU are in the hardware */
	u32 tlb_time;			/* own CPU writes: tlb clock at its last whole flush */
	bool no_guest;			/* own CPU writes: no guest's page table is loaded; see mm/tlb.c */
	u32 in_irq;			/* own CPU */
	u64 tss[13];			/* own CPU: hardware TSS, 104 bytes */
};

extern struct cpu cpus[NR_CPUS];
extern unsigned nr_cpus;		/* online */

static inline u64 online_cpus(void)	/* mask */
{
	return nr_cpus >= 64 ? ~0UL : BIT(nr_cpus) - 1;
}

struct cpu_info {
	u64 align;			/* so that the hardware's frame, which ends at regs.es, is 16-byte aligned */
	struct cpu_user_regs regs;	/* the guest's; es, ds, fs, gs are not filled by the entry */
	struct vcpu *vcpu;		/* the one that runs */
	struct cpu *cpu;
	u64 rsp, rax, rdx;		/* entry code: the guest's, before the frame is built */
	struct perfc perfc;		/* this CPU writes */
} __aligned(16);

static inline struct cpu_info *cpu_info(void)
{
	vaddr_t sp;

	asm("mov %%rsp, %0" : "=r" (sp));
	return (struct cpu_info *)((sp | (STACK_SIZE - 1)) + 1) - 1;
}

static inline struct cpu *this_cpu(void) { return cpu_info()->cpu; }
#define current			(cpu_info()->vcpu)
#define current_regs()		(&cpu_info()->regs)

/* Features of the boot CPU that decide code paths; filled once by cpu_identify(). */
struct cpu_features {
	bool nx, pge, smep, smap, xsave, xsaveopt, page1gb, x2apic, tsc_deadline,
	     invariant_tsc, rdtscp, cpuid_faulting, pcid, umip, null_clears_base,
	     fast_bytes;		/* string instructions move bytes as fast as words */
	bool intel, amd;
	unsigned family, model, stepping;
	unsigned maxphysaddr;		/* bits */
	u64 xcr0;			/* components the hardware has and we enable */
	u32 xsave_size;			/* bytes for xcr0 */
	char vendor[13], brand[49];
};
extern struct cpu_features cpu_features;

static inline void cpuid(u32 leaf, u32 sub, u32 *a, u32 *b, u32 *c, u32 *d)
{
	asm volatile("cpuid" : "=a" (*a), "=b" (*b), "=c" (*c), "=d" (*d) : "a" (leaf), "c" (sub));
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
	return lo | (u64)hi << 32;
}

static inline void wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" :: "c" (msr), "a" ((u32)v), "d" ((u32)(v >> 32)) : "memory");
}

/* 0, or -EFAULT if the CPU refuses. (cpu/extable.S users) */
int rdmsr_safe(u32 msr, u64 *v);
int wrmsr_safe(u32 msr, u64 v);

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("lfence; rdtsc" : "=a" (lo), "=d" (hi) :: "memory");
	return lo | (u64)hi << 32;
}

static inline void outb(u16 port, u8 v) { asm volatile("outb %0, %1" :: "a" (v), "Nd" (port)); }
static inline void outw(u16 port, u16 v) { asm volatile("outw %0, %1" :: "a" (v), "Nd" (port)); }
static inline void outl(u16 port, u32 v) { asm volatile("outl %0, %1" :: "a" (v), "Nd" (port)); }
static inline u8 inb(u16 port) { u8 v; asm volatile("inb %1, %0" : "=a" (v) : "Nd" (port)); return v; }
static inline u16 inw(u16 port) { u16 v; asm volatile("inw %1, %0" : "=a" (v) : "Nd" (port)); return v; }
static inline u32 inl(u16 port) { u32 v; asm volatile("inl %1, %0" : "=a" (v) : "Nd" (port)); return v; }

#define read_cr(n) ({ u64 v_; asm volatile("mov %%cr" #n ", %0" : "=r" (v_)); v_; })
#define write_cr(n, v) asm volatile("mov %0, %%cr" #n :: "r" ((u64)(v)) : "memory")
#define read_dr(n) ({ u64 v_; asm volatile("mov %%db" #n ", %0" : "=r" (v_)); v_; })
#define write_dr(n, v) asm volatile("mov %0, %%db" #n :: "r" ((u64)(v)))

static inline void invlpg(vaddr_t va) { asm volatile("invlpg (%0)" :: "r" (va) : "memory"); }
static inline void irq_enable(void) { asm volatile("sti" ::: "memory"); }
static inline void irq_disable(void) { asm volatile("cli" ::: "memory"); }
static inline void safe_halt(void) { asm volatile("sti; hlt; cli" ::: "memory"); }

#define EFLAGS_CF	BIT(0)
#define EFLAGS_TF	BIT(8)
#define EFLAGS_IF	BIT(9)
#define EFLAGS_DF	BIT(10)
#define EFLAGS_IOPL	(BIT(12) | BIT(13))
#define EFLAGS_NT	BIT(14)
#define EFLAGS_RF	BIT(16)
#define EFLAGS_VM	BIT(17)
#define EFLAGS_AC	BIT(18)
#define EFLAGS_VIF	BIT(19)
#define EFLAGS_VIP	BIT(20)
#define EFLAGS_ID	BIT(21)

#define CR0_MP BIT(1)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_PG BIT(31)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)

#define MSR_APIC_BASE		0x1b
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176
#define MSR_PAT			0x277
#define MSR_TSC_DEADLINE	0x6e0
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NX BIT(11)

/* PAT as Linux on Xen expects it: WB WT UC- UC WC WP (public documentation of MSR 0x277 values). */
#define HV_PAT			0x050100070406UL

/* Vectors. 0-31 exceptions, 0x80 guest int 0x80, dynamic device vectors between, ours on top. */
#define VEC_DE 0
#define VEC_DB 1
#define VEC_NMI 2
#define VEC_BP 3
#define VEC_OF 4
#define VEC_BR 5
#define VEC_UD 6
#define VEC_NM 7
#define VEC_DF 8
#define VEC_TS 10
#define VEC_NP 11
#define VEC_SS 12
#define VEC_GP 13
#define VEC_PF 14
#define VEC_MF 16
#define VEC_AC 17
#define VEC_MC 18
#define VEC_XM 19
#define VEC_FIRST_DYNAMIC	0x20
#define VEC_LAST_DYNAMIC	0xef
#define VEC_INT80		0x80
#define VEC_APIC_TIMER		0xf0
#define VEC_KICK		0xf1	/* does nothing but enter the hypervisor: look at cpu->work */
#define VEC_FLUSH		0xf2	/* serve_flush() */
#define VEC_APIC_ERROR		0xfe
#define VEC_SPURIOUS		0xff
#define TRAP_SYSCALL		0x100	/* regs->entry_vector of a frame built by syscall */

#define PF_PRESENT	1
#define PF_WRITE	2
#define PF_USER		4
#define PF_RSVD		8
#define PF_FETCH	16

/* cpu/setup.c */
void cpu_identify(void);
void cpu_setup_early(void);		/* boot CPU: GDT, IDT, TSS, so that faults are reported */
void cpu_setup_boot(void);		/* boot CPU, after cpu_identify(): MSRs, control registers */
extern u8 hv_gdt_page[4096];
/* The name of this CPU's stack that overflows with an access to @addr, or NULL: it is none. */
const char *stack_overflow(vaddr_t addr);
void cpu_setup_other(void *syscall64, void *syscall32);	/* another CPU: all of the above */

/* cpu/topology.c */
void topology_init(void);		/* on the boot CPU, whose APIC id is known */
bool topology_wants(u32 apic_id);	/* false: another thread of its core is used, and "noht" was said */
void topology_add(unsigned cpu);	/* in ascending order, before it counts in nr_cpus */
unsigned cpu_thread(unsigned cpu);	/* its number in its core */
unsigned cpu_core(unsigned cpu);	/* its core's number in its socket */
unsigned cpu_socket(unsigned cpu);

/* cpu/smp.c */
void cpu_start_all(void);		/* the others; honours "nosmp" and "maxcpus=" */
extern u64 cpus_stopped;		/* atomic: CPUs that stop_this_cpu() */
void stop_this_cpu(void) __attribute__((noreturn));
/*
 * Before the machine ends: halt all other CPUs for good, @at_once wherever they are, or when
 * they leave the hypervisor. If another CPU is doing it already, this one doesn't come back.
 */
void stop_other_cpus(bool at_once);
bool cpu_must_stop(void);		/* asked by the NMI handler: another CPU ends the machine */

/* irq/apic.c */
void send_ipi(unsigned cpu, u8 vector);
void send_nmi(unsigned cpu);
void send_init(u32 apic_id);
void send_startup(u32 apic_id, paddr_t entry);	/* @entry: a page below 1 MB */
bool apic_can_reach(u32 apic_id);

/* Note work for a CPU and make it look: sets the bit, and sends VEC_KICK if it's another CPU. */
void cpu_work(unsigned cpu, unsigned bit);

/* True if regs were pushed by a guest (ring 3), not by the hypervisor itself. */
static inline bool guest_regs(const struct cpu_user_regs *r) { return r->cs & 3; }

#endif
