/* SPDX-License-Identifier: GPL-2.0-only */
/* Names for addresses, registers and stacks on the console. The table is made by debug/symtab.py. */
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/lib.h>
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

static void print_address(vaddr_t addr)
{
	u64 offset, size;
	const char *name = symbol_lookup(addr, &offset, &size);

	if (name)
		printk(LOG_ERR "   [%016lx] %s+%#lx/%#lx\n", addr, name, offset, size);
	else
		printk(LOG_ERR "   [%016lx]\n", addr);
}

void show_registers(const struct cpu_user_regs *r)
{
	printk(LOG_ERR "---- registers, CPU %u%s ----\n", this_cpu()->id, guest_regs(r) ? ", in a guest" : "");
	printk(LOG_ERR "rip %04x:%016lx  rsp %04x:%016lx  rflags %016lx\n", r->cs, r->rip, r->ss, r->rsp, r->rflags);
	printk(LOG_ERR "rax %016lx  rbx %016lx  rcx %016lx\n", r->rax, r->rbx, r->rcx);
	printk(LOG_ERR "rdx %016lx  rsi %016lx  rdi %016lx\n", r->rdx, r->rsi, r->rdi);
	printk(LOG_ERR "rbp %016lx  r8  %016lx  r9  %016lx\n", r->rbp, r->r8, r->r9);
	printk(LOG_ERR "r10 %016lx  r11 %016lx  r12 %016lx\n", r->r10, r->r11, r->r12);
	printk(LOG_ERR "r13 %016lx  r14 %016lx  r15 %016lx\n", r->r13, r->r14, r->r15);
	printk(LOG_ERR "cr0 %016lx  cr2 %016lx  cr3 %016lx\n", read_cr(0), read_cr(2), read_cr(3));
	printk(LOG_ERR "cr4 %016lx  vector %u  error %x\n", read_cr(4), r->entry_vector, r->error_code);
	if (!guest_regs(r))
		print_address(r->rip);
}

/* Follows the frame pointers, as far as they stay on this CPU's stack. */
void show_stack(const struct cpu_user_regs *r)
{
	u64 top = (u64)r | (STACK_SIZE - 1), *fp = (u64 *)r->rbp;

	printk(LOG_ERR "Call trace:\n");
	print_address(r->rip);
	for (unsigned i = 0; i < 30; i++) {
		if ((u64)fp < (u64)r || (u64)fp + 16 > top || ((u64)fp & 7))
			break;
		if (!fp[1])
			break;
		print_address(fp[1]);
		if ((u64)fp[0] <= (u64)fp)
			break;
		fp = (u64 *)fp[0];
	}
}

/* A guest vcpu's registers and the top of its stack, if it is the current one. */
void dump_guest_state(struct vcpu *v)
{
	const struct cpu_user_regs *r = v == current ? current_regs() : &v->regs;
	u64 word;

	printk(LOG_ERR "d%uv%u, %s mode, kernel L4 %lx, user L4 %lx\n", v->domain->id, v->id,
	       v->kernel_mode ? "kernel" : "user", v->kernel_l4, v->user_l4);
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
