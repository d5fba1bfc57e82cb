// SPDX-License-Identifier: GPL-2.0-only
/*
 * /init of the smallest system: says that user space was reached, and powers off.
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char line[128] = "";
	FILE *type;

	mount("proc", "/proc", "proc", 0, NULL);
	mkdir("/sys", 0755);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	type = fopen("/sys/hypervisor/type", "r");
	if (!type || !fgets(line, sizeof(line), type))
		snprintf(line, sizeof(line), "none\n");
	printf("HELLO from /init, hypervisor %s", line);
	fflush(stdout);
	sleep(1);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
