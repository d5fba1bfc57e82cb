/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine checks. The hardware notes errors in banks of registers. What it has corrected waits there
 * until a timer looks, what it couldn't correct raises #MC. Both become records for domain 0.
 * (Intel SDM volume 3, "Machine-check architecture"; AMD APM volume 2, chapter 9)
 *
 * #MC comes in any context, so its handler takes no lock and prints nothing, unless that is the end;
 * WORK_MCE says the rest. The end it is, if the bank's data or the CPU's state may be lost. But where
 * CPUs have software recovery, they tell exactly of bad memory that a load or a fetch met
 * (MCE_REQUIRED): if a guest ran, and the frame is its plain memory, that guest ends instead. Not so if
 * the hypervisor or domain 0 read it, or the frame holds a table, which is read when the guest goes.
 *
 * Many CPUs get an error's #MC all at once, each for itself here: those whose banks have nothing go
 * on. Until the one that has it stops them, they may run for some microseconds more.
 */
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mce.h>

static bool opt_mce = true;
BOOT_OPTION("mce", OPT_BOOL, opt_mce, 0, "use the CPUs' machine-check banks");

#define POLL_S		30
#define BANKS_MAX	32		/* their registers follow one another; above is something else */

#define K8_GART_BANK	4
#define K8_GART_ERRORS	BIT(10)

static u64 caps[NR_CPUS];		/* set once by the CPU: MCG_CAP; 0: no banks */
static struct timer timers[NR_CPUS];
static u32 todo[NR_CPUS];		/* atomic */
#define TODO_INJECT	1
#define TODO_POLL	2

u64 mce_capabilities(unsigned cpu) { return caps[cpu]; }

static unsigned nr_banks(unsigned cpu)
{
	return MIN(caps[cpu] & MCG_CAP_COUNT, (u64)BANKS_MAX);
}

/* ---- registers, and values in their place --------------------------------------- */

#define INTERPOSED	32
#define TAKEN		1UL

static struct interposed {
	u64 key;		/* atomic: key_of(), TAKEN while its value is written, 0: unused */
	u64 value;
} interposed[INTERPOSED];

static u64 key_of(unsigned cpu, u32 msr) { return (cpu + 1UL) << 32 | msr; }

static struct interposed *find_interposed(u64 key)
{
	for (struct interposed *i = interposed; i < interposed + INTERPOSED; i++)
		if (__atomic_load_n(&i->key, __ATOMIC_ACQUIRE) == key)
			return i;
	return NULL;
}

static u64 read_msr(u32 msr)
{
	const struct interposed *i = find_interposed(key_of(this_cpu()->id, msr));

	return i ? i->value : rdmsr(msr);
}

static bool drop_interposed(u32 msr)
{
	struct interposed *i = find_interposed(key_of(this_cpu()->id, msr));

	if (i)
		__atomic_store_n(&i->key, 0, __ATOMIC_RELEASE);
	return i;
}

/* Behind an interposed error the hardware may have one of its own, not yet seen. */
static void clear_bank(unsigned bank)
{
	drop_interposed(MSR_MC_ADDR(bank));
	drop_interposed(MSR_MC_MISC(bank));
	if (!drop_interposed(MSR_MC_STATUS(bank)))
		wrmsr(MSR_MC_STATUS(bank), 0);
}

static bool may_interpose(unsigned cpu, u32 msr)
{
	return (caps[cpu] && msr == MSR_MCG_STATUS) ||
	       (msr - MSR_MC_CTL(0) < 4 * nr_banks(cpu) && msr % 4);
}

static bool interpose(u64 key, u64 value)
{
	struct interposed *i = find_interposed(key);

	for (i = i ? i : interposed; i < interposed + INTERPOSED; i++) {
		u64 was = i->key == key ? key : 0;

		if (cmpxchg(&i->key, was, TAKEN) != was)
			continue;
		i->value = value;
		__atomic_store_n(&i->key, key, __ATOMIC_RELEASE);
		return true;
	}
	return false;
}

int mce_interpose(unsigned cpu, const xen_mcinfo_msr_t *msrs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (msrs[i].reg >> 32 || !may_interpose(cpu, msrs[i].reg))
			return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!interpose(key_of(cpu, msrs[i].reg), msrs[i].value))
			return -ENOSPC;
	return 0;
}

/* ---- words -------------------------------------------------------------------------- */

static void describe_frame(char *buf, size_t size, mfn_t mfn)
{
	domid_t owner = mfn_valid(mfn) ? page_owner(mfn_to_page(mfn)) : DOMID_IO;

	if (owner == DOMID_IO)
		snprintf(buf, size, "no RAM");
	else if (owner == DOMID_INVALID)
		snprintf(buf, size, "free memory");
	else if (owner == DOMID_XEN || (mfn_to_page(mfn)->count & PGC_HVPAGE))
		snprintf(buf, size, "the hypervisor's memory");
	else
		snprintf(buf, size, "memory of d%u", owner);
}

static void describe_bank(char *buf, size_t size, const struct mcinfo_bank *b, u64 cap)
{
	char what[128], frame[32], where[80] = "";

	mce_describe(what, sizeof(what), b->mc_status);
	if (mce_addresses_frame(b->mc_status, b->mc_misc, cap)) {
		describe_frame(frame, sizeof(frame), b->mc_addr >> PAGE_SHIFT);
		snprintf(where, sizeof(where), ", address %#lx, %s", b->mc_addr, frame);
	} else if (b->mc_status & MCI_ADDRV) {
		snprintf(where, sizeof(where), ", address %#lx", b->mc_addr);
	}
	snprintf(buf, size, "bank %u: %s%s (status %016lx, misc %lx)", b->mc_bank, what, where,
		 b->mc_status, b->mc_misc);
}

/* ---- from the banks into records ------------------------------------------------------ */

/* The frame, if @b says which one, exactly; or NULL. */
static struct page_info *frame_of(const struct mcinfo_bank *b, u64 cap)
{
	mfn_t mfn = b->mc_addr >> PAGE_SHIFT;

	return mce_addresses_frame(b->mc_status, b->mc_misc, cap) && mfn_valid(mfn) ? mfn_to_page(mfn) : NULL;
}

static void read_bank(struct mcinfo_bank *b, unsigned bank, u64 status, u64 cap)
{
	const struct page_info *pg;

	b->common = (struct mcinfo_common){ .type = MC_TYPE_BANK, .size = sizeof(*b) };
	b->mc_bank = bank;
	b->mc_status = status;
	b->mc_addr = status & MCI_ADDRV ? read_msr(MSR_MC_ADDR(bank)) : 0;
	b->mc_misc = status & MCI_MISCV ? read_msr(MSR_MC_MISC(bank)) : 0;
	b->mc_ctrl2 = cap & MCG_CAP_CMCI ? rdmsr(MSR_MC_CTL2(bank)) : 0;
	b->mc_tsc = rdtsc();
	pg = frame_of(b, cap);
	b->mc_domid = pg ? page_owner(pg) : DOMID_INVALID;
}

static struct mce_record *new_record(u32 flags)
{
	unsigned cpu = this_cpu()->id;
	struct mce_record *r = mce_record_new(flags & MC_FLAG_MCE, cpu);
	const struct vcpu *v = current;
	struct mcinfo_global *g;

	if (!r)
		return NULL;
	g = mce_record_add(r, MC_TYPE_GLOBAL, sizeof(*g));
	g->mc_domid = flags & MC_FLAG_RESET ? DOMID_INVALID : v->domain->id;
	g->mc_vcpuid = flags & MC_FLAG_RESET || is_idle_vcpu(v) ? XEN_MC_VCPUID_INVALID : v->id;
	g->mc_socketid = cpu_socket(cpu);
	g->mc_coreid = cpu_core(cpu);
	g->mc_core_threadid = cpu_thread(cpu);
	g->mc_apicid = cpus[cpu].apic_id;
	g->mc_flags = flags;
	g->mc_gstatus = read_msr(MSR_MCG_STATUS);
	return r;
}

static u32 class_flags(enum mce_class class)
{
	return class == MCE_CORRECTED ? MC_FLAG_CORRECTABLE :
	       class == MCE_FATAL ? MC_FLAG_UNCORRECTABLE : MC_FLAG_UNCORRECTABLE | MC_FLAG_RECOVERABLE;
}

/* Into @r, or if there is no room, or no record yet, into a new one; NULL: there is none. */
static struct mce_record *record_bank(struct mce_record *r, u32 flags, const struct mcinfo_bank *b,
				      enum mce_class class)
{
	struct mcinfo_bank *to = r ? mce_record_add(r, MC_TYPE_BANK, sizeof(*to)) : NULL;

	if (!to) {
		if (r)
			mce_record_done(r);
		r = new_record(flags);
		if (!r)
			return NULL;
		to = mce_record_add(r, MC_TYPE_BANK, sizeof(*to));
	}
	*to = *b;
	((struct mcinfo_global *)r->info.mi_data)->mc_flags |= class_flags(class);
	return r;
}

/* Record this CPU's banks up to @worst and clear them, recorded or not, for the errors to come. */
static void collect(enum mce_class worst, u32 flags)
{
	u64 cap = caps[this_cpu()->id];
	struct mce_record *r = NULL;

	for (unsigned bank = 0; bank < nr_banks(this_cpu()->id); bank++) {
		u64 status = read_msr(MSR_MC_STATUS(bank));
		enum mce_class class = mce_classify(status, cap);
		struct page_info *pg;
		struct mcinfo_bank b;

		if (class == MCE_NONE || class > worst)
			continue;
		read_bank(&b, bank, status, cap);
		r = record_bank(r, flags, &b, class);
		pg = frame_of(&b, cap);
		if (pg && class > MCE_CORRECTED && !(flags & MC_FLAG_RESET))
			condemn_frame(pg);
		clear_bank(bank);
	}
	if (r)
		mce_record_done(r);
}

static void tell(void)
{
	char text[320];
	struct mce_record r;
	static bool said;		/* until there is room again */
	bool any = false;
	u32 n;

	while (mce_untold(&r)) {
		const struct mcinfo_global *g = (void *)r.info.mi_data;
		const struct mcinfo_common *c = (void *)r.info.mi_data;

		for (unsigned i = 0; i < r.info.mi_nentries; i++, c = x86_mcinfo_next(c)) {
			if (c->type != MC_TYPE_BANK)
				continue;
			describe_bank(text, sizeof(text), (const void *)c, caps[r.cpu]);
			printk("Machine check%s on CPU %u, %s\n",
			       g->mc_flags & MC_FLAG_RESET ? " before the start" : "", r.cpu, text);
		}
		any = true;
	}
	if (any) {
		said = false;
		send_global_virq(VIRQ_MCA);
	}
	if (!said && (n = mce_lost())) {
		said = true;
		printk("Machine checks: %u found no room, as domain 0 has not fetched others\n", n);
	}
}

/* ---- the timer ---------------------------------------------------------------------------- */

static void poll(void *data)
{
	struct timer *t = data;
	struct mce_record r;

	collect(MCE_DEFERRED, MC_FLAG_POLLED);
	tell();
	/* Those from before domain 0 listened wait, too. */
	if (t == timers && (mce_oldest(false, &r) || mce_oldest(true, &r)))
		send_global_virq(VIRQ_MCA);
	timer_set(t, now() + SECONDS(POLL_S));
}

void __init mce_start_polling(void)
{
	if (!caps[0])
		return;
	tell();
	printk(LOG_INFO "Machine checks: %u banks%s, looked at every %u seconds\n", nr_banks(0),
	       caps[0] & MCG_CAP_RECOVERY ? ", software recovery" : "", POLL_S);
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++) {
		timer_init(&timers[cpu], poll, &timers[cpu], cpu);
		timer_set(&timers[cpu], now() + SECONDS(POLL_S));
	}
}

/* ---- #MC ------------------------------------------------------------------------------------- */

static void describe_now(char *buf, size_t size, unsigned bank, u64 status)
{
	u64 cap = caps[this_cpu()->id];
	struct mcinfo_bank b;

	read_bank(&b, bank, status, cap);
	describe_bank(buf, size, &b, cap);
}

static void __noreturn end(struct cpu_user_regs *regs, unsigned bank, const char *why)
{
	unsigned cpu = this_cpu()->id;
	char text[320];
	u64 status;

	stop_other_cpus(true);
	console_force_unlock();
	for (unsigned i = 0; i < nr_banks(cpu); i++) {
		status = read_msr(MSR_MC_STATUS(i));
		if (i == bank || !(status & MCI_VALID))
			continue;
		describe_now(text, sizeof(text), i, status);
		printk(LOG_ERR "Machine check on CPU %u, %s\n", cpu, text);
	}
	printk(LOG_ERR "Machine check on CPU %u: %s (MCG_STATUS %lx)\n", cpu, why, read_msr(MSR_MCG_STATUS));
	if (bank == BANKS_MAX)
		panic_at(regs, "machine check: %s", why);
	describe_now(text, sizeof(text), bank, read_msr(MSR_MC_STATUS(bank)));
	panic_at(regs, "machine check, %s", text);
}

/* Can the running guest end in place of the machine? NULL: yes; else why not. */
static const char *cannot_end_guest(const struct cpu_user_regs *regs, unsigned bank, u64 status, u64 cap)
{
	struct mcinfo_bank b;
	const struct page_info *pg;
	u64 count;
	u32 type;

	if (!guest_regs(regs))
		return "the hypervisor has used bad memory";
	if (is_control_domain(current->domain))
		return "domain 0 has used bad memory";
	read_bank(&b, bank, status, cap);
	pg = status & MCI_MISCV ? frame_of(&b, cap) : NULL;
	if (!pg)
		return "it isn't said which memory is bad";
	count = atomic_read(&pg->count);
	type = atomic_read(&pg->type) & PGT_TYPE_MASK;
	if (page_owner(pg) != current->domain->id || (count & PGC_HVPAGE))
		return "the bad memory isn't the guest's that has used it";
	if (type != PGT_NONE && type != PGT_WRITABLE)
		return "the bad memory is a table of the guest's";
	return NULL;
}

void machine_check(struct cpu_user_regs *regs)
{
	unsigned cpu = this_cpu()->id;
	u64 cap = caps[cpu], global;
	enum mce_class worst = MCE_NONE;

	if (!nr_banks(cpu))
		panic_at(regs, "machine check, and no banks are used that would say why");
	global = read_msr(MSR_MCG_STATUS);
	for (unsigned bank = 0; bank < nr_banks(cpu); bank++) {
		u64 status = read_msr(MSR_MC_STATUS(bank));
		enum mce_class class = mce_classify(status, cap);
		const char *why;

		if (class == MCE_FATAL)
			end(regs, bank, "the error can't be survived");
		/* A bank of two threads: the other one has met the error, and sees it as well. */
		if (class == MCE_REQUIRED && !(global & MCG_EIPV))
			continue;
		if (class == MCE_REQUIRED && (why = cannot_end_guest(regs, bank, status, cap)))
			end(regs, bank, why);
		worst = MAX(worst, class);
	}
	if ((global & MCG_MCIP) && !(global & MCG_RIPV))
		end(regs, BANKS_MAX, "what it has interrupted can't go on");
	collect(global & MCG_EIPV ? MCE_REQUIRED : MCE_OPTIONAL, MC_FLAG_MCE);
	drop_interposed(MSR_MCG_STATUS);
	wrmsr(MSR_MCG_STATUS, 0);
	set_bit(WORK_MCE, &this_cpu()->work);
	if (worst == MCE_REQUIRED) {		/* not by domain_crash(), which reads the guest's stack */
		printk(LOG_ERR "Domain %u ends: it has used memory that a machine check found bad\n",
		       current->domain->id);
		domain_shutdown(current->domain, SHUTDOWN_crash);
	}
}

/* As the hardware would do it next, on the stack of its own in the idle loop. */
static void inject_here(void)
{
	if (is_idle_vcpu(current))
		asm volatile("int %0" :: "i" (VEC_MC) : "memory");
	else
		machine_check(current_regs());
}

static void ask(unsigned cpu, u32 what)
{
	__atomic_or_fetch(&todo[cpu], what, __ATOMIC_SEQ_CST);
	cpu_work(cpu, WORK_MCE);
}

void mce_inject(unsigned cpu) { ask(cpu, TODO_INJECT); }
void mce_poll(unsigned cpu) { ask(cpu, TODO_POLL); }

void mce_work(void)
{
	u32 what = xchg(&todo[this_cpu()->id], 0);

	if (what & TODO_INJECT)
		inject_here();
	if (what & TODO_POLL)
		collect(MCE_DEFERRED, MC_FLAG_CMCI);
	tell();
}

/* ---- start ---------------------------------------------------------------------------------------- */

/* What of a bank's errors is to be reported. */
static void enable_bank(unsigned bank)
{
	const struct cpu_features *f = &cpu_features;
	u64 all = ~0UL;

	/* Before Nehalem it is the firmware's, for the whole machine (SDM, "IA32_MC0_CTL"). */
	if (f->intel && f->family == 6 && f->model < 0x1a && !bank)
		return;
	/* K8's reports of missing GART entries, which speculation causes (AMD's BIOS guide, MC4_CTL). */
	if (f->amd && f->family == 15 && bank == K8_GART_BANK)
		all &= ~K8_GART_ERRORS;
	wrmsr_safe(MSR_MC_CTL(bank), all);
}

void mce_init_this_cpu(void)
{
	unsigned cpu = this_cpu()->id;
	u32 a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	if (!opt_mce || !(d & BIT(7)) || !(d & BIT(14)))	/* MCE, MCA */
		return;
	if (rdmsr_safe(MSR_MCG_CAP, &caps[cpu]))	/* a virtual machine may lack what it claims */
		return;
	if (caps[cpu] & MCG_CAP_CTL)
		wrmsr_safe(MSR_MCG_CTL, ~0UL);
	collect(MCE_FATAL, MC_FLAG_RESET);
	for (unsigned bank = 0; bank < nr_banks(cpu); bank++) {
		enable_bank(bank);
		wrmsr(MSR_MC_STATUS(bank), 0);
	}
	wrmsr(MSR_MCG_STATUS, 0);
}
