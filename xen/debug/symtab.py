#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Symbols for crash dumps: reads `nm -n` output, writes assembly.

symtab_count, symtab_addrs (offsets from _image_start), symtab_offs (into the
names), symtab_names. Only text symbols, one per address.
"""
import sys

rows, seen, base = [], set(), None
if "--empty" not in sys.argv:
    for line in sys.stdin:
        addr, kind, name = line.split()[:3]
        if name == "_image_start":
            base = int(addr, 16)
        if kind in "tT" and not name.startswith(".") and addr not in seen:
            seen.add(addr)
            rows.append((int(addr, 16), name))
    rows = [(a - base, n) for a, n in rows if a >= base]

print('.section .symtab_blob, "a"')
print('.balign 8')
for sym in ("symtab_count", "symtab_addrs", "symtab_offs", "symtab_names"):
    print(f".globl {sym}\n.hidden {sym}")
print(f"symtab_count: .long {len(rows)}")
print("symtab_addrs:")
for a, _ in rows:
    print(f".long {a}")
print("symtab_offs:")
off = 0
for _, n in rows:
    print(f".long {off}")
    off += len(n) + 1
print("symtab_names:")
for _, n in rows:
    print(f'.asciz "{n}"')
