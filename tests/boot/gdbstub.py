# SPDX-License-Identifier: GPL-2.0-only
"""A client of gdb's remote protocol, as small as the tests of debuggers need it."""
import os
import socket
import subprocess
import time

from machine import TIME_FACTOR, Broken, Failure


def symbols(path):
    """{name: address} of an ELF file."""
    result = subprocess.run(["nm", path], capture_output=True, text=True)
    if result.returncode:
        raise Broken(f"nm {path}: {result.stderr.strip()[-200:]}")
    return {f[2]: int(f[0], 16) for f in map(str.split, result.stdout.splitlines()) if len(f) == 3}


class Gdb:
    """The other end of a serial line that QEMU has as a Unix socket, or of a TCP port (host, number)."""

    REGISTERS = ("rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags cs ss").split()

    def __init__(self, address):
        self.sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.data = b""
        try:
            self.sock.connect(address)
        except OSError as error:
            raise Broken(f"{address}: {error}")

    def close(self):
        self.sock.close()

    def byte(self, end):
        while not self.data:
            left = end - time.monotonic()
            if left <= 0:
                raise Failure("gdb's line is silent")
            self.sock.settimeout(left)
            try:
                self.data = self.sock.recv(4096)
            except socket.timeout:
                continue
            if not self.data:
                raise Failure("gdb's line was closed")
        first, self.data = self.data[:1], self.data[1:]
        return first

    def receive(self, limit=20):
        """The next packet, acknowledged."""
        end = time.monotonic() + limit * TIME_FACTOR
        while True:
            while self.byte(end) != b"$":
                pass
            body = b""
            while (c := self.byte(end)) != b"#":
                body += c
            check = int(self.byte(end) + self.byte(end), 16)
            good = sum(body) % 256 == check
            self.sock.sendall(b"+" if good else b"-")
            if good:
                return body.decode("latin-1")

    def send(self, text, limit=20):
        """A packet, sent again until it is acknowledged."""
        body = text if isinstance(text, bytes) else text.encode("latin-1")
        packet = b"$" + body + b"#%02x" % (sum(body) % 256)
        end = time.monotonic() + limit * TIME_FACTOR
        self.sock.sendall(packet)
        while (c := self.byte(end)) != b"+":
            if c == b"-":
                self.sock.sendall(packet)

    def ask(self, text, limit=20):
        self.send(text, limit)
        return self.receive(limit)

    def expect(self, text, answer):
        got = self.ask(text)
        if got != answer:
            raise Failure(f"gdb: {text[:40]!r} is answered with {got!r}, not {answer!r}")

    def registers(self):
        """Of the chosen thread."""
        data = self.ask("g")
        values, at = {}, 0
        for i, name in enumerate(self.REGISTERS):
            size = 16 if i < 17 else 8
            values[name] = int.from_bytes(bytes.fromhex(data[at:at + size]), "little")
            at += size
        if data[at:] != "x" * 32:
            raise Failure(f"gdb: the registers end with {data[at:]!r}")
        return values

    def set_register(self, name, value):
        number = self.REGISTERS.index(name)
        self.expect(f"P{number:x}={value.to_bytes(8, 'little').hex()}", "OK")

    def memory(self, address, size):
        data = self.ask(f"m{address:x},{size:x}")
        return None if data.startswith("E") else bytes.fromhex(data)

    def interrupt(self):
        self.sock.sendall(b"\x03")
        return self.receive()


def line(folder):
    """QEMU's options for a second serial port that ends in a socket, and the socket's path."""
    path = os.path.join(folder, "gdb")
    if os.path.exists(path):
        os.unlink(path)
    return ["-serial", f"unix:{path},server=on,wait=off"], path
