"""`auth = "open"`: nobody's signatures and permissions are looked at, nor the roles of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def client(start_platform: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Clients with credentials that nobody knows."""
    with start_platform(auth="open", isolation="none") as running:
        make_client: Any = boto3.client
        yield lambda service, key_id="test": make_client(
            service,
            endpoint_url=running.platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key_id,
            aws_secret_access_key="test",
        )


def test_a_function_may_have_any_role(client: Callable[..., Any], make_zip: Any) -> None:
    made = client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.11",
        Handler="app.run",
        Role="arn:aws:iam::000000000000:role/none",
        Code={"ZipFile": make_zip({"app.py": "def run(event, context): return 1"})},
    )
    assert made["Role"] == "arn:aws:iam::000000000000:role/none"


def test_everybody_assumes_roles_that_are_there(client: Callable[..., Any]) -> None:
    trust = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":'
        '"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}'
    )
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]
    sts = client("sts")
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1")
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/r/s1")
    with pytest.raises(sts.exceptions.ClientError) as absent:
        sts.assume_role(RoleArn=f"{role['Arn']}-none", RoleSessionName="s1")
    assert absent.value.response["Error"]["Code"] == "AccessDenied"


def test_a_key_id_of_twelve_digits_chooses_the_account(client: Callable[..., Any]) -> None:
    assert client("sts", "210987654321").get_caller_identity()["Account"] == "210987654321"
    assert client("sts", "21098765432").get_caller_identity()["Account"] == "000000000000"
    mine, other = client("iam", "111111111111"), client("iam", "222222222222")
    mine.create_user(UserName="u")
    assert [each["UserName"] for each in mine.list_users()["Users"]] == ["u"]
    assert other.list_users()["Users"] == []
