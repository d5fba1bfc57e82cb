/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/domain/descriptor.c xen/lib/bitmap.c */
/* What a descriptor of a guest may say, and what becomes of it. (Intel SDM volume 3, 3.4.5) */
#include <xen/hypercall.h>
#include <xen/entry.h>

u8 hv_gdt_page[4096];
struct cpu_features cpu_features;

/* The rest of the file isn't reached from here. */
void serve_flush(void) { }
size_t raw_copy(void *d, const void *s, size_t n) { return n; }
void *alloc_pages(unsigned order) { return NULL; }
void free_pages(void *va, unsigned order) { }
int map_hv_page(vaddr_t va, mfn_t mfn, u64 flags) { return -ENOMEM; }
bool mfn_valid(mfn_t mfn) { return false; }
int get_page_and_type(struct page_info *pg, struct domain *d, u32 type) { return -EINVAL; }
void put_page_and_type(struct page_info *pg) { }
u64 *walk_l1e(paddr_t l4, vaddr_t va) { return NULL; }
struct page_info *get_page_from_mfn(mfn_t mfn, const struct domain *d) { return NULL; }
int get_page_type(struct page_info *pg, u32 type, bool preemptible) { return -EINVAL; }
int put_page_type(struct page_info *pg, bool preemptible) { return 0; }
void put_page(struct page_info *pg) { }
bool load_sel_gs(u16 sel) { return false; }

#define DPL 0x0000600000000000UL

/* Every type and DPL of a present system descriptor is refused: LDT, TSS, all gates. */
static void test_system(void **state)
{
	for (u64 type = 0; type < 16; type++) {
		for (u64 dpl = 0; dpl < 4; dpl++) {
			u64 d = 0x0000800000000000UL | type << 40 | dpl << 45, was = d;

			assert_false(check_descriptor(&d));
			assert_int_equal(d, was);
		}
	}
}

static void test_absent(void **state)
{
	u64 seed = 0xabcdef;

	for (unsigned i = 0; i < 1000; i++) {
		u64 d = unit_random(&seed) & ~BIT(47), was = d;

		assert_true(check_descriptor(&d));
		assert_int_equal(d, was);
	}
}

/* Code and data, whatever else they say, end in ring 3. */
static void test_segments(void **state)
{
	u64 seed = 0xabcdef;

	for (unsigned i = 0; i < 10000; i++) {
		u64 d = unit_random(&seed) | BIT(47) | BIT(44), was = d;
		bool reserved = (d & BIT(43)) && (d & BIT(53)) && (d & BIT(54));

		assert_int_equal(check_descriptor(&d), !reserved);
		assert_int_equal(d, reserved ? was : was | DPL);
	}
}

/* What Linux puts in its GDT. */
static void test_linux(void **state)
{
	u64 kernel_code = 0x00af9b000000ffff, user_data = 0x00cff3000000ffff, cpu_node = 0x0040f50000000000;

	assert_true(check_descriptor(&kernel_code));
	assert_int_equal(kernel_code, 0x00affb000000ffff);
	assert_true(check_descriptor(&user_data));
	assert_int_equal(user_data, 0x00cff3000000ffff);
	assert_true(check_descriptor(&cpu_node));
}

static void test_update_arguments(void **state)
{
	assert_int_equal(do_set_gdt(0, 7169), -EINVAL);
	assert_int_equal(do_set_gdt(0, ~0UL), -EINVAL);
	assert_int_equal(do_set_gdt(HV_VIRT_START, 8), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_update_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
