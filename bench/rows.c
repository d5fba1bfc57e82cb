// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel does for programs all day, one operation per row. All run on one CPU, but for
 * the rows that need two.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rows.h"

#define PAGE	4096UL
#define AREA	(4UL << 20)	/* of mmap, munmap, mprotect */
#define FAULTS	4096UL		/* pages that can be touched once */
#define STRIDE	(4 * PAGE)	/* as lmbench's lat_mmap */

static char *area;
static unsigned long touched;
static int file, to_child[2], to_parent[2];
static pid_t child;

void stay_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < 2; i++)
		if (cpu < 0 || cpu == i)
			CPU_SET(i, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static void do_syscalls(unsigned n)
{
	while (n--)
		syscall(SYS_getppid);
}

/* ---- memory --------------------------------------------------------------------- */

static char *map(unsigned long size, int flags, int fd)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

/* The page tables are there; the pages go, so that only faults are left. */
static void empty_area(void)
{
	if (madvise(area, FAULTS * PAGE, MADV_DONTNEED))
		fail("madvise");
	touched = 0;
}

static void prepare_faults(void)
{
	area = map(FAULTS * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(area, FAULTS * PAGE, MADV_NOHUGEPAGE);
	memset(area, 1, FAULTS * PAGE);
	empty_area();
}

static void do_faults(unsigned n)
{
	while (n--) {
		if (touched == FAULTS)
			empty_area();
		*(volatile char *)(area + touched++ * PAGE);
	}
}

static void do_write_faults(unsigned n)
{
	while (n--) {
		if (touched == FAULTS)
			empty_area();
		*(volatile char *)(area + touched++ * PAGE) = 1;
	}
}

static void finish_faults(void)
{
	munmap(area, FAULTS * PAGE);
}

static void map_area(void)
{
	area = map(AREA, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(area, AREA, MADV_NOHUGEPAGE);
	if (madvise(area, AREA, MADV_POPULATE_WRITE))
		fail("MADV_POPULATE_WRITE");
}

static void unmap_area(void)
{
	munmap(area, AREA);
}

static void do_munmap(unsigned n)
{
	if (n)
		unmap_area();
}

static void do_mprotect(unsigned n)
{
	while (n--)
		if (mprotect(area, AREA, n & 1 ? PROT_READ : PROT_READ | PROT_WRITE))
			fail("mprotect");
}

/* A file whose pages are in memory. */
static void prepare_file(void)
{
	file = memfd_create("bench", 0);
	if (file < 0 || ftruncate(file, AREA))
		fail("memfd_create");
	area = map(AREA, MAP_SHARED, file);
	memset(area, 1, AREA);
	unmap_area();
}

static void do_mmap_file(unsigned n)
{
	while (n--) {
		area = map(AREA, MAP_SHARED, file);
		for (unsigned long at = 0; at < AREA; at += STRIDE)
			*(volatile char *)(area + at);
		unmap_area();
	}
}

static void finish_file(void)
{
	close(file);
}

static void do_populate(unsigned n)
{
	while (n--) {
		map_area();
		unmap_area();
	}
}

/* ---- processes ------------------------------------------------------------------ */

static void wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("a child process");
}

static void do_fork(unsigned n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		wait_for(pid);
	}
}

static void do_exec(unsigned n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid) {
			execl("/init", "/init", "nothing", NULL);
			_exit(1);
		}
		wait_for(pid);
	}
}

static void handler(int sig)
{
	(void)sig;
}

static void prepare_signal(void)
{
	signal(SIGUSR1, handler);
}

static void do_signals(unsigned n)
{
	pid_t me = getpid();

	while (n--)
		kill(me, SIGUSR1);
}

/* ---- pipes: a byte there and back ------------------------------------------------ */

static void do_pipe(unsigned n)
{
	char c = 0;

	while (n--)
		if (write(to_child[1], &c, 1) != 1 || read(to_parent[0], &c, 1) != 1)
			fail("pipe");
}

static void start_echo(int cpu)
{
	char c;

	if (pipe(to_child) || pipe(to_parent))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (child)
		return;
	stay_on_cpu(cpu);
	close(to_child[1]);
	while (read(to_child[0], &c, 1) == 1)
		if (write(to_parent[1], &c, 1) != 1)
			break;
	_exit(0);
}

static void prepare_pipe(void)
{
	start_echo(0);
}

static void prepare_pipe_2(void)
{
	start_echo(1);
}

static void finish_pipe(void)
{
	close(to_child[0]);
	close(to_child[1]);
	close(to_parent[0]);
	close(to_parent[1]);
	wait_for(child);
}

const struct row rows[] = {
	{ "syscall", 20000, 5, do_syscalls, .warm_up = 10 },
	{ "page-fault", 4096, 1, do_faults, prepare_faults, .finish = finish_faults },
	{ "write-fault", 4096, 1, do_write_faults, prepare_faults, .finish = finish_faults },
	{ "mmap-4MB-file", 100, 1, do_mmap_file, prepare_file, .finish = finish_file, .warm_up = 2 },
	{ "mmap-4MB-populate", 20, 1, do_populate, .warm_up = 2 },
	{ "munmap-4MB", 20, 1, do_munmap, .before = map_area },
	{ "mprotect-4MB", 40, 1, do_mprotect, map_area, .finish = unmap_area, .warm_up = 2 },
	{ "signal", 4000, 2, do_signals, prepare_signal, .warm_up = 10 },
	{ "pipe", 3000, 2, do_pipe, prepare_pipe, .finish = finish_pipe, .warm_up = 100 },
	{ "pipe-2-cpus", 2000, 1, do_pipe, prepare_pipe_2, .finish = finish_pipe, .warm_up = 100,
	  .cpus = 2 },
	{ "fork", 200, 1, do_fork, .warm_up = 5 },
	{ "exec", 100, 1, do_exec, .warm_up = 5 },
	{ 0 },
};
