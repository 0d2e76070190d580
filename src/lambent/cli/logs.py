"""`lambent logs FUNCTION`: what a function has logged, oldest first, and with -f what it logs from now on.

A client of the API, like the AWS CLI's `logs tail`; it finds the log group by the function's configuration.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from lambent.cli.clients import client_of
from lambent.cli.commands import settings
from lambent.cli.since import Since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambent.config import Config

_FAILED = 1
_EVERY_S = 1.0
# Lines of several streams reach the log in any order: so far back is looked again for those that were late.
_LATE_MS = 10_000


@click.command("logs")
@click.argument("function")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option(
    "--since", type=Since(), default="10m", help="How far back: 30s, 10m, 2h, 1d, or a time."
)
@click.option(
    "--filter", "pattern", default="", help="A filter pattern of CloudWatch Logs, such as ERROR."
)
@settings("data_dir")
def command(config: Config, function: str, follow: bool, since: datetime, pattern: str) -> None:
    """Show what a function has logged."""
    tail = _Tail(client_of(config, "logs"), int(since.timestamp() * 1000), pattern)
    try:
        tail.group, tail.stream_part = _place(client_of(config, "lambda"), function)
        _show(tail, follow=follow)
    except (ClientError, BotoCoreError) as problem:
        click.echo(f"lambent logs: {problem}", err=True)
        sys.exit(_FAILED)
    except BrokenPipeError:
        # Whoever read it has seen enough; nothing may complain when the interpreter closes stdout.
        with contextlib.suppress(OSError):
            sys.stdout.close()


@dataclass(slots=True)
class _Tail:
    """Asks for events, and tells each once. `stream_part` is in the names of the function's streams."""

    client: Any
    start_ms: int
    pattern: str
    group: str = ""
    stream_part: str = ""
    _seen: dict[str, int] = field(default_factory=dict)

    def news(self) -> Iterator[str]:
        """Lines that were not told before. Raises ClientError, BotoCoreError."""
        pages = self.client.get_paginator("filter_log_events").paginate(
            logGroupName=self.group, startTime=self.start_ms, filterPattern=self.pattern
        )
        for page in pages:
            for event in page["events"]:
                id_, timestamp = event["eventId"], event["timestamp"]
                if id_ not in self._seen and self.stream_part in event["logStreamName"]:
                    yield _line(timestamp, event["message"])
                self._seen[id_] = timestamp
        newest = max(self._seen.values(), default=self.start_ms)
        self.start_ms = max(self.start_ms, newest - _LATE_MS)
        self._seen = {id_: at for id_, at in self._seen.items() if at >= self.start_ms}


def _place(client: Any, function: str) -> tuple[str, str]:
    """Log group, and what the names of a function's streams have in them where others write there, too."""
    try:
        found = client.get_function_configuration(FunctionName=function)
    except ClientError as problem:
        if problem.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
        return f"/aws/lambda/{function}", ""  # it may be gone, and its log still there
    name, group = found["FunctionName"], found["LoggingConfig"]["LogGroup"]
    return group, "" if group == f"/aws/lambda/{name}" else f"/{name}["


def _show(tail: _Tail, *, follow: bool) -> None:
    """Raises ClientError, BotoCoreError, BrokenPipeError."""
    pause = threading.Event()
    while True:
        try:
            for line in tail.news():
                click.echo(line)
        except ClientError as problem:
            # A function that was never called has no log yet.
            is_missing = (
                problem.response.get("Error", {}).get("Code") == "ResourceNotFoundException"
            )
            if not (follow and is_missing):
                raise
        if not follow:
            return
        try:
            pause.wait(_EVERY_S)
        except KeyboardInterrupt:
            return


def _line(timestamp_ms: int, message: str) -> str:
    moment = datetime.fromtimestamp(timestamp_ms // 1000, UTC)
    text = message.rstrip("\n")
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{timestamp_ms % 1000:03}Z {text}"
