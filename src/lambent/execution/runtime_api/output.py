"""What the extensions of a sandbox write: a pipe of their own, whose lines go to the function's log as theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.execution.log_pipe import LogPipe

if TYPE_CHECKING:
    import asyncio

    from lambent.execution.log_stream import LogStream

# As the log stream does it: a line that never ends is cut.
_LINE_LIMIT = 262_144


class ExtensionOutput:
    """Owns the reading end. Args: its descriptor, the loop, the function's log."""

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop, log: LogStream) -> None:
        self._log = log
        self._rest = b""
        self._pipe = LogPipe(descriptor, loop)
        self._pipe.attach(self)

    def output(self, data: bytes) -> None:
        """From the pipe, cut anywhere."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._log.extension_line(line)
        if len(self._rest) >= _LINE_LIMIT:
            self._finish_line()

    def flush(self) -> None:
        self._log.flush()

    def close(self) -> None:
        """Take what is left and close."""
        self._pipe.close()
        self._finish_line()
        self._log.flush()

    def _finish_line(self) -> None:
        if self._rest:
            rest, self._rest = self._rest, b""
            self._log.extension_line(rest)
