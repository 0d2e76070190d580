"""Errors as AWS's Python runtime shows them: the object for the client, the lines for the log."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

IMPORT_MODULE_ERROR = "Runtime.ImportModuleError"
HANDLER_NOT_FOUND = "Runtime.HandlerNotFound"
MALFORMED_HANDLER_NAME = "Runtime.MalformedHandlerName"
USER_CODE_SYNTAX_ERROR = "Runtime.UserCodeSyntaxError"
BUILT_IN_MODULE_CONFLICT = "Runtime.BuiltInModuleConflict"
MARSHAL_ERROR = "Runtime.MarshalError"
UNMARSHAL_ERROR = "Runtime.UnmarshalError"
CONTEXT_UNMARSHAL_ERROR = "Runtime.LambdaContextUnmarshalError"

# Our own: no fork of this template would be safe. Core takes it for the end of the template, not for the function's.
SNAPSHOT_REFUSED = "Lambent.SnapshotRefused"

_OWN_DIRECTORY = str(PurePath(__file__).parent)
# AWS indents the log's trace with no-break spaces, so that the log viewer keeps it.
_LOG_INDENT = "\u00a0"


class Fault(Exception):
    """An error that the runtime itself reports, under a `Runtime.` type."""

    def __init__(self, kind: str, message: str, trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = list(trace)


def error_document(error: BaseException, request_id: str) -> dict[str, Any]:
    """`{errorMessage, errorType, requestId, stackTrace}`; `request_id` is "" during init."""
    if isinstance(error, Fault):
        message, kind, trace = error.message, error.kind, error.trace
    else:
        message, kind, trace = str(error), type(error).__name__, _stack_of(error)
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace,
    }


def log_lines(document: dict[str, Any]) -> str:
    """The text that AWS writes to the log for an error document."""
    kind, message = document["errorType"], document["errorMessage"]
    lines = ["[ERROR] " + kind + (": " + message if message else "")]
    lines.append("Traceback (most recent call last):")
    for element in document["stackTrace"]:
        lines += [_indented(line) for line in element.splitlines()] or [""]
    return "\n".join(lines) + "\n"


def _stack_of(error: BaseException) -> list[str]:
    """The formatted frames from the first one that is not ours."""
    frames = [
        (frame.filename, frame.lineno or 0, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    first = 0
    while first < len(frames) and frames[first][0].startswith(_OWN_DIRECTORY):
        first += 1
    return traceback.format_list(frames[first:])


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return _LOG_INDENT * (len(line) - len(text)) + text
