"""A function that is new: create-function until it is Active, then its first invoke over HTTP.

serverless-offline reads its functions when it starts, so it has nothing to create. In each of its turns it is started
anew with functions that nobody has called, and answers calls of others before the first of them is called.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.contestants.server import NotAvailable
from benchmarks.contestants.serverless_offline import NODE_RUNTIME
from benchmarks.interpreters import node, python_runtime
from benchmarks.rounds import TurnFailed, alternate
from benchmarks.rows.cold import REST_S, single

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda import LambdaClient

    from benchmarks.contestants.lambent import Lambent
    from benchmarks.contestants.serverless_offline import UncalledFunctions
    from benchmarks.rounds import Row, Turn, TurnTaker

TITLE = "new function"
# Functions in a turn.
CREATED = 12


def measure(
    lambent: Lambent,
    uncalled: UncalledFunctions | None,
    rounds: int,
    say: Callable[[str], None],
) -> Row:
    """One row: ours and serverless-offline, in Python and in Node."""
    runtimes = {"python": python_runtime()} | ({"node": NODE_RUNTIME} if node() else {})
    turns: dict[str, TurnTaker] = {
        f"lambent {language}": NewFunctions(lambent, language, runtime)
        for language, runtime in runtimes.items()
    }
    if uncalled:
        for language in runtimes:
            turns[f"{uncalled.name} {language}"] = FirstCalls(uncalled, language)
    return alternate(TITLE, rounds, turns, say)


class NewFunctions:
    """Turns of ours in one language."""

    def __init__(self, lambent: Lambent, language: str, runtime: str) -> None:
        self._lambent = lambent
        self._language = language
        self._runtime = runtime
        self._made = 0

    def __call__(self) -> Turn:
        functions = control.client(self._lambent.target("new"))
        before = cpu.take()
        try:
            figures = [self._create_and_invoke(functions) for _ in range(CREATED)]
        except (AnswerWrong, OSError, RuntimeError, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        used = cpu.used(before, cpu.take(), self._lambent)
        create_ms = statistics.median(create for create, _ in figures)
        return single([invoke for _, invoke in figures], used, {"create_ms": create_ms})

    def _create_and_invoke(self, functions: LambdaClient) -> tuple[float, float]:
        """Milliseconds of both."""
        self._made += 1
        target = self._lambent.target(f"new-{self._language}-{self._made}")
        time.sleep(REST_S)
        create_ms = control.create(functions, target.function, self._runtime, 1769)
        with Caller(target) as caller:
            invoke_ms = caller.invoke().ms
        functions.delete_function(FunctionName=target.function)
        return create_ms, invoke_ms


class FirstCalls:
    """Turns of serverless-offline in one language."""

    def __init__(self, uncalled: UncalledFunctions, language: str) -> None:
        self._uncalled = uncalled
        self._language = language

    def __call__(self) -> Turn:
        try:
            self._uncalled.start()
            before = cpu.take()
            times = [self._first_call(number) for number in range(CREATED)]
            used = cpu.used(before, cpu.take(), self._uncalled)
        except (NotAvailable, AnswerWrong, OSError) as failure:
            raise TurnFailed(str(failure)) from failure
        finally:
            self._uncalled.stop()
        return single(times, used)

    def _first_call(self, number: int) -> float:
        time.sleep(REST_S)
        with Caller(self._uncalled.target(f"{self._language}-{number}")) as caller:
            return caller.invoke().ms
