"""Many calls at one moment, none of which finds an idle environment: how long until all are answered.

The function sleeps half a second. A call for which no sandbox has been made by the time another one is answered may
have its environment: so an answer without an INIT of its own cannot come before two of them could sleep. Before each
burst the platform rests until its pool has shrunk to what it keeps for nobody in particular.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.interpreters import python_runtime
from benchmarks.rounds import TurnFailed, alternate
from benchmarks.rows.cold import single

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contestants.lambent import Lambent
    from benchmarks.rounds import Row, Turn, TurnTaker

SIZES = (10, 100)
SLEEP_S = 0.5  # of functions/sleep.py
# The pool forgets a demand after ten seconds.
REST_S = 12.0


def measure(lambent: Lambent, rounds: int, say: Callable[[str], None]) -> Row:
    """Wall time of bursts of cold calls of a 0.5 s sleeper."""
    control.create(
        control.client(lambent.target("sleep")),
        lambent.target("sleep").function,
        python_runtime(),
        1769,
        "sleep.py",
    )
    turns: dict[str, TurnTaker] = {
        f"lambent {size} cold calls": Burst(lambent, size) for size in SIZES
    }
    return alternate("burst of a 0.5 s sleeper", rounds, turns, say)


class Burst:
    """Turns of one size."""

    def __init__(self, lambent: Lambent, size: int) -> None:
        self._lambent = lambent
        self._size = size
        self._generation = 0

    def __call__(self) -> Turn:
        target = self._lambent.target("sleep")
        self._generation += 1
        before = cpu.take()
        try:
            control.renew(
                control.client(target), target.function, self._generation * 1000 + self._size
            )
            time.sleep(REST_S)
            with contextlib.ExitStack() as stack:
                callers = [stack.enter_context(Caller(target)) for _ in range(self._size)]
                wall_ms, cold = _all_at_once(callers)
        except (AnswerWrong, OSError, RuntimeError, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        used = cpu.used(before, cpu.take(), self._lambent)
        return single([wall_ms], used, {"cold_starts": cold})


def _all_at_once(callers: list[Caller]) -> tuple[float, int]:
    """Milliseconds from the first request sent to the last answer read, and how many calls had an INIT. Raises
    AnswerWrong.
    """
    cold = 0
    requests = [caller.prepare() for caller in callers]
    with selectors.DefaultSelector() as selector:
        begun = time.perf_counter_ns()
        for caller, request in zip(callers, requests, strict=True):
            caller.send(request)
            selector.register(caller.fileno(), selectors.EVENT_READ, caller)
        waiting = len(callers)
        while waiting:
            for key, _ in selector.select():
                answer = key.data.finish()
                if answer.init_ms is not None:
                    cold += 1
                elif time.perf_counter_ns() - begun < 2 * SLEEP_S * 1e9:
                    raise AnswerWrong("a call of the burst found an environment")
                selector.unregister(key.fd)
                waiting -= 1
        return (time.perf_counter_ns() - begun) / 1e6, cold
