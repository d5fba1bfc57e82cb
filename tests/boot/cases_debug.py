# SPDX-License-Identifier: GPL-2.0-only
"""Debug keys, watchdog, gdb stub, crashes: a domain 0 in which nothing happens is enough."""
import os
import re

import gdbstub
from common import Group, boot_direct, has
from machine import Failure


def boot_quiet(env, xen_args="", extra=(), cpus=2):
    """The hypervisor with a domain 0 in which nothing happens."""
    machine = boot_direct(env, f"smp loglvl=info {xen_args}", os.path.join(env.guest_tests, "boot.elf"),
                          "stay", memory=128, extra=extra, cpus=cpus)
    machine.expect(r"STAYS", 30)
    return machine


def to_keys(machine):
    """The keyboard to the hypervisor."""
    machine.send("\x01\x01\x01")
    machine.expect(r"Serial input to Xen", 10)


keys = Group("keys", "debug keys")


@keys
def debug_keys(env):
    """each key that h lists prints its heading; two CPUs; a panic on serial line and screen"""
    env.machine = m = boot_quiet(env, "console=com1,vga vga=keep dom0_mem=32M watchdog")
    to_keys(m)
    m.send("h")
    m.expect(r"'h': this list\n.*Debug keys:\n", 10)
    m.expect(r"  t  clocks\n", 10)
    m.pump(0.5)
    listed = re.findall(r"  (\S)  (.+)\n", m.text[m.text.index("Debug keys:"):])
    if len(listed) < 15:
        raise Failure(f"h lists {len(listed)} keys only")
    for key, what in listed:
        if key not in "hRCW%":
            m.send(key)
            m.expect(re.escape(f"'{key}': {what}\n"), 20, reject=r"Panic on CPU")
    m.send("d")
    for cpu in (0, 1):
        m.expect(rf"CPU {cpu} (idles|runs d0v0) ----\n.*registers, CPU {cpu}.*\n.*rip e008:ffff82", 20)
    m.send("N")
    m.expect(r"CPU 1 idles at +\[ffff82\w+\] \w+\+", 20)
    m.send("%")
    m.expect(r"There is no debugger", 10)
    m.send("?\n")
    m.expect(r"No debug key '\?'", 10)
    if m.lit_pixels(env.tmp("keys.ppm")) < 500:
        raise Failure("the screen is dark")
    m.send("C")
    m.expect(r"Panic on CPU \d: Crash, as asked by key\n", 20)
    m.wait_end(40)


watchdog = Group("watchdog", "the NMI watchdog")


@watchdog
def watchdog_two(env):
    """a CPU that hangs is found, and says where it is"""
    env.machine = m = boot_quiet(env, "watchdog watchdog_timeout=2 noreboot")
    has(m.text, r"Watchdog: .*2 seconds", "the start")
    m.pump(3)
    to_keys(m)
    m.send("W")
    m.expect(r"CPU 0 hangs, as asked", 10)
    m.expect(r"registers, CPU 0.*\n.*rip e008:ffff82", 30)
    m.expect(r"key_hang\+", 10)
    m.expect(r"Panic on CPU 0: watchdog: this CPU is stuck", 10)


stub = Group("gdb", "the gdb stub")


def boot_gdb(env, xen_args="", cpus=2):
    options, path = gdbstub.line(env.tmp(""))
    env.machine = boot_quiet(env, f"gdb=com2 {xen_args}", options, cpus)
    env.gdb = gdbstub.Gdb(path)
    env.symbols = gdbstub.symbols(env.xen + "-syms")
    return env.machine, env.gdb


@stub
def gdb_connects(env):
    """threads, registers, memory that is there and memory that isn't"""
    _m, g = boot_gdb(env)
    has(g.ask("qSupported:swbreak+;hwbreak+"), r"PacketSize=", "qSupported")
    has(g.ask("?"), r"^T05thread:[12];$", "the stop reply")
    g.expect("qfThreadInfo", "m1,2")
    g.expect("qsThreadInfo", "l")
    text = env.symbols["_image_start"]
    for thread in (1, 2):
        g.expect(f"T{thread}", "OK")
        g.expect(f"Hg{thread}", "OK")
        regs = g.registers()
        if regs["cs"] != 0xe008 or not text <= regs["rip"] < env.symbols["_text_end"]:
            raise Failure(f"CPU {thread - 1} is at {regs['cs']:x}:{regs['rip']:x}")
        has(bytes.fromhex(g.ask(f"qThreadExtraInfo,{thread}")).decode(), rf"CPU {thread - 1}: ", "a thread")
    g.expect("T3", "E01")
    with open(env.xen, "rb") as image:
        if g.memory(text, 64) != image.read(64):
            raise Failure("the start of the image reads wrongly")
    for bad in (0x10, 0xffff808000000000 - 8, 0x8000000000000000, env.symbols["boot_stack"]):
        if g.memory(bad, 16) is not None:
            raise Failure(f"memory at {bad:x} can be read")
    g.expect("M10,1:00", "E01")
    data = env.symbols["boot_info"]
    old = g.memory(data, 4)
    g.expect(f"M{data:x},4:7d237d24", "OK")
    g.expect(b"X%x,4:\x7d\x03\x7d\x04\x7d\x5d\x00" % data, "OK")
    if g.memory(data, 4) != b"#$}\0":
        raise Failure("what X writes reads wrongly")
    g.expect(f"M{data:x},4:{old.hex()}", "OK")
    g.expect("vMustReplyEmpty", "")


@stub
def gdb_breakpoints(env):
    """both kinds, a step, a watchpoint, Ctrl-C"""
    m, g = env.machine, env.gdb
    where = env.symbols["show_clock"]
    code = g.memory(where, 4)
    g.expect(f"Z0,{where:x},1", "OK")
    g.send("c")
    to_keys(m)
    m.send("t")
    has(g.receive(), r"^T05thread:1;swbreak:;$", "the breakpoint")
    if g.registers()["rip"] != where:
        raise Failure("the breakpoint's address is wrong")
    g.expect(f"z0,{where:x},1", "OK")
    if g.memory(where, 4) != code:
        raise Failure("the code is not as before")
    has(g.ask("s"), r"^T05thread:1;$", "a step")
    if not where < g.registers()["rip"] <= where + 15:
        raise Failure(f"a step leads to {g.registers()['rip']:x}")
    g.expect(f"Z1,{where:x},1", "OK")
    g.send("c")
    m.expect(r"System time \d", 10)
    m.send("t")
    has(g.receive(), r"^T05thread:1;hwbreak:;$", "the hardware breakpoint")
    if g.registers()["rip"] != where:
        raise Failure("the hardware breakpoint's address is wrong")
    g.expect(f"z1,{where:x},1", "OK")
    keys_at = env.symbols["input_to_hv"]
    g.expect(f"Z2,{keys_at:x},1", "OK")
    g.send("c")
    m.expect(r"System time \d", 10)
    m.send("\x01\x01\x01")
    has(g.receive(), rf"^T05thread:1;watch:{keys_at:x};$", "the watchpoint")
    g.expect(f"z2,{keys_at:x},1", "OK")
    for bad in (f"Z0,{data_address(env):x},1", "Z0,400000,1", "Z1,8000000000000000,1"):
        g.expect(bad, "E01")
    g.send("c")
    m.expect(r"Serial input to domain 0", 10)
    has(g.interrupt(), r"^T02thread:[12];$", "Ctrl-C")


def data_address(env):
    return env.symbols["boot_info"]


@stub
def gdb_detach(env):
    """the machine goes on without gdb; the key stops it again; k reboots"""
    m, g = env.machine, env.gdb
    g.expect("D", "OK")
    to_keys(m)
    m.send("t")
    m.expect(r"System time \d", 10)
    m.send("%")
    has(g.ask("?"), r"^T05thread:1;$", "the key")
    g.send("k")
    m.expect(r"Reboot, as asked by the debugger", 10)
    m.wait_end(30)


stacks = Group("stacks", "stacks that overflow, and gdb in a crash")


@stacks
def stack_overflows(env):
    """each stack of both CPUs: a panic names it, and gdb sees where"""
    cases = [(0, "main", 12), (0, "double fault", 1), (0, "NMI", 3), (0, "machine check", 5),
             (0, "debug exception", 7), (1, "main", 12)]
    for cpu, name, page in cases:
        if env.machine:
            env.machine.close()
        m, g = boot_gdb(env)
        g.ask("?")
        g.expect(f"Hg{cpu + 1}", "OK")
        block = g.registers()["rsp"] & ~0xffff
        g.set_register("rsp", block + page * 4096 + 8)
        g.set_register("rip", env.symbols["show_help"])
        g.send("c")
        m.expect(rf"Panic on CPU {cpu}[^\n]*: the {name} stack has overflowed", 20)
        m.expect(r"Waiting for gdb", 10)
        has(g.receive(), rf"^T06thread:{cpu + 1};$", "the stop in the crash")
        rip = g.registers()["rip"]
        if not env.symbols["show_help"] <= rip < env.symbols["show_help"] + 0x100 and name != "double fault":
            raise Failure(f"gdb sees the crash at {rip:x}")
        g.expect(f"Hg{2 - cpu}", "OK")
        g.registers()
        g.send("c")
        m.expect(r"Rebooting", 10)
