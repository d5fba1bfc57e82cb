# SPDX-License-Identifier: GPL-2.0-only
"""The devel CD: it builds the CD again, on the machine that it started."""
import hashlib
import os

import payload
from common import Group, has, wait_for
from machine import Failure, Machine

devel = Group("devel", "the devel CD, without network", full=True)


@devel
def devel_iso(env):
    """the compiler's Debian, from the menu's Linux alone"""
    iso = os.path.join(os.path.dirname(env.iso), "xendemo-devel.iso")
    if os.path.getsize(iso) > 700e6:
        raise Failure(f"{iso} has {os.path.getsize(iso) / 1e6:.0f} MB")
    env.machine = m = Machine(["-cdrom", iso, "-boot", "d", "-nic", "none"], 3072, 2)
    m.expect(r"Xen / Linux", 60)
    m.send("\x1b[B" * 3 + "\n")
    m.login()
    m.send("devel\n")
    m.expect(r"Debian with a compiler", 300, reject=r"devel: [^\n]*")
    m.expect(r"devel:~/xendemo# ?$", 60)
    m.send("exit\n")
    m.expect(r"# ?$", 20)
    has(m.command("devel sh -c 'gcc --version; ld --version'"), r"gcc \(Debian", "the compiler")


@devel
def devel_rebuild(env):
    """hypervisor, root and CD, with the kernels that are there: the same image, byte for byte"""
    env.machine.command("devel make iso >/tmp/log 2>&1 || { tail -n 20 /tmp/log; false; }", 1800)
    want = hashlib.sha256(payload.read(env.iso)).hexdigest()
    has(env.machine.command("devel sha256sum build/xendemo.iso", 60), want, "the CD built from the CD")


@devel
def devel_kernel(env):
    """without a ready-made kernel the build unpacks Linux and compiles it"""
    m = env.machine
    m.command("rm -r /devel/root/.cache/xendemo/kernel-xenU-*; "
              "rm -f /devel/root/xendemo/build/linux-xen/vmlinuz-xenU")
    m.command("(devel make kernels >/tmp/log 2>&1 &)")
    wait_for(env, "[ $(grep -c '^  CC  ' /devel/root/xendemo/build/linux-xen/build-xenU.log) -gt 50 ]", 900)
