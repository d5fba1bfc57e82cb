/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains and vcpus. A domain owns frames, event channels, a grant table and
 * vcpus. A vcpu owns a context and a place in a run queue. Nothing else.
 *
 * Each field says what protects it: immutable (set before the domain is in the
 * list), atomic, the name of a lock, "paused" (changes only while the vcpu
 * can't run), or "own" (only the CPU that runs the vcpu).
 *
 * Life of a domain: created (paused) -> running <-> shut down -> dying -> dead.
 * It dies when DOMCTL_destroydomain or a fatal error of its own begins to take
 * its resources; it is dead, and freed, when its last reference goes.
 */
#ifndef XEN_DOMAIN_H
#define XEN_DOMAIN_H

#include <xen/mm.h>
#include <xen/event.h>
#include <xen/grant.h>
#include <xen/schedule.h>
#include <xen/time.h>
#include <xen/policy.h>

#define MAX_VCPUS		32	/* per domain: shared_info has room for so many vcpu_infos */
#define FIRST_RESERVED_DOMID	DOMID_FIRST_RESERVED
#define MAX_GUEST_E820		128
#define MAX_IRQS		256	/* pirqs of a domain, GSIs and MSIs together */

/* An ordered set of closed ranges [first, last] of ports or frames. */
#define RANGES_MAX		64
struct ranges {
	unsigned n;
	struct { u64 first, last; } r[RANGES_MAX];
};
bool ranges_contain(const struct ranges *s, u64 first, u64 last);
int ranges_add(struct ranges *s, u64 first, u64 last);	/* -ENOSPC */
int ranges_remove(struct ranges *s, u64 first, u64 last);

struct vcpu {
	struct domain *domain;		/* immutable */
	unsigned id;			/* immutable */
	unsigned cpu;			/* run queue lock: where it runs or waits */

	/* --- context; in the hardware while cpu->loaded == this vcpu, own --- */
	u32 loaded_on;			/* atomic, that CPU writes it: the CPU's id + 1; 0: none */
	struct cpu_user_regs regs;	/* valid while not running; selectors es..gs valid while not loaded */
	bool kernel_mode;		/* own: virtual mode; user mode if false */
	bool initialised;		/* paused: has a context, may be brought up */
	bool initialising;		/* atomic: a vcpu of its domain gives it one */
	paddr_t kernel_cr3, user_cr3;	/* own/paused: L4 tables, a type ref on each; 0 is none */
	struct page_info *old_table;	/* own: table it dropped, still to be finished; general ref */
	u64 cr2;			/* own: shadow of the guest's CR2 */
	u64 fs_base, gs_base_kernel, gs_base_user;	/* valid while not loaded; see load_segments() */
	u16 user_gs_sel;
	u64 kernel_sp;
	u16 kernel_ss;
	u64 cr0_ts;			/* guest's TS: 0 or CR0_TS */
	u64 cr4;			/* guest's CR4 */
	u64 dr[8];			/* 0-3, 6, 7 */
	void *fpu;			/* immutable: FXSAVE or XSAVE area, 64-byte aligned */
	u64 xcr0;			/* guest's XCR0 */
	u32 tsc_aux;			/* guest's TSC_AUX; own */

	/* --- how to enter its kernel --- */
	struct trap_info *traps;	/* immutable pointer; [256], one page; own/paused contents */
	u64 event_cb, failsafe_cb, syscall_cb, syscall32_cb, sysenter_cb, nmi_cb;
	bool syscall_masks, failsafe_masks, syscall32_masks, sysenter_masks;
	/* For the short ways of entry.S, kept by domain/callback.c; 0: none. */
	u64 short_sp;			/* where a system call's frame begins on kernel_sp's stack */
	u64 short_page_fault;		/* the handler, if it masks events */
	unsigned iopl;			/* virtual IOPL 0-3 */
	vaddr_t iobmp;			/* guest's I/O bitmap, and ports it covers */
	unsigned iobmp_ports;
	/* Four bytes that are mostly zero: entry.S looks at them at once. */
	bool nmi_masked __aligned(4);	/* own: until the guest's iret */
	bool restart;			/* own: the hypercall is to be executed again */
	u8 nmi_pending;			/* atomic */
	struct { bool pending; u8 vector; bool has_error; u32 error; } __packed inject;	/* own: exception raised by emulation */

	/* --- descriptor tables: typed frames mapped in this vcpu's window --- */
	vaddr_t desc_window;		/* immutable: 32 pages: 16 GDT, 16 LDT */
	mfn_t gdt_frames[14];		/* own/paused; type references held */
	unsigned gdt_ents;
	vaddr_t ldt_base;		/* guest linear address */
	unsigned ldt_ents;
	u16 ldt_mapped;			/* ldt_lock: bitmap of LDT window pages present */
	mfn_t ldt_frames[16];		/* ldt_lock: their frames; type references held */
	u64 *ldt_desc;			/* immutable: GDT page 15, which holds the LDT's descriptor */
	spinlock_t ldt_lock;

	/* --- events --- */
	struct vcpu_info *info;		/* in shared_info, or where VCPUOP_register_vcpu_info said */
	struct vcpu_info dummy_info;	/* vcpus >= 32 */
	mfn_t info_mfn;			/* frame with a writable ref held, MFN_INVALID if in shared_info */
	u32 virq_to_port[NR_VIRQS];	/* evtchn_lock of the domain; 0 unbound */
	int poll_port;			/* sched_op poll: 0 none, > 0 one port, -1 several */

	/* --- time --- */
	struct timer singleshot, periodic, poll_timer;
	u64 periodic_period;		/* ns; 0 stopped */
	vaddr_t runstate_va;		/* guest address of struct vcpu_runstate_info, 0 none */
	struct vcpu_runstate_info runstate;	/* run queue lock */
	vaddr_t time_va;		/* secondary time area */
	u64 time_epoch;			/* own: calibration that was last published */

	/* --- scheduling --- */
	u32 pause_flags;		/* atomic: VPF_* */
	int pause_count;		/* atomic */
	struct sched_unit sched;	/* run queue lock */
	u64 affinity, soft_affinity;	/* CPU masks: hard, soft; run queue lock for writers */
	bool running;			/* run queue lock */

	/* --- hypercalls --- */
	struct { bool active; struct multicall_entry call; } mc;	/* own */

	/* --- a debugger in domain 0 --- */
	u8 debug_event;			/* atomic: vector that stopped it and wasn't told yet; 0: none */
	u8 debug_pauses;		/* domctl lock: by gdbsx_pausevcpu */
};

#define VPF_BLOCKED	BIT(0)		/* SCHEDOP_block, until an event is pending */
#define VPF_DOWN	BIT(1)		/* VCPUOP_down or not yet up */
#define VPF_POLLING	BIT(2)		/* SCHEDOP_poll; VPF_BLOCKED is set too */

#define SHUTDOWN_CODE_NONE 0xff

struct domain {
	domid_t id;			/* immutable */
	u32 refs;			/* atomic */
	struct list list;		/* domlist lock; ascending ids */
	struct domain *bucket_next;	/* domlist lock; those of the same hash */
	bool privileged;		/* immutable: control domain (dom0) */
	bool is_dying;			/* domctl lock, set once */
	bool is_dead_pages;		/* relinquish finished */
	bool is_shut_down, is_shutting_down;	/* shutdown_lock */
	u8 shutdown_code;
	spinlock_t shutdown_lock;
	int pause_count;		/* atomic: by the hypervisor */
	int controller_pause;		/* atomic: by DOMCTL_pausedomain, so at most one each counted */
	bool created_paused;		/* until the first unpause */
	bool debugged;			/* domctl lock for writers: stop_for_debugger() */
	u8 handle[16];			/* domctl lock */
	unsigned max_vcpus;		/* immutable */
	struct vcpu *vcpu[MAX_VCPUS];	/* set once each */
	u32 vm_assist;			/* own */

	/* --- memory: page_lock --- */
	spinlock_t page_lock;
	u64 tot_pages, max_pages;	/* frames */
	u64 claimed;			/* frames promised by XENMEM_claim_pages and not yet taken */
	u64 *owned_chunks;		/* bitmap: may own frames in this chunk of CHUNK_FRAMES */
	u64 relinquish_next;		/* where relinquish_frames() goes on */
	struct shared_info *shared_info;/* immutable */
	struct e820entry *e820;		/* page_lock; XENMEM_set_memory_map */
	unsigned nr_e820;

	/* --- rooms --- */
	struct evtchn_domain evtchn;
	struct grant_table *grant;	/* immutable */
	struct sched_domain sched;
	struct time_domain time;
	struct cpu_policy *policy;	/* paused */
	struct irq_domain *irqs;	/* immutable; NULL if it may have no hardware */
	u64 dirty_cpus;			/* atomic: CPUs that may hold its translations */

	/* --- what hardware it may touch: set at creation, domctl lock --- */
	struct ranges ioports, iomem, irq_ok;
	u32 pci_cf8;			/* latch of port 0xcf8 */
	u8 cmos_idx;			/* latch of port 0x70 */
};

#define CHUNK_FRAMES	1024		/* 4 MB: granularity of owned_chunks */

extern struct domain *dom0, *dom_xen, *dom_io, *dom_idle;
extern struct list domain_list;		/* domlist lock for writers and readers; domains sorted by id */
extern spinlock_t domlist_lock;

/* ---- domain/domain.c ------------------------------------------------------ */
struct domain_config {
	u8 handle[16];
	bool privileged;
	unsigned max_vcpus, max_evtchn_port;
	int max_grant_frames, max_maptrack_frames;	/* -1: default */
};
/* New, paused, in the list. *err: -ENOMEM, -EINVAL, -EEXIST. */
struct domain *domain_create(domid_t id, const struct domain_config *cfg, int *err);
struct vcpu *vcpu_create(struct domain *d, unsigned id);	/* NULL: no memory */
/* Referenced domain, or NULL. DOMID_SELF is not resolved here. */
struct domain *get_domain(domid_t id);
/* The same with DOMID_SELF meaning the caller. */
struct domain *get_domain_or_self(domid_t id);
void ref_domain(struct domain *d);
void put_domain(struct domain *d);		/* the last one frees it: may not be current's */
domid_t domain_free_id(void);			/* 0: none left */
/* Take its resources: 0 when done, -ERESTART to be called again. */
int domain_kill(struct domain *d);
/* All vcpus stop; code is SHUTDOWN_*. dom0: the machine. Tells dom0 by VIRQ_DOM_EXC. */
void domain_shutdown(struct domain *d, u8 code);
void domain_resume(struct domain *d);
/* The guest can't go on (a fault of its own): says so with registers on the log, shuts it down. */
void domain_crash(struct domain *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void domain_pause(struct domain *d);		/* counted; returns when no vcpu runs */
void domain_unpause(struct domain *d);
void domain_pause_nosync(struct domain *d);
void machine_shutdown(u8 code);			/* SHUTDOWN_*: never returns */
#define for_each_vcpu(d, v)						\
	for (unsigned i_ = 0; i_ < (d)->max_vcpus; i_++)		\
		if (((v) = (d)->vcpu[i_]))

/* ---- control/domctl_debug.c ----------------------------------------------- */
/* @v's exception belongs to a debugger in domain 0: it is told, and the domain paused. */
bool stop_for_debugger(struct vcpu *v, u8 vector);

/* ---- domain/context.c ----------------------------------------------------- */
/* Fill a vcpu from the ABI's context, validated as a guest's. 0, -EINVAL, -EFAULT, -EBUSY, -ERESTART. */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c);	/* v paused */
/* Called by the scheduler: make @next current on this CPU. */
void context_switch(struct vcpu *prev, struct vcpu *next);
/* See to it that v->regs, segments and FPU area hold v's state (v must not be running). */
void sync_vcpu_state(struct vcpu *v);
/* Switch between virtual user and kernel mode: GS base, CR3. */
void toggle_guest_mode(struct vcpu *v);
/* Load CR3 of v's present mode; after a base pointer changed. */
void load_guest_cr3(struct vcpu *v);
void load_ldt(struct vcpu *v);

void unload_idle_vcpu(void);
void special_domains_init(void);

/* ---- domain/callback.c ---------------------------------------------------- */
void set_short_ways(struct vcpu *v);	/* after a change of its stack, traps or callbacks */

/* ---- cpu/bounce.c: entering the guest kernel ------------------------------ */
/* Note an exception for the current vcpu: delivered when the hypervisor exits. */
void inject_exception(u8 vector);
void inject_exception_error(u8 vector, u32 error);
void inject_page_fault(vaddr_t addr, u32 error);

#define VM_ASSISTS_KNOWN (BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) | \
			  BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) | \
			  BIT(VMASST_TYPE_architectural_iopl) | BIT(VMASST_TYPE_runstate_update_flag))

/* ---- domain/descriptor.c: windows, tables ---------------------------------------------------- */
/* The vcpu's window of 32 pages, and lgdt to it. -ENOMEM. */
int desc_window_init(struct vcpu *v);
void desc_window_free(struct vcpu *v);
void load_gdt(struct vcpu *v);
int set_gdt(struct vcpu *v, const mfn_t *frames, unsigned entries);
void destroy_gdt(struct vcpu *v);
/* #PF in the LDT window: map the guest's LDT page. False: reflect to the guest. */
bool ldt_fault(struct vcpu *v, unsigned offset);
void invalidate_ldt(struct vcpu *v);
/* Check all 512 descriptors of a frame, for PGT_SEGDESC: fixes DPL in place; false if one is forbidden. */
bool check_descriptors(mfn_t mfn);
/* May the guest have this descriptor? Adjusts its DPL. */
bool check_descriptor(u64 *desc);

/* ---- cpu/fpu.c ---------------------------------------------------------------- */
int fpu_alloc(struct vcpu *v);
void fpu_free(struct vcpu *v);
void fpu_save(struct vcpu *v);
void fpu_load(struct vcpu *v);
/* Copy between the area and the ABI's 512-byte FXSAVE image. */
void fpu_get_fxsave(struct vcpu *v, void *image512);
int fpu_set_fxsave(struct vcpu *v, const void *image512);	/* -EINVAL: reserved MXCSR bits */
/* xsetbv of the current vcpu. -EINVAL: not a combination of components that it may have. */
int fpu_set_xcr0(struct vcpu *v, u64 xcr0);

/* ---- domain/debugreg.c -------------------------------------------------------- */
/* Registers 0-7, of which 4 and 5 don't exist. -EINVAL; -EPERM: it would watch the hypervisor. */
int set_debugreg(struct vcpu *v, unsigned reg, u64 value);
int get_debugreg(const struct vcpu *v, unsigned reg, u64 *value);
bool debugregs_ok(const u64 dr[8]);	/* set_debugreg() takes each of them */

/* ---- cpu/msr.c ------------------------------------------------------------------ */
/* The guest's TSC_AUX into the hardware, at a context switch. */
void load_tsc_aux(const struct vcpu *v);

/* Capabilities of guests: fixed selectors may only name ring 3. */
static inline u16 fix_sel(u16 sel) { return sel & ~3 ? sel | 3 : sel; }

static inline bool is_control_domain(const struct domain *d) { return d->privileged; }
static inline bool is_idle_vcpu(const struct vcpu *v) { return v->domain == dom_idle; }
/* May the current domain act on @d's memory and channels? */
static inline bool may_control(const struct domain *d)
{
	return current->domain == d || current->domain->privileged;
}

#endif
