"""Export tasks, through the port to S3: on the real database and log segments, with a real compute process."""

from __future__ import annotations

import asyncio
import gzip
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core import ids
from lambent.core.clock import VirtualClock
from lambent.core.context import Principal, RequestContext, Scope
from lambent.core.errors import NotImplementedByLambent
from lambent.core.http import BytesBody, Headers, Request
from lambent.process.compute import Compute
from lambent.services.logs import exports
from lambent.services.logs.errors import (
    InvalidOperation,
    InvalidParameter,
    LimitExceeded,
    ResourceNotFound,
)
from lambent.services.logs.ports import BucketRefused, NoSuchBucket
from lambent.services.logs.service import LogsService
from lambent.storage.log_segments import LogSegments
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from lambent.core.ports import Functions

SCOPE = Scope("123456789012", "eu-west-1")
GROUP = "/aws/lambda/f"


class StubBuckets:
    """One bucket, `logs`. Puts wait for `may_put`; `refusals` are raised by them, one after the other."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.may_put = asyncio.Event()
        self.may_put.set()
        self.refusals: list[Exception] = []
        self.closed_to: set[str] = set()

    async def check(self, context: RequestContext, bucket: str) -> None:
        if bucket != "logs":
            raise NoSuchBucket
        if context.scope.account_id in self.closed_to:
            raise BucketRefused("GetBucketAcl")

    async def put(self, scope: Scope, bucket: str, key: str, data: bytes) -> None:
        await self.may_put.wait()
        if self.refusals:
            raise self.refusals.pop()
        self.objects[key] = data


class Bench:
    """A log service with a group of two streams, and S3 or none."""

    def __init__(self, directory: Path, buckets: StubBuckets | None) -> None:
        self.directory = directory
        self.buckets = buckets
        self.clock = VirtualClock()
        self.compute = Compute(1)
        self.database = SqliteDatabase(directory / "state.db")

    async def open(self) -> None:
        await self.database.open()
        await self.begin()

    async def begin(self) -> None:
        self.segments = LogSegments(self.directory / "logs", self.clock)
        functions: Functions = None  # type: ignore[assignment]  # no filter delivers here
        self.service = LogsService(
            database=self.database,
            segments=self.segments,
            compute=self.compute,
            clock=self.clock,
            functions=functions,
            buckets=self.buckets,
        )
        await self.service.start()

    async def stop(self) -> None:
        await self.service.stop()
        await self.segments.close()

    async def close(self) -> None:
        await self.stop()
        await self.compute.close()
        await self.database.close()

    async def call(
        self, name: str, times: tuple[int, int] | None = None, scope: Scope = SCOPE, **request: Any
    ) -> Any:
        if name == "CreateExportTask":
            now = self.clock.calendar_ms()
            start_ms, end_ms = times or (now - 3_600_000, now)
            request = {
                "logGroupName": GROUP,
                "from": start_ms,
                "to": end_ms,
                "destination": "logs",
                **request,
            }
        context = RequestContext(
            request_id=ids.request_id(),
            service="logs",
            operation=name,
            scope=scope,
            principal=Principal("root", scope.account_id),
            now=self.clock.calendar(),
            http=Request("POST", "/", "", Headers([]), BytesBody()),
        )
        return await self.service.operations[name].run(context, request)

    async def ended(self) -> list[Any]:
        """Every task, once none is active."""
        while True:
            tasks = (await self.call("DescribeExportTasks"))["exportTasks"]
            if all(each["status"]["code"] not in {"PENDING", "RUNNING"} for each in tasks):
                return list(tasks)
            await asyncio.sleep(0.01)

    def log(self, stream: str, *events: tuple[int, str]) -> None:
        """Events, so many milliseconds ago."""
        now = self.clock.calendar_ms()
        stamped = [(now - ago, text) for ago, text in events]
        self.service.keep(SCOPE.account_id, SCOPE.region, GROUP, stream, stamped)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., None]:
    def run_scenario(scenario: Callable[[Bench], Awaitable[None]], *, has_s3: bool = True) -> None:
        async def main() -> None:
            bench = Bench(tmp_path, StubBuckets() if has_s3 else None)
            await bench.open()
            try:
                await scenario(bench)
            finally:
                await bench.close()

        asyncio.run(main())

    return run_scenario


def _text(data: bytes) -> list[str]:
    return gzip.decompress(data).decode().splitlines()


def test_the_events_of_each_stream_become_objects_of_lines(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        bench.log("2026/11/26/[$LATEST]a", (2000, "second"), (3000, "first"), (4_000_000, "old"))
        bench.log("b", (1000, "of another"))
        made = await bench.call("CreateExportTask", taskName="all")
        (task,) = await bench.ended()
        now = bench.clock.calendar_ms()
        assert task == {
            "taskId": made["taskId"],
            "taskName": "all",
            "logGroupName": GROUP,
            "from": now - 3_600_000,
            "to": now,
            "destination": "logs",
            "destinationPrefix": "exportedlogs",
            "status": {"code": "COMPLETED", "message": "Completed Successfully"},
            "executionInfo": {"creationTime": now, "completionTime": now},
        }
        root = f"exportedlogs/{made['taskId']}"
        assert set(bench.buckets.objects) == {
            f"{root}/2026-11-26-[$LATEST]a/000000.gz",
            f"{root}/b/000000.gz",
            "exportedlogs/aws-logs-write-test",
        }
        lines = _text(bench.buckets.objects[f"{root}/2026-11-26-[$LATEST]a/000000.gz"])
        assert [line.split(" ", 1)[1] for line in lines] == ["first", "second"]
        moment = bench.clock.calendar() - timedelta(seconds=3)
        assert lines[0].split()[0] == f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"

    run(scenario)


def test_streams_are_chosen_by_prefix_and_events_by_time(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        now = bench.clock.calendar_ms()
        bench.log("a/1", (3000, "before"), (2000, "at from"), (1000, "at to"), (999, "after"))
        bench.log("b/1", (1500, "of another"))
        made = await bench.call(
            "CreateExportTask",
            (now - 2000, now - 1000),
            logStreamNamePrefix="a/",
            destinationPrefix="p/q",
        )
        await bench.ended()
        key = f"p/q/{made['taskId']}/a-1/000000.gz"
        assert set(bench.buckets.objects) == {key, "p/q/aws-logs-write-test"}
        lines = _text(bench.buckets.objects[key])
        assert [line.split(" ", 1)[1] for line in lines] == ["at from", "at to"]

    run(scenario)


def test_what_does_not_fit_into_an_object_goes_into_the_next(
    run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "OBJECT_BYTES", 1)
    events = [(100_000 - number, f"{number} ".ljust(1000, "x")) for number in range(9000)]

    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        for first in range(0, 9000, 3000):
            bench.log("s", *events[first : first + 3000])
            await bench.segments.flush()
        await bench.call("CreateExportTask")
        await bench.ended()
        keys = sorted(key for key in bench.buckets.objects if key.endswith(".gz"))
        assert [key.rpartition("/")[2] for key in keys] == ["000000.gz", "000001.gz"]
        lines = [line for key in keys for line in _text(bench.buckets.objects[key])]
        assert [line.split()[1] for line in lines] == [str(number) for number in range(9000)]

    run(scenario)


def test_names_that_become_the_same_keep_objects_of_their_own(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        bench.log("a/b", (1000, "slash"))
        bench.log("a-b", (1000, "hyphen"))
        await bench.call("CreateExportTask")
        await bench.ended()
        found = {
            key.rpartition("/")[2]: _text(data)[0].split()[1]
            for key, data in bench.buckets.objects.items()
            if key.endswith(".gz")
        }
        assert found == {"000000.gz": "hyphen", "000001.gz": "slash"}

    run(scenario)


def test_one_task_at_a_time_which_can_be_cancelled(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        bench.log("s", (1000, "x"))
        bench.buckets.may_put.clear()
        made = await bench.call("CreateExportTask")
        with pytest.raises(LimitExceeded, match="Resource limit exceeded"):
            await bench.call("CreateExportTask")
        await bench.call("CancelExportTask", taskId=made["taskId"])
        (task,) = await bench.ended()
        assert task["status"] == {"code": "CANCELLED"}
        assert task["executionInfo"]["completionTime"] == bench.clock.calendar_ms()
        with pytest.raises(InvalidOperation):
            await bench.call("CancelExportTask", taskId=made["taskId"])
        bench.buckets.may_put.set()
        await bench.call("CreateExportTask")
        shown = await bench.call("DescribeExportTasks", statusCode="CANCELLED")
        assert [each["taskId"] for each in shown["exportTasks"]] == [made["taskId"]]
        assert [each["status"]["code"] for each in await bench.ended()].count("COMPLETED") == 1

    run(scenario)


def test_what_a_stop_has_interrupted_begins_again(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        bench.log("s", (1000, "x"))
        bench.buckets.may_put.clear()
        made = await bench.call("CreateExportTask")
        await bench.stop()
        assert bench.buckets.objects == {}
        bench.buckets.may_put.set()
        await bench.begin()
        (task,) = await bench.ended()
        assert task["taskId"] == made["taskId"]
        assert task["status"]["code"] == "COMPLETED"
        assert len(bench.buckets.objects) == 2

    run(scenario)


def test_a_bucket_that_refuses(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.buckets is not None
        bench.log("s", (1000, "x"))
        with pytest.raises(InvalidParameter, match="The given bucket does not exist"):
            await bench.call("CreateExportTask", destination="other")
        bench.buckets.closed_to.add(SCOPE.account_id)
        # Quoted by users: https://github.com/DistributedScience/Distributed-CellProfiler/issues/144
        text = (
            "GetBucketAcl call on the given bucket failed. Please check if CloudWatch Logs has been "
            "granted permission to perform this operation."
        )
        with pytest.raises(InvalidParameter) as refused:
            await bench.call("CreateExportTask")
        assert str(refused.value) == text
        assert await bench.ended() == []
        bench.buckets.closed_to.clear()
        bench.buckets.refusals.append(BucketRefused("PutObject"))
        await bench.call("CreateExportTask")
        (task,) = await bench.ended()
        assert task["status"]["code"] == "FAILED"
        assert task["status"]["message"].startswith("PutObject call on the given bucket failed.")

    run(scenario)


def test_what_is_not_there_or_makes_no_sense(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        bench.log("s", (1000, "x"))
        with pytest.raises(ResourceNotFound, match="The specified log group does not exist"):
            await bench.call("CreateExportTask", logGroupName="none")
        with pytest.raises(InvalidParameter):
            await bench.call("CreateExportTask", (2, 1))
        for operation in ("CancelExportTask", "DescribeExportTasks"):
            with pytest.raises(ResourceNotFound):
                await bench.call(operation, taskId=ids.uuid())
        made = await bench.call("CreateExportTask")
        other = Scope("210987654321", SCOPE.region)
        with pytest.raises(ResourceNotFound):
            await bench.call("CancelExportTask", scope=other, taskId=made["taskId"])
        assert (await bench.call("DescribeExportTasks", scope=other))["exportTasks"] == []

    run(scenario)


def test_without_s3_no_task_can_be_made(run: Callable[..., None]) -> None:
    async def scenario(bench: Bench) -> None:
        bench.log("s", (1000, "x"))
        with pytest.raises(NotImplementedByLambent, match="it needs S3"):
            await bench.call("CreateExportTask")
        assert (await bench.call("DescribeExportTasks"))["exportTasks"] == []

    run(scenario, has_s3=False)
