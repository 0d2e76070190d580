"""What the figures mean: is the run valid, and are the promised figures met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.rounds import Row

# A floor slower than this was not measured on a machine that had room for it.
FLOOR_CPU_US = 20.0
FLOOR_REQUESTS_PER_S = 30_000.0
FLOOR_ROW = "warm, 16 connections"
FEWEST_ROUNDS = 7

OURS = "lambent python"
MINISTACK = "ministack python"
SERVERLESS = ("serverless-offline node", "serverless-offline python")


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
    """The targets whose rows were measured."""
    found: list[Check] = []
    one, eight = rows.get("warm, 1 connections"), rows.get("warm, 8 connections")
    if one:
        for peer in SERVERLESS:
            found += _at_most(f"warm p50 / {peer}", one.ratio(OURS, peer, "p50_us"), 1.0, one)
        found += _at_most("warm p50 / ministack", one.ratio(OURS, MINISTACK, "p50_us"), 0.01, one)
    if eight:
        for peer in SERVERLESS:
            share = eight.ratio(peer, OURS, "requests_per_s")
            found += _at_most(f"{peer}'s requests/s / ours, 8 connections", share, 1.0, eight)
    if cold := rows.get("cold start"):
        share = cold.ratio(OURS, "bubblewrap + python", "p50_us")
        found += _at_most("cold start / bubblewrap + python", share, 1 / 15, cold)
    found += _judge_snapshots(rows)
    if bursts := rows.get("burst of a 0.5 s sleeper"):
        for size, limit_s in ((10, 0.6), (100, 1.5)):
            name = f"lambent {size} cold calls"
            wall_us = bursts.percentile_us(name, 0.5)
            seconds = None if wall_us is None else wall_us / 1e6
            found += _at_most(f"{size} cold calls of a 0.5 s sleeper, s", seconds, limit_s, bursts)
    if start := rows.get("start-up to first answer"):
        median_us = start.percentile_us("lambent", 0.5)
        seconds = None if median_us is None else median_us / 1e6
        found += _at_most("start-up to first answer, s", seconds, 1.5, start)
    if idle_mb is not None:
        measured = f"{idle_mb:.0f}"
        found.append(Check("idle PSS of the whole tree, MB", "250", measured, idle_mb < 250))
    return found


def _judge_snapshots(rows: Mapping[str, Row]) -> list[Check]:
    found: list[Check] = []
    for kind in ("boto3", "pandas"):
        if row := rows.get(f"SnapStart, {kind}"):
            share = row.ratio(f"lambent restored, {kind}", f"plain python, {kind}", "p50_us")
            found += _at_most(f"SnapStart restore of {kind} / plain python", share, 1 / 30, row)
    return found


def _at_most(what: str, value: float | None, limit: float, row: Row) -> list[Check]:
    if value is None:
        return [Check(what, f"{limit:.3g}", "-", None)]
    is_met = value <= limit if row.is_judged else None
    return [Check(what, f"{limit:.3g}", f"{value:.3g}", is_met)]
