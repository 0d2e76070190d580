"""CPU between two looks: of the control plane, of the functions, and of everybody who is no part of the measurement."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmarks.processes import TICKS_PER_S, Process, look, stolen_ticks, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The share of one core that others may use during a turn; above it the turn says nothing.
NOISE_LIMIT = 0.1


class Measured(Protocol):
    """A server under measurement: its tree starts at `root`, `part` names a process's role in it."""

    @property
    def root(self) -> int: ...

    def part(self, process: Process) -> str: ...

    def is_control(self, part: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds between two looks, and how long that was."""

    seconds: float
    control_s: float
    functions_s: float
    others_s: float  # outside the tools and the measured tree; kernel threads not counted
    kernel_s: float
    stolen_s: float

    @property
    def noise(self) -> float:
        """Cores that others kept busy."""
        return self.others_s / self.seconds

    @property
    def is_noisy(self) -> bool:
        return self.noise > NOISE_LIMIT


@dataclass(frozen=True, slots=True)
class Look:
    """All processes at one moment."""

    at: float
    processes: Mapping[int, Process]
    stolen: int


def take() -> Look:
    return Look(time.monotonic(), look(), stolen_ticks())


def used(before: Look, after: Look, measured: Measured | None, tools: int | None = None) -> Used:
    """What was used from one look to the next.

    Args:
        measured: the server of this turn; other servers that the benchmark keeps running count as others.
        tools: the benchmark's own process, os.getpid() when not given; its direct children that are not servers
            (the load generator, commands under measurement) have been reaped by it and count with it.
    """
    tools = tools or os.getpid()
    mine = tree(dict(after.processes), measured.root) if measured else set()
    mine_before = tree(dict(before.processes), measured.root) if measured else set()
    whole = _total(after, mine) - _total(before, mine_before)
    control = _control(after, mine, measured) - _control(before, mine_before, measured)
    others_after = _others(after, mine | {tools})
    others_before = _others(before, mine_before | {tools})
    return Used(
        seconds=after.at - before.at,
        control_s=control / TICKS_PER_S,
        functions_s=max(0, whole - control) / TICKS_PER_S,
        others_s=max(0, _total(after, others_after) - _total(before, others_before)) / TICKS_PER_S,
        kernel_s=(_kernel(after) - _kernel(before)) / TICKS_PER_S,
        stolen_s=(after.stolen - before.stolen) / TICKS_PER_S,
    )


def by_part(processes: Iterable[Process], measured: Measured) -> dict[str, list[Process]]:
    """The processes of the measured tree, by the part that they play."""
    found = {process.pid: process for process in processes}
    parts: dict[str, list[Process]] = {}
    for pid in sorted(tree(found, measured.root)):
        parts.setdefault(measured.part(found[pid]), []).append(found[pid])
    return parts


def _total(look_: Look, pids: set[int]) -> int:
    return sum(look_.processes[pid].own_ticks + look_.processes[pid].reaped_ticks for pid in pids)


def _control(look_: Look, pids: set[int], measured: Measured | None) -> int:
    """Own time of the control plane only: what it reaped was spent by functions that have ended."""
    if measured is None:
        return 0
    members = (look_.processes[pid] for pid in pids)
    return sum(p.own_ticks for p in members if measured.is_control(measured.part(p)))


def _others(look_: Look, ours: set[int]) -> set[int]:
    return {
        pid for pid, process in look_.processes.items() if pid not in ours and not process.is_kernel
    }


def _kernel(look_: Look) -> int:
    return sum(process.own_ticks for process in look_.processes.values() if process.is_kernel)
