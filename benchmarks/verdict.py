"""What the figures mean: is the run valid, and are the promised figures met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.promises import PROMISES, figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.promises import Promise
    from benchmarks.rounds import Row

# A floor slower than this was not measured on a machine that had room for it.
FLOOR_CPU_US = 20.0
FLOOR_REQUESTS_PER_S = 30_000.0
FLOOR_ROW = "warm, 16 connections"
FEWEST_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Check:
    """A promised figure beside the measured one. `is_met` is None when it could not be judged."""

    what: str
    promised: str
    measured: str
    is_met: bool | None

    @property
    def word(self) -> str:
        return {True: "met", False: "MISSED", None: "not judged"}[self.is_met]


def why_void(rows: Mapping[str, Row], rounds: int, absent: Mapping[str, str]) -> list[str]:
    """The reasons for which this run may not be quoted; none for a valid one.

    Args:
        absent: contestants that did not take part at all, and why. A peer may be absent, we may not.
    """
    reasons = [
        f"{row.title}: only {len(row.quiet)} of {row.wanted} rounds were quiet"
        for row in rows.values()
        if not row.is_judged
    ]
    if rounds < FEWEST_ROUNDS:
        reasons.append(f"{rounds} rounds are a trial: at least {FEWEST_ROUNDS} are needed")
    left = [("the run", absent), *((row.title, row.broken) for row in rows.values())]
    for where, names in left:
        reasons += [f"{name} left {where}: {names[name]}" for name in names if _is_needed(name)]
    floor = rows.get(FLOOR_ROW)
    if floor is None:
        return reasons
    cpu_us = floor.median("floor", "control_cpu_us")
    requests_per_s = floor.median("floor", "requests_per_s")
    if cpu_us is None or requests_per_s is None:
        reasons.append("the floor was not measured")
    elif cpu_us > FLOOR_CPU_US or requests_per_s < FLOOR_REQUESTS_PER_S:
        reasons.append(
            f"the floor took {cpu_us:.1f} us of CPU and reached {requests_per_s:,.0f}/s at 16 connections; "
            f"{FLOOR_CPU_US:.0f} us and {FLOOR_REQUESTS_PER_S:,.0f}/s are needed"
        )
    return reasons


def _is_needed(name: str) -> bool:
    return name == "floor" or name.split(maxsplit=1)[0] == "lambent"


def judge(rows: Mapping[str, Row], idle_mb: float | None) -> list[Check]:
    """The promises whose rows were measured."""
    found = [_check(promise, rows[promise.row]) for promise in PROMISES if promise.row in rows]
    if idle_mb is not None:
        measured = f"{idle_mb:.0f}"
        found.append(Check("idle PSS of the whole tree, MB", "< 250", measured, idle_mb < 250))
    return found


def _check(promise: Promise, row: Row) -> Check:
    value = promise.read(row)
    if value is None:
        return Check(promise.what, promise.text, "-", None)
    is_met = promise.is_kept(value) if row.is_judged else None
    return Check(promise.what, promise.text, figure(value), is_met)
