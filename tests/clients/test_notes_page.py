"""The guide to the notes app is followed, and its page opened in a browser."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from tests.clients.browser import Browser
from tests.clients.guides import Guide
from tests.conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(120)]

GUIDE = Guide("notes-app.md")
# Waits for what the page says in the end.
SETTLED = """
new Promise((resolve) => {
  const status = document.getElementById('status');
  const look = () => { if (!/^(waiting|saving)$/.test(status.textContent)) resolve(status.textContent); };
  new MutationObserver(look).observe(status, { childList: true });
  look();
})
"""


def _blocks(language: str) -> list[str]:
    return [
        text for title in GUIDE.titles for found, text in GUIDE.blocks(title) if found == language
    ]


def _package(file: str) -> bytes:
    """The file of the guide whose first line names it."""
    (source,) = (block for block in _blocks("js") if block.startswith(f"// {file}\n"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(file, source)
    return buffer.getvalue()


@contextmanager
def _served(page: str) -> Iterator[str]:
    """The address of a page on an origin of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    running = Browser(require("chromium"), tmp_path / "profile")
    yield running
    running.close()


class Page:
    """The page of the guide in the browser."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self.browser = browser
        self.origin = origin

    def open(self, api: str, key: str = "") -> tuple[str, str]:
        """Returns the note that it shows, and its status."""
        self.browser.open(f"{self.origin}/notes.html?{urlencode({'api': api, 'key': key})}")
        status = self.browser.run(SETTLED)
        return self.browser.run("notes.value"), status

    def save(self, note: str) -> str:
        """Returns the status afterwards."""
        self.browser.run(
            f"notes.value = {json.dumps(note)}; document.getElementById('save').click()"
        )
        return str(self.browser.run(SETTLED))


def test_the_guide_to_the_notes_app(aws: Callable[[str], Any], browser: Browser) -> None:
    (html,) = _blocks("html")
    functions, without_cors, enable_cors, http_api = _blocks("python")
    clients = ("lambda", "iam", "logs", "apigateway", "apigatewayv2")
    names: dict[str, Any] = {{"lambda": "lambda_"}.get(name, name): aws(name) for name in clients}
    names |= {"json": json, "package": _package}
    names["port"] = urlsplit(names["iam"].meta.endpoint_url).port

    def follow(*blocks: str) -> str:
        for block in blocks:
            exec(compile(block, "notes-app.md", "exec"), names)
        return str(names["address"])

    def saved() -> list[Any]:
        events = names["logs"].get_log_events(logGroupName="notes", logStreamName="1")["events"]
        return [json.loads(event["message"]) for event in events]

    with _served(html) as origin, _served(html) as elsewhere:
        page = Page(browser, origin)
        address = follow(functions, without_cors)
        key = names["key"]["value"]

        # Without CORS the browser shows the page nothing, and does not even send what it has to ask for.
        assert page.open(address, key) == ("", "blocked")
        assert page.save("never") == "blocked"
        assert any("blocked by CORS policy" in text for text in browser.console)
        assert saved() == []

        follow(enable_cors)
        assert page.open(address, key) == ("", "loaded")
        assert page.save("Updated Notes!") == "saved"
        assert saved() == [{"Id": "1", "notes": "Updated Notes!"}]
        assert page.open(address) == ("Updated Notes!", "loaded")
        assert page.save("without a key") == 'refused: 403 {"message":"Forbidden"}'

        names["page_origin"] = origin
        address = follow(http_api)
        assert page.open(address, "any") == ("Updated Notes!", "loaded")
        assert page.save("more notes") == "saved"
        assert saved()[1:] == [{"Id": "1", "notes": "more notes"}]
        assert Page(browser, elsewhere).open(address) == ("", "blocked")
