"""The platform's own paths, and what test mode adds to them."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.conftest import execution_role

from lambent import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def ask(url: str, method: str = "GET", document: object = None) -> tuple[int, Any]:
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.fixture(scope="module")
def test_mode(start_platform: Callable[..., Any]) -> Iterator[Any]:
    with start_platform(test_mode=True, isolation="none") as running:
        yield running


def test_health_says_that_the_platform_is_ready(platform: Any) -> None:
    assert ask(f"{platform.endpoint}/_lambent/health") == (200, {"live": True, "ready": True})


def get_root(platform: Any, **headers: str) -> tuple[int, str, str]:
    request = urllib.request.Request(f"{platform.endpoint}/", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_whoever_opens_the_endpoint_is_told_what_it_is(platform: Any) -> None:
    status, content_type, text = get_root(platform, Accept="text/html,*/*")

    assert (status, content_type) == (200, "text/plain; charset=utf-8")
    for part in (f"Lambent {__version__}", "lambent env", f"{platform.endpoint}/_lambent/health"):
        assert part in text
    assert "/_lambent/metrics" in text


@pytest.mark.parametrize("service", ["s3", "lambda"])
def test_what_is_signed_for_a_service_is_that_services(platform: Any, service: str) -> None:
    signed = AWSRequest("GET", f"{platform.endpoint}/")
    SigV4Auth(Credentials("AKIDEXAMPLE", "x"), service, "us-east-1").add_auth(signed)
    status, _, text = get_root(platform, **dict(signed.headers.items()))

    assert status != 200
    assert ("does not have the service s3" in text) == (service == "s3")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Amz-Target": "DynamoDB_20120810.ListTables"},
        {"Host": "iam.amazonaws.com"},
        {"Host": "nosuchapi1.execute-api.us-east-1.amazonaws.com"},
    ],
)
def test_what_names_a_service_is_that_services(platform: Any, headers: dict[str, str]) -> None:
    status, _, text = get_root(platform, **headers)

    assert status != 200
    assert "lambent env" not in text


def test_health_is_only_read(platform: Any) -> None:
    status, _ = ask(f"{platform.endpoint}/_lambent/health", "POST", {})

    assert status == 405


@pytest.mark.parametrize("path", ["reset", "clock"])
def test_reset_and_clock_exist_in_test_mode_only(platform: Any, path: str) -> None:
    status, answer = ask(f"{platform.endpoint}/_lambent/{path}", "POST", {"advance_s": 1})

    needs = f"/_lambent/{path} needs `lambent up --test-mode`"
    assert (status, answer) == (404, {"message": needs})


def test_the_calendar_moves_forward(test_mode: Any) -> None:
    url = f"{test_mode.platform.endpoint}/_lambent/clock"
    before = datetime.fromisoformat(ask(url, "POST", {"advance_s": 0})[1]["calendar"])

    status, answer = ask(url, "POST", {"advance_s": 3600})

    assert status == 200
    moved = datetime.fromisoformat(answer["calendar"]) - before
    assert 3600 <= moved.total_seconds() < 3700


@pytest.mark.parametrize("document", [{"advance_s": -1}, {"advance_s": "x"}, {}, [1], 1e400])
def test_a_move_that_makes_no_sense_is_refused(test_mode: Any, document: object) -> None:
    status, _ = ask(f"{test_mode.platform.endpoint}/_lambent/clock", "POST", document)

    assert status == 400


def test_reset_forgets_functions_and_accounts_but_the_default_one(
    test_mode: Any, make_zip: Callable[[dict[str, str]], bytes]
) -> None:
    platform = test_mode.platform
    stranger = test_mode.run(platform.accounts.create())
    root = test_mode.run(platform.accounts.ensure(platform.config.account))
    clients = [
        boto3.client(
            "lambda",
            endpoint_url=platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credential.access_key_id,
            aws_secret_access_key=credential.secret_access_key,
        )
        for credential in (root, stranger)
    ]
    for client in clients:
        client.create_function(
            FunctionName="f",
            Runtime="python3.11",
            Handler="app.run",
            Role=execution_role(client),
            Code={"ZipFile": make_zip({"app.py": "def run(event, context): return 1"})},
        )

    assert ask(f"{platform.endpoint}/_lambent/reset", "POST", {}) == (200, {})

    assert clients[0].list_functions()["Functions"] == []
    with pytest.raises(clients[0].exceptions.ResourceNotFoundException):
        clients[0].invoke(FunctionName="f")
    with pytest.raises(ClientError) as refused:
        clients[1].list_functions()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


if os.geteuid() != 0:
    pytestmark = pytest.mark.skip(reason="the session's platform needs root")
