/* SPDX-License-Identifier: GPL-2.0-only */
/* The gdb stub's packets. (GDB manual, E.1) */
#include "gdb_stub.h"

struct serial *gdb_line;
char gdb_packet[PACKET_MAX + 1];
unsigned gdb_packet_len;
static bool again;			/* a packet has begun where an ack was due */

void forget_packets(void) { again = false; }

static u8 hex_digit(unsigned n) { return "0123456789abcdef"[n & 15]; }

static int hex_value(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static u8 get(void) { return serial_poll_getc(gdb_line); }
static void put(u8 c) { serial_poll_putc(gdb_line, c); }

void gdb_receive(void)
{
	for (;;) {
		u8 sum = 0, c, check;

		while (!again && get() != '$')
			;
		again = false;
		gdb_packet_len = 0;
		while ((c = get()) != '#') {
			sum += c;
			if (c == '$') {			/* the rest of the last one is lost */
				sum = gdb_packet_len = 0;
				continue;
			}
			if (c == '}') {
				c = get();
				sum += c;
				c ^= 0x20;
			}
			if (gdb_packet_len < PACKET_MAX)
				gdb_packet[gdb_packet_len++] = c;
		}
		gdb_packet[gdb_packet_len] = 0;
		check = hex_value(get()) << 4;
		check |= hex_value(get()) & 15;
		put(check == sum ? '+' : '-');
		if (check == sum)
			return;
	}
}

void gdb_reply(unsigned len)
{
	u8 c;

	do {
		u8 sum = 0;

		put('$');
		for (unsigned i = 0; i < len; i++) {
			put(gdb_packet[i]);
			sum += gdb_packet[i];
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

void gdb_reply_text(const char *text)
{
	strlcpy(gdb_packet, text, sizeof(gdb_packet));
	gdb_reply(strlen(gdb_packet));
}

void gdb_reply_done(bool ok) { gdb_reply_text(ok ? "OK" : "E01"); }

char *put_hex(char *to, const void *from, unsigned n)
{
	for (const u8 *p = from; n--; p++) {
		*to++ = hex_digit(*p >> 4);
		*to++ = hex_digit(*p);
	}
	return to;
}

bool get_hex(const char **from, void *to, unsigned n)
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

bool get_number(const char **from, u64 *n, char after)
{
	const char *start = *from;

	for (*n = 0; hex_value(**from) >= 0; (*from)++)
		*n = *n << 4 | hex_value(**from);
	if (*from == start || (after && **from != after))
		return false;
	*from += after != 0;
	return true;
}
