// SPDX-License-Identifier: GPL-2.0-only
/*
 * /init of the benchmarks, in domain 0, in a guest and on the bare machine.
 *
 * The word bench= of the kernel's command line says what it does:
 *	init	say that user space was reached, power off
 *	stay	say so, and wait (a guest that will be destroyed)
 *	memory	how the hypervisor splits the machine's memory (domain 0 only)
 *	counts	every row of rows.c, in instructions; needs QEMU's -icount shift=0,
 *		where the TSC goes up by one per instruction
 *	times	every row in nanoseconds, the best of three passes
 * The word row=NAME limits counts and times to one row.
 *
 * Results are lines "BENCH name value"; without a result there is "BENCH-FAIL why".
 */
#define __XEN_TOOLS__
#define __XEN_INTERFACE_VERSION__ 0x00041100
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sysctl.h>
#include "rows.h"

/* Linux's interface to hypercalls (include/uapi/xen/privcmd.h) */
struct privcmd_hypercall {
	uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

#define PASSES	3		/* of a row in nanoseconds: the best one counts */

static bool counting;

void fail(const char *what)
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
	struct timespec t;

	if (counting) {
		asm volatile("lfence; rdtsc" : "=a" (lo), "=d" (hi) :: "memory");
		return lo | (uint64_t)hi << 32;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

static void measure_tsc(void)
{
	uint64_t start = now();
	unsigned long n = 1000000;

	asm volatile("1: dec %0; jnz 1b" : "+r" (n) :: "cc");
	printf("BENCH ticks-per-instruction %.2f\n", (double)(now() - start) / 2000000);
}

/* One operation of a row; what it prepares isn't counted. */
static double measure(const struct row *row)
{
	unsigned n = counting ? row->counted : row->counted * row->more;
	double best = 0;

	for (int pass = 0; pass < (counting ? 1 : PASSES); pass++) {
		uint64_t total = 0, start;
		double each;

		if (row->prepare)
			row->prepare();
		row->run(row->warm_up);
		if (row->before) {
			for (unsigned i = 0; i < n; i++) {
				row->before();
				start = now();
				row->run(1);
				total += now() - start;
			}
		} else {
			start = now();
			row->run(n);
			total = now() - start;
		}
		if (row->finish)
			row->finish();
		each = (double)total / n;
		if (!pass || each < best)
			best = each;
	}
	return best;
}

/* The word's value on the kernel's command line, or NULL. */
static const char *word(const char *name)
{
	static char line[1024], copy[1024];
	size_t n = strlen(name);
	FILE *file;

	if (!*line) {
		file = fopen("/proc/cmdline", "r");
		if (!file || !fgets(line, sizeof(line), file))
			fail("/proc/cmdline");
		fclose(file);
	}
	strcpy(copy, line);
	for (char *w = strtok(copy, " \n"); w; w = strtok(NULL, " \n"))
		if (!strncmp(w, name, n) && w[n] == '=')
			return strdup(w + n + 1);
	return NULL;
}

static void measure_rows(void)
{
	const char *only = word("row");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (counting)
		measure_tsc();
	for (const struct row *row = rows; row->name; row++) {
		if ((only && strcmp(only, row->name)) || row->cpus > cpus)
			continue;
		stay_on_cpu(0);
		printf("BENCH %s %.2f\n", row->name, measure(row));
		fflush(stdout);
	}
	measure_tools(only);
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
	const char *mode;

	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	printf("BENCH-INIT\n");
	fflush(stdout);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mode = word("bench");
	if (!mode)
		fail("the kernel's command line has no bench=");
	if (!strcmp(mode, "stay"))
		for (;;)
			pause();
	counting = !strcmp(mode, "counts");
	if (counting || !strcmp(mode, "times"))
		measure_rows();
	if (!strcmp(mode, "memory"))
		memory();
	printf("BENCH-END\n");
	fflush(stdout);
	sleep(1);
	reboot(RB_POWER_OFF);
	return 1;
}
