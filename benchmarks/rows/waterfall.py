"""One cold start of each runtime, taken apart: waiting for a sandbox, binding the code, importing it, the handler.

The steps are the platform's own (it logs them at the debug level), on the plane without HTTP. Each start begins when
the pool is full and nothing else is being made. Of several starts the one in the middle, by its whole time, is shown:
one that really happened, so that its steps add up.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import uvloop

from benchmarks import java
from benchmarks.bare_plane import bare_plane
from benchmarks.build import BuildFailed, build
from benchmarks.contestants.server import FUNCTIONS_DIR
from benchmarks.interpreters import python_runtime
from lambent.core.ids import request_id
from lambent.execution import cold_start
from lambent.execution.cold_start import Steps
from lambent.execution.spec import Invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lambent.execution.plane import ExecutionPlane
    from lambent.execution.spec import FunctionSpec

STARTS = 9
# A pool that is full stays undisturbed for so long before a start; making a JVM ready takes a second.
QUIET_S = 0.1
FULL_LIMIT_S = 30.0
EVENT = b'{"name": "lambent", "token": "call-000001"}'


@dataclass(frozen=True, slots=True)
class Kind:
    """A function to start: what it is called in the chart, and how it is made. `files` raises BuildFailed."""

    name: str
    runtime: str
    handler: str
    files: Callable[[], Mapping[str, bytes]]
    memory_mib: int = 1769


def _source(filename: str) -> Callable[[], Mapping[str, bytes]]:
    return lambda: {filename: (FUNCTIONS_DIR / filename).read_bytes()}


KINDS = (
    Kind("Python", python_runtime(), "hello.handler", _source("hello.py")),
    Kind("Python, boto3", python_runtime(), "with_boto3.handler", _source("with_boto3.py")),
    Kind("Node", "nodejs20.x", "hello.handler", _source("hello.js")),
    Kind("Java", java.RUNTIME, java.HANDLER, java.package, memory_mib=2048),
    Kind(
        "provided",
        "provided.al2023",
        "hello",
        lambda: {"bootstrap": build("bootstrap").read_bytes()},
    ),
)


def measure(say: Callable[[str], None]) -> dict[str, Steps]:
    """The middle cold start of each kind that this host can run. Needs root. Raises OSError."""
    with _listening() as heard:
        return uvloop.run(_measure(heard, say))


async def _measure(heard: list[Steps], say: Callable[[str], None]) -> dict[str, Steps]:
    found: dict[str, Steps] = {}
    async with bare_plane() as bare:
        for kind in KINDS:
            if kind.runtime not in bare.runtimes:
                say(f"no cold start of {kind.name}: nothing serves {kind.runtime}")
                continue
            try:
                files = kind.files()
            except BuildFailed as problem:
                say(f"no cold start of {kind.name}: {problem}")
                continue
            spec = await bare.function("f", kind.runtime, files, kind.handler, kind.memory_mib)
            # The first one makes the pool.
            steps = [await _start(bare.plane, spec, heard, number) for number in range(STARTS + 1)]
            found[kind.name] = middle(steps[1:])
    return found


async def _start(
    plane: ExecutionPlane, spec: FunctionSpec, heard: list[Steps], number: int
) -> Steps:
    heard.clear()
    once = replace(spec, key=f"{spec.key}:{number}")
    outcome = await plane.invoke(once, Invocation(request_id(), EVENT, spec.function_arn))
    plane.retire(once.key)
    if outcome.is_error:
        raise RuntimeError(f"{spec.runtime}: {outcome.payload[:300].decode(errors='replace')}")
    (steps,) = heard
    await _until_full(plane)
    return steps


async def _until_full(plane: ExecutionPlane) -> None:
    """Wait until every pool has what it wants, and a little longer. Raises TimeoutError."""
    async with asyncio.timeout(FULL_LIMIT_S):
        is_full = False
        while not is_full:
            await asyncio.sleep(QUIET_S)
            is_full = all(map(_is_full, (await plane.describe())["pools"].values()))


def _is_full(pool: Mapping[str, float]) -> bool:
    return not pool["creating"] and pool["ready"] >= pool["target"]


def middle(steps: Sequence[Steps]) -> Steps:
    """The start whose whole time is the median, the lower of two; if possible of those whose steps are all known."""
    whole = [each for each in steps if each.import_ms] or steps
    return sorted(whole, key=lambda each: each.all_ms)[(len(whole) - 1) // 2]


def parts(steps: Steps) -> dict[str, float]:
    """What a start consists of, in milliseconds, in the order in which it happens (`core` is before and between)."""
    named = {
        "pool wait": steps.pool_ms,
        "bind": steps.bind_ms,
        "import": steps.import_ms,
        "handler": steps.handler_ms,
    }
    return named | {"core": max(0.0, steps.all_ms - sum(named.values()))}


class _Hearing(logging.Handler):
    """Keeps the steps that the platform logs."""

    def __init__(self, heard: list[Steps]) -> None:
        super().__init__()
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        self._heard += [each for each in arguments if isinstance(each, Steps)]


@contextmanager
def _listening() -> Iterator[list[Steps]]:
    logger = logging.getLogger(cold_start.__name__)
    heard: list[Steps] = []
    hearing, level = _Hearing(heard), logger.level
    logger.addHandler(hearing)
    logger.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        logger.setLevel(level)
        logger.removeHandler(hearing)
