"""What a runtime may ask, and in which order: next, response, error, init/error.

Paths, codes and texts of AWS's "Lambda runtime API" page (2018-06-01), and, for the texts of refusals, of the runtime
interface emulator that AWS publishes. The runtime's states are that emulator's: a move that it does not allow is 403.

An answer is handed on when the runtime asks for the next call or has ended: until then the environment is not free, and
what the runtime does and logs belongs to this invocation, as on AWS. Pieces of a streamed one are handed on at once.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from lambent.execution import failures
from lambent.execution.frames import ANSWER_LIMIT, NO_REQUEST, Frame, FrameType
from lambent.execution.runtime_api.http import error_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.runtime_api.connection import Connection
    from lambent.execution.runtime_api.http import Request

PREFIX = "/2018-06-01/runtime/"
# An error object; AWS's own runtimes cut stack traces well below.
_INIT_ERROR_LIMIT = 262_144
_ACCEPTED = b'{"status":"OK"}\n'
_RESPONSE_MODE = "lambda-runtime-function-response-mode"
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"


class RuntimeState(Enum):
    """As AWS names them in its refusals."""

    STARTED = "Started"
    READY = "Ready"
    RUNNING = "Running"
    ANSWERED = "RuntimeResponseSentState"


@dataclass(frozen=True, slots=True)
class Call:
    """An invocation for the runtime. `headers` are those of the answer to `next`."""

    raw_id: bytes
    request_id: str
    headers: dict[str, str]
    event: bytes


class RuntimeApi:
    """One runtime's side of it. Args: gets INIT_DONE, RESULT and ERROR frames, as a bootstrap sends them."""

    def __init__(self, on_frame: Callable[[Frame], None]) -> None:
        self._on_frame = on_frame
        self._state = RuntimeState.STARTED
        self._call: Call | None = None  # given to the runtime, or given last
        self._pending: Call | None = None  # to be given to the next who asks
        self._waiting: deque[Connection] = deque()
        self._answering: Connection | None = None  # whose body is the answer
        self._streamed: Call | None = None  # whose answer comes, or came, in pieces
        self._held: Frame | None = None  # the answer, until the runtime asks for the next call

    def invoke(self, call: Call) -> None:
        """Have the runtime run it as soon as it asks."""
        self._pending = call
        self._give()

    def flush(self) -> None:
        """The runtime asks no more: hand on the answer that it has given."""
        held, self._held = self._held, None
        if held is not None:
            self._on_frame(held)

    def limit(self, connection: Connection, request: Request) -> int:
        kind, request_id = _route(request)
        if kind == "init/error":
            return _INIT_ERROR_LIMIT
        if kind not in ("response", "error") or not self._is_expected(request_id):
            return 0
        if self._answering is not None or self._streamed is self._call:
            return 0
        self._answering = connection
        if kind == "response" and request.headers.get(_RESPONSE_MODE, "").lower() == "streaming":
            self._stream(request)
        return ANSWER_LIMIT

    def pause(self, *, is_paused: bool) -> None:
        """Hold the answer that is being sent back, or not."""
        if self._answering is not None:
            self._answering.pause(is_paused=is_paused)

    def handle(self, connection: Connection, request: Request) -> None:
        kind, request_id = _route(request)
        if kind == "next":
            self._next(connection)
        elif kind == "init/error":
            self._init_error(connection, request)
        elif kind in ("response", "error"):
            self._answer(connection, request, kind, request_id)
        elif kind == "method":
            connection.answer(405, b"", {})
        else:
            connection.answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})

    def closed(self, connection: Connection) -> None:
        if connection in self._waiting:
            self._waiting.remove(connection)
        if self._answering is connection:
            self._answering = None

    def _stream(self, request: Request) -> None:
        """Hand on the answer as it comes: its head first, as a bootstrap of ours does."""
        call = self._streamed = self._call
        assert call is not None
        content_type = request.headers.get("content-type", "")
        head = json.dumps({"content_type": content_type}).encode()
        self._on_frame(Frame(FrameType.STREAM, call.raw_id, 0, head))

        def hand_on(piece: bytes) -> None:
            if self._call is call:
                self._on_frame(Frame(FrameType.STREAM, call.raw_id, 0, piece))

        request.sink = hand_on

    def _is_expected(self, request_id: str) -> bool:
        is_running = self._state is RuntimeState.RUNNING
        return is_running and self._call is not None and self._call.request_id == request_id

    def _next(self, connection: Connection) -> None:
        if self._state is RuntimeState.RUNNING:
            _refuse_move(connection, self._state, "Ready")
            return
        is_first = self._state is RuntimeState.STARTED
        self._state = RuntimeState.READY
        self._waiting.append(connection)
        if is_first:
            self._on_frame(Frame(FrameType.INIT_DONE, NO_REQUEST, 0, b""))
        self.flush()
        self._give()

    def _give(self) -> None:
        if self._pending is None or not self._waiting:
            return
        call, self._pending = self._pending, None
        self._call = call
        self._state = RuntimeState.RUNNING
        self._waiting.popleft().answer(200, call.event, call.headers)

    def _init_error(self, connection: Connection, request: Request) -> None:
        if self._state is not RuntimeState.STARTED:
            _refuse_move(connection, self._state, "InitError")
            return
        connection.answer(202, _ACCEPTED)
        payload = _error_payload(request.body, request.headers.get(_ERROR_TYPE, ""))
        self._on_frame(Frame(FrameType.ERROR, NO_REQUEST, 0, payload))

    def _answer(self, connection: Connection, request: Request, kind: str, request_id: str) -> None:
        call = self._call
        if call is None or call.request_id != request_id:
            connection.answer(400, error_body("InvalidRequestID", "Invalid request ID"))
            return
        if self._answering is not connection or self._state is not RuntimeState.RUNNING:
            wanted = "InvocationResponse" if kind == "response" else "InvocationErrorResponse"
            _refuse_move(connection, self._state, wanted)
            return
        self._answering = None
        self._state = RuntimeState.ANSWERED
        if request.body is None:
            text = f"Exceeded maximum allowed payload size ({ANSWER_LIMIT} bytes)."
            connection.answer(413, error_body("RequestEntityTooLarge", text))
        else:
            connection.answer(202, _ACCEPTED)
        self._held = _answer_frame(call.raw_id, request, kind)


def next_headers(request_id: str, deadline_ms: int, metadata: dict[str, str]) -> dict[str, str]:
    """The headers of an answer to `next`. `metadata` is that of an INVOKE frame."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": metadata.get("invoked_function_arn", ""),
    }
    if trace_id := metadata.get("trace_id"):
        headers["Lambda-Runtime-Trace-Id"] = _one_line(trace_id)
    if tenant_id := metadata.get("tenant_id"):
        headers["Lambda-Runtime-Aws-Tenant-Id"] = tenant_id
    # Both are JSON, which written in ASCII is also a header.
    for name, member in (("Client-Context", "client_context"), ("Cognito-Identity", "identity")):
        if member in metadata:
            headers[f"Lambda-Runtime-{name}"] = _ascii_json(metadata[member])
    return headers


def _route(request: Request) -> tuple[str, str]:
    """next, init/error, response, error (with the request id), `method` for a wrong one, or nothing."""
    if not request.path.startswith(PREFIX):
        return "", ""
    parts = request.path.removeprefix(PREFIX).split("/")
    kind, request_id, method = "", "", "POST"
    if parts == ["invocation", "next"]:
        kind, method = "next", "GET"
    elif parts == ["init", "error"]:
        kind = "init/error"
    elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
        kind, request_id = parts[2], parts[1].lower()
    if kind and request.method != method:
        kind = "method"
    return kind, request_id


def _refuse_move(connection: Connection, state: RuntimeState, wanted: str) -> None:
    text = (
        f"State transition from {state.value} to {wanted} failed for runtime. "
        "Error: State transition is not allowed"
    )
    connection.answer(403, error_body("InvalidStateTransition", text))


def _answer_frame(raw_id: bytes, request: Request, kind: str) -> Frame:
    """What the request says became of the invocation. A stream that broke off says so in its trailers."""
    if kind == "error":
        payload = _error_payload(request.body, request.headers.get(_ERROR_TYPE, ""))
        return Frame(FrameType.ERROR, raw_id, 0, payload)
    if error_type := request.trailers.get(_ERROR_TYPE):
        try:
            body = base64.b64decode(request.trailers.get(_ERROR_BODY, ""), validate=True)
        except binascii.Error:
            body = b""
        return Frame(FrameType.ERROR, raw_id, 0, _error_payload(body, error_type))
    return Frame(FrameType.RESULT, raw_id, 0, request.body)


def _error_payload(body: bytes | None, error_type: str) -> bytes | None:
    """The error object as the runtime sent it; without one, what its header says. None: it was too long."""
    return failures.error_payload(error_type or "Unknown", "") if body == b"" else body


def _one_line(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _ascii_json(value: object) -> str:
    """What a caller sent; where it is no JSON, or nested too deeply to be read, what of it fits into a header."""
    try:
        document = json.loads(value) if isinstance(value, str) else value
        return json.dumps(document, separators=(",", ":"))
    except (ValueError, RecursionError):
        return _one_line(str(value))
