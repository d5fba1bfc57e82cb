// SPDX-License-Identifier: GPL-2.0-only
/*
 * hackbench and perf bench of Debian's packages, if they are in the initramfs (bench/tool-tree).
 * They time themselves; where instructions are counted, their clock counts them too.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rows.h"

#define PASSES	3

/*
 * The number stands behind the text `before`, or before the text `behind`. Nanoseconds of one
 * operation are per times the number, or per divided by it, if it is a rate.
 */
static const struct tool {
	const char *name, *command, *before, *behind;
	double per;
	bool rate;
} tools[] = {
	{ "hackbench", "/usr/bin/hackbench -g 1 -f 5 -l 1500", .before = "Time: ", .per = 1e9 },
	{ "perf-messaging", "/usr/bin/perf bench sched messaging -g 1 -l 50",
	  .before = "Total time: ", .per = 1e9 },
	{ "perf-pipe", "/usr/bin/perf bench sched pipe -l 3000", .behind = " usecs/op", .per = 1e3 },
	{ "perf-syscall", "/usr/bin/perf bench syscall basic -l 20000", .behind = " usecs/op",
	  .per = 1e3 },
	{ "perf-memcpy-1MB", "/usr/bin/perf bench -f simple mem memcpy -f default -s 1MB -l 20",
	  .behind = "\n", .per = 1e9 * (1 << 20), .rate = true },	/* it says bytes per second */
	{ "perf-memset-1MB", "/usr/bin/perf bench -f simple mem memset -f default -s 1MB -l 20",
	  .behind = "\n", .per = 1e9 * (1 << 20), .rate = true },
};

static void run_child(const struct tool *tool, int out)
{
	char line[256], *argv[16];
	int n = 0;

	strcpy(line, tool->command);
	for (char *w = strtok(line, " "); w; w = strtok(NULL, " "))
		argv[n++] = w;
	argv[n] = NULL;
	dup2(out, 1);
	dup2(out, 2);
	stay_on_cpu(-1);
	execv(argv[0], argv);
	_exit(127);
}

/* All that it says, as one string. */
static void run_tool(const struct tool *tool, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int fd[2], status;
	pid_t pid;

	if (pipe(fd) || (pid = fork()) < 0)
		fail(tool->name);
	if (!pid)
		run_child(tool, fd[1]);
	close(fd[1]);
	while (n < size - 1 && (got = read(fd[0], text + n, size - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	close(fd[0]);
	if (waitpid(pid, &status, 0) != pid || status) {
		printf("%s says: %s\n", tool->name, text);
		fail(tool->name);
	}
}

static double figure(const struct tool *tool, const char *text)
{
	const char *at = strstr(text, tool->before ? tool->before : tool->behind);
	double value;

	if (at && tool->before)
		at += strlen(tool->before);
	else
		while (at && at > text && strchr("0123456789. ", at[-1]))
			at--;
	value = at ? strtod(at, NULL) : 0;
	if (value <= 0) {
		printf("%s says: %s\n", tool->name, text);
		fail(tool->name);
	}
	return tool->rate ? tool->per / value : value * tool->per;
}

void measure_tools(const char *only)
{
	static char text[16384];

	for (const struct tool *tool = tools; tool < tools + sizeof(tools) / sizeof(*tool); tool++) {
		double best = 0;

		if ((only && strcmp(only, tool->name)) || access("/usr/bin/perf", X_OK))
			continue;
		for (int pass = 0; pass < PASSES; pass++) {	/* their processes meet in other ways each time */
			run_tool(tool, text, sizeof(text));
			if (!pass || figure(tool, text) < best)
				best = figure(tool, text);
		}
		printf("BENCH %s %.2f\n", tool->name, best);
		fflush(stdout);
	}
}
