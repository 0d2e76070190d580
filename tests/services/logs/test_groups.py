"""Log groups: shapes, pages, tags, retention, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs.client import CloudWatchLogsClient

    Error = Callable[..., tuple[int, str, Any]]


def described(logs: CloudWatchLogsClient, name: str) -> dict[str, Any]:
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return dict(group)


def test_a_new_group_has_these_members_and_no_others(
    logs: CloudWatchLogsClient, account: str
) -> None:
    logs.create_log_group(logGroupName="/app/a")
    group = described(logs, "/app/a")
    created = group.pop("creationTime")
    assert 1_700_000_000_000 < created < 9_000_000_000_000
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:/app/a"
    assert group == {
        "logGroupName": "/app/a",
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "metricFilterCount": 0,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        # As describe-log-groups shows them in 2026, false or not.
        "deletionProtectionEnabled": False,
        "bearerTokenAuthenticationEnabled": False,
    }


def test_a_name_that_is_taken_or_unknown(logs: CloudWatchLogsClient, error_of: Error) -> None:
    logs.create_log_group(logGroupName="g")
    assert error_of(logs.create_log_group, logGroupName="g") == (
        400,
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    gone = (400, "ResourceNotFoundException", "The specified log group does not exist.")
    assert error_of(logs.delete_log_group, logGroupName="h") == gone
    assert error_of(logs.describe_log_streams, logGroupName="h") == gone
    assert error_of(logs.filter_log_events, logGroupName="h") == gone
    assert error_of(logs.get_log_events, logGroupName="h", logStreamName="s") == gone
    assert error_of(logs.put_retention_policy, logGroupName="h", retentionInDays=1) == gone


def test_what_the_model_forbids_is_an_invalid_parameter(
    logs: CloudWatchLogsClient, error_of: Error
) -> None:
    status, code, message = error_of(logs.create_log_group, logGroupName="no spaces")
    assert (status, code) == (400, "InvalidParameterException")
    assert message == (
        "1 validation error detected: Value 'no spaces' at 'logGroupName' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
    )


def test_names_that_are_awss_own(logs: CloudWatchLogsClient, error_of: Error) -> None:
    assert error_of(logs.create_log_group, logGroupName="aws/mine") == (
        400,
        "InvalidParameterException",
        "Log groups starting with AWS/ are reserved for AWS.",
    )


def test_groups_come_by_name_in_pages(logs: CloudWatchLogsClient) -> None:
    for name in ("b", "a/2", "a/1", "a/3", "B"):
        logs.create_log_group(logGroupName=name)
    first = logs.describe_log_groups(limit=2)
    assert [group["logGroupName"] for group in first["logGroups"]] == ["B", "a/1"]
    rest = logs.describe_log_groups(nextToken=first["nextToken"])
    assert [group["logGroupName"] for group in rest["logGroups"]] == ["a/2", "a/3", "b"]
    assert "nextToken" not in rest
    prefixed = logs.describe_log_groups(logGroupNamePrefix="a/")["logGroups"]
    assert [group["logGroupName"] for group in prefixed] == ["a/1", "a/2", "a/3"]
    found = logs.describe_log_groups(logGroupNamePattern="/2")["logGroups"]
    assert [group["logGroupName"] for group in found] == ["a/2"]


def test_list_log_groups_knows_patterns_and_tags(logs: CloudWatchLogsClient) -> None:
    for name in ("service-a", "other-service", "third"):
        logs.create_log_group(logGroupName=name, tags={"team": name})

    def names(**request: Any) -> list[str]:
        found: Any = logs.list_log_groups(**request)
        return [group["logGroupName"] for group in found["logGroups"]]

    assert names() == ["other-service", "service-a", "third"]
    assert names(logGroupNamePattern="^service") == ["service-a"]
    assert names(logGroupNamePattern="^service|third") == ["service-a", "third"]
    assert names(logGroupTags=[{"key": "team", "values": ["*service*"]}]) == [
        "other-service",
        "service-a",
    ]
    assert names(logGroupTags=[{"key": "team", "values": ["!third"]}]) == [
        "other-service",
        "service-a",
    ]


def test_a_token_of_somebody_else(logs: CloudWatchLogsClient, error_of: Error) -> None:
    assert error_of(logs.describe_log_groups, nextToken="%%%") == (
        400,
        "InvalidParameterException",
        "The specified nextToken is invalid.",
    )


def test_prefix_and_pattern_exclude_each_other(logs: CloudWatchLogsClient, error_of: Error) -> None:
    answer = error_of(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    assert answer[1] == "InvalidParameterException"
    assert "mutually exclusive" in answer[2]


def test_tags_by_both_kinds_of_operation(
    logs: CloudWatchLogsClient, account: str, error_of: Error
) -> None:
    logs.create_log_group(logGroupName="g", tags={"a": "1"})
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.tag_log_group(logGroupName="g", tags={"c": "3"})
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"a": "1", "b": "2", "c": "3"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.untag_log_group(logGroupName="g", tags=["c"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    many = {str(number): "" for number in range(50)}
    assert error_of(logs.tag_resource, resourceArn=arn, tags=many)[1] == "TooManyTagsException"
    refused = "aws: prefixed tag key names are not allowed for external use."
    for call, target in (
        (logs.create_log_group, {"logGroupName": "h"}),
        (logs.tag_log_group, {"logGroupName": "g"}),
        (logs.tag_resource, {"resourceArn": arn}),
    ):
        answer = error_of(call, **target, tags={"AWS:a": "1"})
        assert answer == (400, "InvalidParameterException", refused)
    other = arn.replace(":g", ":h")
    assert error_of(logs.list_tags_for_resource, resourceArn=other)[1] == (
        "ResourceNotFoundException"
    )


def test_retention_is_one_of_these_days(logs: CloudWatchLogsClient, error_of: Error) -> None:
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=14)
    assert described(logs, "g")["retentionInDays"] == 14
    answer = error_of(logs.put_retention_policy, logGroupName="g", retentionInDays=2)
    assert answer[1] == "InvalidParameterException"
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in described(logs, "g")


def test_what_is_not_here_is_refused_by_name(logs: CloudWatchLogsClient, error_of: Error) -> None:
    status, code, message = error_of(
        logs.create_log_group,
        logGroupName="g",
        kmsKeyId="arn:aws:kms:us-east-1:111111111111:key/1",
    )
    assert (status, code) == (501, "NotImplementedException")
    assert "kmsKeyId" in message
    status, code, message = error_of(logs.describe_deliveries)
    assert (status, code) == (501, "NotImplementedException")
    assert "DescribeDeliveries" in message


def test_a_protected_group_is_not_deleted(logs: CloudWatchLogsClient, error_of: Error) -> None:
    logs.create_log_group(logGroupName="g", deletionProtectionEnabled=True)
    assert described(logs, "g")["deletionProtectionEnabled"] is True
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    refused = error_of(logs.delete_log_group, logGroupName="g")
    assert refused[:2] == (400, "ValidationException")
    assert "deletion protection" in refused[2]
    assert error_of(logs.delete_log_stream, logGroupName="g", logStreamName="s") == refused
    logs.put_log_group_deletion_protection(logGroupIdentifier="g", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="g")
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_group_that_was_deleted_is_empty_when_it_comes_again(
    logs: CloudWatchLogsClient,
    stream: Callable[..., Any],
    put: Callable[..., dict[str, Any]],
) -> None:
    put(stream(), "old")
    assert described(logs, "g")["storedBytes"] == 29
    logs.delete_log_group(logGroupName="g")
    where = stream()
    assert logs.get_log_events(**where, startFromHead=True)["events"] == []
    assert described(logs, "g")["storedBytes"] == 0
