# SPDX-License-Identifier: GPL-2.0-only
"""Bad input, and guests that attack the hypervisor."""
import os

import payload
from common import Group, boot_direct, free_memory, has, hello_initrd, settle_memory
from machine import Machine


# ---- bad input ------------------------------------------------------------------

def bad(name, title):
    return Group("bad-" + name, title)


no_notes = bad("kernel", "a kernel without Xen notes")


@no_notes
def kernel_without_notes(env):
    env.machine = boot_direct(env, kernel=payload.elf_without_notes(env.tmp("nonote0")))
    env.machine.expect(r"(?i)xen.*\bnote|note.*\bxen|not a xen|elfnote", 30)


not_elf = bad("nokernel", "a kernel that is no kernel")


@not_elf
def kernel_no_kernel(env):
    with open(env.tmp("garbage"), "wb") as file:
        file.write(b"this is no kernel\n" * 1000)
    env.machine = boot_direct(env, kernel=env.tmp("garbage"))
    env.machine.expect(r"(?i)(kernel|image).*(not|no |neither|unknown|bad)|(not|bad|unknown).*(kernel|image|ELF)", 30)


no_module = bad("nomodule", "no kernel at all")


@no_module
def no_kernel_module(env):
    env.machine = Machine(["-kernel", env.xen, "-append", "com1=115200,8n1 console=com1"], 256)
    env.machine.expect(r"(?i)(kernel|module|dom(ain )?0).*(miss|no |not|need)|(no|miss).*(kernel|module)", 30)


cut = bad("initrd", "a truncated initrd")


@cut
def truncated_initrd(env):
    with open(env.initrd, "rb") as full, open(env.tmp("cut.img"), "wb") as part:
        part.write(full.read(os.path.getsize(env.initrd) // 2))
    env.machine = boot_direct(env, initrd=env.tmp("cut.img"), kernel_args="console=hvc0 quiet panic=5")
    env.machine.expect(r"(?i)initramfs unpacking failed|initrd.*(cut off|trunc|damag|incomplete)", 60)


tiny = bad("memory", "too little memory")


@tiny
def too_little_memory(env):
    env.machine = boot_direct(env, initrd=env.initrd, memory=32)
    env.machine.expect(r"(?i)(not enough|too little|insufficient|out of|needs?|only) .*(memory|RAM|MB|MiB|KiB|kB)"
                       r"|(memory|RAM).*(too|not enough|low|short|insufficient)|could not allocate", 30)


option = bad("option", "an unknown boot option")


@option
def unknown_option(env):
    """it is named on the console, and the boot goes on"""
    env.machine = boot_direct(env, "frobnicate=7", initrd=hello_initrd(env),
                              kernel_args="console=hvc0 quiet")
    env.machine.expect(r"(?i)(unknown|not known|unrecogni[sz]ed|ignor|no such).*frobnicate"
                       r"|frobnicate.*(unknown|not known|unrecogni[sz]ed|ignor)", 30)
    env.machine.expect(r"HELLO from /init", 60)


no_cd = bad("cd", "no CD in the drive")


@no_cd
def missing_cd(env):
    """the initrd says what it looked for and gives a shell"""
    env.machine = boot_direct(env, initrd=env.initrd,
                              kernel_args="console=hvc0 quiet xendemo.wait=3")
    env.machine.expect(r"xendemo: no disc", 60)
    env.machine.expect(r"# ?$", 20)
    has(env.machine.command("dmesg | wc -l"), r"\d", "the shell of the initrd")


# ---- hostile guests ---------------------------------------------------------------

attack = Group("attack", "guests that attack the hypervisor")


def run_attack(env, name, verdict=True):
    """Starts a guest test as a guest; all of its memory must be free again afterwards."""
    m = env.machine
    before = free_memory(env)
    m.command(f"printf 'name=\"attack\"\\ntype=\"pv\"\\nkernel=\"/mnt/{name}\"\\nmemory=32\\nmaxmem=64\\n"
              "vcpus=2\\non_reboot=\"destroy\"\\non_crash=\"destroy\"\\n' >/tmp/attack.cfg")
    m.send("xl create -c /tmp/attack.cfg\n")
    if verdict:
        m.expect(r"VERDICT: pass", 180, reject=r"VERDICT: (fail|broken)[^\n]*|Panic on CPU|xl: [^\n]*")
    m.expect(r"~# ?$", 180, reject=r"Panic on CPU")
    settle_memory(env, before)
    has(m.command("xl list | wc -l"), r"^\s*2\b", "domain 0 alone is left")


@attack
def attack_domu(env):
    """what an unprivileged domain may not do; it ends with all open that it can hold"""
    disk = payload.iso(env.tmp("attack.iso"), {
        name: os.path.join(env.guest_tests, name + ".elf") for name in ("attack_domu", "attack_vcpu", "evil")})
    env.machine = boot_direct(env, "dom0_mem=256M", initrd=env.initrd, memory=512, extra=[
        "-cdrom", env.iso, "-drive", f"file={disk},format=raw,if=virtio,readonly=on"])
    env.machine.login()
    env.machine.command("mkdir -p /mnt && mount -o ro /dev/vda /mnt")
    run_attack(env, "attack_domu")


@attack
def attack_vcpu(env):
    """made-up contexts of a guest's second vcpu"""
    run_attack(env, "attack_vcpu")


@attack
def attack_random(env):
    """random hypercalls of a guest; whatever comes of it, the machine goes on"""
    run_attack(env, "evil", verdict=False)
