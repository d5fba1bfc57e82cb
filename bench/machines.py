# SPDX-License-Identifier: GPL-2.0-only
"""The machines of the benchmarks: one function per kind, each returns {row: figure}."""
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "boot"))
import payload                                  # noqa: E402
from common import inside                       # noqa: E402
from machine import Broken, Machine             # noqa: E402

# QEMU counts each byte of rep stosb and rep movsb: without ERMS, Linux moves 8 at a time.
ICOUNT = ["-icount", "shift=0,sleep=off", "-cpu", "max,-smap,-xsave,-erms"]
MANY = 16


def start(args, options, memory, cpus=1):
    """Starts a machine; bench/run keeps its console in a file when it is done."""
    args.machine = Machine(options, memory, cpus)
    return args.machine


def figures(m, limit):
    """What bench/init.c says until its end."""
    begin = m.pos
    m.expect(r"BENCH-END", limit, reject=r"BENCH-FAIL.*|[Pp]anic")
    return {name: float(value) for name, value in
            re.findall(r"BENCH ([\w-]+) ([\d.]+)", m.text[begin:m.pos])}


def kernel0(args, system, words, memory, cpus=1, extra=(), xen_args="dom0_mem=256M", initrd=None):
    """A machine of this system with kernel0 and our initramfs, or another initrd."""
    words = f"quiet {words}"
    initrd = initrd or args.bench_initrd
    if system == "bare":
        options = ["-kernel", args.kernel0, "-initrd", initrd,
                   "-append", f"console=ttyS0,115200 {words}"]
    else:
        options = ["-kernel", args.hypervisors[system],
                   "-append", f"com1=115200,8n1 console=com1 {xen_args}",
                   "-initrd", payload.module(args.kernel0, f"console=hvc0 {words}") + "," +
                   payload.module(initrd)]
    return start(args, options + list(extra), memory, cpus)


def boot(args, system):
    begin = time.monotonic()
    m = kernel0(args, system, "bench=init", 1024, xen_args="dom0_mem=512M")
    try:
        m.expect(r"BENCH-INIT", 60, reject=r"[Pp]anic")
        return {"boot": time.monotonic() - begin}
    finally:
        m.close()


def cd(args, system):
    """The CD, from a key in its menu to the login on the serial port."""
    m = start(args, ["-cdrom", args.swapped_iso if system == "xen" else args.iso, "-boot", "d",
                     "-nic", "user,model=e1000"], 1024)
    try:
        m.expect(r"Xen / Linux", 60)
        m.send("\x1b[B" * (3 if system == "bare" else 0))
        m.pump(1)
        begin = time.monotonic()
        m.send("\n")
        m.expect(r"login: ?$", 120, reject=r"[Pp]anic|no disc|error: ")
        return {"menu-to-login": time.monotonic() - begin}
    finally:
        m.close()


def memory(args, system):
    m = kernel0(args, system, "bench=memory", 4096, xen_args="dom0_mem=512M")
    try:
        found = figures(m, 60)
    finally:
        m.close()
    return {"memory": 4096 - (found["free-pages"] + found["dom0-pages"]) / 256}


def size(args, system):
    path = {"xen": args.debian_xen, "ours": args.xen_gz}[system]
    return {"size": os.path.getsize(path) / 1000}


def paths(args, system):
    """The hot paths of tests/guest/perf.c, for each of which it has a budget."""
    m = start(args, ["-kernel", args.hypervisors[system],
                     "-append", "com1=115200,8n1 console=com1 dom0_mem=64M",
                     "-initrd", payload.module(args.perf_elf, "guest-test-argument"),
                     "-icount", "shift=0"], 256)
    try:
        m.expect(r"VERDICT", 120)
    finally:
        m.close()
    return {name: float(value) for name, value in re.findall(r"PERF (\S+) (\d+)", m.text)}


# ---- the rows of init.c -------------------------------------------------------------

def checked_counts(found):
    ticks = found.pop("ticks-per-instruction")
    if not 0.9 < ticks < 1.1:
        raise Broken(f"the TSC counts {ticks} per instruction, not 1: is this QEMU's -icount?")
    return found


def rows(args, system, mode, cpus=1):
    """On the bare machine, or in domain 0."""
    m = kernel0(args, system, f"bench={mode}", 768, cpus, ICOUNT if mode == "counts" else [],
                initrd=args.rows_initrd)
    try:
        found = figures(m, 600)
    finally:
        m.close()
    return checked_counts(found) if mode == "counts" else found


def control_domain(args, system, cpus, memory, icount=False):
    """The CD's domain 0 with a root shell, and our initramfs files in /mnt."""
    m = kernel0(args, system, "", memory, cpus,
                ["-cdrom", args.iso, "-drive",
                 f"file={args.guest_disk},format=raw,if=virtio,readonly=on"] +
                (ICOUNT if icount else []), initrd=args.initrd)
    try:
        m.login(300)
        m.command("mkdir -p /mnt && mount -o ro /dev/vda /mnt && dmesg -n 1")
    except Exception:
        m.close()
        raise
    return m


def configure(m, name, words, vcpus=1, memory=64, initrd="bench.cpio"):
    """A configuration file of xl for a guest with xenU and our initramfs."""
    lines = [f'name="{name}"', 'type="pv"', 'kernel="/usr/lib/xendemo/vmlinux-xenU"', f"memory={memory}",
             f"vcpus={vcpus}", f'ramdisk="/mnt/{initrd}"', f'extra="console=hvc0 quiet {words}"']
    for i, line in enumerate(lines):
        m.command(f"echo '{line}' {'>>' if i else '>'}/tmp/{name}.cfg")


def leave_console(m):
    m.send("\x1d")
    m.expect(r"# ?$", 20)


def guest_rows(args, system, mode, cpus):
    """In a guest with so many vcpus, on a machine with as many CPUs."""
    m = control_domain(args, system, cpus, 1024, mode == "counts")
    try:
        configure(m, "g", f"bench={mode}", cpus, 256, "rows.cpio")
        m.send("xl create -c /tmp/g.cfg\n")
        m.expect(r"BENCH-INIT", 300, reject=r"error|[Pp]anic")
        found = figures(m, 900)
    finally:
        m.close()
    return checked_counts(found) if mode == "counts" else found


# ---- guests as a whole --------------------------------------------------------------

def guests(args, system):
    """Creation and end of one guest: the best of three; then many at once."""
    m = control_domain(args, system, 1, 2048)
    creates, destroys = [], []
    try:
        configure(m, "b", "bench=stay")
        for _ in range(3):
            m.send("xl create -c /tmp/b.cfg")
            m.pump(0.5)
            begin = time.monotonic()
            m.send("\n")
            m.expect(r"BENCH-INIT", 60, reject=r"error|[Pp]anic")
            creates.append(time.monotonic() - begin)
            leave_console(m)
            begin = time.monotonic()
            m.command("xl destroy b", 30)
            destroys.append(time.monotonic() - begin)
        return {"create": min(creates), "destroy": min(destroys), "create-16": many(m)}
    finally:
        m.close()


def many(m):
    """Seconds until the last of 16 guests, started at once, has its first process."""
    m.command(f"for i in $(seq {MANY}); do sed s/b/b$i/ /tmp/b.cfg | sed 1q >/tmp/b$i.cfg; "
              f"sed 1d /tmp/b.cfg >>/tmp/b$i.cfg; done")
    m.command("echo 'sleep 600 | xl create -c /tmp/b$1.cfg 2>&1 | grep -m 1 -e BENCH-INIT -e rror'"
              " >/tmp/one")
    m.send(f"for i in $(seq {MANY}); do sh /tmp/one $i & done")
    m.pump(0.5)
    begin = time.monotonic()
    m.send("\n")
    for _ in range(MANY):
        m.expect(r"BENCH-INIT", 300, reject=r"rror|[Pp]anic")
    return time.monotonic() - begin


# ---- guests' networks and disks -----------------------------------------------------

IO_TOOLS = "LD_LIBRARY_PATH=/mnt/lib/x86_64-linux-gnu /mnt/usr/bin/"
SCRATCH = 64        # MB of the disk that is read and written


def io_domain(args, system, scratch=False):
    """The CD's domain 0 with iperf3 and fio in /mnt, and a disk to write to as /dev/vdb."""
    drives = ["-drive", f"file={args.io_disk},format=raw,if=virtio,readonly=on"]
    if scratch:
        path = os.path.join(args.out, "scratch.img")
        with open(path, "wb") as file:
            file.write(os.urandom(1 << 20) * SCRATCH)
        drives += ["-drive", f"file={path},format=raw,if=virtio"]
    m = kernel0(args, system, "", 1536, 1, ["-cdrom", args.iso] + drives,
                "dom0_mem=768M", initrd=args.initrd)
    try:
        m.login(300)
        m.command("mount -o ro /dev/vda /mnt && dmesg -n 1")
    except Exception:
        m.close()
        raise
    return m


def create(args, name, more="", memory=128):
    """A guest with the CD's root and the same tools, up to its ssh."""
    args.machine.command(f"xl create /etc/xen/demo1.cfg 'name=\"{name}\"' memory={memory} "
                         f"'disk=[\"phy:/dev/xendemo,xvda,r\",\"phy:/dev/vda,xvdb,r\"{more}]'", 120)
    answers(args.machine, name)
    inside(args, name, "mount -o ro /dev/xvdb /mnt")


def answers(m, name):
    m.command(f"until echo | nc -w 2 {name} 22 | grep -q SSH; do usleep 50000; done", 300)


def iperf(text):
    """Milliseconds for 1 MB, from what the receiver got."""
    hit = re.search(r"([\d.]+) Mbits/sec +receiver", text)
    if not hit or not float(hit.group(1)):
        raise Broken(f"iperf3 says: {text.strip()[-200:]}")
    return 8000 / float(hit.group(1))


def net(args, system):
    """iperf3 over the guests' bridge; domain 0 is the one that calls, as its filter wants."""
    m = io_domain(args, system)
    try:
        for name in ("g1", "g2"):
            create(args, name)
            inside(args, name, f"{IO_TOOLS}iperf3 -s -D")
        client = f"{IO_TOOLS}iperf3 -f m -t 6 -O 1 -c "
        g2 = m.command("awk '$2 == \"g2\" { print $1 }' /etc/hosts").split()[0]    # g1 has no names
        return {"to-guest": iperf(m.command(client + "g1", 90)),
                "from-guest": iperf(m.command(client + "g1 -R", 90)),
                "between-guests": iperf(inside(args, "g1", client + g2, 90))}
    finally:
        m.close()


def fio(args, kind, size, amount):
    """Milliseconds for 1 MB; the guest's disk is read and written past its page cache."""
    text = inside(args, "g", f"{IO_TOOLS}fio --minimal --name=x --filename=/dev/xvdc --direct=1 --rw={kind} "
                          f"--bs={size} --size={SCRATCH}m --io_size={amount}m", 300)
    fields = re.search(r"3;fio-.*", text).group(0).split(";")
    kilobytes, milliseconds = (float(fields[i]) for i in ((46, 49) if "write" in kind else (5, 8)))
    return milliseconds * 1024 / kilobytes


def disk(args, system):
    """fio on a guest's disk that is a disk of the machine; each kind is the best of two."""
    m = io_domain(args, system, scratch=True)
    try:
        create(args, "g", ",\"phy:/dev/vdb,xvdc,w\"", 256)
        return {name: min(fio(args, kind, size, amount) for _ in range(2))
                for name, kind, size, amount in (
                    ("read-128k", "read", "128k", 64), ("write-128k", "write", "128k", 64),
                    ("read-4k-random", "randread", "4k", 8), ("write-4k-random", "randwrite", "4k", 8))}
    finally:
        m.close()


def save(args, system):
    """xl itself, without the script in front of it, which adds and checks a checksum."""
    m = io_domain(args, system)
    try:
        create(args, "g", memory=256)
        m.command("mkdir -p /tmp/ram && mount -t tmpfs -o size=400M none /tmp/ram")
        seconds = []
        for line in ("save g /tmp/ram/g", "restore /tmp/ram/g"):
            begin = time.monotonic()
            m.command(f"/usr/lib/xen-4.17/bin/xl {line} >/dev/null 2>&1", 300)
            seconds.append(time.monotonic() - begin)
        answers(m, "g")
        return dict(zip(("save", "restore"), seconds))
    finally:
        m.close()
