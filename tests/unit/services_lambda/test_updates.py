"""Updates of code and configuration."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import ServiceError
from lambent.services.lambda_ import changes
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"
IN_PROGRESS = {
    "State": "Active",
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}


def test_new_code_runs_from_the_answer_on(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        before = await bench.create()
        await bench.call("Invoke", FunctionName="f")
        archive = make_zip(handler_py="def run(event, context): return 2")
        bench.clock.advance(timedelta(seconds=1.5))
        answer = await bench.call("UpdateFunctionCode", FunctionName="f", ZipFile=archive)
        assert {name: answer[name] for name in IN_PROGRESS} == IN_PROGRESS
        assert answer["CodeSize"] == len(archive)
        assert answer["CodeSha256"] != before["CodeSha256"]
        # As update-function-code printed it in April 2022 and January 2026 ("2026-01-07T22:46:05.000+0000", of
        # lifeproof-poc-summarizer), while creations have milliseconds.
        assert answer["LastModified"] == "2026-01-01T00:00:01.000+0000"
        await bench.call("Invoke", FunctionName="f")
        (old, _), (new, _) = bench.plane.invoked
        assert old.code != new.code
        assert bench.plane.retired == [old.key]
        assert old.key != new.key
        await bench.settle()
        assert bench.trees() == [new.code]
        assert len(bench.archives()) == 1

    run(scenario)


def test_an_update_settles_and_changes_the_revision_twice(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        first = await bench.call("GetFunctionConfiguration", FunctionName="f")
        answer = await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=9)
        assert {name: answer[name] for name in IN_PROGRESS} == IN_PROGRESS
        await bench.settle()
        settled = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert (settled["Timeout"], settled["LastUpdateStatus"]) == (9, "Successful")
        assert not {"LastUpdateStatusReason", "LastUpdateStatusReasonCode"} & settled.keys()
        assert len({shown["RevisionId"] for shown in (first, answer, settled)}) == 3

    run(scenario)


def test_the_configuration_that_is_not_mentioned_stays(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        created = await bench.create(Environment={"Variables": {"A1": "b"}}, Description="d")
        answer = await bench.call(
            "UpdateFunctionConfiguration", FunctionName="f", Handler="x.y", Layers=[]
        )
        assert answer["Handler"] == "x.y"
        for member in ("Environment", "Description", "Role", "Runtime", "CodeSha256", "Timeout"):
            assert answer[member] == created[member]

    run(scenario)


def test_a_settled_change_does_not_make_new_environments(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.call("CreateFunction", **(await _creation(bench)))
        await bench.call("Invoke", FunctionName="f")
        await bench.settle()
        await bench.call("Invoke", FunctionName="f")
        (first, _), (second, _) = bench.plane.invoked
        assert first.key == second.key
        assert bench.plane.retired == []

    run(scenario)


async def _creation(bench: Any) -> dict[str, Any]:
    await bench.create("other")
    archive = await bench.blobs.get(bench.archives()[0])
    role = "arn:aws:iam::123456789012:role/r"
    code = {"ZipFile": archive}
    return {
        "FunctionName": "f",
        "Runtime": "python3.12",
        "Handler": "a.b",
        "Role": role,
        "Code": code,
    }


def test_a_new_interpreter_compiles_the_code_again(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Runtime="python3.13")
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Runtime="python3.11")
        assert bench.plane.compiled_for == ["python3.12", "python3.11"]
        await bench.settle()
        assert (len(bench.trees()), len(bench.archives())) == (1, 1)

    run(scenario)


def test_back_to_back_changes_wait_for_each_other(
    run: Run, make_request: Any, make_zip: Any
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.call("CreateFunction", **make_request())
        archive = make_zip(handler_py="2")
        await bench.call("UpdateFunctionCode", FunctionName="f", ZipFile=archive)
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=4)
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", MemorySize=256)
        await bench.call("DeleteFunction", FunctionName="f")
        await bench.settle()
        assert (bench.archives(), bench.trees()) == ([], [])

    run(scenario)


def test_changes_at_once_all_happen(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await asyncio.gather(
            bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=4),
            bench.call("UpdateFunctionConfiguration", FunctionName="f", MemorySize=256),
            bench.call("UpdateFunctionConfiguration", FunctionName="f", Description="d"),
        )
        shown = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert (shown["Timeout"], shown["MemorySize"], shown["Description"]) == (4, 256, "d")

    run(scenario)


def test_a_function_that_does_not_settle_is_a_conflict(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "PATIENCE_S", 0.01)

    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.database.hold_after(1)
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=5)
        with pytest.raises(ResourceConflict) as conflict:
            await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=4)
        assert conflict.value.message == (
            "The operation cannot be performed at this time. "
            f"An update is in progress for resource: {ARN}"
        )
        bench.database.release()
        monkeypatch.undo()  # what is held no longer may take its time on a busy machine
        answer = await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=4)
        assert answer["Timeout"] == 4

    run(scenario)


def test_a_change_that_cannot_settle_is_a_conflict_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()

        def fail(runtime: str) -> None:
            raise OSError(runtime)

        monkeypatch.setattr(bench.plane, "prewarm", fail)
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=5)
        with pytest.raises(ResourceConflict, match="An update is in progress"):
            await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=4)
        monkeypatch.undo()
        answer = await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=4)
        assert answer["Timeout"] == 4

    run(scenario)


@pytest.mark.parametrize(
    ("operation", "change"),
    [("UpdateFunctionConfiguration", {"Timeout": 4}), ("UpdateFunctionCode", {"ZipFile": b"x"})],
)
def test_a_revision_that_is_not_the_latest_fails(
    run: Run, operation: str, change: dict[str, Any]
) -> None:
    async def scenario(bench: Any) -> None:
        created = await bench.create()
        with pytest.raises(PreconditionFailed) as failed:
            await bench.call(
                operation, FunctionName="f", RevisionId=created["RevisionId"], **change
            )
        assert failed.value.message == (
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
        assert failed.value.status == 412

    run(scenario)


def test_the_latest_revision_passes(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        shown = await bench.call("GetFunctionConfiguration", FunctionName="f")
        archive = make_zip(handler_py="2")
        answer = await bench.call(
            "UpdateFunctionCode", FunctionName="f", RevisionId=shown["RevisionId"], ZipFile=archive
        )
        assert answer["CodeSize"] == len(archive)

    run(scenario)


def test_a_dry_run_checks_and_changes_nothing(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        before = await bench.call("GetFunctionConfiguration", FunctionName="f")
        archive = make_zip(handler_py="2")
        answer = await bench.call(
            "UpdateFunctionCode", FunctionName="f", ZipFile=archive, DryRun=True
        )
        assert answer["CodeSize"] == len(archive)
        with pytest.raises(InvalidParameterValue, match="Could not unzip"):
            await bench.call("UpdateFunctionCode", FunctionName="f", ZipFile=b"x", DryRun=True)
        assert await bench.call("GetFunctionConfiguration", FunctionName="f") == before
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)

    run(scenario)


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("UpdateFunctionConfiguration", {"Timeout": 901}),
        ("UpdateFunctionConfiguration", {"Runtime": "python3.10"}),
        ("UpdateFunctionConfiguration", {"Environment": {"Variables": {"AWS_REGION": "x"}}}),
        ("UpdateFunctionConfiguration", {"VpcConfig": {"SubnetIds": ["s"]}}),
        ("UpdateFunctionCode", {"ZipFile": b"x"}),
        ("UpdateFunctionCode", {"ZipFile": b""}),
        ("UpdateFunctionCode", {}),
        ("UpdateFunctionCode", {"S3Bucket": "b", "S3Key": "k"}),
    ],
)
def test_bad_input_changes_nothing(run: Run, operation: str, change: dict[str, Any]) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        before = await bench.call("GetFunctionConfiguration", FunctionName="f")
        with pytest.raises(ServiceError) as refused:
            await bench.call(operation, FunctionName="f", **change)
        assert refused.value.status == 400
        assert await bench.call("GetFunctionConfiguration", FunctionName="f") == before
        await bench.settle()
        assert (len(bench.archives()), len(bench.trees())) == (1, 1)
        assert bench.plane.retired == []

    run(scenario)


def test_only_latest_can_be_updated(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        await bench.call("UpdateFunctionConfiguration", FunctionName="f:$LATEST", Timeout=4)
        with pytest.raises(InvalidParameterValue, match="versions other than"):
            await bench.call("UpdateFunctionConfiguration", FunctionName="f:prod", Timeout=4)

    run(scenario)


def test_a_missing_function_is_not_found(run: Run, make_zip: Any) -> None:
    async def scenario(bench: Any) -> None:
        for operation, change in (
            ("UpdateFunctionConfiguration", {"Timeout": 4}),
            ("UpdateFunctionCode", {"ZipFile": make_zip(a="b")}),
        ):
            with pytest.raises(ResourceNotFound, match=f"Function not found: {ARN}"):
                await bench.call(operation, FunctionName="f", **change)
        assert bench.archives() == []

    run(scenario)
