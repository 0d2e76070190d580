"""What other services do for Lambda through ports: take records and dead letters, hand out code."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from lambent.execution.spec import Outcome
from lambent.services.lambda_.code_sources import CodeSources, ObjectUnavailable
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.ports import DeliveryFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q"
FAILED = Outcome(b'{"errorMessage":"no","errorType":"E"}', True, b"", 1.0, 1, None, 30)


class StubQueues:
    """Takes records; `fault` makes it fail first."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any, Mapping[str, str]]] = []
        self.faults = 0

    async def deliver(self, arn: str, record: bytes, attributes: Mapping[str, str]) -> None:
        if self.faults:
            self.faults -= 1
            raise DeliveryFailed("not now")
        self.taken.append((arn, orjson.loads(record), attributes))


async def _start(bench: Any) -> StubQueues:
    queues = StubQueues()
    bench.service = bench.new_service(targets={"sqs": queues})
    await bench.create()
    await bench.service.start()
    return queues


async def _send(bench: Any) -> None:
    await bench.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b'{"n":1}')
    await bench.service.advance(timedelta())


def test_records_go_to_other_services_and_wait_for_them(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        queues = await _start(bench)
        config = {"OnSuccess": {"Destination": QUEUE}}
        await bench.call("PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=config)
        queues.faults = 2
        await _send(bench)
        assert queues.taken == []
        await bench.service.advance(timedelta(seconds=10))
        ((arn, record, attributes),) = queues.taken
        assert (arn, attributes) == (QUEUE, {})
        assert record["requestContext"]["condition"] == "Success"
        assert len(bench.plane.invoked) == 1

    run(scenario)


def test_a_dead_letter_is_the_event_with_what_went_wrong(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        queues = await _start(bench)
        shown = await bench.call(
            "UpdateFunctionConfiguration", FunctionName="f", DeadLetterConfig={"TargetArn": QUEUE}
        )
        assert shown["DeadLetterConfig"] == {"TargetArn": QUEUE}
        bench.plane.outcome = FAILED
        await _send(bench)
        await bench.service.advance(timedelta(seconds=300))
        ((arn, event, attributes),) = queues.taken
        assert (arn, event) == (QUEUE, {"n": 1})
        request_id = bench.plane.invoked[0][1].request_id
        assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "no"}
        cleared = await bench.call(
            "UpdateFunctionConfiguration", FunctionName="f", DeadLetterConfig={"TargetArn": ""}
        )
        assert "DeadLetterConfig" not in cleared

    run(scenario)


def test_dead_letters_go_to_queues_and_topics_only(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        for target in (
            "arn:aws:lambda:eu-west-1:123456789012:function:g",
            "arn:aws:sns:eu-west-1:123456789012:t",
        ):
            with pytest.raises(InvalidParameterValue):
                await bench.call(
                    "UpdateFunctionConfiguration",
                    FunctionName="f",
                    DeadLetterConfig={"TargetArn": target},
                )

    run(scenario)


class StubObjects:
    """One object in one bucket."""

    async def get(self, bucket: str, key: str, version: str) -> bytes:
        if (bucket, key, version) != ("b", "k", "v"):
            raise ObjectUnavailable("NoSuchKey", "The specified key does not exist.")
        return b"zip"


def test_code_comes_from_s3(run: Run) -> None:
    async def scenario(_: Any) -> None:
        sources = CodeSources(StubObjects())
        code = {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v"}
        sources.check(code)
        assert await sources.fetch(code) == b"zip"
        with pytest.raises(InvalidParameterValue) as refused:
            await sources.fetch({"S3Bucket": "b", "S3Key": "other"})
        assert refused.value.message == (
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
            "S3 Error Message: The specified key does not exist."
        )

    run(scenario)


@pytest.mark.parametrize("code", [{"S3Bucket": "b"}, {"S3Key": "k"}])
def test_half_an_address_is_none(code: dict[str, str]) -> None:
    with pytest.raises(InvalidParameterValue, match="S3 Bucket and Key are required"):
        CodeSources().check(code)
