# SPDX-License-Identifier: GPL-2.0-only
"""Event channels and grants under Linux; counters, traces and the tools that watch."""
import os
import re

import gdbstub
from common import Group, NET, boot_direct, console_login, create, domain_id, free_port, has, wait_for
from machine import Failure


# ---- event channels and grants ------------------------------------------------------

events = Group("events", "event channels and grants under Linux and the tools")


def channels(env, domain):
    """What debug key 'e' says of a domain: its first line."""
    m = env.machine
    m.command("xl dmesg -c >/dev/null; xl debug-keys e; sleep 1")
    has(m.command(f"xl dmesg | grep -A2 'd{domain}: .*ports up to'"), r"ports up to", "debug key e")
    return m.command(f"xl dmesg | grep 'd{domain}: .*ports up to'")


def create_demo1(env, lines):
    m = env.machine
    m.command("(cat /etc/xen/demo1.cfg; printf '" + "\\n".join(["", *lines, ""]) + "') >/tmp/events.cfg")
    m.command("xl create /tmp/events.cfg", 60)


@events
def fifo_dom0(env):
    """domain 0 uses FIFO channels"""
    env.machine = boot_direct(env, "dom0_mem=300M", initrd=env.initrd, memory=512,
                              extra=["-cdrom", env.iso] + NET)
    env.machine.login()
    has(env.machine.command("dmesg | grep -i fifo"), r"Using FIFO-based ABI", "the kernel's messages")
    has(channels(env, 0), r"FIFO, ports up to 131071", "debug key e")


@events
def fifo_guest(env):
    """so does a guest, within the limit that the toolstack sets; after a restore as well"""
    m = env.machine
    create_demo1(env, ["max_event_channels=40"])
    console_login(env, "demo1")
    has(channels(env, domain_id(env, "demo1")), r"FIFO, ports up to 40", "debug key e")
    m.command("xl save demo1 /tmp/saved", 90)
    m.command("xl restore /tmp/saved", 90)
    m.command("rm /tmp/saved")
    m.send("xl console demo1\n")
    m.pump(1)
    m.send("\n")
    m.expect("login: ?$", 30)
    m.send("\x1d")
    m.expect("# ?$", 20)
    has(channels(env, domain_id(env, "demo1")), r"FIFO, ports up to 40", "debug key e")
    m.command("xl destroy demo1")


@events
def two_level_guest(env):
    """a guest that wants two levels gets them"""
    create_demo1(env, ["extra=\"console=hvc0 quiet xen.fifo_events=0\""])
    console_login(env, "demo1")
    has(channels(env, domain_id(env, "demo1")), r"two levels, ports up to 1023", "debug key e")
    env.machine.command("xl destroy demo1")


@events
def limits(env):
    """limits beyond what the hypervisor allows are refused, and it says which"""
    m = env.machine
    for key, option in (("max_grant_frames=65", r"gnttab_max_frames allows 64"),
                        ("max_maptrack_frames=1025", r"gnttab_max_maptrack_frames allows 1024")):
        m.command("xl dmesg -c >/dev/null")
        m.command(f"(cat /etc/xen/demo1.cfg; echo; echo {key}) >/tmp/events.cfg")
        if "rc=0" in m.command("xl create /tmp/events.cfg 2>&1; echo rc=$?", 60):
            raise Failure(f"a guest with {key} was created")
        has(m.command("xl dmesg"), option, f"the hypervisor's message about {key}")
    has(m.command("xl list | wc -l"), r"^\s*2\b", "domain 0 alone is left")


watch = Group("watch", "counters, traces and the tools that show what goes on")


def perf_totals(env):
    """Totals of xenperf's counters by name."""
    return {name: int(total) for name, total in
            re.findall(r"^(\S.*?) +T= *(\d+)", env.machine.command("xenperf"), re.M)}


@watch
def counters(env):
    """xenperf: counters that rise by what was done, and a reset"""
    env.machine = boot_direct(env, "dom0_mem=256M", initrd=env.initrd, memory=512,
                              cpus=2, extra=["-cdrom", env.iso] + NET)
    env.machine.login()
    before = perf_totals(env)
    env.machine.command("for i in $(seq 20); do /bin/true; done")
    after = perf_totals(env)
    for name in ("hypercalls", "exceptions of guests, by vector", "sched: context switches",
                 "events sent", "interrupts: timer", "timers set"):
        if after[name] <= before[name]:
            raise Failure(f"{name}: {before[name]}, then {after[name]}")
    faults = after["exceptions of guests, by vector"] - before["exceptions of guests, by vector"]
    if faults < 20 * 10:
        raise Failure(f"20 processes made {faults} page faults")
    has(env.machine.command("xenperf -p"), r"mmu_update +\d+\s", "xenperf -p")
    env.machine.command("xenperf -r")
    if perf_totals(env)["exceptions of guests, by vector"] >= after["exceptions of guests, by vector"]:
        raise Failure("a reset changed nothing")
    env.machine.command("xl debug-keys p")
    has(env.machine.command("xl dmesg"), r"\d+ \[23\] iret", "debug key p")


@watch
def traces(env):
    """xentrace for 2 seconds, and what xenalyze makes of it"""
    env.machine.command("(sleep 1; for i in $(seq 10); do /bin/true; done) & :")
    env.machine.command("xentrace -D -e all -T 2 /tmp/trace", 60)
    seen = env.machine.command("xenalyze --summary /tmp/trace 2>/dev/null", 60)
    for line in (r"\|-- Domain 0 --\|", r"-- v0 --\n Runstates:\n +running: +\d+", r" blocked: +\d+",
                 r"mmu_update +\[ 1\]: +\d+", r"page_fault +\d+", r"\|-- Domain 32767 --\|"):
        has(seen, line, "xenalyze --summary")
    seconds = float(re.search(r"Total time: ([\d.]+) seconds", seen).group(1))
    if not 0.2 < seconds < 20:
        raise Failure(f"the trace spans {seconds} s of a CPU of 2.4 GHz")
    for line in ("runstate_change d0v[0-9] running->blocked", "sched_switch prev d0v[0-9] next d32767v[0-9]"):
        has(env.machine.command(f"xenalyze -a /tmp/trace 2>/dev/null | grep -m 1 '{line}'", 60), line, "xenalyze -a")


@watch
def traces_bad_input(env):
    """another size of the buffers, CPUs that aren't there: refused, with the reason; a small mask"""
    has(env.machine.command("xentrace_setsize 64 2>&1", status=None), r"busy", "xentrace_setsize")
    has(env.machine.command("xl dmesg | tail -n 1"), r"have 32 pages; they can't be made again with 64",
        "the reason")
    has(env.machine.command("xentrace -c 0x14 -T 1 /tmp/none 2>&1", status=None), r"Invalid argument",
        "xentrace -c")
    has(env.machine.command("xl dmesg | tail -n 1"), r"Trace mask of CPUs 0: must name some of CPUs 0 to 1",
        "the reason")
    # enough for two vcpus, so that CPU 0 has one
    env.machine.command("(for n in 1 2 3 4; do timeout 5 sh -c 'while :; do usleep 1000; done' & done) & :")
    env.machine.command("xentrace -D -c 0x1 -e 0x21000 -T 1 /tmp/small", 60)
    seen = env.machine.command("xenalyze -a /tmp/small 2>/dev/null")
    has(seen, r"runstate_change d0v\d", "runstates alone")
    if re.search(r"hypercall|sched_switch|pcpu 1", seen):
        raise Failure("events or a CPU that are not in the mask were traced")


@watch
def top_uptime_vcpus(env):
    """xentop, xl uptime, xl vcpu-list, xl dmesg -c, with a guest"""
    create(env, "demo1")
    seen = env.machine.command("xentop -b -i 2 -d 1", 60)
    has(seen, r"Domain-0 -+r +\d+ ", "xentop")
    has(seen, r"demo1 [-b]-*[-br]-* +\d+ ", "xentop")
    seen = env.machine.command("xl uptime")
    has(seen, r"Domain-0 +0 +\d+:\d\d", "xl uptime")
    has(seen, r"demo1 +\d+ +0:00:\d\d", "xl uptime")
    seen = env.machine.command("xl vcpu-list")
    has(seen, r"Domain-0 +0 +1 +[01] +[-rb]+ +\d+\.\d +all / all", "xl vcpu-list")
    has(seen, r"demo1 +\d+ +0 +[01] +[-rb]+ +\d+\.\d +all / all", "xl vcpu-list")
    has(env.machine.command("xl dmesg -c"), r"Scheduler: ", "xl dmesg -c")
    if re.search(r"Scheduler: ", env.machine.command("xl dmesg")):
        raise Failure("xl dmesg -c cleared nothing")
    env.machine.command("xl destroy demo1")


@watch
def keys_and_top(env):
    """xl debug-keys h, d; xl top on a terminal"""
    m = env.machine
    m.command("xl dmesg -c >/dev/null; xl debug-keys hd")
    seen = m.command("xl dmesg")
    for line in (r"\(XEN\)   t  clocks\n", r"CPU 0 (idles|runs d0v\d) ----", r"CPU 1 (idles|runs d0v\d) ----"):
        has(seen, line, "xl debug-keys hd")
    m.pos = len(m.text)
    m.send("stty rows 24 cols 80; xl top\n")
    m.expect(r"xentop - \d\d:\d\d:\d\d +Xen 4\.17", 20)
    m.expect(r"1 domains: 1 running, 0 blocked, 0 paused, 0 crashed, 0 dying, 0 shutdown", 10)
    m.send("q")
    m.expect(r"# ?$", 10)
    m.command("stty rows 24 cols 250")


# ---- gdbsx ----------------------------------------------------------------------------

debugger = Group("debugger", "Debian's gdbsx, a server for gdb, at a guest's kernel")
RIP = slice(16 * 16, 17 * 16)			# in the answer to g


def stopped_at(g):
    return int.from_bytes(bytes.fromhex(g.ask("g")[RIP]), "little")


@debugger
def gdbsx(env):
    """memory, a breakpoint and a step in a guest, which goes on when the debugger has left"""
    port = free_port()
    env.machine = m = boot_direct(
        env, "dom0_mem=300M", initrd=env.initrd, memory=512,
        extra=["-cdrom", env.iso, "-nic", f"user,model=e1000,hostfwd=tcp:127.0.0.1:{port}-:9999"])
    m.login()
    create_demo1(env, [])
    console_login(env, "demo1")
    wait_for(env, "ip -4 addr show eth0 | grep -q inet", 20)
    names = gdbstub.symbols(os.path.join(os.path.dirname(env.iso), "linux-xen/vmlinux-xenU"))
    m.command("(gdbsx -a $(xl domid demo1) 64 9999 >/tmp/gdbsx.log 2>&1 &)")
    wait_for(env, "netstat -ltn | grep -q :9999", 20)
    g = gdbstub.Gdb(("127.0.0.1", port))
    has(g.ask("?"), r"^[ST]05", "the stop reply")
    has(g.memory(names["linux_banner"], 40).decode(), r"^Linux version .*-xenU", "the guest's memory")
    if g.memory(0xffff808000000000 - 8, 8) is not None:
        raise Failure("the hypervisor's memory can be read")
    where = names["icmp_rcv"]
    code = g.memory(where, 1)
    g.expect(f"M{where:x},1:cc", "OK")
    m.send("ping -c 1 -W 60 demo1; echo ping=$?\n")
    has(g.ask("c", 60), r"^[ST]05", "the stop at a breakpoint")
    if stopped_at(g) != where + 1:
        raise Failure(f"it stopped at {stopped_at(g):x}, not behind {where:x}")
    g.expect(f"M{where:x},1:{code.hex()}", "OK")
    registers = g.ask("g")
    g.expect("G" + registers[:RIP.start] + where.to_bytes(8, "little").hex() + registers[RIP.stop:], "OK")
    has(g.ask("s"), r"^[ST]05", "the stop after a step")
    if not where < stopped_at(g) <= where + 15:
        raise Failure(f"a step from {where:x} led to {stopped_at(g):x}")
    g.sock.sendall(b"$D#44")			# gdbsx goes without an answer
    m.expect(r"ping=0\s+.*# ?$", 60)
    console_login(env, "demo1")
