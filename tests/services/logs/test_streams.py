"""Log streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.services.logs.conftest import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs.client import CloudWatchLogsClient

    Error = Callable[..., tuple[int, str, Any]]
    Stream = Callable[..., Any]
    Put = Callable[..., dict[str, Any]]


def names(answer: Any) -> list[str]:
    return [each["logStreamName"] for each in answer["logStreams"]]


def test_a_new_stream_has_no_times_of_events(
    logs: CloudWatchLogsClient, account: str, stream: Stream
) -> None:
    stream()
    (found,) = logs.describe_log_streams(logGroupName="g")["logStreams"]
    created = found["creationTime"]
    assert abs(created - now_ms()) < 60_000
    assert found == {
        "logStreamName": "s",
        "creationTime": created,
        "arn": f"arn:aws:logs:us-east-1:{account}:log-group:g:log-stream:s",
        "storedBytes": 0,
    }


def test_a_stream_with_events_tells_their_times(
    logs: CloudWatchLogsClient, stream: Stream, put: Put
) -> None:
    start = now_ms() - 1000
    put(stream(), "a", "b", start_ms=start)
    (found,) = logs.describe_log_streams(logGroupName="g")["logStreams"]
    assert (found["firstEventTimestamp"], found["lastEventTimestamp"]) == (start, start + 1)
    assert found["lastIngestionTime"] >= start
    assert len(found["uploadSequenceToken"]) == 56


def test_streams_by_name_by_time_and_by_prefix(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, error_of: Error
) -> None:
    start = now_ms()
    for number, name in enumerate(("b", "c/1", "a", "c/2")):
        put(stream(name=name), "x", start_ms=start + number)
    describe = logs.describe_log_streams
    assert names(describe(logGroupName="g")) == ["a", "b", "c/1", "c/2"]
    assert names(describe(logGroupIdentifier="g", descending=True)) == ["c/2", "c/1", "b", "a"]
    assert names(describe(logGroupName="g", orderBy="LastEventTime", descending=True)) == [
        *("c/2", "a", "c/1", "b"),
    ]
    assert names(describe(logGroupName="g", logStreamNamePrefix="c")) == ["c/1", "c/2"]
    first = describe(logGroupName="g", limit=3)
    assert names(describe(logGroupName="g", nextToken=first["nextToken"])) == ["c/2"]
    assert error_of(
        describe, logGroupName="g", logStreamNamePrefix="c", orderBy="LastEventTime"
    ) == (
        400,
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
    )


def test_a_stream_that_is_taken_or_unknown(
    logs: CloudWatchLogsClient, stream: Stream, error_of: Error
) -> None:
    where = stream()
    assert error_of(logs.create_log_stream, **where) == (
        400,
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    )
    gone = (400, "ResourceNotFoundException", "The specified log stream does not exist.")
    event = {"timestamp": now_ms(), "message": "m"}
    for call, more in (
        (logs.delete_log_stream, {}),
        (logs.get_log_events, {}),
        (logs.put_log_events, {"logEvents": [event]}),
    ):
        assert error_of(call, logGroupName="g", logStreamName="t", **more) == gone
    assert error_of(logs.create_log_stream, logGroupName="h", logStreamName="s")[2] == (
        "The specified log group does not exist."
    )


def test_a_deleted_stream_leaves_nothing_to_one_of_its_name(
    logs: CloudWatchLogsClient, stream: Stream, put: Put
) -> None:
    put(stream(), "old")
    put(stream(name="other"), "stays")
    logs.delete_log_stream(logGroupName="g", logStreamName="s")
    assert names(logs.describe_log_streams(logGroupName="g")) == ["other"]
    where = stream()
    assert logs.get_log_events(**where)["events"] == []
    put(where, "new")
    found = logs.filter_log_events(logGroupName="g")["events"]
    assert sorted(event["message"] for event in found) == ["new", "stays"]
