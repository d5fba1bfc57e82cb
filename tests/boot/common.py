# SPDX-License-Identifier: GPL-2.0-only
"""What the boot tests share: their groups, how machines are started, what is often asked.

The cases are in cases_*.py.

A group is one machine; its cases run on it in order, each going on where the one
before stopped.  The first case of a group boots the machine.
"""
import os
import re
import socket
import time

import payload
from machine import Failure, Machine, TIME_FACTOR

GROUPS = []


class Group:
    """full marks what takes too long for `make check`; `make check-full` runs it."""

    def __init__(self, name, title, full=False):
        self.name, self.title, self.full, self.cases = name, title, full, []
        GROUPS.append(self)

    def __call__(self, function):
        self.cases.append(function)
        return function


# ---- how machines are started -------------------------------------------------

NET = ["-nic", "user,model=e1000"]


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def boot_cd(env, entry=0, memory=1024, extra=(), iso=None):
    """The CD through BIOS and GRUB; entry counts from 0, as in iso/grub.cfg."""
    machine = Machine(["-cdrom", iso or env.iso, "-boot", "d"] + NET + list(extra), memory)
    if entry:
        machine.expect(r"Xen / Linux", 30)
        machine.send("\x1b[B" * entry)
        machine.pump(0.5)
        machine.send("\n")
    return machine


def boot_direct(env, xen_args="", kernel=None, kernel_args="console=hvc0", initrd=None,
                memory=512, cpus=1, extra=()):
    """The hypervisor straight from QEMU, which loads it as multiboot image."""
    modules = payload.module(kernel or env.kernel0, kernel_args)
    if initrd:
        modules += "," + payload.module(initrd)
    return Machine(["-kernel", env.xen, "-append", f"com1=115200,8n1 console=com1 {xen_args}",
                    "-initrd", modules] + list(extra), memory, cpus)


def hello_initrd(env):
    program = payload.static_program(env.tmp("hello"), os.path.join(env.here, "hello.c"))
    return payload.initramfs(env.tmp("hello.cpio"), program)


def has(text, regex, what):
    if not re.search(regex, text):
        raise Failure(f"{what}: no '{regex}' in: {text.strip()[-300:]}")


def create(env, name):
    env.machine.command(f"xl create /etc/xen/{name}.cfg", 60)


def console_login(env, name):
    """Logs in on a guest's console, where the clock is domain 0's, and comes back to domain 0."""
    m = env.machine
    begin = seconds(m)
    m.send(f"xl console {name}\n")
    m.pump(1)
    m.send("\n")
    seen = m.login(90)
    has(seen, rf"guest {name}", "the guest's login message")
    m.command("test -b /dev/xvda && cat /sys/hypervisor/uuid")
    now = seconds(m)
    m.send("exit\n")
    m.expect("login: ?$", 20)
    m.send("\x1d")
    m.expect("# ?$", 20)
    if not begin - 2 <= now <= seconds(m) + 2:
        raise Failure(f"the time of day in {name} is {now}, in domain 0 {begin} before it")


def seconds(m):
    """The time of day"""
    return int(m.command("date +%s").split()[0])


def inside(env, name, line, limit=60, status=0):
    """Runs a command in a guest, through ssh."""
    return env.machine.command(f"DROPBEAR_PASSWORD=xendemo dbclient -y -y root@{name} '{line}' 2>&1",
                               limit, status)


def wait_for(env, line, limit=60):
    """Runs a command in domain 0 until it succeeds."""
    end = time.monotonic() + limit * TIME_FACTOR
    while "=yes" not in env.machine.command(f"{line} >/dev/null 2>&1 && echo =yes", 60, None):
        if time.monotonic() > end:
            raise Failure(f"'{line}' doesn't succeed within {limit * TIME_FACTOR:.0f} s")
        env.machine.command("sleep 1")


def start_guest(env, config, name):
    """Starts a guest and waits for its ssh."""
    env.machine.command(f"xl create {config}", 60)
    wait_for(env, f"echo | nc -w 2 {name} 22 | grep SSH", 90)


def cpu_time(env, name):
    hit = re.search(rf"{name} +\d+ +\d+ +\d+ +\S+ +([\d.]+)", env.machine.command("xl list"))
    if not hit:
        raise Failure(f"{name} is not in xl list")
    return float(hit.group(1))


def wait_gone(env, name):
    """After xl shutdown -w: the xl that created the guest cleans up behind it."""
    env.machine.command(f"i=0; while xl list {name} 2>/dev/null && [ $((i += 1)) -lt 30 ]; do sleep 1; done; "
                        f"! xl list {name} 2>/dev/null", 60)


def free_memory(env):
    return int(env.machine.command("xl info free_memory").split()[0])


def settle_memory(env, before):
    """Waits until as many MB are free as before; fails if they never are."""
    end = time.monotonic() + 20
    while free_memory(env) != before and time.monotonic() < end:
        env.machine.command("sleep 1")
    if free_memory(env) != before:
        raise Failure(f"free memory was {before} MB, now it is {free_memory(env)} MB")


def domain_id(env, name):
    return int(env.machine.command(f"xl domid {name}").split()[0])


def refused(env, line, message):
    """A command that fails, with the reason"""
    out = env.machine.command(line + " && echo SUCCEEDED", 60, status=None)
    has(out, message, line)
    if "SUCCEEDED" in out:
        raise Failure(f"'{line}' succeeds")
