"""A large event, sent back by a Python function: what carrying a megabyte in and out costs.

One connection, one invoke at a time. Building and signing the request is not timed; sending and receiving is, in a
Python client, the same for everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.serverless_offline import ServerlessOffline
from benchmarks.interpreters import python_runtime
from benchmarks.rounds import TurnFailed, alternate
from benchmarks.rows.cold import single

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.contestants.server import Server
    from benchmarks.rounds import Row, Turn, TurnTaker

TITLE = "1 MB echo"
# Of the event's text; with its other members the event is a little more than a megabyte.
SIZE = 1_000_000
DATA = "lambent " * (SIZE // len("lambent "))
# Enough for a median of the turn; the first ones, unmeasured, start the environment and let buffers grow.
ECHOES = 30
FIRST_ECHOES = 3


def measure(servers: Iterable[Server], rounds: int, say: Callable[[str], None]) -> Row:
    """One row: ours beside serverless-offline, in Python."""
    turns: dict[str, TurnTaker] = {}
    for server in servers:
        if isinstance(server, Lambent):
            target = server.target("echo")
            functions = control.client(target)
            control.create(functions, target.function, python_runtime(), 1769, "echo.py")
        elif not isinstance(server, ServerlessOffline):
            continue
        turns[f"{server.name} python"] = Echoes(server)
    return alternate(TITLE, rounds, turns, say)


class Echoes:
    """Turns of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __call__(self) -> Turn:
        try:
            with Caller(self._server.target("echo"), DATA) as caller:
                for _ in range(FIRST_ECHOES):
                    caller.invoke()
                before = cpu.take()
                times = [caller.invoke().ms for _ in range(ECHOES)]
        except (AnswerWrong, OSError, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        used = cpu.used(before, cpu.take(), self._server)
        return single(times, used, {"control_cpu_us": used.control_s * 1e6 / ECHOES})
