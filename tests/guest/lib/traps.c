/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trap table, callbacks, and what happens on a trap: it is recorded in `seen`,
 * then a hook may handle it; else a trap of user mode ends user_run(), one
 * inside TRY() goes on behind it, and any other is a failure of the test run.
 */
#include "guest.h"

struct extable_entry {
	uint64_t start, end;
};

extern const struct extable_entry extable[], extable_end[];

volatile struct trap_seen seen = { .vector = NO_TRAP };
trap_hook *trap_hooks[NR_VECTORS];

static void unexpected(const struct regs *r)
{
	printf("unexpected trap %lu error %lx rip %lx cs %x rsp %lx cr2 %lx\n", r->vector,
	       seen.regs.error, r->rip, r->cs, r->rsp, seen.cr2);
	check_true(false, "no unexpected trap", __FILE__, __LINE__);
	verdict();
}

static bool fix_up(struct regs *r)
{
	const struct extable_entry *e;

	for (e = extable; e < extable_end; e++) {
		if (r->rip >= e->start && r->rip <= e->end) {
			r->rip = e->end;
			return true;
		}
	}
	return false;
}

void trap_dispatch(struct regs *r);

/* Called by traps.S; *r is loaded again when this returns. */
void trap_dispatch(struct regs *r)
{
	seen.vector = r->vector;
	seen.count++;
	memcpy((void *)&seen.regs, r, sizeof(*r));
	seen.frame_end = (unsigned long)(r + 1);
	seen.cr2 = vcpu ? vcpu->arch.cr2 : 0;
	seen.mask_on_entry = vcpu ? vcpu->evtchn_upcall_mask : 1;
	r->error = 0;

	if (trap_hooks[r->vector]) {
		trap_hooks[r->vector](r);
		return;
	}
	if ((r->cs & 3) == 3) {
		memcpy(&user_regs, (void *)&seen.regs, sizeof(user_regs));
		context_leave();
	}
	if (r->vector == VEC_EVENT || !fix_up(r))
		unexpected(r);
}

void set_trap(unsigned int vector, unsigned int flags, unsigned long address)
{
	struct trap_info t[2] = {
		{ .vector = vector, .flags = flags, .cs = FLAT_KERNEL_CS, .address = address },
	};

	REQUIRE(HC1(set_trap_table, t) == 0);
}

long set_callback(unsigned int type, unsigned int flags, const void *address)
{
	struct callback_register reg = {
		.type = type, .flags = flags, .address = (unsigned long)address,
	};

	return HC2(callback_op, CALLBACKOP_register, &reg);
}

void handlers_mask_events(bool on)
{
	set_trap(14, on ? 4 : 0, TRAP_STUB(14));
	REQUIRE(set_callback(CALLBACKTYPE_syscall, on ? CALLBACKF_mask_events : 0, syscall_callback) == 0);
}

/* Vectors 3 and 4 may be raised by `int n` of user mode, as Linux allows. */
void traps_init(void)
{
	static struct trap_info table[33];
	unsigned int i;

	for (i = 0; i < 32; i++) {
		table[i].vector = i;
		table[i].flags = (i == 3 || i == 4) ? 3 : 0;
		table[i].cs = FLAT_KERNEL_CS;
		table[i].address = TRAP_STUB(i);
	}
	REQUIRE(HC1(set_trap_table, table) == 0);
	REQUIRE(set_callback(CALLBACKTYPE_event, 0, event_callback) == 0);
	REQUIRE(set_callback(CALLBACKTYPE_failsafe, 0, failsafe_callback) == 0);
	REQUIRE(set_callback(CALLBACKTYPE_syscall, 0, syscall_callback) == 0);
}
