"""Cold starts of a Java function, against a JVM started by hand.

A row of its own: a JVM that is made ready for the next start keeps a core busy for a second, which would fall on
whoever has the next turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import control, java
from benchmarks.rounds import alternate
from benchmarks.rows.cold import ColdFunction, command_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contestants.commands import PlainJava
    from benchmarks.contestants.lambent import Lambent
    from benchmarks.rounds import Row, TurnTaker

TITLE = "cold start, Java"
# JVMs wait ready for the common sizes; this is the one nearest to a whole core.
MEMORY_MIB = 2048
STARTS = 5
REST_S = 3.0


def measure(
    lambent: Lambent | None, plain: PlainJava, rounds: int, say: Callable[[str], None]
) -> Row:
    """Cold start: ours in Java, and the plain JVM."""
    turns: dict[str, TurnTaker] = {}
    if lambent:
        target = lambent.target("java")
        control.deploy(
            control.client(target),
            target.function,
            java.RUNTIME,
            MEMORY_MIB,
            control.archive_of(java.package()),
            java.HANDLER,
        )
        turns["lambent java"] = ColdFunction(lambent, "java", STARTS, REST_S)
    turns[plain.name] = command_turn(plain)
    return alternate(TITLE, rounds, turns, say)
