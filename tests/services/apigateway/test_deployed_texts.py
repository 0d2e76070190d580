"""Errors word for word as AWS has answered deployments in 2026-09: github.com/badmintoncryer/cdk-preflight,
rules/apigateway, by the end of the rule's name. The code is that of all input that this service does not take.
"""

from __future__ import annotations

from typing import Any

import pytest


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


def test_connections_and_scopes(client: Any, api: Any, with_method: Any, error_of: Any) -> None:
    """integration-vpc-link-connection-id, method-authorization-scopes-cognito."""
    assert error_of(
        client.put_integration,
        **with_method,
        type="HTTP",
        integrationHttpMethod="GET",
        uri="http://example.com",
        connectionType="VPC_LINK",
    ) == _bad(
        "ConnectionId should be set to the vpcLinkId or stage variable on connection type VPC_LINK"
    )
    assert error_of(
        client.put_method,
        restApiId=api["id"],
        resourceId=api["rootResourceId"],
        httpMethod="PUT",
        authorizationType="NONE",
        authorizationScopes=["a"],
    ) == _bad(
        "Invalid Method authorization type specified. Authorization Scopes are only valid for "
        "COGNITO_USER_POOLS authorization type"
    )


def test_the_period_of_a_quota(client: Any, error_of: Any) -> None:
    """usage-plan-quota-period-required; its limit and offset are in `test_keys_and_plans.py`."""
    assert error_of(client.create_usage_plan, name="p", quota={"limit": 1}) == _bad(
        "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"
    )


def test_what_a_plan_throttles(client: Any, deployed: Any, error_of: Any) -> None:
    """usage-plan-throttle-key."""
    stage = {
        "apiId": deployed["restApiId"],
        "stage": "prod",
        "throttle": {"badkey": {"burstLimit": 1, "rateLimit": 1.0}},
    }
    assert error_of(client.create_usage_plan, name="p", apiStages=[stage]) == _bad(
        "Invalid method {resourcePath: badkey,method: } specified"
    )


def test_methods_are_throttled_in_throttled_plans_alone(
    client: Any, deployed: Any, error_of: Any
) -> None:
    """github.com/aws/aws-cdk/pull/6411: what deploying an example of CDK's ended with."""
    refused = _bad("Can not define fine grain throttling if usage plan throttle is not defined.")
    limits = {"burstLimit": 1, "rateLimit": 1.0}
    stage = {"apiId": deployed["restApiId"], "stage": "prod"}
    throttled = {**stage, "throttle": {"//GET": limits}}
    assert error_of(client.create_usage_plan, name="p", apiStages=[throttled]) == refused
    plan = client.create_usage_plan(name="p", apiStages=[stage])
    place = f"/apiStages/{stage['apiId']}:prod/throttle/~1/GET/rateLimit"
    patch = {"op": "replace", "path": place, "value": "1"}
    assert (
        error_of(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=[patch])
        == refused
    )
    made = client.create_usage_plan(name="q", apiStages=[throttled], throttle=limits)
    assert made["apiStages"] == [throttled]


def test_settings_of_methods(client: Any, deployed: Any, error_of: Any) -> None:
    """stage-cache-ttl-range, stage-method-setting-resource-path."""

    def refusal(path: str, value: str) -> Any:
        stage = {"restApiId": deployed["restApiId"], "stageName": "prod"}
        patch = {"op": "replace", "path": path, "value": value}
        return error_of(client.update_stage, **stage, patchOperations=[patch])

    assert refusal("/*/*/caching/ttlInSeconds", "3601") == _bad(
        "Invalid time-to-live setting, must be an integer no greater than 3600"
    )
    status, code, text = refusal("badpath/GET/metrics/enabled", "true")
    assert (status, code) == (400, "BadRequestException")
    assert text.startswith(
        "Invalid method setting path: badpath/GET/metrics/enabled. Must be one of: [/deploymentId, "
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


def test_who_says_who_calls(client: Any, api: Any, error_of: Any) -> None:
    """token-authorizer-identity-source, request-authorizer-identity-source: quoted as far as "stage variable, m"."""
    authorizer = {
        "restApiId": api["id"],
        "name": "a",
        "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
    }
    assert error_of(client.create_authorizer, **authorizer, type="TOKEN") == _bad(
        "IdentitySource cannot be empty"
    )
    status, code, text = error_of(
        client.create_authorizer, **authorizer, type="REQUEST", identitySource="header.Auth"
    )
    assert (status, code) == (400, "BadRequestException")
    assert text.startswith(
        "Invalid request identity source expression: header.Auth. The sources must be separated by "
        "comma, and each source must be either a method request parameter, matching "
        "'method.request.querystring|header.[a-zA-Z0-9._-]+', or a stage variable, m"
    )


@pytest.mark.parametrize(
    ("kind", "certificate", "message"),
    [
        ("EDGE", "regionalCertificateArn", "for REGIONAL while EDGE is active."),
        ("REGIONAL", "certificateArn", "for EDGE while REGIONAL is active."),
    ],
)
def test_certificates_of_another_kind(
    client: Any, api: Any, error_of: Any, kind: str, certificate: str, message: str
) -> None:
    """edge-certificate-property, regional-certificate-property."""
    name = f"{api['id']}.example.com"
    refusal = _bad(f"Cannot import certificates {message}")
    domain = {"domainName": name, "endpointConfiguration": {"types": [kind]}}
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
    assert error_of(client.create_domain_name, **domain, **{certificate: arn}) == refusal
    client.create_domain_name(**domain)
    patch = {"op": "replace", "path": f"/{certificate}", "value": arn}
    assert error_of(client.update_domain_name, domainName=name, patchOperations=[patch]) == refusal


def test_certificates_of_another_region(aws: Any, client: Any, api: Any, error_of: Any) -> None:
    """regional-certificate-region, and apigatewayv2's domain-certificate-region."""
    name = f"{api['id']}.example.com"
    arn = "arn:aws:acm:us-west-2:123456789012:certificate/c"
    refusal = _bad(f"Invalid certificate ARN: {arn}. Certificate must be in 'us-east-1'.")
    domain = {"domainName": name, "endpointConfiguration": {"types": ["REGIONAL"]}}
    regional = {"regionalCertificateArn": arn}
    assert error_of(client.create_domain_name, **domain, **regional) == refusal
    assert error_of(client.create_domain_name, domainName=name, certificateArn=arn) == refusal
    assert (
        error_of(
            aws("apigatewayv2").create_domain_name,
            DomainName=name,
            DomainNameConfigurations=[{"CertificateArn": arn}],
        )
        == refusal
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
    """stage-access-log-destination-arn, stage-access-log-firehose-prefix, access-log-format-request-id."""

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
    assert refusal(
        destinationArn="arn:aws:firehose:us-east-1:123456789012:deliverystream/wrongprefix"
    ) == _bad(
        "Kinesis Firehose delivery stream name must begin with the characters "
        "'amazon-apigateway-': 'deliverystream/wrongprefix'"
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
