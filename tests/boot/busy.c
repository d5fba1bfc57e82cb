/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /init of a guest that rarely is idle for long: processes are born and die, memory comes and
 * goes, a byte travels between two processes, and the clock is watched. Prints one line every
 * second with the counts. If something can't be, it says so and powers off.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long *counts;		/* shared: forks, maps, turns */

static void fail(const char *what)
{
	printf("BUSY FAIL %s\n", what);
	fflush(stdout);
	reboot(RB_POWER_OFF);
}

/* Counts, and now and then sleeps: wake-ups are part of it, and others want the CPU too. */
static void counted(int which)
{
	if (++counts[which] % 16 == 0)
		usleep(50000);
}

static void fork_all_day(void)
{
	for (;; counted(0)) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(7);
		if (pid > 0 && (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7))
			fail("a child ended otherwise than it did");
	}
}

static void map_all_day(void)
{
	const size_t size = 1 << 20;

	for (;; counted(1)) {
		unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			continue;
		for (size_t i = 0; i < size; i += 4096) {
			if (p[i])
				fail("new memory isn't zero");
			p[i] = i >> 12 | 1;
		}
		if (mprotect(p, size, PROT_READ))
			fail("mprotect");
		for (size_t i = 0; i < size; i += 4096)
			if (p[i] != (unsigned char)(i >> 12 | 1))
				fail("memory has changed by itself");
		munmap(p, size);
	}
}

static void pass_a_byte(int in, int out)
{
	unsigned char c;

	for (;; counted(2))
		if (read(in, &c, 1) != 1 || write(out, &c, 1) != 1)
			fail("the pipe broke");
}

static void run(void (*work)(void))
{
	if (fork() == 0)
		work();
}

static unsigned long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

int main(void)
{
	unsigned long long last = now();
	int a[2], b[2];

	signal(SIGCHLD, SIG_DFL);
	counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || pipe(a) || pipe(b))
		return 1;
	run(fork_all_day);
	run(map_all_day);
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			pass_a_byte(i ? a[0] : b[0], i ? b[1] : a[1]);
	if (write(a[1], "x", 1) != 1)
		return 1;
	for (;;) {
		unsigned long long t;

		usleep(1000000);
		t = now();
		if (t < last + 1000000000ULL)
			fail("the clock went back, or sleep ended early");
		last = t;
		printf("BUSY %lu forks, %lu maps, %lu turns\n", counts[0], counts[1], counts[2]);
		fflush(stdout);
	}
}
