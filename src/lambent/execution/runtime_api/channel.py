"""A channel like `FrameChannel` for a sandbox whose runtime is executed: frames on our side, perhaps HTTP on the other.

Until then a program of ours holds the frame socket (`runtimes/starter.py`). It sends two descriptors first, the
listener of the API and a socket about extensions (`runtimes/extensions.py`), then READY. After ASSIGN the runtime is
executed. It speaks the Runtime API or, where it is our own bootstrap, frames, which then pass through here.

INIT is over when the runtime says so and all extensions wait for an event; a call begins only then, too.
"""

from __future__ import annotations

import array
import contextlib
import socket
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

import orjson

from lambent.execution.channel import FrameChannel
from lambent.execution.frames import HEADER, METADATA_LENGTH, NO_REQUEST, Frame, FrameType
from lambent.execution.runtime_api import extensions, telemetry
from lambent.execution.runtime_api.extensions import ExtensionsApi
from lambent.execution.runtime_api.http import error_body
from lambent.execution.runtime_api.output import ExtensionOutput
from lambent.execution.runtime_api.runtime import Call, RuntimeApi, next_headers
from lambent.execution.runtime_api.server import ApiServer
from lambent.execution.runtime_api.telemetry import Telemetry

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lambent.execution.log_stream import LogStream
    from lambent.execution.runtime_api.connection import Connection
    from lambent.execution.runtime_api.http import Request

# As `runtimes/starter.py` has it.
_API_RUNTIME = b"A"
_CONTROL_LIMIT = 65_536


class RuntimeApiChannel:
    """Owns the socket. `on_frame` and `on_end` are called as by `FrameChannel`; `on_exit` when the runtime has ended
    and extensions are left, with its exit code or minus the signal.
    """

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        on_frame: Callable[[Frame], None],
        on_end: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = loop
        self._on_frame = on_frame
        self._on_end = on_end
        self._on_exit = on_exit
        self._runtime = RuntimeApi(self._forward)
        self._extensions = ExtensionsApi(self._extensions_changed, self._extension_failed)
        self._frames: FrameChannel | None = None
        self._control: socket.socket | None = None
        self._server: ApiServer | None = None
        self._speaks_api = False
        self._is_assigned = False
        self._has_launched = False
        self._init_done: Frame | None = None  # held until all extensions are ready
        self._pending: tuple[bytes, bytes] | None = None  # so is a call
        self._when_left: Callable[[], None] | None = None
        self._log: LogStream | None = None
        self._output: ExtensionOutput | None = None
        self._telemetry = Telemetry(loop, self._connect)
        self._connecting: deque[Callable[[socket.socket | None], None]] = deque()
        self._is_open = True
        loop.add_reader(sock, self._take_descriptors)

    def assigned(self, frame: bytes) -> None:
        """The spawner gives the starter this ASSIGN frame as soon as the code is there."""
        self._is_assigned = True
        self._extensions.describe(orjson.loads(frame[HEADER.size :]))

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """A call for the runtime; nothing else is sent from here."""
        if self._is_open and self._frames is not None:
            self._pending = (head, payload)
            self._begin()

    @property
    def is_at_rest(self) -> bool:
        """Whether every extension waits for an event."""
        return self._extensions.all_ready()

    def pause(self, is_paused: bool) -> None:
        """As `FrameChannel.pause`; of a runtime that speaks HTTP, the connection with the answer."""
        if self._speaks_api:
            self._runtime.pause(is_paused=is_paused)
        elif self._frames is not None:
            self._frames.pause(is_paused)

    def attach_log(self, stream: LogStream) -> None:
        """The function's log: what extensions say goes there, and what is there to those that subscribe to it."""
        self._log = stream
        self._telemetry.follow(stream.spec)
        stream.tap = self._telemetry

    def drain(self) -> None:
        """Take everything that has arrived."""
        if self._frames is not None:
            self._frames.drain()
        self._read_control()
        if self._server is not None:
            self._server.drain()
        self._runtime.flush()

    def farewell(self, reason: str, deadline_ms: int, when_left: Callable[[], None]) -> bool:
        """Have the runtime killed and tell the extensions that the sandbox ends. No frame comes any more.

        False: there is nobody to tell. `when_left` is called when the last extension has ended.
        """
        if self._control is None or not self._extensions.shut_down(reason, deadline_ms):
            return False
        self._telemetry.flush()
        try:
            self._control.send(b"kill")
        except OSError:  # they are gone already
            return False
        self._on_frame = _ignore_frame
        self._on_end = _ignore_end
        self._when_left = when_left
        return True

    def close(self) -> None:
        """Let go of all sockets; no callback comes any more."""
        if not self._is_open:
            return
        self._is_open = False
        if self._frames is None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
        else:
            self._frames.close()
        self._close_control()
        self._telemetry.close()
        if self._log is not None:
            self._log.tap = None
        if self._output is not None:
            self._output.close()
        if self._server is not None:
            self._server.close()

    # --- requests of the sandbox ------------------------------------------------------------------------------

    def limit(self, connection: Connection, request: Request) -> int:
        if request.path.startswith(extensions.PREFIX) or request.path == telemetry.PATH:
            return self._extensions.limit(connection, request)
        return self._runtime.limit(connection, request) if self._speaks_api else 0

    def handle(self, connection: Connection, request: Request) -> None:
        if request.path.startswith(extensions.PREFIX):
            self._read_control()  # which extensions are external was said before they were launched
            self._extensions.handle(connection, request)
        elif request.path == telemetry.PATH and request.method == "PUT":
            self._subscribe(connection, request)
        elif self._speaks_api:
            self._runtime.handle(connection, request)
        else:
            # Our own bootstrap is the runtime; nobody else may answer in its place.
            connection.answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})

    def closed(self, connection: Connection) -> None:
        self._extensions.closed(connection)
        self._runtime.closed(connection)

    # --- frames -----------------------------------------------------------------------------------------------

    def _take_descriptors(self) -> None:
        """The first message: one byte, the listener, and the control socket. Nothing of the function runs yet."""
        given = array.array("i")
        tag = b""
        try:
            tag, ancillary, _, _ = self._sock.recvmsg(
                1, socket.CMSG_SPACE(2 * given.itemsize), socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError:
            ancillary = []
        for _, _, content in ancillary:
            given.frombytes(content)
        sockets = [socket.socket(fileno=each) for each in given]
        if len(sockets) != 2:
            for each in sockets:
                each.close()
            self.close()
            self._on_end("")
            return
        self._speaks_api = tag == _API_RUNTIME
        self._loop.remove_reader(self._sock)
        self._server = ApiServer(sockets[0], self._loop, self)
        self._control = sockets[1]
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._read_control)
        self._frames = FrameChannel(self._sock, self._loop, self._forward, self._frames_ended)

    def _forward(self, frame: Frame) -> None:
        if not self._is_open:
            return
        if frame.type == FrameType.INIT_DONE:
            self._init_done = frame
            self._extensions_changed()
        else:
            self._on_frame(frame)

    def _frames_ended(self, reason: str) -> None:
        # That a runtime which speaks the API has not kept the socket is right; how it ends the spawner will say.
        if reason or not (self._speaks_api and self._is_assigned):
            self._on_end(reason)

    def _begin(self) -> None:
        """Start the call that waits, if every extension is done with the last one."""
        if self._pending is None or not self._extensions.all_ready():
            return
        (head, event), self._pending = self._pending, None
        call = _call(head, event)
        self._extensions.invoke(_invoke_event(call))
        if self._speaks_api:
            self._runtime.invoke(call)
        elif self._frames is not None:
            self._frames.send(head, event)

    # --- extensions -------------------------------------------------------------------------------------------

    def _extensions_changed(self) -> None:
        if self._has_launched and self._control is not None and self._extensions.all_registered():
            self._has_launched = False
            with contextlib.suppress(OSError):  # its end says that it is gone
                self._control.send(b"go")
        if self._init_done is not None and self._extensions.all_ready():
            frame, self._init_done = self._init_done, None
            self._extensions.close_registration()
            if self._log is not None:
                for line in self._extensions.report():
                    self._log.note(line)
            self._telemetry.close_registration()
            self._on_frame(frame)
        self._begin()

    def _extension_failed(self, payload: bytes) -> None:
        if self._is_open:
            self._on_frame(Frame(FrameType.ERROR, NO_REQUEST, 0, payload))

    def _read_control(self) -> None:
        while self._control is not None:
            try:
                data, given, _, _ = socket.recv_fds(self._control, _CONTROL_LIMIT, 1)
            except BlockingIOError:
                return
            except OSError:
                data, given = b"", []
            if not data:
                self._close_control()
                if self._when_left is not None:
                    self._when_left()
                return
            try:
                self._heard(orjson.loads(data), given)
            except (orjson.JSONDecodeError, LookupError, TypeError, OSError) as error:
                self._on_end(f"a control message that is none: {error}")
                return

    def _heard(self, message: dict[str, Any], given: list[int]) -> None:
        if "connected" in message:
            sock = socket.socket(fileno=given[0]) if given else None
            self._connecting.popleft()(sock)
        elif "extensions" in message:
            if self._log is not None:
                self._output = ExtensionOutput(given[0], self._loop, self._log)
            self._extensions.launched(message["extensions"])
            self._has_launched = True
            self._extensions_changed()
        elif "ended" in message:
            if self._when_left is None:  # otherwise it ends at our word
                self._on_exit(int(message["ended"]))
        else:
            self._extension_failed(orjson.dumps(message["error"]))

    def _subscribe(self, connection: Connection, request: Request) -> None:
        name = self._extensions.name_of(connection, request)
        if name is None or self._log is None:
            return
        if self._extensions.is_closed:
            connection.answer(
                403,
                error_body("Telemetry.NotAllowed", "Telemetry API subscription is closed already"),
            )
            return
        try:
            subscription = telemetry.parse(name, request.body)
        except telemetry.BadSubscription as error:
            connection.answer(400, error_body("ValidationError", str(error)))
            return
        self._telemetry.subscribe(subscription, self._log.now_ms())
        connection.answer(200, b"OK", {"Content-Type": "text/plain"})

    def _connect(self, port: int, connected: Callable[[socket.socket | None], None]) -> None:
        """Have the supervisor connect to a port inside the sandbox."""
        try:
            if self._control is None:
                raise BrokenPipeError
            self._control.send(b"connect %d" % port)
        except OSError:
            connected(None)
        else:
            self._connecting.append(connected)

    def _close_control(self) -> None:
        if self._control is not None:
            self._loop.remove_reader(self._control)
            self._control.close()
            self._control = None


def _ignore_frame(_: Frame) -> None:
    """Of a sandbox that takes its leave."""


def _ignore_end(_: str) -> None:
    """Of a sandbox that takes its leave."""


def _invoke_event(call: Call) -> dict[str, Any]:
    """What an extension hears of a call."""
    headers = call.headers
    event: dict[str, Any] = {
        "eventType": extensions.INVOKE,
        "deadlineMs": int(headers["Lambda-Runtime-Deadline-Ms"]),
        "requestId": call.request_id,
        "invokedFunctionArn": headers["Lambda-Runtime-Invoked-Function-Arn"],
    }
    if trace_id := headers.get("Lambda-Runtime-Trace-Id"):
        event["tracing"] = {"type": "X-Amzn-Trace-Id", "value": trace_id}
    return event


def _call(head: bytes, event: bytes) -> Call:
    """From an INVOKE frame."""
    _, _, raw_id, deadline_ms = HEADER.unpack_from(head)
    (size,) = METADATA_LENGTH.unpack_from(head, HEADER.size)
    start = HEADER.size + METADATA_LENGTH.size
    metadata = orjson.loads(head[start : start + size]) if size else {}
    request_id = str(uuid.UUID(bytes=raw_id))
    return Call(raw_id, request_id, next_headers(request_id, deadline_ms, metadata), event)
