/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The security of page tables, as bookkeeping: a guest does random things with
 * random frames, is preempted at random moments, and after each step every
 * reference count must be exactly what the page tables, pins and base pointers
 * add up to. In the end the domain dies, and all frames must be free.
 *
 * The sources under test find frames at fixed addresses of the hypervisor's map, so
 * they are included here after the map was replaced by arrays.
 */
#include <xen/cpu.h>

#define NR_FRAMES 96
static uint64_t ram[NR_FRAMES][512] __attribute__((aligned(4096)));
static uint64_t fake_m2p[NR_FRAMES];
static struct vcpu *fake_current;

#undef FRAMETABLE_START
#undef RW_M2P_START
#undef current
#define FRAMETABLE_START	((uintptr_t)fake_frames)
#define RW_M2P_START		((uintptr_t)fake_m2p)
#define current			fake_current
#define mfn_to_va(mfn)		((void *)ram[mfn])
#define va_to_mfn(va)		(((uintptr_t)(va) - (uintptr_t)ram) >> PAGE_SHIFT)
static struct { uint64_t w[2]; } fake_frames[NR_FRAMES];

#include "../../xen/mm/page.c"
#include "../../xen/mm/type.c"
#include "../../xen/mm/table.c"
#include "../../xen/mm/entry.c"
#include "../../xen/mm/pagetable.c"
#include "../../xen/mm/base.c"
#include "../../xen/mm/relinquish.c"
#include "../../xen/mm/ptwrite.c"

static struct domain dom, other, xen_dom, io_dom, idle_dom;
static struct vcpu vcpu0, idle;
static uint64_t rnd;
static unsigned preempt_rate, flushes, freed;

struct domain *dom_xen = &xen_dom, *dom_io = &io_dom, *dom_idle = &idle_dom;
struct cpu_features cpu_features = { .nx = true, .maxphysaddr = 40 };
struct e820_map e820;
uint64_t hv_l4[512];
mfn_t max_mfn = NR_FRAMES;
uint64_t pte_special = PTE_P | PTE_G | PTE_PWT | PTE_PCD | PTE_PSE;
struct frame_span ram_span = { 8, NR_FRAMES / 2 };
uint32_t tlb_clock = 1;

/* ---- what the sources need of other rooms ---- */

bool mfn_valid(mfn_t mfn) { return mfn < NR_FRAMES; }
bool preempt_check(void) { return preempt_rate && unit_random(&rnd) % preempt_rate == 0; }
void serve_flush(void) { fail_msg("waits for a frame that nobody else can hold"); }
void flush_for_frame(const struct page_info *pg) { flushes++; }
void flush_tlb_local(void) { tlb_clock++; }
void load_guest_cr3(struct vcpu *v) { }
void sync_vcpu_state(struct vcpu *v) { }
void invalidate_ldt(struct vcpu *v) { }
void inject_exception(u8 vector) { }
bool check_descriptors(mfn_t mfn) { return true; }
void ref_domain(struct domain *d) { d->refs++; }
void put_domain(struct domain *d) { d->refs--; }
size_t raw_copy(void *d, const void *s, size_t n) { return n; }
bool iomem_read_only(mfn_t mfn) { return mfn == 0x1002; }
bool ranges_contain(const struct ranges *s, u64 first, u64 last) { return first >= 0x1000 && last < 0x1100; }

struct domain *get_domain(domid_t id)
{
	struct domain *d = id == dom.id ? &dom : id == other.id ? &other : NULL;

	if (d)
		d->refs++;
	return d;
}

void free_frames(struct page_info *pg, unsigned order)
{
	assert_int_equal(pg->count & PGC_COUNT_MASK, 0);
	assert_int_equal(order, 0);
	pg->count = OWNER(DOMID_INVALID);
	pg->type = pg->aux = 0;
	freed++;
}

/* ---- the books ---- */

static struct { unsigned refs, types; u32 type; } want[NR_FRAMES];

static void want_type(mfn_t mfn, u32 type)
{
	if (want[mfn].types)
		assert_int_equal(want[mfn].type, type);
	want[mfn].types++;
	want[mfn].type = type;
}

static void add_entry(unsigned level, uint64_t e)
{
	mfn_t to = pte_mfn(e);

	if (!(e & PTE_P) || to >= NR_FRAMES)
		return;
	want[to].refs++;
	if (level > 1)
		want_type(to, level_type(level - 1));
	else if (e & PTE_RW)
		want_type(to, PGT_WRITABLE);
}

static void add_base(mfn_t l4)
{
	if (!l4)
		return;
	want[l4].refs++;
	want_type(l4, PGT_L4);
}

static void check_books(void)
{
	memset(want, 0, sizeof(want));
	add_base(vcpu0.kernel_cr3 >> PAGE_SHIFT);
	add_base(vcpu0.user_cr3 >> PAGE_SHIFT);
	if (vcpu0.old_table)
		want[page_to_mfn(vcpu0.old_table)].refs++;
	for (mfn_t i = 0; i < NR_FRAMES; i++) {
		struct page_info *pg = mfn_to_page(i);
		u32 type = pg->type & PGT_TYPE_MASK, n = 0;

		assert_false(pg->type & PGT_LOCKED);
		want[i].refs += !!(pg->count & PGC_ALLOCATED);
		if (pg->type & PGT_PINNED) {
			want[i].refs++;
			want_type(i, type);
		}
		if (pg->type & PGT_PARTIAL) {
			want[i].refs++;
			n = pg->aux & 0x3ff;
		} else if ((pg->type & PGT_VALIDATED) && is_table_type(type)) {
			n = 512;
		}
		for (u32 k = 0; k < n; k++)
			if (!hv_slot(type_level(type), k))
				add_entry(type_level(type), ram[i][k]);
	}
	for (mfn_t i = 0; i < NR_FRAMES; i++) {
		struct page_info *pg = mfn_to_page(i);

		assert_int_equal(pg->count & PGC_COUNT_MASK, want[i].refs);
		assert_int_equal(pg->type & PGT_COUNT_MASK, want[i].types);
		assert_int_equal(!!(pg->type & PGT_VALIDATED), want[i].types != 0);
		if (want[i].types)
			assert_int_equal(pg->type & PGT_TYPE_MASK, want[i].type);
	}
}

/* ---- a guest ---- */

static unsigned pick(unsigned n) { return unit_random(&rnd) % n; }

/* Frames fall into classes so that useful trees appear often, and wrong ones too. */
static mfn_t pick_frame(unsigned level)
{
	return pick(8) ? (level * 19 + pick(19)) % NR_FRAMES : pick(NR_FRAMES + 2);
}

static uint64_t pick_entry(unsigned level)
{
	static const uint64_t odd[] = { PTE_PSE, 1UL << 45, PTE_NX, PTE_G, 1UL << 58, PTE_PCD };
	uint64_t e = mk_pte(pick_frame(level - 1), PTE_P | (pick(2) ? PTE_RW : 0) | (pick(2) ? PTE_A : 0));

	if (!pick(40))
		e |= odd[pick(ARRAY_SIZE(odd))];
	if (!pick(50))
		e = mk_pte(0x1000 + pick(0x200), PTE_P | PTE_RW);
	return pick(4) ? e : e & ~PTE_P;
}

static unsigned pick_slot(void)
{
	static const unsigned slots[] = { 0, 1, 2, 255, 256, 271, 272, 511 };

	return slots[pick(ARRAY_SIZE(slots))];
}

/* The guest fills a frame it may write. */
static void guest_store(unsigned level)
{
	mfn_t mfn = pick_frame(level);
	struct page_info *pg;
	unsigned n = pick(6);

	if (mfn >= NR_FRAMES || page_owner(mfn_to_page(mfn)) != dom.id)
		return;
	pg = mfn_to_page(mfn);
	if (get_page_and_type(pg, &dom, PGT_WRITABLE))
		return;
	memset(ram[mfn], 0, PAGE_SIZE);
	while (n--)
		ram[mfn][pick_slot()] = pick_entry(level);
	put_page_and_type(pg);
}

static void guest_update(void)
{
	mfn_t mfn = pick(NR_FRAMES);
	struct page_info *pg = get_page_from_mfn(mfn, &dom);
	uint64_t *pte = &ram[mfn][pick_slot()];
	u32 type;

	if (!pg)
		return;
	if (!get_table(pg, &type)) {
		put_page(pg);
		return;
	}
	if (type == PGT_L1) {
		uint64_t old = *pte, val = pick(3) ? pick_entry(1) : old ^ (1UL << pick(12));
		int rc = set_l1e(&dom, &dom, pte, val, pick(2), pick(2) ? NULL : &old);

		if (rc)
			assert_int_equal(*pte, old);
	} else {
		set_upper(&dom, type_level(type), pte, pick_entry(type_level(type)));
	}
	drop_table(pg);
}

static void guest_step(void)
{
	unsigned level = 1 + pick(4);
	mfn_t frame = pick_frame(level);

	if (finish_old_table())
		return;
	switch (pick(10)) {
	case 0 ... 2:
		guest_store(level);
		break;
	case 3 ... 4:
		pin_table(&dom, frame, level_type(level));
		break;
	case 5:
		unpin_table(&dom, pick(2) ? frame : pick(NR_FRAMES));
		break;
	case 6:
		new_kernel_base(&vcpu0, pick_frame(4));
		break;
	case 7:
		new_user_base(&vcpu0, pick(3) ? pick_frame(4) : 0);
		break;
	default:
		guest_update();
	}
}

static void start_domain(void)
{
	static u64 chunks[1];

	memset(ram, 0, sizeof(ram));
	memset(fake_frames, 0, sizeof(fake_frames));
	memset(&vcpu0, 0, sizeof(vcpu0));
	memset(&dom, 0, sizeof(dom));
	dom = (struct domain){ .id = 7, .refs = 1, .max_pages = NR_FRAMES, .owned_chunks = chunks };
	other = (struct domain){ .id = 8, .refs = 1, .max_pages = NR_FRAMES, .owned_chunks = chunks };
	xen_dom.id = DOMID_XEN;
	io_dom.id = DOMID_IO;
	idle_dom.id = DOMID_IDLE;
	idle.domain = &idle_dom;
	vcpu0.domain = &dom;
	fake_current = &vcpu0;
	for (mfn_t i = 0; i < NR_FRAMES; i++) {
		mfn_to_page(i)->count = OWNER(DOMID_XEN) | 1;
		/* 0 stays the hypervisor's; the last few are another domain's */
		if (i)
			assert_int_equal(assign_frames(i < NR_FRAMES - 4 ? &dom : &other, mfn_to_page(i), 0), 0);
	}
	mfn_to_page(0)->count = OWNER(DOMID_XEN) | PGC_ALLOCATED | 1;
	for (unsigned i = HV_FIRST_SLOT; i <= HV_LAST_SLOT; i++)
		hv_l4[i] = mk_pte(0, PTE_P | PTE_RW);
}

static void end_domain(void)
{
	unsigned guard = 0;

	dom.is_dying = true;
	drop_base_tables(&vcpu0);
	check_books();
	fake_current = &vcpu0;
	while (relinquish_frames(&dom)) {
		check_books();
		assert_true(++guard < 1000000);
	}
	for (mfn_t i = 1; i < NR_FRAMES - 4; i++)
		assert_int_equal(mfn_to_page(i)->count, OWNER(DOMID_INVALID));
	assert_int_equal(dom.tot_pages, 0);
	assert_int_equal(dom.refs, 1);
	assert_int_equal(other.tot_pages, 4);
}

static void test_random(void **state)
{
	static const unsigned rates[] = { 0, 50, 3, 1 };
	unsigned seen[8] = { 0 }, partial = 0;

	for (unsigned run = 0; run < 60; run++) {
		rnd = 0x1234567 + run;
		preempt_rate = rates[run % ARRAY_SIZE(rates)];
		start_domain();
		for (unsigned i = 0; i < 4000; i++) {
			guest_step();
			check_books();
			partial += vcpu0.old_table != NULL;
		}
		for (mfn_t i = 0; i < NR_FRAMES; i++)
			if (mfn_to_page(i)->type & PGT_COUNT_MASK)
				seen[type_level(mfn_to_page(i)->type & PGT_TYPE_MASK)]++;
		end_domain();
	}
	/* the guest did get somewhere */
	for (unsigned t = 1; t <= 4; t++)
		assert_true(seen[t] > 10);
	assert_true(seen[type_level(PGT_WRITABLE)] > 10);
	assert_true(partial > 10);
}

/* ---- single rules ---- */

static void test_types(void **state)
{
	struct page_info *pg;

	preempt_rate = 0;
	start_domain();
	pg = mfn_to_page(5);
	assert_int_equal(get_page_and_type(pg, &dom, PGT_WRITABLE), 0);
	assert_int_equal(get_page_and_type(pg, &dom, PGT_L1), -EBUSY);
	assert_int_equal(pin_table(&dom, 5, PGT_L4), -EBUSY);
	put_page_and_type(pg);
	flushes = 0;
	assert_int_equal(pin_table(&dom, 5, PGT_L1), 0);
	assert_int_equal(flushes, 1);			/* was writable */
	assert_int_equal(pin_table(&dom, 5, PGT_L1), -EINVAL);
	assert_int_equal(get_page_and_type(pg, &dom, PGT_WRITABLE), -EBUSY);
	assert_int_equal(unpin_table(&dom, 5), 0);
	assert_int_equal(unpin_table(&dom, 5), -EINVAL);
	assert_int_equal(get_page_and_type(pg, &dom, PGT_WRITABLE), 0);
	assert_int_equal(flushes, 2);			/* was a table: paging-structure caches */
	assert_false(steal_frame(&dom, pg));
	put_page_and_type(pg);
	assert_true(steal_frame(&dom, pg));
	assert_false(get_page(pg, &dom));
	assert_int_equal(assign_frames(&dom, pg, 0), 0);
	assert_int_equal(assign_frames(&other, mfn_to_page(0), 7), -E2BIG);
	/* frames of others, of the hypervisor, of nobody */
	assert_false(get_page(mfn_to_page(NR_FRAMES - 1), &dom));
	assert_false(get_page(mfn_to_page(0), NULL));
	assert_false(get_page(mfn_to_page(0), &xen_dom));
	assert_int_equal(pin_table(&dom, NR_FRAMES - 1, PGT_L1), -EINVAL);
}

static void test_shared(void **state)
{
	struct page_info *pg;

	start_domain();
	pg = mfn_to_page(0);
	pg->count = OWNER(DOMID_XEN) | 1;
	share_frame(pg, &dom, true);
	assert_int_equal(pin_table(&dom, 0, PGT_L1), -EBUSY);
	assert_int_equal(get_page_and_type(pg, &dom, PGT_WRITABLE), 0);
	unshare_frame(pg);
	assert_false(get_page(pg, &dom));
	freed = 0;
	put_page_and_type(pg);
	assert_int_equal(freed, 1);
	pg->count = OWNER(DOMID_XEN) | 1;
	share_frame(pg, &dom, false);
	assert_int_equal(get_page_and_type(pg, &dom, PGT_WRITABLE), -EBUSY);
	assert_true(get_page(pg, &dom));
	put_page(pg);
	unshare_frame(pg);
	assert_int_equal(freed, 2);
}

static void test_leaf(void **state)
{
	uint64_t e;

	start_domain();
	e = mk_pte(0x1001, PTE_P | PTE_RW | PTE_G);	/* a device, no cache attribute */
	assert_int_equal(get_l1e(&dom, &dom, &e), 0);
	assert_int_equal(e, mk_pte(0x1001, PTE_P | PTE_RW | PTE_US | PTE_PCD | PTE_PWT));
	e = mk_pte(0x1002, PTE_P | PTE_RW | PTE_PCD);
	assert_int_equal(get_l1e(&dom, &dom, &e), 0);
	assert_int_equal(e, mk_pte(0x1002, PTE_P | PTE_US | PTE_PCD));
	e = mk_pte(0x1200, PTE_P);
	assert_int_equal(get_l1e(&dom, &dom, &e), -EPERM);
	e = mk_pte(1UL << 30, PTE_P);			/* beyond the address width */
	assert_int_equal(get_l1e(&dom, &dom, &e), -EINVAL);
	e = mk_pte(5, PTE_P | PTE_PCD | PTE_PSE);	/* RAM is cached */
	assert_int_equal(get_l1e(&dom, &dom, &e), 0);
	assert_int_equal(e, mk_pte(5, PTE_P | PTE_US));
	put_l1e(e);
	e = mk_pte(NR_FRAMES - 1, PTE_P);
	assert_int_equal(get_l1e(&dom, &dom, &e), -EBUSY);
	assert_int_equal(get_l1e(&dom, &other, &e), 0);	/* as a control domain's call may say */
	put_l1e(e);
	check_books();
}

/* ---- the instruction decoder ---- */

struct sample { uint8_t code[16]; unsigned n; enum pt_op op; unsigned width, reg; int64_t imm; };

static void test_decode(void **state)
{
	static const struct sample s[] = {
		{ { 0x48, 0x89, 0x07 }, 3, OP_MOV, 8, 0, 0 },			/* mov %rax,(%rdi) */
		{ { 0x4c, 0x89, 0x44, 0x24, 0x10 }, 5, OP_MOV, 8, 8, 0 },	/* mov %r8,0x10(%rsp) */
		{ { 0x48, 0xc7, 0x02, 0, 0, 0, 0x80 }, 7, OP_MOV, 8, 0, -0x80000000LL },
		{ { 0x48, 0x87, 0x45, 0xf8 }, 4, OP_XCHG, 8, 0, 0 },		/* xchg %rax,-8(%rbp) */
		{ { 0xf0, 0x48, 0x0f, 0xba, 0x33, 0x01 }, 6, OP_BTR, 8, 6, 1 },	/* lock btrq $1,(%rbx) */
		{ { 0xf0, 0x80, 0x27, 0xdf }, 4, OP_AND, 1, 16, -0x21 },	/* lock andb $0xdf,(%rdi) */
		{ { 0xf0, 0x48, 0x83, 0x23, 0xfd }, 5, OP_AND, 8, 4, -3 },
		{ { 0xf0, 0x48, 0x0f, 0xb1, 0x0e }, 5, OP_CMPXCHG, 8, 1, 0 },
		{ { 0x66, 0x81, 0x0d, 1, 2, 3, 4, 5, 6 }, 9, OP_OR, 2, 1, 0x605 },	/* orw $..,(%rip) */
		{ { 0x88, 0x27 }, 2, OP_MOV, 1, 16, 0 },			/* mov %ah,(%rdi) */
		{ { 0x40, 0x88, 0x27 }, 3, OP_MOV, 1, 4, 0 },			/* mov %spl,(%rdi) */
		{ { 0x48, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8 }, 10, OP_MOV, 8, 0, 0 },
		{ { 0x48, 0x0f, 0xc3, 0x04, 0xcd, 0, 0, 0, 0 }, 9, OP_MOV, 8, 0, 0 },	/* movnti, SIB, disp32 */
		{ { 0x89, 0xc7 }, 2, OP_NONE, 0, 0, 0 },			/* register operand */
		{ { 0xf0, 0x48, 0x89, 0x07 }, 4, OP_NONE, 0, 0, 0 },		/* lock mov */
		{ { 0x48, 0x3b, 0x07 }, 3, OP_NONE, 0, 0, 0 },			/* cmp: no store */
		{ { 0x80, 0x3f, 0 }, 3, OP_NONE, 0, 0, 0 },			/* cmpb $0,(%rdi) */
		{ { 0x48, 0xc7, 0x0a, 0, 0, 0, 0 }, 7, OP_NONE, 0, 0, 0 },	/* c7 /1 */
		{ { 0xf3, 0x48, 0xab }, 3, OP_NONE, 0, 0, 0 },			/* rep stosq */
	};
	struct insn in;

	for (unsigned i = 0; i < ARRAY_SIZE(s); i++) {
		bool ok = decode(s[i].code, s[i].n, &in);

		assert_int_equal(ok, s[i].op != OP_NONE);
		if (!ok)
			continue;
		assert_int_equal(in.op, s[i].op);
		assert_int_equal(in.len, s[i].n);
		assert_int_equal(in.width, s[i].width);
		assert_int_equal(in.reg, s[i].reg);
		assert_int_equal(in.imm, s[i].imm);
		for (unsigned n = 0; n < s[i].n; n++)	/* cut off: never beyond the end */
			assert_false(decode(s[i].code, n, &in));
	}
	rnd = 99;
	for (unsigned i = 0; i < 300000; i++) {
		uint8_t *code = malloc(15);		/* the sanitizer watches its end */
		unsigned n = 1 + pick(15);

		for (unsigned k = 0; k < 15; k++)
			code[k] = unit_random(&rnd) >> 32;
		if (decode(code + 15 - n, n, &in))
			assert_true(in.len <= n && in.reg < 20 && in.op && in.width);
		free(code);
	}
}

/* Compare with the CPU itself. */
#define NATIVE(insn, a, b, flags) do {						\
	u64 f_;									\
	asm volatile(insn "; pushfq; pop %1" : "+m" (a), "=&r" (f_) : "r" (b) : "cc", "memory");	\
	flags = f_;								\
} while (0)

static void check_alu(const uint8_t *code, unsigned n, u64 a, u64 b, u64 native, u64 flags, u64 mask)
{
	struct cpu_user_regs r = { .rbx = b };
	struct effect e;
	struct insn in;

	assert_true(decode(code, n, &in));
	execute(&in, &r, a & mask_of(in.width), &e);
	assert_int_equal((a & ~mask_of(in.width)) | e.mem, native);
	assert_int_equal(e.flags & mask, flags & mask);
}

static void test_execute(void **state)
{
	static const u64 v[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7fffffffffffffff, 0x8000000000000000, ~0UL, 0x8000000000000067 };
	const u64 logic = ALU_FLAGS & ~FLAG_AF;
	u64 f;

	for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
		for (unsigned k = 0; k < ARRAY_SIZE(v); k++) {
			volatile u64 m = v[i];
			u64 b = v[k];

			NATIVE("addq %2, %0", m, b, f);
			check_alu((u8[]){ 0x48, 0x01, 0x1f }, 3, v[i], b, m, f, ALU_FLAGS);
			m = v[i];
			NATIVE("subl %k2, %k0", m, b, f);
			check_alu((u8[]){ 0x29, 0x1f }, 2, v[i], b, m, f, ALU_FLAGS);
			m = v[i];
			NATIVE("andw %w2, %w0", m, b, f);
			check_alu((u8[]){ 0x66, 0x21, 0x1f }, 3, v[i], b, m, f, logic);
			m = v[i];
			NATIVE("orb %b2, %b0", m, b, f);
			check_alu((u8[]){ 0x08, 0x1f }, 2, v[i], b, m, f, logic);
			m = v[i];
			NATIVE("xorq %2, %0", m, b, f);
			check_alu((u8[]){ 0x48, 0x31, 0x1f }, 3, v[i], b, m, f, logic);
			b &= 63;
			m = v[i];
			NATIVE("btrq %2, %0", m, b, f);
			check_alu((u8[]){ 0x48, 0x0f, 0xb3, 0x1f }, 4, v[i], b, m, f, EFLAGS_CF);
			m = v[i];
			NATIVE("btcq %2, %0", m, b, f);
			check_alu((u8[]){ 0x48, 0x0f, 0xbb, 0x1f }, 4, v[i], b, m, f, EFLAGS_CF);
		}
}

static void test_retire(void **state)
{
	struct cpu_user_regs r = { .rax = 0x1122334455667788, .rip = 0x1000 };

	write_reg(&r, 0, 4, 0xaabbccdd99887766);
	assert_int_equal(r.rax, 0x99887766);
	write_reg(&r, 16, 1, 0xee);
	assert_int_equal(r.rax, 0x9988ee66);
	assert_int_equal(read_reg(&r, 16, 1), 0xee);
	write_reg(&r, 0, 2, 0x12345);
	assert_int_equal(r.rax, 0x99882345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_execute),
		cmocka_unit_test(test_retire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
