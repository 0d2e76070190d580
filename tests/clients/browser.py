"""A headless Chromium, driven by its DevTools protocol over a pair of pipes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

from tests.conftest import is_readable

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 30
# Without what a browser does for itself: updates, first-run pages, a sandbox that root cannot have, shared memory that
# containers have little of.
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-proxy-server",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of a browser with a profile of its own.

    Attributes:
        console: what the browser has said about the page, such as why it has blocked a request.
    """

    def __init__(self, program: str, directory: Path) -> None:
        self.console: list[str] = []
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""  # none yet: orders are for the browser itself
        its_input, self._orders = os.pipe()
        self._answers, its_output = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        redirected = f'exec "$@" 3<&{its_input} 4>&{its_output}'
        self._process = subprocess.Popen(
            ["bash", "-c", redirected, "-", program, *_OPTIONS, f"--user-data-dir={directory}"],
            pass_fds=(its_input, its_output),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, url: str) -> None:
        """Load a page; returns when its scripts have run."""
        self.console.clear()
        self._ask("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str) -> Any:
        """The value of an expression; of a promise, what it comes to."""
        answer = self._ask(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(LIMIT_S)
        finally:
            self._process.kill()
            os.close(self._orders)
            os.close(self._answers)

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        order: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]

    def _next(self) -> Any:
        """The next message of the browser."""
        deadline = time.monotonic() + LIMIT_S
        while b"\0" not in self._rest:
            assert is_readable(self._answers, max(deadline - time.monotonic(), 0)), "no answer"
            piece = os.read(self._answers, 65_536)
            assert piece, "the browser has ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        if message.get("method") == "Log.entryAdded":
            self.console.append(message["params"]["entry"]["text"])
        return message
