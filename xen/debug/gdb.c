/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gdb remote stub on a serial line. (GDB manual, appendix E)
 *
 * The machine stops at the debug key '%', at a breakpoint in the hypervisor, and when the
 * hypervisor is broken; on a line that isn't the console's also when gdb connects or
 * interrupts. The CPU that stops holds all others by NMI and serves the line, polled, with no
 * lock taken. Each CPU is a thread; its number is the CPU's plus one. The others stay held
 * while one instruction is executed.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/remote.h>
#include <xen/uaccess.h>
#include <xen/watchdog.h>
#include "gdb_stub.h"

#define CTRL_C		3

#define SIGINT		2
#define SIGTRAP		5
#define SIGABRT		6

#define DR6_STEP	BIT(14)

extern u8 _image_start[], _image_end[];

static int opt_line = -1;
static u8 called;			/* atomic: the byte that came in, 0: none */

static u32 owner;			/* atomic: id + 1 of the CPU that serves the line */

/* All below is the owner's. */
static struct cpu_user_regs *frame;	/* where it stopped */
static unsigned stop_signal;
static enum { NO_REASON, SWBREAK, WATCH } stop_reason;
static const struct watch *hit;		/* of WATCH */
static bool expects_stop;		/* gdb has told us to go on, and waits */
static bool serving;
static unsigned thread;			/* the CPU whose registers are meant */
static u32 stepping;			/* id + 1 of the CPU that executes one instruction */
static bool knows_reasons;		/* gdb understands swbreak and hwbreak */

static int parse_gdb(const char *val)
{
	opt_line = serial_parse_name(val);
	return opt_line < 0 ? opt_line : 0;
}
BOOT_FN("gdb", parse_gdb, "serial line of a gdb remote stub: com1 or com2; best not the console's");

/* ---- registers ------------------------------------------------------------------------ */

/* In gdb's order; flags and selectors have four bytes. ds, es, fs, gs aren't in a frame. */
#define NR_REGS		24
#define FIRST_SHORT	17
#define REG(r)		offsetof(struct cpu_user_regs, r)
#define NOT_THERE	0xffff
static const u16 reg_offset[NR_REGS] = {
	REG(rax), REG(rbx), REG(rcx), REG(rdx), REG(rsi), REG(rdi), REG(rbp), REG(rsp),
	REG(r8), REG(r9), REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15), REG(rip),
	REG(rflags), REG(cs), REG(ss), NOT_THERE, NOT_THERE, NOT_THERE, NOT_THERE,
};

static unsigned reg_size(unsigned n) { return n < FIRST_SHORT ? 8 : 4; }

/* The chosen CPU's frame; NULL: it didn't stop. */
static struct cpu_user_regs *thread_regs(void)
{
	return thread == this_cpu()->id ? frame : held_regs(thread);
}

static char *put_register(char *to, const struct cpu_user_regs *regs, unsigned n)
{
	u64 value;

	if (reg_offset[n] == NOT_THERE) {
		memset(to, 'x', 8);
		return to + 8;
	}
	value = n <= FIRST_SHORT ? *(u64 *)((char *)regs + reg_offset[n])
				 : *(u16 *)((char *)regs + reg_offset[n]);
	return put_hex(to, &value, reg_size(n));
}

/* Selectors stay: a wrong one would be the end. */
static void set_register(struct cpu_user_regs *regs, unsigned n, u64 value)
{
	if (n <= FIRST_SHORT)
		*(u64 *)((char *)regs + reg_offset[n]) = value;
}

static void read_registers(void)
{
	const struct cpu_user_regs *regs = thread_regs();
	char *to = gdb_packet;

	if (!regs) {
		gdb_reply_done(false);
		return;
	}
	for (unsigned n = 0; n < NR_REGS; n++)
		to = put_register(to, regs, n);
	gdb_reply(to - gdb_packet);
}

static bool write_registers(const char *p)
{
	struct cpu_user_regs *regs = thread_regs();

	for (unsigned n = 0; regs && n <= FIRST_SHORT; n++) {
		u64 value = 0;

		if (!get_hex(&p, &value, reg_size(n)))
			return false;
		set_register(regs, n, value);
	}
	return regs != NULL;
}

static void read_register(const char *p)
{
	const struct cpu_user_regs *regs = thread_regs();
	u64 n;

	if (!regs || !get_number(&p, &n, 0) || n >= NR_REGS)
		gdb_reply_done(false);
	else
		gdb_reply(put_register(gdb_packet, regs, n) - gdb_packet);
}

static bool write_register(const char *p)
{
	struct cpu_user_regs *regs = thread_regs();
	u64 n, value = 0;

	if (!regs || !get_number(&p, &n, '=') || n >= NR_REGS || !get_hex(&p, &value, reg_size(n)))
		return false;
	set_register(regs, n, value);
	return true;
}

/* ---- memory ---------------------------------------------------------------------------- */

/* Through the current page table: the hypervisor's memory, and that of the guest it serves. */
static void read_memory(const char *p)
{
	static u8 bytes[PACKET_MAX / 2];
	u64 at, n;

	if (!get_number(&p, &at, ',') || !get_number(&p, &n, 0)) {
		gdb_reply_done(false);
		return;
	}
	n = MIN(n, sizeof(bytes));
	n -= raw_copy(bytes, (void *)at, n);
	if (n)
		gdb_reply(put_hex(gdb_packet, bytes, n) - gdb_packet);
	else
		gdb_reply_done(false);
}

/* The image is written where it can be: in the direct map. */
static bool write_memory(vaddr_t at, const void *from, u64 n)
{
	void *to = (void *)at;

	if (at >= (vaddr_t)_image_start && at < (vaddr_t)_image_end)
		to = pa_to_va(va_to_image_pa(at));
	return !raw_copy(to, from, n);
}

static bool write_hex(const char *p)
{
	static u8 bytes[PACKET_MAX / 2];
	u64 at, n;

	return get_number(&p, &at, ',') && get_number(&p, &n, ':') && n <= sizeof(bytes) &&
	       get_hex(&p, bytes, n) && write_memory(at, bytes, n);
}

static bool write_binary(const char *p)
{
	u64 at, n;

	return get_number(&p, &at, ',') && get_number(&p, &n, ':') &&
	       n == (u64)(gdb_packet + gdb_packet_len - p) && write_memory(at, p, n);
}

/* ---- threads ------------------------------------------------------------------------------- */

/* "0" and "-1" are any: the one that stopped. */
static bool get_thread(const char *p, unsigned *cpu)
{
	u64 n;

	*cpu = this_cpu()->id;
	if (!strcmp(p, "-1") || !strcmp(p, "0"))
		return true;
	if (!get_number(&p, &n, 0) || !n || n > nr_cpus)
		return false;
	*cpu = n - 1;
	return true;
}

/* Hg: whose registers; Hc: who goes on, which is always the one that stopped, then the others. */
static bool choose_thread(const char *p)
{
	unsigned cpu;

	if (!get_thread(p + 1, &cpu))
		return false;
	if (*p != 'g')
		return cpu == this_cpu()->id;
	thread = cpu;
	return true;
}

static void list_threads(void)
{
	unsigned len = 0;

	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		len += snprintf(gdb_packet + len, sizeof(gdb_packet) - len, "%c%x", cpu ? ',' : 'm', cpu + 1);
	gdb_reply(len);
}

static void describe_thread(const char *p)
{
	const struct cpu_user_regs *regs;
	char text[80];
	unsigned cpu;

	if (!get_thread(p, &cpu)) {
		gdb_reply_done(false);
		return;
	}
	regs = cpu == this_cpu()->id ? frame : held_regs(cpu);
	if (!regs)
		snprintf(text, sizeof(text), "CPU %u: does not stop", cpu);
	else if (is_idle_vcpu(cpus[cpu].info->vcpu))
		snprintf(text, sizeof(text), "CPU %u: idle", cpu);
	else
		snprintf(text, sizeof(text), "CPU %u: d%uv%u%s", cpu, cpus[cpu].info->vcpu->domain->id,
			 cpus[cpu].info->vcpu->id, guest_regs(regs) ? "" : ", in the hypervisor");
	gdb_reply(put_hex(gdb_packet, text, strlen(text)) - gdb_packet);
}

static void stop_reply(void)
{
	static const char *const kinds[5] = { [1] = "hwbreak", [2] = "watch", [3] = "rwatch", [4] = "awatch" };
	int len = snprintf(gdb_packet, sizeof(gdb_packet), "T%02xthread:%x;", stop_signal, this_cpu()->id + 1);

	if (stop_reason == SWBREAK && knows_reasons)
		strlcpy(gdb_packet + len, "swbreak:;", sizeof(gdb_packet) - len);
	else if (stop_reason == WATCH && hit->kind > 1)
		snprintf(gdb_packet + len, sizeof(gdb_packet) - len, "%s:%lx;", kinds[hit->kind], hit->at);
	else if (stop_reason == WATCH && knows_reasons)
		strlcpy(gdb_packet + len, "hwbreak:;", sizeof(gdb_packet) - len);
	gdb_reply(strlen(gdb_packet));
}

/* ---- commands ---------------------------------------------------------------------------------- */

static const char *starts(const char *word)
{
	return strncmp(gdb_packet, word, strlen(word)) ? NULL : gdb_packet + strlen(word);
}

static void query(void)
{
	const char *p;

	if (starts("qSupported")) {
		knows_reasons = strstr(gdb_packet, "swbreak+") != NULL;
		snprintf(gdb_packet, sizeof(gdb_packet), "PacketSize=%x;swbreak+;hwbreak+", PACKET_MAX);
		gdb_reply(strlen(gdb_packet));
	} else if (starts("qfThreadInfo")) {
		list_threads();
	} else if (starts("qsThreadInfo")) {
		gdb_reply_text("l");
	} else if ((p = starts("qThreadExtraInfo,"))) {
		describe_thread(p);
	} else if (starts("qAttached")) {
		gdb_reply_text("1");
	} else if (!strcmp(gdb_packet, "qC")) {
		snprintf(gdb_packet, sizeof(gdb_packet), "QC%x", this_cpu()->id + 1);
		gdb_reply(strlen(gdb_packet));
	} else {
		gdb_reply_text("");
	}
}

/* iretq and sysret lead into a guest, where a step can't be followed: then it is "continue". */
static bool leaves_hypervisor(void)
{
	u8 op[3];

	if (guest_regs(frame) || raw_copy(op, (void *)frame->rip, 3))
		return false;
	return op[0] == 0x48 && (op[1] == 0xcf || (op[1] == 0x0f && op[2] == 0x07));
}

/* c and s, with the address to go on at if there is one. */
static void resume(const char *p)
{
	u64 at;

	if (get_number(&p, &at, 0))
		frame->rip = at;
	if (gdb_packet[0] == 's' && !leaves_hypervisor()) {
		stepping = this_cpu()->id + 1;
		frame->rflags |= EFLAGS_TF;
	}
}

/* False: the machine goes on. */
static bool serve(void)
{
	const char *p = gdb_packet + 1;

	gdb_receive();
	switch (gdb_packet[0]) {
	case '?': stop_reply(); break;
	case 'g': read_registers(); break;
	case 'G': gdb_reply_done(write_registers(p)); break;
	case 'p': read_register(p); break;
	case 'P': gdb_reply_done(write_register(p)); break;
	case 'm': read_memory(p); break;
	case 'M': gdb_reply_done(write_hex(p)); break;
	case 'X': gdb_reply_done(write_binary(p)); break;
	case 'H': gdb_reply_done(choose_thread(p)); break;
	case 'T': gdb_reply_done(get_thread(p, &(unsigned){ 0 })); break;
	case 'q': query(); break;
	case 'Z':
	case 'z': change_breakpoint(p); break;
	case 'k':
		console_force_unlock();		/* a held CPU may have it */
		printk(LOG_ERR "Reboot, as asked by the debugger\n");
		machine_reset();
	case 'D':
		clear_breakpoints();
		expects_stop = false;
		gdb_reply_done(true);
		return false;
	case 'c':
	case 's':
		resume(p);
		expects_stop = true;
		return false;
	default:
		gdb_reply_text("");
	}
	return true;
}

/* ---- stop and go on -------------------------------------------------------------------------- */

/* One CPU at a time; the others, held or not, wait here if they want to stop too. */
static void own(struct cpu_user_regs *regs)
{
	u32 me = this_cpu()->id + 1, was;

	while ((was = cmpxchg(&owner, 0, me)) && was != me) {
		hold_here(regs);
		cpu_relax();
	}
}

static void disown(void)
{
	if (!stepping)
		__atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
}

static void stop(struct cpu_user_regs *regs, unsigned signal)
{
	u64 old_dr7 = read_dr(7);
	u8 call;

	serving = true;
	write_dr(7, DR7_FIXED);		/* the stub reads and runs what is watched */
	if (!stepping) {
		hold_others();
		serial_flush(gdb_line);
	}
	plant_int3s(false);
	call = xchg(&called, 0);
	frame = regs;
	stop_signal = call == CTRL_C ? SIGINT : signal;
	thread = this_cpu()->id;
	stepping = 0;
	forget_packets();
	if (expects_stop && call != '$')
		stop_reply();
	while (serve())
		;
	if (guest_breakpoints())
		write_dr(7, old_dr7);
	else
		gdb_load_breakpoints();
	stop_reason = NO_REASON;
	serving = false;
	watchdog_touch();
	plant_int3s(true);
	if (stepping)
		return;
	let_go();
	__atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
}

/* ---- ways in --------------------------------------------------------------------------------- */

static inline void breakpoint(void) { asm volatile("int3" ::: "memory"); }

/* One of ours, perhaps gone by now, or one that the code itself has, which is left behind. */
bool gdb_int3(struct cpu_user_regs *regs)
{
	vaddr_t at = regs->rip - 1;

	if (!gdb_line || serving)
		return false;
	own(regs);
	if (is_int3_of_ours(at)) {
		regs->rip = at;
		stop_reason = SWBREAK;
	} else if (*(u8 *)at != OPCODE_INT3) {
		regs->rip = at;
		disown();
		return true;
	}
	stop(regs, SIGTRAP);
	return true;
}

bool gdb_debug_exception(struct cpu_user_regs *regs, u64 dr6)
{
	bool step = stepping == this_cpu()->id + 1 && (dr6 & DR6_STEP);

	if (!gdb_line || serving || (!step && (!(dr6 & 15) || guest_breakpoints())))
		return false;
	own(regs);
	if (step)
		regs->rflags &= ~EFLAGS_TF;
	hit = guest_breakpoints() ? NULL : watch_hit(dr6);
	if (hit)
		stop_reason = WATCH;
	if (step || hit)
		stop(regs, SIGTRAP);
	else
		disown();		/* gone by now */
	return true;
}

void gdb_crash(struct cpu_user_regs *regs)
{
	if (!gdb_line || serving)
		return;
	printk(LOG_ERR "Waiting for gdb on its serial line; \"continue\" there ends the machine.\n");
	if (regs) {
		own(regs);
		stop(regs, SIGABRT);
	} else {
		breakpoint();
	}
}

bool gdb_called(u8 c)
{
	if (c == CTRL_C || c == '$')
		cmpxchg(&called, 0, c);
	return atomic_read(&called);
}

void gdb_answer(void)
{
	if (unlikely(atomic_read(&called)))
		breakpoint();
}

static void key_break(void)
{
	if (gdb_line)
		breakpoint();
	else
		printk(LOG_ERR "There is no debugger: boot with gdb=com1 or gdb=com2\n");
}

/* ---- start -------------------------------------------------------------------------------------- */

void __init gdb_init(void)
{
	register_key('%', key_break, "stop for the debugger (gdb=)");
	if (opt_line < 0)
		return;
	gdb_line = serial_open(opt_line);
	if (gdb_line)
		printk(LOG_INFO "gdb: on com%u\n", opt_line + 1);
	else
		printk(LOG_WARN "gdb=com%u: there is no such serial port\n", opt_line + 1);
}

void __init gdb_use_interrupts(void)
{
	if (gdb_line)
		serial_use_interrupts(gdb_line);
}
