"""One sandbox as core holds it: its descriptors, and the requests about it. No states, no invocations.

Everything that may be asked of a sandbox that is gone does nothing, so that nobody has to look first.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from lambent.execution.channel import FrameChannel
from lambent.execution.endpoint import Greeting
from lambent.execution.failures import EXITED, TIMED_OUT
from lambent.execution.log_pipe import LogPipe
from lambent.execution.memory_peak import MemoryPeak
from lambent.execution.runtime_api.channel import RuntimeApiChannel
from lambent.execution.sandbox.endpoint import URL
from lambent.execution.states import IDLE_TOO_LONG, OUTDATED, RETIRED

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lambent.execution.endpoint import Endpoint
    from lambent.execution.frames import Frame
    from lambent.execution.log_stream import LogStream
    from lambent.execution.spawner_link import SpawnerLink
    from lambent.execution.spec import FunctionSpec
    from lambent.execution.starts import Start


# "The maximum duration of the shutdown phase" with external extensions.
FAREWELL_S = 2.0
# They count nowhere any more: a function that crashes again and again must not gather them.
MOST_LEAVING = 64
# Why an environment ends -> what its extensions are told. Otherwise nobody is told.
_SHUTDOWN_REASONS = {
    TIMED_OUT: "timeout",
    EXITED: "failure",
    IDLE_TOO_LONG: "spindown",
    RETIRED: "spindown",
    OUTDATED: "spindown",
}


def _nothing() -> None:
    """Of a sandbox that is not there yet."""


def _to_nobody(head: bytes, payload: bytes) -> None:
    """To a sandbox that is not there yet."""


def _no_memory() -> int:
    """Of a sandbox that is not there yet."""
    return 0


class SandboxHandle:
    """Args: the sandbox's id (32 hex digits), the link to its spawner, the loop, who serves its AWS endpoint."""

    def __init__(
        self,
        sandbox: str,
        link: SpawnerLink,
        loop: asyncio.AbstractEventLoop,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.id = sandbox
        self._link = link
        self._loop = loop
        self._endpoint = endpoint
        self._frames: socket.socket | None = None
        self._greeting: Greeting | None = None  # while the channel waits for it
        self._close_endpoint: Callable[[], None] | None = None
        self._channel: FrameChannel | RuntimeApiChannel | None = None
        self._logs: LogPipe | None = None
        self._peak: MemoryPeak | None = None
        self._code_dir = ""
        self._leaving: asyncio.TimerHandle | None = None
        # Every invocation does these; once there is something to do, they are that itself.
        self.drain_logs: Callable[[], None] = _nothing
        self.peak_mib: Callable[[], int] = _no_memory
        self.send: Callable[[bytes, bytes], None] = _to_nobody

    @property
    def is_open(self) -> bool:
        """Whether the spawner has made it."""
        return self._frames is not None

    def create(self, start: Start, *, urgent: bool) -> None:
        """`urgent`: a call waits for it; else it is made with low priority."""
        request = {"op": "create", "sandbox": self.id, **start.request(), "urgent": urgent}
        self._link.send(request)

    @property
    def is_executed(self) -> bool:
        """Whether its runtime starts when the function is there."""
        return isinstance(self._channel, RuntimeApiChannel)

    @property
    def is_at_rest(self) -> bool:
        """Whether its extensions, if any, wait for the next event."""
        channel = self._channel
        return not isinstance(channel, RuntimeApiChannel) or channel.is_at_rest

    def task_root(self, code: str) -> str:
        """Where a function finds the tree `code` once it is bound."""
        if self._code_dir.endswith("%"):
            return self._code_dir[:-1] + code
        return self._code_dir

    @property
    def endpoint_url(self) -> str:
        """Where a function in it finds the platform's own AWS endpoint; "" where it cannot."""
        if self._close_endpoint is not None:
            return URL
        shares_network = self._code_dir.endswith("%")
        return self._endpoint.url() if self._endpoint and shares_network else ""

    def bind(self, spec: FunctionSpec, frame: bytes) -> None:
        """Have the function's code bound; the sandbox gets `frame` as soon as it is."""
        if isinstance(self._channel, RuntimeApiChannel):
            self._channel.assigned(frame)
        self._link.send(
            {
                "op": "assign",
                "sandbox": self.id,
                "code": spec.code,
                "layers": list(spec.layers),
                "memory_mib": spec.memory_mib,
                "tmp_mib": spec.ephemeral_storage_mib,
            },
            frame,
        )

    def throttle(self) -> None:
        """Limit its CPU as its memory says."""
        self._link.send({"op": "throttle", "sandbox": self.id})

    def freeze(self) -> None:
        self._link.send({"op": "freeze", "sandbox": self.id})

    def thaw(self) -> None:
        self._link.send({"op": "thaw", "sandbox": self.id})

    def kill(self, why: str, now_ms: int) -> None:
        """End it: at once, or when its extensions have had their time to leave."""
        reason = _SHUTDOWN_REASONS.get(why)
        channel = self._channel
        has_room = self._link.leaving < MOST_LEAVING
        if reason and has_room and isinstance(channel, RuntimeApiChannel):
            deadline_ms = now_ms + int(FAREWELL_S * 1000)
            if channel.farewell(reason, deadline_ms, self.leave):
                self._link.send({"op": "thaw", "sandbox": self.id})
                self._leaving = self._loop.call_later(FAREWELL_S, self.leave)
                self._link.leaving += 1
                return
        self._link.send({"op": "kill", "sandbox": self.id})

    def open(
        self,
        event: dict[str, Any],
        descriptors: list[int],
        on_frame: Callable[[Frame], None],
        on_end: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        """Take over the descriptors of a `created` event: frame socket, log pipe, pidfd, perhaps the peak file.

        `on_exit` tells of a runtime that has ended while the sandbox goes on, for its extensions.

        Raises:
            ValueError: descriptors are missing.
        """
        has_peak = bool(event.get("peak"))
        if len(descriptors) != (4 if has_peak else 3):
            for descriptor in descriptors:
                os.close(descriptor)
            raise ValueError(f"{len(descriptors)} descriptors for a sandbox")
        frames, logs, process, *peak = descriptors
        # The frame socket's end and the spawner's `exited` say all that the pidfd could.
        os.close(process)
        self._code_dir = str(event.get("code_dir", ""))
        self._peak = MemoryPeak(peak[0] if peak else None, int(event.get("pid", 0)))
        self.peak_mib = self._peak.read_mib
        self._logs = LogPipe(logs, self._loop)
        self.drain_logs = self._logs.drain
        self._frames = socket.socket(fileno=frames)
        has_api = bool(event.get("runtime_api"))

        def begin() -> None:
            assert self._frames is not None
            given = (self._frames, self._loop, on_frame, on_end)
            self._channel = RuntimeApiChannel(*given, on_exit) if has_api else FrameChannel(*given)
            self.send = self._channel.send

        def greeted(listener: socket.socket | None) -> None:
            self._greeting = None
            if listener is None:
                on_end("")
                return
            if self._endpoint is None:
                listener.close()
            else:
                self._close_endpoint = self._endpoint.serve(listener)
            begin()

        if event.get("endpoint"):
            self._greeting = Greeting(self._frames, self._loop, greeted)
        else:
            begin()

    def attach_log(self, stream: LogStream) -> None:
        if self._logs is not None:
            self._logs.attach(stream)
        if isinstance(self._channel, RuntimeApiChannel):
            self._channel.attach_log(stream)

    def pause(self, is_paused: bool) -> None:
        """Hold the sandbox's frames back, or not."""
        if self._channel is not None:
            self._channel.pause(is_paused)

    def drain_frames(self) -> None:
        """Read what the sandbox sent before it ended."""
        if self._channel is not None:
            self._channel.drain()

    def note_peak(self, peak_bytes: int) -> None:
        if self._peak is not None:
            self._peak.note(peak_bytes)

    def close(self) -> None:
        """Let go of all descriptors; the last output is read first. One that takes its leave does so afterwards."""
        if self._leaving is not None:
            return
        if self._greeting is not None:
            self._greeting.close()
        if self._close_endpoint is not None:
            self._close_endpoint()
        if self._channel is not None:
            self._channel.close()
        elif self._frames is not None:
            self._frames.close()
        if self._logs is not None:
            self._logs.close()
        if self._peak is not None:
            self._peak.close()

    def leave(self) -> None:
        """The extensions that it was left to have ended, or their time has."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None
            self._link.leaving -= 1
            self._link.send({"op": "kill", "sandbox": self.id})
            self.close()
