#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.sh DIR SECONDS SEED: in domain 0, does random things to random guests for SECONDS:
# create, destroy, pause, unpause, pin vcpus, plug vcpus in and out, balloon, change shares.
# DIR has the guests' initrd, busy.cpio. Ends with all guests gone and the line
# "STRESS n operations, m failed", after one line for each operation that failed.

dir=$1 end=$(($(date +%s) + $2)) RANDOM=$3
cpus=$(xl info nr_cpus)
done=0 failed=0
guests=5

# n: a random number below $1
random() {
	n=$((RANDOM % $1))
}

try() {
	done=$((done + 1))
	if ! "$@" >/tmp/stress.out 2>&1; then
		failed=$((failed + 1))
		echo "FAILED $*: $(cat /tmp/stress.out)"
		return 1
	fi
}

create() {
	cat >/tmp/stress.cfg <<-EOF
		name = "$1"
		type = "pv"
		kernel = "/usr/lib/xendemo/vmlinux-xenU"
		ramdisk = "$dir/busy.cpio"
		extra = "console=hvc0 quiet"
		memory = 44
		maxmem = 56
		vcpus = 2
		maxvcpus = 3
		on_poweroff = "preserve"
		on_crash = "preserve"
	EOF
	try xl create /tmp/stress.cfg
}

# the state of guest $1: none, running or paused
state_of() {
	eval "echo \${state_$1:-none}"
}

# What a guest that ended said last is on its console still.
runs() {
	case $(xl list "$1" | awk 'NR == 2 { print $5 }') in
	???---) ;;
	*) xl list "$1"; timeout 5 xl console "$1" | tail -n 40; return 1 ;;
	esac
}

destroy() {
	try runs "$1"
	try xl destroy "$1"
}

while [ "$(date +%s)" -lt "$end" ]; do
	random $guests
	g=$n name=stress$n
	case $(state_of $g) in
	none)
		create $name && eval state_$g=running
		continue ;;
	paused)
		try xl unpause $name
		eval state_$g=running
		continue ;;
	esac
	random 8
	case $n in
	0)	destroy $name
		eval state_$g=none ;;
	1)	try xl pause $name
		eval state_$g=paused ;;
	2)	random $((cpus + 1))
		cpu=$n
		random 2
		try xl vcpu-pin $name $n "$([ $cpu = "$cpus" ] && echo all || echo $cpu)" ;;
	3)	random 3
		try xl vcpu-set $name $((n + 1)) ;;
	4)	random 16
		try xl mem-set $name $((n + 40)) ;;
	5)	random 500
		try xl sched-credit -d $name -w $((n + 1)) ;;
	6)	random 100
		try xl sched-credit -d $name -c $((n + 20)) ;;
	7)	random $cpus
		try xl vcpu-pin 0 $n all ;;
	esac
done

for g in 0 1 2 3 4; do
	[ "$(state_of $g)" = none ] || destroy stress$g
done
echo "STRESS $done operations, $failed failed"
