"""Tools that deploy a function together with its REST API: chalice and claudia, as `lambent exec` runs them."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import pip_directory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.conftest import Lambent

pytestmark = [pytest.mark.clients, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(180)]

CHALICE = """
from chalice import Chalice, NotFoundError

app = Chalice(app_name="site")

@app.route("/hello/{name}")
def hello(name):
    if name == "nobody":
        raise NotFoundError("no such name")
    return {"hello": name}

@app.route("/echo", methods=["POST"], cors=True)
def echo():
    return app.current_request.json_body
"""
CLAUDIA = """
const Builder = require('claudia-api-builder');
const api = new Builder();
module.exports = api;
api.get('/hello/{name}', (request) => ({ hello: request.pathParams.name }));
api.post('/echo', (request) => request.body, { success: 201 });
"""


def call(lambent: Lambent, url: str, method: str, path: str, body: object = None) -> Any:
    """Status and JSON of an answer from the address that a tool has printed, which is AWS's."""
    port = urlsplit(str(lambent.client().meta.endpoint_url)).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    address = urlsplit(url)
    headers = {"Host": address.netloc, "Content-Type": "application/json"}
    text = None if body is None else json.dumps(body)
    connection.request(method, address.path.rstrip("/") + path, text, headers)
    got = connection.getresponse()
    content = got.read()
    connection.close()
    return got.status, json.loads(content)


def test_chalice_deploys_and_deletes_an_application(lambent: Lambent, tmp_path: Path) -> None:
    packages = pip_directory("chalice==1.34.0")
    site = tmp_path / "site"
    (site / ".chalice").mkdir(parents=True)
    config = {"version": "2.0", "app_name": "site", "stages": {"dev": {"api_gateway_stage": "api"}}}
    (site / ".chalice" / "config.json").write_text(json.dumps(config))
    (site / "requirements.txt").touch()
    (site / "app.py").write_text(CHALICE)
    run = "from chalice.cli import main; main()"
    chalice = ["env", f"PYTHONPATH={packages}", sys.executable, "-c", run]
    lambent.succeed(site, *chalice, "deploy", "--stage", "dev")
    deployed = json.loads((site / ".chalice" / "deployed" / "dev.json").read_text())
    [url] = [each["rest_api_url"] for each in deployed["resources"] if "rest_api_url" in each]
    assert call(lambent, url, "GET", "/hello/you") == (200, {"hello": "you"})
    status, answer = call(lambent, url, "GET", "/hello/nobody")
    assert (status, answer["Code"]) == (404, "NotFoundError")
    assert call(lambent, url, "POST", "/echo", {"a": 1}) == (200, {"a": 1})
    lambent.succeed(site, *chalice, "delete", "--stage", "dev")
    names = [each["FunctionName"] for each in lambent.client().list_functions()["Functions"]]
    assert "site-dev" not in names


def test_claudia_makes_and_updates_an_api(
    lambent: Lambent, tmp_path: Path, claudia_modules: Path
) -> None:
    site = tmp_path / "pages"
    (site / "node_modules").mkdir(parents=True)
    builder = "claudia-api-builder"
    shutil.copytree(claudia_modules / builder, site / "node_modules" / builder)
    package = {"name": "pages", "version": "1.0.0", "main": "api.js", "files": ["api.js"]}
    (site / "package.json").write_text(json.dumps({**package, "dependencies": {builder: "4.1.2"}}))
    (site / "api.js").write_text(CLAUDIA)
    claudia = ["node", str(claudia_modules / ".bin" / "claudia")]
    options = ["--use-local-dependencies", "--quiet"]
    create = ["create", "--api-module", "api", "--region", "us-east-1", "--runtime", "nodejs20.x"]
    lambent.succeed(site, *claudia, *create, *options)
    made = json.loads((site / "claudia.json").read_text())
    url = f"https://{made['api']['id']}.execute-api.us-east-1.amazonaws.com/latest"
    assert call(lambent, url, "GET", "/hello/you") == (200, {"hello": "you"})
    assert call(lambent, url, "POST", "/echo", {"a": 1}) == (201, {"a": 1})
    (site / "api.js").write_text(CLAUDIA.replace("hello: request", "bye: request"))
    lambent.succeed(site, *claudia, "update", *options)
    assert call(lambent, url, "GET", "/hello/you") == (200, {"bye": "you"})
