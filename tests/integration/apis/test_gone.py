"""What is deleted while it is called, clients that leave or dawdle, and APIs of other accounts."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

ECHO = """
import json
def run(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""
# Writes to its log, which is how a test learns that it runs, and goes on when the log group `go` is there.
WAITS = """
import boto3, time
logs = boto3.client("logs")
def run(event, context):
    print("it runs")
    while not logs.describe_log_groups(logGroupNamePrefix="go")["logGroups"]:
        time.sleep(0.01)
    return {"statusCode": 200, "body": "done"}
"""
GONE = {"rest": (403, {"message": "Forbidden"}), "http": (404, {"message": "Not Found"})}


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """None of this is a fault of the platform's."""
    yield
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


def test_functions_that_are_deleted(tenant: Any, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", ECHO))
    assert api.call(b"/a").status == 200

    tenant.lambda_.delete_function(FunctionName="f")

    answer = api.call(b"/a")
    text = "Internal Server Error" if kind == "http" else "Internal server error"
    assert (answer.status, answer.json) == (500, {"message": text})


def test_stages_and_apis_that_are_deleted(tenant: Any, kind: str) -> None:
    arn = tenant.function("f", ECHO)
    for name in ("delete_stage", "delete"):
        api = tenant.api(kind, arn)
        assert api.call(b"/a").status == 200
        getattr(api, name)()
        answer = api.call(b"/a")
        expected = GONE["rest"] if name == "delete" else GONE[kind]
        # What is no API of either kind is answered as a REST API that is not there.
        assert (answer.status, answer.json) == expected


@pytest.mark.parametrize("name", ["delete_stage", "delete", "delete_function"])
def test_requests_under_way_are_answered(tenant: Any, kind: str, name: str) -> None:
    api = tenant.api(kind, tenant.function("f", WAITS))
    tenant.iam.put_role_policy(
        RoleName="r", PolicyName="logs", PolicyDocument=_allowing("logs:DescribeLogGroups")
    )
    with tenant.connected() as connection:
        connection.sendall(api.head(b"/a"))
        _wait_until(lambda: _runs(tenant))
        if name == "delete_function":
            tenant.lambda_.delete_function(FunctionName="f")
        else:
            getattr(api, name)()
        tenant.logs.create_log_group(logGroupName="go")
        got = connection.recv(65_536)

    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert got.endswith(b"\r\n\r\ndone")


def test_changes_beside_requests_break_none(tenant: Any, kind: str) -> None:
    """Stages come and go while they are called: every answer is one of the two, and all are whole."""
    api = tenant.api(kind, tenant.function("f", ECHO))
    over, seen = threading.Event(), set()

    def call() -> None:
        while not over.is_set():
            answer = api.call(b"/a")
            seen.add(answer.status)
            assert answer.json

    callers = [threading.Thread(target=call) for _ in range(4)]
    for each in callers:
        each.start()
    for _ in range(10):
        api.delete_stage()
        if kind == "http":
            tenant.http.create_stage(ApiId=api.id, StageName="prod", AutoDeploy=True)
        else:
            tenant.rest.create_deployment(restApiId=api.id, stageName="prod")
    over.set()
    for each in callers:
        each.join()

    assert seen <= {200, GONE[kind][0]}
    assert api.call(b"/a").status == 200


def test_clients_that_leave_harm_nobody(tenant: Any, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", ECHO))
    head = api.head(b"/a", b"Content-Length: 1000", method=b"POST")
    for sent in (head[:20], head, head + b"x" * 500, head + b"x" * 1000):
        for resets in (False, True):
            with tenant.connected() as connection:
                connection.sendall(sent)
                if resets:
                    off = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, off)

    assert api.call(b"/a").status == 200


def test_clients_that_dawdle_hold_nobody_up(tenant: Any, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", ECHO))
    body = b"y" * 100
    head = api.head(b"/slow", b"Content-Length: 100", b"Connection: close", method=b"POST")
    with tenant.connected() as slow:
        for at in range(0, len(head), 10):
            slow.sendall(head[at : at + 10])
            assert api.call(b"/quick").status == 200
        for at in range(0, len(body), 25):
            assert api.call(b"/quick").status == 200
            slow.sendall(body[at : at + 25])
        got = b""
        while piece := slow.recv(65_536):
            got += piece

    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    event = json.loads(got.partition(b"\r\n\r\n")[2])
    assert event["body"] in ("y" * 100, "eXl5" * 33 + "eQ==")


class TestOtherAccounts:
    """What belongs to another account."""

    @pytest.fixture
    def other(self, running: Any, tenant: Any) -> Any:
        """An account that is not the tenant's."""
        return _another(running, tenant)

    def test_signatures_of_others_open_no_route(self, tenant: Any, other: Any, kind: str) -> None:
        name = "AuthorizationType" if kind == "http" else "authorizationType"
        api = tenant.api(kind, tenant.function("f", ECHO), **{name: "AWS_IAM"})

        assert _signed(api, tenant).status == 200
        assert _signed(api, other).status == 403

    def test_the_host_says_which_api(self, tenant: Any, other: Any, kind: str) -> None:
        """Whatever the path names: guards of the one API are not passed by the host of the other."""
        mine, theirs = (each.api(kind, each.function("f", ECHO)) for each in (tenant, other))
        for path in (
            f"/_aws/execute-api/{theirs.id}/prod/a",
            f"/restapis/{theirs.id}/prod/_user_request_/a",
        ):
            answer = mine.call(path.encode())
            assert answer.json["requestContext"]["apiId"] == mine.id

    def test_domains_lead_to_apis_of_their_account(
        self, tenant: Any, other: Any, kind: str
    ) -> None:
        theirs = other.api(kind, other.function("f", ECHO))
        domain = f"a{theirs.id}.example.com"
        configuration = {"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c"}
        tenant.http.create_domain_name(DomainName=domain, DomainNameConfigurations=[configuration])
        with pytest.raises(tenant.http.exceptions.NotFoundException):
            tenant.http.create_api_mapping(DomainName=domain, ApiId=theirs.id, Stage="prod")
        with pytest.raises(tenant.http.exceptions.NotFoundException):
            tenant.http.get_api(ApiId=theirs.id)
        with pytest.raises(tenant.rest.exceptions.NotFoundException):
            tenant.rest.get_rest_api(restApiId=theirs.id)
        theirs.host = domain
        assert theirs.call(b"/a").status == 403


def _another(running: Any, tenant: Any) -> Any:
    import boto3

    credential = running.run(running.platform.accounts.create())

    def client(service: str) -> Any:
        make_client: Any = boto3.client
        return make_client(
            service,
            endpoint_url=running.platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credential.access_key_id,
            aws_secret_access_key=credential.secret_access_key,
        )

    return type(tenant)(client)


def _signed(api: Any, tenant: Any) -> Any:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest("GET", f"http://{api.host}/prod/a")
    request.headers["Host"] = api.host
    keys = tenant.lambda_._request_signer._credentials
    SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
    fields = [
        f"{name}: {value}".encode() for name, value in request.headers.items() if name != "Host"
    ]
    return api.call(b"/a", *fields)


def _allowing(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _runs(tenant: Any) -> bool:
    groups = tenant.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/f")["logGroups"]
    if not groups:
        return False
    events = tenant.logs.filter_log_events(logGroupName="/aws/lambda/f")["events"]
    return any("it runs" in event["message"] for event in events)


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
