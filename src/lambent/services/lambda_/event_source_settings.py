"""What may be set on an event source mapping, by the kind of its source, and what holds where nothing is set.

From "Event source mapping parameters by event source" (Lambda developer guide).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.arn import Arn, InvalidArn
from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Mapping

# "Event source mapping filters: up to five", as a quota that AWS raises to ten on request.
MAX_FILTERS = 5
_COMMON = {
    "FunctionName", "EventSourceArn", "Enabled", "BatchSize", "FilterCriteria", "Tags", "UUID",
    "MaximumBatchingWindowInSeconds", "KMSKeyArn", "MetricsConfig",
}  # fmt: skip

# AWS writes most members as they are, some as their constraints do.
_NAMED_PLAINLY = frozenset(
    {
        "BisectBatchOnFunctionError", "DestinationConfig", "LoggingConfig", "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts", "ParallelizationFactor", "ProvisionedPollerConfig", "ScalingConfig",
        "TumblingWindowInSeconds",
    }
)  # fmt: skip
_FAILURES_GO_TO = {"sqs": "SQS queues", "sns": "SNS topics", "s3": ""}


@dataclass(frozen=True, slots=True)
class SourceKind:
    """`label` names the source in AWS's messages; `allowed` are the members that it knows beside the common ones;
    `defaults` what an answer holds where nothing was set."""

    label: str
    reason: str
    allowed: frozenset[str]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    is_stream: bool = False


def _stream(label: str) -> SourceKind:
    return SourceKind(
        label,
        "User action",
        frozenset(
            {
                "StartingPosition", "StartingPositionTimestamp", "DestinationConfig", "FunctionResponseTypes",
                "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError", "MaximumRetryAttempts",
                "TumblingWindowInSeconds", "ParallelizationFactor",
            }
        ),
        {
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
        },
        is_stream=True,
    )  # fmt: skip


KINDS: Mapping[str, SourceKind] = {
    "sqs": SourceKind(
        "SQS",
        "USER_INITIATED",
        frozenset({"FunctionResponseTypes", "ScalingConfig"}),
        {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []},
    ),
    "kinesis": _stream("Kinesis"),
    "dynamodb": _stream("DynamoDB"),
}


def service_of(request: Mapping[str, Any]) -> str:
    """The service that a new mapping polls. Raises InvalidParameterValue."""
    for member in (
        "SelfManagedEventSource",
        "AmazonManagedKafkaEventSourceConfig",
        "DocumentDBEventSourceConfig",
    ):
        if request.get(member):
            raise InvalidParameterValue(
                f"Lambent does not support the parameter '{member}' yet: it polls neither Kafka nor "
                "DocumentDB."
            )
    try:
        service = Arn.parse(request.get("EventSourceArn", "")).service
    except InvalidArn:
        service = ""
    if service in {"kafka", "mq", "rds", "docdb-elastic"}:
        raise InvalidParameterValue(
            f"Lambent cannot poll the event source {request['EventSourceArn']} yet: the service "
            f"'{service}' is not there."
        )
    if service not in KINDS:
        source = request.get("EventSourceArn")
        unsupported = f" Unsupported source arn : {source}" if source else ""
        raise InvalidParameterValue(f"Unrecognized event source.{unsupported}")
    return service


def check_new(request: Mapping[str, Any], service: str) -> None:
    """Raises InvalidParameterValue for what does not fit the source."""
    kind = KINDS[service]
    position = request.get("StartingPosition")
    if kind.is_stream and position is None:
        raise InvalidParameterValue(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null."
        )
    if not kind.is_stream and position is not None:
        raise InvalidParameterValue(
            f"StartingPosition is not valid for {kind.label} event sources."
        )
    if "StartingPositionTimestamp" in request and position != "AT_TIMESTAMP":
        raise InvalidParameterValue(
            "Timestamp only valid with StartingPosition AT_TIMESTAMP"
            if kind.is_stream
            else f"Timestamp is not valid for {kind.label} event sources."
        )
    if position == "AT_TIMESTAMP" and (
        service != "kinesis" or "StartingPositionTimestamp" not in request
    ):
        raise InvalidParameterValue(
            "Unsupported starting position for arn type: " + request["EventSourceArn"]
            if service != "kinesis"
            else "Need to specify a timestamp"
        )
    check(request, service, request["EventSourceArn"])


def check(request: Mapping[str, Any], service: str, arn: str) -> None:
    """As `check_new`, for what both a new mapping and a change may hold."""
    kind = KINDS[service]
    if service == "sqs" and request.get("ProvisionedPollerConfig"):
        _refuse_pollers(request)
    for member, value in request.items():
        if member not in _COMMON | kind.allowed and value not in (None, "", [], {}):
            raise _unsupported(member)
    if request.get("DestinationConfig", {}).get("OnSuccess"):
        raise _unsupported("DestinationConfig")
    if kind.is_stream:
        _check_stream(request)
    else:
        _check_queue(request, arn)
    if set(request.get("MetricsConfig", {}).get("Metrics", ())) - {"EventCount"}:
        raise InvalidParameterValue(
            "Invalid EventSourceMapping metrics. Expected values: [EventCount]"
        )
    _check_filters(request.get("FilterCriteria", {}).get("Filters", []))


def _unsupported(member: str) -> InvalidParameterValue:
    name = member if member in _NAMED_PLAINLY else f"'{member[0].lower()}{member[1:]}'"
    return InvalidParameterValue(
        f"Unsupported {name} parameter for given event source mapping type."
    )


def _check_stream(request: Mapping[str, Any]) -> None:
    age = request.get("MaximumRecordAgeInSeconds", -1)
    if age != -1 and not 60 <= age <= 604_800:
        raise InvalidParameterValue(
            "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)"
        )
    destination = request.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if not destination:
        return
    service = [*destination.split(":"), "", ""][2]
    if service not in _FAILURES_GO_TO:
        raise InvalidParameterValue(
            "The service specified by the TargetArn isn't supported as a destination."
        )
    if service != "s3" and destination.endswith(".fifo"):
        raise InvalidParameterValue(
            f"FIFO-type Amazon {_FAILURES_GO_TO[service]} aren't supported as a destination."
        )


def _refuse_pollers(request: Mapping[str, Any]) -> None:
    """Nothing here provisions pollers; what AWS refuses itself is refused as there."""
    config = request["ProvisionedPollerConfig"]
    least, most = config.get("MinimumPollers", 2), config.get("MaximumPollers", 200)
    if "PollerGroupName" in config:
        raise InvalidParameterValue("Invalid parameter: pollerGroupName")
    if least < 2 or most < 2 or least > 200:
        raise InvalidParameterValue(
            "MinimumPollers should be between [2, 200] and MaximumPollers should be between "
            "[MinimumPollers, 10000]"
        )
    if least > most:
        raise InvalidParameterValue("MinimumPollers must be less than or equal to MaximumPollers.")
    if request.get("ScalingConfig", {}).get("MaximumConcurrency"):
        raise InvalidParameterValue(
            "Provisioned mode for SQS ESM does not support maximum concurrency feature. "
            "Use MaximumPollers as the control mechanism and remove maximum concurrency."
        )
    raise InvalidParameterValue(
        "Lambent does not support the parameter 'ProvisionedPollerConfig' yet."
    )


def _check_queue(request: Mapping[str, Any], arn: str) -> None:
    size = request.get("BatchSize", 10)
    window = request.get("MaximumBatchingWindowInSeconds", 0)
    if arn.endswith(".fifo") and window:
        raise InvalidParameterValue("Batching window is not supported for FIFO queues")
    if size > 10 and not window:
        raise InvalidParameterValue(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
            "than 10"
        )


def _check_filters(filters: list[Mapping[str, str]]) -> None:
    if len(filters) > MAX_FILTERS:
        raise InvalidParameterValue(
            f"Too many filter patterns, maximum allowed {MAX_FILTERS} patterns, "
            f"provided {len(filters)} patterns."
        )
    for each in filters:
        try:
            pattern = orjson.loads(each.get("Pattern", ""))
        except orjson.JSONDecodeError:
            pattern = None
        if not isinstance(pattern, dict) or not _is_pattern(pattern):
            raise InvalidParameterValue("Invalid filter pattern definition.")


def _is_pattern(pattern: Mapping[str, Any]) -> bool:
    """Leaves are lists: of values, or of tests with one operator each."""
    return all(
        _is_pattern(value) if isinstance(value, dict) else isinstance(value, list) and bool(value)
        for value in pattern.values()
    )
