/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the status of a machine-check bank means, as far as it means the same on all CPUs of a vendor.
 * (Intel SDM volume 3, "Machine-check architecture", "Interpreting machine check error codes";
 * AMD APM volume 2, chapter 9)
 */
#include <xen/cpu.h>
#include <xen/lib.h>
#include <xen/mce.h>

#define CODE_DATA_LOAD		0x134
#define CODE_INSN_FETCH		0x150

#define AMD_DEFERRED		BIT(44)
#define AMD_ZEN			0x17

#define MISC_LSB(misc)		((misc) & 63)		/* lowest bit of the address that counts */
#define MISC_MODE(misc)		((misc) >> 6 & 7)
#define MISC_MODE_PHYSICAL	2

static bool is_deferred(u64 status)
{
	return cpu_features.amd && (status & (MCI_UC | AMD_DEFERRED)) == AMD_DEFERRED;
}

enum mce_class mce_classify(u64 status, u64 mcg_cap)
{
	if (!(status & MCI_VALID))
		return MCE_NONE;
	if (!(status & MCI_UC))
		return status & MCI_PCC ? MCE_FATAL : is_deferred(status) ? MCE_DEFERRED : MCE_CORRECTED;
	if (!(status & MCI_EN))			/* it caused no #MC */
		return MCE_DEFERRED;
	if ((status & MCI_PCC) || !(mcg_cap & MCG_CAP_RECOVERY))
		return MCE_FATAL;
	if (!(status & MCI_S))
		return status & MCI_AR ? MCE_FATAL : MCE_DEFERRED;
	if (!(status & MCI_AR))
		return MCE_OPTIONAL;
	/* With OVER there was another one, of which nothing is known. */
	if ((status & MCI_OVER) ||
	    (MCI_CODE(status) != CODE_DATA_LOAD && MCI_CODE(status) != CODE_INSN_FETCH))
		return MCE_FATAL;
	return MCE_REQUIRED;
}

bool mce_addresses_frame(u64 status, u64 misc, u64 mcg_cap)
{
	if (!(status & MCI_ADDRV))
		return false;
	if ((mcg_cap & MCG_CAP_RECOVERY) && (status & MCI_MISCV))
		return MISC_MODE(misc) == MISC_MODE_PHYSICAL && MISC_LSB(misc) <= PAGE_SHIFT;
	/* Since Zen each memory channel counts its own. */
	return !cpu_features.amd || cpu_features.family < AMD_ZEN;
}

/* The fields of compound codes. */
static const char *level(u64 code)
{
	static const char *const names[] = { "L0 ", "L1 ", "L2 ", "" };

	return names[code & 3];
}

static const char *kind(u64 code)
{
	static const char *const names[] = { "instruction ", "data ", "", "" };

	return names[code >> 2 & 3];
}

static const char *request(u64 code)
{
	static const char *const names[] = { "", ", read", ", write", ", data read", ", data write",
		", instruction fetch", ", prefetch", ", eviction", ", snoop" };
	unsigned r = code >> 4 & 15;

	return r < ARRAY_SIZE(names) ? names[r] : "";
}

static const char *memory_request(u64 code)
{
	static const char *const names[] = { "", " read", " write", " command", " scrubbing" };
	unsigned r = code >> 4 & 7;

	return r < ARRAY_SIZE(names) ? names[r] : "";
}

static void describe_memory(char *buf, size_t size, const char *what, u64 code)
{
	unsigned channel = code & 15;

	if (channel == 15)
		snprintf(buf, size, "%s%s", what, memory_request(code));
	else
		snprintf(buf, size, "%s%s, channel %u", what, memory_request(code), channel);
}

static void describe_code(char *buf, size_t size, u64 code)
{
	static const char *const simple[] = { "no code", "unclassified", "microcode ROM parity",
		"external, of another CPU or the board", "lockstep mismatch", "internal parity",
		"SMM code outside its memory" };

	code &= ~0x1000UL;	/* says that more corrected errors are not reported, in all compound ones */
	if (code < ARRAY_SIZE(simple))
		snprintf(buf, size, "%s", simple[code]);
	else if (code == 0x400)
		snprintf(buf, size, "internal timer");
	else if (code == 0xe0b)
		snprintf(buf, size, "I/O");
	else if ((code & 0xfffc) == 0xc)
		snprintf(buf, size, "%scache", level(code));
	else if ((code & 0xfff0) == 0x10)
		snprintf(buf, size, "%s%sTLB", level(code), kind(code));
	else if ((code & 0xff80) == 0x80)
		describe_memory(buf, size, "memory", code);
	else if ((code & 0xff00) == 0x100)
		snprintf(buf, size, "%s%scache%s", level(code), kind(code), request(code));
	else if ((code & 0xff80) == 0x280)
		describe_memory(buf, size, "memory used as cache", code);
	else if ((code & 0xfc00) == 0x400)
		snprintf(buf, size, "internal");
	else if ((code & 0xf800) == 0x800)
		snprintf(buf, size, "bus%s%s", request(code), code & 0x100 ? ", time-out" : "");
	else
		snprintf(buf, size, "unknown code %#lx", code);
}

void mce_describe(char *buf, size_t size, u64 status)
{
	const char *how = status & MCI_UC ? "uncorrected" : is_deferred(status) ? "deferred" : "corrected";
	char code[64];

	describe_code(code, sizeof(code), MCI_CODE(status));
	snprintf(buf, size, "%s error (%s)%s%s", how, code,
		 status & MCI_PCC ? ", the CPU's state is lost" : "",
		 status & MCI_OVER ? ", others before it" : "");
}
