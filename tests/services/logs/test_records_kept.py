"""Resource policies, destinations, saved queries and export tasks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.services.logs.conftest import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs.client import CloudWatchLogsClient

    Error = Callable[..., tuple[int, str, Any]]

_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})


# Measured by github.com/badmintoncryer/cdk-preflight in 2026-09, as "Too many log groups specified" was.
_NO_IAM = (
    400,
    "InvalidParameterException",
    (
        "Error occurred while parsing accessPolicy. Please check if the accessPolicy has been constructed correctly "
        "using IAM grammar."
    ),
)


def test_resource_policies(logs: CloudWatchLogsClient, error_of: Error) -> None:
    answer = logs.put_resource_policy(policyName="p", policyDocument=_POLICY)["resourcePolicy"]
    assert abs(answer["lastUpdatedTime"] - now_ms()) < 60_000
    assert {"policyName", "policyDocument", "lastUpdatedTime"} == set(answer)
    assert logs.describe_resource_policies()["resourcePolicies"] == [answer]
    for number in range(9):
        logs.put_resource_policy(policyName=f"p{number}", policyDocument=_POLICY)
    assert error_of(logs.put_resource_policy, policyName="q", policyDocument=_POLICY)[1] == (
        "LimitExceededException"
    )
    for document in ("{", '{"not": "IAM"}'):
        assert (
            error_of(logs.put_resource_policy, policyName="p", policyDocument=document) == _NO_IAM
        )
    logs.delete_resource_policy(policyName="p")
    assert error_of(logs.delete_resource_policy, policyName="p") == (
        400,
        "ResourceNotFoundException",
        "Policy with name [p] does not exist",
    )


def test_destinations(logs: CloudWatchLogsClient, account: str, error_of: Error) -> None:
    target = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    role = f"arn:aws:iam::{account}:role/r"
    made = logs.put_destination(destinationName="d", targetArn=target, roleArn=role)["destination"]
    arn = f"arn:aws:logs:us-east-1:{account}:destination:d"
    assert abs(made["creationTime"] - now_ms()) < 60_000
    assert made == {
        "destinationName": "d",
        "targetArn": target,
        "roleArn": role,
        "arn": arn,
        "creationTime": made["creationTime"],
    }
    logs.put_destination_policy(destinationName="d", accessPolicy=_POLICY)
    answer = error_of(
        logs.put_destination_policy, destinationName="d", accessPolicy='{"not": "IAM"}'
    )
    assert answer == _NO_IAM
    (found,) = logs.describe_destinations(DestinationNamePrefix="d")["destinations"]
    assert found == made | {"accessPolicy": _POLICY}
    logs.tag_resource(resourceArn=arn, tags={"a": "b"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    logs.delete_destination(destinationName="d")
    assert error_of(logs.delete_destination, destinationName="d")[1] == "ResourceNotFoundException"


def test_saved_queries(logs: CloudWatchLogsClient, error_of: Error) -> None:
    token = "t" * 36
    query: dict[str, Any] = {"name": "errors", "queryString": "filter @message like /ERROR/"}
    id_ = logs.put_query_definition(**query, clientToken=token)["queryDefinitionId"]
    assert logs.put_query_definition(**query, clientToken=token)["queryDefinitionId"] == id_
    logs.put_query_definition(queryDefinitionId=id_, name="all", queryString="fields @message")
    many = [f"g{number}" for number in range(51)]
    answer = error_of(logs.put_query_definition, **query, logGroupNames=many)
    assert answer == (400, "InvalidParameterException", "Too many log groups specified")
    (found,) = logs.describe_query_definitions()["queryDefinitions"]
    assert found == {
        "queryLanguage": "CWLI",
        "queryDefinitionId": id_,
        "name": "all",
        "queryString": "fields @message",
        "lastModified": found["lastModified"],
        "logGroupNames": [],
    }
    assert logs.describe_query_definitions(queryDefinitionNamePrefix="e")["queryDefinitions"] == []
    assert logs.delete_query_definition(queryDefinitionId=id_)["success"] is True
    assert error_of(logs.delete_query_definition, queryDefinitionId=id_)[1] == (
        "ResourceNotFoundException"
    )


def test_export_tasks_need_s3(logs: CloudWatchLogsClient, error_of: Error) -> None:
    logs.create_log_group(logGroupName="g")
    request: dict[str, Any] = {"logGroupName": "g", "fromTime": 0, "to": 1, "destination": "bucket"}
    status, code, message = error_of(logs.create_export_task, **request)
    assert (status, code) == (501, "NotImplementedException")
    assert "S3" in message
    assert logs.describe_export_tasks()["exportTasks"] == []
    assert error_of(logs.cancel_export_task, taskId="t")[2] == (
        "The specified export task does not exist."
    )
