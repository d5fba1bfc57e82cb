# SPDX-License-Identifier: GPL-2.0-only
"""Guests' disks and networks, save and restore, guests of other makes."""
import http.server
import os
import re
import socket
import threading
import time

import payload
from common import (Group, boot_direct, domain_id, free_port, has, hello_initrd, inside, start_guest, wait_for,
                    wait_gone)
from machine import Broken, Failure, TIME_FACTOR


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
    unchanged(env, before, line)


def unchanged(env, before, line):
    """state() becomes again what it was."""
    end = time.monotonic() + 20 * TIME_FACTOR
    while state(env) != before:
        if time.monotonic() > end:
            raise Failure(f"'{line}' leaves something behind: {before.split()} != {state(env).split()}")
        env.machine.command("sleep 1")


def boot_with_web(env, extra=()):
    """The machine of both groups, with the guest web; domain 0 has disks vda (empty) and vdb (hello.iso)."""
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
               "-nic", f"user,model=e1000,hostfwd=tcp:127.0.0.1:{env.ssh}-:2201", *extra])
    m.login()
    start_guest(env, "/etc/xen/web.cfg", "web")


@guests
def guest_network(env):
    """a guest's web page over its link-local address, by its name; ssh into it"""
    boot_with_web(env)
    m = env.machine
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
    wait_for(env, "ip route | grep ^default", 30)
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
    wait_gone(env, "demo2")
    wait_for(env, "! losetup -a | grep demo2", 20)
    m.command("mkdir -p /tmp/m && mount -o ro,loop /var/lib/xen/images/demo2.img /tmp/m")
    has(m.command("md5sum </tmp/m/file"), mine, "the guest's disk, seen from domain 0")
    refused(env, "xl create /etc/xen/demo2.cfg", r"demo2\.img: domain 0 has it already")
    m.command("umount /tmp/m")


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
def hello(env):
    """the guest of docs/porting.md: name, clock, typing, xl shutdown"""
    m = env.machine
    m.command("mkdir -p /mnt && mount -o ro /dev/vdb /mnt && printf 'name=\"hello\"\ntype=\"pv\"\n"
              "kernel=\"/mnt/hello\"\nmemory=32\n' >/tmp/hello.cfg")
    m.send("xl create -c /tmp/hello.cfg memory=16\n")
    m.expect(r"Hello, I am hello, with 16 MB on xen-3\.0-x86_64", 60, reject=r"xl: |error")
    m.expect(r"second 2\n", 30)
    m.send("x")
    m.expect(r"you typed x", 20)
    m.send("\x1d")
    m.expect("# ?$", 20)
    m.command("xl shutdown -w hello", 60)
    wait_gone(env, "hello")


# ---- the long ones ---------------------------------------------------------------------

more = Group("more-guests", "more of guests with disks and networks", full=True)


@more
def more_guests(env):
    """the same machine and guest, and a USB stick"""
    stick = payload.blank_disk(env.tmp("stick.img"), 8)
    boot_with_web(env, ["-device", "qemu-xhci", "-drive", f"if=none,id=stick,file={stick},format=raw",
                        "-device", "usb-storage,drive=stick,id=stick"])
    env.machine.command("mkdir -p /mnt && mount -o ro /dev/vdb /mnt")


@more
def attach_detach(env):
    """disks and network cards that come and go while the guest runs"""
    m = env.machine
    m.command("truncate -s 8M /tmp/a.img")
    m.command("xl block-attach web /tmp/a.img,raw,xvdc,w", 60)
    has(m.command("xl block-list web"), r"51744|\d+", "xl block-list")
    inside(env, "web", "dd if=/dev/urandom of=/tmp/r bs=64k count=16 2>/dev/null; "
                       "dd if=/tmp/r of=/dev/xvdc bs=64k 2>/dev/null; sync")
    theirs = inside(env, "web", "md5sum </tmp/r").split()[-2]
    refused(env, "xl block-attach web /tmp/a.img,raw,xvdf,w", r"a\.img: guest 1 has it already")
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


@more
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
    m.command("xl sysrq web h && xl trigger web nmi 0 && xl sharing && xentop -b -i 1")
    has(m.command("xl dump-core web /tmp/core && dd if=/tmp/core bs=4 count=1 2>/dev/null; rm /tmp/core", 90), "ELF",
        "xl dump-core")
    for line, reason in (("xl sched-credit2", r"(?i)credit2|^$"), ("xl set-parameters a=1", "cannot set parameters"),
                         ("xl getenforce", "disabled|Disabled"), ("xl pci-attach web 00:03.0", "not assignable"),
                         ("xl qemu-monitor-command web info", r"(?i)error|fail|no such"),
                         ("xl vdispl-attach web connectors=id0:1x1", "nothing in domain 0 serves such devices"),
                         ("xl cpupool-cpu-remove Pool-0 0", "not supported"),
                         ("xl psr-cat-show web", "(?i)unsupported operation|failed to get")):
        has(m.command(line + " 2>&1", 30, None), reason, line)
    m.command("xl reboot web")
    wait_for(env, "xl list web | awk '$2 > 1' | grep web", 60)
    wait_for(env, "wget -q -O - http://web/ | grep guest", 90)


@more
def routed(env):
    """vif-route: a guest with a public address, without a bridge"""
    m = env.machine
    start_guest(env, "/etc/xen/demo1.cfg 'vif=[\"script=vif-route,ip=10.0.2.60\"]'", "demo1")
    m.command("ping -c 1 -W 5 demo1 && ping -c 1 -W 5 10.0.2.60")
    inside(env, "demo1", "ping -c 1 -W 5 -I 10.0.2.60 10.0.2.2")
    inside(env, "demo1", "ip addr add 10.0.2.61/32 dev eth0; ping -c 1 -W 2 -I 10.0.2.61 169.254.1.0", status=1)
    m.command("xl destroy demo1")


@more
def vif_nat(env):
    """vif-nat and vifname=: one guest reaches the outside, also when all were allowed to meanwhile"""
    m = env.machine
    web = Web(b"outside page\n")
    url = f"timeout 20 wget -q -O - http://10.0.2.2:{web.port}/"
    start_guest(env, "/etc/xen/demo1.cfg 'vif=[\"script=vif-nat,vifname=lan7\"]'", "demo1")
    has(m.command("ls /sys/class/net/xenbr0/brif"), r"\blan7\b", "the bridge's ports")
    has(inside(env, "demo1", url), r"outside page", "the outside, with vif-nat")
    if "outside page" in inside(env, "web", url, status=None):
        raise Failure("a guest without NAT reaches the outside")
    m.command("xen_nat_enable && xen_nat_enable")
    has(inside(env, "web", url), r"outside page", "the outside, after xen_nat_enable")
    m.command("xen_nat_disable")
    if "outside page" in inside(env, "web", url, status=None):
        raise Failure("a guest reaches the outside after xen_nat_disable")
    has(m.command("xen_nat_disable 2>&1", status=1), r"isn't enabled", "xen_nat_disable")
    has(inside(env, "demo1", url), r"outside page", "the outside, with vif-nat, after xen_nat_disable")
    m.command("xl destroy demo1")
    wait_for(env, "! { nft list ruleset; cat /etc/hosts /run/xen/addresses/*; } | grep lan7", 20)


@more
def ipv6(env):
    """IPv6 addresses in ip=: two guests reach each other with them, and with no other"""
    for n, name in ((1, "demo1"), (2, "demo2")):
        start_guest(env, f"/etc/xen/{name}.cfg 'vif=[\"ip=fd00::{n}/64\"]'", name)
    inside(env, "demo1", "ping -c 1 -W 20 fd00::2")
    inside(env, "demo2", "ip addr add fd00::7/64 dev eth0; sleep 3; ping -c 2 -W 2 -I fd00::7 fd00::1", status=1)
    inside(env, "demo2", "ping -c 1 -W 5 -I fd00::2 fd00::1")
    env.machine.command("xl destroy demo1; xl destroy demo2")


@more
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


@more
def shrunk_image(env):
    """an image that is cut while a guest has it: the guest goes on, and the end of the disk tells"""
    m = env.machine
    before = state(env)
    m.command("dd if=/dev/urandom of=/tmp/cut.img bs=64k count=32 2>/dev/null")
    m.command("xl block-attach web /tmp/cut.img,raw,xvdc,w && truncate -s 64k /tmp/cut.img", 60)
    inside(env, "web", "dd if=/dev/xvdc of=/dev/null bs=64k 2>/dev/null", status=None)
    has(m.command("xl block-detach web xvdc 2>&1", 60), r"cut\.img: was cut off or deleted while a guest had it",
        "xl block-detach")
    has(m.command("logread"), r"cut\.img: was cut off", "the system's log")
    unchanged(env, before, "a shrinking image")


@more
def dead_disk(env):
    """a USB stick that is a guest's disk is pulled out: the guest's I/O fails, guest and domain 0 go on"""
    m = env.machine
    before = state(env)
    m.command("xl block-attach web phy:/dev/sda,xvdh,w", 60)
    inside(env, "web", "dd if=/dev/zero of=/dev/xvdh bs=64k count=4 2>/dev/null && sync")
    m.qmp("device_del", id="stick")
    wait_for(env, "! test -e /dev/sda", 20)
    inside(env, "web", "dd if=/dev/zero of=/dev/xvdh bs=64k count=4 conv=fsync 2>/dev/null", status=1)
    inside(env, "web", "true")
    m.command("xl block-detach web xvdh", 60)
    unchanged(env, before, "a disk that was pulled out")
    refused(env, "xl block-attach web phy:/dev/sda,xvdh,w", r"/dev/sda: No such file")


@more
def full_overlay(env):
    """domain 0's RAM overlay is full: no new guest, those there go on, names stay right"""
    m = env.machine
    before = state(env)
    start_guest(env, "/etc/xen/demo2.cfg", "demo2")
    m.command("dd if=/dev/zero of=/fill bs=64k 2>/dev/null", status=1)
    has(m.command("welcome"), r"THERE IS NO ROOM LEFT", "the login message")
    inside(env, "demo2", "dd if=/dev/urandom of=/data/x bs=64k count=64 2>/dev/null; sync; dmesg | grep \"I/O error\"")
    refused(env, "xl create /etc/xen/demo1.cfg", r"No space left on device")
    m.command("xl destroy demo2", 60)
    inside(env, "web", "true")
    m.command("rm /fill")
    unchanged(env, before, "a full overlay")
    start_guest(env, "/etc/xen/demo1.cfg", "demo1")
    if "demo2" in m.command("cat /etc/hosts"):
        raise Failure("a name leads to a guest that is gone")
    m.command("xl destroy demo1; rm -f /var/lib/xen/images/demo2.img; truncate -s 64M /var/lib/xen/images/demo2.img")


@more
def dies_in_save(env):
    """a guest that is destroyed while it is saved: the save fails, nothing is left behind"""
    m = env.machine
    before = state(env)
    start_guest(env, "/etc/xen/demo1.cfg", "demo1")
    m.command("mkfifo /tmp/d && ( (dd bs=64k count=16; xl destroy demo1; cat) </tmp/d >/dev/null 2>&1 &)")
    has(m.command("xl save demo1 /tmp/d 2>&1", 90, status=1), r"Save failed", "xl save")
    m.command("rm /tmp/d; ! ps | grep '[x]l create /etc/xen/demo1'")
    unchanged(env, before, "a guest that was destroyed while it was saved")


@more
def own_disk(env):
    """a guest installed on a whole disk: its root is xvda, and keeps what is written"""
    m = env.machine
    m.command("dd if=/dev/zero of=/dev/vda bs=64k count=1 2>/dev/null && guest-to-disk own /dev/vda", 120)
    has(m.command("guest-to-disk own2 /dev/vda 2>&1", status=None), r"there is something on it", "guest-to-disk")
    start_guest(env, "/etc/xen/own.cfg", "own")
    inside(env, "own", "grep -q \"^/dev/root / ext\" /proc/mounts && echo kept >/root/kept && sync")
    m.command("xl shutdown -w own", 90)
    wait_gone(env, "own")
    start_guest(env, "/etc/xen/own.cfg", "own")
    inside(env, "own", "grep kept /root/kept")
    m.command("xl destroy own")


@more
def bad_saves(env):
    """a full disk: the guest goes on; a truncated or altered file: refused, with the reason"""
    m = env.machine
    start_guest(env, "/etc/xen/demo2.cfg", "demo2")
    m.send("xl save demo2 /tmp/demo2.save\n")
    m.expect(r"Frames", 60)
    m.send("\x03")
    m.expect(r"nothing was saved", 60)
    m.expect("# ?$", 20)
    inside(env, "demo2", "true")
    m.command("xl save demo2 /tmp/demo2.save", 120)
    m.command("xl restore /tmp/demo2.save", 120)
    m.command("mkdir -p /tmp/full && mount -t tmpfs -o size=8M tmpfs /tmp/full && echo old >/tmp/full/s")
    out = m.command("xl save demo2 /tmp/full/s 2>&1", 120, status=None)
    has(out, r"No space left", "xl save to a full disk")
    has(out, r"nothing was saved", "xl save to a full disk")
    has(m.command("ls /tmp/full; cat /tmp/full/s"), r"^s\s+old\s", "the older file, alone")
    wait_for(env, "echo | nc -w 2 demo2 22 | grep SSH", 60)
    m.command("xl shutdown -w demo2", 90)
    wait_gone(env, "demo2")
    size = int(m.command("stat -c %s /tmp/demo2.save").split()[0])
    m.command(f"head -c {size // 2} /tmp/demo2.save >/tmp/cut.save")
    refused(env, "xl restore /tmp/cut.save", r"no checksum at its end, so it was cut off")
    refused(env, "/usr/lib/xen-4.17/bin/xl restore /tmp/cut.save", r"(?i)truncated|failed to read|unexpected|end of file")
    m.command(f"rm /tmp/cut.save; dd if=/dev/zero of=/tmp/demo2.save bs=1 seek={size // 2} count=64 conv=notrunc 2>/dev/null")
    m.command(f"dd if=/dev/urandom of=/tmp/demo2.save bs=1 seek={size // 2} count=64 conv=notrunc 2>/dev/null")
    refused(env, "xl restore /tmp/demo2.save", r"was altered since it was saved")
    refused(env, "xl restore /etc/hosts", r"no checksum at its end")
    refused(env, "xl migrate -s false web otherhost", r"otherhost can't be reached, .*the guest goes on")
    refused(env, "xl remus web otherhost", r"no log of what a guest changes; nothing was done")
    real = "/usr/lib/xen-4.17/bin/xl"
    refused(env, f"{real} migrate -s '' web '{real} migrate-receive'", r"Operation not supported")
    inside(env, "web", "true")
    m.command("rm /tmp/demo2.save; umount /tmp/full")


@more
def pvgrub(env):
    """GRUB as the guest's kernel boots Debian's from the guest's own disk"""
    m = env.machine
    m.command("printf 'name=\"grub\"\ntype=\"pv\"\nkernel=\"/mnt/pvgrub\"\nmemory=128\n"
              "disk=[\"/mnt/own.img,raw,xvda,r\"]\n' >/tmp/grub.cfg")
    m.send("xl create -c /tmp/grub.cfg\n")
    m.expect(r"HELLO from /init, hypervisor xen", 120, reject=r"Kernel panic|failed to|xl: ")
    m.expect("# ?$", 60)
    wait_gone(env, "grub")
    wait_for(env, "! losetup -a | grep own.img", 20)


@more
def pair(env):
    """two guests that talk over a bridge of their own"""
    m = env.machine
    m.command("/etc/xen/pair", 120)
    m.send("xl console pair2\n")
    m.expect(r"pair1, up \d+ s, heard: call \d+ from pair2", 90)
    m.send("\x1d")
    m.expect("# ?$", 20)
    m.command("xl destroy pair1; xl destroy pair2")


@more
def bridged(env):
    """xen_bridge_enable: the machine's card on xenbr0, its address too, a guest on its network; the login message"""
    m = env.machine
    has(m.command("welcome"), r"addresses +eth0 10\.0\.2\.15 ", "before")
    m.command("xen_bridge_enable")
    wait_for(env, "ip route | grep 'default via 10.0.2.2 dev xenbr0'", 30)
    has(m.command("xen_bridge_enable 2>&1", status=1), r"eth0: is on a bridge already", "the second time")
    has(m.command("welcome"), r"addresses +xenbr0 10\.0\.2\.15 \(DHCP on xenbr0\)", "after")
    m.command("ping -c 1 -W 5 10.0.2.2 && ping -c 1 -W 5 web")
    start_guest(env, "/etc/xen/demo1.cfg 'vif=[\"ip=10.0.2.77/24\"]'", "demo1")
    inside(env, "demo1", "ping -c 1 -W 5 -I 10.0.2.77 10.0.2.2")
    has(inside(env, "demo1", "welcome"), r"ssh root@10\.0\.2\.77 from another", "the guest's login message")
    has(inside(env, "web", "welcome"), r"ssh root@web from domain 0", "another guest's")
    m.command("killall udhcpc; ip -4 addr del 10.0.2.15/24 dev xenbr0")
    has(m.command("welcome"), r"addresses +none yet, waiting for DHCP on xenbr0", "without the machine's address")
    m.command("xl destroy demo1")


# ---- two machines ---------------------------------------------------------------------

two = Group("two-machines", "a guest moves to another machine")


def boot_linked(env, number, link):
    m = boot_direct(env, "dom0_mem=300M", initrd=env.initrd, memory=512,
                    kernel_args=f"console=hvc0 ip=10.9.8.{number}::10.9.8.{number}:255.255.255.0:m{number}:eth0:off",
                    extra=["-cdrom", env.iso,
                           "-nic", f"socket,{link},model=e1000,mac=52:54:00:09:08:0{number}"])
    m.login()
    return m


@two
def migrated(env):
    """a guest whose name is taken there goes on here; else its processes go on there, with the right time"""
    port = free_port()
    env.machine = m = boot_linked(env, 1, f"listen=127.0.0.1:{port}")
    other = boot_linked(env, 2, f"connect=127.0.0.1:{port}")
    try:
        wait_for(env, "ping -c 1 -W 2 10.9.8.2", 30)
        start_guest(env, "/etc/xen/demo1.cfg", "demo1")
        inside(env, "demo1", "(while :; do date +%s >/tmp/now; sleep 1; done) >/dev/null 2>&1 &")
        other.command("xl create -p /etc/xen/demo1.cfg", 60)
        refused(env, "DROPBEAR_PASSWORD=xendemo xl migrate -s 'dbclient -y -y' demo1 root@10.9.8.2",
                r"already exists[^$]*couldn't be (sent to|restored on) root@10\.9\.8\.2; it goes on here")
        inside(env, "demo1", "true")
        has(other.command("xl list demo1"), r"demo1 +1 +64 +1 +--p", "the other's own guest")
        other.command("xl destroy demo1")

        m.send("xl migrate demo1 root@10.9.8.2\n")
        m.expect(r"\(y/n\)", 20)
        m.send("y\n")
        m.expect(r"[Pp]assword: ?", 20)
        m.send("xendemo\n")
        m.expect(r"demo1 runs on root@10\.9\.8\.2 now", 120)
        m.expect("# ?$", 30)
        if "demo1" in m.command("xl list"):
            raise Failure("the guest is still here")
        env.machine = other
        has(inside(env, "demo1", "echo late=$(($(date +%s) - $(cat /tmp/now)))"), r"late=[012]\b", "its loop")
        before = int(other.command("date +%s").split()[0])
        there = int(re.search(r"now=(\d+)", inside(env, "demo1", "echo now=$(date +%s)"))[1])
        after = int(other.command("date +%s").split()[0])
        if not before - 1 <= there <= after + 1:
            raise Failure(f"the guest's time is {there}, domain 0's {before} to {after}")
    finally:
        env.machine = m
        other.close()
