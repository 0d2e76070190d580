"""StartLiveTail: an event stream of what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config as ClientConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_logs.client import CloudWatchLogsClient

    Aws = Callable[..., Any]
    Error = Callable[..., tuple[int, str, Any]]
    Stream = Callable[..., Any]
    Put = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.slow


@pytest.fixture
def tail(aws: Aws) -> Callable[..., Any]:
    """StartLiveTail of a client that does not put `stream-logs.` before the host."""
    call: Callable[..., Any] = aws(
        "logs", config=ClientConfig(inject_host_prefix=False)
    ).start_live_tail
    return call


def results(events: Iterator[Any]) -> list[dict[str, Any]]:
    """What the next update with results holds."""
    for event in events:
        if event["sessionUpdate"]["sessionResults"]:
            return list(event["sessionUpdate"]["sessionResults"])
    raise AssertionError("the stream has ended")


def test_new_events_come_and_old_ones_do_not(
    tail: Callable[..., Any], stream: Stream, put: Put, account: str
) -> None:
    where = stream()
    put(where, "ERROR before")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    answer = tail(logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")
    events = iter(answer["responseStream"])
    start = next(events)["sessionStart"]
    assert len(start["sessionId"]) == 36
    assert start["logGroupIdentifiers"] == [arn]
    assert start["logEventFilterPattern"] == "ERROR"
    assert "logStreamNames" not in start
    put(where, "ERROR one", "fine")
    (found,) = results(events)
    assert (found["message"], found["logStreamName"]) == ("ERROR one", "s")
    assert set(found) == {
        *("logStreamName", "logGroupIdentifier", "message", "timestamp", "ingestionTime"),
    }
    put(where, "ERROR two")
    assert [each["message"] for each in results(events)] == ["ERROR two"]
    answer["responseStream"].close()


def test_a_flood_is_sampled(
    tail: Callable[..., Any], stream: Stream, put: Put, account: str
) -> None:
    where = stream()
    other = stream(name="other")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    answer = tail(logGroupIdentifiers=[arn], logStreamNames=["s"])
    events = iter(answer["responseStream"])
    next(events)
    put(other, "not asked for")
    put(where, *map(str, range(2000)))
    for event in events:
        update = event["sessionUpdate"]
        if update["sessionResults"]:
            assert update["sessionMetadata"]["sampled"] is True
            assert len(update["sessionResults"]) == 500
            assert {each["logStreamName"] for each in update["sessionResults"]} == {"s"}
            break
    answer["responseStream"].close()


def test_what_is_refused(
    tail: Callable[..., Any],
    logs: CloudWatchLogsClient,
    stream: Stream,
    account: str,
    error_of: Error,
) -> None:
    stream()
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:"
    assert error_of(tail, logGroupIdentifiers=["g"])[1] == "InvalidParameterException"
    assert error_of(tail, logGroupIdentifiers=[arn + "h"])[1] == "ResourceNotFoundException"
    answer = error_of(tail, logGroupIdentifiers=[arn + "g"], logEventFilterPattern="a(b")
    assert answer[1] == "InvalidParameterException"
    logs.create_log_group(logGroupName="h")
    answer = error_of(tail, logGroupIdentifiers=[arn + "g", arn + "h"], logStreamNamePrefixes=["s"])
    assert answer[1] == "InvalidParameterException"
