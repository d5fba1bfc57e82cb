/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gdb stub's breakpoints. Software breakpoints are for the hypervisor's code, which is
 * written through the direct map. Hardware breakpoints are in all CPUs, but for those whose
 * guest uses the debug registers.
 */
#include <xen/boot.h>
#include <xen/domain.h>
#include "gdb_stub.h"

#define MAX_INT3	64

extern u8 _image_start[], _text_end[];

static struct int3 { vaddr_t at; u8 byte; } int3s[MAX_INT3];	/* at 0: unused */
static struct watch watches[4];
static u64 dr7 = DR7_FIXED;

static struct int3 *find_int3(vaddr_t at)
{
	for (unsigned i = 0; i < MAX_INT3; i++)
		if (int3s[i].at == at)
			return &int3s[i];
	return NULL;
}

bool is_int3_of_ours(vaddr_t at) { return find_int3(at) != NULL; }

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
void plant_int3s(bool plant)
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

bool guest_breakpoints(void)
{
	const struct vcpu *v = this_cpu()->loaded;

	return v && (v->dr[7] & 0xff);
}

void gdb_resume_cpu(void)
{
	if (gdb_line && !guest_breakpoints())
		gdb_load_breakpoints();
}

void change_breakpoint(const char *p)
{
	bool set = gdb_packet[0] == 'Z', ok;
	u64 kind, at, len;

	if (!get_number(&p, &kind, ',') || !get_number(&p, &at, ',') || !get_number(&p, &len, 0)) {
		gdb_reply_done(false);
	} else if (kind > 4) {
		gdb_reply_text("");
	} else {
		if (!kind)
			ok = set ? set_int3(at) : clear_int3(at);
		else
			ok = change_watch(set, kind, at, len);
		compute_dr7();
		gdb_reply_done(ok);
	}
}

void clear_breakpoints(void)
{
	memset(int3s, 0, sizeof(int3s));
	memset(watches, 0, sizeof(watches));
	compute_dr7();
}

const struct watch *watch_hit(u64 dr6)
{
	const struct watch *hit = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(watches); i++)
		if ((dr6 & BIT(i)) && watches[i].len)
			hit = &watches[i];
	return hit;
}
