"""What becomes of a version whose snapshot could or could not be made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from lambent.execution.spec import InitializationFailed, SandboxFailed, SnapshotRefused
from lambent.services.lambda_.snap_start import Snapshots, _may_have_it

if TYPE_CHECKING:
    from lambent.services.lambda_.model import Snapshot, State


class _Plane:
    def __init__(self, fault: Exception | None) -> None:
        self._fault = fault

    async def snapshot(self, spec: object) -> None:
        if self._fault is not None:
            raise self._fault


class _Version:
    arn, version = "arn:aws:lambda:us-east-1:123456789012:function:f", 1


@pytest.mark.parametrize(
    ("fault", "state", "reason_code"),
    [
        (None, "Active", ""),
        (SnapshotRefused("INIT left a timer running"), "Active", ""),
        (InitializationFailed("Sandbox.Timedout"), "Failed", "FunctionError.InitTimeout"),
        (
            InitializationFailed("Runtime.OutOfMemory"),
            "Failed",
            "FunctionError.InitResourceExhausted",
        ),
        (InitializationFailed("ValueError"), "Failed", "FunctionError"),
        (SandboxFailed("no spawner"), "Failed", "InternalError"),
    ],
)
def test_each_end_has_its_state(
    fault: Exception | None, state: str, reason_code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambent.services.lambda_.snap_start.replace", lambda spec, **_: spec)
    monkeypatch.setattr(_Version, "spec", lambda self: None, raising=False)
    snapshots = Snapshots(None, _Plane(fault), lambda key: None)  # type: ignore[arg-type]
    found: tuple[State, Snapshot] = asyncio.run(snapshots._attempt(_Version()))  # type: ignore[arg-type]
    assert (found[0], found[1].is_on, found[1].reason_code) == (state, fault is None, reason_code)
    assert bool(found[1].reason) == (fault is not None)


@pytest.mark.parametrize(
    ("runtime", "may"),
    [
        *(("python3.12", True), ("python3.13", True), ("python3.11", False), ("python2.7", False)),
        *(("java11", True), ("java11.al2023", True), ("java25", True), ("java8.al2", False)),
        *(("dotnet8", True), ("dotnet6", False), ("dotnetcore3.1", False)),
        *(("nodejs22.x", False), ("provided.al2023", False), ("ruby3.4", False)),
    ],
)
def test_runtimes_are_those_of_aws(runtime: str, may: bool) -> None:
    assert _may_have_it(runtime) is may
