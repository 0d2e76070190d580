"""SnapStart through the plane on the real spawner: templates made, lost, made again, and gone with their version."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import is_readable

from lambent.core.ids import request_id
from lambent.execution import snapshots
from lambent.execution.leases import Lease
from lambent.execution.pressure import Reading
from lambent.execution.spec import (
    SNAP_START,
    InitializationFailed,
    Invocation,
    RestoreFailed,
    RestoreTimedOut,
    SandboxFailed,
    SnapshotRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.execution.conftest import Functions

    from lambent.execution.spec import FunctionSpec

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(60)]

_CODE = """
import os, random
inits = [random.random()]
def handler(event, context):
    if event == 'sleep':
        import time
        time.sleep(30)
    return [inits, os.readlink('/proc/self/ns/pid'), os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']]
"""


def _make(functions: Functions, code: str = _CODE, **changes: Any) -> FunctionSpec:
    changes = {"initialization": SNAP_START, "function_version": "1", **changes}
    return functions.make("python3.11", {"app.py": code}, **changes)


def test_a_call_restores_an_environment_and_the_log_says_so(functions: Functions) -> None:
    spec = _make(functions)
    functions.logged.clear()
    functions.run(functions.plane.snapshot(spec))
    init_start, init_report = functions.logged
    assert init_start.startswith("INIT_START Runtime Version: python:")
    assert re.fullmatch(r"INIT_REPORT Init Duration: [\d.]+ ms\n", init_report)

    functions.logged.clear()
    outcome = functions.call(spec)
    inits, _, kind = json.loads(outcome.payload)
    assert kind == "snap-start"
    assert functions.logged[0].startswith("RESTORE_START Runtime Version: python:")
    assert re.fullmatch(r"RESTORE_REPORT Restore Duration: [\d.]+ ms\n", functions.logged[1])
    assert functions.logged[2].startswith("START RequestId: ")
    assert " Restore Duration: " in functions.logged[-1].replace("\t", " ")
    assert outcome.init_ms is None
    # Warm from then on, in the same environment.
    assert functions.answer(spec)[0] == inits


def test_many_at_once_are_all_forked_from_the_one_template(functions: Functions) -> None:
    code = _CODE.replace("event == 'sleep'", "True").replace("sleep(30)", "sleep(0.2)")
    spec = _make(functions, code)
    # On a busy machine one that waits would have the environment of one that is done.
    functions.plane._scheduler.await_idle = lambda group, waiter: None  # type: ignore[method-assign]

    async def calls() -> list[Any]:
        return await asyncio.gather(
            *(
                functions.plane.invoke(spec, Invocation(request_id(), b"null", spec.function_arn))
                for _ in range(6)
            )
        )

    answers = [json.loads(outcome.payload) for outcome in functions.run(calls())]
    assert len({json.dumps(answer[0]) for answer in answers}) == 1
    assert len({answer[1] for answer in answers}) == 6


def test_a_template_that_is_killed_is_made_again(functions: Functions) -> None:
    spec = _make(functions)
    (before,), namespace, _ = functions.answer(spec)
    running = functions.run(_begin(functions, spec))
    os.kill(_keeper(functions, spec), signal.SIGKILL)
    with pytest.raises(SandboxFailed):
        functions.run(_ended(running))
    (after,), fresh, kind = functions.answer(spec)
    assert (after != before, fresh != namespace, kind) == (True, True, "snap-start")


async def _begin(functions: Functions, spec: FunctionSpec) -> asyncio.Task[Any]:
    call = Invocation(request_id(), b'"sleep"', spec.function_arn)
    task = asyncio.get_running_loop().create_task(functions.plane.invoke(spec, call))
    await _until(lambda: bool(functions.plane._scheduler.describe()[spec.key]["busy"]))
    return task


async def _until(condition: Callable[[], bool]) -> None:
    """The loop goes round meanwhile."""
    while not condition():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def _ended(task: asyncio.Task[Any]) -> Any:
    outcome = await task
    assert outcome.is_error
    raise SandboxFailed(outcome.payload)


def test_nothing_of_a_retired_version_stays(functions: Functions) -> None:
    spec = _make(functions)
    functions.answer(spec)
    pidfd = os.pidfd_open(_keeper(functions, spec))
    functions.plane.retire(spec.key)
    functions.run(functions.plane.describe())
    assert is_readable(pidfd, 15)
    os.close(pidfd)
    assert spec.key not in functions.run(functions.plane.describe())["snapshots"]


def test_templates_that_nobody_uses_end_when_memory_is_short(
    make_functions: type[Functions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    tmp_path.chmod(0o755)
    monkeypatch.setattr(snapshots, "PRESSURE_EVERY_S", 0.01)
    functions = make_functions(tmp_path)
    try:
        unused, used = _make(functions), _make(functions)
        functions.run(functions.plane.snapshot(unused))
        functions.answer(used)
        functions.plane._snapshots._read_pressure = lambda: Reading(0.0, 0.0)

        described = functions.plane._snapshots.describe
        functions.run(_until(lambda: unused.key not in described()))
        assert used.key in functions.run(functions.plane.describe())["snapshots"]
        # It is made again when it is asked for.
        functions.plane._snapshots._read_pressure = lambda: Reading(1.0, 0.0)
        assert functions.answer(unused)[2] == "snap-start"
    finally:
        functions.stop()


def test_a_new_spawner_makes_the_template_again_on_demand(
    make_functions: type[Functions], tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    tmp_path.chmod(0o755)
    functions = make_functions(tmp_path)
    try:
        spec = _make(functions)
        (before,), _, _ = functions.answer(spec)
        functions.run(functions.replace_spawner())
        (after,), _, kind = functions.answer(spec)
        assert (after != before, kind) == (True, "snap-start")
    finally:
        functions.stop()


def test_boto3_of_init_works_in_every_copy(functions: Functions) -> None:
    spec = _make(
        functions,
        """
import boto3
client = boto3.client('dynamodb', endpoint_url='http://127.0.0.1:1')
def handler(event, context):
    try:
        client.list_tables()
    except Exception as error:
        return type(error).__name__
""",
        environment={"AWS_MAX_ATTEMPTS": "1"},
    )
    assert functions.answer(spec) == "EndpointConnectionError"


@pytest.mark.parametrize(
    ("code", "failure", "says"),
    [
        ("1 / 0", InitializationFailed, "ZeroDivisionError"),
        ("import os; os._exit(3)", InitializationFailed, r"Runtime\.ExitError"),
        ("held = bytearray(500 << 20)", InitializationFailed, r"Runtime\.OutOfMemory"),
        ("import os; left = os.pipe()", SnapshotRefused, "INIT left pipe"),
    ],
)
def test_what_is_wrong_with_init_is_told(
    functions: Functions, code: str, failure: type[Exception], says: str
) -> None:
    spec = _make(functions, f"{code}\ndef handler(event, context): pass")
    with pytest.raises(failure, match=says):
        functions.run(functions.plane.snapshot(spec))


def test_a_hook_that_fails_fails_the_call(functions: Functions) -> None:
    code = """
import snapshot_restore_py
snapshot_restore_py.register_after_restore(len)
def handler(event, context): pass
"""
    with pytest.raises(RestoreFailed, match="TypeError"):
        functions.call(_make(functions, code))


def test_a_generator_that_cannot_be_seeded_fails_the_call(functions: Functions) -> None:
    code = "import random\nrandom.seed = None\ndef handler(event, context): return 1"
    with pytest.raises(RestoreFailed, match="TypeError"):
        functions.call(_make(functions, code))


def test_hooks_have_their_time(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambent.execution.restore.RESTORE_LIMIT_S", 0.2)
    code = """
import snapshot_restore_py, time
snapshot_restore_py.register_after_restore(time.sleep, 30)
def handler(event, context): pass
"""
    with pytest.raises(RestoreTimedOut):
        functions.call(_make(functions, code))
    assert any(line.startswith("RESTORE_REPORT") and "timeout" in line for line in functions.logged)


def _keeper(functions: Functions, spec: FunctionSpec) -> int:
    """The first process of the template."""
    environment = functions.plane._snapshots._templates[spec.key]._environment
    assert environment is not None
    peak = environment._sandbox._peak
    assert peak is not None
    return peak._pid


_KEYS = """
import os
def key():
    return os.environ["AWS_ACCESS_KEY_ID"]
at_init = key()
def handler(event, context):
    return [at_init, key()]
"""


def test_credentials_are_of_their_time_and_a_template_goes_before_its_own(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = _make(functions, _KEYS)
    given: list[Lease] = []

    def take(_: FunctionSpec) -> Lease:
        lease = Lease({"AWS_ACCESS_KEY_ID": f"ASIA{len(given)}"}, 3600)
        given.append(lease)
        return lease

    monkeypatch.setattr(functions.plane._leases, "take", take)
    monkeypatch.setattr(functions.plane._snapshots, "_means", _means(functions, take))
    functions.run(functions.plane.snapshot(spec))
    assert functions.answer(spec) == ["ASIA0", "ASIA1"]
    template = functions.plane._snapshots._templates[spec.key]
    old = template._environment

    async def renew() -> None:
        assert template._renewal is not None
        template._renewal.cancel()
        template._renew()

    functions.run(renew())
    at_init, now = functions.answer(spec)
    assert (at_init, now) != ("ASIA0", "ASIA1")
    assert template._environment is not old
    assert template._outgoing == {old}  # until no fork of it can be at work


def _means(functions: Functions, take: Callable[[FunctionSpec], Lease]) -> snapshots.Means:
    return replace(functions.plane._snapshots._means, lease=take)
