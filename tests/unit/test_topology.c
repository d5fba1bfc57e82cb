/* SPDX-License-Identifier: GPL-2.0-only */
/* SOURCES: xen/cpu/topology.c */
/* Where threads, cores and sockets part in an APIC id, by the CPUID of several kinds of CPUs. */
#include "hv_stack.h"
#include "../../xen/cpu/topology.h"

struct leaf { u32 leaf, sub, a, b, c, d; };

static const struct leaf *machine;

static void read_machine(u32 leaf, u32 sub, u32 r[4])
{
	memset(r, 0, 4 * sizeof(r[0]));
	for (const struct leaf *l = machine; l->leaf != ~0u; l++)
		if (l->leaf == leaf && l->sub == sub) {
			r[0] = l->a;
			r[1] = l->b;
			r[2] = l->c;
			r[3] = l->d;
		}
}

#define END	{ ~0u, 0, 0, 0, 0, 0 }
#define INTEL(max)	{ 0, 0, max, 0x756e6547, 0x6c65746e, 0x49656e69 }
#define AMD(max)	{ 0, 0, max, 0x68747541, 0x444d4163, 0x69746e65 }
#define LEAF1(count)	{ 1, 0, 0, (count) << 16, 0, 1 << 28 }

static void expect(const struct leaf *leaves, unsigned core, unsigned socket)
{
	struct topology_shifts s;

	machine = leaves;
	s = topology_decode(read_machine);
	assert_int_equal(s.core, core);
	assert_int_equal(s.socket, socket);
}

static void test_leaf_b(void **state)
{
	static const struct leaf intel[] = { INTEL(0xd), LEAF1(16),
		{ 0xb, 0, 1, 2, 0x100, 0 }, { 0xb, 1, 4, 12, 0x201, 0 }, { 0xb, 2, 0, 0, 2, 0 }, END };
	static const struct leaf no_threads[] = { INTEL(0xd), LEAF1(4),
		{ 0xb, 0, 0, 1, 0x100, 0 }, { 0xb, 1, 2, 4, 0x201, 0 }, END };

	expect(intel, 1, 4);
	expect(no_threads, 0, 2);
}

/* Leaf 0x1f has more levels: the last one's field ends where the socket begins. */
static void test_leaf_1f(void **state)
{
	static const struct leaf dies[] = { INTEL(0x1f), LEAF1(64),
		{ 0xb, 0, 1, 2, 0x100, 0 }, { 0xb, 1, 6, 64, 0x201, 0 },
		{ 0x1f, 0, 1, 2, 0x100, 0 }, { 0x1f, 1, 4, 16, 0x201, 0 }, { 0x1f, 2, 6, 64, 0x502, 0 },
		END };
	static const struct leaf empty[] = { INTEL(0x1f), LEAF1(2),
		{ 0xb, 0, 1, 2, 0x100, 0 }, { 0xb, 1, 1, 2, 0x201, 0 }, END };

	expect(dies, 1, 6);
	expect(empty, 1, 1);
}

static void test_old_intel(void **state)
{
	static const struct leaf threads_only[] = { INTEL(4), LEAF1(2), { 4, 0, 0, 0, 0, 0 }, END };
	static const struct leaf quad[] = { INTEL(0xa), LEAF1(8), { 4, 0, 3u << 26 | 1, 0, 0, 0 }, END };
	static const struct leaf single[] = { INTEL(2), { 1, 0, 0, 0, 0, 0 }, END };

	expect(threads_only, 1, 1);
	expect(quad, 1, 3);
	expect(single, 0, 0);
}

static void test_old_amd(void **state)
{
	static const struct leaf plain[] = { AMD(6), LEAF1(6), { 0x80000000, 0, 0x80000008, 0, 0, 0 },
		{ 0x80000008, 0, 0, 0, 0x3005, 0 }, END };
	static const struct leaf units[] = { AMD(0xa), LEAF1(16), { 0x80000000, 0, 0x8000001e, 0, 0, 0 },
		{ 0x80000001, 0, 0, 0, 1 << 22, 0 }, { 0x80000008, 0, 0, 0, 0x400f, 0 },
		{ 0x8000001e, 0, 0, 1 << 8, 0, 0 }, END };
	static const struct leaf no_size[] = { AMD(6), LEAF1(3), { 0x80000000, 0, 0x80000008, 0, 0, 0 },
		{ 0x80000008, 0, 0, 0, 2, 0 }, END };

	expect(plain, 0, 3);
	expect(units, 1, 4);
	expect(no_size, 0, 2);
}

static void test_nonsense(void **state)
{
	static const struct leaf absurd[] = { INTEL(0xb), LEAF1(255),
		{ 0xb, 0, ~0u, ~0u, 0x1ff, ~0u }, { 0xb, 1, ~0u, ~0u, ~0u, ~0u }, END };

	expect(absurd, 31, 31);
}

/* Two threads a core, two cores a socket; CPU 2 is of another socket, as the firmware likes. */
static void test_masks(void **state)
{
	static const u32 ids[] = { 0, 1, 4, 3, 2 };

	topology_shifts = (struct topology_shifts){ 1, 2 };
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		cpus[i].apic_id = ids[i];
		topology_add(i);
	}
	assert_int_equal(cpus[0].same_core, 0x3);
	assert_int_equal(cpus[1].same_core, 0x3);
	assert_int_equal(cpus[2].same_core, 0x4);
	assert_int_equal(cpus[4].same_core, 0x18);
	assert_int_equal(cpus[0].same_socket, 0x1b);
	assert_int_equal(cpus[2].same_socket, 0x4);
	assert_int_equal(cpus[4].same_socket, 0x1b);
	assert_int_equal(cpu_core(3), 1);
	assert_int_equal(cpu_core(2), 0);
	assert_int_equal(cpu_socket(2), 1);
	assert_int_equal(cpu_socket(4), 0);
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_leaf_b), cmocka_unit_test(test_leaf_1f),
		cmocka_unit_test(test_old_intel), cmocka_unit_test(test_old_amd),
		cmocka_unit_test(test_nonsense), cmocka_unit_test(test_masks),
	};

	(void)run_on_hv_stack;
	return cmocka_run_group_tests(all, NULL, NULL);
}
