"""The platform's own log where there is only the standard library: launcher, spawner, compute processes.

A line is what core writes with structlog (`process/platform_log.py`): `timestamp`, `level`, `logger`, `event`,
`process`, what else the caller gives by `extra`, and `exception`. On a terminal it is for people.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

AUTO, JSON = "auto", "json"
_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})


class LogStyle(NamedTuple):
    """How to log: auto is text on a terminal and JSON elsewhere; the least level that is written."""

    format: str = AUTO
    level: str = "info"

    def is_json(self) -> bool:
        return self.format == JSON or (self.format == AUTO and not sys.stderr.isatty())

    @property
    def number(self) -> int:
        """The level as the logging module counts."""
        return logging.getLevelNamesMapping()[self.level.upper()]


def start(style: LogStyle, process: str) -> None:
    """Write this process's log to stderr from now on, uncaught exceptions included."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(process) if style.is_json() else TextLines())
    logging.basicConfig(handlers=[handler], level=style.number, force=True)
    logging.captureWarnings(True)
    sys.excepthook = say_last_words


def say_last_words(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An exception that ends the process is a line, too (`sys.excepthook`)."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("lambent").critical("the process ends", exc_info=(kind, error, trace))


class JsonLines(logging.Formatter):
    """A record as a line of JSON. Args: which process of the platform it is."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "timestamp": moment.isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            "process": self._process,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """A record as people read it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        extra = [f"{name}={value}" for name, value in vars(record).items() if name not in _OWN]
        level = f"[{record.levelname.lower()}]"
        words = [
            f"{moment:%H:%M:%S}",
            f"{level:10}",
            record.getMessage(),
            f"[{record.name}]",
            *extra,
        ]
        trace = [self.formatException(record.exc_info)] if record.exc_info else []
        return "\n".join([" ".join(words), *trace])
