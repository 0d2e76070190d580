"""How many idle environments a gigabyte holds, against plain processes that hold the same function.

Each has answered one call. Memory is proportional set size, as the kernel shares it out: for the plain processes their
sum, for ours what the whole tree of the platform, core included, grew by, for each sandbox that there is more. That is
not always one for each call: the pool grows and shrinks, too, with what it believes is wanted.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu, processes
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.contestants.commands import EVENT
from benchmarks.contestants.server import FUNCTIONS_DIR
from benchmarks.interpreters import python, python_runtime
from benchmarks.rounds import Turn, TurnFailed, alternate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from benchmarks.contestants.lambent import Lambent
    from benchmarks.processes import Process
    from benchmarks.rounds import Row, TurnTaker

TITLE = "idle environments"
COUNT = 50
GB = 1e9
# After the last call or the last farewell: pools are full again, what has ended is gone.
SETTLE_S = 3.0
# One after the other, so that the pool of those that wait for nobody in particular stays as small as it is.
REST_S = 0.05


def measure(lambent: Lambent | None, rounds: int, say: Callable[[str], None]) -> Row:
    """One row: ours, each environment of a function of its own, and plain Python processes."""
    turns: dict[str, TurnTaker] = {}
    if lambent:
        dense = Dense(lambent)
        dense.create()
        turns["lambent python"] = dense
    turns["plain python"] = plain
    return alternate(TITLE, rounds, turns, say)


@dataclass(frozen=True, slots=True)
class Weight:
    """The platform's tree at one moment."""

    kib: int
    sandboxes: int


def count_sandboxes(found: Mapping[int, Process], pids: Iterable[int]) -> int:
    """How many pid namespaces these processes live in: each has one first process, made from outside."""
    nested = (found[pid] for pid in pids if found[pid].nested)
    return sum(
        process.parent not in found or not found[process.parent].nested for process in nested
    )


class Dense:
    """Turns of ours."""

    def __init__(self, lambent: Lambent) -> None:
        self._lambent = lambent
        self._targets = [lambent.target(f"dense-{number}") for number in range(COUNT)]
        self._functions = control.client(lambent.target("dense"))
        self._generation = 0

    def create(self) -> None:
        """The functions; each is called, so that the pool has grown as it will grow in a turn."""
        for target in self._targets:
            control.create(self._functions, target.function, python_runtime(), 128)
        self._call()

    def __call__(self) -> Turn:
        self._generation += 1
        before = cpu.take()
        try:
            for target in self._targets:  # which retires its idle environment
                control.renew(self._functions, target.function, self._generation)
            time.sleep(SETTLE_S)
            empty = self._weigh()
            self._call()
            time.sleep(SETTLE_S)
            full = self._weigh()
        except (AnswerWrong, OSError, RuntimeError, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        found = figures(full.kib - empty.kib, full.sandboxes - empty.sandboxes)
        return Turn(found, cpu.used(before, cpu.take(), self._lambent))

    def _call(self) -> None:
        for target in self._targets:
            time.sleep(REST_S)
            with Caller(target) as caller:
                if caller.invoke().init_ms is None:
                    raise AnswerWrong(f"{target.function} had an environment already")

    def _weigh(self) -> Weight:
        found = processes.look()
        pids = processes.tree(found, self._lambent.root)
        return Weight(pss_kib(pids), count_sandboxes(found, pids))


def plain() -> Turn:
    """A turn of plain processes."""
    script = str(FUNCTIONS_DIR / "run_and_wait.py")
    words = [python(), "-I", "-S", script, str(FUNCTIONS_DIR), "hello.handler"]
    before = cpu.take()
    with ExitStack() as running:
        started = [
            running.enter_context(
                subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for _ in range(COUNT)
        ]
        for process in started:
            assert process.stdin
            assert process.stdout
            process.stdin.write(EVENT + b"\n")
            process.stdin.flush()
            if b"call-000001" not in process.stdout.readline():
                raise TurnFailed("a plain process did not answer")
        whole_kib = pss_kib(process.pid for process in started)
    return Turn(figures(whole_kib, COUNT), cpu.used(before, cpu.take(), None))


def figures(whole_kib: int, count: int) -> dict[str, float]:
    """Of so many environments. Raises TurnFailed where that says nothing."""
    if count < COUNT / 2 or whole_kib <= 0:
        raise TurnFailed(f"{count} environments took {whole_kib} KiB")
    each = whole_kib * 1024 / count
    return {"each_mb": each / 1e6, "per_gb": GB / each}


def pss_kib(pids: Iterable[int]) -> int:
    return sum(processes.pss_kib(pid) for pid in pids)
