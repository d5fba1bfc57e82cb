/* SPDX-License-Identifier: GPL-2.0-only */
/* Names for addresses, registers and stacks on the console. The table is made by debug/symtab.py. */
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/remote.h>
#include <xen/uaccess.h>

extern const u32 symtab_count, symtab_addrs[], symtab_offs[];
extern const char symtab_names[];
extern u8 _image_start[], _text_end[];

const char *symbol_lookup(vaddr_t addr, u64 *offset, u64 *size)
{
	u64 at = addr - (vaddr_t)_image_start;
	u32 lo = 0, hi = symtab_count;

	if (!symtab_count || at >= (u64)(_text_end - _image_start) || at < symtab_addrs[0])
		return NULL;
	while (hi - lo > 1) {
		u32 mid = (lo + hi) / 2;

		if (symtab_addrs[mid] <= at)
			lo = mid;
		else
			hi = mid;
	}
	*offset = at - symtab_addrs[lo];
	*size = (lo + 1 < symtab_count ? symtab_addrs[lo + 1] : (u32)(_text_end - _image_start)) -
		symtab_addrs[lo];
	return symtab_names + symtab_offs[lo];
}

void print_address(vaddr_t addr)
{
	u64 offset, size;
	const char *name = symbol_lookup(addr, &offset, &size);

	if (name)
		printk(LOG_ERR "   [%016lx] %s+%#lx/%#lx\n", addr, name, offset, size);
	else
		printk(LOG_ERR "   [%016lx]\n", addr);
}

static void print_state(const struct cpu_state *s)
{
	const struct cpu_user_regs *r = &s->regs;

	printk(LOG_ERR "---- registers, CPU %u%s ----\n", s->cpu, guest_regs(r) ? ", in a guest" : "");
	printk(LOG_ERR "rip %04x:%016lx  rsp %04x:%016lx  rflags %016lx\n", r->cs, r->rip, r->ss, r->rsp, r->rflags);
	printk(LOG_ERR "rax %016lx  rbx %016lx  rcx %016lx\n", r->rax, r->rbx, r->rcx);
	printk(LOG_ERR "rdx %016lx  rsi %016lx  rdi %016lx\n", r->rdx, r->rsi, r->rdi);
	printk(LOG_ERR "rbp %016lx  r8  %016lx  r9  %016lx\n", r->rbp, r->r8, r->r9);
	printk(LOG_ERR "r10 %016lx  r11 %016lx  r12 %016lx\n", r->r10, r->r11, r->r12);
	printk(LOG_ERR "r13 %016lx  r14 %016lx  r15 %016lx\n", r->r13, r->r14, r->r15);
	printk(LOG_ERR "cr0 %016lx  cr2 %016lx  cr3 %016lx\n", s->cr0, s->cr2, s->cr3);
	printk(LOG_ERR "cr4 %016lx  vector %u  error %x\n", s->cr4, r->entry_vector, r->error_code);
	if (!guest_regs(r))
		print_address(r->rip);
}

static void print_trace(const struct cpu_state *s)
{
	printk(LOG_ERR "Call trace:\n");
	print_address(s->regs.rip);
	for (unsigned i = 0; i < s->depth; i++)
		print_address(s->trace[i]);
}

/* Parts of the stack block aren't there; within an NMI nothing may fault. */
static bool on_stack(vaddr_t at) { return stack_page_present((at & (STACK_SIZE - 1)) / PAGE_SIZE); }

/* The frame pointer may be anything: in entry code it is the guest's. */
unsigned walk_stack(const struct cpu_user_regs *r, vaddr_t *addr, unsigned max)
{
	u64 top = (u64)r | (STACK_SIZE - 1), at = r->rbp, frame[2];
	unsigned n = 0;

	while (n < max && at >= (u64)r && at + 16 <= top && !(at & 7) && on_stack(at) && on_stack(at + 15)) {
		memcpy(frame, (void *)at, sizeof(frame));
		if (!frame[1])
			break;
		addr[n++] = frame[1];
		if (frame[0] <= at)
			break;
		at = frame[0];
	}
	return n;
}

void show_state(const struct cpu_state *s)
{
	if (s->idle)
		printk(LOG_ERR "---- CPU %u idles ----\n", s->cpu);
	else
		printk(LOG_ERR "---- CPU %u runs d%uv%u ----\n", s->cpu, s->domid, s->vcpu_id);
	print_state(s);
	if (!guest_regs(&s->regs))
		print_trace(s);
}

void show_registers(const struct cpu_user_regs *r)
{
	struct cpu_state s;

	capture_state(&s, r);
	print_state(&s);
}

void show_stack(const struct cpu_user_regs *r)
{
	struct cpu_state s;

	capture_state(&s, r);
	print_trace(&s);
}

/* A guest vcpu's registers and the top of its stack, if it is the current one. */
void dump_guest_state(struct vcpu *v)
{
	const struct cpu_user_regs *r = v == current ? current_regs() : &v->regs;
	u64 word;

	printk(LOG_ERR "d%uv%u, %s mode, kernel CR3 %lx, user CR3 %lx\n", v->domain->id, v->id,
	       v->kernel_mode ? "kernel" : "user", v->kernel_cr3, v->user_cr3);
	show_registers(r);
	if (v != current)
		return;
	printk(LOG_ERR "Guest stack:\n");
	for (unsigned i = 0; i < 16; i++) {
		if (copy_from_guest(&word, r->rsp + i * 8, 8)) {
			printk(LOG_ERR "   unreadable at %lx\n", r->rsp + i * 8);
			break;
		}
		printk(LOG_ERR "%s%016lx%s", i % 4 ? "" : "   ", word, i % 4 == 3 ? "\n" : " ");
	}
}
