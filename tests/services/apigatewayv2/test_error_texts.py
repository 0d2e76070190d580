"""Errors word for word as real AWS has answered them, with where it is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    ErrorOf = Callable[..., tuple[int, str, str]]
    Request = dict[str, Any]

JWT = {
    "Name": "jwt",
    "AuthorizerType": "JWT",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Issuer": "https://issuer.example.com", "Audience": ["a"]},
}


class Quoted(NamedTuple):
    """Requests before, the request of the same API, and its answer."""

    earlier: tuple[tuple[str, Request], ...]
    operation: str
    request: Request
    answer: tuple[int, str, str]
    source: str


def _bad(text: str) -> tuple[int, str, str]:
    return 400, "BadRequestException", text


QUOTED = [
    Quoted(
        (),
        "create_integration",
        {"IntegrationType": "AWS", "IntegrationUri": "arn:aws:lambda:us-east-1:1:function:f"},
        _bad(
            "Currently, an API with a protocol type of HTTP may only be associated with proxy "
            "integrations (AWS_PROXY, HTTP_PROXY)"
        ),
        "github.com/aws/aws-cli/issues/6363",
    ),
    Quoted(
        (),
        "create_route",
        {"RouteKey": "POST /a", "AuthorizationType": "JWT"},
        _bad(
            "Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid "
            "JWT authorizer."
        ),
        "github.com/anomalyco/sst/issues/4097",
    ),
    Quoted(
        (("create_authorizer", JWT),),
        "create_route",
        {"RouteKey": "POST /a", "AuthorizationType": "CUSTOM", "AuthorizerId": "{last}"},
        _bad(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
            "COGNITO_USER_POOLS requires a valid authorizer."
        ),
        "github.com/hashicorp/terraform-provider-aws/issues/17497",
    ),
    Quoted(
        (("create_route", {"RouteKey": "ANY /{proxy+}"}),),
        "create_route",
        {"RouteKey": "ANY /{proxy+}"},
        (409, "ConflictException", "Route with key ANY /{proxy+} already exists for this API"),
        "github.com/anomalyco/sst/issues/5031",
    ),
    Quoted(
        (("create_authorizer", JWT),),
        "create_authorizer",
        JWT,
        _bad("Authorizer name must be unique. Authorizer jwt already exists in this RestApi."),
        "a deployment with SST that a public repository keeps",
    ),
    Quoted(
        (),
        "create_deployment",
        {"StageName": "$default"},
        _bad(
            "Stage $default does not exist. StageName specified on a CreateDeployment request must "
            "exist so the stage can be updated with the new deployment."
        ),
        "a deployment with the AWS CLI that a public repository keeps",
    ),
    Quoted(
        (("create_stage", {"StageName": "s"}),),
        "update_stage",
        {"StageName": "s", "DefaultRouteSettings": {"LoggingLevel": "INFO"}},
        _bad("Execution logs are not supported on protocolType HTTP"),
        "a program on boto3 in a public repository",
    ),
]


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.source)
def test_what_aws_says(client: Any, error_of: ErrorOf, quoted: Quoted) -> None:
    api_id = client.create_api(Name="texts", ProtocolType="HTTP")["ApiId"]
    last: dict[str, Any] = {}
    for operation, request in quoted.earlier:
        last = getattr(client, operation)(ApiId=api_id, **request)
    request = {
        name: last["AuthorizerId"] if value == "{last}" else value
        for name, value in quoted.request.items()
    }
    answer = error_of(getattr(client, quoted.operation), ApiId=api_id, **request)
    assert answer == quoted.answer
