# SPDX-License-Identifier: GPL-2.0-only
"""ACPI tables of our own making for QEMU machines, right or wrong.

QEMU hands tables to the firmware as files with a list of commands (see QEMU's
hw/acpi/bios-linker-loader.c); a machine with acpi=off has none, so ours take their place.
"""
import struct


def table(signature, body, revision=1, damage=0):
    """A table with its header; `damage` is added to the checksum that is right."""
    head = struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), revision, 0, b"XENDMO",
                       b"TESTTABL", 1, b"TEST", 1)
    total = sum(head) + sum(body)
    return head[:9] + bytes([(damage - total) & 0xff]) + head[10:] + body


def madt(entries, damage=0):
    """Entries as bytes; the local APICs are at the usual address."""
    return table(b"APIC", struct.pack("<II", 0xfee00000, 1) + b"".join(entries), damage=damage)


def local_apic(number, apic_id):
    return struct.pack("<BBBBI", 0, 8, number, apic_id, 1)


def io_apic(address=0xfec00000):
    return struct.pack("<BBBBII", 1, 12, 0, 0, address, 0)


def _command(number, *parts):
    return (struct.pack("<I", number) + b"".join(parts)).ljust(128, b"\0")


def _name(name):
    return name.encode().ljust(56, b"\0")


def machine(tmp, tables, kind="q35"):
    """QEMU's options for a machine whose firmware has just these tables; tmp() makes file names."""
    blob, offsets = b"", []
    for one in tables:
        blob += bytes(-len(blob) % 16)
        offsets.append(len(blob))
        blob += one
    blob += bytes(-len(blob) % 16)
    rsdt_at = len(blob)
    blob += table(b"RSDT", b"".join(struct.pack("<I", offset) for offset in offsets))
    rsdp = struct.pack("<8sB6sBI", b"RSD PTR ", 0, b"XENDMO", 0, rsdt_at)
    where, root = _name("etc/acpi/tables"), _name("etc/acpi/rsdp")
    script = [_command(1, where, struct.pack("<IB", 64, 1)),
              _command(1, root, struct.pack("<IB", 16, 2))]
    for i in range(len(tables)):
        script.append(_command(2, where, where, struct.pack("<IB", rsdt_at + 36 + 4 * i, 4)))
    script += [_command(2, root, where, struct.pack("<IB", 16, 4)),
               _command(3, where, struct.pack("<III", rsdt_at + 9, rsdt_at, len(blob) - rsdt_at)),
               _command(3, root, struct.pack("<III", 8, 0, len(rsdp)))]
    # a checksum command adds to what is there: the field must be zero before
    blob = blob[:rsdt_at + 9] + b"\0" + blob[rsdt_at + 10:]
    options = ["-machine", kind + ",acpi=off"]
    for name, data in (("etc/acpi/tables", blob), ("etc/acpi/rsdp", rsdp),
                       ("etc/table-loader", b"".join(script))):
        path = tmp(name.replace("/", "-"))
        with open(path, "wb") as file:
            file.write(data)
        options += ["-fw_cfg", f"name={name},file={path}"]
    return options
