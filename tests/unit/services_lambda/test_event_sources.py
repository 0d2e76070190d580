"""Event source mappings with a stub for what polls: their life, their defaults, and what is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import ServiceError
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.resource_book import ResourceBook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q"
STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-01T00:00:00.000"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"


class StubPoller:
    """Knows every source but those called `gone`, and remembers what it is to poll."""

    def __init__(self) -> None:
        self.watched: dict[str, Any] = {}

    def check(self, tx: Any, arn: str) -> None:
        if "gone" in arn:
            raise InvalidParameterValue(f"Stream not found: {arn}")

    def watch(self, scope: Any, mapping: Any) -> None:
        self.watched[mapping["UUID"]] = mapping

    def leave(self, uuid: str) -> None:
        self.watched.pop(uuid, None)


async def _start(bench: Any) -> StubPoller:
    poller = StubPoller()
    pollers = dict.fromkeys(("sqs", "kinesis", "dynamodb"), poller)
    bench.service = bench.new_service(pollers=pollers)
    await bench.create()
    return poller


async def _settle(bench: Any) -> None:
    await asyncio.gather(*bench.service._sources._tasks)


async def _create(bench: Any, source: str = QUEUE, **members: Any) -> Any:
    request = {"FunctionName": "f", "EventSourceArn": source, **members}
    return await bench.call("CreateEventSourceMapping", **request)


async def _refusal(bench: Any, source: str = QUEUE, **members: Any) -> tuple[int, str, Any]:
    with pytest.raises(ServiceError) as refused:
        await _create(bench, source, **members)
    error = refused.value
    return error.status, error.code, error.message


def test_the_defaults_of_a_queue(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        poller = await _start(bench)
        created = await _create(bench)
        uuid = created["UUID"]
        assert created == {
            "UUID": uuid,
            "EventSourceArn": QUEUE,
            "FunctionArn": FUNCTION,
            "BatchSize": 10,
            "MaximumBatchingWindowInSeconds": 0,
            "FunctionResponseTypes": [],
            "State": "Creating",
            "StateTransitionReason": "USER_INITIATED",
            "EventSourceMappingArn": (
                f"arn:aws:lambda:eu-west-1:123456789012:event-source-mapping:{uuid}"
            ),
            "LastModified": bench.clock.calendar(),
        }
        await _settle(bench)
        assert (await bench.call("GetEventSourceMapping", UUID=uuid))["State"] == "Enabled"
        assert list(poller.watched) == [uuid]

    run(scenario)


@pytest.mark.parametrize("source", [STREAM, TABLE])
def test_the_defaults_of_a_stream(run: Run, source: str) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        created = await _create(bench, source, StartingPosition="TRIM_HORIZON", Enabled=False)
        expected = {
            "BatchSize": 100,
            "MaximumBatchingWindowInSeconds": 0,
            "ParallelizationFactor": 1,
            "DestinationConfig": {"OnFailure": {}},
            "MaximumRecordAgeInSeconds": -1,
            "BisectBatchOnFunctionError": False,
            "MaximumRetryAttempts": -1,
            "TumblingWindowInSeconds": 0,
            "FunctionResponseTypes": [],
            "LastProcessingResult": "No records processed",
            "StartingPosition": "TRIM_HORIZON",
            "State": "Creating",
            "StateTransitionReason": "User action",
        }
        assert created.items() >= expected.items()
        await _settle(bench)
        shown = await bench.call("GetEventSourceMapping", UUID=created["UUID"])
        assert shown["State"] == "Disabled"

    run(scenario)


def test_the_life_of_a_mapping(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        poller = await _start(bench)
        await bench.create("g")
        created = await _create(bench, FilterCriteria={"Filters": [{"Pattern": '{"a":[1]}'}]})
        uuid = created["UUID"]
        with pytest.raises(ServiceError) as busy:
            await bench.call("UpdateEventSourceMapping", UUID=uuid, BatchSize=5)
        assert (busy.value.code, busy.value.message) == (
            "ResourceInUseException",
            "Cannot update the event source mapping because it is in use.",
        )
        await _settle(bench)
        update = {"FunctionName": "g", "BatchSize": 5, "FilterCriteria": {"Filters": []}}
        updated = await bench.call("UpdateEventSourceMapping", UUID=uuid, **update)
        assert (updated["State"], updated["BatchSize"]) == ("Updating", 5)
        assert updated["FunctionArn"].endswith(":g")
        assert "FilterCriteria" not in updated
        await _settle(bench)
        off = await bench.call("UpdateEventSourceMapping", UUID=uuid, Enabled=False)
        assert off["State"] == "Disabling"
        await _settle(bench)
        assert poller.watched == {}
        by_name = await bench.call("ListEventSourceMappings", FunctionName="g")
        assert [each["UUID"] for each in by_name["EventSourceMappings"]] == [uuid]
        by_other = await bench.call("ListEventSourceMappings", FunctionName="f")
        assert by_other["EventSourceMappings"] == []
        by_source = await bench.call("ListEventSourceMappings", EventSourceArn=QUEUE)
        assert [each["State"] for each in by_source["EventSourceMappings"]] == ["Disabled"]
        deleted = await bench.call("DeleteEventSourceMapping", UUID=uuid)
        assert deleted["State"] == "Deleting"
        await _settle(bench)
        for operation in ("Get", "Delete", "Update"):
            with pytest.raises(ServiceError, match="The resource you requested does not exist"):
                await bench.call(f"{operation}EventSourceMapping", UUID=uuid)

    run(scenario)


def test_a_restart_polls_again(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        uuid = (await _create(bench))["UUID"]
        await _settle(bench)
        poller = StubPoller()
        again = bench.new_service(pollers={"sqs": poller})
        await again.start()
        assert list(poller.watched) == [uuid]
        await again.stop()

    run(scenario)


@pytest.mark.parametrize(
    ("source", "members", "message"),
    [
        ("arn:aws:s3:::bucket", {}, "Unrecognized event source. Unsupported source arn : arn:aws:s3:::bucket"),
        (STREAM, {},
         ("1 validation error detected: Value null at 'startingPosition' "
         "failed to satisfy constraint: Member must not be null.")),
        (QUEUE, {"StartingPosition": "LATEST"}, "StartingPosition is not valid for SQS event sources."),
        (QUEUE, {"FunctionName": "nope"}, "Function does not exist"),
        (QUEUE, {"BatchSize": 11},
         "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"),
        (QUEUE + ".fifo", {"MaximumBatchingWindowInSeconds": 1}, "Batching window is not supported for FIFO queues"),
        (QUEUE, {"FilterCriteria": {"Filters": [{"Pattern": "["}]}}, "Invalid filter pattern definition."),
        (QUEUE, {"FilterCriteria": {"Filters": [{"Pattern": '{"a":1}'}]}}, "Invalid filter pattern definition."),
        (STREAM, {"StartingPosition": "LATEST", "DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}},
         "Unsupported DestinationConfig parameter for given event source mapping type."),
        (STREAM + "gone", {"StartingPosition": "LATEST"}, f"Stream not found: {STREAM}gone"),
        # github.com/awsdocs/aws-cloudformation-user-guide/pull/334
        (STREAM, {"StartingPosition": "AT_TIMESTAMP"}, "Need to specify a timestamp"),
        (TABLE, {"StartingPosition": "AT_TIMESTAMP"}, f"Unsupported starting position for arn type: {TABLE}"),
        ("arn:aws:kafka:eu-west-1:123456789012:cluster/c/1", {}, "the service 'kafka' is not there."),
        (QUEUE, {"ProvisionedPollerConfig": {"MinimumPollers": 2}},
         "Lambent does not support the parameter 'ProvisionedPollerConfig' yet."),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped(run: Run, source: str, members: Any, message: str) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        refused = await _refusal(bench, source, **members)
        assert refused[:2] == (400, "InvalidParameterValueException")
        assert refused[2].endswith(message)
        assert (await bench.call("ListEventSourceMappings"))["EventSourceMappings"] == []

    run(scenario)


@pytest.mark.parametrize(
    ("source", "members", "message"),
    [
        *(
            (QUEUE, {name: value}, f"Unsupported {name} parameter for given event source mapping type.")
            for name, value in (
                ("ParallelizationFactor", 2),
                ("BisectBatchOnFunctionError", True),
                ("MaximumRecordAgeInSeconds", 60),
                ("MaximumRetryAttempts", 1),
                ("TumblingWindowInSeconds", 1),
                ("DestinationConfig", {"OnFailure": {"Destination": QUEUE}}),
                ("LoggingConfig", {"SystemLogLevel": "INFO"}),
            )
        ),
        *(
            (STREAM, {name: value}, f"Unsupported {name} parameter for given event source mapping type.")
            for name, value in (
                ("ScalingConfig", {"MaximumConcurrency": 2}),
                ("ProvisionedPollerConfig", {"MinimumPollers": 2}),
            )
        ),
        (STREAM, {"MaximumRecordAgeInSeconds": 59},
         "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)"),
        (TABLE, {"DestinationConfig": {"OnFailure": {"Destination": QUEUE + ".fifo"}}},
         "FIFO-type Amazon SQS queues aren't supported as a destination."),
        (STREAM, {"DestinationConfig": {"OnFailure": {"Destination": FUNCTION}}},
         "The service specified by the TargetArn isn't supported as a destination."),
        (STREAM, {"StartingPositionTimestamp": 1}, "Timestamp only valid with StartingPosition AT_TIMESTAMP"),
        (QUEUE, {"StartingPositionTimestamp": 1}, "Timestamp is not valid for SQS event sources."),
        (QUEUE + ".fifo", {"BatchSize": 11},
         "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"),
        *(
            (QUEUE, {"MetricsConfig": {"Metrics": [name]}},
             "Invalid EventSourceMapping metrics. Expected values: [EventCount]")
            for name in ("ErrorCount", "KafkaMetrics")
        ),
        (QUEUE, {"FilterCriteria": {"Filters": [{"Pattern": '{"a":[1]}'}] * 11}},
         "Too many filter patterns, maximum allowed 5 patterns, provided 11 patterns."),
        (QUEUE, {"FunctionName": "f" * 65}, "Function does not exist"),
        (QUEUE.replace("eu-west-1", "eu-west-2"), {}, "Event source region must match Lambda region eu-west-1"),
        (TABLE.replace("eu-west-1", "eu-west-2"), {}, "Event source region must match Lambda region eu-west-1"),
        *(
            (QUEUE, {"ProvisionedPollerConfig": pollers},
             "MinimumPollers should be between [2, 200] and MaximumPollers should be between [MinimumPollers, 10000]")
            for pollers in ({"MinimumPollers": 1}, {"MaximumPollers": 1})
        ),
        (QUEUE, {"ProvisionedPollerConfig": {"MinimumPollers": 5, "MaximumPollers": 2}},
         "MinimumPollers must be less than or equal to MaximumPollers."),
        (QUEUE, {"ProvisionedPollerConfig": {"PollerGroupName": "g"}}, "Invalid parameter: pollerGroupName"),
        (QUEUE, {"ProvisionedPollerConfig": {"MinimumPollers": 2}, "ScalingConfig": {"MaximumConcurrency": 2}},
         ("Provisioned mode for SQS ESM does not support maximum concurrency feature. "
         "Use MaximumPollers as the control mechanism and remove maximum concurrency.")),
        (QUEUE, {"ScalingConfig": {"MaximumConcurrency": 100}},
         "MaximumConcurrency: 100 is greater than Function Reserved Concurrency: 5"),
    ],
)  # fmt: skip
def test_what_aws_was_seen_to_say(run: Run, source: str, members: Any, message: str) -> None:
    """github.com/badmintoncryer/cdk-preflight, rules/lambda/pf-lambda-esm-*, measured on AWS in 2026-09.

    In 2021 it was "Unsupported 'parallelizationFactor' parameter": github.com/pulumi/pulumi-aws/issues/1418.
    """

    async def scenario(bench: Any) -> None:
        await _start(bench)
        await bench.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=5)
        position = (
            {} if source.startswith(QUEUE.partition("eu")[0]) else {"StartingPosition": "LATEST"}
        )
        refused = await _refusal(bench, source, **position, **members)
        assert refused == (400, "InvalidParameterValueException", message)

    run(scenario)


def test_a_change_may_not_ask_for_more_than_is_reserved(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        uuid = (await _create(bench))["UUID"]
        await _settle(bench)
        await bench.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=5)
        change = {"UUID": uuid, "ScalingConfig": {"MaximumConcurrency": 6}}
        with pytest.raises(ServiceError, match="MaximumConcurrency: 6 is greater than"):
            await bench.call("UpdateEventSourceMapping", **change)
        change["ScalingConfig"] = {"MaximumConcurrency": 5}
        await bench.call("UpdateEventSourceMapping", **change)

    run(scenario)


def test_duplicates_and_sources_without_a_poller(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        uuid = (await _create(bench))["UUID"]
        assert await _refusal(bench) == (
            409,
            "ResourceConflictException",
            (
                f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ") already exists. '
                f"Please update or delete the existing mapping with UUID {uuid}"
            ),
        )
        uuid = (await _create(bench, TABLE, StartingPosition="LATEST"))["UUID"]
        # github.com/aws/serverless-application-model/issues/1320
        assert (await _refusal(bench, TABLE, StartingPosition="LATEST"))[2] == (
            f'The event source arn (" {TABLE} ") and function (" f ") provided mapping already exists. '
            f"Please update or delete the existing mapping with UUID {uuid}"
        )
        bench.service = bench.new_service()
        status, code, message = await _refusal(bench, QUEUE + "2")
        assert (status, code) == (400, "InvalidParameterValueException")
        assert message == (
            f"Lambent cannot poll the event source {QUEUE}2 yet: the service 'sqs' is not there."
        )

    run(scenario)


def test_policies_see_whose_a_mapping_is(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await _start(bench)
        await bench.create("g")
        created = await _create(bench, Tags={"team": "red"})
        arn, uuid = created["EventSourceMappingArn"], created["UUID"]
        await _settle(bench)
        book = bench.service.resource_facts
        assert book.keys(arn) == {"lambda:functionarn": (FUNCTION,)}
        assert book.tags(arn) == {"team": "red"}
        await bench.call("TagResource", Resource=arn, Tags={"team": "blue"})
        await bench.call("UpdateEventSourceMapping", UUID=uuid, FunctionName="g")
        await _settle(bench)
        for each in (book, await _reread(bench)):
            assert each.keys(arn) == {"lambda:functionarn": (FUNCTION.removesuffix("f") + "g",)}
            assert each.tags(arn) == {"team": "blue"}
        await bench.call("DeleteEventSourceMapping", UUID=uuid)
        await _settle(bench)
        assert (book.keys(arn), book.tags(arn)) == ({}, {})

    run(scenario)


async def _reread(bench: Any) -> ResourceBook:
    book = ResourceBook()
    await book.load(bench.database)
    return book
