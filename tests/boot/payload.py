# SPDX-License-Identifier: GPL-2.0-only
"""Small files that boot tests and benchmarks feed to a machine: initramfs archives,
a kernel that is none, a second CD."""
import os
import shutil
import struct
import subprocess

from machine import Broken


def cpio(entries):
    """A newc archive of (name, mode, data) or (name, mode, (major, minor)) entries."""
    out = bytearray()
    for ino, (name, mode, data) in enumerate(list(entries) + [("TRAILER!!!", 0, b"")], 1):
        rdev = data if isinstance(data, tuple) else (0, 0)
        body = b"" if isinstance(data, tuple) else data
        fields = [ino, mode, 0, 0, 1, 0, len(body), 0, 0, rdev[0], rdev[1], len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + body
        out += bytes(-len(out) % 4)
    return bytes(out)


def initramfs(path, program, more=()):
    """An initramfs whose /init is a static program."""
    with open(program, "rb") as file:
        init = file.read()
    entries = [("dev", 0o40755, b""), ("proc", 0o40755, b""),
               ("dev/console", 0o20600, (5, 1)), ("init", 0o100755, init)]
    with open(path, "wb") as file:
        file.write(cpio(entries + list(more)))
    return path


def tree(path):
    """The entries of a directory, for initramfs()."""
    entries = []
    for top, _dirs, files in sorted(os.walk(path)):
        at = os.path.relpath(top, path)
        names = [os.path.normpath(os.path.join(at, name)) for name in sorted(files)]
        if at != ".":
            entries.append((at, 0o40755, b""))
        for name in names:
            with open(os.path.join(path, name), "rb") as file:
                entries.append((name, 0o100755, file.read()))
    return entries


def static_program(path, *sources):
    """Compiles C files to a static program."""
    result = subprocess.run(["gcc", "-O2", "-static", "-s", "-Wall", "-Wextra", "-o", path, *sources],
                            capture_output=True, text=True)
    if result.returncode:
        raise Broken(f"cannot compile {' '.join(sources)}: {result.stderr.strip()[-300:]}")
    return path


def elf_without_notes(path):
    """A valid ELF64 program that has no Xen notes."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0x1000000, 64, 0, 0,
                         64, 56, 1, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0x1000, 0x1000000, 0x1000000, 4096, 4096, 0x1000)
    with open(path, "wb") as file:
        file.write((header + load).ljust(0x1000, b"\0") + b"\xf4" * 4096)
    return path


def iso(path, files):
    """An ISO 9660 image with these {name: path} files."""
    args = [f"{name}={file}" for name, file in files.items()]
    result = subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-r", "-o", path,
                             "-graft-points"] + args, capture_output=True, text=True)
    if result.returncode:
        raise Broken(f"xorriso: {result.stderr.strip()[-300:]}")
    return path


def swap(path, image, files):
    """A copy of a bootable CD with other files in the place of {name: path}."""
    if os.path.exists(path):
        os.unlink(path)
    maps = [word for name, file in files.items() for word in ("-map", file, f"/{name}")]
    run(["xorriso", "-indev", image, "-outdev", path, "-boot_image", "any", "replay",
         "-overwrite", "on"] + maps)
    return path


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Broken(f"{command[0]}: {result.stderr.strip()[-300:]}")


def pv_grub(path):
    """GRUB as a PV kernel, which boots what /boot/grub/grub.cfg on the guest's disk says."""
    config = path + ".cfg"
    with open(config, "w", encoding="ascii") as file:
        file.write("set root=(xen/xvda)\nconfigfile /boot/grub/grub.cfg\n")
    run(["grub-mkimage", "-O", "x86_64-xen", "-p", "/boot/grub", "-c", config, "-o", path,
         "ext2", "linux", "gzio", "xzio", "gcry_crc", "configfile", "normal", "echo", "test"])
    return path


def disk(path, files, size="32M"):
    """A disk image with an ext2 file system that holds these {name: path} files."""
    tree = path + ".tree"
    for name, source in files.items():
        os.makedirs(os.path.join(tree, os.path.dirname(name)), exist_ok=True)
        shutil.copy(source, os.path.join(tree, name))
    if os.path.exists(path):
        os.unlink(path)
    run(["/sbin/mke2fs", "-q", "-t", "ext2", "-d", tree, path, size])
    return path


def module(path, arguments=""):
    """A file with arguments, as QEMU's -initrd takes multiboot modules."""
    if not os.path.exists(path):
        raise Broken(f"{path} does not exist")
    return f"{path} {arguments}".strip().replace(",", ",,")


# ---- disks ------------------------------------------------------------------------

def tool(*command, **more):
    """Runs a program that prepares a test."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, **more)
    except FileNotFoundError:
        raise Broken(f"{command[0]} is missing: see packages.txt")
    if result.returncode:
        raise Broken(f"{command[0]}: {result.stderr.strip()[-300:]}")


def blank_disk(path, megabytes):
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
    return path


def untouched(path):
    """Was nothing ever written to this blank_disk()?"""
    return os.stat(path).st_blocks == 0


def put(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


# as Debian's grub-mkconfig writes it, as far as it matters here
DEBIAN_GRUB_CFG = """\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=5
menuentry 'Debian GNU/Linux' {
	search --no-floppy --label --set=root olddebian
	linux /boot/vmlinuz console=ttyS0,115200 quiet
	initrd /boot/initrd.img
}
### BEGIN /etc/grub.d/41_custom ###
if [ -f  ${config_directory}/custom.cfg ]; then
  source ${config_directory}/custom.cfg
elif [ -z "${config_directory}" -a -f  $prefix/custom.cfg ]; then
  source $prefix/custom.cfg
fi
### END /etc/grub.d/41_custom ###
"""


def debian_disk(path, kernel, initrd, megabytes=256, gap=0, esp=0, root="ext4"):
    """A disk that a BIOS starts, with a Linux on its second partition, laid out as
    Debian's installer does it: GRUB with all its modules in /boot/grub; `gap` MB at its
    end are free. With `esp` MB for a third partition, UEFI starts it, too. root is the
    Linux's file system, ext4 or xfs."""
    tree = path + ".tree"
    linux = megabytes - gap - esp - 4
    tool("rm", "-rf", tree)
    for folder in ("boot/grub", "etc", "home"):
        os.makedirs(os.path.join(tree, folder))
    for name, data in (("boot/grub/grub.cfg", DEBIAN_GRUB_CFG.encode()),
                       ("etc/os-release", b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
                       ("home/precious", os.urandom(300000)),
                       ("boot/vmlinuz", read(kernel)), ("boot/initrd.img", read(initrd))):
        with open(os.path.join(tree, name), "wb") as file:
            file.write(data)
    core = debian_grub(path, tree, "i386-pc", "biosdisk", *(["xfs"] if root == "xfs" else []))

    blank_disk(path, megabytes)
    tool("sfdisk", "-q", path, input="label: gpt\nstart=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649\n"
         f"size={linux}MiB, type=linux\n" +
         (f"size={esp}MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n" if esp else ""))
    if esp:
        program, fat = debian_grub(path, tree, "x86_64-efi", "efi_gop"), f"{path}@@{linux + 2}M"
        tool("mformat", "-i", fat, "-T", str(esp * 2048), "-h", "64", "-s", "32", "::")
        tool("mmd", "-i", fat, "::/EFI", "::/EFI/BOOT")
        tool("mcopy", "-i", fat, program, "::/EFI/BOOT/BOOTX64.EFI")
    if root == "xfs":
        xfs_root(path, tree, linux)
    else:
        tool("mke2fs", "-q", "-t", "ext4", "-L", "olddebian", "-O", "^metadata_csum_seed,^orphan_file", "-d", tree,
             "-E", f"offset={2 << 20},root_owner=0:0", path, f"{linux}M")
    # what grub-bios-setup does: the first sector knows where the core is, the core where it goes on
    image = bytearray(read(core))
    image[500:508] = struct.pack("<Q", 2049)
    put(path, 1 << 20, bytes(image))
    boot = bytearray(read("/usr/lib/grub/i386-pc/boot.img")[:440])
    boot[92:100] = struct.pack("<Q", 2048)
    put(path, 0, bytes(boot))
    return path


def xfs_root(path, tree, megabytes):
    """An XFS file system with this tree, from the second MB of a disk on."""
    image, lines = path + ".xfs", ["/none", "0 0", "d--755 0 0"]

    def folder(at):
        for entry in sorted(os.scandir(at), key=lambda e: e.name):
            if entry.is_dir():
                lines.append(f"{entry.name} d--755 0 0")
                folder(entry.path)
                lines.append("$")
            else:
                lines.append(f"{entry.name} ---644 0 0 {entry.path}")
    folder(tree)
    with open(path + ".proto", "w", encoding="ascii") as file:
        file.write("\n".join(lines + ["$", ""]))
    blank_disk(image, megabytes)
    tool("mkfs.xfs", "-q", "-f", "-L", "olddebian", "-p", path + ".proto", image)
    tool("dd", f"if={image}", f"of={path}", "bs=1M", "seek=2", "conv=notrunc,sparse", "status=none")


def debian_grub(path, tree, kind, *modules):
    """GRUB of this kind for debian_disk(), with its modules in the tree"""
    folder, core = f"/usr/lib/grub/{kind}", f"{path}.{kind}"
    tool("sh", "-c", f"mkdir -p {tree}/boot/grub/{kind} && "
         f"cp {folder}/*.mod {folder}/*.lst {tree}/boot/grub/{kind}/")
    tool("grub-mkimage", "-O", kind, "-d", folder, "-p", "(,gpt2)/boot/grub", "-o", core,
         "part_gpt", "ext2", "normal", "search", "search_label", "linux", "configfile",
         "test", "serial", "terminal", *modules)
    return core
