"""The platform's own log, as core writes it: structlog renders what the logging module is given, by us and libraries.

JSON, a line each, for collectors; for people on a terminal. What is secret by its name, or in a presigned URL, is left
out, whoever logs it: `tests/integration/platform/test_secrets.py` looks for what we know of. Nothing on the way of a
warm invocation logs.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter

from lambent.core.plain_log import say_last_words

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

    from lambent.core.plain_log import LogStyle

_CONCEALED = "***"
_SECRET_NAME = re.compile(
    r"secret|password|token|signature|authorization|credential", re.IGNORECASE
)
_SECRET_IN_TEXT = re.compile(
    r"(X-Amz-(?:Signature|Security-Token|Credential)=|Bearer |Signature=)[^&\s\"',)]+",
    re.IGNORECASE,
)
# It tells of every plug-in that it has.
_QUIETER = {"alembic": logging.WARNING}


def start(style: LogStyle, process: str = "core") -> None:
    """Write this process's log to stderr from now on, uncaught exceptions included."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        formatter(process, is_json=style.is_json(), has_colours=sys.stderr.isatty())
    )
    # Libraries say at DEBUG what they send and receive, which may hold what is secret.
    level = max(style.number, logging.INFO)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("lambent").setLevel(style.number)
    for name, least in _QUIETER.items():
        logging.getLogger(name).setLevel(max(least, level))
    logging.captureWarnings(True)
    sys.excepthook = say_last_words


def formatter(process: str, *, is_json: bool, has_colours: bool = False) -> ProcessorFormatter:
    """For a handler of the logging module."""

    def name_process(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    common: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso" if is_json else "%H:%M:%S", utc=True),
    ]
    if is_json:
        last: list[Processor] = [
            name_process,
            structlog.processors.format_exc_info,
            _conceal,
            structlog.processors.JSONRenderer(serializer=_json),
        ]
    else:
        # Its usual tracebacks show the values of variables, secrets among them.
        plain = structlog.dev.plain_traceback
        console = structlog.dev.ConsoleRenderer(colors=has_colours, exception_formatter=plain)
        last = [_conceal, console]
    return ProcessorFormatter(
        foreign_pre_chain=common, processors=[ProcessorFormatter.remove_processors_meta, *last]
    )


def _conceal(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return {name: _without_secrets(name, value) for name, value in event.items()}


def _without_secrets(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return _CONCEALED
    return _SECRET_IN_TEXT.sub(rf"\1{_CONCEALED}", value) if isinstance(value, str) else value


def _json(event: EventDict, **_: Any) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "logger", "event", "process")}
    return orjson.dumps({**first, **event}, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
