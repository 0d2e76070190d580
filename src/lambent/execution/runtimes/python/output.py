"""Standard output and error, and the root logger, as a function finds them on AWS."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import time

_LINE_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"


class Output:
    """The streams of one sandbox. `request_id` is what log records carry: "" during init."""

    def __init__(self) -> None:
        self.request_id = ""
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), "utf-8")
        sys.stdout = _stream(1, "strict")
        sys.stderr = _stream(2, "backslashreplace")
        vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.write(text)

    def take_over_logging(self) -> None:
        """Give the root logger AWS's format. Its level stays WARNING, as there."""
        formatter = logging.Formatter(_LINE_FORMAT, _TIME_FORMAT)
        formatter.converter = time.gmtime
        handler = _Handler(self)
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)


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
        self._output.write(self.format(record))


def _stream(descriptor: int, errors: str) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=True)
