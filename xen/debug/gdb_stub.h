/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gdb stub's rooms: packets on the line (gdb_packet.c), breakpoints (gdb_break.c), commands,
 * stops and the ways in (gdb.c). All of it is used by the CPU that serves gdb, and no other.
 */
#ifndef GDB_STUB_H
#define GDB_STUB_H

#include <xen/gdb.h>
#include <xen/lib.h>
#include <xen/serial.h>

#define PACKET_MAX	2048
#define OPCODE_INT3	0xcc
#define DR7_FIXED	BIT(10)

/* ---- gdb_packet.c ---------------------------------------------------------------------- */

extern struct serial *gdb_line;		/* set once; NULL: no debugger */
extern char gdb_packet[PACKET_MAX + 1];	/* the last one received, ended by a 0; then what is replied */
extern unsigned gdb_packet_len;

void forget_packets(void);		/* after a time when nobody served the line */
void gdb_receive(void);			/* the next packet that arrives whole, its bytes unescaped */
void gdb_reply(unsigned len);		/* what is in the packet, until gdb has it */
void gdb_reply_text(const char *text);
void gdb_reply_done(bool ok);

char *put_hex(char *to, const void *from, unsigned n);		/* returns its end */
bool get_hex(const char **from, void *to, unsigned n);		/* false if there are fewer than @n bytes */
bool get_number(const char **from, u64 *n, char after);		/* and the character after it (0: any) */

/* ---- gdb_break.c ----------------------------------------------------------------------- */

struct watch { vaddr_t at; u8 kind, len; };	/* kind as gdb's; len 0: unused */

bool is_int3_of_ours(vaddr_t at);
void plant_int3s(bool plant);		/* into the code before it runs, out of it for the stub */
const struct watch *watch_hit(u64 dr6);	/* the last of those that DR6 names, or NULL */
bool guest_breakpoints(void);		/* this CPU has a guest's, not ours */
void change_breakpoint(const char *p);	/* Z and z */
void clear_breakpoints(void);

#endif
