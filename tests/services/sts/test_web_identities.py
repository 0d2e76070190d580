"""AssumeRoleWithWebIdentity, with tokens of a provider whose keys are in a file."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.services.sts.conftest import trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.conftest import RunningPlatform

    ErrorOf = Callable[..., tuple[int, str, str]]

HOST = "token.example.com"
ACTION = "sts:AssumeRoleWithWebIdentity"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def with_keys(
    key: rsa.RSAPrivateKey,
    start_platform: Callable[..., AbstractContextManager[RunningPlatform]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningPlatform]:
    """A platform that knows the provider's key."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    keys = {"keys": [jwk | {"kid": "one", "alg": "RS256"}]}
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps({f"https://{HOST}": keys}))
    with start_platform(isolation="none", web_identity_jwks=str(path)) as running:
        yield running


@pytest.fixture
def client(with_keys: RunningPlatform) -> Callable[..., Any]:
    credential = with_keys.run(with_keys.platform.accounts.create())

    def make(service: str, **options: Any) -> Any:
        make_client: Any = boto3.client
        settings = {
            "endpoint_url": with_keys.platform.endpoint,
            "region_name": "us-east-1",
            "aws_access_key_id": credential.access_key_id,
            "aws_secret_access_key": credential.secret_access_key,
        }
        return make_client(service, **(settings | options))

    return make


@pytest.fixture
def anonymous(client: Callable[..., Any]) -> Any:
    """An STS client that signs nothing."""
    return client("sts", config=Config(signature_version=UNSIGNED))


@pytest.fixture
def role(client: Callable[..., Any]) -> str:
    """A role that trusts one subject of the provider."""
    iam = client("iam")
    provider = iam.create_open_id_connect_provider(Url=f"https://{HOST}", ClientIDList=["ci"])
    document = trust(
        {"Federated": provider["OpenIDConnectProviderArn"]},
        ACTION,
        Condition={"StringEquals": {f"{HOST}:sub": "repo:a/b", f"{HOST}:aud": "ci"}},
    )
    arn: str = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return arn


@pytest.fixture
def token(key: rsa.RSAPrivateKey) -> Callable[..., str]:
    def make(signed_with: Any = None, algorithm: str = "RS256", **changes: Any) -> str:
        now_s = int(time.time())
        claims = {
            "iss": f"https://{HOST}",
            "sub": "repo:a/b",
            "aud": "ci",
            "iat": now_s,
            "exp": now_s + 300,
            **changes,
        }
        return jwt.encode(claims, signed_with or key, algorithm, headers={"kid": "one"})

    return make


def test_a_token_is_good_for_credentials(
    client: Callable[..., Any], anonymous: Any, role: str, token: Callable[..., str]
) -> None:
    answer = anonymous.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="build", WebIdentityToken=token()
    )
    account_id = role.split(":")[4]
    assert answer["SubjectFromWebIdentityToken"] == "repo:a/b"
    assert answer["Audience"] == "ci"
    assert answer["Provider"] == f"arn:aws:iam::{account_id}:oidc-provider/{HOST}"
    given = answer["Credentials"]
    own = client(
        "sts",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert own.get_caller_identity()["Arn"].endswith("assumed-role/r/build")


def test_tokens_that_prove_nothing(
    anonymous: Any, role: str, token: Callable[..., str], error_of: ErrorOf
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    unsigned = {"iss": f"https://{HOST}", "sub": "repo:a/b", "aud": "ci"}
    cases = [
        (token(sub="repo:a/other"), 403, "AccessDenied"),
        (token(aud="other"), 400, "InvalidIdentityToken"),
        (token(iss="https://other.example.com"), 400, "InvalidIdentityToken"),
        (token(stranger), 400, "InvalidIdentityToken"),
        (token("s" * 64, "HS256"), 400, "InvalidIdentityToken"),
        (token(exp=int(time.time()) - 10), 400, "ExpiredTokenException"),
        ("no.token.atall", 400, "InvalidIdentityToken"),
        (jwt.encode(unsigned, "", "none"), 400, "InvalidIdentityToken"),
    ]
    request = {"RoleArn": role, "RoleSessionName": "build"}
    answers = [
        error_of(anonymous.assume_role_with_web_identity, **request, WebIdentityToken=given)
        for given, _, _ in cases
    ]
    assert [answer[:2] for answer in answers] == [case[1:] for case in cases]
    assert answers[0][2] == f"Not authorized to perform {ACTION}"


def test_nothing_else_may_be_asked_unsigned(anonymous: Any, error_of: ErrorOf) -> None:
    refused = error_of(anonymous.get_caller_identity)
    assert refused[:2] == (403, "MissingAuthenticationToken")
