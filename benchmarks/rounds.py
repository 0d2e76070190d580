"""Rounds: each contestant once, in an order that rotates, so that a drift of the machine falls on all alike.

A round in which somebody else used the machine says nothing: it is marked, left out, and repeated, a bounded number of
times. What is left over is judged; a row with too few quiet rounds is not.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks import cpu

    TurnTaker: TypeAlias = "Callable[[], Turn]"

# A row may take this many times the rounds asked for before it is given up as too noisy.
MOST_TRIES = 3

PERCENTILES = {0.5: "p50_us", 0.99: "p99_us", 0.999: "p999_us"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contestant did once. Single latencies are kept where there are few of them (cold starts)."""

    figures: dict[str, float]
    used: cpu.Used
    samples_us: tuple[float, ...] = ()


@dataclass(slots=True)
class Round:
    """A turn of each contestant."""

    turns: dict[str, Turn] = field(default_factory=dict)

    @property
    def noise(self) -> float:
        """Cores that others kept busy, in the worst turn."""
        return max((turn.used.noise for turn in self.turns.values()), default=0.0)

    @property
    def is_noisy(self) -> bool:
        return any(turn.used.is_noisy for turn in self.turns.values())

    def figure(self, contestant: str, name: str) -> float | None:
        turn = self.turns.get(contestant)
        return turn.figures.get(name) if turn else None


@dataclass(slots=True)
class Row:
    """All rounds of one comparison: `warm, 8 connections`, `cold start`."""

    title: str
    wanted: int
    entered: list[str] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)  # contestants that dropped out, and why

    @property
    def quiet(self) -> list[Round]:
        return [round_ for round_ in self.rounds if not round_.is_noisy]

    @property
    def is_judged(self) -> bool:
        return len(self.quiet) >= self.wanted

    def contestants(self) -> list[str]:
        """Those that took part in every round, in the order of their entry."""
        return [name for name in self.entered if name not in self.broken]

    @property
    def considered(self) -> list[Round]:
        """The quiet rounds; all of them when there are too few, for a look but not for a judgement."""
        return self.quiet if self.is_judged else self.rounds

    def figures(self, contestant: str, name: str) -> list[float]:
        found = (round_.figure(contestant, name) for round_ in self.considered)
        return [value for value in found if value is not None]

    def median(self, contestant: str, name: str) -> float | None:
        values = self.figures(contestant, name)
        return statistics.median(values) if values else None

    def percentile_us(self, contestant: str, share: float) -> float | None:
        """Over all single latencies where they were kept, else the median of the rounds' percentiles."""
        turns = (round_.turns.get(contestant) for round_ in self.considered)
        samples = sorted(sample for turn in turns if turn for sample in turn.samples_us)
        if not samples:
            return self.median(contestant, PERCENTILES[share])
        return samples[max(0, math.ceil(share * len(samples)) - 1)]

    def ratio(self, contestant: str, other: str, name: str) -> float | None:
        """The median of the ratios within each round: what moves both moves neither."""
        pairs = (
            (round_.figure(contestant, name), round_.figure(other, name))
            for round_ in self.considered
        )
        ratios = [mine / theirs for mine, theirs in pairs if mine is not None and theirs]
        return statistics.median(ratios) if ratios else None

    @property
    def stolen(self) -> float:
        """Cores that the hypervisor gave to others, over the turns that count: told, not judged."""
        spans = [turn.used for round_ in self.considered for turn in round_.turns.values()]
        seconds = sum(used.seconds for used in spans)
        return sum(used.stolen_s for used in spans) / seconds if seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "judged": self.is_judged,
            "quiet_rounds": len(self.quiet),
            "broken": self.broken,
            "rounds": [
                {
                    "noisy": round_.is_noisy,
                    "others_cores": round(round_.noise, 3),
                    "turns": {name: asdict(turn) for name, turn in round_.turns.items()},
                }
                for round_ in self.rounds
            ],
        }


class TurnFailed(Exception):
    """A contestant could not be measured and leaves the row; the text says why."""


def alternate(
    title: str,
    rounds: int,
    turns: Mapping[str, TurnTaker],
    say: Callable[[str], None],
) -> Row:
    """Take turns until there are enough quiet rounds, or the tries are used up."""
    row = Row(title, rounds, list(turns))
    while len(row.quiet) < rounds and len(row.rounds) < MOST_TRIES * rounds:
        names = [name for name in turns if name not in row.broken]
        start = len(row.rounds) % max(1, len(names))
        row.rounds.append(_round(row, names[start:] + names[:start], turns))
        if row.rounds[-1].is_noisy:
            say(
                f"{title}: round {len(row.rounds)} is void, others used {row.rounds[-1].noise:.2f} cores"
            )
    return row


def _round(
    row: Row,
    names: list[str],
    turns: Mapping[str, TurnTaker],
) -> Round:
    round_ = Round()
    for name in names:
        try:
            round_.turns[name] = turns[name]()
        except TurnFailed as failure:
            row.broken[name] = " ".join(str(failure).split())
    return round_
