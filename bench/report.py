# SPDX-License-Identifier: GPL-2.0-only
"""The tables of `make bench`, and the goals."""

# part: title, goal as factor of Xen's figure
PARTS = {
    "size": ("the hypervisor", 1),
    "memory": ("the hypervisor", 1),
    "boot": ("the machine, in seconds", 1),
    "cd": ("the machine, in seconds", 0.7),
    "guests": ("guests, in seconds", 1),
    "net": ("guests' networks (iperf3), in milliseconds for 1 MB", 1),
    "disk": ("guests' disks (fio), in milliseconds for 1 MB", 1),
    "save": ("a guest of 256 MB, in seconds", 1),
    "paths": ("the hypervisor's paths (tests/guest/perf.c), in instructions", 0.7),
    "dom0-counts": ("domain 0, in instructions of one operation", 0.7),
    "guest1-counts": ("a guest with one vcpu, in instructions of one operation", 0.7),
    "dom0-times": ("domain 0, in microseconds of one operation", 1),
    "guest1-times": ("a guest with one vcpu, in microseconds of one operation", 1),
    "guest2-times": ("a guest with two vcpus, in microseconds of one operation", 1),
}
# other goals of single rows
GOALS = {
    "size": 0.21, "memory": 0.6, "create": 0.7,
    ("counts", "syscall"): 0.5, ("counts", "page-fault"): 0.5,
}
UNITS = {
    "size": "KB of xen.gz",
    "memory": "MB of 4096",
    "boot": "power-on to /init",
    "menu-to-login": "the CD: a key in its menu to the login",
    "create": "xl create to the guest's /init",
    "destroy": "xl destroy",
    "to-guest": "TCP, domain 0 to a guest",
    "from-guest": "TCP, a guest to domain 0",
    "between-guests": "TCP, a guest to another on the bridge",
    "save": "xl save to a RAM disk",
    "restore": "xl restore from there",
    "create-16": "16 xl create at once, to the last one's /init",
}


def show(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def factor(a, b):
    return "-" if a is None or not b else f"{a / b:.2f}"


def goal_of(part, row):
    kind = part.split("-")[-1]
    return GOALS.get((kind, row), GOALS.get(row, PARTS[part][1]))


def table(part, systems):
    """Prints the rows of one part; returns those that miss their goal."""
    missed = []
    scale = 1000 if part.endswith("-times") else 1
    names = dict.fromkeys(name for system in systems.values() for name in system)
    for row in names:
        bare, xen, ours = ((systems.get(name, {}).get(row)) for name in ("bare", "xen", "ours"))
        goal = goal_of(part, row)
        late = bool(xen and ours and ours / xen > goal)
        # No hypervisor can be faster than none.
        floor = bare / xen if bare and xen else 0
        if late:
            missed.append(f"{part}/{row}" + (f" (bare Linux: {floor:.2f})" if floor > goal else ""))
        values = (show(value / scale if value is not None else None) for value in (bare, xen, ours))
        print(f"  {row:22}" + "".join(f"{value:>12}" for value in values) +
              f"{factor(ours, bare):>11}{factor(ours, xen):>10}{goal:>7.2g} {'!' if late else ' '} "
              f"{UNITS.get(row, '')}".rstrip())
    return missed


def tables(found):
    """Prints all; returns the names of the rows over their goals."""
    missed, title = [], None
    for part, systems in found.items():
        if PARTS[part][0] != title:
            title = PARTS[part][0]
            print(f"\n{title[0].upper() + title[1:]}:\n  {'':22}{'bare':>12}{'Xen 4.17':>12}{'ours':>12}"
                  f"{'ours/bare':>11}{'ours/Xen':>10}{'goal':>7}")
        missed += table(part, systems)
    print()
    return missed
