"""Authorizers of Cognito user pools, from CreateAuthorizer to calls with tokens that the pool has signed."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.conftest import RunningPlatform

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool1"
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Pool1"
OTHER = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Pool2"
HEADER = "method.request.header.Authorization"
CLAIMS = (
    "#set($claims = $context.authorizer.claims)"
    "$context.authorizer.claims.sub|$claims.exp|$context.authorizer.claims['cognito:groups']"
)


@pytest.fixture(scope="module")
def with_keys(
    start_platform: Callable[..., AbstractContextManager[RunningPlatform]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningPlatform]:
    """A platform that knows the pool's key."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps({ISSUER: {"keys": [jwk | {"kid": "one", "alg": "RS256"}]}}))
    with start_platform(isolation="none", web_identity_jwks=str(path)) as running:
        yield running


@pytest.fixture
def client(with_keys: RunningPlatform) -> Any:
    credential = with_keys.run(with_keys.platform.accounts.create())
    make: Any = boto3.client
    return make(
        "apigateway",
        endpoint_url=with_keys.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )


def token(key: Any = KEY, **claims: Any) -> str:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": "app", "sub": "u", "token_use": "id", "exp": now + 600}
    return jwt.encode({**told, "iat": now, **claims}, key, "RS256", headers={"kid": "one"})


class Api:
    """An API whose `/id` wants an identity token, and `/scoped` an access token with the scope `pets/read`."""

    def __init__(self, client: Any, running: RunningPlatform, **authorizer: Any) -> None:
        self.client = client
        self.port = int(running.platform.endpoint.rpartition(":")[2])
        made = client.create_rest_api(name="pool")
        self.id = made["id"]
        self.authorizer = client.create_authorizer(
            restApiId=self.id,
            **{
                "name": "pool",
                "type": "COGNITO_USER_POOLS",
                "providerARNs": [OTHER, POOL],
                "identitySource": HEADER,
                **authorizer,
            },
        )
        for part, scopes in (("id", []), ("scoped", ["pets/read", "pets/write"])):
            resource = client.create_resource(
                restApiId=self.id, parentId=made["rootResourceId"], pathPart=part
            )
            place = {"restApiId": self.id, "resourceId": resource["id"], "httpMethod": "GET"}
            self.method = client.put_method(
                **place,
                authorizationType="COGNITO_USER_POOLS",
                authorizerId=self.authorizer["id"],
                authorizationScopes=scopes,
            )
            client.put_integration(
                **place, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
            )
            client.put_method_response(**place, statusCode="200")
            client.put_integration_response(
                **place, statusCode="200", responseTemplates={"application/json": CLAIMS}
            )
        client.create_deployment(restApiId=self.id, stageName="prod")

    def call(self, path: str, header: str | None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {} if header is None else {"Authorization": header}
        connection.request("GET", f"/restapis/{self.id}/prod/_user_request_{path}", headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


UNAUTHORIZED = (401, '{"message":"Unauthorized"}')


def test_an_identity_token_opens_a_method(client: Any, with_keys: RunningPlatform) -> None:
    """Claims are texts, lists have commas between, times are dates: `"exp": "Fri Mar 06 10:21:33 UTC 2020"`."""
    api = Api(client, with_keys)
    end = 4_102_444_800  # the first second of 2100
    given = token(exp=end, **{"cognito:groups": ["a", "b"]})

    assert api.call("/id", given) == (200, "u|Fri Jan 01 00:00:00 UTC 2100|a,b")
    assert api.call("/id", f"Bearer {given}")[0] == 200


def test_tokens_that_are_refused(client: Any, with_keys: RunningPlatform) -> None:
    api = Api(client, with_keys)

    assert api.call("/id", None) == UNAUTHORIZED
    assert api.call("/id", "nonsense") == UNAUTHORIZED
    assert api.call("/id", token(OTHER_KEY)) == UNAUTHORIZED
    assert api.call("/id", token(iss=f"{ISSUER}x")) == UNAUTHORIZED
    assert api.call("/id", token(nbf=int(time.time()) + 600)) == UNAUTHORIZED
    assert api.call("/id", token(token_use="access", scope="pets/read")) == UNAUTHORIZED
    expired = (401, '{"message":"The incoming token has expired"}')
    assert api.call("/id", token(exp=int(time.time()) - 1)) == expired


def test_a_method_with_scopes_wants_an_access_token(
    client: Any, with_keys: RunningPlatform
) -> None:
    """ "The method call succeeds if any scope that's specified on the method [...] matches a scope that's claimed in
    the incoming token. Otherwise, the call fails with a 401 Unauthorized response."
    """
    api = Api(client, with_keys)

    assert api.method["authorizationScopes"] == ["pets/read", "pets/write"]
    [scoped] = [
        each
        for each in client.get_resources(restApiId=api.id)["items"]
        if each["path"] == "/scoped"
    ]
    operations = [
        {"op": "remove", "path": "/authorizationScopes", "value": "pets/write"},
        {"op": "add", "path": "/authorizationScopes", "value": "pets/feed"},
    ]
    place = {"restApiId": api.id, "resourceId": scoped["id"], "httpMethod": "GET"}
    changed = client.update_method(**place, patchOperations=operations)
    assert changed["authorizationScopes"] == ["pets/read", "pets/feed"]
    access = {"token_use": "access", "aud": None, "client_id": "app"}
    assert api.call("/scoped", token(scope="other pets/read", **access))[0] == 200
    assert api.call("/scoped", token(scope="other", **access)) == UNAUTHORIZED
    assert api.call("/scoped", token(scope="pets/read")) == UNAUTHORIZED


def test_the_audience_may_have_to_match(client: Any, with_keys: RunningPlatform) -> None:
    api = Api(client, with_keys, identityValidationExpression="app[0-9]")

    assert api.call("/id", token(aud="app1"))[0] == 200
    assert api.call("/id", token(aud="app")) == UNAUTHORIZED


def test_an_authorizer_of_pools_as_it_is_told(client: Any, with_keys: RunningPlatform) -> None:
    """As the developer guide's "Create an Amazon Cognito user pool authorizer" has it."""
    api = Api(client, with_keys)
    place = {"restApiId": api.id, "authorizerId": api.authorizer["id"]}

    told = client.get_authorizer(**place)
    del told["ResponseMetadata"]
    assert told == {
        "id": api.authorizer["id"],
        "name": "pool",
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [OTHER, POOL],
        "authType": "cognito_user_pools",
        "identitySource": HEADER,
    }
    operations = [{"op": "remove", "path": "/providerARNs", "value": OTHER}]
    assert client.update_authorizer(**place, patchOperations=operations)["providerARNs"] == [POOL]
    operations = [{"op": "add", "path": "/providerARNs", "value": OTHER}]
    changed = client.update_authorizer(**place, patchOperations=operations)
    assert changed["providerARNs"] == [POOL, OTHER]
    operations = [{"op": "replace", "path": "/providerARNs", "value": POOL}]
    assert client.update_authorizer(**place, patchOperations=operations)["providerARNs"] == [POOL]
    answer = client.test_invoke_authorizer(**place, headers={"Authorization": token()})
    assert (answer["clientStatus"], answer["claims"]["sub"]) == (200, "u")
    answer = client.test_invoke_authorizer(**place, headers={"Authorization": "x"})
    assert answer["clientStatus"] == 401


@pytest.mark.parametrize("kind", ["swagger", "oas30"])
def test_exports_can_be_imported(client: Any, with_keys: RunningPlatform, kind: str) -> None:
    api = Api(client, with_keys)
    parameters = {"extensions": "apigateway"}
    export = client.get_export(
        restApiId=api.id, stageName="prod", exportType=kind, parameters=parameters
    )["body"].read()
    document = json.loads(export)
    schemes = document.get("securityDefinitions") or document["components"]["securitySchemes"]
    assert schemes["pool"] == {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {
            "providerARNs": [OTHER, POOL],
            "type": "cognito_user_pools",
        },
    }
    security = [{"pool": ["pets/read", "pets/write"]}]
    assert document["paths"]["/scoped"]["get"]["security"] == security

    copy = client.import_rest_api(body=export)

    [authorizer] = client.get_authorizers(restApiId=copy["id"])["items"]
    assert authorizer["providerARNs"] == [OTHER, POOL]
    resources = client.get_resources(restApiId=copy["id"], embed=["methods"])["items"]
    [scoped] = [each for each in resources if each["path"] == "/scoped"]
    method = scoped["resourceMethods"]["GET"]
    assert method["authorizationType"] == "COGNITO_USER_POOLS"
    assert method["authorizerId"] == authorizer["id"]
    assert method["authorizationScopes"] == ["pets/read", "pets/write"]


def test_a_document_may_name_the_source_of_the_token(client: Any) -> None:
    authorizer = {"type": "cognito_user_pools", "providerARNs": [POOL]}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "pools"},
        "components": {
            "securitySchemes": {
                name: {
                    "type": "apiKey",
                    "name": "Token",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "cognito_user_pools",
                    "x-amazon-apigateway-authorizer": {**authorizer, **source},
                }
                for name, source in (("named", {"identitySource": HEADER}), ("unnamed", {}))
            }
        },
    }

    api = client.import_rest_api(body=json.dumps(document).encode())

    authorizers = client.get_authorizers(restApiId=api["id"])["items"]
    sources = {each["name"]: each["identitySource"] for each in authorizers}
    assert sources == {"named": HEADER, "unnamed": "method.request.header.Token"}
