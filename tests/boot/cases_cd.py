# SPDX-License-Identifier: GPL-2.0-only
"""The CD through GRUB: login, tools, guests; its menu entries; the kernel straight from QEMU."""
import os
import re

import payload
from common import (Group, NET, boot_cd, boot_direct, console_login, cpu_time, create, free_memory,
                    has, hello_initrd, settle_memory, wait_gone)
from machine import Failure, Machine


# ---- the CD, and guests on it ---------------------------------------------------

cd = Group("cd", "the CD through GRUB: login, tools, guests")


@cd
def iso_to_login(env):
    """BIOS, GRUB, hypervisor, domain 0, login on the serial console and the screen"""
    env.extra_cd = payload.iso(env.tmp("extra.iso"), {
        "debian": env.debian_kernel, "hello.cpio": hello_initrd(env),
        "nonote": payload.elf_without_notes(env.tmp("nonote")),
        "crash": os.path.join(env.guest_tests, "crash_stack.elf")})
    env.machine = boot_cd(env, extra=["-drive", f"file={env.extra_cd},format=raw,if=virtio,readonly=on"])
    has(env.machine.login(), r"on Xen 4\.17", "the login message")
    if env.machine.lit_pixels(env.tmp("login.ppm")) < 500:
        raise Failure("the screen is dark at the login")


@cd
def xl_list(env):
    out = env.machine.command("xl list")
    has(out, r"Domain-0 +0 +\d+ +\d+ +r", "xl list")


@cd
def xl_info_dmesg(env):
    m = env.machine
    out = m.command("xl info")
    for line in (r"xen_version +: 4\.17", r"free_memory +: [1-9]", r"xen_caps +: .*xen-3.0-x86_64",
                 r"nr_cpus +: 1", r"total_memory +: \d+"):
        has(out, line, "xl info")
    has(m.command("xl dmesg | head -n 20"), r"(?i)xen", "xl dmesg")
    m.command("xl debug-keys q")
    has(m.command("xl dmesg | tail -n 60"), r"(?i)dom(ain)?[ d]*0", "debug key q")


@cd
def manuals(env):
    """man and less, on a terminal: a page, the search, the end"""
    m = env.machine
    m.command("stty rows 24 cols 80")
    m.send("man install-to-disk\n")
    m.expect(r"INSTALL-TO-DISK\(8\)", 20)
    m.expect(r"--dry-run", 20)
    m.send("q")
    m.expect(r"# ?$", 20)
    m.send("less /README.CD\n")
    m.expect(r"the manual of the CD", 20)
    m.send("/xendemo-persist\r")        # less wants what the key sends
    m.expect(r"keep changes on the partition", 20)
    m.send("q")
    m.expect(r"# ?$", 20)
    for page in ("xendemo", "welcome", "devel"):
        has(m.command(f"man {page} | head -n 3"), rf"(?i)^\s*{page}\(\d\)", f"man {page}")
    has(m.command("man nonsense", status=1), "no page about nonsense", "man without a page")
    has(m.command("devel", status=1), "this CD carries no compiler", "devel on the small CD")
    m.command("stty cols 250")


@cd
def demo1(env):
    """xl create -c, log in to the guest, leave its console"""
    m = env.machine
    m.send("xl create -c /etc/xen/demo1.cfg\n")
    seen = m.login(90)
    has(seen, r"guest demo1", "the guest's login message")
    has(m.command("cat /proc/cpuinfo | head -n 3; cat /sys/hypervisor/type"), "xen", "in the guest")
    # QEMU's TCG has ERMS, but moves strings of bytes one by one
    m.command("! grep -qw erms /proc/cpuinfo")
    m.send("exit\n")
    m.expect("login: ?$", 20)
    m.send("\x1d")
    m.expect("# ?$", 20)
    has(m.command("xl list"), r"demo1 +\d+ +64 +1", "xl list")


@cd
def two_guests(env):
    create(env, "demo2")
    console_login(env, "demo2")
    out = env.machine.command("xl list")
    has(out, r"demo1 +\d+ +64", "xl list")
    has(out, r"demo2 +\d+ +64", "xl list")
    console_login(env, "demo1")


@cd
def pause_unpause(env):
    m = env.machine
    m.command("xl pause demo1")
    has(m.command("xl list demo1"), r"demo1 +\d+ +\d+ +\d+ +\S*p", "paused")
    before = cpu_time(env, "demo1")
    m.command("sleep 2")
    if cpu_time(env, "demo1") != before:
        raise Failure("a paused domain uses CPU time")
    m.command("xl unpause demo1")
    console_login(env, "demo1")


@cd
def shutdown(env):
    env.machine.command("xl shutdown -w demo1", 90)
    wait_gone(env, "demo1")
    if "demo1" in env.machine.command("xl list"):
        raise Failure("demo1 is still there after xl shutdown -w")


@cd
def destroy(env):
    env.machine.command("xl destroy demo2")
    if "demo2" in env.machine.command("xl list"):
        raise Failure("demo2 is still there after xl destroy")


@cd
def destroy_20(env):
    """20 guests come and go, some running, and all their memory is free again"""
    m = env.machine
    before, domains = free_memory(env), m.command("xl list | wc -l")
    for i in range(20):
        paused = "-p" if i % 4 else ""
        m.command(f"xl create {paused} /etc/xen/demo1.cfg 'name=\"many\"' && xl destroy many", 90)
    settle_memory(env, before)
    if m.command("xl list | wc -l") != domains:
        raise Failure("domains are left over: " + m.command("xl list"))


@cd
def guest_crash(env):
    """a guest that crashes is shown as such, and domain 0 goes on"""
    m = env.machine
    m.command("mkdir -p /mnt && mount -o ro /dev/vda /mnt")
    m.command("printf 'name=\"boom\"\\ntype=\"pv\"\\nkernel=\"/mnt/crash\"\\nmemory=32\\n"
              "on_crash=\"preserve\"\\n' >/tmp/boom.cfg")
    m.command("xl create /tmp/boom.cfg", 60)
    for _ in range(10):
        if re.search(r"boom +\d+ +\d+ +\d+ +\S*c", m.command("xl list")):
            break
        m.command("sleep 1")
    else:
        raise Failure("xl list does not show the crash: " + m.command("xl list"))
    m.command("xl destroy boom")
    has(m.command("uname -s; xl list"), r"Linux\n[^$]*Domain-0", "domain 0 after the crash")


@cd
def debian_guest(env):
    """Debian's kernel as guest, to its /init"""
    m = env.machine
    m.command("printf 'name=\"deb\"\\ntype=\"pv\"\\nkernel=\"/mnt/debian\"\\nramdisk=\"/mnt/hello.cpio\"\\n"
              "memory=128\\nextra=\"console=hvc0 quiet\"\\n' >/tmp/deb.cfg")
    m.send("xl create -c /tmp/deb.cfg\n")
    m.expect(r"HELLO from /init, hypervisor xen", 120, reject=r"Kernel panic|failed to|xl: ")
    m.expect("# ?$", 60)


@cd
def bad_guest_configs(env):
    """broken guest configurations: one clear line each, and nothing left behind"""
    m = env.machine
    cases = (
        ("name=demo1 kernel=", r"(?i)(syntax|pars|config)"),
        ("name=\"x\"\\ntype=\"pv\"\\nkernel=\"/no/such/kernel\"\\nmemory=32\\n", r"/no/such/kernel"),
        ("name=\"x\"\\ntype=\"pv\"\\nkernel=\"/mnt/nonote\"\\nmemory=32\\n",
         r"(?i)(not a Xen|xc_dom|no loader|kernel)"),
        ("name=\"x\"\\ntype=\"pv\"\\nkernel=\"/mnt/crash\"\\nmemory=100000\\n", r"(?i)(memory|failed)"),
    )
    domains = m.command("xl list | wc -l")
    for config, message in cases:
        m.command(f"printf '{config}' >/tmp/bad.cfg")
        out = m.command("xl create /tmp/bad.cfg", 60, status=None)
        has(out, message, "xl create of a broken config")
    if m.command("xl list | wc -l") != domains:
        raise Failure("domains are left over: " + m.command("xl list"))


@cd
def poweroff(env):
    env.machine.send("poweroff\n")
    env.machine.wait_end(90)


# ---- the other menu entries -----------------------------------------------------

ip_entry = Group("ip", "menu entry with ip=")


@ip_entry
def entry_ip(env):
    """the kernel sets up the address that ip= names"""
    env.machine = boot_cd(env, 1)
    env.machine.login()
    has(env.machine.command("ip -4 addr show eth0"), r"inet 10\.0\.2\.15/24", "address from ip=")
    env.machine.command("ping -c 1 -W 5 10.0.2.2")


@ip_entry
def reboot(env):
    env.machine.send("reboot\n")
    env.machine.wait_end(90)


edited = Group("edited", "menu entry with ip=, edited in GRUB")


@edited
def entry_edited(env):
    """an address that the visitor types in GRUB's editor"""
    env.machine = m = Machine(["-cdrom", env.iso, "-boot", "d"] + NET, 1024)
    m.expect(r"Xen / Linux", 30)
    for keys in ("\x1b[B", "e", "\x1b[B" * 3, "\x05", "\n",
                 "set ip=10.0.2.77::10.0.2.2:255.255.255.0:xendemo:eth0:off", "\x18"):
        m.send(keys)
        m.pump(1)
    m.login()
    has(m.command("ip -4 addr show eth0"), r"inet 10\.0\.2\.77/24", "address from the edited ip=")


safe = Group("safe", "menu entry: safe mode")


@safe
def entry_safe(env):
    env.machine = boot_cd(env, 2)
    env.machine.login(180)
    has(env.machine.command("xl list"), r"Domain-0 +0", "xl list")
    has(env.machine.command("xl info xen_commandline"), "nosmp", "xl info")


bare = Group("bare", "menu entry: Linux on the bare machine")


@bare
def entry_bare(env):
    env.machine = boot_cd(env, 3)
    has(env.machine.login(), r"bare machine", "the login message")
    if os.path.basename(env.machine.command("ls -d /sys/hypervisor/type", status=None)) == "type":
        raise Failure("the bare entry runs on a hypervisor")


small = Group("small", "384 MB of memory")


@small
def small_machine(env):
    """the CD and one guest in 384 MB"""
    env.machine = boot_cd(env, memory=384)
    env.machine.login()
    create(env, "demo1")
    console_login(env, "demo1")
    env.machine.command("xl destroy demo1")


# ---- straight from QEMU ---------------------------------------------------------

direct = Group("direct", "hypervisor and kernel straight from QEMU")


@direct
def direct_boot(env):
    """-kernel with multiboot 1, to the CD's login"""
    env.machine = boot_direct(env, "dom0_mem=256M", initrd=env.initrd, memory=512,
                              extra=["-cdrom", env.iso] + NET)
    has(env.machine.login(), r"on Xen 4\.17", "the login message")


deb = Group("debian", "Debian's kernel as domain 0")


@deb
def debian_dom0(env):
    """Debian's kernel, unmodified, reaches its /init"""
    env.machine = boot_direct(env, kernel=env.debian_kernel, initrd=hello_initrd(env), memory=512)
    env.machine.expect(r"HELLO from /init, hypervisor xen", 120, reject=r"Kernel panic|Panic on CPU")
    env.machine.wait_end(30)
