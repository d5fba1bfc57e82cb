# SPDX-License-Identifier: GPL-2.0-only
"""A QEMU machine that is driven over its serial port.

Machine starts QEMU, expect() waits for a text, send() and command() type, and
screendump() looks at the screen through QMP.  All limits are multiplied by
TIME_FACTOR, as a slow host needs longer, not other tests.

Failure means that what is tested is broken, Broken that the test itself can't run.
"""
import json
import os
import re
import select
import socket
import subprocess
import tempfile
import time

QEMU = "qemu-system-x86_64"
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[A-Za-z78=>])")
TIME_FACTOR = float(os.environ.get("TIME_FACTOR", "1"))


class Failure(Exception):
    """The system under test did not do what it must."""


class Broken(Exception):
    """The test could not be carried out."""


class Machine:
    """One run of QEMU; `text` is all that its serial port has said so far."""

    def __init__(self, options, memory=1024, cpus=1):
        self.dir = tempfile.TemporaryDirectory(prefix="xendemo-boot-")
        self.qmp_path = os.path.join(self.dir.name, "qmp")
        cmd = [QEMU, "-accel", "tcg", "-cpu", "max,-smap,-xsave", "-m", str(memory),
               "-smp", str(cpus), "-display", "none", "-vga", "std", "-serial", "stdio",
               "-monitor", "none", "-no-reboot", "-qmp", f"unix:{self.qmp_path},server=on,wait=off"]
        try:
            self.proc = subprocess.Popen(cmd + options, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise Broken(f"{QEMU} is missing: apt-get install qemu-system-x86")
        os.set_blocking(self.proc.stdout.fileno(), False)
        self.text = ""
        self.tail = ""
        self.pos = 0        # expect() searches from here
        self.ended = False

    def pump(self, seconds):
        """Reads what the serial port says within this time."""
        if self.ended:
            return
        if select.select([self.proc.stdout], [], [], seconds)[0]:
            data = os.read(self.proc.stdout.fileno(), 65536)
            self.ended = not data
            text = self.tail + data.decode("latin-1").replace("\r", "")
            cut = re.search(r"\x1b(\[[0-9;?]*)?$", text)     # an escape sequence may come in parts
            self.tail = cut.group(0) if cut else ""
            self.text += ESCAPES.sub("", text[:cut.start()] if cut else text)

    def expect(self, regex, limit=30, reject=None):
        """Waits for regex behind the last hit; fails at once if `reject` comes before it."""
        end = time.monotonic() + limit * TIME_FACTOR
        pattern = re.compile(regex)
        while True:
            hit = pattern.search(self.text, self.pos)
            bad = re.compile(reject).search(self.text, self.pos) if reject else None
            if bad and (not hit or bad.start() < hit.start()):
                raise Failure(f"'{bad.group(0).strip()}' instead of '{regex}'")
            if hit:
                self.pos = hit.end()
                return hit
            if self.ended:
                raise Failure(f"the machine ended before '{regex}'")
            if time.monotonic() > end:
                raise Failure(f"no '{regex}' within {limit * TIME_FACTOR:.0f} s")
            self.pump(0.1)

    def send(self, text):
        """Types; slowly, as serial ports drop what comes too fast."""
        data = text.encode()
        for i in range(0, len(data), 8):
            try:
                self.proc.stdin.write(data[i:i + 8])
                self.proc.stdin.flush()
            except BrokenPipeError:
                raise Failure("the machine ended while keys were typed")
            self.pump(0.02)

    def command(self, line, limit=30, status=0):
        """Runs a shell command, returns its output; fails on another exit status (None: any)."""
        self.pos = len(self.text)
        self.send(line + "; echo \"=$?=\"\n")
        self.expect(r"\?=\"\n", 10)
        start = self.pos
        hit = self.expect(r"=(\d+)=\n", limit)
        output = self.text[start:hit.start()]
        self.expect(r"[#$] ?$", 10)
        if status is not None and int(hit.group(1)) != status:
            raise Failure(f"'{line}' exits with {hit.group(1)}: {output.strip()[-200:]}")
        return output

    def login(self, limit=90, user="root", password="xendemo"):
        """From a booting system to a root shell; returns the text in between."""
        start = self.pos
        self.expect(r"login: ?$", limit, reject=r"Kernel panic|no disc|Panic on CPU|FATAL")
        self.send(user + "\n")
        self.expect(r"[Pp]assword: ?$", 20)
        self.send(password + "\n")
        self.expect(r"[#$] ?$", 30)
        seen = self.text[start:self.pos]
        self.command("stty cols 250")       # no line breaks in what is typed
        return seen

    def connect(self, sock):
        """QMP's socket, which a machine that has just been started doesn't have yet."""
        end = time.monotonic() + 10 * TIME_FACTOR
        while True:
            try:
                return sock.connect(self.qmp_path)
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def qmp(self, command, **arguments):
        """One QMP command; returns its result."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10 * TIME_FACTOR)
            try:
                self.connect(sock)
                stream = sock.makefile("rw")
                stream.readline()
                for request in ({"execute": "qmp_capabilities"},
                                {"execute": command, "arguments": arguments}):
                    stream.write(json.dumps(request) + "\n")
                    stream.flush()
                    answer = json.loads(stream.readline())
                    while "event" in answer:
                        answer = json.loads(stream.readline())
            except (OSError, ValueError) as error:
                raise Broken(f"QMP {command}: {error}")
        if "error" in answer:
            raise Broken(f"QMP {command}: {answer['error']}")
        return answer["return"]

    def save(self, path):
        """The machine stops, with its state in a file: one with the same options and
        -incoming "exec:cat FILE" goes on from there."""
        self.qmp("migrate", uri=f"exec:cat >{path}")
        end = time.monotonic() + 60 * TIME_FACTOR
        while (status := self.qmp("query-migrate")["status"]) != "completed":
            if status == "failed" or time.monotonic() > end:
                raise Broken(f"the machine's state can't be saved: {status}")
            time.sleep(0.2)

    def lit_pixels(self, path):
        """Takes a screendump to path and counts its pixels that aren't black."""
        self.qmp("screendump", filename=os.path.abspath(path))
        with open(path, "rb") as image:
            magic, size, _depth = image.readline(), image.readline(), image.readline()
            pixels = image.read()
        if magic.strip() != b"P6" or not size:
            raise Broken(f"{path} is no screendump")
        return sum(1 for i in range(0, len(pixels), 3) if pixels[i:i + 3] != b"\0\0\0")

    def wait_end(self, limit=30):
        """Waits until the machine powers off or resets."""
        end = time.monotonic() + limit * TIME_FACTOR
        while not self.ended:
            if time.monotonic() > end:
                raise Failure(f"the machine does not end within {limit * TIME_FACTOR:.0f} s")
            self.pump(0.1)

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.pump(0)
        self.dir.cleanup()
