"""What is noted is in the sums of its hour, once, whatever happens in between."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Scope
from lambent.execution.answer_stream import AnswerStream
from lambent.execution.spec import PROVISIONED, SNAP_START, FunctionSpec, Invocation, Outcome
from lambent.services.metering.allocations import Allocation
from lambent.storage.usage_journal import name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lambent.core.clock import VirtualClock
    from lambent.services.metering.service import Metering

    Open = Callable[[], Any]

ARN = "arn:aws:lambda:eu-west-1:111111111111:function:f"
SPEC = FunctionSpec(
    key="f:1",
    runtime="python3.11",
    handler="app.handler",
    code="c" * 64,
    memory_mib=1024,
    timeout_s=3,
    function_name="f",
    function_version="3",
    function_arn=ARN,
    region="eu-west-1",
    log_group="/aws/lambda/f",
    account_id="111111111111",
)
ALL_TIMES = (0, 1 << 40)
SCOPE = Scope("111111111111", "eu-west-1")


def end(
    metering: Metering,
    clock: VirtualClock,
    *,
    spec: FunctionSpec = SPEC,
    arn: str = ARN,
    ms: float = 119.5,
    billed_ms: int = 120,
    is_error: bool = False,
    stream: AnswerStream | None = None,
) -> None:
    outcome = Outcome(b"", is_error, b"", ms, billed_ms, None, 40)
    invocation = Invocation("id", b"", arn, stream=stream)
    metering.meter.answers(spec, invocation, outcome, clock.calendar_ms())


def rows_of(metering: Metering) -> Any:
    return metering.usage(None, *ALL_TIMES)


def test_an_invocation_is_a_request_and_its_duration(
    open_metering: Open, clock: VirtualClock
) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            end(metering, clock)
            end(metering, clock, billed_ms=180, is_error=True)  # 60 ms of INIT
            [row] = await rows_of(metering)
        assert (row["account"], row["region"]) == ("111111111111", "eu-west-1")
        assert (row["resource"], row["version"], row["alias"]) == ("f", "3", "")
        assert row["variant"] == "x86_64/on-demand"
        assert (row["requests"], row["errors"]) == (2, 1)
        assert (row["mb_ms"], row["mb_ms_all"]) == (1024 * 240, 1024 * 300)
        # 120 ms are 200 where a hundred is the unit (K4); with INIT 180 are, too.
        assert (row["mb_100ms"], row["mb_100ms_all"]) == (1024 * 400, 1024 * 400)

    asyncio.run(run())


def test_a_timed_out_call_is_billed_its_time_out(open_metering: Open, clock: VirtualClock) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            end(metering, clock, ms=3004.2, billed_ms=3000, is_error=True)
            [row] = await rows_of(metering)
        assert (row["mb_ms"], row["mb_ms_all"]) == (1024 * 3000, 1024 * 3000)

    asyncio.run(run())


def test_idle_time_costs_nothing(open_metering: Open, clock: VirtualClock) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            clock.advance(timedelta(days=3))
            assert await rows_of(metering) == []

    asyncio.run(run())


def test_versions_aliases_and_hours_are_told_apart(
    open_metering: Open, clock: VirtualClock
) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            end(metering, clock, arn=f"{ARN}:live")
            end(metering, clock, arn=f"{ARN}:3")
            clock.advance(timedelta(days=1))
            end(metering, clock, arn=f"{ARN}:3", spec=replace(SPEC, key="g", architecture="arm64"))
            rows = await rows_of(metering)
        first = min(row["day"] for row in rows)
        found = [(row["alias"], row["variant"], row["day"] - first) for row in rows]
        assert sorted(found) == [
            ("", "arm64/on-demand", 1),
            ("", "x86_64/on-demand", 0),
            ("live", "x86_64/on-demand", 0),
        ]
        assert {row["version"] for row in rows} == {"3"}

    asyncio.run(run())


def test_streams_disks_and_restores(open_metering: Open, clock: VirtualClock) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            stream = AnswerStream(asyncio.get_running_loop())
            stream.size = (6 << 20) + 5
            spec = replace(SPEC, initialization=SNAP_START, ephemeral_storage_mib=1536)
            end(metering, clock, spec=spec, stream=stream, billed_ms=130)
            stream.size = 6 << 20
            end(metering, clock, spec=spec, stream=stream)
            [row] = await rows_of(metering)
        assert row["streamed_bytes"] == 5  # the first 6 MB of each answer are free
        assert row["restored_mb"] == 1024  # the second one was warm
        assert row["disk_mb_ms"] == 1024 * 250

    asyncio.run(run())


def test_what_other_services_note(open_metering: Open, clock: VirtualClock) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            metering.meter.requests(SCOPE, "apigateway", "api/prod", "rest")
            metering.meter.requests(SCOPE, "apigateway", "api/prod", "rest", 4)
            metering.meter.stored(SCOPE, "s3", "bucket", "standard", 1_000)
            clock.advance(timedelta(hours=2.5))
            metering.meter.stored(SCOPE, "s3", "bucket", "standard", 10)
            clock.advance(timedelta(seconds=7))
            metering.meter.stored(SCOPE, "s3", "bucket", "standard", 0)
            clock.advance(timedelta(days=1))
            rows = {row["service"]: row for row in await rows_of(metering)}
        assert rows["apigateway"]["requests"] == 5
        assert rows["s3"]["byte_seconds"] == 1_000 * 9_000 + 10 * 7

    asyncio.run(run())


def test_a_piece_is_added_up_once(open_metering: Open, clock: VirtualClock, tmp_path: Path) -> None:
    """The platform dies after the database has a piece, before the file is gone: what is new counts, no more."""
    saved = tmp_path / "saved"

    async def first() -> str:
        async with open_metering() as metering:
            for _ in range(3):
                end(metering, clock)
            await metering.roll_up()
            end(metering, clock)
            [segment] = metering._journal.segments()
            saved.write_bytes(bytes(segment.buffer))
            return name_of(segment.path)

    name = asyncio.run(first())

    async def second() -> None:
        # As if it had died before the fourth was added up.
        with sqlite3.connect(tmp_path / "lambent.db") as connection:
            (offset,) = connection.execute("SELECT offset FROM metering_segments").fetchone()
            connection.execute("UPDATE metering_segments SET offset = offset - 32")
            connection.execute("UPDATE metering_usage SET requests = requests - 1")
        connection.close()
        assert offset > 0
        shutil.copy(saved, tmp_path / "usage" / f"{name}.usage")
        for _ in range(2):
            async with open_metering() as metering:
                assert [row["requests"] for row in await rows_of(metering)] == [4]
                assert list((tmp_path / "usage").iterdir()) == []

    asyncio.run(second())


def test_a_failing_database_costs_nothing(
    open_metering: Open, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            write = metering._database.write
            end(metering, clock)

            async def fail(unused: object) -> None:
                raise OSError("no space")

            monkeypatch.setattr(metering._database, "write", fail)
            with pytest.raises(OSError, match="no space"):
                await metering.roll_up()
            end(metering, clock)
            monkeypatch.setattr(metering._database, "write", write)
            [row] = await rows_of(metering)
            assert row["requests"] == 2

    asyncio.run(run())


def test_what_is_held_ready_is_billed_in_stretches_of_five_minutes(
    open_metering: Open, clock: VirtualClock, held: list[Allocation]
) -> None:
    one = Allocation("111111111111", "eu-west-1", "f", "3", f"x86_64/{PROVISIONED}", 512, 2)

    async def run() -> None:
        held.append(one)
        async with open_metering() as metering:
            [row] = await rows_of(metering)
            assert row["mb_seconds"] == 300 * 512 * 2
            clock.advance(timedelta(seconds=290))  # the same stretch: looking again changes nothing
            held[0] = one._replace(number=3)
            [row] = await rows_of(metering)
            assert row["mb_seconds"] == 300 * 512 * 3
        async with open_metering() as metering:  # nor does a restart
            [row] = await rows_of(metering)
            assert row["mb_seconds"] == 300 * 512 * 3
            clock.advance(timedelta(minutes=20))  # nobody looked meanwhile
            held.clear()
            [row] = await rows_of(metering)
            assert row["mb_seconds"] == 4 * 300 * 512 * 3
            clock.advance(timedelta(hours=1))
            [row] = await rows_of(metering)
            assert row["mb_seconds"] == 4 * 300 * 512 * 3

    asyncio.run(run())


def test_a_reset_forgets(open_metering: Open, clock: VirtualClock) -> None:
    async def run() -> None:
        async with open_metering() as metering:
            end(metering, clock)
            await metering.roll_up()
            end(metering, clock)
            await metering.reset()
            assert await rows_of(metering) == []
            end(metering, clock)
            [row] = await rows_of(metering)
            assert row["requests"] == 1

    asyncio.run(run())
