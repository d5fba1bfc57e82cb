/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console: everything said goes into a ring, which "xl dmesg" reads, and
 * what the log level lets through goes to the devices that "console=" names.
 * What is typed on the serial line goes to domain 0, or, after Ctrl-A three
 * times, to the hypervisor's debug keys.
 */
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/entry.h>
#include <xen/gdb.h>
#include <xen/hypercall.h>
#include <xen/lib.h>
#include <xen/serial.h>

#define RING_SIZE	32768
#define SWITCH_CHAR	1		/* Ctrl-A */
#define PREFIX		"(XEN) "

static spinlock_t console_lock = SPINLOCK_INIT(LOCK_CONSOLE);
static char ring[RING_SIZE];
static u32 ring_head, ring_tail;	/* free-running: first kept byte, one past the last */
static struct serial *serial;		/* NULL: none */
static bool use_vga, line_start = true, panicking;
static bool screen_shared;		/* domain 0 may have drawn on it */
static bool input_to_hv;
static unsigned switch_count;

static char opt_console[32] = "vga";
static bool opt_sync_console, opt_keep_vga;
static int log_console = 2, log_guest = 1;	/* levels below these reach the devices */
BOOT_OPTION("console", OPT_STR, opt_console, sizeof(opt_console), "where messages go: com1 or com2, vga, or both: com1,vga");
BOOT_OPTION("sync_console", OPT_BOOL, opt_sync_console, 0, "wait for each byte to leave: nothing is lost in a crash");

static int parse_level(const char *val)
{
	static const char *const names[] = { "none", "error", "warning", "info", "debug" };

	if (!strcmp(val, "all"))
		return 4;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(val, names[i], strlen(names[i])))
			return i;
	return -EINVAL;
}

static int set_loglvl(const char *val)
{
	int n = parse_level(val);

	if (n >= 0)
		log_console = n;
	return n < 0 ? n : 0;
}
BOOT_FN("loglvl", set_loglvl, "messages shown: none, error, warning, info, debug, all");

static int set_guest_loglvl(const char *val)
{
	int n = parse_level(val);

	if (n >= 0)
		log_guest = n;
	return n < 0 ? n : 0;
}
BOOT_FN("guest_loglvl", set_guest_loglvl, "the same for messages that guests cause");

static int set_vga(const char *val)
{
	opt_keep_vga = strstr(val, "keep") != NULL;
	return 0;
}
BOOT_FN("vga", set_vga, "vga=keep: go on writing to the screen after domain 0 started");

/* ---- output ------------------------------------------------------------------ */

static void to_devices(char c)
{
	if (serial) {
		if (c == '\n')
			serial_putc(serial, '\r');
		serial_putc(serial, c);
	}
	if (use_vga && vga_active())
		vga_putc(c);
}

static void to_ring(char c)
{
	ring[ring_tail++ % RING_SIZE] = c;
	if (ring_tail - ring_head > RING_SIZE)
		ring_head = ring_tail - RING_SIZE;
}

static void put(char c, bool shown)
{
	to_ring(c);
	if (shown)
		to_devices(c);
}

static void put_line_part(const char *s, bool shown)
{
	for (; *s; s++) {
		if (line_start)
			for (const char *p = PREFIX; *p; p++)
				put(*p, shown);
		line_start = *s == '\n';
		put(*s, shown);
	}
}

/* At most so many guest-caused messages a second: a guest can't flood the console. */
static bool guest_message_allowed(void)
{
	static stime_t second;
	static unsigned n;
	stime_t t = tsc_khz ? now() : 0;

	if (t - second > SECONDS(1)) {
		second = t;
		n = 0;
	}
	return n++ < 20;
}

/* In a panic whoever holds the lock doesn't go on. */
void console_lock_devices(void)
{
	if (!panicking)
		spin_lock(&console_lock);
}

void console_unlock_devices(void)
{
	if (!panicking)
		spin_unlock(&console_lock);
}

void vprintk(const char *fmt, va_list ap)
{
	char text[512];
	int level = 1;
	bool shown;

	if (fmt[0] == '\001') {
		level = fmt[1] - '0';
		fmt += 2;
	}
	if (level >= 4) {
		level -= 4;
		shown = level < log_guest;
		if (!shown && log_console < 4)
			return;
		if (!guest_message_allowed())
			return;
	} else {
		shown = level < log_console;
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	console_lock_devices();
	put_line_part(text, shown || panicking);
	console_unlock_devices();
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

/* ---- start, hand-over, end ------------------------------------------------------- */

void console_early_init(void)
{
	bool second = strstr(opt_console, "com2") && !strstr(opt_console, "com1");
	bool asked = strstr(opt_console, "com") != NULL;

	serial = asked ? serial_open(second) : NULL;
	if (serial)
		serial_set_console(serial, opt_sync_console);
	use_vga = strstr(opt_console, "vga") && vga_init();
	for (u32 i = ring_head; i != ring_tail; i++)
		to_devices(ring[i % RING_SIZE]);
	if (asked && !serial)
		printk("console=%s: there is no such serial port\n", second ? "com2" : "com1");
}

void console_init(void)
{
	if (serial)
		serial_use_interrupts(serial);
}

void console_end_boot(void)
{
	screen_shared = true;
	if (!opt_keep_vga)
		vga_off();
}

/* Whatever domain 0 drew goes; the last messages come again, with room left for the next. */
static void retake_screen(void)
{
	unsigned lines = vga_rows() / 2;
	u32 from = ring_tail;

	vga_retake();
	while (from != ring_head && (ring[(from - 1) % RING_SIZE] != '\n' || lines--))
		from--;
	for (; from != ring_tail; from++)
		vga_putc(ring[from % RING_SIZE]);
}

void console_force_unlock(void)
{
	if (serial)
		serial_force_polling(serial);
	if (use_vga && screen_shared && !panicking)
		retake_screen();
	panicking = true;
}

void console_drain(void)
{
	if (serial)
		serial_flush(serial);
}

size_t console_vga_info(struct dom0_vga_console_info *info)
{
	memset(info, 0, sizeof(*info));
	if (boot_info.efi || (boot_info.fb.present && boot_info.fb.type != 2)) {
		if (!boot_info.fb.present)
			return 0;
		info->video_type = boot_info.efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
		info->u.vesa_lfb.width = boot_info.fb.width;
		info->u.vesa_lfb.height = boot_info.fb.height;
		info->u.vesa_lfb.bytes_per_line = boot_info.fb.pitch;
		info->u.vesa_lfb.bits_per_pixel = boot_info.fb.bpp;
		info->u.vesa_lfb.lfb_base = boot_info.fb.addr;
		info->u.vesa_lfb.ext_lfb_base = boot_info.fb.addr >> 32;
		info->u.vesa_lfb.lfb_size = ((u64)boot_info.fb.pitch * boot_info.fb.height + 0xffff) >> 16;
		info->u.vesa_lfb.red_pos = boot_info.fb.rpos;
		info->u.vesa_lfb.red_size = boot_info.fb.rsize;
		info->u.vesa_lfb.green_pos = boot_info.fb.gpos;
		info->u.vesa_lfb.green_size = boot_info.fb.gsize;
		info->u.vesa_lfb.blue_pos = boot_info.fb.bpos;
		info->u.vesa_lfb.blue_size = boot_info.fb.bsize;
	} else {
		info->video_type = XEN_VGATYPE_TEXT_MODE_3;
		info->u.text_mode_3.font_height = 16;
		info->u.text_mode_3.columns = 80;
		info->u.text_mode_3.rows = 25;
		info->u.text_mode_3.cursor_y = 24;
	}
	return sizeof(*info);
}

/* ---- input ---------------------------------------------------------------------------- */

#define INPUT_SIZE 256
static char input[INPUT_SIZE];		/* for domain 0; console lock */
static u32 input_head, input_tail;

static void typed(char c)
{
	if (c == SWITCH_CHAR && ++switch_count == 3) {
		switch_count = 0;
		input_to_hv = !input_to_hv;
		printk(LOG_ERR "*** Serial input to %s (Ctrl-A three times switches)%s\n",
		       input_to_hv ? "Xen" : "domain 0", input_to_hv ? "; h lists the keys" : "");
		return;
	}
	if (c != SWITCH_CHAR)
		switch_count = 0;
	if (input_to_hv) {
		if (c != SWITCH_CHAR)
			handle_key(c, current_regs());
		return;
	}
	spin_lock(&console_lock);
	if (input_tail - input_head < INPUT_SIZE)
		input[input_tail++ % INPUT_SIZE] = c;
	spin_unlock(&console_lock);
	send_global_virq(VIRQ_CONSOLE);
}

void console_poll(void)
{
	char c;

	while (serial && serial_getc(serial, &c))
		typed(c);
	gdb_answer();
}

/* ---- hypercalls -------------------------------------------------------------------------- */

static long console_write(u64 count, u64 buf)
{
	char part[256];

	while (count) {
		u64 n = MIN(count, sizeof(part));

		if (copy_from_guest(part, buf, n))
			return -EFAULT;
		spin_lock(&console_lock);
		for (u64 i = 0; i < n; i++)	/* not into the ring, which is the hypervisor's own */
			to_devices(part[i]);
		line_start = part[n - 1] == '\n';
		spin_unlock(&console_lock);
		buf += n;
		count -= n;
		if (count && preempt_check())
			return hypercall_restart(__HYPERVISOR_console_io, 3, (u64)CONSOLEIO_write, count, buf);
	}
	return 0;
}

static long console_read(u64 count, u64 buf)
{
	char part[INPUT_SIZE];
	u64 n = 0;

	spin_lock(&console_lock);
	while (n < count && n < sizeof(part) && input_head + n != input_tail) {
		part[n] = input[(input_head + n) % INPUT_SIZE];
		n++;
	}
	if (copy_to_guest(buf, part, n)) {
		spin_unlock(&console_lock);
		return -EFAULT;
	}
	input_head += n;
	spin_unlock(&console_lock);
	return n;
}

long do_console_io(u64 cmd, u64 count, u64 buf)
{
	if (!is_control_domain(current->domain))
		return -EPERM;
	if (count > 0x7fffffff)
		return -E2BIG;
	switch (cmd) {
	case CONSOLEIO_write:
		return console_write(count, buf);
	case CONSOLEIO_read:
		return console_read(count, buf);
	}
	return -ENOSYS;
}

int console_read_ring(struct xen_sysctl_readconsole *op)
{
	u32 from, n = 0;
	char part[256];
	int rc = 0;

	spin_lock(&console_lock);
	from = op->incremental && (s32)(op->index - ring_head) > 0 ? op->index : ring_head;
	if ((s32)(from - ring_tail) > 0)
		from = ring_tail;
	while (!rc && n < op->count && from != ring_tail) {
		u32 k = MIN(MIN(op->count - n, ring_tail - from), (u32)sizeof(part));

		for (u32 i = 0; i < k; i++)
			part[i] = ring[(from + i) % RING_SIZE];
		rc = copy_to_guest(handle_va(op->buffer) + n, part, k);
		n += k;
		from += k;
	}
	if (!rc && op->clear)
		ring_head = from;
	spin_unlock(&console_lock);
	op->count = n;
	op->index = from;
	return rc;
}
