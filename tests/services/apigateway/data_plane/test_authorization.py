"""Lambda authorizers, IAM, resource policies."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

AUTHORIZER = """
import json
calls = 0
def run(event, context):
    global calls
    calls += 1
    token = event.get("authorizationToken") or event["queryStringParameters"]["token"]
    if token == "nobody":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("broken")
    if token == "shapeless":
        return {"no": "policy"}
    if token == "nested":
        extra = {"a": {"b": 1}}
    else:
        extra = {"n": 1, "b": True, "s": "x", "calls": calls, "arn": event["methodArn"]}
    effect = "Deny" if token == "deny" else "Allow"
    resource = event["methodArn"] if token in ("one", "deny") else "*"
    if token == "other":
        resource = event["methodArn"] + "x"
    return {
        "principalId": token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}]},
        "context": extra,
    }
"""
ECHO = """
import json
def run(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""


@pytest.fixture
def deploy(account: Any, proxy: Any, uri: Any) -> Any:
    """Deploys GET /a and GET /b behind a Lambda authorizer."""

    def deployed(**members: Any) -> str:
        authorizer = {
            "id": "auth1",
            "name": "a",
            "type": "TOKEN",
            "identitySource": "method.request.header.Authorization",
            "authorizerUri": uri(account.function("authorizer", AUTHORIZER)),
            **members,
        }
        method = {**proxy(account.function("f", ECHO)), "authorizationType": "CUSTOM"}
        method["authorizerId"] = "auth1"
        paths = {"GET /a": method, "GET /b": method}
        return str(account.deploy(paths, authorizers=[authorizer]))

    return deployed


def test_token_is_authorized(account: Any, deploy: Any) -> None:
    api = deploy()

    answer = account.call(api, "GET", "/a", headers={"Authorization": "all"})

    assert answer.status == 200
    authorizer = json.loads(answer.body)["requestContext"]["authorizer"]
    latency = authorizer.pop("integrationLatency")
    assert isinstance(latency, int)
    assert authorizer == {
        "principalId": "all",
        "n": "1",
        "b": "true",
        "s": "x",
        "calls": "1",
        "arn": f"arn:aws:execute-api:us-east-1:{account.id}:{api}/prod/GET/a",
    }


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        ("", 401, '{"message":"Unauthorized"}'),
        ("nobody", 401, '{"message":"Unauthorized"}'),
        ("broken", 500, '{"message":null}'),
        ("shapeless", 500, '{"message":null}'),
        ("nested", 500, '{"message":null}'),
        (
            "other",
            403,
            (
                '{"Message":"User is not authorized to access this resource because no '
                'identity-based policy allows the execute-api:Invoke action"}'
            ),
        ),
        (
            "deny",
            403,
            (
                '{"Message":"User is not authorized to access this resource with an explicit deny in '
                'an identity-based policy"}'
            ),
        ),
    ],
)
def test_token_is_refused(account: Any, deploy: Any, token: str, status: int, body: str) -> None:
    """With the kind of policy, as public repositories quote it since 2025; what is older ends before it."""
    api = deploy()
    headers = {"Authorization": token} if token else {}

    answer = account.call(api, "GET", "/a", headers=headers)

    assert (answer.status, answer.text) == (status, body)


def test_answers_are_cached_and_their_policy_holds_for_other_methods(
    account: Any, deploy: Any
) -> None:
    api = deploy()
    one, everything = {"Authorization": "one"}, {"Authorization": "all"}

    assert account.call(api, "GET", "/a", headers=one).status == 200
    assert account.call(api, "GET", "/b", headers=one).status == 403
    calls = [
        json.loads(account.call(api, "GET", path, headers=everything).body)["requestContext"][
            "authorizer"
        ]["calls"]
        for path in ("/a", "/b")
    ]
    assert calls[0] == calls[1]


def test_ttl_of_zero_asks_each_time(account: Any, deploy: Any) -> None:
    api = deploy(authorizerResultTtlInSeconds=0)
    headers = {"Authorization": "all"}

    calls = [
        json.loads(account.call(api, "GET", "/a", headers=headers).body)["requestContext"][
            "authorizer"
        ]["calls"]
        for _ in range(2)
    ]

    assert calls == ["1", "2"]


def test_token_that_does_not_fit_its_expression_is_not_asked_about(
    account: Any, deploy: Any
) -> None:
    api = deploy(identityValidationExpression="Bearer .*")

    assert account.call(api, "GET", "/a", headers={"Authorization": "all"}).status == 401
    assert account.call(api, "GET", "/a", headers={"Authorization": "Bearer x"}).status == 200


def test_expression_that_backtracks_for_ever_is_given_up(account: Any, deploy: Any) -> None:
    api = deploy(identityValidationExpression="(a|aa)+$")

    answer = account.call(api, "GET", "/a", headers={"Authorization": "a" * 200 + "!"})

    assert answer.status in {401, 500}


def test_request_authorizer_sees_the_request(account: Any, deploy: Any) -> None:
    api = deploy(type="REQUEST", identitySource="method.request.querystring.token")

    assert account.call(api, "GET", "/a").status == 401
    answer = account.call(api, "GET", "/a?token=all")

    assert answer.status == 200
    assert json.loads(answer.body)["requestContext"]["authorizer"]["principalId"] == "all"


def test_authorizer_that_may_not_be_called_is_500(account: Any, deploy: Any) -> None:
    api = deploy(
        authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/x/invocations"
    )

    answer = account.call(api, "GET", "/a", headers={"Authorization": "all"})

    assert (answer.status, answer.text) == (500, '{"message":null}')


def test_iam_wants_a_signature_and_tells_whose_it_is(account: Any, proxy: Any) -> None:
    method = {**proxy(account.function("f", ECHO)), "authorizationType": "AWS_IAM"}
    api = account.deploy({"POST /a": method})
    credentials = account.lambda_._request_signer._credentials

    unsigned = account.call(api, "POST", "/a", b"{}")
    signed = account.call(api, "POST", "/a", b"{}", signature(api, b"{}", credentials))
    forged = account.call(api, "POST", "/a", b"{ }", signature(api, b"{}", credentials))

    assert (unsigned.status, unsigned.text) == (403, '{"message":"Missing Authentication Token"}')
    assert forged.status == 403
    assert forged.headers["x-amzn-errortype"] == "InvalidSignatureException"
    identity = json.loads(signed.body)["requestContext"]["identity"]
    assert identity["accountId"] == account.id
    assert identity["accessKey"] == credentials.access_key
    assert identity["userArn"] == f"arn:aws:iam::{account.id}:root"


@pytest.mark.parametrize(
    ("header", "text"),
    [
        # github.com/DataBiosphere/azul/issues/7470 has what is before the parentheses.
        (
            "Bearer token",
            (
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 "
                "and encoded with Base64): 'sirDDmH2JNXZ7PrsYu3JMpduFdLxWZgJKX9UIu07OWs='."
            ),
        ),
        (
            "Token a=b",
            (
                "Authorization header requires 'Credential' parameter. Authorization header requires "
                "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
                "(Hashed with SHA-256 and encoded with Base64) Authorization="
            ),
        ),
    ],
)
def test_what_is_no_signature_where_one_is_wanted(
    account: Any, mock: Any, header: str, text: str
) -> None:
    """A path that no method has wants one, too (HumanCellAtlas/data-store/issues/328)."""
    api = account.deploy({"GET /a": mock(authorizationType="AWS_IAM"), "GET /b": mock()})

    for path in ("/a", "/none"):
        answer = account.call(api, "GET", path, headers={"Authorization": header})
        assert answer.status == 403
        assert json.loads(answer.body)["message"].startswith(text)
        assert answer.headers["x-amzn-errortype"] == "IncompleteSignatureException"
    assert account.call(api, "GET", "/b", headers={"Authorization": header}).status == 200


def test_iam_of_another_account_needs_the_policy_of_the_api(
    account: Any, proxy: Any, aws: Any, running: Any
) -> None:
    method = {**proxy(account.function("f", ECHO)), "authorizationType": "AWS_IAM"}
    stranger = running.run(running.platform.accounts.create())
    keys = boto3.Session(stranger.access_key_id, stranger.secret_access_key).get_credentials()
    allow = statement("Allow", {"AWS": stranger.principal.account_id})
    closed = account.deploy({"POST /a": method})
    opened = account.deploy({"POST /a": method}, policy=policy(allow))

    refused = account.call(closed, "POST", "/a", b"", signature(closed, b"", keys))

    assert refused.status == 403
    assert refused.text == (
        f'{{"Message":"User: {stranger.principal.arn} is not authorized to perform: '
        f"execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********{account.id[-4:]}:"
        f"{closed}/prod/POST/a because no resource-based policy allows the execute-api:Invoke "
        'action"}'
    )
    assert account.call(opened, "POST", "/a", b"", signature(opened, b"", keys)).status == 200


@pytest.mark.parametrize(
    ("statements", "status", "ending"),
    [
        ([("Allow", {})], 200, ""),
        (
            [("Allow", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
            403,
            ('/prod/GET/a because no resource-based policy allows the execute-api:Invoke action"}'),
        ),
        (
            [("Allow", {}), ("Deny", {"IpAddress": {"aws:SourceIp": "127.0.0.1"}})],
            403,
            'with an explicit deny in a resource-based policy"}',
        ),
    ],
)
def test_resource_policy_decides(
    account: Any, mock: Any, statements: Any, status: int, ending: str
) -> None:
    document = policy(*[statement(effect, "*", condition) for effect, condition in statements])
    api = account.deploy({"GET /a": mock()}, policy=document)

    answer = account.call(api, "GET", "/a")

    assert answer.status == status
    if status == 403:
        start = '{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: '
        assert answer.text.startswith(f"{start}arn:aws:execute-api:us-east-1:********9012:{api}")
        assert answer.text.endswith(ending)


def statement(effect: str, principal: Any, condition: Any = None) -> dict[str, Any]:
    found = {
        "Effect": effect,
        "Principal": principal,
        "Action": "execute-api:Invoke",
        "Resource": "arn:aws:execute-api:us-east-1:*:*",
    }
    return {**found, "Condition": condition} if condition else found


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def signature(api: str, body: bytes, credentials: Any) -> dict[str, str]:
    """The headers that sign a POST of the body to /prod/a."""
    host = f"{api}.execute-api.us-east-1.amazonaws.com"
    request = AWSRequest("POST", f"http://{host}/prod/a", data=body)
    SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    return dict(request.headers.items())
