"""APIs of both kinds, made through AWS's API, with a function behind every path, and clients that speak bytes."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "us-east-1"
LIMIT_S = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came over the wire; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    # What came after it, on the same connection.
    rest: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer_of(got: bytes) -> Answer:
    """The first answer in what came over the wire. Its end is what its Content-Length says."""
    head, _, rest = got.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in fields)}
    size = int(headers.get("content-length", "0"))
    return Answer(int(line.split(" ")[1]), headers, rest[:size], rest[size:])


class Tenant:
    """An account with functions, a REST API and an HTTP API."""

    def __init__(self, aws: Callable[..., Any]) -> None:
        self.lambda_ = aws("lambda")
        self.logs = aws("logs")
        self.rest = aws("apigateway")
        self.http = aws("apigatewayv2")
        self.iam = aws("iam")
        self.id = str(aws("sts").get_caller_identity()["Account"])
        self.port = urlsplit(self.lambda_.meta.endpoint_url).port or 0

    def function(self, name: str, source: str) -> str:
        """Create a Python function that API Gateway may call; returns its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("handler.py", source)
        made = self.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=execution_role(self.lambda_),
            Handler="handler.run",
            Code={"ZipFile": archive.getvalue()},
        )
        self.lambda_.add_permission(
            FunctionName=name,
            StatementId="s",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        return str(made["FunctionArn"])

    def api(self, kind: str, arn: str, **method: Any) -> Api:
        """An API of a kind, `rest` or `http`, all of whose paths lead to a function."""
        if kind == "http":
            return self._http_api(arn, **method)
        return self._rest_api(arn, **method)

    def _http_api(self, arn: str, **route: Any) -> Api:
        api_id = self.http.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
        integration = self.http.create_integration(
            ApiId=api_id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            PayloadFormatVersion="2.0",
        )
        target = f"integrations/{integration['IntegrationId']}"
        self.http.create_route(ApiId=api_id, RouteKey="$default", Target=target, **route)
        self.http.create_stage(ApiId=api_id, StageName="prod", AutoDeploy=True)
        return Api(self, "http", api_id)

    def _rest_api(self, arn: str, **method: Any) -> Api:
        api = self.rest.create_rest_api(name="api", binaryMediaTypes=["image/png"])
        root = api["rootResourceId"]
        proxy = self.rest.create_resource(restApiId=api["id"], parentId=root, pathPart="{proxy+}")
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
        for resource in (root, proxy["id"]):
            place = {"restApiId": api["id"], "resourceId": resource, "httpMethod": "ANY"}
            self.rest.put_method(**place, **{"authorizationType": "NONE", **method})
            self.rest.put_integration(
                **place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri
            )
        self.rest.create_deployment(restApiId=api["id"], stageName="prod")
        return Api(self, "rest", api["id"])

    def backed(self, kind: str, uri: str) -> Api:
        """An API of a kind with an HTTP backend behind `/{proxy+}`, whose path may be in the URI as `{proxy}`."""
        api = self.api(kind, f"arn:aws:lambda:{REGION}:{self.id}:function:none")
        if kind == "http":
            made = self.http.create_integration(
                ApiId=api.id,
                IntegrationType="HTTP_PROXY",
                IntegrationMethod="ANY",
                IntegrationUri=uri,
                PayloadFormatVersion="1.0",
            )
            target = f"integrations/{made['IntegrationId']}"
            self.http.create_route(ApiId=api.id, RouteKey="ANY /{proxy+}", Target=target)
            return api
        resources = self.rest.get_resources(restApiId=api.id)["items"]
        (proxy,) = (each["id"] for each in resources if each["path"] == "/{proxy+}")
        place = {"restApiId": api.id, "resourceId": proxy, "httpMethod": "ANY"}
        known = {
            "op": "add",
            "path": "/requestParameters/method.request.path.proxy",
            "value": "true",
        }
        self.rest.update_method(**place, patchOperations=[known])
        self.rest.put_integration(
            **place,
            type="HTTP_PROXY",
            integrationHttpMethod="ANY",
            uri=uri,
            requestParameters={"integration.request.path.proxy": "method.request.path.proxy"},
        )
        self.rest.create_deployment(restApiId=api.id, stageName="prod")
        return api

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S) as connection:
            yield connection

    def send(self, sent: bytes) -> Answer:
        """Send bytes on a connection of their own, and read until the platform closes it."""
        with self.connected() as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            got = b""
            while piece := connection.recv(65_536):
                got += piece
        return answer_of(got)


class Api:
    """An API of a tenant, deployed to the stage `prod`."""

    def __init__(self, tenant: Tenant, kind: str, api_id: str) -> None:
        self.tenant = tenant
        self.kind = kind
        self.id = api_id
        self.host = f"{api_id}.execute-api.{REGION}.amazonaws.com"

    def head(self, target: bytes, *fields: bytes, method: bytes = b"GET") -> bytes:
        """The head of a request for a path within the stage."""
        lines = (method + b" /prod" + target + b" HTTP/1.1", b"Host: " + self.host.encode())
        return b"\r\n".join((*lines, *fields)) + b"\r\n\r\n"

    def call(
        self, target: bytes, *fields: bytes, method: bytes = b"GET", body: bytes = b""
    ) -> Answer:
        """Send one request, on a connection of its own."""
        if body:
            fields = (*fields, b"Content-Length: %d" % len(body))
        return self.tenant.send(self.head(target, *fields, method=method) + body)

    def delete(self) -> None:
        if self.kind == "http":
            self.tenant.http.delete_api(ApiId=self.id)
        else:
            self.tenant.rest.delete_rest_api(restApiId=self.id)

    def delete_stage(self) -> None:
        if self.kind == "http":
            self.tenant.http.delete_stage(ApiId=self.id, StageName="prod")
        else:
            self.tenant.rest.delete_stage(restApiId=self.id, stageName="prod")


@pytest.fixture
def tenant(aws: Callable[..., Any]) -> Tenant:
    """A fresh account."""
    return Tenant(aws)


@pytest.fixture(params=["rest", "http"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of API."""
    return str(request.param)
