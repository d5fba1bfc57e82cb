/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two 16550 serial ports, for the console and the debugger. The console's is polled at
 * first, then has interrupts, so that a slow line holds nobody; the debugger's is polled,
 * and interrupts only to be called.
 */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/console.h>
#include <xen/cpu.h>
#include <xen/gdb.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/serial.h>
#include <xen/watchdog.h>

#define THR 0	/* transmit, receive */
#define IER 1	/* interrupt enable */
#define FCR 2	/* FIFO control */
#define LCR 3	/* line control */
#define MCR 4	/* modem control */
#define LSR 5	/* line status */
#define LSR_DATA	0x01
#define LSR_THRE	0x20
#define LSR_TEMT	0x40
#define FIFO_BYTES	16

#define TX_SIZE 16384
#define RX_SIZE 256

struct serial {
	u16 port;
	u8 irq;
	u32 baud;		/* 0: as the firmware left it */
	bool present, interrupts;
	bool wait;		/* for each byte to leave, interrupts or not */
	bool console;		/* what comes in is typed */
	u8 rx[RX_SIZE];
	u32 tx_head, tx_tail, rx_head, rx_tail;	/* free-running; console lock */
};
static struct serial ports[SERIAL_PORTS] = {
	{ .port = 0x3f8, .irq = 4, .baud = 115200 },
	{ .port = 0x2f8, .irq = 3, .baud = 115200 },
};
static u8 tx[TX_SIZE];		/* the console's; the debugger sends byte by byte */

/* <baud>[/..][,8n1[,<port>[,<irq>]]] */
static int parse(struct serial *s, const char *val)
{
	const char *p;
	u64 n;

	if (!strncmp(val, "auto", 4)) {
		s->baud = 0;
		p = val + 4;
	} else {
		n = strtoull(val, &p, 10);
		if (!n || n > 115200 || 115200 % n)
			return -EINVAL;
		s->baud = n;
	}
	p = strchr(p, ',');
	if (!p || !(p = strchr(p + 1, ',')))
		return 0;
	n = strtoull(p + 1, &p, 0);
	if (!n || n > 0xfff8)
		return -EINVAL;
	s->port = n;
	if (*p == ',')
		s->irq = strtoull(p + 1, &p, 10);
	return 0;
}

static int parse_com1(const char *val) { return parse(&ports[0], val); }
static int parse_com2(const char *val) { return parse(&ports[1], val); }
BOOT_FN("com1", parse_com1, "first serial port: <baud>|auto[,8n1[,<port>[,<irq>]]]");
BOOT_FN("com2", parse_com2, "second serial port, as com1");

int serial_parse_name(const char *name)
{
	return !strcmp(name, "com1") ? 0 : !strcmp(name, "com2") ? 1 : -EINVAL;
}

/* ---- the wire ------------------------------------------------------------------- */

static void transmit_some(struct serial *s)
{
	if (!(inb(s->port + LSR) & LSR_THRE))
		return;
	for (unsigned i = 0; i < FIFO_BYTES && s->tx_tail != s->tx_head; i++)
		outb(s->port + THR, tx[s->tx_tail++ % TX_SIZE]);
}

static void receive(struct serial *s)
{
	while (inb(s->port + LSR) & LSR_DATA) {
		u8 c = inb(s->port + THR);

		if (!s->console && !gdb_called(c))
			continue;
		if (s->rx_head - s->rx_tail < RX_SIZE)
			s->rx[s->rx_head++ % RX_SIZE] = c;
		set_bit(WORK_KEY, &this_cpu()->work);
	}
}

static void set_ier(struct serial *s)
{
	outb(s->port + IER, s->interrupts ? (s->tx_tail != s->tx_head ? 3 : 1) : 0);
}

static void serial_interrupt(void *data)
{
	struct serial *s = data;

	console_lock_devices();
	inb(s->port + FCR);		/* reading it acknowledges */
	receive(s);
	transmit_some(s);
	set_ier(s);
	console_unlock_devices();
}

/* ---- start ------------------------------------------------------------------------ */

struct serial *serial_open(unsigned n)
{
	struct serial *s = &ports[n];

	if (s->present)
		return s;
	outb(s->port + IER, 0);
	outb(s->port + 7, 0x5a);		/* scratch register: is anything there? */
	if (inb(s->port + LSR) == 0xff && inb(s->port + 7) != 0x5a)
		return NULL;
	if (s->baud) {
		u16 divisor = 115200 / s->baud;

		outb(s->port + LCR, 0x80);
		outb(s->port + 0, divisor);
		outb(s->port + 1, divisor >> 8);
	}
	outb(s->port + LCR, 3);
	outb(s->port + FCR, 7);
	outb(s->port + MCR, 0x0b);
	s->present = true;
	return s;
}

void serial_set_console(struct serial *s, bool wait)
{
	s->console = true;
	s->wait = wait;
}

void serial_use_interrupts(struct serial *s)
{
	if (s->interrupts ||
	    request_gsi(s->irq < 16 ? acpi.isa[s->irq].gsi : s->irq, serial_interrupt, s))
		return;
	s->interrupts = true;
	set_ier(s);
}

u16 serial_io_port(unsigned n)
{
	return ports[n].present ? ports[n].port : 0;
}

/* ---- the console's use ----------------------------------------------------------------- */

void serial_putc(struct serial *s, char c)
{
	bool was_empty = s->tx_tail == s->tx_head;

	if (s->tx_head - s->tx_tail >= TX_SIZE)
		watchdog_touch();		/* a slow line is no stuck CPU */
	while (s->tx_head - s->tx_tail >= TX_SIZE)
		transmit_some(s);
	tx[s->tx_head++ % TX_SIZE] = c;
	if (!s->interrupts || s->wait) {
		watchdog_touch();
		while (s->tx_tail != s->tx_head)
			transmit_some(s);
	} else if (was_empty) {
		transmit_some(s);
		if (s->tx_tail != s->tx_head)
			set_ier(s);
	}
}

void serial_flush(struct serial *s)
{
	for (unsigned patience = 10000000; s->tx_tail != s->tx_head && patience; patience--)
		transmit_some(s);
	for (unsigned patience = 100000; !(inb(s->port + LSR) & LSR_TEMT) && patience; patience--)
		;
}

void serial_force_polling(struct serial *s)
{
	s->interrupts = false;
}

bool serial_getc(struct serial *s, char *c)
{
	if (s->rx_tail == s->rx_head)
		return false;
	*c = s->rx[s->rx_tail++ % RX_SIZE];
	return true;
}

/* ---- the debugger's: no lock, as nothing else runs ---------------------------------------- */

u8 serial_poll_getc(struct serial *s)
{
	char c;

	if (serial_getc(s, &c))
		return c;
	while (!(inb(s->port + LSR) & LSR_DATA))
		cpu_relax();
	return inb(s->port + THR);
}

void serial_poll_putc(struct serial *s, u8 c)
{
	while (!(inb(s->port + LSR) & LSR_THRE))
		cpu_relax();
	outb(s->port + THR, c);
}
