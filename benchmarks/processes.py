"""Processes as /proc shows them: who there is, whose child, how much CPU and memory.

CPU is utime + stime, and what each process has reaped of its ended children beside it (cutime + cstime): summed over
a tree both together are conserved when a child ends, so no time is lost or counted twice between two looks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KERNEL_THREADS = 2  # pid of kthreadd, the parent of all kernel threads


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment. Times are in clock ticks (10 ms)."""

    pid: int
    parent: int
    started: int  # ticks since boot: with the pid it names one process for ever
    own_ticks: int
    reaped_ticks: int
    command: str  # the command line, words parted by blanks; the bare name when there is none
    nested: bool  # it lives in a pid namespace below ours

    @property
    def is_kernel(self) -> bool:
        return KERNEL_THREADS in (self.pid, self.parent)


def look() -> dict[int, Process]:
    """Every process there is now, by pid."""
    found = (_read(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {process.pid: process for process in found if process}


def _read(entry: Path) -> Process | None:
    try:
        stat = (entry / "stat").read_text(errors="replace")
        status = (entry / "status").read_text(errors="replace")
        command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None  # it ended while we looked
    name, _, rest = stat.partition("(")[2].rpartition(")")
    # Fields as in proc(5), counted from the state, which is the third.
    words = rest.split()
    own, reaped = int(words[11]) + int(words[12]), int(words[13]) + int(words[14])
    return Process(
        pid=int(entry.name),
        parent=int(words[1]),
        started=int(words[19]),
        own_ticks=own,
        reaped_ticks=reaped,
        command=command.strip() or name,
        nested=_is_nested(status),
    )


def _is_nested(status: str) -> bool:
    for line in status.splitlines():
        if line.startswith("NSpid:"):
            return len(line.split()) > 2
    return False


def tree(processes: dict[int, Process], root: int) -> set[int]:
    """The pids of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    members: set[int] = set()
    pending = [root] if root in processes else []
    while pending:
        pid = pending.pop()
        members.add(pid)
        pending += children.get(pid, [])
    return members


def pss_kib(pid: int) -> int:
    """Proportional set size; 0 when the process has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def stolen_ticks() -> int:
    """CPU time that the hypervisor gave to others, over all cores, since boot."""
    return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8])
