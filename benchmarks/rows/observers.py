"""What the meter and the metrics of functions cost a warm invoke: the platform beside itself without them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks import loadgen
from benchmarks.promises import OBSERVERS
from benchmarks.rounds import Row, alternate
from benchmarks.rows.warm import closed_loop, label

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contestants.lambent import Lambent
    from benchmarks.contestants.unobserved import Unobserved

CONNECTIONS = 8


def measure(
    lambent: Lambent,
    unobserved: Unobserved,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> Row:
    turns = {
        label(server.name, "python"): partial(
            closed_loop,
            server,
            partial(loadgen.run, server.target("python")),
            CONNECTIONS,
            seconds=seconds,
        )
        for server in (lambent, unobserved)
    }
    return alternate(OBSERVERS, rounds, turns, say)
