"""HTTP backends behind HTTP APIs, parameter mapping, access logs."""

from __future__ import annotations

from typing import Any

from lambent.core import ids


def test_a_request_is_passed_on_and_its_answer_back(account: Any, backend: Any) -> None:
    api = account.api()
    target = account.integration(
        api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri=backend.url + "/base/{proxy}",
    )
    account.client.create_route(ApiId=api, RouteKey="ANY /{proxy+}", Target=target)
    answer = account.call(api, "POST", "/a/b%20c?x=1&x=2", b"hello", {"X-A": "1"})
    assert (answer.status, answer.headers["x-backend"]) == (201, "yes")
    asked = answer.json
    assert (asked["method"], asked["path"], asked["body"]) == (
        "POST",
        "/base/a/b%20c?x=1&x=2",
        "hello",
    )
    assert asked["headers"]["x-a"] == "1"
    assert f"host={api}.execute-api.us-east-1.amazonaws.com" in asked["headers"]["forwarded"]


def test_parameters_are_mapped_both_ways(account: Any, backend: Any) -> None:
    api = account.api()
    target = account.integration(
        api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri=backend.url,
        RequestParameters={
            "append:header.x-id": "$request.path.id",
            "overwrite:header.x-mixed": "${request.querystring.q}-${request.body.a.b}-${context.stage}",
            "remove:header.x-gone": "''",
            "remove:querystring.q": "''",
            "append:querystring.r": "$stageVariables.v",
            "overwrite:path": "/new/$request.path.id",
        },
        ResponseParameters={
            "201": {
                "overwrite:statuscode": "202",
                "append:header.x-from": "$response.body.method",
                "remove:header.x-backend": "''",
            }
        },
    )
    account.client.update_stage(ApiId=api, StageName="$default", StageVariables={"v": "w"})
    account.client.create_route(ApiId=api, RouteKey="POST /pets/{id}", Target=target)
    sent = {"X-Gone": "1", "X-Mixed": "old", "Content-Type": "application/json"}
    answer = account.call(api, "POST", "/pets/7?q=5", b'{"a": {"b": 6}}', sent)
    assert (answer.status, answer.headers["x-from"]) == (202, "POST")
    assert "x-backend" not in answer.headers
    asked = answer.json
    assert asked["path"] == "/new/7?r=w"
    assert asked["headers"]["x-id"] == "7"
    assert asked["headers"]["x-mixed"] == "5-6-$default"
    assert "x-gone" not in asked["headers"]


def test_a_backend_that_is_not_there(account: Any) -> None:
    made = account.client.create_api(Name="q", ProtocolType="HTTP", Target="http://127.0.0.1:1/")
    answer = account.call(made["ApiId"], "GET", "/")
    assert (answer.status, answer.json) == (503, {"message": "Service Unavailable"})


def test_access_logs_tell_lambdas_status_from_the_functions(account: Any) -> None:
    """`integration.status` is "the status code that your Lambda function code returns", `integrationStatus` Lambda's;
    `customDomain.basePathMatched` "the path for an API mapping that an incoming request matched" ("Customize HTTP API
    access logs", developer guide).
    """
    source = "def run(event, context):\n    return {'statusCode': 418, 'body': ''}\n"
    api = account.api("$default", arn=account.function("f", source))
    name = f"{ids.hex_id(8)}.example.com"
    account.client.create_domain_name(DomainName=name)
    account.client.create_api_mapping(
        DomainName=name, ApiId=api, Stage="$default", ApiMappingKey="v1/orders"
    )
    account.logs.create_log_group(logGroupName="access")
    [group] = account.logs.describe_log_groups()["logGroups"]
    variables = (
        "integration.integrationStatus",
        "integration.status",
        "integrationStatus",
        "status",
        "customDomain.basePathMatched",
    )
    settings = {
        "DestinationArn": group["arn"].removesuffix(":*"),
        "Format": " ".join(f"$context.{each}" for each in (*variables, "requestId")),
    }
    account.client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)
    assert account.call(api, "GET", "/v1/orders/1234", host=name).status == 418
    assert account.call(api, "GET", "/").status == 418
    events = account.logs.filter_log_events(logGroupName="access")["events"]
    assert sorted(each["message"].rpartition(" ")[0] for each in events) == [
        "200 418 200 418 -",
        "200 418 200 418 v1/orders",
    ]


def test_access_logs_tell_the_request_id_of_the_function(account: Any) -> None:
    """ "The AWS endpoint's request ID from the x-amz-request-id or x-amzn-requestId header" (developer guide)."""
    source = "def run(event, context):\n    return context.aws_request_id\n"
    api = account.api("$default", arn=account.function("f", source))
    account.logs.create_log_group(logGroupName="access")
    [group] = account.logs.describe_log_groups()["logGroups"]
    settings = {
        "DestinationArn": group["arn"].removesuffix(":*"),
        "Format": "$context.awsEndpointRequestId $context.integration.requestId $context.requestId",
    }
    account.client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)
    own = account.call(api, "GET", "/").body.decode()
    [event] = account.logs.filter_log_events(logGroupName="access")["events"]
    assert event["message"].split()[:2] == [own, own]


def test_access_logs_have_a_line_for_each_request(account: Any, backend: Any) -> None:
    made = account.client.create_api(Name="q", ProtocolType="HTTP", Target=backend.url)
    account.logs.create_log_group(logGroupName="access")
    [group] = account.logs.describe_log_groups()["logGroups"]
    account.client.update_stage(
        ApiId=made["ApiId"],
        StageName="$default",
        AccessLogSettings={
            "DestinationArn": group["arn"].removesuffix(":*"),
            "Format": "$context.requestId $context.routeKey $context.status "
            "$context.integrationStatus $context.authorizer.claims.sub",
        },
    )
    answer = account.call(made["ApiId"], "GET", "/a")
    events = account.logs.filter_log_events(logGroupName="access")["events"]
    assert [each["message"] for each in events] == [
        f"{answer.headers['apigw-requestid']} $default 201 201 -"
    ]
