/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages and page tables of a guest test.
 *
 * All memory comes from a pool in the image's bss, so each page is inside the
 * initial mapping: its PFN follows from its address, its MFN from the P2M, and
 * a table found by MFN is read at the address that the M2P gives.
 */
#include "guest.h"

#define POOL_PAGES 1536

unsigned long *p2m;
static char pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned int pool_used;

void *pages_alloc(unsigned int n)
{
	REQUIRE(pool_used + n <= POOL_PAGES);
	pool_used += n;
	return pool[pool_used - n];
}

void *page_alloc(void)
{
	return pages_alloc(1);
}

volatile uint64_t *pte_ptr(unsigned long l4_mfn, unsigned long va, int level)
{
	unsigned long mfn = l4_mfn;
	volatile uint64_t *entry;
	int l;

	for (l = 4; ; l--) {
		entry = (uint64_t *)va_of_mfn(mfn) + ((va >> (12 + 9 * (l - 1))) & 511);
		if (l == level)
			return entry;
		if (!(*entry & PTE_P))
			return NULL;
		mfn = PTE_MFN(*entry);
	}
}

unsigned long boot_l4(void)
{
	return mfn_of((void *)si->pt_base);
}

uint64_t pte_of(const volatile void *va)
{
	volatile uint64_t *e = pte_ptr(boot_l4(), (unsigned long)va, 1);

	return e ? *e : 0;
}

long map_va(const volatile void *va, uint64_t pte)
{
	return HC3(update_va_mapping, va, pte, UVMF_INVLPG);
}

long set_ro(const volatile void *page)
{
	return map_va(page, MFN_PTE(mfn_of(page), PTE_RO));
}

long set_rw(const volatile void *page)
{
	return map_va(page, MFN_PTE(mfn_of(page), PTE_RW));
}

long pte_write(unsigned long machine_addr, uint64_t val)
{
	struct mmu_update u = { .ptr = machine_addr, .val = val };

	return HC4(mmu_update, &u, 1, 0, DOMID_SELF);
}

long mmuext(unsigned int cmd, unsigned long mfn)
{
	struct mmuext_op op = { .cmd = cmd };

	op.arg1.mfn = mfn;
	return HC4(mmuext_op, &op, 1, 0, DOMID_SELF);
}

unsigned long pte_maddr(const volatile uint64_t *entry)
{
	return (mfn_of(entry) << 12) | ((unsigned long)entry & 0xfff);
}

/* Maps va in any L4 of ours; a failure here means the test can't go on. */
void link_page(unsigned long l4_mfn, unsigned long va, uint64_t pte)
{
	int level;

	for (level = 4; level > 1; level--) {
		volatile uint64_t *e = pte_ptr(l4_mfn, va, level);

		REQUIRE(e);
		if (!(*e & PTE_P)) {
			void *table = page_alloc();

			REQUIRE(set_ro(table) == 0);
			REQUIRE(pte_write(pte_maddr(e), MFN_PTE(mfn_of(table), PTE_TABLE)) == 0);
		}
	}
	REQUIRE(pte_write(pte_maddr(pte_ptr(l4_mfn, va, 1)), pte) == 0);
}
