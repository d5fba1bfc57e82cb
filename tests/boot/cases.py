# SPDX-License-Identifier: GPL-2.0-only
"""The list of boot tests.

A group is one machine; its cases run on it in order, each going on where the one
before stopped.  The first case of a group boots the machine.
"""
import http.server
import os
import random
import re
import socket
import threading
import time

import payload
from machine import TIME_FACTOR, Broken, Failure, Machine

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


def create(env, name):
    env.machine.command(f"xl create /etc/xen/{name}.cfg", 60)


def console_login(env, name):
    """Logs in on a guest's console and comes back to domain 0."""
    m = env.machine
    m.send(f"xl console {name}\n")
    m.pump(1)
    m.send("\n")
    seen = m.login(90)
    has(seen, rf"guest {name}", "the guest's login message")
    m.command("test -b /dev/xvda && cat /sys/hypervisor/uuid")
    m.send("exit\n")
    m.expect("login: ?$", 20)
    m.send("\x1d")
    m.expect("# ?$", 20)


@cd
def demo1(env):
    """xl create -c, log in to the guest, leave its console"""
    m = env.machine
    m.send("xl create -c /etc/xen/demo1.cfg\n")
    seen = m.login(90)
    has(seen, r"guest demo1", "the guest's login message")
    has(m.command("cat /proc/cpuinfo | head -n 3; cat /sys/hypervisor/type"), "xen", "in the guest")
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


def cpu_time(env, name):
    hit = re.search(rf"{name} +\d+ +\d+ +\d+ +\S+ +([\d.]+)", env.machine.command("xl list"))
    if not hit:
        raise Failure(f"{name} is not in xl list")
    return float(hit.group(1))


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
    if "demo1" in env.machine.command("xl list"):
        raise Failure("demo1 is still there after xl shutdown -w")


@cd
def destroy(env):
    env.machine.command("xl destroy demo2")
    if "demo2" in env.machine.command("xl list"):
        raise Failure("demo2 is still there after xl destroy")


def free_memory(env):
    return int(env.machine.command("xl info free_memory").split()[0])


def settle_memory(env, before):
    """Waits until as many MB are free as before; fails if they never are."""
    end = time.monotonic() + 20
    while free_memory(env) != before and time.monotonic() < end:
        env.machine.command("sleep 1")
    if free_memory(env) != before:
        raise Failure(f"free memory was {before} MB, now it is {free_memory(env)} MB")


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


# ---- guests' disks and networks ----------------------------------------------------

guests = Group("guests", "guests with disks and networks")


class Web:
    """A web server of this host, on its loopback: 10.0.2.2 in QEMU's user network."""

    def __init__(self, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


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


def domain_id(env, name):
    return int(env.machine.command(f"xl domid {name}").split()[0])


def state(env):
    """What a guest that never came to be may not change: domains, xenstore, loops, bridge ports."""
    return env.machine.command(
        "xl list | awk '{print $1}' | sort; xenstore-ls -f | sed 's/ =.*//' | grep -c -v '^/libxl\\|/vm/'; "
        "losetup -a | wc -l; ls /sys/class/net | sort; ls /run/xen/addresses | wc -l; "
        "nft list ruleset | grep -c 169.254")


def refused(env, line, message):
    """A command that must fail with this message and leave nothing behind."""
    before = state(env)
    out = env.machine.command(line + " 2>&1", 90, status=None)
    has(out, message, line)
    end = time.monotonic() + 20 * TIME_FACTOR
    while state(env) != before:
        if time.monotonic() > end:
            raise Failure(f"'{line}' leaves something behind: {before.split()} != {state(env).split()}")
        env.machine.command("sleep 1")


@guests
def guest_network(env):
    """a guest's web page over its link-local address, by its name; ssh into it"""
    env.ssh = free_port()
    disk = env.tmp("disk.img")
    with open(disk, "wb") as file:
        file.truncate(64 << 20)
    with open(env.tmp("grub.cfg"), "w", encoding="ascii") as file:
        file.write("set timeout=0\nmenuentry disk {\n linux /boot/vmlinuz console=hvc0 quiet from=disk\n"
                   " initrd /boot/initrd\n}\n")
    own = payload.disk(env.tmp("own.img"), {
        "boot/grub/grub.cfg": env.tmp("grub.cfg"), "boot/vmlinuz": env.debian_kernel,
        "boot/initrd": hello_initrd(env)})
    hello_iso = payload.iso(env.tmp("hello.iso"), {
        "hello": os.path.join(env.guest_tests, "hello.elf"), "own.img": own,
        "pvgrub": payload.pv_grub(env.tmp("pvgrub"))})
    env.machine = m = boot_direct(
        env, "dom0_mem=320M", initrd=env.initrd, memory=768,
        extra=["-cdrom", env.iso, "-drive", f"file={disk},format=raw,if=virtio",
               "-drive", f"file={hello_iso},format=raw,if=virtio,readonly=on",
               "-nic", f"user,model=e1000,hostfwd=tcp:127.0.0.1:{env.ssh}-:2201"])
    m.login()
    start_guest(env, "/etc/xen/web.cfg", "web")
    has(m.command("wget -q -O - http://web/", 60), r"This is guest web", "the guest's page")
    has(m.command("ip -4 addr show xenbr0"), r"169\.254\.1\.0/16", "domain 0's link-local address")
    has(inside(env, "web", "hostname; ip -4 -o addr show dev eth0"), r"web\s+.*169\.254\.", "in the guest")


@guests
def spoofing(env):
    """a guest's packets with an address that isn't its own are dropped, IP and ARP"""
    m = env.machine
    inside(env, "web", "ip addr add 169.254.9.9/16 dev eth0; ping -c 1 -W 5 169.254.1.0")
    inside(env, "web", "ping -c 2 -W 1 -I 169.254.9.9 169.254.1.0", status=1)
    inside(env, "web", "arping -c 2 -w 3 -I eth0 -s 169.254.9.9 169.254.1.0; arping -U -c 2 -w 3 -I eth0 169.254.9.9",
           status=None)
    if "169.254.9.9" in m.command("cat /proc/net/arp"):
        raise Failure("domain 0 learnt an address that isn't the guest's")
    inside(env, "web", "ip addr del 169.254.9.9/16 dev eth0")
    out = inside(env, "web", "echo | nc -w 3 169.254.1.0 22", status=None)
    if "SSH" in out:
        raise Failure("a guest reaches domain 0's ssh")


@guests
def nat(env):
    """xen_nat_enable: a guest fetches a page outside, and port 2201 leads to its ssh"""
    m = env.machine
    web = Web(b"outside page\n")
    url = f"timeout 20 wget -q -O - http://10.0.2.2:{web.port}/"
    if "outside page" in inside(env, "web", url, status=None):
        raise Failure("a guest reaches the outside without NAT")
    wait_for(env, "ip route show default | grep .", 30)
    m.command("xen_nat_enable")
    has(inside(env, "web", url), r"outside page", "the guest's outside")
    if domain_id(env, "web") != 1:
        raise Broken("the first guest isn't number 1")
    with socket.create_connection(("127.0.0.1", env.ssh), 10 * TIME_FACTOR) as sock:
        sock.settimeout(20 * TIME_FACTOR)
        has(sock.recv(100).decode("latin-1"), r"SSH-2\.0", "domain 0's port 2201")


@guests
def disk_and_net_data(env):
    """data through a vif onto a vbd: the same on both sides, in the guest and in domain 0"""
    m = env.machine
    start_guest(env, "/etc/xen/demo2.cfg", "demo2")
    m.command("dd if=/dev/urandom of=/tmp/data bs=64k count=64 2>/dev/null")
    mine = m.command("md5sum </tmp/data").split()[0]
    wait_for(env, "DROPBEAR_PASSWORD=xendemo dbclient -y -y root@demo2 'test -s /data/starts'")
    m.command("DROPBEAR_PASSWORD=xendemo dbclient -y -y root@demo2 'cat >/data/file; sync' </tmp/data", 90)
    theirs = inside(env, "demo2", "echo 3 >/proc/sys/vm/drop_caches; md5sum </data/file").split()
    if mine not in theirs:
        raise Failure(f"the guest has {theirs}, domain 0 {mine}")
    back = m.command("DROPBEAR_PASSWORD=xendemo dbclient -y -y root@demo2 'cat /data/file' 2>/dev/null | md5sum", 90)
    has(back, mine, "the file through the network and back")
    refused(env, "xl create /etc/xen/demo2.cfg 'name=\"other\"'", r"demo2\.img: guest \d+ has it already")
    m.command("xl shutdown -w demo2", 90)
    wait_for(env, "! losetup -a | grep demo2", 20)
    m.command("mkdir -p /tmp/m && mount -o ro,loop /var/lib/xen/images/demo2.img /tmp/m")
    has(m.command("md5sum </tmp/m/file"), mine, "the guest's disk, seen from domain 0")
    refused(env, "xl create /etc/xen/demo2.cfg", r"demo2\.img: domain 0 has it already")
    m.command("umount /tmp/m")


@guests
def attach_detach(env):
    """disks and network cards that come and go while the guest runs"""
    m = env.machine
    m.command("truncate -s 8M /tmp/a.img")
    m.command("xl block-attach web /tmp/a.img,raw,xvdc,w", 60)
    has(m.command("xl block-list web"), r"51744|\d+", "xl block-list")
    inside(env, "web", "dd if=/dev/urandom of=/tmp/r bs=64k count=16 2>/dev/null; "
                       "dd if=/tmp/r of=/dev/xvdc bs=64k 2>/dev/null; sync")
    theirs = inside(env, "web", "md5sum </tmp/r").split()[-2]
    m.command("xl block-detach web xvdc", 60)
    has(m.command("head -c 1048576 /tmp/a.img | md5sum"), theirs, "what the guest wrote")
    has(m.command("losetup -a | grep -c a.img", status=None), r"0", "loop devices after the detach")
    m.command("xl block-attach web phy:/dev/vda,xvdd,w && xl block-attach web phy:/dev/sr0,xvde,r", 60)
    refused(env, "xl block-attach web phy:/dev/sr0,xvdf,w", r"read-only; use mode r|mounted")
    inside(env, "web", "dd if=/dev/xvde bs=2k skip=16 count=1 2>/dev/null | grep -q CD001")
    inside(env, "web", "dd if=/dev/zero of=/dev/xvde bs=2k count=1 && sync", status=1)
    m.command("xl block-detach web xvdd; xl block-detach web xvde", 60)
    m.command("xl network-attach web ip=10.9.9.2/24", 60)
    m.command("ip addr add 10.9.9.1/24 dev xenbr0")
    wait_for(env, "ping -c 1 -W 2 10.9.9.2", 30)
    m.command("xl network-detach web 1", 60)
    m.command("ip addr del 10.9.9.1/24 dev xenbr0")
    if "vif1.1" in m.command("nft list ruleset; ls /sys/class/net; cat /run/xen/addresses/*"):
        raise Failure("the detached card is still known")


@guests
def xl_rows(env):
    """the commands of docs/xl.md that no other case tries, and refusals that must be clear"""
    m = env.machine
    has(m.command("xl vm-list; xl domname $(xl domid web)"), r"1 +web\s+web", "xl vm-list, domid, domname")
    m.command("xl rename web other && xl domid other && xl rename other web")
    m.command("xl vcpu-pin web 0 0 && xl vcpu-set web 1 && xl vcpu-list web && xl uptime && xl claims")
    m.command("xl mem-set web 56 && xl mem-max web 80")
    wait_for(env, "xl list web | grep -q ' 56 '", 20)
    m.command("xl mem-set web 64 && xl sched-credit -d web -w 512")
    has(m.command("xl sched-credit -d web; xl cpupool-list"), r"512[^$]*Pool-0", "xl sched-credit, cpupool-list")
    m.command("xl sysrq web h && xl trigger web nmi 0 && xl sharing && xl top -b -i 1")
    has(m.command("xl dump-core web /tmp/core && dd if=/tmp/core bs=4 count=1 2>/dev/null; rm /tmp/core", 90), "ELF",
        "xl dump-core")
    for line, reason in (("xl sched-credit2", r"(?i)credit2|^$"), ("xl set-parameters a=1", "cannot set parameters"),
                         ("xl getenforce", "disabled|Disabled"), ("xl pci-attach web 00:03.0", "not assignable"),
                         ("xl qemu-monitor-command web info", r"(?i)error|fail|no such"),
                         ("xl vdispl-attach web connectors=id0:1x1", "nothing in domain 0 serves such devices"),
                         ("xl cpupool-cpu-remove Pool-0 0", "not supported"),
                         ("xl psr-cat-show web", "(?i)unsupported operation")):
        has(m.command(line + " 2>&1", 30, None), reason, line)
    m.command("xl reboot web")
    wait_for(env, "xl list web | awk '$2 > 1' | grep web", 60)
    wait_for(env, "wget -q -O - http://web/ | grep guest", 90)


@guests
def routed(env):
    """vif-route: a guest with a public address, without a bridge"""
    m = env.machine
    start_guest(env, "/etc/xen/demo1.cfg 'vif=[\"script=vif-route,ip=10.0.2.60\"]'", "demo1")
    m.command("ping -c 1 -W 5 demo1 && ping -c 1 -W 5 10.0.2.60")
    inside(env, "demo1", "ping -c 1 -W 5 -I 10.0.2.60 10.0.2.2")
    inside(env, "demo1", "ip addr add 10.0.2.61/32 dev eth0; ping -c 1 -W 2 -I 10.0.2.61 169.254.1.0", status=1)
    m.command("xl destroy demo1")


@guests
def bad_devices(env):
    """missing images, bridges and addresses: one clear reason, nothing left behind"""
    config = "/etc/xen/demo1.cfg"
    for line, message in (
            (f"xl create {config} 'vif=[\"bridge=nobr\"]'", r"bridge nobr: domain 0 has no such bridge"),
            (f"xl create {config} 'vif=[\"ip=10.0.0.x\"]'", r"ip=10\.0\.0\.x: not an address"),
            (f"xl create {config} 'disk=[\"phy:/dev/none,xvda,r\"]'", r"/dev/none"),
            (f"xl create {config} 'disk=[\"/no.img,raw,xvda,r\"]'", r"/no\.img"),
            ("xl network-attach web bridge=nobr", r"bridge nobr: domain 0 has no such bridge"),
            ("xl block-attach web phy:/dev/none,xvdg,w", r"/dev/none")):
        refused(env, line, message)


@guests
def own_disk(env):
    """a guest installed on a whole disk: its root is xvda, and keeps what is written"""
    m = env.machine
    m.command("dd if=/dev/zero of=/dev/vda bs=64k count=1 2>/dev/null && guest-to-disk own /dev/vda", 120)
    has(m.command("guest-to-disk own2 /dev/vda 2>&1", status=None), r"there is something on it", "guest-to-disk")
    start_guest(env, "/etc/xen/own.cfg", "own")
    inside(env, "own", "grep -q \"^/dev/root / ext\" /proc/mounts && echo kept >/root/kept && sync")
    m.command("xl shutdown -w own", 90)
    start_guest(env, "/etc/xen/own.cfg", "own")
    inside(env, "own", "grep kept /root/kept")
    m.command("xl destroy own")


@guests
def save_restore(env):
    """a guest with a busy disk and an open connection: saved, restored, goes on; its disk is whole"""
    m = env.machine
    m.command("xl create /etc/xen/demo2.cfg", 60)
    wait_for(env, "DROPBEAR_PASSWORD=xendemo dbclient -y -y root@demo2 'test -s /data/starts'")
    inside(env, "demo2", "cat >/tmp/load <<E\nn=0; while :; do n=\\$((n+1)); echo \\$n >>/data/count; done\nE\n"
                         "sh /tmp/load >/dev/null 2>&1 &")
    m.command("(DROPBEAR_PASSWORD=xendemo dbclient -y -y root@demo2 'i=0; while [ $i -lt 600 ]; do i=$((i+1)); "
              "echo line $i; usleep 200000; done' >/tmp/lines 2>/dev/null &)")
    wait_for(env, "grep -q 'line 3' /tmp/lines")
    m.command("xl save demo2 /tmp/demo2.save", 120)
    if "demo2" in m.command("xl list"):
        raise Failure("the saved guest still runs")
    before = int(m.command("tail -n 1 /tmp/lines").split()[-1])
    m.command("xl restore /tmp/demo2.save", 120)
    wait_for(env, f"[ $(tail -n 1 /tmp/lines | cut -d' ' -f2) -gt {before + 5} ]", 60)
    inside(env, "demo2", "awk \"{ if (\\$1 != NR) exit 1 }\" /data/count && killall sh", status=None)
    inside(env, "demo2", "awk \"{ if (\\$1 != NR) exit 1 }\" /data/count && test $(wc -l </data/count) -gt 10")
    m.command("killall dbclient", status=None)


@guests
def bad_saves(env):
    """a full disk: the guest goes on; a truncated or altered file: refused, with the reason"""
    m = env.machine
    m.command("mkdir -p /tmp/full && mount -t tmpfs -o size=8M tmpfs /tmp/full && echo old >/tmp/full/s")
    out = m.command("xl save demo2 /tmp/full/s 2>&1", 120, status=None)
    has(out, r"No space left", "xl save to a full disk")
    has(out, r"nothing was saved", "xl save to a full disk")
    has(m.command("ls /tmp/full; cat /tmp/full/s"), r"^s\s+old\s", "the older file, alone")
    wait_for(env, "echo | nc -w 2 demo2 22 | grep SSH", 60)
    m.command("xl shutdown -w demo2", 90)
    size = int(m.command("stat -c %s /tmp/demo2.save").split()[0])
    m.command(f"head -c {size // 2} /tmp/demo2.save >/tmp/cut.save")
    refused(env, "xl restore /tmp/cut.save", r"no checksum at its end, so it was cut off")
    refused(env, "/usr/lib/xen-4.17/bin/xl restore /tmp/cut.save", r"(?i)truncated|failed to read|unexpected|end of file")
    m.command(f"rm /tmp/cut.save; dd if=/dev/zero of=/tmp/demo2.save bs=1 seek={size // 2} count=64 conv=notrunc 2>/dev/null")
    m.command(f"dd if=/dev/urandom of=/tmp/demo2.save bs=1 seek={size // 2} count=64 conv=notrunc 2>/dev/null")
    refused(env, "xl restore /tmp/demo2.save", r"was altered since it was saved")
    refused(env, "xl restore /etc/hosts", r"no checksum at its end")
    refused(env, "xl migrate web otherhost", r"can't move running guests yet; nothing was done")
    inside(env, "web", "true")
    m.command("rm /tmp/demo2.save; umount /tmp/full")


@guests
def hello(env):
    """the guest of docs/porting.md: name, clock, typing, xl shutdown"""
    m = env.machine
    m.command("mkdir -p /mnt && mount -o ro /dev/vdb /mnt && printf 'name=\"hello\"\ntype=\"pv\"\n"
              "kernel=\"/mnt/hello\"\nmemory=16\n' >/tmp/hello.cfg")
    m.send("xl create -c /tmp/hello.cfg\n")
    m.expect(r"Hello, I am hello, with 16 MB on xen-3\.0-x86_64", 60, reject=r"xl: |error")
    m.expect(r"second 2\n", 30)
    m.send("x")
    m.expect(r"you typed x", 20)
    m.send("\x1d")
    m.expect("# ?$", 20)
    m.command("xl shutdown -w hello", 60)


@guests
def pvgrub(env):
    """GRUB as the guest's kernel boots Debian's from the guest's own disk"""
    m = env.machine
    m.command("printf 'name=\"grub\"\ntype=\"pv\"\nkernel=\"/mnt/pvgrub\"\nmemory=128\n"
              "disk=[\"/mnt/own.img,raw,xvda,r\"]\n' >/tmp/grub.cfg")
    m.send("xl create -c /tmp/grub.cfg\n")
    m.expect(r"HELLO from /init, hypervisor xen", 120, reject=r"Kernel panic|failed to|xl: ")
    m.expect("# ?$", 60)
    m.command("umount /mnt")


@guests
def pair(env):
    """two guests that talk over a bridge of their own"""
    m = env.machine
    m.command("/etc/xen/pair", 120)
    m.send("xl console pair2\n")
    m.expect(r"pair1, up \d+ s, heard: call \d+ from pair2", 90)
    m.send("\x1d")
    m.expect("# ?$", 20)
    m.command("xl destroy pair1; xl destroy pair2")


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


# ---- event channels and grants ------------------------------------------------------

events = Group("events", "event channels and grants under Linux and the tools")


def channels(env, domain):
    """What debug key 'e' says of a domain: its first line."""
    m = env.machine
    m.command("xl dmesg -c >/dev/null; xl debug-keys e; sleep 1")
    has(m.command(f"xl dmesg | grep -A2 'd{domain}: .*ports up to'"), r"ports up to", "debug key e")
    return m.command(f"xl dmesg | grep 'd{domain}: .*ports up to'")


def domain_id(env, name):
    return env.machine.command(f"xl domid {name}").strip()


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
    seen = env.machine.command("xenalyze -a /tmp/trace 2>/dev/null | grep -E 'runstate_change|sched_switch' | head -n 100")
    has(seen, r"runstate_change d0v\d running->blocked", "xenalyze -a")
    has(seen, r"sched_switch prev d0v\d next d32767v\d", "xenalyze -a")


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


deb = Group("debian", "Debian's kernel as domain 0")


@deb
def debian_dom0(env):
    """Debian's kernel, unmodified, reaches its /init"""
    env.machine = boot_direct(env, kernel=env.debian_kernel, initrd=hello_initrd(env), memory=512)
    env.machine.expect(r"HELLO from /init, hypervisor xen", 120, reject=r"Kernel panic|Panic on CPU")
    env.machine.wait_end(30)


# ---- several CPUs -----------------------------------------------------------------

smp = Group("smp", "four CPUs")


@smp
def four_cpus(env):
    """all CPUs are started and domain 0 has them all"""
    busy = payload.static_program(env.tmp("busy"), os.path.join(env.here, "busy.c"))
    disk = payload.iso(env.tmp("stress.iso"), {
        "busy.cpio": payload.initramfs(env.tmp("busy.cpio"), busy),
        "stress.sh": os.path.join(env.here, "stress.sh")})
    env.machine = boot_direct(env, "dom0_mem=384M", initrd=env.initrd, memory=1024, cpus=4, extra=[
        "-cdrom", env.iso, "-drive", f"file={disk},format=raw,if=virtio,readonly=on"])
    env.machine.login(120)
    has(env.machine.command("xl info nr_cpus; nproc"), r"^4\n4\n", "CPUs")
    env.machine.command("mkdir -p /mnt && mount -o ro /dev/vda /mnt")


@smp
def stress(env):
    """two minutes of guests created, pinned, plugged, ballooned, paused and destroyed at random"""
    m = env.machine
    before = free_memory(env)
    seed = int(os.environ.get("SEED", time.time())) % 32768
    out = m.command(f"sh /mnt/stress.sh /mnt 120 {seed}", 600)
    has(out, r"STRESS \d{2,} operations, 0 failed", f"random operations, SEED={seed}")
    settle_memory(env, before)
    has(m.command("xl list | wc -l"), r"^\s*2\b", "domain 0 alone is left")
    if re.search(r"crashed|Panic|BUG|WARN", m.command("xl dmesg")):
        raise Failure("the hypervisor complains: " + m.command("xl dmesg | tail -n 20"))


# ---- scheduling policies, on two CPUs ---------------------------------------------------

def boot_scheduler(env, xen_args):
    env.machine = boot_direct(env, "dom0_mem=256M " + xen_args, initrd=env.initrd, memory=512, cpus=2,
                              extra=["-cdrom", env.iso] + NET)
    env.machine.login()


def refused(env, line, message):
    """A command that fails, with the reason"""
    out = env.machine.command(line + " && echo SUCCEEDED", 60, status=None)
    has(out, message, line)
    if "SUCCEEDED" in out:
        raise Failure(f"'{line}' succeeds")


rtds = Group("rtds", "reservations: sched=rtds")


@rtds
def rtds_tools(env):
    """xl info, cpupool-list and sched-rtds agree; reservations are set and checked"""
    boot_scheduler(env, "sched=rtds")
    m = env.machine
    has(m.command("xl info xen_scheduler; xl cpupool-list"), r"^rtds\n[^$]*Pool-0 +2 +rtds +y +1", "policy")
    m.command("xl sched-rtds -d Domain-0 -v 1 -p 20000 -b 10000 -e 0")
    has(m.command("xl sched-rtds -d Domain-0 -v all"),
        r"Domain-0 +0 +0 +10000 +4000 +yes\s+Domain-0 +0 +1 +20000 +10000 +no", "sched-rtds")
    refused(env, "xl sched-rtds -d Domain-0 -v 0 -p 10000 -b 20000 -e 1", r"(?i)budget")
    refused(env, "xl sched-credit -d Domain-0", r"(?i)(not|unsupported|schedul)")


@rtds
def rtds_guest(env):
    """a guest under reservations, bound to CPUs"""
    m = env.machine
    m.command("xl create /etc/xen/demo1.cfg vcpus=2", 60)
    m.command("xl vcpu-pin demo1 0 1 - && xl vcpu-pin demo1 1 - 0")
    has(m.command("xl vcpu-list demo1"), r"demo1 +\d+ +0 +1 +\S+ +[\d.]+ +1 / all\s+"
        r"demo1 +\d+ +1 +\S+ +\S+ +[\d.]+ +all / 0", "vcpu-list")
    refused(env, "xl vcpu-pin demo1 0 7", r"(?i)(affinity|invalid)")
    has(m.command("xl dmesg | tail -n 3"), r"CPUs 0x80 are asked for, there are 0x3", "xl dmesg")
    console_login(env, "demo1")
    m.command("xl destroy demo1")


credit = Group("credit", "weights and caps, after a policy that doesn't exist")


@credit
def credit_tools(env):
    """sched=nonsense is named and credit used; domain 0's vcpus are pinned; settings"""
    boot_scheduler(env, "sched=nonsense dom0_vcpus_pin")
    m = env.machine
    has(m.text, r"sched=nonsense: no such scheduling policy.*credit is used", "at boot")
    has(m.command("xl info xen_scheduler; xl cpupool-list"), r"^credit\n[^$]*Pool-0 +2 +credit +y +1", "policy")
    has(m.command("xl vcpu-list Domain-0"), r"0 +0 +0 +\S+ +[\d.]+ +0 / all\s+"
        r"Domain-0 +0 +1 +1 +\S+ +[\d.]+ +1 / all", "vcpu-list")
    m.command("xl sched-credit -s -t 10 -r 500")
    has(m.command("xl sched-credit -s"), r"tslice=10ms ratelimit=500us", "sched-credit -s")
    m.command("xl sched-credit -d Domain-0 -w 512 -c 150")
    has(m.command("xl sched-credit -d Domain-0"), r"Domain-0 +0 +512 +150", "sched-credit")
    m.command("xl sched-credit -d Domain-0 -c 0")
    for settings in ("-w 0", "-w 70000", "-c 10000"):
        refused(env, "xl sched-credit -d Domain-0 " + settings, r"(?i)out of range")
    refused(env, "xl sched-credit -s -t 5000", r"(?i)out of range")


@credit
def too_much(env):
    """guests with more vcpus than possible, on CPUs that aren't there"""
    m = env.machine
    refused(env, "xl create -p /etc/xen/demo1.cfg vcpus=100", r"(?i)(fail|invalid)")
    has(m.command("xl dmesg | tail -n 3"), r"100 vcpus is asked for: 1 to 32", "xl dmesg")
    refused(env, "xl create -p /etc/xen/demo1.cfg 'cpus=\"9\"'", r"(?i)(affinity|invalid|cpu)")
    refused(env, "xl create -p /etc/xen/demo1.cfg cap=10000", r"(?i)out of range")
    has(m.command("xl list | wc -l"), r"^\s*2\b", "domain 0 alone is left")


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


def linux_direct(env, disks=(), append="", memory=512, cd=True):
    """Linux without the hypervisor, straight from QEMU, with disks vda, vdb ..."""
    options = ["-kernel", env.kernel0, "-initrd", env.initrd, "-append",
               f"console=ttyS0,115200 quiet {append}"]
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
                           "console=ttyS0,115200 quiet xendemo.check", "-cdrom", env.tmp("cut.iso")], 512)
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
                               "console=ttyS0,115200 quiet xendemo.wait=3", "-drive",
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
    m.command("/usr/sbin/mke2fs -q -t ext4 /dev/vdb && mkdir -p /mnt && mount /dev/vdb /mnt")
    refused(m, r"/dev/vdb is in use: /dev/vdb is mounted on /mnt", "mode=disk", "target=/dev/vdb", "erase=yes")
    m.command("umount /mnt")
    refused(m, r"isn't blank; the answer file must say erase=yes", "mode=disk", "target=/dev/vdb")
    answers(m, "mode=disk", "target=/dev/vda")
    out = m.command("install-to-disk --dry-run --answers /tmp/answers", 60)
    has(out, r"/dev/vda3 +the rest, ext4", "the plan")
    has(out, r"Dry run: nothing was written", "the dry run")
    m.command("cmp -n $((384 * 1048576)) /dev/vda /dev/zero", 60)
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
    m.expect(r"compared every file", 180, reject=r"install-to-disk: [^\n]*")
    m.expect(r"install-to-disk: done", 120, reject=r"install-to-disk: (?!done)[^\n]*")
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


def boot_debian(env, disk):
    """The old system of payload.debian_disk() starts from the disk by itself."""
    machine = Machine(["-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"], 512)
    try:
        machine.expect(r"HELLO from /init", 120, reject=r"(?i)kernel panic|error: [^\n]*")
    finally:
        machine.close()


def precious(disk):
    payload.tool("sh", "-c", f"dd if={disk} of={disk}.part bs=1M skip=2 2>/dev/null; "
                 f"debugfs -R 'dump home/precious {disk}.precious' {disk}.part && "
                 f"cmp {disk}.precious {disk}.tree/home/precious && "
                 f"debugfs -R 'dump boot/grub/grub.cfg {disk}.cfg' {disk}.part && "
                 f"cmp {disk}.cfg {disk}.tree/boot/grub/grub.cfg")


@beside
def beside_debian(env):
    """files and one menu entry; both systems start"""
    env.disk = payload.debian_disk(env.tmp("debian.img"), env.debian_kernel, hello_initrd(env))
    boot_debian(env, env.disk)
    install_unattended(env, [env.disk], "mode=beside", "target=/dev/vda2")
    boot_debian(env, env.disk)
    precious(env.disk)


@beside
def beside_xendemo(env):
    env.machine = m = Machine(["-drive", f"file={env.disk},format=raw,if=virtio,cache=unsafe",
                               "-device", "isa-debugcon,iobase=0x402,chardev=null0", "-chardev", "null,id=null0"], 768)
    m.pump(8)
    for _ in range(20):                 # Debian's menu is on the screen only
        m.qmp("send-key", keys=[{"type": "qcode", "data": "down"}])
        m.qmp("send-key", keys=[{"type": "qcode", "data": "ret"}])
        m.pump(1)
        if re.search(r"Xen / Linux|HELLO", m.text):
            break
    m.expect(r"Xen / Linux", 30, reject=r"HELLO")
    m.send("\n")
    has(m.login(), r"on Xen 4\.17", "the login message")
    has(m.command("welcome"), r"changes +in RAM", "the root of the system beside")


free = Group("free", "install-to-disk in free space", full=True)


@free
def free_space(env):
    """a new partition behind a Linux, which still starts; its menu has the entry"""
    disk = payload.debian_disk(env.tmp("debian.img"), env.debian_kernel, hello_initrd(env), 448, 256)
    install_unattended(env, [disk], "mode=free", "target=/dev/vda")
    boot_debian(env, disk)
    precious(disk)
    payload.tool("sh", "-c", f"debugfs -R 'dump boot/grub/custom.cfg {disk}.custom' {disk}.part && "
                 f"grep -q 'configfile /xendemo/grub.cfg' {disk}.custom")


power_loss = Group("power-loss", "the power fails during an install", full=True)


@power_loss
def power_fails(env):
    """20 random moments of an install beside Debian; Debian starts each time"""
    start = payload.debian_disk(env.tmp("start.img"), env.debian_kernel, hello_initrd(env))
    disk = env.tmp("debian.img")
    dice = random.Random(1)
    seen = set()
    for turn in range(20):
        payload.tool("cp", "--sparse=always", start, disk)
        m = Machine(["-kernel", env.kernel0, "-initrd", env.initrd, "-append", "console=ttyS0,115200 quiet",
                     "-cdrom", env.iso, "-drive",
                     f"file={disk},format=raw,if=virtio,cache=writeback,throttling.bps-write=4194304"], 512)
        env.machine = m
        m.login()
        answers(m, "mode=beside", "target=/dev/vda2")
        m.send("install-to-disk --answers /tmp/answers\n")
        m.expect(r"Plan:", 60)
        m.pump(0)
        end = time.monotonic() + dice.uniform(0, 12 if turn % 2 else 6)
        while time.monotonic() < end and "install-to-disk: done" not in m.text:
            m.pump(0.05)
        seen.add(m.text[m.text.rindex("Plan:"):].strip().split("\n")[-1][:40])
        m.close()
        boot_debian(env, disk)
        whole(disk)
    print(f"    the power failed at: {sorted(seen)}")


def whole(disk):
    """after the journal's replay the file system is whole"""
    payload.tool("sh", "-c", f"dd if={disk} of={disk}.part bs=1M skip=2 2>/dev/null; e2fsck -p {disk}.part; "
                 f"[ $? -le 1 ] && e2fsck -fn {disk}.part")


network = Group("pxe", "start over the network", full=True)


@network
def pxe_boot(env):
    """the bundle of make pxe, by BIOS"""
    folder = os.path.join(os.path.dirname(env.iso), "pxe")
    if not os.path.exists(folder):
        raise Broken(f"{folder} does not exist: make pxe")
    env.machine = m = Machine(["-boot", "n", "-nic", f"user,model=e1000,tftp={folder},bootfile=xendemo.pxe"], 1024)
    m.expect(r"Xen / Linux", 120)
    m.send("\n")
    has(m.login(180), r"on Xen 4\.17", "the login message")
    create(env, "demo1")
    console_login(env, "demo1")


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
