/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's breakpoints. They may only watch its own half of the address space,
 * and they are in the hardware while the vcpu is. (Intel SDM volume 3, 17.2)
 */
#include <xen/domain.h>
#include <xen/gdb.h>
#include <xen/hypercall.h>

#define DR6_ONES	0xffff0ff0UL
#define DR6_BITS	0xe00fUL	/* that a guest may see set: B0-B3, BD, BS, BT */
#define DR7_ONES	BIT(10)
#define DR7_ENABLED	0xffUL
#define DR7_BITS	0xffff03ffUL	/* enables, LE, GE, conditions; neither GD nor RTM */
#define DR7_RW_IO	2

/* I/O breakpoints are refused: guests' port accesses are made by the hypervisor. */
static bool dr7_ok(u64 dr7)
{
	if (dr7 & ~(DR7_BITS | DR7_ONES))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if ((dr7 >> (i * 2) & 3) && (dr7 >> (16 + i * 4) & 3) == DR7_RW_IO)
			return false;
	return true;
}

static void load_all(const struct vcpu *v)
{
	if (!(v->dr[7] & DR7_ENABLED)) {
		gdb_load_breakpoints();
		return;
	}
	write_dr(7, DR7_ONES);
	write_dr(0, v->dr[0]);
	write_dr(1, v->dr[1]);
	write_dr(2, v->dr[2]);
	write_dr(3, v->dr[3]);
	write_dr(7, v->dr[7] | DR7_ONES);
}

bool debugregs_ok(const u64 dr[8])
{
	for (unsigned i = 0; i < 4; i++)
		if (!guest_range_ok(dr[i], 8))
			return false;
	return dr7_ok(dr[7]);
}

int set_debugreg(struct vcpu *v, unsigned reg, u64 value)
{
	switch (reg) {
	case 0 ... 3:
		if (!guest_range_ok(value, 8))
			return -EPERM;
		v->dr[reg] = value;
		break;
	case 6:
		v->dr[6] = value & DR6_BITS;
		return 0;
	case 7:
		if (!dr7_ok(value))
			return -EPERM;
		v->dr[7] = value & DR7_BITS;
		break;
	default:
		return -EINVAL;
	}
	if (this_cpu()->loaded == v && (reg == 7 || (v->dr[7] & DR7_ENABLED)))
		load_all(v);
	return 0;
}

int get_debugreg(const struct vcpu *v, unsigned reg, u64 *value)
{
	if (reg > 7 || reg == 4 || reg == 5)
		return -EINVAL;
	*value = v->dr[reg];
	if (reg == 6)
		*value |= DR6_ONES;
	if (reg == 7)
		*value |= DR7_ONES;
	return 0;
}

long do_set_debugreg(u64 reg, u64 value)
{
	return reg <= 7 ? set_debugreg(current, reg, value) : -EINVAL;
}

/* The register itself is the result, so that -EINVAL could be one too: the ABI's own ambiguity. */
long do_get_debugreg(u64 reg)
{
	u64 value;

	return reg <= 7 && !get_debugreg(current, reg, &value) ? (long)value : -EINVAL;
}
