"""Errors word for word as AWS has answered deployments in 2026-09: github.com/badmintoncryer/cdk-preflight,
rules/apigateway, by the end of the rule's name. The code is that of all input that this service does not take.
"""

from __future__ import annotations

from typing import Any


def _bad(text: str) -> tuple[int, str, str]:
    return 400, "BadRequestException", text


def test_integrations(client: Any, with_method: Any, error_of: Any) -> None:
    """integration-response-selection-pattern, integration-cache-key-parameters, integration-aws-uri."""
    assert error_of(
        client.put_integration,
        **with_method,
        type="AWS",
        integrationHttpMethod="POST",
        uri="arn:aws:lambda:us-east-1:123456789012:function:f",
    ) == _bad("AWS ARN for integration must contain path or action")
    client.put_method_response(**with_method, statusCode="200")
    assert error_of(
        client.put_integration_response, **with_method, statusCode="200", selectionPattern="["
    ) == _bad("Invalid regex pattern specified")
    assert error_of(
        client.put_integration,
        **with_method,
        type="MOCK",
        cacheKeyParameters=["method.request.querystring.a"],
    ) == _bad("Invalid cache key parameter specified")


def test_the_period_of_a_quota(client: Any, error_of: Any) -> None:
    """usage-plan-quota-period-required; its limit and offset are in `test_keys_and_plans.py`."""
    assert error_of(client.create_usage_plan, name="p", quota={"limit": 1}) == _bad(
        "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"
    )


def test_how_long_an_authorizer_is_believed(client: Any, api: Any, error_of: Any) -> None:
    """authorizer-ttl-range."""
    assert error_of(
        client.create_authorizer,
        restApiId=api["id"],
        name="a",
        type="TOKEN",
        identitySource="method.request.header.A",
        authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
        authorizerResultTtlInSeconds=3601,
    ) == _bad(
        "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds."
    )


def test_the_place_of_a_documentation_part(client: Any, api: Any, error_of: Any) -> None:
    """documentation-part-location."""
    assert error_of(
        client.create_documentation_part,
        restApiId=api["id"],
        location={"type": "API", "path": "/a"},
        properties="{}",
    ) == _bad("[Location type: API cannot have path, method, statusCode or name defined.]")


def test_where_access_logs_go(client: Any, deployed: Any, error_of: Any) -> None:
    """stage-access-log-destination-arn, access-log-format-request-id."""

    def refusal(**settings: str) -> Any:
        patches = [
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in settings.items()
        ]
        stage = {"restApiId": deployed["restApiId"], "stageName": "prod"}
        return error_of(client.update_stage, **stage, patchOperations=patches)

    group = "arn:aws:logs:us-east-1:123456789012:log-group:a"
    assert refusal(destinationArn=group, format="hello-no-request-id") == _bad(
        "Access Log format must include either $context.requestId or $context.extendedRequestId "
        ": 'hello-no-request-id'"
    )
    assert refusal(destinationArn="arn:aws:s3:::bucket") == _bad(
        "Invalid ARN specified in the request. The ARN must be a valid CloudWatch Logs log group or "
        "Kinesis Data Firehose delivery stream ARN."
    )


def test_what_a_model_is_for(client: Any, api: Any, error_of: Any) -> None:
    """model-content-type."""
    model = {"restApiId": api["id"], "name": "m", "schema": "{}"}
    assert error_of(client.create_model, **model, contentType="notacontenttype") == _bad(
        "Validation Result: warnings : [], errors : "
        "[Invalid content type specified: notacontenttype]"
    )
    fine = ("application/json", "application/vnd.api+json", "text/html; charset=utf-8")
    for number, content_type in enumerate(fine):
        client.create_model(**model | {"name": f"m{number}"}, contentType=content_type)


def test_the_types_of_a_schema(client: Any, api: Any, error_of: Any) -> None:
    """model-schema-type."""
    model = {"restApiId": api["id"], "name": "m", "contentType": "application/json"}
    assert error_of(client.create_model, **model, schema='{"type": "not-a-real-type"}') == _bad(
        "Invalid model specified: Validation Result: warnings : [], errors : "
        "[Invalid model schema specified]"
    )
    client.create_model(**model, schema='{"type": "array", "items": {"type": "integer"}}')
