"""What a crash leaves is made up for at the next start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]


async def _crash(bench: Any) -> None:
    """Leave the service without stopping it, and start another on the same state."""
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)
    bench.database.release()
    bench.service = bench.new_service()
    await bench.service.start()


def test_a_function_left_pending_becomes_active(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        bench.database.hold_after(1)
        await bench.call("CreateFunction", **make_request())
        before = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert before["State"] == "Pending"
        await _crash(bench)
        after = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert (after["State"], after["LastUpdateStatus"]) == ("Active", "Successful")

    run(scenario)


def test_an_update_left_in_progress_is_successful(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.database.hold_after(1)
        await bench.call("UpdateFunctionConfiguration", FunctionName="f", Timeout=9)
        await _crash(bench)
        after = await bench.call("GetFunctionConfiguration", FunctionName="f")
        assert (after["Timeout"], after["LastUpdateStatus"]) == (9, "Successful")

    run(scenario)


def test_code_of_a_creation_that_was_cut_short_is_removed(run: Run, make_request: Any) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("kept")
        kept = (bench.archives(), bench.trees())
        bench.database.hold_after(0)
        code = {"ZipFile": make_request()["Code"]["ZipFile"] + b"\0"}
        creation = asyncio.ensure_future(
            bench.call("CreateFunction", **make_request(Code=code, Runtime="nodejs20.x"))
        )
        await bench.database.held.wait()
        assert len(bench.archives()) == 2
        (bench.directory / "code" / "staging" / "half").mkdir()
        (bench.directory / "code" / "sealed" / ("0" * 64)).mkdir()
        creation.cancel()
        await _crash(bench)
        assert (bench.archives(), bench.trees()) == kept
        assert bench.staged() == []
        names = [one["FunctionName"] for one in (await bench.call("ListFunctions"))["Functions"]]
        assert names == ["kept"]

    run(scenario)


def test_a_lost_tree_is_made_again_from_its_archive(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("f")
        await bench.create("g")
        (tree,) = bench.trees()
        (bench.directory / "code" / "sealed" / tree).rmdir()
        await bench.service.stop()
        bench.service = bench.new_service()
        await bench.service.start()
        assert bench.trees() == [tree]
        await bench.call("Invoke", FunctionName="g")
        assert bench.plane.invoked[0][0].code == tree

    run(scenario)


def test_a_lost_archive_does_not_keep_the_platform_from_starting(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("f")
        (tree,) = bench.trees()
        (bench.directory / "code" / "sealed" / tree).rmdir()
        await bench.blobs.delete(bench.archives()[0])
        await bench.service.stop()
        bench.service = bench.new_service()
        await bench.service.start()

    run(scenario)
    assert "could not be made" in caplog.text


def test_runtimes_in_use_are_warmed_up(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create("f")
        await bench.create("g")
        await bench.create("h", Runtime="nodejs20.x")
        await bench.service.stop()
        bench.plane.prewarmed.clear()
        bench.plane.prewarmed_for.clear()
        bench.service = bench.new_service()
        await bench.service.start()
        assert sorted(set(bench.plane.prewarmed)) == ["nodejs20.x", "python3.12"]
        assert bench.plane.prewarmed_for == set(bench.trees())

    run(scenario)


def test_a_start_tells_the_plane_of_reservations(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        arn = (await bench.create())["FunctionArn"]
        await bench.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=7)
        assert bench.plane.reserved == {arn: 7}
        bench.plane.reserved.clear()
        await bench.new_service().start()
        assert bench.plane.reserved == {arn: 7}
        await bench.call("DeleteFunction", FunctionName="f")
        assert bench.plane.reserved == {arn: None}

    run(scenario)
