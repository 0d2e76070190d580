"""APIs deployed straight into the store of the data plane, functions behind them, and clients that speak bytes."""

from __future__ import annotations

import hashlib
import http.client
import io
import socket
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import execution_role

from lambent.core import ids
from lambent.services.apigateway.stages_in_memory import Live

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningPlatform

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came over the wire; header names in lower case."""

    status: int
    headers: dict[str, str]
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Account:
    """One account: its functions and its APIs."""

    def __init__(self, running: RunningPlatform, aws: Callable[..., Any]) -> None:
        self.running = running
        self.lambda_ = aws("lambda")
        self.id = ""
        self.port = urlsplit(running.platform.endpoint).port or 0

    def function(self, name: str, source: str, *, permit: bool = True, **members: Any) -> str:
        """Create a Python function that API Gateway may call; returns its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("handler.py", source)
        answer = self.lambda_.create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.11",
                "Role": execution_role(self.lambda_),
                "Handler": "handler.run",
                "Code": {"ZipFile": archive.getvalue()},
                **members,
            }
        )
        arn = str(answer["FunctionArn"])
        self.id = arn.split(":")[4]
        if permit:
            self.permit(name)
        return arn

    def permit(self, name: str, **members: Any) -> None:
        self.lambda_.add_permission(
            FunctionName=name,
            StatementId=f"s{ids.hex_id(8)}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            **members,
        )

    def deploy(
        self,
        methods: dict[str, dict[str, Any]],
        *,
        stage: dict[str, Any] | None = None,
        api: dict[str, Any] | None = None,
        account_id: str = "",
        **snapshot: Any,
    ) -> str:
        """Deploy an API, given as `{"GET /path": Method}`, to the stage `prod`; returns its id."""
        api_id = ids.hex_id(10)
        document = {
            "restApi": {"id": api_id, "name": "api", **(api or {})},
            "resources": resources(methods),
            **snapshot,
        }
        stage_document = {"stageName": "prod", "deploymentId": "d1", **(stage or {})}
        live = Live(
            account_id or self.id or "123456789012", REGION, api_id, stage_document, document
        )

        async def put() -> None:
            self.running.platform.stages.put_stage(live)

        self.running.run(put())
        return api_id

    def call(
        self,
        api_id: str,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        host: str = "",
    ) -> Answer:
        """Send a request to the stage `prod` by the API's own host name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        named = host or f"{api_id}.execute-api.{REGION}.amazonaws.com"
        target = path if host else f"/prod{path}"
        connection.request(method, target, body, {"Host": named, **(headers or {})})
        got = connection.getresponse()
        fields = got.getheaders()
        answer = Answer(got.status, {n.lower(): v for n, v in fields}, fields, got.read())
        connection.close()
        return answer

    @staticmethod
    def stream(start: str) -> str:
        """The log stream of requests whose id starts so."""
        return hashlib.md5(start.encode()).hexdigest()

    def raw(self, sent: bytes) -> bytes:
        """Send bytes on a connection of their own; returns everything until the platform closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=15) as connection:
            connection.sendall(sent)
            got = b""
            while piece := connection.recv(65_536):
                got += piece
        return got


def resources(methods: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    by_path: dict[str, dict[str, Any]] = {}
    for number, (key, method) in enumerate(methods.items()):
        verb, path = key.split(" ", 1)
        resource = by_path.setdefault(
            path, {"id": f"r{number}", "path": path, "resourceMethods": {}}
        )
        resource["resourceMethods"][verb] = {
            "httpMethod": verb,
            "authorizationType": "NONE",
            "apiKeyRequired": False,
            **method,
        }
    return list(by_path.values())


def uri(arn: str) -> str:
    """The integration URI of a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def proxy(arn: str, **members: Any) -> dict[str, Any]:
    """A method with a Lambda proxy integration."""
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri(arn)}
    return {"methodIntegration": {**integration, **members}}


def mapped(kind: str, responses: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A method with an integration whose answers are mapped; by default to 200."""
    default = {"200": {"statusCode": "200"}}
    given = default if responses is None else responses
    return {
        "methodIntegration": {
            "type": kind,
            "passthroughBehavior": "WHEN_NO_MATCH",
            "integrationResponses": given,
            **members,
        }
    }


def mock(template: str = "{}", **method: Any) -> dict[str, Any]:
    """A method with a MOCK integration that answers 200 with a body."""
    integration = {
        "type": "MOCK",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "passthroughBehavior": "WHEN_NO_MATCH",
        "integrationResponses": {
            "200": {"statusCode": "200", "responseTemplates": {"application/json": template}}
        },
    }
    return {"methodIntegration": integration, **method}


@pytest.fixture
def account(running: RunningPlatform, aws: Callable[..., Any]) -> Account:
    """A fresh account."""
    return Account(running, aws)


@pytest.fixture(name="proxy")
def proxy_fixture() -> Callable[..., dict[str, Any]]:
    """Makes methods with a Lambda proxy integration."""
    return proxy


@pytest.fixture(name="mapped")
def mapped_fixture() -> Callable[..., dict[str, Any]]:
    """Makes methods whose integration's answers are mapped."""
    return mapped


@pytest.fixture(name="mock")
def mock_fixture() -> Callable[..., dict[str, Any]]:
    """Makes methods with a MOCK integration."""
    return mock


@pytest.fixture(name="uri")
def uri_fixture() -> Callable[[str], str]:
    """The integration URI of a function."""
    return uri
