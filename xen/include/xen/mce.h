/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine checks: errors that the hardware itself finds, and the records of them that wait for
 * domain 0. (Intel SDM volume 3, "Machine-check architecture"; public/arch-x86/xen-mca.h)
 */
#ifndef XEN_MCE_H
#define XEN_MCE_H

#include <xen/public.h>

#define MSR_MCG_CAP		0x179
#define MSR_MCG_STATUS		0x17a
#define MSR_MCG_CTL		0x17b
#define MSR_MC_CTL(bank)	(0x400 + 4 * (bank))
#define MSR_MC_STATUS(bank)	(0x401 + 4 * (bank))
#define MSR_MC_ADDR(bank)	(0x402 + 4 * (bank))
#define MSR_MC_MISC(bank)	(0x403 + 4 * (bank))
#define MSR_MC_CTL2(bank)	(0x280 + (bank))

#define MCG_CAP_COUNT		0xff
#define MCG_CAP_CTL		BIT(8)
#define MCG_CAP_CMCI		BIT(10)
#define MCG_CAP_RECOVERY	BIT(24)	/* SER_P: STATUS has the bits S and AR */
#define MCG_RIPV		BIT(0)	/* what was interrupted can go on */
#define MCG_EIPV		BIT(1)	/* and is what met the error */
#define MCG_MCIP		BIT(2)

#define MCI_VALID		BIT(63)
#define MCI_OVER		BIT(62)
#define MCI_UC			BIT(61)
#define MCI_EN			BIT(60)
#define MCI_MISCV		BIT(59)
#define MCI_ADDRV		BIT(58)
#define MCI_PCC			BIT(57)
#define MCI_S			BIT(56)
#define MCI_AR			BIT(55)
#define MCI_CODE(status)	((status) & 0xffff)

/* ---- cpu/mce_decode.c --------------------------------------------------------- */
/* What a bank's status asks for, from the harmless up. */
enum mce_class {
	MCE_NONE,
	MCE_CORRECTED,
	MCE_DEFERRED,		/* uncorrected, but no #MC is due: nobody has used the data yet */
	MCE_OPTIONAL,		/* the same, told by #MC: something may be done, and needn't */
	MCE_REQUIRED,		/* the interrupted code used bad data, and must not go on */
	MCE_FATAL,
};
enum mce_class mce_classify(u64 status, u64 mcg_cap);
/* Is ADDR a physical address, exact to the frame as far as is said? */
bool mce_addresses_frame(u64 status, u64 misc, u64 mcg_cap);
/* Status in words. */
void mce_describe(char *buf, size_t size, u64 status);

/* ---- cpu/mce_queue.c ------------------------------------------------------------ */
struct mce_record {
	u64 id;			/* ascending */
	unsigned cpu;
	struct mc_info info;
};
/*
 * A new record, from any context, #MC's included; urgent ones have a queue of their own. NULL: the
 * queue is full, and the record is counted as lost.
 */
struct mce_record *mce_record_new(bool urgent, unsigned cpu);
/* Room for one more entry of @size bytes, its head filled in; NULL: it is full. */
void *mce_record_add(struct mce_record *r, u16 type, u16 size);
void mce_record_done(struct mce_record *r);	/* from now on others see it */
/* For readers: false if there is none. */
bool mce_oldest(bool urgent, struct mce_record *r);
bool mce_untold(struct mce_record *r);		/* each record once */
int mce_drop(bool urgent, u64 id);		/* -EINVAL: there is no such record */
u32 mce_lost(void);				/* since the last call */

/* ---- cpu/mce.c ------------------------------------------------------------------- */
void mce_init_this_cpu(void);
void mce_start_polling(void);		/* timers run */
/* #MC. It returns only if the machine can go on. */
void machine_check(struct cpu_user_regs *regs);
void mce_work(void);			/* WORK_MCE */
u64 mce_capabilities(unsigned cpu);	/* MCG_CAP; 0: no banks */

/*
 * For XEN_MC_msrinject and its kin: @cpu reads these values until it clears the bank. -EINVAL, or -ENOSPC
 * after some of them.
 */
int mce_interpose(unsigned cpu, const xen_mcinfo_msr_t *msrs, unsigned n);
void mce_inject(unsigned cpu);		/* #MC there, soon */
void mce_poll(unsigned cpu);		/* look at its banks, soon */

#endif
