"""Web applications behind APIs of both kinds: the guide to them is followed, and what it has made is called."""

from __future__ import annotations

import http.client
import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.clients.guides import Guide, Shell
from tests.conftest import lacking, pip_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(180)]

GUIDE = Guide("web-applications.md")


def _works(url: str) -> None:
    """The application answers at the address."""
    address = urlsplit(url)

    def call(method: str, path: str, document: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
        body = None if document is None else json.dumps(document)
        headers = {"Host": address.netloc, "Content-Type": "application/json", "User-Agent": "me"}
        connection.request(method, address.path + path, body, headers)
        got = connection.getresponse()
        text = got.read()
        connection.close()
        assert got.getheader("content-type", "").startswith("application/json"), text
        return got.status, json.loads(text)

    assert call("GET", "/items/7?q=a%20b") == (200, {"item": 7, "q": "a b"})
    assert call("GET", "/items/404") == (404, {"detail": "no such item"})
    made = call("POST", "/items", {"name": "n", "price": 1.5})
    assert made == (201, {"name": "n", "agent": "me"})
    assert call("POST", "/items", {"name": "n"})[0] == 422


def test_fastapi_answers_through_mangum(aws: Callable[[str], Any], tmp_path: Path) -> None:
    if sys.version_info[:2] != (3, 11):
        lacking("the packages would be those of another Python")
    packages = pip_directory("fastapi==0.115.12", "mangum==0.19.0")
    shell = Shell(tmp_path, aws("lambda"), pip=f"cp -r {packages} package")

    urls = shell.follow(GUIDE, "", "FastAPI with Mangum", "An HTTP API", "A REST API")

    for url in urls[-2:]:
        _works(url)


def test_express_answers_through_serverless_express(
    aws: Callable[[str], Any], tmp_path: Path, web_modules: Path
) -> None:
    shell = Shell(tmp_path, aws("lambda"), npm=f"cp -r {web_modules} node_modules")

    urls = shell.follow(GUIDE, "", "Express with serverless-express", "An HTTP API", "A REST API")

    for url in urls[-2:]:
        _works(url)
