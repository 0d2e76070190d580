"""`lambent account create` and `lambent env --account` against a running platform."""

from __future__ import annotations

import shlex
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner

from lambent.cli.commands import lambent

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.app import Platform


def _exports(text: str) -> dict[str, str]:
    words = (shlex.split(line) for line in text.splitlines() if line.startswith("export "))
    return dict(each[1].split("=", 1) for each in words)


@pytest.fixture
def run(platform: Platform) -> Callable[..., Any]:
    """Run a command on the platform's data directory."""
    directory = str(platform.data_dir.path)
    return lambda *arguments: CliRunner().invoke(lambent, [*arguments, "--data-dir", directory])


def _who(exports: dict[str, str]) -> str:
    make_client: Any = boto3.client
    sts = make_client(
        "sts",
        endpoint_url=exports["AWS_ENDPOINT_URL"],
        region_name=exports["AWS_REGION"],
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
    )
    arn: str = sts.get_caller_identity()["Arn"]
    return arn


def test_an_account_is_made_with_a_key_of_its_own(run: Callable[..., Any]) -> None:
    made = run("account", "create", "210987654321")
    assert made.exit_code == 0, made.output
    assert _who(_exports(made.output)) == "arn:aws:iam::210987654321:root"
    hint = made.output.splitlines()[0].partition("; again: lambent ")[2]
    assert hint.startswith("env --account 210987654321 --data-dir ")
    again = CliRunner().invoke(lambent, shlex.split(hint))
    assert _exports(again.output) == _exports(made.output)
    twice = run("account", "create", "210987654321")
    assert twice.exit_code == 1
    assert "There is an account 210987654321 already" in twice.output


def test_an_account_gets_an_id_when_none_is_given(run: Callable[..., Any]) -> None:
    one, two = (_who(_exports(run("account", "create").output)) for _ in range(2))
    assert one != two


def test_what_is_no_account(run: Callable[..., Any]) -> None:
    short = run("account", "create", "12")
    assert short.exit_code == 1
    assert "has 12 digits" in short.output
    missing = run("env", "--account", "999999999999")
    assert missing.exit_code == 1
    assert "there is no account 999999999999" in missing.output
    assert run("env", "--account", "../root-key").exit_code == 1


def test_others_make_no_accounts(platform: Platform, aws: Callable[..., Any]) -> None:
    url = f"{platform.endpoint}/_lambent/accounts"
    with pytest.raises(urllib.error.HTTPError) as unsigned:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", method="POST"), timeout=10)
    unsigned.value.close()
    assert unsigned.value.code == 403
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    stranger = aws("sts")._request_signer._credentials
    request = AWSRequest("POST", url, data=b"{}")
    SigV4Auth(stranger, "lambent", "us-east-1").add_auth(request)
    signed = urllib.request.Request(url, b"{}", dict(request.headers.items()), method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(signed, timeout=10)
    with refused.value as answer:
        assert answer.code == 403
        assert b"root of the default account" in answer.read()
