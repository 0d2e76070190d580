"""Logs Insights through the API."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.logs.conftest import now_ms, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient
    from types_boto3_logs.client import CloudWatchLogsClient

    Error = Callable[..., tuple[int, str, Any]]
    Stream = Callable[..., Any]
    Put = Callable[..., dict[str, Any]]


def window() -> dict[str, int]:
    seconds = now_ms() // 1000
    return {"startTime": seconds - 3600, "endTime": seconds + 60}


def ask(logs: CloudWatchLogsClient, query: str, group: str = "g", **more: Any) -> dict[str, Any]:
    """The answer of a query that has come to its end."""
    start: Any = logs.start_query
    id_ = start(**{"logGroupName": group, "queryString": query, **window(), **more})["queryId"]

    def ended() -> dict[str, Any] | None:
        answer: dict[str, Any] = dict(logs.get_query_results(queryId=id_))
        return None if answer["status"] in {"Scheduled", "Running"} else answer

    answer = until(ended, 20)
    assert answer is not None
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    return [{column["field"]: column["value"] for column in row} for row in answer["results"]]


def test_a_query_is_run(logs: CloudWatchLogsClient, stream: Stream, put: Put) -> None:
    put(stream(), "ERROR one", "fine", "ERROR two", '{"level": "ERROR", "ms": 5}')
    answer = ask(logs, "filter @message like /ERROR/ | stats count(*) as n, sum(ms)")
    assert answer == {
        "queryLanguage": "CWLI",
        "status": "Complete",
        "results": [[{"field": "n", "value": "3"}, {"field": "sum(ms)", "value": "5"}]],
        "statistics": {
            "recordsMatched": 3.0,
            "recordsScanned": 4.0,
            "estimatedRecordsSkipped": 0.0,
            "bytesScanned": answer["statistics"]["bytesScanned"],
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": 1.0,
        },
    }
    assert answer["statistics"]["bytesScanned"] > 40


def test_several_groups_and_a_limit(logs: CloudWatchLogsClient, stream: Stream, put: Put) -> None:
    put(stream("a"), "one", "two", start_ms=now_ms() - 2000)
    put(stream("b"), "three", start_ms=now_ms() - 1000)
    start: Any = logs.start_query
    request: dict[str, Any] = {"queryString": "fields @message", "limit": 2, **window()}
    id_ = start(logGroupNames=["a", "b"], **request)["queryId"]

    def complete() -> Any:
        answer = logs.get_query_results(queryId=id_)
        return answer if answer["status"] == "Complete" else None

    answer = until(complete)
    assert [row["@message"] for row in rows(dict(answer))] == ["three", "two"]
    assert answer["statistics"]["logGroupsScanned"] == 2.0
    found = logs.list_log_groups_for_query(queryId=id_)
    assert found["logGroupIdentifiers"] == ["a", "b"]


def test_a_row_leads_to_its_record(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, account: str, error_of: Error
) -> None:
    start = now_ms() - 100
    put(stream(), "other", '{"a": {"b": 1}, "c": "d"}', start_ms=start)
    (row,) = rows(ask(logs, "fields @message | filter ispresent(c)"))
    record = logs.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
    ingested = record.pop("@ingestionTime")
    assert int(ingested) >= start
    assert record == {
        "@timestamp": str(start + 1),
        "@message": '{"a": {"b": 1}, "c": "d"}',
        "@logStream": "s",
        "@log": f"{account}:g",
        "@ptr": row["@ptr"],
        "a.b": "1",
        "c": "d",
    }
    assert error_of(logs.get_log_record, logRecordPointer="nonsense")[1] == (
        "InvalidParameterException"
    )


def test_the_fields_of_a_group(logs: CloudWatchLogsClient, stream: Stream, put: Put) -> None:
    put(stream(), '{"a": 1}', '{"a": 1, "b": 2}', "text", "text")
    found = logs.get_log_group_fields(logGroupName="g")["logGroupFields"]
    assert found[:5] == [
        {"name": name, "percent": 100}
        for name in ("@ingestionTime", "@log", "@logStream", "@message", "@timestamp")
    ]
    assert found[5:] == [{"name": "a", "percent": 50}, {"name": "b", "percent": 25}]
    long_ago = logs.get_log_group_fields(logGroupName="g", time=now_ms() // 1000 - 86_400)
    assert long_ago["logGroupFields"] == []


def test_too_many_groups(logs: CloudWatchLogsClient, error_of: Error) -> None:
    """So AWS says of saved queries, as measured, and of these in a public tool's comment."""
    names = [f"g{number}" for number in range(51)]
    query = {"startTime": 0, "endTime": now_ms() // 1000, "queryString": "fields @message"}
    assert error_of(logs.start_query, logGroupNames=names, **query) == (
        400,
        "InvalidParameterException",
        "Too many log groups specified",
    )


def test_a_malformed_query_says_where(logs: CloudWatchLogsClient, stream: Stream) -> None:
    stream()
    start: Any = logs.start_query
    with pytest.raises(logs.exceptions.MalformedQueryException) as refused:
        start(logGroupName="g", queryString="fields @message | what", **window())
    answer: dict[str, Any] = dict(refused.value.response)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    message = "unexpected symbol found what at line 1 and position 18"
    assert answer["Error"]["Message"] == message
    assert answer["queryCompileError"] == {
        "location": {"startCharOffset": 18, "endCharOffset": 22},
        "message": message,
    }


def test_what_is_refused(
    logs: CloudWatchLogsClient, stream: Stream, error_of: Error, account: str
) -> None:
    stream()
    query: dict[str, Any] = {"queryString": "fields @message", **window()}
    assert error_of(logs.start_query, **query)[1] == "InvalidParameterException"
    both = {"logGroupName": "g", "logGroupNames": ["g"]}
    assert error_of(logs.start_query, **query, **both)[1] == "InvalidParameterException"
    # As public repositories quote it; older ones with a tail ("(Service: AWSLogs; Status Code: 400; ...)").
    assert error_of(logs.start_query, **query, logGroupName="h")[1:] == (
        "ResourceNotFoundException",
        f"Log group 'h' does not exist for account ID '{account}'",
    )
    language = {"logGroupName": "g", "queryLanguage": "SQL"}
    assert error_of(logs.start_query, **query, **language)[0] == 501
    status, _, message = error_of(
        logs.start_query, **query | {"queryString": "pattern @message"}, logGroupName="g"
    )
    assert status == 501
    assert "pattern" in message
    turned = {"startTime": 1_600_000_010, "endTime": 1_600_000_000, "logGroupName": "g"}
    assert error_of(logs.start_query, **query | turned)[1] == "InvalidParameterException"
    for call in (logs.get_query_results, logs.stop_query):
        assert error_of(call, queryId="none")[1] == "ResourceNotFoundException"


def test_nothing_is_looked_for_before_the_group_was_there(
    logs: CloudWatchLogsClient, stream: Stream
) -> None:
    """AWS's words, quoted by half a dozen public repositories that ran into them."""
    stream()
    start: Any = logs.start_query
    seconds = now_ms() // 1000
    query = {"logGroupName": "g", "queryString": "fields @message", "startTime": seconds - 7200}
    with pytest.raises(logs.exceptions.MalformedQueryException) as refused:
        start(**query, endTime=seconds - 3600)
    assert refused.value.response["Error"]["Message"] == (
        "Query's end date and time is either before the log groups creation time or exceeds the log "
        "groups log retention settings ([0,14])"
    )
    start(**query, endTime=now_ms() // 1000)


def test_nothing_is_looked_for_before_there_was_logs_insights(
    logs: CloudWatchLogsClient, stream: Stream, error_of: Error
) -> None:
    """AWS's words, as two public repositories quote them (18F's identity-idp is one)."""
    stream()
    query = {"logGroupName": "g", "queryString": "fields @message", "startTime": 0, "endTime": 100}
    assert error_of(logs.start_query, **query) == (
        400,
        "InvalidParameterException",
        "End time should not be before the service was generally available",
    )


def test_queries_are_described_and_stopped_ones_stay_stopped(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, error_of: Error
) -> None:
    put(stream(), *("a" * 40 + "b" for _ in range(20)))
    start: Any = logs.start_query
    # A regular expression that takes for ever.
    slow = "filter @message like /(a|a)*c/"
    id_ = start(logGroupName="g", queryString=slow, **window())["queryId"]
    (found,) = logs.describe_queries(logGroupName="g")["queries"]
    assert abs(found.pop("createTime") - now_ms()) < 60_000
    assert found.pop("status") in {"Scheduled", "Running"}
    assert found == {
        "queryLanguage": "CWLI",
        "queryId": id_,
        "queryString": slow,
        "logGroupName": "g",
    }
    assert logs.stop_query(queryId=id_)["success"] is True
    assert logs.get_query_results(queryId=id_)["status"] == "Cancelled"
    # What follows was seen on the wire in 2026-08: github.com/steamstreet, StopQueryTest and LiveLogsTest.
    assert logs.stop_query(queryId=id_)["success"] is True
    done = start(logGroupName="g", queryString="limit 1", **window())["queryId"]
    until(lambda: logs.get_query_results(queryId=done)["status"] == "Complete", 20)
    _, code, said = error_of(logs.stop_query, queryId=done)
    assert code == "InvalidParameterException"
    assert re.fullmatch(
        r"Query is already ended with Complete \(Service: AWSLogs; Status Code: 400; "
        r"Error Code: InvalidParameterException; Request ID: [0-9a-f-]{36}; Proxy: null\)",
        said,
    )
    # The process that was stopped is not missed.
    assert rows(ask(logs, "stats count(*) as n")) == [{"n": "20"}]


def test_reports_of_a_real_function(
    logs: CloudWatchLogsClient,
    functions: LambdaClient,
    create_function: Callable[..., dict[str, Any]],
) -> None:
    create_function("f", "def run(event, context): print('event', event)")
    for number in range(3):
        functions.invoke(FunctionName="f", Payload=json.dumps(number))
    answer = ask(
        logs,
        "filter @type = 'REPORT' | stats count(*) as n, max(@billedDuration) as most, "
        "max(@memorySize) as memory, count_distinct(@requestId) as ids by bin(1d)",
        "/aws/lambda/f",
    )
    (row,) = rows(answer)
    assert (row["n"], row["ids"], row["memory"]) == ("3", "3", "128000000")
    assert float(row["most"]) >= 1
