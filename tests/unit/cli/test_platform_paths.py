from __future__ import annotations

import http.server
import threading
import urllib.request
from typing import TYPE_CHECKING

import click
import pytest

from lambent.cli.platform_paths import answer_to

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answers(http.server.BaseHTTPRequestHandler):
    """200 with JSON for /right, else a 404 of somebody who is no platform."""

    def do_GET(self) -> None:
        is_right = self.path == "/right"
        body = b'{"here": 1}' if is_right else b"<html>not found</html>"
        self.send_response(200 if is_right else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_what_is_secret_goes_to_no_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert answer_to(urllib.request.Request(f"{url}/right")) == {"here": 1}


@pytest.mark.parametrize("path", ["/wrong", "/also/wrong"])
def test_who_is_no_platform_is_told_from_one_in_a_line(url: str, path: str) -> None:
    with pytest.raises(click.ClickException, match=r"no platform answers at .* 404"):
        answer_to(urllib.request.Request(f"{url}{path}"))


def test_nobody_is_told_in_a_line() -> None:
    with pytest.raises(click.ClickException, match=r"no platform answers at http://127.0.0.1:9: "):
        answer_to(urllib.request.Request("http://127.0.0.1:9/right"))
