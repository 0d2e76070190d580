"""Web applications behind APIs of both kinds: FastAPI with Mangum, Express with serverless-express."""

from __future__ import annotations

import http.client
import io
import json
import sys
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import execution_role, lacking, pip_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(180)]

FASTAPI = """
from fastapi import FastAPI, HTTPException, Request
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI()

class Item(BaseModel):
    name: str
    price: float

@app.get("/items/{item}")
def read(item: int, q: str = ""):
    if item == 404:
        raise HTTPException(404, "no such item")
    return {"item": item, "q": q}

@app.post("/items", status_code=201)
def create(item: Item, request: Request):
    return {"name": item.name, "agent": request.headers["user-agent"]}

handler = Mangum(app, lifespan="off")
"""
EXPRESS = """
const express = require('express');
const serverlessExpress = require('@codegenie/serverless-express');
const app = express();
app.use(express.json());
app.get('/items/:item', (request, response) => {
  if (request.params.item === '404') return response.status(404).json({ detail: 'no such item' });
  response.json({ item: Number(request.params.item), q: request.query.q || '' });
});
app.post('/items', (request, response) => {
  if (typeof request.body.price !== 'number') return response.status(422).json({});
  response.status(201).json({ name: request.body.name, agent: request.headers['user-agent'] });
});
exports.handler = serverlessExpress({ app });
"""


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Site:
    """A function, and how it is put behind an API."""

    def __init__(self, aws: Callable[[str], Any]) -> None:
        self._lambda = aws("lambda")
        self._http = aws("apigatewayv2")
        self._rest = aws("apigateway")
        self._port = urlsplit(self._lambda.meta.endpoint_url).port
        self._host, self._stage = "", ""

    def deploy(self, kind: str, runtime: str, code: bytes) -> None:
        """`kind` is that of the API: `http` or `rest`."""
        arn = self._lambda.create_function(
            FunctionName="site",
            Runtime=runtime,
            Role=execution_role(self._lambda),
            Handler="app.handler",
            Code={"ZipFile": code},
            Timeout=30,
            MemorySize=512,
        )["FunctionArn"]
        self._lambda.add_permission(
            FunctionName="site",
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        api_id = self._http_api(arn) if kind == "http" else self._rest_api(arn)
        self._host = f"{api_id}.execute-api.us-east-1.amazonaws.com"
        self._stage = "" if kind == "http" else "/prod"

    def _http_api(self, arn: str) -> str:
        made = self._http.create_api(Name="site", ProtocolType="HTTP", Target=arn)
        return str(made["ApiId"])

    def _rest_api(self, arn: str) -> str:
        api = self._rest.create_rest_api(name="site")
        resource = self._rest.create_resource(
            restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}"
        )
        place = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "ANY"}
        self._rest.put_method(**place, authorizationType="NONE")
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        self._rest.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        self._rest.create_deployment(restApiId=api["id"], stageName="prod")
        return str(api["id"])

    def call(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        body = None if document is None else json.dumps(document)
        headers = {"Host": self._host, "Content-Type": "application/json", "User-Agent": "me"}
        connection.request(method, self._stage + path, body, headers)
        got = connection.getresponse()
        text = got.read()
        connection.close()
        assert got.getheader("content-type", "").startswith("application/json"), text
        return got.status, json.loads(text)


@pytest.fixture
def site(aws: Callable[[str], Any]) -> Site:
    return Site(aws)


def _works(site: Site) -> None:
    assert site.call("GET", "/items/7?q=a%20b") == (200, {"item": 7, "q": "a b"})
    assert site.call("GET", "/items/404") == (404, {"detail": "no such item"})
    made = site.call("POST", "/items", {"name": "n", "price": 1.5})
    assert made == (201, {"name": "n", "agent": "me"})
    assert site.call("POST", "/items", {"name": "n"})[0] == 422


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_fastapi_answers_through_mangum(site: Site, kind: str) -> None:
    if sys.version_info[:2] != (3, 11):
        lacking("the packages would be those of another Python")
    packages = pip_packages("fastapi==0.115.12", "mangum==0.19.0")
    site.deploy(kind, "python3.11", zipped({**packages, "app.py": FASTAPI.encode()}))
    _works(site)


@pytest.mark.parametrize("kind", ["http", "rest"])
def test_express_answers_through_serverless_express(
    site: Site, web_modules: Path, kind: str
) -> None:
    modules = {
        f"node_modules/{path.relative_to(web_modules)}": path.read_bytes()
        for path in web_modules.rglob("*")
        if path.is_file() and ".bin" not in path.parts
    }
    site.deploy(kind, "nodejs20.x", zipped({**modules, "app.js": EXPRESS.encode()}))
    _works(site)
