"""SnapStart: an environment restored from a version's snapshot, against an interpreter that starts and imports.

Ours goes the whole way, signed over HTTP, into a sandbox with everything on. Each environment ends itself after its
call (functions/ends.py); the REPORT line's Restore Duration proves that each call was restored, and is printed beside.
"""

from __future__ import annotations

import statistics
import sysconfig
import time
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control, cpu, packages
from benchmarks.caller import Answer, AnswerWrong, Caller
from benchmarks.contestants.commands import RUN_ONCE, Command
from benchmarks.contestants.server import FUNCTIONS_DIR, NotAvailable
from benchmarks.interpreters import serving
from benchmarks.rounds import Row, Turn, TurnFailed, alternate
from benchmarks.rows.cold import single

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from types_boto3_lambda import LambdaClient

    from benchmarks.contestants.lambent import Lambent
    from benchmarks.rounds import TurnTaker

# A start of the plain interpreter takes up to a second.
STARTS = 8
REST_S = 0.1
_TRIES = 4
FUNCTIONS = {"boto3": "uses_boto3", "pandas": "uses_pandas"}
# The oldest that may have SnapStart. Both sides run the interpreter that serves it on this host.
RUNTIME: Final = "python3.12"
# What AWS gives one whole core to.
MEMORY_MIB = 1769


def title(kind: str) -> str:
    return f"SnapStart, {kind}"


class Plain(Command):
    """An interpreter that starts, imports and answers."""

    def __init__(self, kind: str, interpreter: str, library: str) -> None:
        self.name = f"plain python, {kind}"
        self._module = FUNCTIONS[kind]
        self._interpreter = interpreter
        self._library = library

    def install(self) -> None:
        """Nothing to do."""

    def words(self) -> list[str]:
        handler = f"{self._module}.handler"
        options = [self._interpreter, "-I", "-S"]
        return [*options, str(RUN_ONCE), str(FUNCTIONS_DIR), handler, self._library]


def measure(lambent: Lambent, rounds: int, say: Callable[[str], None]) -> Iterator[Row]:
    """A row for each of the two functions, as it is done. Raises NotAvailable."""
    interpreter, version = serving(RUNTIME)
    home = packages.install(interpreter, version)
    libraries = {"boto3": sysconfig.get_path("purelib"), "pandas": str(home)}
    for kind, library in libraries.items():
        version = _publish(lambent, kind, home)
        turns: dict[str, TurnTaker] = {
            f"lambent restored, {kind}": _restores(lambent, kind, version),
            f"plain python, {kind}": _plain(Plain(kind, interpreter, library)),
        }
        yield alternate(title(kind), rounds, turns, say)


def _publish(lambent: Lambent, kind: str, home: Path) -> str:
    """Make the function and a version of it, and wait for its snapshot; the version's number."""
    target = lambent.target(f"snap-{kind}")
    functions = control.client(target)
    module = FUNCTIONS[kind]
    layers = (
        [_layer(functions, *each) for each in packages.layers(home).items()]
        if kind == "pandas"
        else []
    )
    functions.create_function(
        FunctionName=target.function,
        Runtime=RUNTIME,
        Role=control.role_of(functions),
        Handler=f"{module}.handler",
        MemorySize=MEMORY_MIB,
        Timeout=30,
        Layers=layers,
        SnapStart={"ApplyOn": "PublishedVersions"},
        Code={"ZipFile": control.archive(f"{module}.py", "ends.py")},
    )
    control.wait_until_ready(functions, target.function)
    version = functions.publish_version(FunctionName=target.function)["Version"]
    control.wait_until_ready(functions, target.function, version)
    shown = functions.get_function_configuration(FunctionName=target.function, Qualifier=version)
    if shown["SnapStart"]["OptimizationStatus"] != "On":
        raise NotAvailable(f"no snapshot of {kind}: {shown.get('StateReason')}")
    return version


def _layer(functions: LambdaClient, name: str, archive: bytes) -> str:
    layer = functions.publish_layer_version(LayerName=name, Content={"ZipFile": archive})
    return layer["LayerVersionArn"]


def _restores(lambent: Lambent, kind: str, version: str) -> TurnTaker:
    def turn() -> Turn:
        target = lambent.target(f"snap-{kind}").qualified(version)
        before = cpu.take()
        times, restores = [], []
        try:
            with Caller(target) as caller:
                for _ in range(STARTS):
                    answer = _restored(caller)
                    times.append(answer.ms)
                    restores.append(answer.restore_ms or 0.0)
        except (AnswerWrong, OSError, RuntimeError, ClientError, BotoCoreError) as failure:
            raise TurnFailed(str(failure)) from failure
        used = cpu.used(before, cpu.take(), lambent)
        return single(times, used, {"init_ms": statistics.median(restores)})

    return turn


def _restored(caller: Caller) -> Answer:
    """A call that found no environment. On a busy machine the one before may still be about to end."""
    for _ in range(_TRIES):
        time.sleep(REST_S)
        try:
            answer = caller.invoke()
        except AnswerWrong as wrong:
            if "Runtime.ExitError" not in str(wrong):
                raise
            continue
        if answer.restore_ms is not None:
            return answer
    raise TurnFailed("calls are not restored: REPORT has no Restore Duration")


def _plain(command: Command) -> TurnTaker:
    def turn() -> Turn:
        before = cpu.take()
        times = []
        try:
            for _ in range(STARTS):
                time.sleep(REST_S)
                times.append(command.invoke())
        except (NotAvailable, OSError) as failure:
            raise TurnFailed(str(failure)) from failure
        return single(times, cpu.used(before, cpu.take(), None))

    return turn
