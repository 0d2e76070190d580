"""Standard output and error, and the root logger, as a function finds them on AWS.

The root logger writes text until the function is known, which may want JSON (`configure`).
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from lambent.execution.runtimes.python import faults, json_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"


class Output:
    """The streams of one sandbox. `request_id` is what log records carry: "" during init; `tenant_id` too,
    for functions that keep tenants apart."""

    def __init__(self) -> None:
        self.request_id = ""
        self.tenant_id: str | None = None
        self._handler = _Handler(self)
        self._error_text = faults.log_lines
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")
        sys.stdout = self._stdout = _stream(1, "strict")
        sys.stderr = _stream(2, "backslashreplace")
        vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)

    def write(self, text: str) -> None:
        """Log `text` as one event, whatever lines it has: core makes line feeds of carriage returns.

        A stream that the function has put there instead gets the text as it is.
        """
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if sys.stdout is self._stdout:
                text = text.rstrip("\n").replace("\n", "\r") + "\n"
            sys.stdout.write(text)

    def take_over_logging(self) -> None:
        """Give the root logger AWS's format. Its level stays WARNING, as there."""
        formatter = logging.Formatter(_LINE_FORMAT, _TIME_FORMAT)
        formatter.converter = time.gmtime
        self._handler.setFormatter(formatter)
        logging.getLogger().addHandler(self._handler)

    def configure(self, variables: Mapping[str, str]) -> None:
        """Take over what the function has chosen: the format of lines, and the level of the root logger."""
        if variables.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON":
            self._handler.setFormatter(json_lines.JsonFormatter())
            self._error_text = json_lines.error_line
        level = variables.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
        # getLevelName turns names into numbers, too, and what it does not know into a text.
        number = logging.getLevelName("DEBUG" if level == "TRACE" else level)
        if isinstance(number, int):
            logging.getLogger().setLevel(number)

    def write_error(self, document: dict[str, Any]) -> None:
        """Log the error that a call, or INIT, has ended with."""
        self.write(self._error_text(document))


def flush_streams() -> None:
    """Everything printed until now is in the pipe. A function may have closed or replaced the streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


class _Handler(logging.Handler):
    """Looks sys.stdout up for each record, so that a redirected stream is honoured."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        record.aws_request_id = self._output.request_id
        record.tenant_id = self._output.tenant_id
        self._output.write(self.format(record))


def _stream(descriptor: int, errors: str) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=True)
