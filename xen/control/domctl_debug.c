/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domctl: a debugger in domain 0 (gdbsx, a server for gdb) at a guest's kernel.
 *
 * While a domain is debugged, breakpoints and single steps of its kernel mode don't reach its
 * own handlers but stop it, as pausedomain would; domstatus tells whose it was, unpausedomain
 * goes on. Registers are read and written by getvcpucontext and setvcpucontext.
 */
#include "control.h"

#define MAX_IO		(1u << 20)	/* bytes of one call: the guest stands still meanwhile */

bool stop_for_debugger(struct vcpu *v, u8 vector)
{
	struct domain *d = v->domain;

	if (likely(!READ_ONCE(d->debugged)) || !v->kernel_mode)
		return false;
	__atomic_store_n(&v->debug_event, vector, __ATOMIC_RELAXED);
	atomic_add(&d->controller_pause, 1);
	domain_pause_nosync(d);
	send_global_virq(VIRQ_DEBUGGER);
	return true;
}

/* The end leaves no vcpu paused by pausevcpu; the pause of the domain is the debugger's to end. */
int domctl_setdebugging(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v;

	WRITE_ONCE(d->debugged, op->u.setdebugging.enable);
	if (d->debugged)
		return 0;
	for_each_vcpu(d, v) {
		v->debug_event = 0;
		for (; v->debug_pauses; v->debug_pauses--)
			vcpu_unpause(v);
	}
	return 0;
}

/* The domain must be paused, so that what a step of some of its vcpus means is well defined. */
static int find_paused(struct domain *d, struct xen_domctl *op, struct vcpu **v)
{
	if (!atomic_read(&d->controller_pause))
		return -EBUSY;
	*v = find_vcpu(d, op->u.gdbsx_pauseunp_vcpu.vcpu);
	return *v ? 0 : -EINVAL;
}

int domctl_gdbsx_pausevcpu(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v;
	int rc = find_paused(d, op, &v);

	if (rc)
		return rc;
	if (v->debug_pauses == MAX_PAUSES)
		return -EBUSY;
	v->debug_pauses++;
	vcpu_pause(v);
	return 0;
}

int domctl_gdbsx_unpausevcpu(struct domain *d, struct xen_domctl *op)
{
	struct vcpu *v;
	int rc = find_paused(d, op, &v);

	if (rc)
		return rc;
	if (!v->debug_pauses)
		return -EINVAL;
	v->debug_pauses--;
	vcpu_unpause(v);
	return 0;
}

/* Each event is told once. */
int domctl_gdbsx_domstatus(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_gdbsx_domstatus *s = &op->u.gdbsx_domstatus;
	struct vcpu *v;

	*s = (struct xen_domctl_gdbsx_domstatus){
		.paused = !!atomic_read(&d->controller_pause), .vcpu_id = ~0u,
	};
	if (!s->paused)
		return 0;
	for_each_vcpu(d, v) {
		u8 event = xchg(&v->debug_event, 0);

		if (event) {
			s->vcpu_id = v->id;
			s->vcpu_ev = event;
			break;
		}
	}
	return 0;
}

/* Own frame at @va in the page table that vcpu 0's kernel has; with a reference, and NULL if there is none. */
static struct page_info *frame_at(struct domain *d, vaddr_t va)
{
	struct vcpu *v = d->vcpu[0];
	u64 *pte = v && v->kernel_cr3 && guest_va_ok(va) ? walk_l1e(v->kernel_cr3, va) : NULL;
	u64 e = pte ? READ_ONCE(*pte) : 0;

	return e & PTE_P ? get_page_from_mfn(pte_mfn(e), d) : NULL;
}

/* @n bytes within a page. A page table or descriptor page is no memory to write to. */
static bool page_io(struct domain *d, vaddr_t va, vaddr_t buffer, u32 n, bool write)
{
	struct page_info *pg = frame_at(d, va);
	bool ok;
	char *at;

	if (!pg)
		return false;
	at = (char *)page_to_va(pg) + (va & ~PAGE_MASK);
	if (!write) {
		ok = !copy_to_guest(buffer, at, n);
	} else {
		ok = !get_page_type(pg, PGT_WRITABLE, false);
		if (ok) {
			ok = !copy_from_guest(at, buffer, n);
			put_page_type(pg, false);
		}
	}
	put_page(pg);
	return ok;
}

/* Read-only pages are written, too: code is where breakpoints go. After -EFAULT, remain says how much wasn't. */
int domctl_gdbsx_guestmemio(struct domain *d, struct xen_domctl *op)
{
	struct xen_domctl_gdbsx_memio *io = &op->u.gdbsx_guest_memio;
	u32 done = 0;

	io->remain = io->len;
	if (io->pgd3val)		/* of a 32-bit kernel */
		return -EOPNOTSUPP;
	if (io->gwr > 1 || io->len > MAX_IO)
		return -EINVAL;
	domain_pause(d);
	while (done < io->len) {
		vaddr_t va = io->gva + done;
		u32 n = MIN(io->len - done, (u32)(PAGE_SIZE - (va & ~PAGE_MASK)));

		if (!page_io(d, va, io->uva + done, n, io->gwr))
			break;
		done += n;
	}
	domain_unpause(d);
	io->remain = io->len - done;
	return io->remain ? -EFAULT : 0;
}
