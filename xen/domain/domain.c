/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains: the list of them, their birth, and their ends. */
#include <xen/acpi.h>
#include <xen/console.h>
#include <xen/entry.h>
#include <xen/hypercall.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/trace.h>

struct domain *dom0, *dom_xen, *dom_io, *dom_idle;
struct list domain_list = LIST_INIT(domain_list);
spinlock_t domlist_lock = SPINLOCK_INIT(LOCK_DOMLIST);

/* ---- the list ---------------------------------------------------------------- */

static struct domain *buckets[256];	/* domlist lock: the same domains, found by id */

static struct domain **bucket_of(domid_t id) { return &buckets[id % ARRAY_SIZE(buckets)]; }

static struct domain *find_domain(domid_t id)
{
	struct domain *d = *bucket_of(id);

	while (d && d->id != id)
		d = d->bucket_next;
	return d;
}

void ref_domain(struct domain *d)
{
	atomic_add(&d->refs, 1);
}

struct domain *get_domain(domid_t id)
{
	struct domain *d;

	if (current && current->domain->id == id) {
		ref_domain(current->domain);
		return current->domain;
	}
	spin_lock(&domlist_lock);
	d = find_domain(id);
	if (d)
		ref_domain(d);
	spin_unlock(&domlist_lock);
	return d;
}

struct domain *get_domain_or_self(domid_t id)
{
	return get_domain(id == DOMID_SELF ? current->domain->id : id);
}

domid_t domain_free_id(void)
{
	static domid_t last;
	u32 id = last;

	spin_lock(&domlist_lock);
	do {
		id = id + 1u < DOMID_FIRST_RESERVED ? id + 1 : 1;
		if (!find_domain(id)) {
			last = id;
			spin_unlock(&domlist_lock);
			return id;
		}
	} while (id != last);
	spin_unlock(&domlist_lock);
	return 0;
}

static int list_domain(struct domain *d)
{
	struct domain *at;

	spin_lock(&domlist_lock);
	if (find_domain(d->id)) {
		spin_unlock(&domlist_lock);
		return -EEXIST;
	}
	list_for_each(at, &domain_list, list)
		if (at->id > d->id)
			break;
	list_add_tail(&d->list, &at->list);
	d->bucket_next = *bucket_of(d->id);
	*bucket_of(d->id) = d;
	spin_unlock(&domlist_lock);
	return 0;
}

/* ---- vcpus ---------------------------------------------------------------------- */

static void free_vcpu(struct vcpu *v)
{
	fpu_free(v);
	desc_window_free(v);
	if (v->traps)
		free_page(v->traps);
	xfree(v);
}

struct vcpu *vcpu_create(struct domain *d, unsigned id)
{
	struct vcpu *v = xnew(struct vcpu);

	if (!v)
		return NULL;
	v->domain = d;
	v->id = id;
	v->info_mfn = MFN_INVALID;
	spin_lock_init(&v->ldt_lock, LOCK_LDT);
	v->affinity = v->soft_affinity = ~0UL;
	v->kernel_mode = true;
	v->iopl = 0;
	v->pause_flags = VPF_DOWN;
	v->xcr0 = 1;
	if (d == dom_idle) {
		v->pause_flags = 0;
		v->info = &v->dummy_info;
		sched_init_vcpu(v);
		return v;		/* struct cpu has it */
	}
	v->info = id < XEN_LEGACY_MAX_VCPUS ? (struct vcpu_info *)&d->shared_info->vcpu_info[id] : &v->dummy_info;
	v->info->evtchn_upcall_mask = 1;
	v->traps = alloc_page();
	if (!v->traps || fpu_alloc(v) || desc_window_init(v)) {
		free_vcpu(v);
		return NULL;
	}
	vcpu_timers_init(v);
	sched_init_vcpu(v);
	d->vcpu[id] = v;
	return v;
}

/* ---- birth -------------------------------------------------------------------------- */

static struct domain *alloc_domain(domid_t id)
{
	struct domain *d = xnew(struct domain);

	if (d) {
		d->id = id;
		d->refs = 1;
		d->shutdown_code = SHUTDOWN_CODE_NONE;
		list_init(&d->list);
		spin_lock_init(&d->page_lock, LOCK_PAGE);
		spin_lock_init(&d->evtchn.lock, LOCK_EVTCHN);
		spin_lock_init(&d->shutdown_lock, LOCK_SHUTDOWN);
		spin_lock_init(&d->sched.watchdog_lock, LOCK_WATCHDOG);
		d->max_pages = ~0UL >> PAGE_SHIFT;
	}
	return d;
}

/* The owners of frames that no guest owns, and of the idle vcpus. */
void special_domains_init(void)
{
	dom_xen = alloc_domain(DOMID_XEN);
	dom_io = alloc_domain(DOMID_IO);
	dom_idle = alloc_domain(DOMID_IDLE);
	if (!dom_xen || !dom_io || !dom_idle)
		panic("Not enough memory to start");
}

static void free_domain_parts(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu(d, v) {
		sched_destroy_vcpu(v);
		free_vcpu(v);
	}
	if (d->irqs)
		irq_domain_destroy(d);
	if (d->grant)
		grant_destroy(d);
	evtchn_free(d);
	if (d->shared_info)
		unshare_frame(va_to_page(d->shared_info));
	xfree(d->owned_chunks);
	xfree(d->e820);
	xfree(d->policy);
	xfree(d);
}

static int fill_domain(struct domain *d, const struct domain_config *cfg)
{
	u64 chunks = (max_mfn + CHUNK_FRAMES - 1) / CHUNK_FRAMES;
	int rc;

	memcpy(d->handle, cfg->handle, sizeof(d->handle));
	d->privileged = cfg->privileged;
	d->max_vcpus = cfg->max_vcpus;
	d->max_pages = 0;
	d->pause_count = 1;
	d->created_paused = true;
	d->sched.weight = 256;
	d->owned_chunks = xmalloc(ROUND_UP(chunks, 64) / 8);
	if (!d->owned_chunks)
		return -ENOMEM;
	d->shared_info = alloc_page();
	if (!d->shared_info)
		return -ENOMEM;
	share_frame(va_to_page(d->shared_info), d, true);
	for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;
	rc = evtchn_init(d, cfg->max_evtchn_port);
	if (!rc)
		rc = grant_init(d, cfg->max_grant_frames, cfg->max_maptrack_frames);
	if (!rc && cfg->privileged)
		rc = irq_domain_init(d);
	if (!rc)
		update_domain_wallclock(d);
	return rc;
}

struct domain *domain_create(domid_t id, const struct domain_config *cfg, int *err)
{
	struct domain *d;

	*err = -EINVAL;
	if (!cfg->max_vcpus || cfg->max_vcpus > MAX_VCPUS)
		return NULL;
	*err = -ENOMEM;
	d = alloc_domain(id);
	if (!d)
		return NULL;
	*err = fill_domain(d, cfg);
	if (!*err)
		*err = list_domain(d);
	if (*err) {
		free_domain_parts(d);
		return NULL;
	}
	trace(TRC_SCHED_DOM_ADD, d->id);
	trace(TRC_DOM0_DOM_ADD, d->id);
	return d;
}

/* ---- pause -------------------------------------------------------------------------- */

void domain_pause_nosync(struct domain *d)
{
	struct vcpu *v;

	atomic_add(&d->pause_count, 1);
	for_each_vcpu(d, v)
		vcpu_sleep(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	atomic_add(&d->pause_count, 1);
	for_each_vcpu(d, v)
		vcpu_sleep_sync(v);
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	if (atomic_sub(&d->pause_count, 1))
		return;
	for_each_vcpu(d, v)
		vcpu_wake(v);
}

/* ---- ends -------------------------------------------------------------------------- */

void machine_shutdown(u8 code)
{
	static const char *const why[] = { "power-off", "reboot", "suspend", "crash", "watchdog" };

	stop_other_cpus(false);
	printk(LOG_ERR "Domain 0 ended: %s\n", code < ARRAY_SIZE(why) ? why[code] : "for an unknown reason");
	irq_shutdown_all();
	console_drain();
	if (code == SHUTDOWN_poweroff)
		machine_power_off();
	if (code == SHUTDOWN_reboot)
		machine_reset();
	end_of_crash();
}

void domain_shutdown(struct domain *d, u8 code)
{
	if (d == dom0)
		machine_shutdown(code);
	spin_lock(&d->shutdown_lock);
	if (d->is_shut_down) {
		spin_unlock(&d->shutdown_lock);
		return;
	}
	if (d->shutdown_code == SHUTDOWN_CODE_NONE)	/* or what SCHEDOP_shutdown_code said */
		d->shutdown_code = code;
	d->is_shutting_down = true;
	d->is_shut_down = true;
	spin_unlock(&d->shutdown_lock);
	domain_pause_nosync(d);
	send_global_virq(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	spin_lock(&d->shutdown_lock);
	if (!d->is_shut_down) {
		spin_unlock(&d->shutdown_lock);
		return;
	}
	d->is_shut_down = d->is_shutting_down = false;
	d->shutdown_code = SHUTDOWN_CODE_NONE;
	spin_unlock(&d->shutdown_lock);
	domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!d->is_shut_down) {
		printk(LOG_ERR "Domain %u crashed: %s\n", d->id, text);
		if (current->domain == d)
			dump_guest_state(current);
	}
	domain_shutdown(d, SHUTDOWN_crash);
}

static void kill_vcpu(struct vcpu *v)
{
	vcpu_timers_kill(v);
	sync_vcpu_state(v);
	unmap_vcpu_info(v);
	invalidate_ldt(v);
	destroy_gdt(v);
	drop_base_tables(v);
}

int domain_kill(struct domain *d)
{
	struct vcpu *v;
	int rc;

	if (!d->is_dying) {
		trace(TRC_SCHED_DOM_REM, d->id);
		trace(TRC_DOM0_DOM_REM, d->id);
		d->is_dying = true;
		domain_pause(d);
		for_each_vcpu(d, v)
			kill_vcpu(v);
		claim_frames(d, 0);
	}
	if (d->is_dead_pages)
		return -ESRCH;		/* a zombie: nothing left to take */
	rc = evtchn_destroy(d);
	if (!rc)
		rc = grant_release_mappings(d);
	if (!rc)
		rc = relinquish_frames(d);
	if (rc)
		return rc;
	d->is_dead_pages = true;
	put_domain(d);			/* the list's own reference */
	send_global_virq(VIRQ_DOM_EXC);
	return 0;
}

static void unlist_domain(struct domain *d)
{
	struct domain **at = bucket_of(d->id);

	while (*at != d)
		at = &(*at)->bucket_next;
	*at = d->bucket_next;
	list_del(&d->list);
}

/* The last reference goes under the lock, so that nobody finds the domain and takes another. */
void put_domain(struct domain *d)
{
	u32 refs = atomic_read(&d->refs);

	while (refs > 1)
		if (__atomic_compare_exchange_n(&d->refs, &refs, refs - 1, false, __ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return;
	spin_lock(&domlist_lock);
	if (atomic_sub(&d->refs, 1)) {
		spin_unlock(&domlist_lock);
		return;
	}
	unlist_domain(d);
	spin_unlock(&domlist_lock);
	free_domain_parts(d);
	send_global_virq(VIRQ_DOM_EXC);
}
