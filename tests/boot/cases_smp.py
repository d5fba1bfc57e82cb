# SPDX-License-Identifier: GPL-2.0-only
"""Several CPUs, and scheduling policies."""
import os
import re
import time

import payload
from common import (Group, NET, boot_direct, console_login, free_memory, has, inside, refused, settle_memory,
                    start_guest, wait_for)
from machine import Failure


# ---- several CPUs -----------------------------------------------------------------

smp = Group("smp", "four CPUs")


@smp
def four_cpus(env):
    """all CPUs are started and domain 0 has them all"""
    busy = payload.static_program(env.tmp("busy"), os.path.join(env.here, "busy.c"))
    disk = payload.iso(env.tmp("stress.iso"), {
        "busy.cpio": payload.initramfs(env.tmp("busy.cpio"), busy),
        "stress.sh": os.path.join(env.here, "stress.sh")})
    env.machine = boot_direct(env, "dom0_mem=384M", initrd=env.initrd, memory=1024, cpus=4, extra=[
        "-cdrom", env.iso, "-drive", f"file={disk},format=raw,if=virtio,readonly=on"])
    env.machine.login(120)
    has(env.machine.command("xl info nr_cpus; nproc"), r"^4\n4\n", "CPUs")
    env.machine.command("mkdir -p /mnt && mount -o ro /dev/vda /mnt")


@smp
def vcpus_go_and_come(env):
    """xl vcpu-set takes vcpus from domain 0 and a guest, and gives them back"""
    m = env.machine
    for vcpus in (1, 4):
        m.command(f"xl vcpu-set 0 {vcpus}")
        wait_for(env, f"xl list 0 | awk 'NR == 2 {{ print $4 }}' | grep -x {vcpus}", 30)
        wait_for(env, f"nproc | grep -x {vcpus}", 30)
    start_guest(env, "/etc/xen/demo1.cfg vcpus=2 maxvcpus=3", "demo1")
    has(inside(env, "demo1", "nproc"), r"2\n", "the guest's CPUs")
    for vcpus in (3, 1, 2):
        m.command(f"xl vcpu-set demo1 {vcpus}")
        wait_for(env, f"xl list demo1 | awk 'NR == 2 {{ print $4 }}' | grep -x {vcpus}", 30)
        has(inside(env, "demo1", "sleep 1; nproc"), rf"{vcpus}\n", "the guest's CPUs")
    refused(env, "xl vcpu-set demo1 4", r"(?i)greater|maximum|max|too many")
    m.command("xl destroy demo1")


@smp
def stress(env):
    """two minutes of guests created, pinned, plugged, ballooned, paused and destroyed at random"""
    m = env.machine
    before = free_memory(env)
    seed = int(os.environ.get("SEED", time.time())) % 32768
    out = m.command(f"sh /mnt/stress.sh /mnt 120 {seed}", 600)
    has(out, r"STRESS \d{2,} operations, 0 failed", f"random operations, SEED={seed}")
    settle_memory(env, before)
    has(m.command("xl list | wc -l"), r"^\s*2\b", "domain 0 alone is left")
    if re.search(r"crashed|Panic|BUG|WARN", m.command("xl dmesg")):
        raise Failure("the hypervisor complains: " + m.command("xl dmesg | tail -n 20"))


# ---- scheduling policies, on two CPUs ---------------------------------------------------

def boot_scheduler(env, xen_args):
    env.machine = boot_direct(env, "dom0_mem=256M " + xen_args, initrd=env.initrd, memory=512, cpus=2,
                              extra=["-cdrom", env.iso] + NET)
    env.machine.login()


rtds = Group("rtds", "reservations: sched=rtds")


@rtds
def rtds_tools(env):
    """xl info, cpupool-list and sched-rtds agree; reservations are set and checked"""
    boot_scheduler(env, "sched=rtds")
    m = env.machine
    has(m.command("xl info xen_scheduler; xl cpupool-list"), r"^rtds\n[^$]*Pool-0 +2 +rtds +y +1", "policy")
    m.command("xl sched-rtds -d Domain-0 -v 1 -p 20000 -b 10000 -e 0")
    has(m.command("xl sched-rtds -d Domain-0 -v all"),
        r"Domain-0 +0 +0 +10000 +4000 +yes\s+Domain-0 +0 +1 +20000 +10000 +no", "sched-rtds")
    refused(env, "xl sched-rtds -d Domain-0 -v 0 -p 10000 -b 20000 -e 1", r"(?i)budget")
    refused(env, "xl sched-credit -d Domain-0", r"(?i)(not|unsupported|schedul)")


@rtds
def rtds_guest(env):
    """a guest under reservations, bound to CPUs"""
    m = env.machine
    m.command("xl create /etc/xen/demo1.cfg vcpus=2", 60)
    m.command("xl vcpu-pin demo1 0 1 - && xl vcpu-pin demo1 1 - 0")
    has(m.command("xl vcpu-list demo1"), r"demo1 +\d+ +0 +1 +\S+ +[\d.]+ +1 / all\s+"
        r"demo1 +\d+ +1 +\S+ +\S+ +[\d.]+ +all / 0", "vcpu-list")
    refused(env, "xl vcpu-pin demo1 0 7", r"(?i)(affinity|invalid)")
    has(m.command("xl dmesg | tail -n 3"), r"CPUs 0x80 are asked for, there are 0x3", "xl dmesg")
    console_login(env, "demo1")
    m.command("xl destroy demo1")


credit = Group("credit", "weights and caps, after a policy that doesn't exist")


@credit
def credit_tools(env):
    """sched=nonsense is named and credit used; domain 0's vcpus are pinned; settings"""
    boot_scheduler(env, "sched=nonsense dom0_vcpus_pin")
    m = env.machine
    has(m.text, r"sched=nonsense: no such scheduling policy.*credit is used", "at boot")
    has(m.command("xl info xen_scheduler; xl cpupool-list"), r"^credit\n[^$]*Pool-0 +2 +credit +y +1", "policy")
    has(m.command("xl vcpu-list Domain-0"), r"0 +0 +0 +\S+ +[\d.]+ +0 / all\s+"
        r"Domain-0 +0 +1 +1 +\S+ +[\d.]+ +1 / all", "vcpu-list")
    m.command("xl sched-credit -s -t 10 -r 500")
    has(m.command("xl sched-credit -s"), r"tslice=10ms ratelimit=500us", "sched-credit -s")
    m.command("xl sched-credit -d Domain-0 -w 512 -c 150")
    has(m.command("xl sched-credit -d Domain-0"), r"Domain-0 +0 +512 +150", "sched-credit")
    m.command("xl sched-credit -d Domain-0 -c 0")
    for settings in ("-w 0", "-w 70000", "-c 10000"):
        refused(env, "xl sched-credit -d Domain-0 " + settings, r"(?i)out of range")
    refused(env, "xl sched-credit -s -t 5000", r"(?i)out of range")


@credit
def too_much(env):
    """guests with more vcpus than possible, on CPUs that aren't there"""
    m = env.machine
    refused(env, "xl create -p /etc/xen/demo1.cfg vcpus=100", r"(?i)(fail|invalid)")
    has(m.command("xl dmesg | tail -n 3"), r"100 vcpus is asked for: 1 to 32", "xl dmesg")
    refused(env, "xl create -p /etc/xen/demo1.cfg 'cpus=\"9\"'", r"(?i)(affinity|invalid|cpu)")
    refused(env, "xl create -p /etc/xen/demo1.cfg cap=10000", r"(?i)out of range")
    has(m.command("xl list | wc -l"), r"^\s*2\b", "domain 0 alone is left")
