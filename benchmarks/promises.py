"""The promised figures: in which row each is measured, how it is read there, and what it may be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.rounds import Row

if TYPE_CHECKING:
    from collections.abc import Callable

OURS, NODE_OURS = "lambent python", "lambent node"
MINISTACK = "ministack python"
NODE, PYTHON = "serverless-offline node", "serverless-offline python"
ONE, EIGHT = "warm, 1 connections", "warm, 8 connections"
ONE_API, EIGHT_API = "API, 1 connections", "API, 8 connections"

NEW = "new function"
ASYNC = "asynchronous invocations"
OBSERVERS = "observers of invocations"


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure of one row that is to be at most `limit`, or at least that.

    Args: the row's title, what the figure is, how it is read from the row (None: it was not measured).
    """

    row: str
    what: str
    read: Callable[[Row], float | None]
    limit: float
    is_least: bool = False

    @property
    def text(self) -> str:
        return f"{'>=' if self.is_least else '<='} {figure(self.limit)}"

    def is_kept(self, value: float) -> bool:
        return value >= self.limit if self.is_least else value <= self.limit


def figure(value: float) -> str:
    """Three digits, or all of a whole number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _latency(one: str, other: str) -> Callable[[Row], float | None]:
    """The ratio of two median latencies, within rounds."""
    return partial(Row.ratio, contestant=one, other=other, name="p50_us")


def _throughput(one: str, other: str) -> Callable[[Row], float | None]:
    return partial(Row.ratio, contestant=one, other=other, name="requests_per_s")


def _median(name: str) -> Callable[[Row], float | None]:
    """Of ours."""
    return partial(Row.median, contestant=OURS, name=name)


def _seconds(contestant: str) -> Callable[[Row], float | None]:
    def read(row: Row) -> float | None:
        median_us = row.percentile_us(contestant, 0.5)
        return None if median_us is None else median_us / 1e6

    return read


PROMISES = (
    Promise(ONE, f"warm p50 / {NODE}", _latency(OURS, NODE), 1.0),
    Promise(ONE, f"warm p50 / {PYTHON}", _latency(OURS, PYTHON), 1.0),
    Promise(ONE, "warm p50 / ministack", _latency(OURS, MINISTACK), 0.01),
    Promise(EIGHT, f"{NODE}'s requests/s / ours, 8 connections", _throughput(NODE, OURS), 1.0),
    Promise(EIGHT, f"{PYTHON}'s requests/s / ours, 8 connections", _throughput(PYTHON, OURS), 1.0),
    Promise(
        OBSERVERS,
        "control-plane CPU per warm invoke / the same without meter and metrics",
        partial(Row.ratio, contestant=OURS, other="unobserved python", name="control_cpu_us"),
        1.1,
    ),
    Promise("1 MB echo", f"1 MB echo / {PYTHON}", _latency(OURS, PYTHON), 1 / 3),
    Promise(
        "cold start",
        "cold start / bubblewrap + python",
        _latency(OURS, "bubblewrap + python"),
        1 / 15,
    ),
    Promise(
        "cold start", "cold start, Node / plain node", _latency(NODE_OURS, "plain node"), 1 / 15
    ),
    Promise(
        "cold start, Java",
        "cold start, Java / plain java",
        _latency("lambent java", "plain java"),
        1 / 25,
    ),
    Promise(NEW, f"first invoke / {PYTHON}", _latency(OURS, PYTHON), 1 / 20),
    Promise(NEW, f"first invoke, Node / {NODE}", _latency(NODE_OURS, NODE), 1 / 8),
    Promise(NEW, "create until Active, ms", _median("create_ms"), 50),
    *(
        Promise(
            "burst of a 0.5 s sleeper",
            f"{size} cold calls of a 0.5 s sleeper, s",
            _seconds(f"lambent {size} cold calls"),
            limit_s,
        )
        for size, limit_s in ((10, 0.6), (100, 1.5))
    ),
    *(
        Promise(
            ONE_API,
            f"GET through an API / {other}",
            _latency(OURS, other),
            1 / 3,
        )
        for other in (PYTHON, NODE, MINISTACK)
    ),
    *(
        Promise(
            EIGHT_API,
            f"{other}'s requests/s / ours, API, 8 connections",
            _throughput(other, OURS),
            0.5,
        )
        for other in (PYTHON, NODE, MINISTACK)
    ),
    Promise(ASYNC, "events accepted a second", _median("requests_per_s"), 2000, is_least=True),
    Promise(ASYNC, "events executed a second", _median("drain_per_s"), 1500, is_least=True),
    Promise(
        "idle environments",
        "environments per GB / plain python processes",
        partial(Row.ratio, contestant=OURS, other="plain python", name="per_gb"),
        3,
        is_least=True,
    ),
    *(
        Promise(
            f"SnapStart, {kind}",
            f"SnapStart restore of {kind} / plain python",
            _latency(f"lambent restored, {kind}", f"plain python, {kind}"),
            1 / 30,
        )
        for kind in ("boto3", "pandas")
    ),
    Promise("start-up to first answer", "start-up to first answer, s", _seconds("lambent"), 1.5),
)
