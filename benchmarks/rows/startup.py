"""Start-up: from making the process to the first right answer of a function, and what all of it then weighs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import cpu, processes
from benchmarks.contestants.lambent import Lambent
from benchmarks.contestants.ministack import Ministack
from benchmarks.contestants.server import NotAvailable, Server
from benchmarks.contestants.serverless_offline import ServerlessOffline
from benchmarks.rounds import Row, Turn, TurnFailed, alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.rounds import TurnTaker

# After the first answer, before memory is counted: pools fill, buffers settle.
SETTLE_S = 2.0


def measure(servers: Sequence[Server], rounds: int, say: Callable[[str], None]) -> Row:
    """Start each, time its first answer, end it. They must not be running."""
    turns: dict[str, TurnTaker] = {}
    for server in servers:
        if isinstance(server, Lambent):
            # Its functions survive, as a user's do: the start that counts finds them again.
            try:
                server.start()
            except (NotAvailable, ClientError, BotoCoreError, RuntimeError) as problem:
                reason = " ".join(str(problem).split())
                say(f"{server.name} is left out of the start-ups: {reason}")
                continue
            finally:
                server.stop()
            turns[server.name] = _turn(server, _start_lambent)
        elif isinstance(server, Ministack):
            turns[server.name] = _turn(server, _start_ministack)
        elif isinstance(server, ServerlessOffline):
            turns[server.name] = _turn(server, _start_serverless_offline)
    return alternate("start-up to first answer", rounds, turns, say)


def _turn(server: Server, start: Callable[..., float]) -> TurnTaker:
    def turn() -> Turn:
        before = cpu.take()
        try:
            begun = start(server)
            answered = server.wait_for_answer(server.target("python"))
            used = cpu.used(before, cpu.take(), server)
        except (NotAvailable, OSError) as failure:
            raise TurnFailed(str(failure)) from failure
        finally:
            server.stop()
        took_us = (answered - begun) * 1e6
        return Turn({"p50_us": took_us, "requests": 1.0}, used, (took_us,))

    return turn


def _start_lambent(server: Lambent) -> float:
    """The keys are known from the first start."""
    return server.begin()


def _start_ministack(server: Ministack) -> float:
    """It forgets its functions when it stops: creating one is part of its way to an answer."""
    begun = server.begin()
    server.create_function()
    return begun


def _start_serverless_offline(server: ServerlessOffline) -> float:
    return server.begin()


def weigh(server: Server) -> dict[str, tuple[int, float]]:
    """Processes and MB of proportional set size of each part of an idle, running server."""
    time.sleep(SETTLE_S)
    parts = cpu.by_part(processes.look().values(), server)
    return {
        part: (len(members), sum(processes.pss_kib(member.pid) for member in members) * 1024 / 1e6)
        for part, members in parts.items()
    }
