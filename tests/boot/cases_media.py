# SPDX-License-Identifier: GPL-2.0-only
"""Where the CD boots, damaged CDs, persistent roots, install-to-disk."""
import hashlib
import os
import random
import re
import time

import payload
from common import Group, NET, boot_cd, console_login, create, has, hello_initrd, wait_for
from machine import Broken, Failure, Machine


# ---- where the CD boots -------------------------------------------------------------

OVMF = ["-bios", "/usr/share/ovmf/OVMF.fd"]


def boot_medium(env, firmware, medium, entry=0, memory=768):
    """The CD by BIOS or OVMF, from a CD drive or as a USB stick; entry counts from 0."""
    options = list(OVMF) if firmware == "ovmf" else []
    if medium == "cd":
        options += ["-cdrom", env.iso, "-boot", "d"]
    else:
        options += ["-device", "qemu-xhci", "-device", "usb-storage,drive=stick,bootindex=0",
                    "-drive", f"file={env.iso},format=raw,if=none,id=stick,readonly=on"]
    machine = Machine(options, memory)
    machine.expect(r"Xen / Linux", 60)
    machine.send("\x1b[B" * entry + "\n")
    return machine


def matrix(firmware, medium, entry, text):
    group = Group(f"{firmware}-{medium}-{'xen' if entry == 0 else 'bare'}", "the CD boots")

    def case(env):
        env.machine = boot_medium(env, firmware, medium, entry)
        has(env.machine.login(), text, "the login message")
        if env.machine.lit_pixels(env.tmp("login.ppm")) < 500:
            raise Failure("the screen is dark at the login")
    case.__name__ = group.name.replace("-", "_")
    case.__doc__ = f"{firmware}, {medium}, menu entry {entry}, to the login"
    group(case)


# BIOS and CD are in the groups cd and bare
for _firmware, _medium in (("bios", "usb"), ("ovmf", "cd"), ("ovmf", "usb")):
    matrix(_firmware, _medium, 0, r"on Xen 4\.17")
    matrix(_firmware, _medium, 3, r"bare machine")


def power_off(env):
    """The machine goes down by itself; the next case starts another one."""
    env.machine.send("poweroff\n")
    env.machine.wait_end(60)
    env.machine.close()
    env.machine = None


# Linux counts timer ticks while it counts instructions, and panics if a busy host gave QEMU
# too little time for them
BARE = "console=ttyS0,115200 quiet no_timer_check"


def linux_direct(env, disks=(), append="", memory=512, cd=True, firmware=()):
    """Linux without the hypervisor, straight from QEMU, with disks vda, vdb ..."""
    options = [*firmware, "-kernel", env.kernel0, "-initrd", env.initrd, "-append", f"{BARE} {append}"]
    options += ["-cdrom", env.iso] if cd else []
    for disk in disks:
        options += ["-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"]
    return Machine(options, memory)


# ---- the initrd's ways --------------------------------------------------------------

ram = Group("toram", "copy to RAM, and a root that stays on a partition")


@ram
def entry_toram(env):
    """menu entry: the CD's files are in RAM, and a guest starts without the CD"""
    env.machine = m = boot_cd(env, 4)
    m.login()
    has(m.command("grep ' /live/cd ' /proc/mounts"), "^tmpfs", "the CD's files")
    m.qmp("eject", device="ide1-cd0", force=True)
    create(env, "demo1")
    m.command("xl destroy demo1")


persist = Group("persist", "persist keeps the root's changes")


@persist
def persist_kept(env):
    """the overlay on the partition labelled xendemo-persist outlives the machine"""
    disk = payload.blank_disk(env.tmp("keep.img"), 32)
    payload.tool("mke2fs", "-q", "-t", "ext4", "-L", "xendemo-persist", disk)
    for content in ("", "remember"):
        env.machine = m = linux_direct(env, [disk], "persist")
        m.login()
        has(m.command("cat /root/note", status=None), content or "No such file", "what was kept")
        m.command("echo remember >/root/note")
        power_off(env)
    payload.tool("e2fsck", "-fn", disk)


@persist
def persist_full(env):
    """no room on the partition: a message and a shell before the root, not a hang"""
    disk = payload.blank_disk(env.tmp("full.img"), 8)
    with open(env.tmp("filler"), "wb") as file:
        file.truncate(0)
    payload.tool("mke2fs", "-q", "-t", "ext4", "-m", "0", "-L", "xendemo-persist", disk)
    payload.tool("sh", "-c", f"yes | head -c 8M >{env.tmp('filler')}; "
                 f"debugfs -w -R 'write {env.tmp('filler')} filler' {disk}")
    env.machine = m = linux_direct(env, [disk], "persist")
    m.expect(r"persist: /dev/vda is full", 60)
    m.expect(r"# ?$", 20)
    m.command("rm /live/rw/filler")
    m.send("exit\n")
    m.login()


sick = Group("sick-cd", "a damaged CD")


@sick
def check_names_file(env):
    """the check entry names the file that differs, and only that"""
    image = bytearray(payload.read(env.iso))
    where = image.index(payload.read(os.path.join(os.path.dirname(env.iso), "linux-xen/vmlinuz-xenU"))[:4096])
    image[where + 100000] ^= 0xff
    with open(env.tmp("sick.iso"), "wb") as file:
        file.write(image)
    env.machine = m = boot_cd(env, 6, iso=env.tmp("sick.iso"))
    m.expect(r"xendemo: this disc is bad: boot/vmlinuz-xenU\.", 60, reject=r"disc is good|login:")
    m.expect(r"# ?$", 20)


truncated = Group("cut-cd", "a truncated CD", full=True)


@truncated
def check_truncated(env):
    with open(env.iso, "rb") as full, open(env.tmp("cut.iso"), "wb") as part:
        part.write(full.read(os.path.getsize(env.iso) * 3 // 4 & ~2047))
    env.machine = Machine(["-kernel", env.kernel0, "-initrd", env.initrd, "-append",
                           f"{BARE} xendemo.check", "-cdrom", env.tmp("cut.iso")], 512)
    env.machine.expect(r"xendemo: this disc is bad: ", 90, reject=r"disc is good|login:")
    env.machine.expect(r"# ?$", 20)


sectors = Group("bad-sectors", "a CD that can't be read in the middle")


@sectors
def bad_sectors(env):
    """bad sectors under the root: a message and a shell, no hang and no panic"""
    image = payload.read(env.iso)
    root = image.index(payload.read(os.path.join(os.path.dirname(env.iso), "rootfs.squashfs"))[:4096])
    with open(env.tmp("blkdebug"), "w", encoding="ascii") as file:
        for sector in range(root // 512 + 8, root // 512 + 4000, 64):
            file.write(f'[inject-error]\nevent = "none"\nsector = "{sector}"\nonce = "off"\nerrno = "5"\n')
    env.machine = m = Machine(["-kernel", env.kernel0, "-initrd", env.initrd, "-append",
                               f"{BARE} xendemo.wait=3", "-drive",
                               f"file=blkdebug:{env.tmp('blkdebug')}:{env.iso},format=raw,if=ide,media=cdrom"], 512)
    m.expect(r"xendemo: (the root can't be read|.*its root is damaged)", 120, reject=r"Kernel panic")
    m.expect(r"# ?$", 60)


# ---- install-to-disk ----------------------------------------------------------------

install = Group("install", "install-to-disk on a blank disk; BIOS and UEFI start it")


def answers(machine, *lines):
    machine.command("printf '%s\\n' " + " ".join(f"'{line}'" for line in lines) + " >/tmp/answers")


def refused(machine, message, *lines):
    answers(machine, *lines)
    out = machine.command("install-to-disk --answers /tmp/answers", 60, status=1)
    has(out, message, "the refusal")
    has(out, r"Nothing was written", "the refusal")


@install
def install_refusals(env):
    """what can't be done is refused in one clear line, and nothing is written"""
    env.disk = payload.blank_disk(env.tmp("disk.img"), 384)
    small = payload.blank_disk(env.tmp("small.img"), 48)
    odd = payload.blank_disk(env.tmp("odd.img"), 384)
    payload.put(odd, 0, b"this is the disk of an unknown system " * 100)
    env.machine = m = linux_direct(env, [env.disk, small, odd])
    m.login()
    refused(m, r"/dev/vdb is too small: it has 48 MB, and \d+ are needed", "mode=disk", "target=/dev/vdb")
    refused(m, r"/dev/vdc has an unknown partition table", "mode=disk", "target=/dev/vdc", "erase=yes")
    refused(m, r"line 2: target can't be .vda.", "mode=disk", "target=vda")
    refused(m, r"/tmp/answers: there is no target= in it", "mode=disk")
    m.command("/usr/sbin/mke2fs -q -t ext4 /dev/vdb && mkdir -p /mnt && mount /dev/vdb /mnt")
    refused(m, r"/dev/vdb is in use: /dev/vdb is mounted on /mnt", "mode=disk", "target=/dev/vdb", "erase=yes")
    m.command("umount /mnt")
    refused(m, r"isn't blank; the answer file must say erase=yes", "mode=disk", "target=/dev/vdb")
    answers(m, "mode=disk", "target=/dev/vda")
    out = m.command("install-to-disk --dry-run --answers /tmp/answers", 60)
    has(out, r"/dev/vda3 +the rest, ext4", "the plan")
    has(out, r"Dry run: nothing was written", "the dry run")
    if not payload.untouched(env.disk):
        raise Failure("the dry run wrote to the disk")
    if any(payload.read(odd)[4096:]):
        raise Failure("a refused disk was written to")


@install
def install_disk(env):
    """the dialogue, the whole disk, everything compared"""
    m = env.machine
    m.send("install-to-disk\n")
    m.expect(r"(\d+) +disk +/dev/vda +EVERYTHING", 60)
    m.send(re.search(r"(\d+) +disk +/dev/vda", m.text[m.text.rindex("What can be done"):]).group(1) + "\n")
    m.expect(r"ALL OF THE ABOVE IS ERASED", 60)
    m.expect(r"Type yes", 30)
    m.send("yes\n")
    m.expect(r"compared every file", 180, reject=r"install-to-disk: [^\n]+\n")
    m.expect(r"install-to-disk: done", 120, reject=r"install-to-disk: (?!done)[^\n]+\n")
    m.expect(r"# ?$", 20)
    power_off(env)


def boot_disk(env, disk, options=(), entry=0, memory=768):
    env.machine = m = Machine(list(options) + ["-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"] + NET, memory)
    m.expect(r"Xen / Linux", 60)
    m.send("\x1b[B" * entry + "\n")
    m.login()
    return m


def install_unattended(env, disks, *lines):
    env.machine = m = linux_direct(env, disks)
    m.login()
    answers(m, *lines)
    out = m.command("install-to-disk --answers /tmp/answers", 240)
    has(out, r"install-to-disk: done", "the install")
    power_off(env)


@install
def installed_bios(env):
    """a BIOS starts it; the root is writable and stays"""
    m = boot_disk(env, env.disk)
    has(m.command("xl list; welcome"), r"Domain-0[^$]*kept on /dev/vda3", "the installed system")
    m.command("echo remember >/root/note")
    create(env, "demo1")
    m.command("xl destroy demo1")
    power_off(env)


@install
def installed_uefi(env):
    m = boot_disk(env, env.disk, OVMF)
    has(m.command("cat /root/note"), "remember", "what the BIOS boot wrote")
    power_off(env)


# ---- an install that the kernel's command line asks for --------------------------------

asked = Group("install-ask", "install=ask: each console begins with the installer")


@asked
def install_ask(env):
    """the dialogue on the serial port and on the screen; q leads to the login"""
    env.disk = payload.blank_disk(env.tmp("disk.img"), 384)
    env.machine = m = linux_direct(env, [env.disk], "console=tty0 console=ttyS0,115200 install=ask")
    m.expect(r"disk +/dev/vda +EVERYTHING", 90, reject=r"login:|another install")
    m.expect(r"q to leave: ?$", 20)
    m.send("q\n")
    m.expect(r"left; nothing was written", 20)
    m.login()
    for n in (1, 2, 3):
        wait_for(env, f"grep -q 'disk  */dev/vda  *EVERYTHING' /dev/vcs{n}")
    if not payload.untouched(env.disk):
        raise Failure("a dialogue that was left wrote to the disk")


unattended = Group("install-file", "install=FILE: an install without questions at boot")


def answer_disk(env, *lines):
    """A partition labelled answers, as a USB stick may be, with the file /answers.txt"""
    os.makedirs(env.tmp("stick"), exist_ok=True)
    with open(os.path.join(env.tmp("stick"), "answers.txt"), "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    stick = payload.blank_disk(env.tmp("stick.img"), 8)
    payload.tool("mke2fs", "-q", "-t", "ext4", "-L", "answers", "-d", env.tmp("stick"), stick)
    return stick


@unattended
def install_file_bad(env):
    """a broken answer file, one that isn't there: one clear line, and nothing is written"""
    env.disk = payload.blank_disk(env.tmp("disk.img"), 384)
    for where, lines, message in (
            ("LABEL=answers:/answers.txt", ("mode=disk", "target=/dev/vda", "format=please"),
             r"/answers\.txt: line 3: \"format=please\" is no answer"),
            ("LABEL=answers:/other.txt", (), r"there is no file /other\.txt on LABEL=answers"),
            ("LABEL=nobody:/answers.txt", (), r"there is no partition LABEL=nobody")):
        env.machine = m = linux_direct(env, [env.disk, answer_disk(env, *lines)], f"install={where}")
        m.expect(r"xendemo: [^\n]*" + message, 90, reject=r"install-to-disk: done")
        m.send("\n")
        m.login()
        m.close()
        env.machine = None
        if not payload.untouched(env.disk):
            raise Failure(f"install={where} wrote to the disk")


@unattended
def install_file(env):
    """from power-on to an installed disk without a key; it starts"""
    env.machine = m = linux_direct(env, [env.disk, answer_disk(env, "mode=disk", "target=/dev/vda", "then=poweroff")],
                                   "install=LABEL=answers:/answers.txt")
    m.expect(r"xendemo: unattended install with LABEL=answers:/answers\.txt", 90)
    m.expect(r"xendemo: install-to-disk: done", 240, reject=r"install-to-disk: (?!done)[^\n]+\n")
    m.wait_end(60)
    m.close()
    m = boot_disk(env, env.disk)
    has(m.command("welcome"), r"kept on /dev/vda3", "the installed system")


update = Group("update", "install-to-disk on a disk that it made", full=True)


@update
def installed_update(env):
    """the same command updates it; the release before is the menu's last entry"""
    env.disk = payload.blank_disk(env.tmp("disk.img"), 384)
    install_unattended(env, [env.disk], "mode=disk", "target=/dev/vda")
    env.machine = m = linux_direct(env, [env.disk])
    m.login()
    # another release: the same files with another list
    m.command("cp -R /live/cd /tmp/newer && echo newer >>/tmp/newer/README.CD && cd /tmp/newer && "
              "find . -type f ! -name SHA256SUMS | sed 's,^./,,' | xargs sha256sum >SHA256SUMS; cd", 60)
    answers(m, "mode=update", "target=/dev/vda3")
    out = m.command("install-to-disk --from /tmp/newer --answers /tmp/answers", 240)
    has(out, r"starts release (\w+); (\w+) is kept as the previous one", "the update")
    power_off(env)
    m = boot_disk(env, env.disk)
    has(m.command("tail -n 1 /live/cd/README.CD; echo remember >/root/note"), "newer", "the updated system")
    power_off(env)
    m = boot_disk(env, env.disk, entry=7)
    if "newer" in m.command("tail -n 1 /live/cd/README.CD"):
        raise Failure("the menu's last entry isn't the previous release")
    has(m.command("cat /root/note"), "remember", "the root's changes")


beside = Group("beside", "install-to-disk beside an existing Linux")


def boot_debian(env, disk, firmware=()):
    """The old system of payload.debian_disk() starts from the disk by itself."""
    machine = Machine([*firmware, "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"], 512)
    try:
        machine.expect(r"HELLO from /init", 120, reject=r"(?i)kernel panic|error: [^\n]*")
    finally:
        machine.close()


def precious(disk, made_as=None):
    """the Linux that payload.debian_disk() put there is as it was"""
    tree = f"{made_as or disk}.tree"
    payload.tool("sh", "-c", f"dd if={disk} of={disk}.part bs=1M skip=2 2>/dev/null; "
                 f"debugfs -R 'dump home/precious {disk}.precious' {disk}.part && "
                 f"cmp {disk}.precious {tree}/home/precious && "
                 f"debugfs -R 'dump boot/grub/grub.cfg {disk}.cfg' {disk}.part && "
                 f"cmp {disk}.cfg {tree}/boot/grub/grub.cfg")


@beside
def beside_debian(env):
    """files and one menu entry; both systems start"""
    env.disk = payload.debian_disk(env.tmp("debian.img"), env.debian_kernel, hello_initrd(env))
    boot_debian(env, env.disk)
    install_unattended(env, [env.disk], "mode=beside", "target=/dev/vda2")
    boot_debian(env, env.disk)
    precious(env.disk)


def boot_entry(env, disk):
    """Our entry in the menu of the old system, then the first one of our own menu"""
    env.machine = m = Machine(["-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"], 768)
    m.expect(r"xendemo: Xen and its own Linux", 60)
    m.send("\x1b[B\n")
    m.expect(r"Xen / Linux", 30, reject=r"HELLO")
    m.send("\n")
    has(m.login(), r"on Xen 4\.17", "the login message")
    return m


@beside
def beside_xendemo(env):
    has(boot_entry(env, env.disk).command("welcome"), r"changes +in RAM", "the root of the system beside")


xfs = Group("xfs", "install-to-disk beside a Linux on XFS", full=True)


@xfs
def beside_xfs(env):
    """both systems start, and what the Linux has there is as it was"""
    env.disk = payload.debian_disk(env.tmp("debian.img"), env.debian_kernel, hello_initrd(env), 400, root="xfs")
    boot_debian(env, env.disk)
    install_unattended(env, [env.disk], "mode=beside", "target=/dev/vda2")
    boot_debian(env, env.disk)
    m = boot_entry(env, env.disk)
    has(m.command("welcome; grep ' /live/disk ' /proc/mounts"), r"changes +in RAM[^$]* xfs ro", "the root")
    want = hashlib.md5(payload.read(f"{env.disk}.tree/home/precious")).hexdigest()
    has(m.command("md5sum /live/disk/home/precious"), want, "the Linux's own file")


free = Group("free", "install-to-disk in free space", full=True)


@free
def free_space(env):
    """a new partition behind a Linux, which still starts"""
    env.disk = payload.debian_disk(env.tmp("debian.img"), env.debian_kernel, hello_initrd(env), 448, 256)
    install_unattended(env, [env.disk], "mode=free", "target=/dev/vda")
    boot_debian(env, env.disk)
    precious(env.disk)


@free
def free_bios(env):
    """the Linux's menu starts it; its root is writable and stays"""
    for content in ("No such file", "remember"):
        m = boot_entry(env, env.disk)
        has(m.command("welcome"), r"changes +kept on /dev/vda3", "the root in the free space")
        has(m.command("cat /root/note", status=None), content, "what was kept")
        m.command("echo remember >/root/note")
        power_off(env)
    boot_debian(env, env.disk)
    precious(env.disk)


free_efi = Group("free-uefi", "install-to-disk in free space, started by UEFI", full=True)


@free_efi
def free_uefi(env):
    """the firmware gets an entry; the Linux there is still what starts by itself"""
    disk = payload.debian_disk(env.tmp("debian.img"), env.debian_kernel, hello_initrd(env), 512, 264, 48)
    env.machine = linux_direct(env, [disk])
    env.machine.login()
    answers(env.machine, "mode=free", "target=/dev/vda")
    has(env.machine.command("install-to-disk --answers /tmp/answers --dry-run", 60),
        r"last entry of the firmware's list\s+\(that entry can't be written now", "the plan without UEFI")
    power_off(env)
    payload.tool("cp", "/usr/share/OVMF/OVMF_VARS_4M.fd", env.tmp("vars"))
    firmware = ["-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                "-drive", f"if=pflash,format=raw,file={env.tmp('vars')}"]
    boot_debian(env, disk, firmware)

    def linux(image):   # OVMF that starts a kernel itself leaves no CD drive to it
        env.machine = linux_direct(env, [image, env.iso], cd=False, firmware=firmware)
        env.machine.login()
        return env.machine

    copy = env.tmp("copy.img")
    payload.tool("cp", "--sparse=always", disk, copy)
    m = linux(copy)
    m.command("mount -t efivarfs -o ro efivarfs /sys/firmware/efi/efivars")
    answers(m, "mode=free", "target=/dev/vda")
    out = m.command("install-to-disk --answers /tmp/answers", 240)
    has(out, r"the firmware takes no entry in its list: choose \\EFI\\xendemo[^$]*: done", "an install")
    power_off(env)

    m = linux(disk)
    answers(m, "mode=free", "target=/dev/vda")
    out = m.command("install-to-disk --answers /tmp/answers", 240)
    number = re.search(r"wrote the last entry of the firmware's list, xendemo \(Boot00(\w\w)\)", out)
    if not number:
        raise Failure("no entry for the firmware: " + out.strip()[-300:])
    power_off(env)
    boot_debian(env, disk, firmware)
    precious(disk)

    # what choosing the entry in the firmware's menu does
    m = linux(disk)
    m.command("mount -t efivarfs efivarfs /sys/firmware/efi/efivars")
    m.command(f"printf '\\7\\0\\0\\0\\x{number.group(1)}\\0' >/sys/firmware/efi/efivars/"
              "BootNext-8be4df61-93ca-11d2-aa0d-00e098032b8c")
    power_off(env)
    m = boot_disk(env, disk, firmware)
    has(m.command("welcome"), r"changes +kept on /dev/vda4", "the root in the free space")
    power_off(env)
    boot_debian(env, disk, firmware)
    precious(disk)


power_loss = Group("power-loss", "the power fails during an install", full=True)
TURNS = 20


@power_loss
def power_fails(env):
    """20 random moments of an install beside Debian; Debian starts each time"""
    start = payload.debian_disk(env.tmp("start.img"), env.debian_kernel, hello_initrd(env))
    disk, state = env.tmp("debian.img"), env.tmp("state")

    def installer(*more):
        payload.tool("cp", "--sparse=always", start, disk)
        env.machine = Machine(["-kernel", env.kernel0, "-initrd", env.initrd, "-append", BARE,
                               "-cdrom", env.iso, "-drive", f"file={disk},format=raw,if=virtio,cache=writeback,"
                               "throttling.bps-write=4194304", *more], 512)
        return env.machine

    def plan(m):
        while "#" not in m.text:        # it isn't back to life yet
            m.send("\n")
            m.pump(0.5)
        m.send("install-to-disk --answers /tmp/answers\n")
        m.expect(r"Plan:", 60)
        return time.monotonic()

    m = installer()
    m.login()
    answers(m, "mode=beside", "target=/dev/vda2")
    m.save(state)               # each turn goes on from here, instead of another boot
    m.close()

    m = installer("-incoming", f"exec:cat {state}")
    begin = plan(m)
    m.expect(r"install-to-disk: done", 120)
    length = time.monotonic() - begin
    m.close()

    dice, seen = random.Random(1), []
    for turn in range(TURNS):
        m = installer("-incoming", f"exec:cat {state}")
        end = plan(m) + (turn + dice.random()) * length / TURNS
        while time.monotonic() < end and "install-to-disk: done" not in m.text:
            m.pump(0.05)
        seen.append("done" if "install-to-disk: done" in m.text else m.text.strip()[-48:])
        m.close()
        boot_debian(env, disk)
        whole(disk)
        precious(disk, start)
    print(f"    the power failed after: {seen}")
    if seen.count("done") > TURNS // 2:
        raise Broken("most installs were done before the power failed")


def whole(disk):
    """after the journal's replay the file system is whole"""
    payload.tool("sh", "-c", f"dd if={disk} of={disk}.part bs=1M skip=2 2>/dev/null; e2fsck -p {disk}.part; "
                 f"[ $? -le 1 ] && e2fsck -fn {disk}.part")


network = Group("pxe", "start over the network", full=True)


@network
def pxe_boot(env):
    """the bundle of make pxe, by BIOS"""
    folder = os.path.join(os.path.dirname(env.iso), "pxe")
    env.machine = m = Machine(["-boot", "n", "-nic", f"user,model=e1000,tftp={folder},bootfile=xendemo.pxe"], 1024)
    m.expect(r"Xen / Linux", 120)
    m.send("\n")
    has(m.login(180), r"on Xen 4\.17", "the login message")
    create(env, "demo1")
    console_login(env, "demo1")
