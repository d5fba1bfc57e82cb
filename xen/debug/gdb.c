/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A gdb remote stub on a serial line. (GDB manual, appendix E)
 *
 * The machine stops at the debug key '%', at a breakpoint in the hypervisor, and when the
 * hypervisor is broken; on a line that isn't the console's also when gdb connects or
 * interrupts. The CPU that stops holds all others by NMI and serves the line, polled, with no
 * lock taken. Each CPU is a thread; its number is the CPU's plus one. The others stay held
 * while one instruction is executed.
 *
 * Software breakpoints are for the hypervisor's code, which is written through the direct map.
 * Hardware breakpoints are in all CPUs, but for those whose guest uses the debug registers.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/gdb.h>
#include <xen/lib.h>
#include <xen/remote.h>
#include <xen/serial.h>
#include <xen/uaccess.h>
#include <xen/watchdog.h>

#define PACKET_MAX	2048
#define MAX_INT3	64
#define OPCODE_INT3	0xcc
#define CTRL_C		3

#define SIGINT		2
#define SIGTRAP		5
#define SIGABRT		6

#define DR7_FIXED	BIT(10)
#define DR6_STEP	BIT(14)

extern u8 _image_start[], _text_end[], _image_end[];

static int opt_line = -1;
static struct serial *line;		/* set once; NULL: no debugger */
static u8 called;			/* atomic: the byte that came in, 0: none */

static u32 owner;			/* atomic: id + 1 of the CPU that serves the line */

/* All below is the owner's. */
static struct int3 { vaddr_t at; u8 byte; } int3s[MAX_INT3];	/* at 0: unused */
static struct watch { vaddr_t at; u8 kind, len; } watches[4];	/* kind as gdb's; len 0: unused */
static u64 dr7 = DR7_FIXED;
static struct cpu_user_regs *frame;	/* where it stopped */
static unsigned stop_signal;
static enum { NO_REASON, SWBREAK, WATCH } stop_reason;
static const struct watch *hit;		/* of WATCH */
static bool expects_stop;		/* gdb has told us to go on, and waits */
static bool serving;
static unsigned thread;			/* the CPU whose registers are meant */
static u32 stepping;			/* id + 1 of the CPU that executes one instruction */
static bool knows_reasons;		/* gdb understands swbreak and hwbreak */
static bool again;			/* a packet has begun where an ack was due */
static char packet[PACKET_MAX + 1];
static unsigned packet_len;

static int parse_gdb(const char *val)
{
	opt_line = serial_parse_name(val);
	return opt_line < 0 ? opt_line : 0;
}
BOOT_FN("gdb", parse_gdb, "serial line of a gdb remote stub: com1 or com2; best not the console's");

/* ---- packets ------------------------------------------------------------------------ */

static u8 hex_digit(unsigned n) { return "0123456789abcdef"[n & 15]; }

static int hex_value(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static u8 get(void) { return serial_poll_getc(line); }
static void put(u8 c) { serial_poll_putc(line, c); }

/* The next packet that arrives whole, its bytes unescaped. */
static void receive(void)
{
	for (;;) {
		u8 sum = 0, c, check;

		while (!again && get() != '$')
			;
		again = false;
		packet_len = 0;
		while ((c = get()) != '#') {
			sum += c;
			if (c == '$') {			/* the rest of the last one is lost */
				sum = packet_len = 0;
				continue;
			}
			if (c == '}') {
				c = get();
				sum += c;
				c ^= 0x20;
			}
			if (packet_len < PACKET_MAX)
				packet[packet_len++] = c;
		}
		packet[packet_len] = 0;
		check = hex_value(get()) << 4;
		check |= hex_value(get()) & 15;
		put(check == sum ? '+' : '-');
		if (check == sum)
			return;
	}
}

/* What is in the packet, until gdb has it. */
static void reply(unsigned len)
{
	u8 c;

	do {
		u8 sum = 0;

		put('$');
		for (unsigned i = 0; i < len; i++) {
			put(packet[i]);
			sum += packet[i];
		}
		put('#');
		put(hex_digit(sum >> 4));
		put(hex_digit(sum));
		do
			c = get();
		while (c != '+' && c != '-' && c != '$');
	} while (c == '-');
	again = c == '$';
}

static void reply_text(const char *text)
{
	strlcpy(packet, text, sizeof(packet));
	reply(strlen(packet));
}

static void reply_done(bool ok) { reply_text(ok ? "OK" : "E01"); }

static char *put_hex(char *to, const void *from, unsigned n)
{
	for (const u8 *p = from; n--; p++) {
		*to++ = hex_digit(*p >> 4);
		*to++ = hex_digit(*p);
	}
	return to;
}

/* False if there are fewer than @n bytes. */
static bool get_hex(const char **from, void *to, unsigned n)
{
	for (u8 *p = to; n--; p++) {
		int hi = hex_value((*from)[0]), lo = hi < 0 ? -1 : hex_value((*from)[1]);

		if (lo < 0)
			return false;
		*p = hi << 4 | lo;
		*from += 2;
	}
	return true;
}

/* A number, and the character @after it (0: whatever comes). */
static bool get_number(const char **from, u64 *n, char after)
{
	const char *start = *from;

	for (*n = 0; hex_value(**from) >= 0; (*from)++)
		*n = *n << 4 | hex_value(**from);
	if (*from == start || (after && **from != after))
		return false;
	*from += after != 0;
	return true;
}

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
	char *to = packet;

	if (!regs) {
		reply_done(false);
		return;
	}
	for (unsigned n = 0; n < NR_REGS; n++)
		to = put_register(to, regs, n);
	reply(to - packet);
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
		reply_done(false);
	else
		reply(put_register(packet, regs, n) - packet);
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
		reply_done(false);
		return;
	}
	n = MIN(n, sizeof(bytes));
	n -= raw_copy(bytes, (void *)at, n);
	if (n)
		reply(put_hex(packet, bytes, n) - packet);
	else
		reply_done(false);
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
	       n == (u64)(packet + packet_len - p) && write_memory(at, p, n);
}

/* ---- breakpoints ------------------------------------------------------------------------- */

static struct int3 *find_int3(vaddr_t at)
{
	for (unsigned i = 0; i < MAX_INT3; i++)
		if (int3s[i].at == at)
			return &int3s[i];
	return NULL;
}

static bool set_int3(vaddr_t at)
{
	struct int3 *b = find_int3(at) ?: find_int3(0);

	if (!b || at < (vaddr_t)_image_start || at >= (vaddr_t)_text_end)
		return false;
	b->at = at;
	return true;
}

static bool clear_int3(vaddr_t at)
{
	struct int3 *b = at ? find_int3(at) : NULL;

	if (b)
		b->at = 0;
	return b != NULL;
}

/*
 * They are in the code only while it runs, so that the stub doesn't meet them. No function is
 * called here, as it might have one.
 */
static void plant_int3s(bool plant)
{
	for (unsigned i = 0; i < MAX_INT3; i++) {
		volatile u8 *code = pa_to_va(va_to_image_pa(int3s[i].at));

		if (!int3s[i].at)
			continue;
		if (plant) {
			int3s[i].byte = *code;
			*code = OPCODE_INT3;
		} else {
			*code = int3s[i].byte;
		}
	}
}

static bool change_watch(bool set, unsigned kind, vaddr_t at, u64 len)
{
	struct watch want = { at, kind, kind == 1 ? 1 : len }, *free = NULL;

	if (!is_canonical(at) || len > 8 || !is_power_of_2(want.len) || at % want.len)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(watches); i++) {
		struct watch *w = &watches[i];

		if (w->len == want.len && w->at == at && w->kind == kind) {
			w->len *= set;
			return true;
		}
		if (!w->len)
			free = w;
	}
	if (set && free)
		*free = want;
	return set && free;
}

/* gdb's kinds: 1 execute, 2 write, 3 read, 4 either; the hardware has no "read". (SDM 3, 17.2.4) */
static void compute_dr7(void)
{
	static const u8 length_code[9] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	static const u8 condition[5] = { [1] = 0, [2] = 1, [3] = 3, [4] = 3 };

	dr7 = DR7_FIXED;
	for (unsigned i = 0; i < ARRAY_SIZE(watches); i++)
		if (watches[i].len)
			dr7 |= 2UL << i * 2 | (u64)condition[watches[i].kind] << (16 + i * 4) |
			       (u64)length_code[watches[i].len] << (18 + i * 4);
}

void gdb_load_breakpoints(void)
{
	write_dr(7, DR7_FIXED);
	if (dr7 == DR7_FIXED)
		return;
	write_dr(0, watches[0].at);
	write_dr(1, watches[1].at);
	write_dr(2, watches[2].at);
	write_dr(3, watches[3].at);
	write_dr(7, dr7);
}

/* The CPU has a guest's breakpoints, not ours. */
static bool guest_breakpoints(void)
{
	const struct vcpu *v = this_cpu()->loaded;

	return v && (v->dr[7] & 0xff);
}

void gdb_resume_cpu(void)
{
	if (line && !guest_breakpoints())
		gdb_load_breakpoints();
}

static void change_breakpoint(const char *p)
{
	bool set = packet[0] == 'Z', ok;
	u64 kind, at, len;

	if (!get_number(&p, &kind, ',') || !get_number(&p, &at, ',') || !get_number(&p, &len, 0)) {
		reply_done(false);
	} else if (kind > 4) {
		reply_text("");
	} else {
		if (!kind)
			ok = set ? set_int3(at) : clear_int3(at);
		else
			ok = change_watch(set, kind, at, len);
		compute_dr7();
		reply_done(ok);
	}
}

static void clear_all(void)
{
	memset(int3s, 0, sizeof(int3s));
	memset(watches, 0, sizeof(watches));
	compute_dr7();
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
		len += snprintf(packet + len, sizeof(packet) - len, "%c%x", cpu ? ',' : 'm', cpu + 1);
	reply(len);
}

static void describe_thread(const char *p)
{
	const struct cpu_user_regs *regs;
	char text[80];
	unsigned cpu;

	if (!get_thread(p, &cpu)) {
		reply_done(false);
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
	reply(put_hex(packet, text, strlen(text)) - packet);
}

static void stop_reply(void)
{
	static const char *const kinds[5] = { [1] = "hwbreak", [2] = "watch", [3] = "rwatch", [4] = "awatch" };
	int len = snprintf(packet, sizeof(packet), "T%02xthread:%x;", stop_signal, this_cpu()->id + 1);

	if (stop_reason == SWBREAK && knows_reasons)
		strlcpy(packet + len, "swbreak:;", sizeof(packet) - len);
	else if (stop_reason == WATCH && hit->kind > 1)
		snprintf(packet + len, sizeof(packet) - len, "%s:%lx;", kinds[hit->kind], hit->at);
	else if (stop_reason == WATCH && knows_reasons)
		strlcpy(packet + len, "hwbreak:;", sizeof(packet) - len);
	reply(strlen(packet));
}

/* ---- commands ---------------------------------------------------------------------------------- */

static const char *starts(const char *word)
{
	return strncmp(packet, word, strlen(word)) ? NULL : packet + strlen(word);
}

static void query(void)
{
	const char *p;

	if (starts("qSupported")) {
		knows_reasons = strstr(packet, "swbreak+") != NULL;
		snprintf(packet, sizeof(packet), "PacketSize=%x;swbreak+;hwbreak+", PACKET_MAX);
		reply(strlen(packet));
	} else if (starts("qfThreadInfo")) {
		list_threads();
	} else if (starts("qsThreadInfo")) {
		reply_text("l");
	} else if ((p = starts("qThreadExtraInfo,"))) {
		describe_thread(p);
	} else if (starts("qAttached")) {
		reply_text("1");
	} else if (!strcmp(packet, "qC")) {
		snprintf(packet, sizeof(packet), "QC%x", this_cpu()->id + 1);
		reply(strlen(packet));
	} else {
		reply_text("");
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
	if (packet[0] == 's' && !leaves_hypervisor()) {
		stepping = this_cpu()->id + 1;
		frame->rflags |= EFLAGS_TF;
	}
}

/* False: the machine goes on. */
static bool serve(void)
{
	const char *p = packet + 1;

	receive();
	switch (packet[0]) {
	case '?': stop_reply(); break;
	case 'g': read_registers(); break;
	case 'G': reply_done(write_registers(p)); break;
	case 'p': read_register(p); break;
	case 'P': reply_done(write_register(p)); break;
	case 'm': read_memory(p); break;
	case 'M': reply_done(write_hex(p)); break;
	case 'X': reply_done(write_binary(p)); break;
	case 'H': reply_done(choose_thread(p)); break;
	case 'T': reply_done(get_thread(p, &(unsigned){ 0 })); break;
	case 'q': query(); break;
	case 'Z':
	case 'z': change_breakpoint(p); break;
	case 'k':
		console_force_unlock();		/* a held CPU may have it */
		printk(LOG_ERR "Reboot, as asked by the debugger\n");
		machine_reset();
	case 'D':
		clear_all();
		expects_stop = false;
		reply_done(true);
		return false;
	case 'c':
	case 's':
		resume(p);
		expects_stop = true;
		return false;
	default:
		reply_text("");
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
		serial_flush(line);
	}
	plant_int3s(false);
	call = xchg(&called, 0);
	frame = regs;
	stop_signal = call == CTRL_C ? SIGINT : signal;
	thread = this_cpu()->id;
	stepping = 0;
	again = false;
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

	if (!line || serving)
		return false;
	own(regs);
	if (find_int3(at)) {
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

	if (!line || serving || (!step && (!(dr6 & 15) || guest_breakpoints())))
		return false;
	own(regs);
	if (step)
		regs->rflags &= ~EFLAGS_TF;
	for (unsigned i = 0; i < ARRAY_SIZE(watches) && !guest_breakpoints(); i++) {
		if ((dr6 & BIT(i)) && watches[i].len) {
			stop_reason = WATCH;
			hit = &watches[i];
		}
	}
	if (step || stop_reason == WATCH)
		stop(regs, SIGTRAP);
	else
		disown();		/* gone by now */
	return true;
}

void gdb_crash(struct cpu_user_regs *regs)
{
	if (!line || serving)
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
	if (line)
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
	line = serial_open(opt_line);
	if (line)
		printk(LOG_INFO "gdb: on com%u\n", opt_line + 1);
	else
		printk(LOG_WARN "gdb=com%u: there is no such serial port\n", opt_line + 1);
}

void __init gdb_use_interrupts(void)
{
	if (line)
		serial_use_interrupts(line);
}
