"""Cold starts: a new environment for a function that has no idle one, against an interpreter started by hand.

Ours goes the whole way, signed over HTTP; the commands are timed from before the process is made until its answer is
read. The REPORT line's Init Duration proves that each start was cold, and is printed beside it. A warm invoke after the
same rest stands beside them: processors and caches have gone to sleep, and waking them is most of what both take.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.contestants.server import NotAvailable
from benchmarks.rounds import Row, Turn, TurnFailed, alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.contestants.commands import Command
    from benchmarks.contestants.lambent import Lambent
    from benchmarks.rounds import TurnTaker

# Starts per turn: enough for a median of the turn, few enough that a turn stays short.
STARTS = 12
# Before each start, for commands too: what the one before left to do (a pool refilled, a sandbox removed) is done.
# It is a start that is measured, not a storm of them.
REST_S = 0.1


def measure(
    lambent: Lambent | None, commands: Sequence[Command], rounds: int, say: Callable[[str], None]
) -> Row:
    """Cold start: ours at 1,769 MB and at 128 MB, in Node, and the commands."""
    turns: dict[str, TurnTaker] = {}
    if lambent:
        for function in ("python", "python-128", "node"):
            turns[f"lambent {function}"] = ColdFunction(lambent, function)
        turns["lambent python, warm after a rest"] = RestedFunction(lambent, "python")
    for command in commands:
        turns[command.name] = command_turn(command)
    return alternate("cold start", rounds, turns, say)


class ColdFunction:
    """Turns of one function: each start follows a change of the function that retires what is idle.

    Args: the platform, the function, how many starts a turn has, and the rest before each, in seconds.
    """

    def __init__(
        self, lambent: Lambent, function: str, starts: int = STARTS, rest_s: float = REST_S
    ) -> None:
        self._lambent = lambent
        self._function = function
        self._starts = starts
        self._rest_s = rest_s
        self._generation = 0

    def __call__(self) -> Turn:
        target = self._lambent.target(self._function)
        functions = control.client(target)
        before = cpu.take()
        times: list[float] = []
        inits: list[float] = []
        try:
            with Caller(target) as caller:
                for _ in range(self._starts):
                    self._generation += 1
                    control.renew(functions, target.function, self._generation)
                    time.sleep(self._rest_s)
                    answer = caller.invoke()
                    if answer.init_ms is None:
                        raise TurnFailed("a start was not cold: its REPORT has no Init Duration")
                    times.append(answer.ms)
                    inits.append(answer.init_ms)
        except (AnswerWrong, OSError, RuntimeError, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        used = cpu.used(before, cpu.take(), self._lambent)
        return single(times, used, {"init_ms": statistics.median(inits)})


class RestedFunction:
    """Turns of warm invokes, each after the rest that comes before a cold start."""

    def __init__(self, lambent: Lambent, function: str) -> None:
        self._lambent = lambent
        self._function = function

    def __call__(self) -> Turn:
        before = cpu.take()
        times: list[float] = []
        try:
            with Caller(self._lambent.target(self._function)) as caller:
                caller.invoke()
                for _ in range(STARTS):
                    time.sleep(REST_S)
                    answer = caller.invoke()
                    if answer.init_ms is not None:
                        raise TurnFailed("an invoke was not warm")
                    times.append(answer.ms)
        except (AnswerWrong, OSError) as failure:
            raise TurnFailed(str(failure)) from failure
        return single(times, cpu.used(before, cpu.take(), self._lambent))


def command_turn(command: Command) -> TurnTaker:
    def turn() -> Turn:
        before = cpu.take()
        try:
            times = [_rested(command) for _ in range(STARTS)]
        except (NotAvailable, OSError) as failure:
            raise TurnFailed(str(failure)) from failure
        return single(times, cpu.used(before, cpu.take(), None))

    return turn


def _rested(command: Command) -> float:
    time.sleep(REST_S)
    return command.invoke()


def single(times_ms: list[float], used: cpu.Used, more: dict[str, float] | None = None) -> Turn:
    """A turn of few starts: each is kept, so that percentiles are taken over all rounds."""
    figures = {"p50_us": statistics.median(times_ms) * 1e3, "requests": float(len(times_ms))}
    return Turn(figures | (more or {}), used, tuple(ms * 1e3 for ms in times_ms))
