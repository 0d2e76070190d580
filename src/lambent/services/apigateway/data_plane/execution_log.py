"""The execution log of one request, in AWS's words.

TestInvokeMethod answers it; a stage that logs writes it to `API-Gateway-Execution-Logs_API/STAGE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

# "API Gateway currently limits log events to 1024 bytes" (important notes), which is what is left of a text.
_LIMIT = 1024
_SECRETS = frozenset({"authorization", "x-api-key"})
_TRUNCATED = " [TRUNCATED]"


class ExecutionLog:
    """Lines with their times. Kept only for requests whose stage logs, and for tests.

    Args:
        now: reads the calendar.
        shows_data: bodies and headers in full (`dataTraceEnabled`).
        only_errors: the level is ERROR, not INFO.
    """

    def __init__(
        self,
        request_id: str,
        now: Callable[[], datetime],
        *,
        shows_data: bool = True,
        only_errors: bool = False,
    ) -> None:
        self.request_id = request_id
        self.shows_data = shows_data
        self.only_errors = only_errors
        self._now = now
        self.lines: list[tuple[datetime, str]] = []

    def info(self, text: str) -> None:
        if not self.only_errors:
            self.lines.append((self._now(), _cut(text)))

    def data(self, text: str) -> None:
        """A line with what a client or an integration sent."""
        if self.shows_data:
            self.info(text)

    def error(self, text: str) -> None:
        self.lines.append((self._now(), _cut(text)))

    def as_test_answer(self) -> str:
        """As TestInvokeMethod shows it."""
        head = f"Execution log for request {self.request_id}\n"
        return head + "".join(
            f"{when:%a %b %d %H:%M:%S UTC %Y} : {text}\n" for when, text in self.lines
        )

    def as_events(self) -> list[tuple[int, str]]:
        """As CloudWatch Logs keeps it: (milliseconds since 1970, text)."""
        return [
            (int(when.timestamp() * 1000), f"({self.request_id}) {text}")
            for when, text in self.lines
        ]


def masked(secret: str) -> str:
    """A secret as AWS shows it: its last six characters."""
    return "*" * (len(secret) - 6) + secret[-6:]


def shown(values: dict[str, str]) -> str:
    """A map as Java prints it, which is how AWS shows headers and parameters, without what opens doors."""
    told = {
        name: masked(value) if name.lower() in _SECRETS else value for name, value in values.items()
    }
    return "{" + ", ".join(f"{name}={value}" for name, value in told.items()) + "}"


def _cut(text: str) -> str:
    if len(text) <= _LIMIT:
        return text
    return text[:_LIMIT] + _TRUNCATED
