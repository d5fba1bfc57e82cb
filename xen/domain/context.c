/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a vcpu is made of while it runs, and how it changes places with another.
 *
 * General registers live in the frame at the top of the CPU's stack and are
 * copied out at every switch. Everything else (descriptor tables, segments, FPU,
 * debug registers) stays in the hardware when the CPU goes idle, but for the page table,
 * and is saved only when another vcpu needs the place: cpu->loaded says whose. If the
 * vcpu goes on elsewhere, that CPU asks for it (WORK_CALL): v->loaded_on says whom.
 */
#include <xen/entry.h>
#include <xen/gdb.h>
#include <xen/hypercall.h>
#include <xen/lib.h>

/* ---- page table and virtual mode ------------------------------------------- */

/* It flushes the TLB, as of the clock before it. */
static void write_cr3(paddr_t l4)
{
	this_cpu()->tlb_time = READ_ONCE(tlb_clock);
	write_cr(3, l4);
}

void load_guest_cr3(struct vcpu *v)
{
	write_cr3(v->kernel_mode ? v->kernel_cr3 : v->user_cr3);
}

/* The inactive mode's GS base is in KERNEL_GS_BASE, so one instruction changes places. */
void toggle_guest_mode(struct vcpu *v)
{
	v->kernel_mode = !v->kernel_mode;
	asm volatile("swapgs");
	load_guest_cr3(v);
}

/* ---- hardware state ------------------------------------------------------------ */

static void save_segments(struct vcpu *v)
{
	u64 active = rdmsr(MSR_GS_BASE), other = rdmsr(MSR_KERNEL_GS_BASE);

	asm volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
		     : "=m" (v->regs.ds), "=m" (v->regs.es), "=m" (v->regs.fs), "=m" (v->regs.gs));
	v->fs_base = rdmsr(MSR_FS_BASE);
	v->gs_base_kernel = v->kernel_mode ? active : other;
	v->gs_base_user = v->kernel_mode ? other : active;
}

/* False if a selector the guest had is no longer valid: it gets its failsafe callback. */
static bool load_segments(struct vcpu *v)
{
	bool ok = load_sel_ds(v->regs.ds);

	ok &= load_sel_es(v->regs.es);
	ok &= load_sel_fs(v->regs.fs);
	ok &= load_sel_gs(v->regs.gs);
	wrmsr(MSR_FS_BASE, v->fs_base);
	wrmsr(MSR_GS_BASE, v->kernel_mode ? v->gs_base_kernel : v->gs_base_user);
	wrmsr(MSR_KERNEL_GS_BASE, v->kernel_mode ? v->gs_base_user : v->gs_base_kernel);
	return ok;
}

/* Of who uses them; for all others the CPU has the hypervisor's own, see save_hardware(). */
static void load_debugregs(struct vcpu *v)
{
	if (!(v->dr[7] & 0xff))
		return;
	write_dr(0, v->dr[0]);
	write_dr(1, v->dr[1]);
	write_dr(2, v->dr[2]);
	write_dr(3, v->dr[3]);
	write_dr(7, v->dr[7] | 0x400);
}

static void load_cr4(struct vcpu *v)
{
	u64 cr4 = read_cr(4), want = (cr4 & ~CR4_TSD) | (v->cr4 & CR4_TSD);

	if (cr4 != want)
		write_cr(4, want);
}

static void save_hardware(struct vcpu *v)
{
	save_segments(v);
	fpu_save(v);
	if (v->dr[7] & 0xff)
		gdb_load_breakpoints();
}

/*
 * All of @v is saved, and another page table, one of domain @next's (or NULL), is loaded.
 * From the last store on another CPU may have it.
 */
static void release(struct vcpu *v, const struct domain *next)
{
	if (v->domain != next)
		clear_bit(this_cpu()->id, &v->domain->dirty_cpus);
	__atomic_store_n(&v->loaded_on, 0, __ATOMIC_RELEASE);
}

/* The guest reads its runstate through its kernel's page table, which must be the one loaded. */
static void publish_runstate(struct vcpu *v)
{
	struct vcpu_runstate_info info;
	vaddr_t at = v->runstate_va;
	bool flag = v->domain->vm_assist & BIT(VMASST_TYPE_runstate_update_flag);
	u64 entry;

	if (!at)
		return;
	vcpu_runstate_get(v, &info);
	if (!v->kernel_mode)
		write_cr3(v->kernel_cr3);
	entry = info.state_entry_time | (flag ? XEN_RUNSTATE_UPDATE : 0);
	/* A guest that unmapped its area loses the update and nothing else. */
	if (!copy_to_guest(at + offsetof(struct vcpu_runstate_info, state_entry_time), &entry, 8)) {
		info.state_entry_time = entry;
		(void)copy_to_guest(at, &info, sizeof(info));
		entry &= ~XEN_RUNSTATE_UPDATE;
		if (flag)
			(void)copy_to_guest(at + offsetof(struct vcpu_runstate_info, state_entry_time), &entry, 8);
	}
	if (!v->kernel_mode)
		load_guest_cr3(v);
}

/*
 * The marks come before the table: who changes an entry and then finds no mark here needs
 * not flush this CPU, which reads the entry later. False: see load_segments().
 */
static bool load_hardware(struct vcpu *v)
{
	WRITE_ONCE(v->loaded_on, this_cpu()->id + 1);
	set_bit(this_cpu()->id, &v->domain->dirty_cpus);
	load_guest_cr3(v);
	load_gdt(v);
	load_ldt(v);
	fpu_load(v);
	load_debugregs(v);
	load_cr4(v);
	load_tsc_aux(v);
	return load_segments(v);
}

static void unload(struct cpu *c)
{
	struct vcpu *v = c->loaded;

	write_cr3(va_to_mfn(hv_l4) << PAGE_SHIFT);
	save_hardware(v);
	c->loaded = NULL;
	release(v, NULL);
}

/* Asked by another CPU (WORK_CALL): give up a vcpu that is loaded but not running here. */
void unload_idle_vcpu(void)
{
	struct cpu *c = this_cpu();

	if (c->loaded && c->loaded != current)
		unload(c);
}

/*
 * Another CPU idles with @v loaded, or is just leaving it. That CPU doesn't wait for us: we
 * have nothing loaded but our current vcpu.
 */
static void await_release(struct vcpu *v)
{
	u32 on;

	while ((on = __atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE))) {
		if (!(atomic_read(&cpus[on - 1].work) & BIT(WORK_CALL)))
			cpu_work(on - 1, WORK_CALL);
		serve_flush();
		cpu_relax();
	}
}

void sync_vcpu_state(struct vcpu *v)
{
	u32 on = __atomic_load_n(&v->loaded_on, __ATOMIC_ACQUIRE);

	if (!on)
		return;
	if (on - 1 != this_cpu()->id)
		await_release(v);
	else if (current != v)
		unload(this_cpu());
}

/* @v's state into the hardware, and out of it that of the vcpu before. False: see load_segments(). */
static bool replace_loaded(struct cpu *c, struct vcpu *v)
{
	struct vcpu *old = c->loaded;
	bool ok;

	if (unlikely(READ_ONCE(v->loaded_on))) {
		if (old)
			unload(c);
		old = NULL;
		await_release(v);
	}
	if (old)
		save_hardware(old);
	c->loaded = v;
	ok = load_hardware(v);
	if (old)
		release(old, v->domain);
	if (unlikely(v->singleshot.cpu != c->id))
		vcpu_timers_migrate(v, c->id);
	return ok;
}

/* ---- the switch -------------------------------------------------------------------- */

/* The part of the frame that entries fill. */
#define FRAME_SIZE offsetof(struct cpu_user_regs, es)

void context_switch(struct vcpu *prev, struct vcpu *next)
{
	struct cpu *c = this_cpu();
	struct cpu_info *info = cpu_info();
	bool segments_ok = true;

	if (prev == next)
		return;
	if (!is_idle_vcpu(prev))
		memcpy(&prev->regs, &info->regs, FRAME_SIZE);
	info->vcpu = next;
	if (is_idle_vcpu(next))
		jump_with_stack(idle_loop);

	if (is_idle_vcpu(prev))
		tlb_leave_idle();
	if (c->loaded != next)
		segments_ok = replace_loaded(c, next);
	else
		load_guest_cr3(next);
	memcpy(&info->regs, &next->regs, FRAME_SIZE);
	publish_runstate(next);
	update_vcpu_time(next, false);
	if (!segments_ok)
		inject_failsafe_sel(next, &info->regs, (u16[]){ next->regs.ds, next->regs.es,
								next->regs.fs, next->regs.gs });
	if (is_idle_vcpu(prev))
		return_to_guest();
}

/* ---- context as the ABI's struct ------------------------------------------------------- */

static int check_context(const struct vcpu_guest_context *c)
{
	if (c->gdt_ents > 7168 || c->ldt_ents > 8192)
		return -EINVAL;
	for (unsigned i = 0; i < 256; i++)
		if (!guest_va_ok(c->trap_ctxt[i].address))
			return -EINVAL;
	if (!guest_va_ok(c->event_callback_eip) || !guest_va_ok(c->failsafe_callback_eip) ||
	    !guest_va_ok(c->syscall_callback_eip) || !guest_va_ok(c->user_regs.rip))
		return -EINVAL;
	if (!debugregs_ok(c->debugreg))
		return -EINVAL;
	if (!is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
	    !is_canonical(c->gs_base_user))
		return -EINVAL;
	if (c->ldt_ents && ((c->ldt_base & ~PAGE_MASK) ||
			    !guest_range_ok(c->ldt_base, c->ldt_ents * 8)))
		return -EINVAL;
	return 0;
}

static void set_registers(struct vcpu *v, const struct vcpu_guest_context *c)
{
	v->regs = c->user_regs;
	v->regs.cs = fix_sel(c->user_regs.cs);
	v->regs.ss = fix_sel(c->user_regs.ss);
	v->regs.ds = fix_sel(c->user_regs.ds);
	v->regs.es = fix_sel(c->user_regs.es);
	v->regs.fs = fix_sel(c->user_regs.fs);
	v->regs.gs = fix_sel(c->user_regs.gs);
	v->regs.entry_vector = 0;
	v->iopl = c->user_regs.rflags >> 12 & 3;
	v->regs.rflags &= ~(EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP | EFLAGS_NT);
	v->regs.rflags |= EFLAGS_IF | 2;
	v->fs_base = c->fs_base;
	v->gs_base_kernel = c->gs_base_kernel;
	v->gs_base_user = c->gs_base_user;
	v->kernel_mode = c->flags & VGCF_in_kernel;
}

static void set_entries(struct vcpu *v, const struct vcpu_guest_context *c)
{
	for (unsigned i = 0; i < 256; i++) {
		v->traps[i] = c->trap_ctxt[i];
		v->traps[i].vector = i;
		v->traps[i].cs = fix_sel(c->trap_ctxt[i].cs);
	}
	v->kernel_ss = fix_sel(c->kernel_ss);
	v->kernel_sp = c->kernel_sp;
	v->event_cb = c->event_callback_eip;
	v->failsafe_cb = c->failsafe_callback_eip;
	v->syscall_cb = c->syscall_callback_eip;
	v->failsafe_masks = c->flags & VGCF_failsafe_disables_events;
	v->syscall_masks = c->flags & VGCF_syscall_disables_events;
	set_short_ways(v);
	v->ldt_base = c->ldt_base;
	v->ldt_ents = c->ldt_ents;
	v->cr0_ts = c->ctrlreg[0] & CR0_TS;
	v->cr4 = c->ctrlreg[4] & (CR4_TSD | CR4_DE | (cpu_features.xsave ? CR4_OSXSAVE : 0));
}

int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	mfn_t l4 = c->ctrlreg[3] >> PAGE_SHIFT, user = c->ctrlreg[1] ? c->ctrlreg[1] >> PAGE_SHIFT : 0;
	int rc = check_context(c);

	/* A vcpu that starts in user mode needs that mode's page table: its CPU would have none. */
	if (!rc && !(c->flags & VGCF_in_kernel) && !user)
		rc = -EINVAL;
	if (rc)
		return rc;
	sync_vcpu_state(v);
	if (c->flags & VGCF_I387_VALID)
		rc = fpu_set_fxsave(v, &c->fpu_ctxt);
	if (rc)
		return rc;
	rc = new_kernel_base(v, l4);
	if (!rc)
		rc = new_user_base(v, user);
	if (!rc)
		rc = set_gdt(v, c->gdt_frames, c->gdt_ents);
	if (rc)
		return rc;
	invalidate_ldt(v);
	set_registers(v, c);
	set_entries(v, c);
	for (unsigned i = 0; i < 8; i++)
		(void)set_debugreg(v, i, c->debugreg[i]);	/* checked; 4 and 5 don't exist */
	__atomic_or_fetch(&v->domain->vm_assist, c->vm_assist & VM_ASSISTS_KNOWN, __ATOMIC_RELAXED);
	v->initialised = true;
	if (c->flags & VGCF_online)
		__atomic_and_fetch(&v->pause_flags, ~VPF_DOWN, __ATOMIC_SEQ_CST);
	return 0;
}

void vcpu_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	sync_vcpu_state(v);
	memset(c, 0, sizeof(*c));
	fpu_get_fxsave(v, &c->fpu_ctxt);
	c->flags = VGCF_I387_VALID | (v->kernel_mode ? VGCF_in_kernel : 0) |
		(v->pause_flags & VPF_DOWN ? 0 : VGCF_online) |
		(v->failsafe_masks ? VGCF_failsafe_disables_events : 0) |
		(v->syscall_masks ? VGCF_syscall_disables_events : 0);
	c->user_regs = v->regs;
	c->user_regs.rflags = (c->user_regs.rflags & ~EFLAGS_IOPL) | (u64)v->iopl << 12;
	c->user_regs.saved_upcall_mask = v->info->evtchn_upcall_mask;
	c->user_regs.entry_vector = 0;
	memcpy(c->trap_ctxt, v->traps, sizeof(c->trap_ctxt));
	c->ldt_base = v->ldt_base;
	c->ldt_ents = v->ldt_ents;
	for (unsigned i = 0; i < ARRAY_SIZE(v->gdt_frames); i++)
		c->gdt_frames[i] = v->gdt_frames[i];
	c->gdt_ents = v->gdt_ents;
	c->kernel_ss = v->kernel_ss;
	c->kernel_sp = v->kernel_sp;
	c->ctrlreg[0] = (read_cr(0) & ~CR0_TS) | v->cr0_ts;
	c->ctrlreg[1] = v->user_cr3;
	c->ctrlreg[2] = v->cr2;
	c->ctrlreg[3] = v->kernel_cr3;
	c->ctrlreg[4] = v->cr4 | CR4_PAE;
	memcpy(c->debugreg, v->dr, sizeof(c->debugreg));
	c->event_callback_eip = v->event_cb;
	c->failsafe_callback_eip = v->failsafe_cb;
	c->syscall_callback_eip = v->syscall_cb;
	c->vm_assist = v->domain->vm_assist;
	c->fs_base = v->fs_base;
	c->gs_base_kernel = v->gs_base_kernel;
	c->gs_base_user = v->gs_base_user;
}
