"""HTTP APIs of a fresh account with functions behind them, and a client that shows what came over the wire."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import zipfile
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
# Answers with the event that it got.
ECHO = "import json\ndef run(event, context):\n    return {'statusCode': 200, 'body': json.dumps(event)}\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came over the wire; header names in lower case."""

    status: int
    headers: dict[str, str]
    fields: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Account:
    """One account: its functions and its APIs."""

    def __init__(self, aws: Callable[..., Any]) -> None:
        self.client = aws("apigatewayv2")
        self.lambda_ = aws("lambda")
        self.logs = aws("logs")
        self.port = urlsplit(self.client.meta.endpoint_url).port or 0

    def function(self, name: str, source: str, *, permit: bool = True) -> str:
        """Create a Python function that API Gateway may call; returns its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("handler.py", source)
        answer = self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=execution_role(self.lambda_),
            Handler="handler.run",
            Code={"ZipFile": archive.getvalue()},
        )
        if permit:
            self.lambda_.add_permission(
                FunctionName=name,
                StatementId="s",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )
        return str(answer["FunctionArn"])

    def api(self, *keys: str, arn: str = "", version: str = "2.0", **members: Any) -> str:
        """An API with routes to one integration, on a `$default` stage that deploys by itself; returns its id."""
        api_id = str(self.client.create_api(Name="api", ProtocolType="HTTP", **members)["ApiId"])
        self.client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
        if arn:
            target = self.integration(
                api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=arn,
                PayloadFormatVersion=version,
            )
            for key in keys:
                self.client.create_route(ApiId=api_id, RouteKey=key, Target=target)
        return api_id

    def integration(self, api_id: str, **members: Any) -> str:
        """Returns the target for routes."""
        made = self.client.create_integration(ApiId=api_id, **members)
        return f"integrations/{made['IntegrationId']}"

    def call(
        self,
        api_id: str,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        host: str = "",
    ) -> Answer:
        """Send a request to the API's own host name, or to another."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = host or f"{api_id}.execute-api.{REGION}.amazonaws.com"
        connection.request(method, path, body, {"Host": named, **(headers or {})})
        got = connection.getresponse()
        fields = got.getheaders()
        answer = Answer(got.status, {n.lower(): v for n, v in fields}, fields, got.read())
        connection.close()
        return answer

    def raw(self, sent: bytes) -> bytes:
        """Send bytes on a connection of their own; returns everything until the platform closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while piece := connection.recv(65_536):
                got += piece
        return got


@pytest.fixture
def account(aws: Callable[..., Any]) -> Account:
    """A fresh account."""
    return Account(aws)


@pytest.fixture
def echo() -> str:
    """The source of a function that answers with its event."""
    return ECHO


class Backend:
    """An HTTP server on loopback that writes down what it is asked, and answers with JSON of that.

    Attributes:
        documents: what it answers instead, by path.
    """

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                asked = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": self.rfile.read(size).decode(),
                }
                text = json.dumps(outer.documents.get(self.path, asked)).encode()
                self.send_response(201)
                if self.path in outer.documents:
                    self._headers_buffer.clear()  # type: ignore[attr-defined]
                    self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Backend", "yes")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the library's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A server for HTTP_PROXY integrations, and for issuers of tokens."""
    server = Backend()
    yield server
    server.close()
