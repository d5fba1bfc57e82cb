// SPDX-License-Identifier: GPL-2.0-only
/*
 * What demo-128 asks in domain 0.
 *
 *	helper stat		a line "memory FREE DOMAINS HYPERVISOR" (pages), then for each
 *				domain "domain ID PAGES CPU-NS", at last "now NS"
 *	helper ask TTY TEXT	types a line into a guest's console; 0 when it answers TEXT,
 *				which its shell has to put together
 */
#define __XEN_TOOLS__
#define __XEN_INTERFACE_VERSION__ 0x00041100
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sysctl.h>

#define MAX_DOMAINS	1024
#define ANSWER_MS	20000

/* Linux's interface to hypercalls (include/uapi/xen/privcmd.h) */
struct privcmd_hypercall {
	uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static struct xen_sysctl op;
static struct xen_domctl_getdomaininfo info[MAX_DOMAINS];

static int fail(const char *what)
{
	fprintf(stderr, "demo-128-helper: %s: %s\n", what, strerror(errno));
	return 1;
}

static int call(int fd, uint32_t cmd)
{
	struct privcmd_hypercall hc = { __HYPERVISOR_sysctl, { (uintptr_t)&op } };

	op.cmd = cmd;
	op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	return ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &hc);
}

static int show_stat(void)
{
	unsigned long long total, unused, owned = 0;
	struct timespec t;
	unsigned int i, n;
	int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

	memset(info, 1, sizeof(info));		/* there, and not as one shared page of zeros */
	if (fd < 0 || mlockall(MCL_CURRENT))
		return fail("/dev/xen/privcmd");
	op.u.getdomaininfolist.max_domains = MAX_DOMAINS;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, info);
	if (call(fd, XEN_SYSCTL_getdomaininfolist))
		return fail("getdomaininfolist");
	n = op.u.getdomaininfolist.num_domains;
	clock_gettime(CLOCK_MONOTONIC, &t);
	memset(&op, 0, sizeof(op));
	if (call(fd, XEN_SYSCTL_physinfo))
		return fail("physinfo");
	for (i = 0; i < n; i++)
		owned += info[i].tot_pages;
	total = op.u.physinfo.total_pages;
	unused = op.u.physinfo.free_pages;
	printf("memory %llu %llu %llu\n", unused, owned, total - unused - owned);
	for (i = 0; i < n; i++)
		printf("domain %u %llu %llu\n", info[i].domain, (unsigned long long)info[i].tot_pages,
		       (unsigned long long)info[i].cpu_time);
	printf("now %llu\n", t.tv_sec * 1000000000ULL + t.tv_nsec);
	return 0;
}

/* The text in what came so far? It comes in pieces. */
static int await(int fd, const char *text)
{
	static char seen[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	while (len < sizeof(seen) - 1 && poll(&p, 1, ANSWER_MS) > 0) {
		ssize_t n = read(fd, seen + len, sizeof(seen) - 1 - len);

		if (n <= 0)
			break;
		len += n;
		seen[len] = '\0';
		if (strstr(seen, text))
			return 0;
	}
	fprintf(stderr, "demo-128-helper: no answer, only: %s\n", len > 300 ? seen + len - 300 : seen);
	return 1;
}

static int ask(const char *tty, const char *text)
{
	int fd = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;
	char line[256];

	if (fd < 0 || tcgetattr(fd, &t))
		return fail(tty);
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
	/* what is typed has a break in the middle, so that its echo isn't the answer */
	snprintf(line, sizeof(line), "\necho %c'%s'\n", text[0], text + 1);
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		return fail(tty);
	return await(fd, text);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "stat"))
		return show_stat();
	if (argc == 4 && !strcmp(argv[1], "ask") && argv[3][0])
		return ask(argv[2], argv[3]);
	fprintf(stderr, "usage: demo-128-helper stat | ask TTY TEXT\n");
	return 2;
}
