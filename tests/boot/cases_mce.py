# SPDX-License-Identifier: GPL-2.0-only
"""Machine checks, which QEMU's monitor makes."""
import os

from common import Group, NET, boot_direct, has, wait_for
from machine import Broken, Failure

mce = Group("mce", "machine checks")
mce_guests = Group("mce_guests", "machine checks in guests")
mce_start = Group("mce_start", "machine checks from before the start")

CORRECTED = 0x9c00000000000092      # VALID EN MISCV ADDRV; memory read, channel 2
REQUIRED = 0xbd80000000000134       # UC S AR as well; data load
FATAL = 0xbe00000000000136          # UC PCC; data load
PHYSICAL, LINEAR = 0x8c, 0x4c       # MISC: what the address is, to 4 KB
LOG_BYTES = 32 * 112                # /dev/mcelog is read as a whole: 32 struct xen_mce


def make_error(m, cpu, bank, status, address, mcg_status=0, misc=PHYSICAL):
    said = m.qmp("human-monitor-command", **{
        "command-line": f"mce {cpu} {bank} {status:#x} {mcg_status:#x} {address:#x} {misc:#x}"})
    if said.strip():
        raise Broken(f"QEMU makes no machine check: {said.strip()}")


@mce
def mce_corrected(env):
    """corrected errors come to xl dmesg and to domain 0's /dev/mcelog"""
    env.machine = m = boot_direct(env, "dom0_mem=256M", initrd=env.initrd, memory=512, cpus=2,
                                  extra=["-cdrom", env.iso] + NET)
    m.login()
    has(m.command("dmesg | grep mcelog"), r"/dev/mcelog registered by Xen", "the kernel's messages")
    if "Failed" in m.command("dmesg | grep mcelog"):
        raise Failure("the kernel's mcelog has failed")
    make_error(m, 1, 3, CORRECTED, 0x1234000)
    wait_for(env, "xl dmesg | grep 'Machine check on CPU 1, bank 3'", 60)
    has(m.command("xl dmesg | grep 'Machine check'"),
        r"on CPU 1, bank 3: corrected error \(memory read, channel 2\), address 0x1234000, \S+.*"
        r"\(status 9c00000000000092, misc 8c\)", "xl dmesg")
    # status, misc, addr; then, as one word, cs, bank, cpu, finished
    seen = m.command(f"dd if=/dev/mcelog bs={LOG_BYTES} count=1 2>/dev/null | hexdump -v -e '1/4 \"%08x \"'")
    has(seen, r"^00000092 9c000000 0000008c 00000000 01234000 00000000 (\w+ ){10}01010300 ", "/dev/mcelog")
    has(m.command(f"dd if=/dev/mcelog bs={LOG_BYTES} count=1 2>/dev/null | wc -c"), r"^0\b",
        "/dev/mcelog, read again")


@mce
def mce_uncorrected(env):
    """an uncorrected one ends the machine, and the panic says what it was"""
    m = env.machine
    m.pos = len(m.text)
    make_error(m, 1, 1, FATAL, 0x1234000, 5)
    m.expect(r"Panic on CPU 1: machine check, bank 1: uncorrected error \(L2 data cache, data read\), "
             r"the CPU's state is lost, address 0x1234000, [^\n]+ \(status be00000000000136, misc 8c\)\n", 20)
    m.wait_end(40)


def bad_memory(env, which, mcg_status=7, misc=PHYSICAL):
    """A guest on CPU 1 meets bad memory: its own page, its table, or the hypervisor's. Returns what is
    said first, the guest's id, and the address. Again, if CPU 1 was in the hypervisor just then."""
    for _ in range(3):
        env.machine = m = boot_direct(env, "dom0_max_vcpus=1 dom0_mem=64M",
                                      os.path.join(env.guest_tests, "mca.elf"), "wait", memory=256, cpus=2)
        hit = m.expect(r"VICTIM d(\d+) runs on CPU 1 in frame (\w+), its table is (\w+)\n", 30)
        frames = {"page": int(hit.group(2), 16), "table": int(hit.group(3), 16), "hypervisor": 0x200}
        make_error(m, 1, 1, REQUIRED, frames[which] << 12, mcg_status, misc)
        said = m.expect(r"\(XEN\) (Machine check on CPU 1: .*|Domain \d+ ends: .*)\n", 20).group(1)
        if "the hypervisor has used" not in said:
            return said, int(hit.group(1)), frames[which] << 12
        m.close()
    raise Failure("CPU 1 is always in the hypervisor")


@mce_guests
def mce_limits(env):
    """a guest can't end in place of the machine if the memory isn't its own, or more than that is lost"""
    for why, *error in (("the bad memory isn't the guest's that has used it", "hypervisor"),
                        ("the bad memory is a table of the guest's", "table"),
                        ("it isn't said which memory is bad", "page", 7, LINEAR),
                        ("what it has interrupted can't go on", "page", 6)):
        has(bad_memory(env, *error)[0], rf"^Machine check on CPU 1: {why} \(", "the reason")
        env.machine.expect(r"Panic on CPU 1: machine check", 20)
        env.machine.close()
    env.machine = None


@mce_guests
def mce_guest(env):
    """a guest that uses bad memory ends alone"""
    said, domain, address = bad_memory(env, "page")
    has(said, rf"^Domain {domain} ends: it has used memory that a machine check found bad$", "the end")
    m = env.machine
    m.expect(rf"Machine check on CPU 1, bank 1: uncorrected error \(L0 data cache, data read\), "
             rf"address {address:#x}, memory of d{domain} ", 20, reject=r"Panic on CPU")
    m.expect(r"VERDICT: pass", 30)
    m.wait_end(30)


@mce_start
def mce_before(env):
    """what the banks hold at the start is told; the hypervisor's own bad memory ends the machine"""
    env.machine = m = boot_direct(env, "dom0_mem=32M loglvl=info",
                                  os.path.join(env.guest_tests, "boot.elf"), "stay",
                                  memory=128, cpus=2, extra=["-S"])
    make_error(m, 0, 2, CORRECTED, 0x5000)
    make_error(m, 1, 3, CORRECTED, 0x6000)
    m.qmp("cont")
    m.expect(r"Machine check before the start on CPU 0, bank 2: corrected error [^\n]*address 0x5000", 30)
    m.expect(r"Machine check before the start on CPU 1, bank 3: corrected error [^\n]*address 0x6000", 30)
    m.expect(r"STAYS", 30, reject=r"Machine check on")
    make_error(m, 0, 1, REQUIRED, 0x200000, 7)
    m.expect(r"Machine check on CPU 0: the hypervisor has used bad memory \(MCG_STATUS 7\)\n", 20)
    m.expect(r"Panic on CPU 0: machine check, bank 1: uncorrected error \(L0 data cache, data read\), "
             r"address 0x200000, the hypervisor's memory ", 20)
    m.wait_end(40)
