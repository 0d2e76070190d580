"""Who may call a route of an HTTP API: tokens, functions, IAM."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import jwt
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Callable

URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def token(issuer: str, *, key: Any = KEY, **claims: Any) -> str:
    now = int(time.time())
    given = {"iss": issuer, "aud": "me", "sub": "u", "iat": now, "exp": now + 600, **claims}
    return jwt.encode(given, key, algorithm="RS256", headers={"kid": "k1"})


@pytest.fixture
def issuer(backend: Any) -> str:
    """A backend that publishes its key as OpenID providers do."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    backend.documents["/.well-known/openid-configuration"] = {"jwks_uri": f"{backend.url}/keys"}
    backend.documents["/keys"] = {"keys": [{**public, "kid": "k1", "use": "sig"}]}
    return str(backend.url)


def jwt_authorizer(account: Any, api: str, issuer: str) -> str:
    """For tokens of the issuer, whose audience is `me`; returns its id."""
    made = account.client.create_authorizer(
        ApiId=api,
        AuthorizerType="JWT",
        Name="jwt",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": ["me"]},
    )
    return str(made["AuthorizerId"])


def test_a_token_opens_a_route(account: Any, echo: str, issuer: str) -> None:
    api = account.api("GET /a", "GET /b", arn=account.function("f", echo))
    authorizer = jwt_authorizer(account, api, issuer)
    for route in account.client.get_routes(ApiId=api)["Items"]:
        scopes = {"AuthorizationScopes": ["write"]} if route["RouteKey"] == "GET /b" else {}
        account.client.update_route(
            ApiId=api,
            RouteId=route["RouteId"],
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
            **scopes,
        )

    def call(path: str, text: str) -> Any:
        return account.call(api, "GET", path, headers={"Authorization": f"Bearer {text}"})

    good = call("/a", token(issuer, groups=["x", "y"], scope="read"))
    assert good.status == 200
    given = good.json["requestContext"]["authorizer"]["jwt"]
    assert (given["claims"]["sub"], given["claims"]["groups"]) == ("u", "[x y]")
    assert given["scopes"] is None
    bare = account.call(api, "GET", "/a")
    assert (bare.status, bare.json) == (401, {"message": "Unauthorized"})
    assert bare.headers["www-authenticate"] == "Bearer"
    late = call("/a", token(issuer, exp=int(time.time()) - 5))
    assert late.status == 401
    assert 'error_description="the token has expired"' in late.headers["www-authenticate"]
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    for wrong in (
        "x",
        "a.b.c",
        token(issuer, aud="you"),
        token("https://other.example"),
        token(issuer, key=other),
        jwt.encode({"iss": issuer, "aud": "me"}, "secret" * 10, algorithm="HS256"),
    ):
        assert call("/a", wrong).status == 401
    refused = call("/b", token(issuer, scope="read"))
    assert (refused.status, refused.json) == (403, {"message": "Forbidden"})
    assert call("/b", token(issuer, scope="read write")).json["requestContext"]["authorizer"][
        "jwt"
    ]["scopes"] == ["write"]


def guarded(account: Any, echo: str, issuer: str) -> str:
    """An API with one route, `GET /a`, for tokens of the issuer; returns its id."""
    api = str(account.api("GET /a", arn=account.function("f", echo)))
    authorizer = jwt_authorizer(account, api, issuer)
    [route] = account.client.get_routes(ApiId=api)["Items"]
    account.client.update_route(
        ApiId=api, RouteId=route["RouteId"], AuthorizationType="JWT", AuthorizerId=authorizer
    )
    return api


def test_why_a_token_is_refused(account: Any, echo: str, issuer: str) -> None:
    """As AWS has answered `Authorization: Bearer not-a-token`, which public repositories keep, and as "Troubleshooting
    issues with HTTP API JWT authorizers" (developer guide) quotes it.
    """
    api = guarded(account, echo, issuer)
    for text, description in (
        ("not-a-token", "token contains an invalid number of segments"),
        (token(issuer, aud="you"), "the token does not have a valid audience"),
    ):
        answer = account.call(api, "GET", "/a", headers={"Authorization": f"Bearer {text}"})
        assert (answer.status, answer.json) == (401, {"message": "Unauthorized"})
        challenge = f'Bearer scope="" error="invalid_token" error_description="{description}"'
        assert answer.headers["www-authenticate"] == challenge


@pytest.mark.parametrize(
    ("path", "description"),
    [
        ("/.well-known/openid-configuration", "OIDC discovery endpoint communication error"),
        ("/keys", "JWKS communication error"),
    ],
)
def test_an_issuer_that_does_not_answer(
    account: Any, echo: str, issuer: str, backend: Any, path: str, description: str
) -> None:
    """`"authorizerError": "invalid_token: JWKS communication error"` is in access logs that a report on AWS quotes."""
    del backend.documents[path]
    api = guarded(account, echo, issuer)
    account.logs.create_log_group(logGroupName="access")
    [group] = account.logs.describe_log_groups()["logGroups"]
    settings = {
        "DestinationArn": group["arn"].removesuffix(":*"),
        "Format": "$context.authorizer.error ($context.requestId)",
    }
    account.client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)
    headers = {"Authorization": f"Bearer {token(issuer)}"}
    answer = account.call(api, "GET", "/a", headers=headers)
    assert answer.status == 401
    assert f'error_description="{description}"' in answer.headers["www-authenticate"]
    [event] = account.logs.filter_log_events(logGroupName="access")["events"]
    assert event["message"].startswith(f"invalid_token: {description} (")


def test_access_logs_tell_of_claims_by_name_alone(account: Any, echo: str, issuer: str) -> None:
    """ "Calling $context.authorizer.claims returns null." """
    api = guarded(account, echo, issuer)
    account.logs.create_log_group(logGroupName="claims")
    [group] = account.logs.describe_log_groups()["logGroups"]
    settings = {
        "DestinationArn": group["arn"].removesuffix(":*"),
        "Format": "$context.authorizer.claims.sub $context.authorizer.claims ($context.requestId)",
    }
    account.client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)
    headers = {"Authorization": f"Bearer {token(issuer)}"}
    assert account.call(api, "GET", "/a", headers=headers).status == 200
    [event] = account.logs.filter_log_events(logGroupName="claims")["events"]
    assert event["message"].startswith("u - (")


AUTHORIZER = """
import os
calls = 0
def run(event, context):
    global calls
    calls += 1
    if event["version"] == "2.0":
        who = event["identitySource"][0]
        if who == "raise":
            raise Exception("Unauthorized")
        return {"isAuthorized": who == "good", "context": {"who": who, "calls": calls}}
    effect = "Allow" if event["authorizationToken"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "p", "policyDocument": policy, "context": {"a": "b"}}
"""


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_function_says_who_may_call(account: Any, echo: str, version: str) -> None:
    api = account.api("GET /a", arn=account.function("f", echo), version=version)
    authorizer = account.client.create_authorizer(
        ApiId=api,
        AuthorizerType="REQUEST",
        Name="function",
        IdentitySource=["$request.header.Authorization"],
        AuthorizerUri=URI.format(account.function("authorizer", AUTHORIZER)),
        AuthorizerPayloadFormatVersion=version,
        EnableSimpleResponses=version == "2.0",
        AuthorizerResultTtlInSeconds=300,
    )["AuthorizerId"]
    [route] = account.client.get_routes(ApiId=api)["Items"]
    place = {"ApiId": api, "RouteId": route["RouteId"]}
    account.client.update_route(**place, AuthorizationType="CUSTOM", AuthorizerId=authorizer)

    def call(who: str) -> Any:
        return account.call(api, "GET", "/a", headers={"Authorization": who} if who else {})

    good = call("good")
    assert good.status == 200
    shown = good.json["requestContext"]["authorizer"]
    if version == "2.0":
        assert shown == {"lambda": {"who": "good", "calls": 1}}
        # From memory: the function is not asked again.
        assert call("good").json["requestContext"]["authorizer"] == shown
        account.client.reset_authorizers_cache(ApiId=api, StageName="$default")
        assert call("good").json["requestContext"]["authorizer"]["lambda"]["calls"] == 2
        assert call("raise").status == 401
    else:
        # `"authorizer": {"claims": null, "scopes": null, "traceID": ...}` in an event that a public repository keeps.
        assert shown == {"claims": None, "scopes": None, "principalId": "p", "a": "b"}
    refused = call("bad")
    assert (refused.status, refused.json) == (403, {"message": "Forbidden"})
    missing = call("")
    assert (missing.status, missing.json) == (401, {"message": "Unauthorized"})


def test_a_signature_opens_a_route(account: Any, echo: str, aws: Callable[..., Any]) -> None:
    api = account.api("GET /a", arn=account.function("f", echo))
    [route] = account.client.get_routes(ApiId=api)["Items"]
    account.client.update_route(ApiId=api, RouteId=route["RouteId"], AuthorizationType="AWS_IAM")
    host = f"{api}.execute-api.us-east-1.amazonaws.com"
    bare = account.call(api, "GET", "/a")
    assert (bare.status, bare.json) == (403, {"message": "Forbidden"})

    def signed(credentials: Any) -> Any:
        request = AWSRequest("GET", f"http://{host}/a")
        SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
        return account.call(api, "GET", "/a", headers=dict(request.headers))

    good = signed(account.client._request_signer._credentials)
    assert good.status == 200
    iam = good.json["requestContext"]["authorizer"]["iam"]
    assert iam["userArn"].endswith(":root")
    clients = aws("iam")
    clients.create_user(UserName="u")
    key = clients.create_access_key(UserName="u")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])
    assert signed(session.get_credentials()).status == 403
    arn = f"arn:aws:execute-api:us-east-1:{iam['accountId']}:{api}/$default/GET/*"
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    clients.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    assert signed(session.get_credentials()).status == 200
