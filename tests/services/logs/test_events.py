"""PutLogEvents, GetLogEvents and FilterLogEvents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config as ClientConfig
from tests.services.logs.conftest import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs.client import CloudWatchLogsClient

    Error = Callable[..., tuple[int, str, Any]]
    Stream = Callable[..., Any]
    Put = Callable[..., dict[str, Any]]

_DAY_MS = 86_400_000


def messages(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_what_was_put_is_got(logs: CloudWatchLogsClient, stream: Stream, put: Put) -> None:
    where = stream()
    start = now_ms() - 10
    answer = put(where, "one", "two\nlines ä", start_ms=start)
    assert len(answer["nextSequenceToken"]) == 56
    assert "rejectedLogEventsInfo" not in answer
    got = logs.get_log_events(**where)
    assert [(event["timestamp"] - start, event["message"]) for event in got["events"]] == [
        (0, "one"),
        (1, "two\nlines ä"),
    ]
    assert all(event["ingestionTime"] >= start for event in got["events"])
    assert set(got["events"][0]) == {"timestamp", "message", "ingestionTime"}


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            [(0, "a"), (-1, "b")],
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        (
            [(-_DAY_MS - 1, "a"), (0, "b")],
            (
                "The batch of log events in a single PutLogEvents request cannot span more than "
                "24 hours."
            ),
        ),
        (
            [(0, "x" * 600_000), (0, "x" * 600_000)],
            "Upload too large: 1200052 bytes exceeds limit of 1048576",
        ),
        ([(0, "ä" * 600_000)], "Log event too large: 1200026 bytes exceeds limit of 1048576"),
    ],
)
def test_a_batch_that_is_refused_as_a_whole(
    logs: CloudWatchLogsClient,
    stream: Stream,
    error_of: Error,
    events: list[tuple[int, str]],
    message: str,
) -> None:
    where = stream()
    now = now_ms()
    batch = [{"timestamp": now + offset, "message": text} for offset, text in events]
    assert error_of(logs.put_log_events, **where, logEvents=batch) == (
        400,
        "InvalidParameterException",
        message,
    )
    assert logs.get_log_events(**where)["events"] == []


def test_an_empty_message_and_an_empty_batch(
    aws: Callable[..., Any], stream: Stream, error_of: Error
) -> None:
    where = stream()
    unchecked = aws("logs", config=ClientConfig(parameter_validation=False))
    empty = [{"timestamp": now_ms(), "message": ""}]
    assert error_of(unchecked.put_log_events, **where, logEvents=empty) == (
        400,
        "InvalidParameterException",
        (
            "1 validation error detected: Value '' at 'logEvents.1.member.message' failed to satisfy "
            "constraint: Member must have length greater than or equal to 1"
        ),
    )
    answer = error_of(unchecked.put_log_events, **where, logEvents=[])
    assert answer[1] == "InvalidParameterException"


def test_events_that_are_too_old_or_too_new_are_told(
    logs: CloudWatchLogsClient, stream: Stream, error_of: Error
) -> None:
    where = stream()
    now = now_ms()
    ages = [-20 * _DAY_MS, -15 * _DAY_MS, -1000, 0, 3 * 3_600_000]
    call: Any = logs.put_log_events
    answer = call(
        **where,
        logEvents=[{"timestamp": now + age, "message": str(age)} for age in ages],
    )
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 2,
        "tooNewLogEventStartIndex": 4,
    }
    assert messages(logs.get_log_events(**where)) == ["-1000", "0"]
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    answer = call(
        **where,
        logEvents=[{"timestamp": now - 2 * _DAY_MS, "message": "expired"}],
    )
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_pages_of_a_stream_in_both_directions(
    logs: CloudWatchLogsClient, stream: Stream, put: Put
) -> None:
    where = stream()
    put(where, *map(str, range(10)))
    newest = logs.get_log_events(**where, limit=4)
    assert messages(newest) == ["6", "7", "8", "9"]
    before = logs.get_log_events(**where, limit=4, nextToken=newest["nextBackwardToken"])
    assert messages(before) == ["2", "3", "4", "5"]
    first = logs.get_log_events(**where, limit=4, startFromHead=True)
    assert messages(first) == ["0", "1", "2", "3"]
    second = logs.get_log_events(
        **where, limit=10, startFromHead=True, nextToken=first["nextForwardToken"]
    )
    assert messages(second) == ["4", "5", "6", "7", "8", "9"]
    end = logs.get_log_events(**where, startFromHead=True, nextToken=second["nextForwardToken"])
    assert messages(end) == []
    assert end["nextForwardToken"] == second["nextForwardToken"]
    beginning = logs.get_log_events(**where, nextToken=first["nextBackwardToken"])
    assert messages(beginning) == []
    assert beginning["nextBackwardToken"] == first["nextBackwardToken"]
    put(where, "later")
    later = logs.get_log_events(**where, startFromHead=True, nextToken=end["nextForwardToken"])
    assert messages(later) == ["later"]


def test_the_token_of_an_empty_stream_finds_what_comes(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, error_of: Error
) -> None:
    where = stream()
    nothing = logs.get_log_events(**where)
    assert nothing["events"] == []
    put(where, "first")
    found = logs.get_log_events(**where, nextToken=nothing["nextForwardToken"])
    assert messages(found) == ["first"]
    assert error_of(logs.get_log_events, **where, nextToken="f/1")[2] == (
        "The specified nextToken is invalid."
    )


def test_a_range_of_time_ends_before_for_one_and_with_for_the_other(
    logs: CloudWatchLogsClient, stream: Stream, put: Put
) -> None:
    where = stream()
    start = now_ms() - 100
    put(where, "0", "1", "2", "3", start_ms=start)
    got = logs.get_log_events(**where, startTime=start + 1, endTime=start + 3)
    assert messages(got) == ["1", "2"]
    found = logs.filter_log_events(logGroupName="g", startTime=start + 1, endTime=start + 3)
    assert messages(found) == ["1", "2", "3"]


def test_a_page_is_a_megabyte(logs: CloudWatchLogsClient, stream: Stream, put: Put) -> None:
    where = stream()
    for _ in range(3):
        put(where, "x" * 300_000, "y" * 300_000)
    page = logs.get_log_events(**where, startFromHead=True)
    assert len(page["events"]) == 3
    found = logs.filter_log_events(logGroupName="g", filterPattern="y")
    assert len(found["events"]) == 3
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="g")
    assert sum(len(each["events"]) for each in pages) == 6


def test_streams_are_interleaved_by_time(
    logs: CloudWatchLogsClient, stream: Stream, put: Put
) -> None:
    start = now_ms() - 1000
    a, b = stream(name="a"), stream(name="b/1")
    put(a, "a0", "a1", start_ms=start)
    put(b, "b0", "b1", start_ms=start)
    # As `aws logs tail` asks.
    found = logs.filter_log_events(logGroupName="g", interleaved=True, startTime=start)
    assert messages(found) == ["a0", "b0", "a1", "b1"]
    assert found["searchedLogStreams"] == []
    assert set(found["events"][0]) == {
        *("logStreamName", "timestamp", "message", "ingestionTime", "eventId"),
    }
    assert len({event["eventId"] for event in found["events"]}) == 4
    only = logs.filter_log_events(logGroupName="g", logStreamNames=["a"])
    assert messages(only) == ["a0", "a1"]
    prefixed = logs.filter_log_events(logGroupName="g", logStreamNamePrefix="b/")
    assert messages(prefixed) == ["b0", "b1"]
    backwards = logs.filter_log_events(logGroupName="g", startFromHead=False, limit=3)
    assert messages(backwards) == ["b1", "a1", "b0"]
    rest = logs.filter_log_events(logGroupName="g", nextToken=backwards["nextToken"])
    assert messages(rest) == ["a0"]


def test_a_search_goes_on_behind_its_token(
    logs: CloudWatchLogsClient, stream: Stream, put: Put
) -> None:
    put(stream(), *(f"n{number} {'even' if number % 2 == 0 else 'odd'}" for number in range(10)))
    search: dict[str, Any] = {"logGroupName": "g", "filterPattern": "even", "limit": 2}
    first = logs.filter_log_events(**search)
    assert messages(first) == ["n0 even", "n2 even"]
    second = logs.filter_log_events(**search, nextToken=first["nextToken"])
    assert messages(second) == ["n4 even", "n6 even"]
    last = logs.filter_log_events(**search, nextToken=second["nextToken"])
    assert messages(last) == ["n8 even"]
    assert "nextToken" not in last


def test_a_search_with_a_regular_expression(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, error_of: Error
) -> None:
    put(stream(), "status 404", "status 200", '{"status": 503}')
    found = logs.filter_log_events(logGroupName="g", filterPattern="%[45]0[34]%")
    assert messages(found) == ["status 404", '{"status": 503}']
    assert error_of(logs.filter_log_events, logGroupName="g", filterPattern="a(b") == (
        400,
        "InvalidParameterException",
        "Invalid character(s) in term 'a(b'",
    )


def test_what_a_search_may_not_combine(
    logs: CloudWatchLogsClient, stream: Stream, error_of: Error
) -> None:
    stream()
    answer = error_of(
        logs.filter_log_events,
        logGroupName="g",
        logStreamNames=["s"],
        logStreamNamePrefix="s",
    )
    assert answer[1] == "InvalidParameterException"
    answer = error_of(logs.filter_log_events, logGroupName="g", logGroupIdentifier="g")
    assert answer[1] == "InvalidParameterException"
    assert error_of(logs.filter_log_events, logGroupName="g", logStreamNames=["t"])[2] == (
        "The specified log stream does not exist."
    )
