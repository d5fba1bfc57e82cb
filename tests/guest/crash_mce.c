/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine check with an error that nobody can survive ends the machine, and says what it was.
 */
#include "guest.h"
#include <xen/arch-x86/xen-mca.h>

void test_main(void)
{
	static struct xen_mc op = { .cmd = XEN_MC_msrinject,
		.interface_version = XEN_MCA_INTERFACE_VERSION,
		.u.mc_msrinject = { .mcinj_flags = MC_MSRINJ_F_INTERPOSE, .mcinj_count = 4, .mcinj_msr = {
			{ 0x17a, 5 },				/* MCG_STATUS: MCIP RIPV */
			{ 0x409, 0xbe00000000000136 },	/* bank 2: UC MISCV ADDRV PCC */
			{ 0x40a, 0 }, { 0x40b, 0x8c } } } };

	op.u.mc_msrinject.mcinj_msr[2].value = mfn_of(&op) << 12;
	REQUIRE(HC1(mca, &op) == 0);
	expect_crash("Panic on CPU 0: machine check, bank 2: uncorrected error "
		     "\\(L2 data cache, data read\\), the CPU's state is lost, address 0x[0-9a-f]+000, memory of d0 "
		     "\\(status be00000000000136, misc 8c\\)");
	op.cmd = XEN_MC_mceinject;
	op.u.mc_mceinject.mceinj_cpunr = 0;
	HC1(mca, &op);
}
