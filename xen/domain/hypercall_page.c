/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypercall page of kernels that have one: a stub of 32 bytes for each number. It puts
 * the number in eax and enters the hypervisor; rcx and r11, which syscall overwrites, are
 * kept. iret leaves its frame on the stack. (public/arch-x86/xen-x86_64.h, struct iret_context)
 */
#include <xen/hypercall.h>
#include <xen/lib.h>

#define STUB_SIZE	32
#define NR_STUBS	(PAGE_SIZE / STUB_SIZE)

void hypercall_page_fill(void *page)
{
	static const u8 call[] = {
		0x51,			/* push %rcx */
		0x41, 0x53,		/* push %r11 */
		0xb8, 0, 0, 0, 0,	/* mov $number, %eax */
		0x0f, 0x05,		/* syscall */
		0x41, 0x5b,		/* pop %r11 */
		0x59,			/* pop %rcx */
		0xc3,			/* ret */
	};
	static const u8 iret[] = {
		0x51, 0x41, 0x53,
		0x50,			/* push %rax */
		0xb8, __HYPERVISOR_iret, 0, 0, 0,
		0x0f, 0x05,
	};
	u8 *stub = page;

	memset(page, 0xcc, PAGE_SIZE);	/* int3 */
	for (unsigned n = 0; n < NR_STUBS; n++, stub += STUB_SIZE) {
		memcpy(stub, call, sizeof(call));
		stub[4] = n;
		if (n == __HYPERVISOR_iret)
			memcpy(stub, iret, sizeof(iret));
	}
}
