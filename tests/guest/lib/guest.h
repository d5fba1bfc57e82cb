/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library under the guest tests: a test is a tiny PV kernel that runs as
 * domain 0 (or as a guest) and tries one topic of the ABI from ring 3.
 *
 * A test defines test_main(); it states facts with CHECK...(), and the library
 * prints one verdict line at the end:
 *	VERDICT: pass (N checks)	the hypervisor keeps the ABI
 *	VERDICT: fail (k of N checks)	it does not; each failure was printed
 *	VERDICT: broken (reason)	the test itself could not do its work
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

/* ---- checks (console.c) ---- */

void printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void section(const char *name);		/* names the checks that follow */
bool check_true(bool ok, const char *what, const char *file, int line);
bool check_eq(long got, long want, const char *what, const char *file, int line);
void broken(const char *why, const char *file, int line) __attribute__((noreturn));
void verdict(void) __attribute__((noreturn));
void expect_crash(const char *regex);	/* the hypervisor must end us with this line */
void shutdown(unsigned int reason) __attribute__((noreturn));

#define CHECK(cond)		check_true(!!(cond), #cond, __FILE__, __LINE__)
#define CHECK_EQ(got, want)	check_eq((long)(got), (long)(want), #got, __FILE__, __LINE__)
/* For the test's own needs: without it no statement about the hypervisor is possible. */
#define REQUIRE(cond)		do { if (!(cond)) broken(#cond, __FILE__, __LINE__); } while (0)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

void *memset(void *d, int c, size_t n);
void *memcpy(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
const char *strstr(const char *hay, const char *needle);

/* ---- start (init.c) ---- */

struct boot_regs {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t cs, ss, ds, es, fs, gs, rflags;
};

extern struct boot_regs boot_regs;
extern struct start_info *si;
extern struct shared_info *volatile shared;	/* mapped before test_main() */
extern struct vcpu_info *volatile vcpu;		/* of vcpu 0 */
extern char stack_top[], image_end[];
extern char user_code[], user_code_end[];

void test_main(void);

/* ---- hypercalls ---- */

static inline long hypercall(unsigned long nr, unsigned long a1, unsigned long a2,
			     unsigned long a3, unsigned long a4, unsigned long a5)
{
	register unsigned long r10 asm("r10") = a4;
	register unsigned long r8 asm("r8") = a5;
	long ret;

	asm volatile("syscall"
		     : "=a" (ret), "+D" (a1), "+S" (a2), "+d" (a3), "+r" (r10), "+r" (r8)
		     : "0" (nr) : "rcx", "r11", "memory");
	return ret;
}

#define HC5(name, a, b, c, d, e) hypercall(__HYPERVISOR_##name, (unsigned long)(a), \
	(unsigned long)(b), (unsigned long)(c), (unsigned long)(d), (unsigned long)(e))
#define HC4(name, a, b, c, d)	HC5(name, a, b, c, d, 0)
#define HC3(name, a, b, c)	HC5(name, a, b, c, 0, 0)
#define HC2(name, a, b)		HC5(name, a, b, 0, 0, 0)
#define HC1(name, a)		HC5(name, a, 0, 0, 0, 0)

/* ---- traps (traps.S, traps.c) ---- */

#define VEC_EVENT	0x100
#define VEC_SYSCALL	0x101
#define VEC_SYSCALL32	0x102
#define VEC_SYSENTER	0x103
#define VEC_NMI_CB	0x104
#define VEC_FAILSAFE	0x105
#define NR_VECTORS	0x106
#define NO_TRAP		0xffff

/* Lowest address first; filled by traps.S, and loaded again on the way back. */
struct regs {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector;
	uint64_t error;			/* on the way back: the iret flags */
	uint64_t rip;
	uint16_t cs;
	uint16_t cs_pad;
	uint8_t saved_mask;		/* evtchn_upcall_mask before the trap */
	uint8_t mask_pad[3];
	uint64_t rflags, rsp, ss;
};

/* What the last trap looked like. */
struct trap_seen {
	unsigned int vector;		/* NO_TRAP if none came */
	unsigned int count;
	struct regs regs;
	unsigned long cr2;		/* vcpu_info.arch.cr2 at that time */
	unsigned long frame_end;	/* address just above the pushed frame */
	uint8_t mask_on_entry;		/* evtchn_upcall_mask in the handler */
};

typedef void trap_hook(struct regs *regs);

extern volatile struct trap_seen seen;
extern trap_hook *trap_hooks[NR_VECTORS];	/* NULL: default handling */
extern uint64_t failsafe_selectors[4];		/* ds, es, fs, gs */
extern char trap_stubs[], event_callback[], syscall_callback[], syscall32_callback[],
	sysenter_callback[], nmi_callback[], failsafe_callback[];

void traps_init(void);
void set_trap(unsigned int vector, unsigned int flags, unsigned long address);
long set_callback(unsigned int type, unsigned int flags, const void *address);
void handlers_mask_events(bool on);	/* those of page faults and system calls: on as in Linux */
void iret_to(const struct regs *regs);
void context_leave(void) __attribute__((noreturn));

#define TRAP_STUB(vec)	((unsigned long)trap_stubs + 32UL * (vec))

#define EXTABLE ".pushsection .extable, \"a\"\n\t.quad 1b, 2b\n\t.popsection\n"
/*
 * Runs an instruction (or several) that may trap; the operands are those of
 * asm.  Yields the vector, or NO_TRAP.  After a trap execution goes on behind it.
 */
#define TRY(code, ...) ({ seen.vector = NO_TRAP;			\
	asm volatile("1:\t" code "\n2:\n" EXTABLE __VA_ARGS__); seen.vector; })

/* ---- memory (mm.c) ---- */

#define PAGE_SIZE	4096UL
#define VIRT_BASE	0xffffffff80000000UL
#define HV_START	0xffff800000000000UL
#define HV_END		0xffff880000000000UL

#define PTE_P		0x001UL
#define PTE_W		0x002UL
#define PTE_U		0x004UL
#define PTE_PWT		0x008UL
#define PTE_PCD		0x010UL
#define PTE_A		0x020UL
#define PTE_D		0x040UL
#define PTE_PSE		0x080UL
#define PTE_G		0x100UL
#define PTE_NX		(1UL << 63)
#define PTE_RW		(PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define PTE_RO		(PTE_P | PTE_U | PTE_A | PTE_D)
#define PTE_TABLE	(PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)
#define PTE_MFN(pte)	(((pte) & 0x000ffffffffff000UL) >> 12)
#define MFN_PTE(mfn, f)	(((unsigned long)(mfn) << 12) | (f))

#define m2p ((const volatile unsigned long *)MACH2PHYS_VIRT_START)
extern unsigned long *p2m;

static inline unsigned long pfn_of(const volatile void *va)
{
	return ((unsigned long)va - VIRT_BASE) >> 12;
}

static inline unsigned long mfn_of(const volatile void *va)
{
	return p2m[pfn_of(va)];
}

static inline void *va_of_mfn(unsigned long mfn)
{
	return (void *)(VIRT_BASE + (m2p[mfn] << 12));
}

void *page_alloc(void);			/* a zeroed page of ours, mapped writable */
void *pages_alloc(unsigned int n);	/* n of them in a row */
unsigned long boot_l4(void);		/* MFN of the L4 that the domain started with */
/* The entry that maps va at a level (1..4), as seen in the initial map; NULL if absent. */
volatile uint64_t *pte_ptr(unsigned long l4_mfn, unsigned long va, int level);
uint64_t pte_of(const volatile void *va);	/* the L1 entry of va, 0 if none */
long map_va(const volatile void *va, uint64_t pte);	/* update_va_mapping + INVLPG */
long set_ro(const volatile void *page);
long set_rw(const volatile void *page);
long pte_write(unsigned long machine_addr, uint64_t val);	/* one mmu_update, DOMID_SELF */
long mmuext(unsigned int cmd, unsigned long mfn);		/* one mmuext_op, DOMID_SELF */
unsigned long pte_maddr(const volatile uint64_t *entry);	/* machine address of an entry */
void link_page(unsigned long l4_mfn, unsigned long va, uint64_t pte);	/* builds missing levels */

static inline unsigned long rdtsc(void)
{
	uint32_t lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return lo | (unsigned long)hi << 32;
}

static inline uint64_t read_flags(void)
{
	uint64_t f;

	asm volatile("pushfq; pop %0" : "=r" (f) :: "memory");
	return f;
}

#define barrier() asm volatile("" ::: "memory")

/* ---- time (time.c) ---- */

unsigned long system_time(void);		/* system time in ns */
void sleep_ns(unsigned long ns);	/* events masked */

/* ---- other domains, as domain 0 makes them (spinner.c) ---- */

struct xen_domctl;
struct xen_sysctl;
long domctl(struct xen_domctl *op, unsigned int cmd, domid_t domain);
long sysctl(struct xen_sysctl *op, unsigned int cmd);
unsigned long free_frames(void);	/* of the machine */
uint64_t foreign_read(domid_t domain, unsigned long mfn, unsigned int index);	/* its word, by index */
/* A domain whose vcpus do nothing but use all CPU time they get; it runs. */
domid_t spinner_create(unsigned int vcpus);
void spinner_destroy(domid_t domain);
void domain_pause(domid_t domain);
void domain_unpause(domid_t domain);
unsigned long cpu_time_of(domid_t domain);	/* ns */
long set_affinity(domid_t domain, unsigned int vcpu, uint64_t hard, uint64_t soft);
/*
 * Let n domains run for a while, and see what each got: in 1/10000 of the time that passed.
 * They are paused before and after.
 */
void measure(const domid_t *domain, unsigned int n, unsigned long ns, unsigned int *share);

/* ---- virtual user mode (user.c) ---- */

#define USER_CODE	0x400000UL	/* user_code .. user_code_end, read-only */
#define USER_STACK	0x500000UL	/* top of one writable page */
#define USER_ADDR(sym)	(USER_CODE + ((unsigned long)(sym) - (unsigned long)user_code))

extern unsigned long user_l4_mfn;	/* the user page table, once user_init() ran */
extern struct regs user_regs;		/* state in which user mode was left */

void user_init(void);			/* builds the user table, NEW_USER_BASEPTR, stack_switch */
void user_run(struct regs *regs);	/* until the next trap or syscall; see user_regs */
void user_without_stack(unsigned long rip);	/* its entry into the kernel is to crash the domain */
struct regs user_start(unsigned long rip);	/* registers to start at rip */

#endif
