# SPDX-License-Identifier: GPL-2.0-only
"""Boot tests of PCs: chip sets, devices and how they interrupt, firmware that is broken.

Most of these machines have no CD: the initrd then gives a shell, which is enough to read
disks and to ask the network, seconds after power-on.
"""
import hashlib
import os
import random
import re

import acpi
from cases_cd import direct
from common import Group, boot_direct, free_memory, has
from machine import Failure, Machine

OVMF = "/usr/share/ovmf/OVMF.fd"


def shell(env, xen_args="", extra=(), memory=512):
    """A machine without a CD, at the initrd's shell."""
    env.machine = m = boot_direct(env, "loglvl=all " + xen_args, initrd=env.initrd, memory=memory,
                                  kernel_args="console=hvc0 quiet xendemo.wait=0",
                                  extra=extra)
    m.expect(r"xendemo: no disc", 60, reject=r"Kernel panic|Panic on CPU")
    m.expect(r"# ?$", 20)
    m.command("stty cols 250")


# ---- devices ------------------------------------------------------------------------

def disk(env, name, size=1 << 20):
    """A disk image of random bytes, as an option of QEMU's."""
    data = random.Random(name).randbytes(size)
    with open(env.tmp(name), "wb") as file:
        file.write(data)
    env.sums[name] = hashlib.md5(data).hexdigest()
    return ["-drive", f"if=none,id={name},format=raw,snapshot=on,file={env.tmp(name)}"]


def devices(env, ahci):
    """One disk behind each kind of controller, and two network cards that fetch a file."""
    env.sums = {}
    options = []
    for name in ("ahci", "nvme", "virtio", "usb"):
        options += disk(env, name)
    disk(env, "net-file", 64 << 10)         # in packets of 512 bytes
    folder = os.path.dirname(env.tmp("net-file"))
    return options + ahci + [
        "-device", "nvme,drive=nvme,serial=nvme",
        "-device", "virtio-blk-pci,drive=virtio,disable-legacy=on",
        "-device", "qemu-xhci,id=xhci", "-device", "usb-storage,bus=xhci.0,drive=usb",
        "-nic", f"user,model=e1000e,tftp={folder},net=10.0.2.0/24",
        "-nic", f"user,model=e1000,tftp={folder},net=10.0.3.0/24"]


def await_disk(m, path):
    """The device of a disk, when it is there: a USB disk takes a second."""
    out = m.command(f"i=0; while [ ! -e {path} ] && [ $i -lt 100 ]; do usleep 100000; i=$((i+1)); "
                    f"done; ls -d {path}", 60)
    return os.path.basename(out.strip().split("\n")[-1])


def read_disk(env, name, path):
    """The disk at this place in /sys holds, byte for byte, what the host wrote."""
    device = await_disk(env.machine, path)
    has(env.machine.command(f"md5sum /dev/{device}", 120), env.sums[name], f"{name} disk, {device}")


def interrupts(m, kind, what):
    """The device has interrupted, and by this way."""
    table = m.command("cat /proc/interrupts")
    for line in table.split("\n"):
        if re.search(what, line) and re.search(rf"xen-pirq +{kind} ", line):
            if any(int(n) for n in line.split(":")[1].split("xen-pirq")[0].split()):
                return
    raise Failure(f"no interrupt by {kind} of {what} in: {table}")


def fetch(env, card, net, kind):
    """A file through the network card with this driver."""
    m = env.machine
    out = m.command(f"for n in /sys/class/net/*; do [ \"$(basename \"$(readlink -f $n/device/driver)\")\" "
                    f"!= {card} ] || echo \"card $(basename $n)\"; done")
    name = re.search(r"card (\w+)", out)
    if not name:
        raise Failure(f"no network card with the driver {card}: {out}")
    name = name.group(1)
    m.command(f"ip link set {name} up && ip addr add {net}.15/24 dev {name} && "
              f"while [ \"$(cat /sys/class/net/{name}/carrier)\" != 1 ]; do usleep 100000; done", 30)
    m.command(f"ping -c 1 -W 10 {net}.2", 30)
    m.command(f"rm -f /got && tftp -g -l /got -r net-file {net}.2", 120)
    has(m.command("md5sum /got"), env.sums["net-file"], f"the file that came through {card}")
    interrupts(m, kind, rf"\b{name}\b")


def all_devices(env):
    m = env.machine
    read_disk(env, "ahci", "/sys/bus/pci/drivers/ahci/*/ata*/host*/target*/*/block/sd*")
    interrupts(m, "-msi", "ahci")
    read_disk(env, "nvme", "/sys/class/nvme/nvme0/nvme0n1")
    interrupts(m, "-msi-x", "nvme0q")
    read_disk(env, "virtio", "/sys/block/vda")
    interrupts(m, "-msi-x", "virtio[0-9]+-req")
    read_disk(env, "usb", "/sys/bus/usb/drivers/usb-storage/*/host*/target*/*/block/sd*")
    interrupts(m, "-msi-x", "xhci_hcd")
    fetch(env, "e1000e", "10.0.2", "-msi-x")
    fetch(env, "e1000", "10.0.3", "-ioapic-level")


q35 = Group("q35", "a PC with the chip set q35, RAM above 4 GB")


@q35
def q35_devices(env):
    """AHCI, NVMe, virtio, xHCI and e1000e by MSI and MSI-X, e1000 through the IO-APIC"""
    shell(env, "dom0_mem=512M", memory=3072, extra=["-machine", "q35"] + devices(
        env, ["-device", "ide-hd,drive=ahci,bus=ide.0"]))
    all_devices(env)


@q35
def q35_memory(env):
    """q35 puts 2 GB of the 3 below 4 GB, the rest above: all of it is there"""
    has(env.machine.text, r"Memory map: 0{7}100000000-0{7}140000000 RAM", "the map")
    has(env.machine.text, r"Memory: 307[01] MB", "the sum")


@q35
def q35_poweroff(env):
    """by ACPI, which ends QEMU"""
    env.machine.send("poweroff -f\n")
    env.machine.wait_end(60)


i440fx = Group("i440fx", "a PC with the chip set i440FX")


@i440fx
def i440fx_devices(env):
    """the same devices on plain PCI"""
    shell(env, "dom0_mem=320M", extra=["-machine", "pc"] + devices(
        env, ["-device", "ich9-ahci,id=sata", "-device", "ide-hd,drive=ahci,bus=sata.0"]))
    all_devices(env)


@i440fx
def i440fx_reboot(env):
    env.machine.send("reboot -f\n")
    env.machine.wait_end(60)


# ---- firmware: none, UEFI ----------------------------------------------------------------

def login_without_tables(env, option, kind):
    """The CD's login, found and read with the interrupts as they are wired by default."""
    env.machine = boot_direct(env, f"dom0_mem=256M loglvl=all {option}", initrd=env.initrd,
                              extra=["-machine", kind, "-smp", "2", "-cdrom", env.iso,
                                     "-nic", "user,model=e1000"])
    env.machine.login(120)
    has(env.machine.text, r"ACPI: tables ignored as the command line asks: one CPU", "the reason")
    has(env.machine.command("xl info nr_cpus"), r"\b1\b", "CPUs")


noacpi = Group("noacpi", "the option noacpi, i440FX")


@noacpi
def boot_noacpi(env):
    """no ACPI in the hypervisor: to the login"""
    login_without_tables(env, "noacpi", "pc")


ignore = Group("ignorebiostables", "the option ignorebiostables, q35")


@ignore
def boot_ignorebiostables(env):
    """no table of the firmware is looked at: to the login"""
    login_without_tables(env, "ignorebiostables", "q35")


uefi = Group("uefi", "UEFI, four CPUs")


@uefi
def uefi_login(env):
    """OVMF and GRUB on a q35 to the login, on a framebuffer; all CPUs are used"""
    env.machine = Machine(["-machine", "q35", "-bios", OVMF, "-cdrom", env.iso,
                           "-nic", "user,model=e1000e"], 1024, 4)
    env.machine.login(240)
    has(env.machine.command("xl info nr_cpus"), r"\b4\b", "CPUs")
    has(env.machine.command("ls -d /sys/firmware/efi"), r"efi", "EFI's tables in domain 0")
    if env.machine.lit_pixels(env.tmp("login.ppm")) < 500:
        raise Failure("the screen is dark at the login")


@uefi
def uefi_poweroff(env):
    env.machine.send("poweroff\n")
    env.machine.wait_end(90)


# ---- firmware: broken tables ----------------------------------------------------------------

def with_tables(env, tables, xen_args=""):
    """A machine of two CPUs whose firmware has these tables, with a guest test as domain 0."""
    if env.machine:
        env.machine.close()
    env.machine = Machine(acpi.machine(env.tmp, tables) + [
        "-kernel", env.xen, "-append", f"com1=115200,8n1 console=com1 loglvl=all dom0_mem=64M {xen_args}",
        "-initrd", os.path.join(env.guest_tests, "memory.elf") + " test"], 256, 2)
    return env.machine


def goes_on(m):
    m.expect(r"VERDICT: pass", 60, reject=r"Panic on CPU|VERDICT: (fail|broken)")


two_cpus = [acpi.local_apic(0, 0), acpi.local_apic(1, 1), acpi.io_apic()]
stuck = Group("stuck-cpu", "CPUs that don't start")


@stuck
def stuck_cpu(env):
    """the MADT names two that aren't there: they are named, the others used"""
    absent = [acpi.local_apic(2, 5), acpi.local_apic(3, 7)]
    m = with_tables(env, [acpi.madt(two_cpus[:1] + absent + two_cpus[1:])])
    m.expect(r"CPU with APIC id 5 does not start: not used", 30)
    m.expect(r"CPU with APIC id 7 does not start: not used", 30)
    m.expect(r"CPUs: 2 of 4 are used", 30)
    goes_on(m)


madt = Group("broken-madt", "a broken MADT")


@madt
def broken_madt(env):
    """what is wrong is said, and the machine goes on with one CPU and the usual wiring"""
    for tables, said in (([acpi.madt(two_cpus, damage=1)], r"APIC at \w+ has a wrong checksum: left out"),
                         ([acpi.madt(two_cpus + [b"\0\xf0"])],
                          r"APIC at \w+ an entry reaches over its end: left out"),
                         ([acpi.madt(two_cpus + [b"\0\0"])],
                          r"APIC at \w+ an entry reaches over its end: left out"),
                         ([acpi.table(b"APIC", b"")], r"APIC at \w+ too short: left out")):
        m = with_tables(env, tables)
        m.expect(said, 30)
        m.expect(r"ACPI: 1 CPU, 0 IO-APICs", 10)
        m.expect(r"No table names an IO-APIC: trying the usual one", 10)
        goes_on(m)


@madt
def lost_ioapic(env):
    """an IO-APIC where none is: messages still interrupt, and all CPUs work"""
    m = with_tables(env, [acpi.madt(two_cpus[:2] + [acpi.io_apic(0xfe123000)])])
    m.expect(r"IO-APIC at 0xfe123000 doesn't answer: its lines are lost", 30)
    m.expect(r"CPUs: 2 of 2 are used", 30)
    goes_on(m)


# ---- memory -------------------------------------------------------------------------------------

def await_memory(m, name, mb):
    """xl list shows so much memory of the domain, give or take one MB, within a while."""
    for _ in range(40):
        hit = re.search(rf"{name} +\d+ +(\d+) ", m.command(f"xl list {name}"))
        if hit and abs(int(hit.group(1)) - mb) <= 1:
            return
        m.command("usleep 300000")
    raise Failure(f"{name} has {hit.group(1) if hit else 'no'} MB, not {mb}")


@direct
def balloon_guest(env):
    """a guest gives memory back and takes it again, within its limit and no further"""
    m = env.machine
    before = free_memory(env)
    m.command("xl create /etc/xen/demo1.cfg maxmem=96", 60)
    await_memory(m, "demo1", 64)
    full = free_memory(env)
    m.command("xl mem-set demo1 48", 30)
    await_memory(m, "demo1", 48)
    if abs(free_memory(env) - full - 16) > 1:
        raise Failure(f"{full} MB were free, {free_memory(env)} are when a guest gave 16 back")
    m.command("xl mem-set demo1 90", 30)
    await_memory(m, "demo1", 90)
    for command in ("mem-set demo1 97", "mem-set demo1 100000", "mem-max demo1 10", "mem-set nobody 64"):
        if "accepted" in m.command(f"xl {command} && echo accepted; true", 30):
            raise Failure(f"'xl {command}' succeeds")
    # the limit may rise, but a guest's kernel takes no more than it was started for
    m.command("xl mem-max demo1 128 && xl mem-set demo1 80", 30)
    await_memory(m, "demo1", 80)
    m.command("xl mem-set demo1 64 && xl destroy demo1", 30)
    for _ in range(20):
        if free_memory(env) == before:
            return
        m.command("sleep 1")
    raise Failure(f"free memory was {before} MB, now it is {free_memory(env)} MB")


@direct
def balloon_dom0(env):
    """domain 0 gives memory back, and takes no more than there is"""
    m = env.machine
    before = free_memory(env)
    m.command("xl mem-set 0 200", 60)
    await_memory(m, "Domain-0", 200)
    if abs(free_memory(env) - before - 56) > 2:
        raise Failure(f"{before} MB were free, {free_memory(env)} are when domain 0 gave 56 back")
    m.command("xl mem-set 0 100000", 30, status=None)
    m.command("sleep 2")
    if int(m.command("xl list Domain-0").split()[-4]) > 512:
        raise Failure("domain 0 has more memory than the machine")
    m.command("xl mem-set 0 256", 60)
    await_memory(m, "Domain-0", 256)


six_gb = Group("6g", "a machine with 6 GB")
six_gb.full = True


@six_gb
def six_gigabytes(env):
    """all of it is there, and a guest gets what is above 4 GB"""
    env.machine = m = boot_direct(env, "dom0_mem=512M loglvl=all", initrd=env.initrd, memory=6144,
                                  extra=["-cdrom", env.iso, "-nic", "user,model=e1000"])
    m.login(120)
    has(m.command("xl info total_memory"), r"61(3\d|4[0-4])", "total memory")
    m.command("sed 's/^memory.*/memory = 4096/' /etc/xen/demo1.cfg >/tmp/big.cfg && xl create /tmp/big.cfg", 120)
    has(m.command("xl list"), r"demo1 +\d+ +4096", "a guest of 4 GB")
    m.command("xl destroy demo1", 60)
