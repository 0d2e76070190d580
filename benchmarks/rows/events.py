"""Asynchronous invocations: how many events are accepted a second, and how many are then executed.

In each turn 16 connections send events for a while, in a closed loop; then they stop, and what is left is waited for.
`accept` is what was answered with 202 while they sent, `drain` what was executed from then on, by its time. A server
that had kept up, with nearly nothing left, has drained what it accepted in the time that both took.

Ours has an event on the disk before its 202, and removes it when what follows from it is on the disk: what is left
are the rows in its database. ministack keeps events in memory; its functions, which are not isolated, count themselves.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu, loadgen
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.ministack import Ministack
from benchmarks.interpreters import python_runtime
from benchmarks.rounds import Turn, TurnFailed, alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import TypeAlias

    from benchmarks.contestants.server import Server
    from benchmarks.rounds import Row, TurnTaker

    # How many accepted events are not executed yet, given how many were accepted.
    Left: TypeAlias = Callable[[int], int]

TITLE = "asynchronous invocations"
CONNECTIONS = 16
PRIME_S = 0.5
# Looking is work for somebody's core, too.
LOOK_EVERY_S = 0.02
DRAIN_LIMIT_S = 120.0
# Of all events: with less left, the time it takes is that of the last look.
KEPT_UP = 0.1


def measure(
    servers: Iterable[Server], rounds: int, seconds: float, say: Callable[[str], None]
) -> Row:
    """One row: ours beside ministack, a Python function that says hello."""
    turns: dict[str, TurnTaker] = {}
    for server in servers:
        left: Left
        variables = {}
        if isinstance(server, Lambent):
            left = Rows(server.database)
        elif isinstance(server, Ministack):
            counted = server.work_dir / "counted"
            left = Uncounted(counted)
            variables = {"COUNTED_IN": str(counted)}
        else:
            continue
        target = server.target("count")
        functions = control.client(target)
        control.create(functions, target.function, python_runtime(), 1769, "count.py", variables)
        turns[f"{server.name} python"] = Events(server, left, seconds)
    return alternate(TITLE, rounds, turns, say)


class Rows:
    """Events in our database."""

    def __init__(self, database: Path) -> None:
        self._uri = f"file:{database}?mode=ro"

    def __call__(self, _: int) -> int:
        with closing(sqlite3.connect(self._uri, uri=True)) as connection:
            count: int = connection.execute("SELECT count(*) FROM lambda_events").fetchone()[0]
            return count


class Uncounted:
    """Events whose function has not left its byte in the file."""

    def __init__(self, counted: Path) -> None:
        self._counted = counted

    def __call__(self, accepted: int) -> int:
        return accepted - (self._counted.stat().st_size if self._counted.exists() else 0)


class Events:
    """Turns of one server."""

    def __init__(self, server: Server, left: Left, seconds: float) -> None:
        self._server = server
        self._left = left
        self._seconds = seconds
        self._accepted = 0  # in all turns

    def __call__(self) -> Turn:
        try:
            self._send(PRIME_S)
            self._drain()
            before = cpu.take()
            load, backlog = self._send(self._seconds)
            drained_s = self._drain()
            used = cpu.used(before, cpu.take(), self._server)
        except (loadgen.LoadFailed, OSError, sqlite3.Error, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        if not load.requests:
            raise TurnFailed("it accepted nothing in time")
        return Turn(
            {
                "requests": load.requests,
                "requests_per_s": load.requests_per_s,
                "drain_per_s": drain_per_s(load.requests, self._seconds, backlog, drained_s),
                "backlog": backlog,
                "p50_us": load.p50_us,
                "p99_us": load.p99_us,
                "p999_us": load.p999_us,
                "control_cpu_us": used.control_s * 1e6 / load.requests,
                "functions_cpu_us": used.functions_s * 1e6 / load.requests,
                "client_cpu_us": load.cpu_us,
            },
            used,
        )

    def _send(self, seconds: float) -> tuple[loadgen.Load, int]:
        """Send events for that long; what became of them, and how many are left."""
        load = loadgen.run(self._server.target("count"), CONNECTIONS, seconds, "--event")
        self._accepted += load.requests
        return load, self._left(self._accepted)

    def _drain(self) -> float:
        """Wait until nothing is left; how long it took, in seconds. Raises TurnFailed."""
        begun = time.perf_counter()
        while left := self._left(self._accepted):
            if time.perf_counter() - begun > DRAIN_LIMIT_S:
                raise TurnFailed(f"{left} events are left after {DRAIN_LIMIT_S:.0f} s")
            time.sleep(LOOK_EVERY_S)
        return time.perf_counter() - begun


def drain_per_s(accepted: int, accepting_s: float, backlog: int, drained_s: float) -> float:
    """Events executed a second: of the backlog, or of all where it was too small to say anything."""
    if backlog >= KEPT_UP * accepted:
        return backlog / drained_s
    return accepted / (accepting_s + drained_s)
