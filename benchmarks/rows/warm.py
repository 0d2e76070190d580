"""Warm invokes: a closed loop on 1, 8, 16 and 32 connections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from benchmarks import cpu, loadgen
from benchmarks.rounds import Row, Turn, TurnFailed, alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.contestants.server import Server
    from benchmarks.loadgen import Load

    # A label, the server, the function it is asked for.
    Entry: TypeAlias = tuple[str, Server, str]

LEVELS = (1, 8, 16, 32)
# Before each turn, unmeasured: environments for this many connections start, frozen ones thaw.
PRIME_S = 0.5

# Each server's functions that take part: `python` and `node` at 1,769 MB, `python-128` at 128 MB.
FUNCTIONS = {
    "floor": ("python",),
    "lambent": ("python", "python-128", "node"),
    "serverless-offline": ("node", "python"),
    "ministack": ("python",),
}


def label(server: str, function: str) -> str:
    """The name of a line: `lambent python-128`."""
    return server if server == "floor" else f"{server} {function}"


def measure(
    entries: Sequence[Entry],
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
    levels: Sequence[int] = LEVELS,
) -> Iterator[Row]:
    """One row for each number of connections."""
    for connections in levels:
        turns = {
            label: partial(
                closed_loop,
                server,
                partial(loadgen.run, server.target(function)),
                connections,
                seconds=seconds,
            )
            for label, server, function in entries
        }
        yield alternate(f"warm, {connections} connections", rounds, turns, say)


def closed_loop(
    server: Server, run: Callable[[int, float], Load], connections: int, *, seconds: float
) -> Turn:
    """One turn of a server's. `run` puts so many connections under load for so many seconds."""
    try:
        run(connections, PRIME_S)
        before = cpu.take()
        load = run(connections, seconds)
    except (loadgen.LoadFailed, OSError) as failure:
        raise TurnFailed(str(failure)) from failure
    used = cpu.used(before, cpu.take(), server)
    if not load.requests:
        raise TurnFailed("it answered nothing in time")
    figures = {
        "p50_us": load.p50_us,
        "p99_us": load.p99_us,
        "p999_us": load.p999_us,
        "max_us": load.max_us,
        "requests": load.requests,
        "requests_per_s": load.requests_per_s,
        "control_cpu_us": used.control_s * 1e6 / load.requests,
        "functions_cpu_us": used.functions_s * 1e6 / load.requests,
        "client_cpu_us": load.cpu_us,
    }
    return Turn(figures, used)
