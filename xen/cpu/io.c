/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Port I/O for guests. Two questions: does the guest kernel's own setting (virtual
 * IOPL, I/O bitmap) allow the instruction, and may this domain touch the port? The
 * second is answered here per port; what it may not touch reads as ones, as an
 * empty bus does (but see timer_read()), and swallows writes.
 *
 * Some ports are shared with the hypervisor, so the control domain gets them through
 * rules: of the timer only channel 2 and its gate, the CMOS clock with an index of its
 * own, PCI configuration with an address of its own.
 */
#include <xen/domain.h>
#include <xen/emulate.h>
#include <xen/irq.h>
#include <xen/lib.h>
#include <xen/uaccess.h>

#define PIT_CH2		0x42
#define PIT_COMMAND	0x43
#define PIT_GATE	0x61
#define PIT_GATE_BITS	0x0f		/* gate, speaker, and the masks of NMI reasons */
#define RTC_INDEX	0x70
#define RTC_DATA	0x71
#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc

spinlock_t rtc_lock = SPINLOCK_INIT(LOCK_RTC);

/* ---- the guest's own rights ------------------------------------------------------- */

/* The bitmap is in the kernel's address space, which is not loaded in virtual user mode. */
static bool bitmap_allows(struct vcpu *v, u16 port, unsigned bytes)
{
	unsigned last = port + bytes - 1, n = last / 8 - port / 8 + 1;
	bool user = !v->kernel_mode;
	u8 map[2] = { 0xff, 0xff };
	u16 bits;
	int rc;

	if (!v->iobmp || last >= v->iobmp_ports)
		return false;
	if (user)
		toggle_guest_mode(v);
	rc = copy_from_guest(map, v->iobmp + port / 8, n);
	if (user)
		toggle_guest_mode(v);
	bits = map[0] | map[1] << 8;
	return !rc && !(bits >> (port & 7) & ((1u << bytes) - 1));
}

bool guest_io_allowed(struct vcpu *v, u16 port, unsigned bytes)
{
	if (port + bytes > 0x10000)
		return false;
	return v->iopl >= (v->kernel_mode ? 1 : 3) || bitmap_allows(v, port, bytes);
}

/* ---- the machine's ports ------------------------------------------------------------- */

static u32 ones(unsigned bytes)
{
	return bytes == 4 ? ~0u : (1u << bytes * 8) - 1;
}

static u32 host_read(u16 port, unsigned bytes)
{
	switch (bytes) {
	case 1:
		return inb(port);
	case 2:
		return inw(port);
	default:
		return inl(port);
	}
}

static void host_write(u16 port, unsigned bytes, u32 val)
{
	switch (bytes) {
	case 1:
		outb(port, val);
		break;
	case 2:
		outw(port, val);
		break;
	default:
		outl(port, val);
	}
}

static bool is_timer_port(u16 port) { return (port >= 0x40 && port <= 0x43) || port == PIT_GATE; }
static bool is_rtc_port(u16 port) { return port == RTC_INDEX || port == RTC_DATA; }
static bool is_shared_port(u16 port) { return is_timer_port(port) || is_rtc_port(port); }
static bool is_pci_port(u16 port) { return port >= PCI_ADDRESS && port < PCI_DATA + 4; }

/* ---- shared: the timer, the clock ----------------------------------------------------- */

/* The hypervisor reads its time from channel 2 where nothing better is. */
static bool timer_is_taken(void)
{
	return !strcmp(clock_source_name, "PIT");
}

/*
 * Who doesn't have channel 2 finds its counter at the end, not an empty bus: ones are a counter
 * that has just begun, which Linux would read 100,000 times before it gives up.
 */
static u8 timer_read(struct domain *d, u16 port)
{
	if (port == PIT_CH2)
		return is_control_domain(d) && !timer_is_taken() ? inb(port) : 0;
	return port == PIT_GATE && is_control_domain(d) ? inb(port) : 0xff;
}

/* Does the command concern channel 2 alone? Bits 6 and 7 choose; 3 is read-back, with a bit for each. */
static bool command_ok(u8 command)
{
	unsigned channel = command >> 6;

	return channel == 2 || (channel == 3 && (command & 0x0f) == 0x08);
}

static void timer_write(u16 port, u8 val)
{
	if (timer_is_taken())
		return;
	if (port == PIT_GATE)
		outb(port, val & PIT_GATE_BITS);
	else if (port == PIT_CH2 || (port == PIT_COMMAND && command_ok(val)))
		outb(port, val);
}

static u8 rtc_read(struct domain *d, u16 port)
{
	u8 val;

	if (port == RTC_INDEX)
		return d->cmos_idx;
	spin_lock(&rtc_lock);
	outb(RTC_INDEX, d->cmos_idx);
	val = inb(RTC_DATA);
	spin_unlock(&rtc_lock);
	return val;
}

static void rtc_write(struct domain *d, u16 port, u8 val)
{
	if (port == RTC_INDEX) {
		d->cmos_idx = val & 0x7f;	/* bit 7 would mask NMIs */
		return;
	}
	spin_lock(&rtc_lock);
	outb(RTC_INDEX, d->cmos_idx);
	outb(RTC_DATA, val);
	spin_unlock(&rtc_lock);
}

static u8 shared_read(struct domain *d, u16 port)
{
	if (!is_rtc_port(port))
		return timer_read(d, port);
	return is_control_domain(d) ? rtc_read(d, port) : 0xff;
}

static void shared_write(struct domain *d, u16 port, u8 val)
{
	if (!is_control_domain(d))
		return;
	if (is_rtc_port(port))
		rtc_write(d, port, val);
	else
		timer_write(port, val);
}

/* ---- PCI configuration: address at 0xcf8, data at 0xcfc-0xcff ---------------------------- */

static u32 pci_read(struct domain *d, u16 port, unsigned bytes)
{
	if (!is_control_domain(d))
		return ones(bytes);
	if (port == PCI_ADDRESS && bytes == 4)
		return d->pci_cf8;
	if (port < PCI_DATA || port + bytes > PCI_DATA + 4)
		return ones(bytes);
	return pci_conf_read(d, d->pci_cf8, port & 3, bytes);
}

static void pci_write(struct domain *d, u16 port, unsigned bytes, u32 val)
{
	if (!is_control_domain(d))
		return;
	if (port == PCI_ADDRESS && bytes == 4)
		d->pci_cf8 = val;
	else if (port >= PCI_DATA && port + bytes <= PCI_DATA + 4)
		pci_conf_write(d, d->pci_cf8, port & 3, bytes, val);
}

/* ---- all of them ------------------------------------------------------------------------ */

/* An access that touches a shared port goes byte by byte, each by its own rule. */
static bool touches_shared(u16 port, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		if (is_shared_port(port + i))
			return true;
	return false;
}

u32 guest_io_read(struct domain *d, u16 port, unsigned bytes)
{
	u32 val = 0;

	if (is_pci_port(port))
		return pci_read(d, port, bytes);
	if (bytes > 1 && touches_shared(port, bytes)) {
		for (unsigned i = 0; i < bytes; i++)
			val |= guest_io_read(d, port + i, 1) << i * 8;
		return val;
	}
	if (is_shared_port(port))
		return shared_read(d, port);
	if (!ranges_contain(&d->ioports, port, port + bytes - 1))
		return ones(bytes);
	return host_read(port, bytes);
}

void guest_io_write(struct domain *d, u16 port, unsigned bytes, u32 val)
{
	if (is_pci_port(port)) {
		pci_write(d, port, bytes, val);
	} else if (bytes > 1 && touches_shared(port, bytes)) {
		for (unsigned i = 0; i < bytes; i++)
			guest_io_write(d, port + i, 1, val >> i * 8 & 0xff);
	} else if (is_shared_port(port)) {
		shared_write(d, port, val);
	} else if (ranges_contain(&d->ioports, port, port + bytes - 1)) {
		host_write(port, bytes, val);
	}
}
