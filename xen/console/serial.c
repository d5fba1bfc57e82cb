/* SPDX-License-Identifier: GPL-2.0-only */
/* A 16550 serial port: polled at first, then with interrupts, so that a slow line holds nobody. */
#include <xen/acpi.h>
#include <xen/boot.h>
#include <xen/cpu.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/serial.h>

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

static struct {
	u16 port;
	u8 irq;
	u32 baud;		/* 0: as the firmware left it */
	bool present, interrupts;
	bool wait;		/* for each byte to leave, interrupts or not */
	u8 tx[TX_SIZE], rx[RX_SIZE];
	u32 tx_head, tx_tail, rx_head, rx_tail;	/* free-running; console lock */
} com = { .port = 0x3f8, .irq = 4 };

static bool opt_com_given;

/* com1=<baud>[/..][,8n1[,<port>[,<irq>]]] */
static int parse_com1(const char *val)
{
	const char *p;
	u64 n;

	opt_com_given = true;
	if (!strncmp(val, "auto", 4)) {
		p = val + 4;
	} else {
		n = strtoull(val, &p, 10);
		if (!n || n > 115200 || 115200 % n)
			return -EINVAL;
		com.baud = n;
	}
	p = strchr(p, ',');
	if (!p || !(p = strchr(p + 1, ',')))
		return 0;
	com.port = strtoull(p + 1, &p, 0);
	if (*p == ',')
		com.irq = strtoull(p + 1, &p, 10);
	return com.port ? 0 : -EINVAL;
}
BOOT_FN("com1", parse_com1, "first serial port: <baud>|auto[,8n1[,<port>[,<irq>]]]");

static void transmit_some(void)
{
	if (!(inb(com.port + LSR) & LSR_THRE))
		return;
	for (unsigned i = 0; i < FIFO_BYTES && com.tx_tail != com.tx_head; i++)
		outb(com.port + THR, com.tx[com.tx_tail++ % TX_SIZE]);
}

static void receive(void)
{
	while (inb(com.port + LSR) & LSR_DATA) {
		u8 c = inb(com.port + THR);

		if (com.rx_head - com.rx_tail < RX_SIZE)
			com.rx[com.rx_head++ % RX_SIZE] = c;
		set_bit(WORK_KEY, &this_cpu()->work);
	}
}

static void set_ier(void)
{
	outb(com.port + IER, com.interrupts ? (com.tx_tail != com.tx_head ? 3 : 1) : 0);
}

static void serial_interrupt(void *unused)
{
	console_lock_devices();
	inb(com.port + FCR);		/* reading it acknowledges */
	receive();
	transmit_some();
	set_ier();
	console_unlock_devices();
}

bool serial_init(void)
{
	if (!opt_com_given)
		com.baud = 115200;
	outb(com.port + IER, 0);
	outb(com.port + 7, 0x5a);		/* scratch register: is anything there? */
	if (inb(com.port + LSR) == 0xff && inb(com.port + 7) != 0x5a)
		return false;
	if (com.baud) {
		u16 divisor = 115200 / com.baud;

		outb(com.port + LCR, 0x80);
		outb(com.port + 0, divisor);
		outb(com.port + 1, divisor >> 8);
	}
	outb(com.port + LCR, 3);
	outb(com.port + FCR, 7);
	outb(com.port + MCR, 0x0b);
	com.present = true;
	return true;
}

void serial_use_interrupts(bool wait)
{
	com.wait = wait;
	if (!com.present || request_gsi(com.irq < 16 ? acpi.isa[com.irq].gsi : com.irq, serial_interrupt, NULL))
		return;
	com.interrupts = true;
	set_ier();
}

void serial_putc(char c)
{
	bool was_empty = com.tx_tail == com.tx_head;

	while (com.tx_head - com.tx_tail >= TX_SIZE)
		transmit_some();
	com.tx[com.tx_head++ % TX_SIZE] = c;
	if (!com.interrupts || com.wait) {
		while (com.tx_tail != com.tx_head)
			transmit_some();
	} else if (was_empty) {
		transmit_some();
		if (com.tx_tail != com.tx_head)
			set_ier();
	}
}

void serial_flush(void)
{
	if (!com.present)
		return;
	for (unsigned patience = 10000000; com.tx_tail != com.tx_head && patience; patience--)
		transmit_some();
	for (unsigned patience = 100000; !(inb(com.port + LSR) & LSR_TEMT) && patience; patience--)
		;
}

void serial_force_polling(void)
{
	com.interrupts = false;
}

u16 serial_port(void)
{
	return com.present ? com.port : 0;
}

bool serial_getc(char *c)
{
	if (com.rx_tail == com.rx_head)
		return false;
	*c = com.rx[com.rx_tail++ % RX_SIZE];
	return true;
}
