// SPDX-License-Identifier: GPL-2.0-only
/*
 * /init of the benchmarks, in domain 0, in a guest and on the bare machine.
 *
 * The word bench= of the kernel's command line says what it does:
 *	init	say that user space was reached, power off
 *	stay	say so, and wait (a guest that will be destroyed)
 *	memory	how the hypervisor splits the machine's memory (domain 0 only)
 *	counts	instructions of a system call, page fault, fork, exec; needs QEMU's
 *		-icount shift=0, where the TSC goes up by one per instruction
 * Results are lines "BENCH name value"; without a result there is "BENCH-FAIL why".
 */
#define __XEN_TOOLS__
#define __XEN_INTERFACE_VERSION__ 0x00041100
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sysctl.h>

/* Linux's interface to hypercalls (include/uapi/xen/privcmd.h) */
struct privcmd_hypercall {
	uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static void fail(const char *what)
{
	printf("BENCH-FAIL %s: %s\n", what, strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static uint64_t now(void)
{
	uint32_t lo, hi;

	asm volatile("lfence; rdtsc" : "=a" (lo), "=d" (hi) :: "memory");
	return lo | (uint64_t)hi << 32;
}

static void result(const char *name, uint64_t total, uint64_t n)
{
	printf("BENCH %s %.2f\n", name, (double)total / n);
}

static void measure_tsc(void)
{
	uint64_t start = now();
	unsigned long n = 1000000;

	asm volatile("1: dec %0; jnz 1b" : "+r" (n) :: "cc");
	result("ticks-per-instruction", now() - start, 2000000);
}

static void measure_syscall(void)
{
	uint64_t start = now();
	int i;

	for (i = 0; i < 20000; i++)
		syscall(SYS_getppid);
	result("syscall", now() - start, 20000);
}

static void measure_fault(void)
{
	unsigned long pages = 4096, i;
	uint64_t start;
	char *area = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		fail("mmap");
	madvise(area, pages * 4096, MADV_NOHUGEPAGE);
	memset(area, 1, pages * 4096);
	/* the page tables are there now; the pages go, so that only faults are left */
	if (madvise(area, pages * 4096, MADV_DONTNEED))
		fail("madvise");
	start = now();
	for (i = 0; i < pages; i++)
		*(volatile char *)(area + i * 4096);
	result("page-fault", now() - start, pages);
	munmap(area, pages * 4096);
}

static void measure_process(const char *name, int rounds, const char *program)
{
	uint64_t start = now();
	int i, status;

	for (i = 0; i < rounds; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (!pid) {
			if (program)
				execl(program, program, "nothing", NULL);
			_exit(program ? 1 : 0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			fail(name);
	}
	result(name, now() - start, rounds);
}

static void counts(void)
{
	measure_tsc();
	measure_syscall();
	measure_fault();
	measure_process("fork", 200, NULL);
	measure_process("exec", 100, "/init");
}

/* A sysctl through privcmd; the structure must be in locked memory. */
static void sysctl_call(int fd, struct xen_sysctl *op)
{
	struct privcmd_hypercall call = { __HYPERVISOR_sysctl, { (uintptr_t)op } };

	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call))
		fail("sysctl");
}

static void memory(void)
{
	static struct xen_sysctl op;
	static struct xen_domctl_getdomaininfo info;
	int fd;

	mount("xenfs", "/proc/xen", "xenfs", 0, NULL);
	fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = open("/proc/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (fd < 0 || mlockall(MCL_CURRENT))
		fail("privcmd");
	op.cmd = XEN_SYSCTL_physinfo;
	sysctl_call(fd, &op);
	printf("BENCH free-pages %llu\n", (unsigned long long)op.u.physinfo.free_pages);
	memset(&op, 0, sizeof(op));
	op.cmd = XEN_SYSCTL_getdomaininfolist;
	op.u.getdomaininfolist.max_domains = 1;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, &info);
	sysctl_call(fd, &op);
	printf("BENCH dom0-pages %llu\n", (unsigned long long)info.tot_pages);
}

int main(int argc, char **argv)
{
	char line[1024] = "";
	FILE *file;

	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	printf("BENCH-INIT\n");
	fflush(stdout);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	file = fopen("/proc/cmdline", "r");
	if (!file || !fgets(line, sizeof(line), file))
		fail("/proc/cmdline");
	if (strstr(line, "bench=stay"))
		for (;;)
			pause();
	if (strstr(line, "bench=counts"))
		counts();
	if (strstr(line, "bench=memory"))
		memory();
	printf("BENCH-END\n");
	fflush(stdout);
	sleep(1);
	reboot(RB_POWER_OFF);
	return 1;
}
