"""Log lines of a function whose log format is JSON, as AWS's Python runtime writes them.

A record's members: timestamp, level, message, logger, requestId, where an exception is logged also stackTrace,
errorType, errorMessage and location, and whatever `extra` was given.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from typing import Any

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
# What every record has. It is shown under AWS's names, or not at all.
_USUAL = frozenset(
    {
        *vars(logging.makeLogRecord({})),
        *("aws_request_id", "tenant_id", "message", "asctime", "taskName"),
    }
)
# What has no JSON form is shown as text: a log line is not worth an exception.
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class JsonFormatter(logging.Formatter):
    """For the handler of the root logger."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, Any] = {
            "timestamp": self.formatTime(record, _TIME_FORMAT),
            # Levels of a function's own count as the standard one below them.
            "level": logging.getLevelName(min(50, max(0, record.levelno)) // 10 * 10),
            "message": _message(record),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, trace = record.exc_info
            shown["stackTrace"] = traceback.format_tb(trace)
            shown["errorType"] = kind.__name__
            shown["errorMessage"] = str(error)
        shown["requestId"] = vars(record).get("aws_request_id")
        shown["tenantId"] = vars(record).get("tenant_id")
        if record.exc_info:
            shown["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        for name, value in vars(record).items():
            if name not in _USUAL:
                shown.setdefault(name, value)
        return _encode({name: value for name, value in shown.items() if value is not None}) + "\n"


def error_line(document: dict[str, Any]) -> str:
    """The line for an error that a handler, or its import, has ended with."""
    now = time.strftime(_TIME_FORMAT, time.gmtime())
    return _encode({"timestamp": now, "level": "ERROR", **document}) + "\n"


def _message(record: logging.LogRecord) -> Any:
    """The text; a dictionary that was logged as it is stays one."""
    if isinstance(record.msg, dict) and not record.args:
        return record.msg
    return record.getMessage()
