/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hello: a whole PV guest in one file, to show what an operating system must do on Xen.
 * It says hello with its name from xenstore, counts seconds, answers what is typed on its
 * console, and powers off when xl shutdown asks. docs/porting.md is its text book.
 *
 * Simplifications: one vcpu; no user mode; a page table is changed in one place, to show
 * how; whoever waits for xenstore waits for it alone.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>

#define PAGE_SIZE	4096UL
#define VIRT_BASE	0xffffffff80000000UL	/* of our page frame 0; see the ELF note */
#define SECOND		1000000000UL

void hello_main(struct start_info *start) __attribute__((noreturn));
void handle_events(void);
void fatal(const char *what, unsigned long address) __attribute__((noreturn));
extern char event_entry[], failsafe_entry[], page_fault_entry[], protection_entry[];
extern char hypercall_page[];

static struct start_info *si;
static char shared_page[PAGE_SIZE] __attribute__((aligned(4096)));
static struct shared_info *const shared = (struct shared_info *)shared_page;
static unsigned int timer_port;
static volatile bool ticked, store_changed, typed;	/* set by events, taken by the main loop */

/* ---- hypercalls ----------------------------------------------------------------------- */

/*
 * Hypercall n is a call of entry n in the page that the hypervisor filled. Arguments go as
 * in a Linux system call; the result is negative (-errno) when it was refused.
 */
static long hypercall(unsigned int n, unsigned long a, unsigned long b, unsigned long c,
		      unsigned long d)
{
	register unsigned long r10 asm("r10") = d;
	void *entry = hypercall_page + n * 32;
	long result;

	asm volatile("call *%[entry]"
		     : "=a" (result), "+D" (a), "+S" (b), "+d" (c), "+r" (r10)
		     : [entry] "b" (entry) : "rcx", "r8", "r9", "r11", "memory");
	return result;
}

#define CALL2(name, a, b) \
	hypercall(__HYPERVISOR_##name, (unsigned long)(a), (unsigned long)(b), 0, 0)
#define CALL4(name, a, b, c, d) \
	hypercall(__HYPERVISOR_##name, (unsigned long)(a), (unsigned long)(b), \
		  (unsigned long)(c), (unsigned long)(d))

static void notify(unsigned int port)
{
	struct evtchn_send send = { .port = port };

	CALL2(event_channel_op, EVTCHNOP_send, &send);
}

#define barrier()	asm volatile("" ::: "memory")

/* An event that came while they were masked is delivered on the way out of any hypercall. */
static void unmask_events(void)
{
	shared->vcpu_info[0].evtchn_upcall_mask = 0;
	barrier();
	if (shared->vcpu_info[0].evtchn_upcall_pending)
		CALL2(xen_version, 0, 0);
}

/*
 * Gives the CPU away until an event makes the condition true. It is tested with events
 * masked; blocking unmasks them, and returns at once if one is pending: none gets lost.
 */
#define WAIT_UNTIL(condition) do {					\
		for (;;) {						\
			shared->vcpu_info[0].evtchn_upcall_mask = 1;	\
			barrier();					\
			if (condition)					\
				break;					\
			CALL2(sched_op, SCHEDOP_block, 0);		\
		}							\
		unmask_events();					\
	} while (0)

static void end(unsigned int reason) __attribute__((noreturn));
static void end(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	for (;;)
		CALL2(sched_op, SCHEDOP_shutdown, &shutdown);
}

/* ---- memory ----------------------------------------------------------------------------- */

/* A guest's own frame numbers (pfn) and the machine's (mfn): both ways there is a table. */
static void *page_of_mfn(unsigned long mfn)
{
	const unsigned long *m2p = (const unsigned long *)MACH2PHYS_VIRT_START;

	return (void *)(VIRT_BASE + m2p[mfn] * PAGE_SIZE);
}

/* Page tables are ours, but read-only: the hypervisor checks and makes each change. */
static bool map_machine_page(void *where, unsigned long maddr)
{
	const unsigned long present_writable_user = 7;

	return CALL4(update_va_mapping, where, maddr | present_writable_user, UVMF_INVLPG, 0) == 0;
}

/* ---- console: a ring of bytes in a page that domain 0's console daemon shares -------------- */

static void put(char c)
{
	volatile struct xencons_interface *ring = page_of_mfn(si->console.domU.mfn);

	while (ring->out_prod - ring->out_cons == sizeof(ring->out))
		CALL2(sched_op, SCHEDOP_yield, 0);
	ring->out[ring->out_prod % sizeof(ring->out)] = c;
	barrier();				/* x86 keeps the order of stores, the compiler must, too */
	ring->out_prod++;
	if (c == '\n')
		notify(si->console.domU.evtchn);
}

static void say(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

static void say_number(unsigned long n, unsigned int base)
{
	if (n >= base)
		say_number(n / base, base);
	put("0123456789abcdef"[n % base]);
}

static void answer_typing(void)
{
	volatile struct xencons_interface *ring = page_of_mfn(si->console.domU.mfn);

	while (ring->in_cons != ring->in_prod) {
		char c = ring->in[ring->in_cons % sizeof(ring->in)];

		barrier();
		ring->in_cons++;
		say("you typed ");
		put(c < ' ' ? '.' : c);
		say("\n");
	}
}

void fatal(const char *what, unsigned long address)
{
	say("hello: ");
	say(what);
	say(" at ");
	say_number(address, 16);
	say("\n");
	end(SHUTDOWN_crash);
}

/* ---- xenstore: requests and answers in another ring --------------------------------------- */

static void store_write(const void *data, unsigned int len)
{
	volatile struct xenstore_domain_interface *ring = page_of_mfn(si->store_mfn);
	const char *p = data;

	while (len) {
		WAIT_UNTIL(ring->req_prod - ring->req_cons < XENSTORE_RING_SIZE);
		ring->req[MASK_XENSTORE_IDX(ring->req_prod)] = *p++;
		barrier();
		ring->req_prod++;
		len--;
	}
	notify(si->store_evtchn);
}

static void store_read(void *data, unsigned int len)
{
	volatile struct xenstore_domain_interface *ring = page_of_mfn(si->store_mfn);
	char *p = data;

	while (len) {
		WAIT_UNTIL(ring->rsp_prod != ring->rsp_cons);
		*p++ = ring->rsp[MASK_XENSTORE_IDX(ring->rsp_cons)];
		barrier();
		ring->rsp_cons++;
		len--;
	}
	notify(si->store_evtchn);		/* there is room again */
}

static unsigned int length(const char *s)
{
	unsigned int n = 0;

	while (s[n])
		n++;
	return n;
}

/*
 * One request and its answer. Path and value are strings, ended by a zero byte each but the
 * value of a write. An answer that is a watch's event comes when it likes: it is noted.
 */
static bool store(unsigned int type, const char *path, const char *value, char *answer,
		  unsigned int size)
{
	unsigned int value_len = length(value) + (type == XS_WATCH), i;
	struct xsd_sockmsg msg = { .type = type, .len = length(path) + 1 + value_len };
	char c;

	if (type == XS_READ)
		msg.len = length(path) + 1;
	store_write(&msg, sizeof(msg));
	store_write(path, length(path) + 1);
	store_write(value, msg.len - length(path) - 1);
	for (;;) {
		store_read(&msg, sizeof(msg));
		for (i = 0; i < msg.len; i++) {
			store_read(&c, 1);
			if (i + 1 < size)
				answer[i] = c;
		}
		if (size)
			answer[i < size ? i : size - 1] = '\0';
		if (msg.type != XS_WATCH_EVENT)
			return msg.type != XS_ERROR;
		store_changed = true;
	}
}

/* A watch fired: was it xl shutdown? The answer to it is an empty string in its place. */
static void look_into_store(void)
{
	volatile struct xenstore_domain_interface *ring = page_of_mfn(si->store_mfn);
	struct xsd_sockmsg msg;
	char what[16], c;

	while (ring->rsp_prod != ring->rsp_cons) {
		store_read(&msg, sizeof(msg));
		while (msg.len--)
			store_read(&c, 1);
	}
	if (!store(XS_READ, "control/shutdown", "", what, sizeof(what)) || !what[0])
		return;
	store(XS_WRITE, "control/shutdown", "", &c, 1);
	say("hello: asked for ");
	say(what);
	say(", good bye\n");
	end(what[0] == 'r' ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Nanoseconds since the machine started: a base that the hypervisor keeps, and the TSC since. */
static unsigned long now(void)
{
	volatile struct vcpu_time_info *time = &shared->vcpu_info[0].time;
	unsigned long base, delta;
	uint32_t version, low, high;

	do {
		version = time->version & ~1u;	/* odd: it is being changed */
		asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) :: "memory");
		delta = (low | (unsigned long)high << 32) - time->tsc_timestamp;
		delta = time->tsc_shift < 0 ? delta >> -time->tsc_shift : delta << time->tsc_shift;
		base = time->system_time;
		delta = (unsigned __int128)delta * time->tsc_to_system_mul >> 32;
		barrier();
	} while (version != time->version);
	return base + delta;
}

static void wake_at(unsigned long when)
{
	struct vcpu_set_singleshot_timer timer = { .timeout_abs_ns = when };

	CALL4(vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer, 0);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Called with events masked, and again if one comes meanwhile. Pending bits in two levels. */
void handle_events(void)
{
	struct vcpu_info *vcpu = &shared->vcpu_info[0];
	unsigned long words, bits, port;

	vcpu->evtchn_upcall_pending = 0;
	words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (; words; words &= words - 1) {
		unsigned int word = __builtin_ctzl(words);

		bits = shared->evtchn_pending[word] & ~shared->evtchn_mask[word];
		__atomic_and_fetch(&shared->evtchn_pending[word], ~bits, __ATOMIC_SEQ_CST);
		for (; bits; bits &= bits - 1) {
			port = word * 64 + __builtin_ctzl(bits);
			if (port == timer_port)
				ticked = true;
			else if (port == si->console.domU.evtchn)
				typed = true;
			else if (port == si->store_evtchn)
				store_changed = true;
		}
	}
}

static void unmask(unsigned int port)
{
	struct evtchn_unmask unmask = { .port = port };

	CALL2(event_channel_op, EVTCHNOP_unmask, &unmask);
}

static void events_init(void)
{
	struct callback_register event = { .type = CALLBACKTYPE_event,
		.address = (unsigned long)event_entry };
	struct callback_register failsafe = { .type = CALLBACKTYPE_failsafe,
		.address = (unsigned long)failsafe_entry };
	struct trap_info traps[] = {
		{ 13, 0, FLAT_KERNEL_CS, (unsigned long)protection_entry },
		{ 14, 0, FLAT_KERNEL_CS, (unsigned long)page_fault_entry },
		{ 0, 0, 0, 0 } };
	struct evtchn_bind_virq timer = { .virq = VIRQ_TIMER };

	CALL2(set_trap_table, traps, 0);
	CALL2(callback_op, CALLBACKOP_register, &event);
	CALL2(callback_op, CALLBACKOP_register, &failsafe);
	CALL2(event_channel_op, EVTCHNOP_bind_virq, &timer);
	timer_port = timer.port;
	CALL4(vcpu_op, VCPUOP_stop_periodic_timer, 0, 0, 0);
}

/* ---- main --------------------------------------------------------------------------------------- */

void hello_main(struct start_info *start)
{
	unsigned long begin, seconds = 0;
	char name[64];

	si = start;
	if (!map_machine_page(shared_page, si->shared_info))
		end(SHUTDOWN_crash);
	events_init();
	unmask(timer_port);
	unmask(si->console.domU.evtchn);
	unmask(si->store_evtchn);
	unmask_events();

	if (!store(XS_READ, "name", "", name, sizeof(name)))
		fatal("no name in xenstore", 0);
	store(XS_WATCH, "control/shutdown", "shutdown", NULL, 0);
	say("Hello, I am ");
	say(name);
	say(", with ");
	say_number(si->nr_pages * PAGE_SIZE >> 20, 10);
	say(" MB on ");
	say(si->magic);
	say("\n");

	begin = now();
	wake_at(begin + SECOND);
	for (;;) {
		if (ticked) {			/* a timer's event says "look", not "it is time" */
			ticked = false;
			if (now() >= begin + (seconds + 1) * SECOND) {
				say("second ");
				say_number(++seconds, 10);
				say("\n");
			}
			wake_at(begin + (seconds + 1) * SECOND);
		}
		if (typed) {
			typed = false;
			answer_typing();
		}
		if (store_changed) {
			store_changed = false;
			look_into_store();
		}
		WAIT_UNTIL(ticked || typed || store_changed);
	}
}
