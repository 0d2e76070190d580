"""One function inside a sandbox, from ASSIGN on: it is imported, and called for each INVOKE.

READY -> ASSIGN -> BOUND (the code is there) -> import the handler -> INIT_DONE -> (INVOKE -> RESULT | ERROR) for ever.
The socket's end is the end. A SnapStart template serves its keeper instead of calls (snapshot.py); each of its forks
goes through the same frames, and restores itself where others import the handler.
Whatever user code raises is answered here and nowhere else; what ends the process (SystemExit, a signal) is core's to
report.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING, Any, NoReturn

from lambent.execution.runtimes.python import (
    compiler,
    faults,
    handlers,
    snapshot,
    surroundings,
    wire,
)
from lambent.execution.runtimes.python.context import LambdaContext
from lambent.execution.runtimes.python.marshal import Marshaller, loads
from lambent.execution.runtimes.python.output import flush_streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.runtimes.python.output import Output

_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior. "
    "For functions using managed runtimes, runtime updates can be triggered by a function change, "
    "or can be applied automatically. To determine if the runtime has been updated, check the "
    "runtime version in the INIT_START log entry. If this error correlates with a change in the "
    "runtime version, you may be able to mitigate this error by temporarily rolling back to the "
    "previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html"
)
_INIT_FAILED = 1


class Runtime:
    """One assigned function. Args: the frame socket, the sandbox's streams, ASSIGN's content."""

    def __init__(self, channel: wire.Wire, output: Output, function: dict[str, Any]) -> None:
        self._channel = channel
        self._output = output
        self._function = function
        environment = function["environment"]
        self._marshaller = Marshaller(environment.get("AWS_EXECUTION_ENV", ""))
        self._pid = os.getpid()
        self._trace_id = ""

    def initialise(self) -> Callable[[Any, Any], Any]:
        """Import the handler; on failure say so and end the process."""
        if self._function.get("compiles"):
            return compiler.compile_files
        try:
            return handlers.load(self._function["handler"])
        except Exception as error:
            document = faults.error_document(error, "")
        import logging  # noqa: PLC0415 - the function may have replaced it

        logging.warning(_WARNING)  # noqa: LOG015 - the root logger is the one that AWS uses here
        self._answer_error(wire.NO_REQUEST, document)
        raise SystemExit(_INIT_FAILED)

    def become_template(self, taken: snapshot.Snapshot) -> bool:
        """INIT is over: fork on demand. True in each fork, False when nobody will ask for another."""
        try:
            taken.take()
        except Exception as error:
            self._give_up(error)
        flush_streams()
        self._channel.send(wire.INIT_DONE)
        frames = taken.wait_for_forks()
        if frames is None:
            return False
        self._channel = wire.Wire(socket.socket(fileno=frames))
        self._pid = os.getpid()
        return True

    def restore(self, taken: snapshot.Snapshot) -> bool:
        """In a fork: take over an environment; False where there is none.

        What needs no environment comes before READY, while nobody waits: numpy takes milliseconds for a seed.
        """
        failure = None
        try:
            snapshot.restore_uniqueness()
        except Exception as error:  # of what INIT has put in the place of theirs
            failure = error
        with contextlib.suppress(Exception):  # it only warms up
            self._rehearse()
        self._channel.send(wire.READY)
        function = _assigned(self._channel)
        if function is None:
            return False
        self._function = function
        surroundings.change_environment(function["environment"])
        frame = self._channel.receive()
        if frame is None or frame.kind != wire.BOUND:
            return False
        os.chdir(function["environment"]["LAMBDA_TASK_ROOT"])
        if failure is not None:
            self._give_up(failure)
        try:
            taken.restore()
        except Exception as error:
            self._give_up(error)
        return True

    def _rehearse(self) -> None:
        """Answer one call to nobody."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            wire.Wire(theirs).send(wire.INVOKE, wire.NO_REQUEST, b'\0\0{"warm": [1, "up"]}')
            theirs.shutdown(socket.SHUT_WR)
            Runtime(wire.Wire(ours), self._output, self._function).serve(lambda event, _: event)
        self._output.request_id = ""

    def _give_up(self, error: Exception) -> NoReturn:
        document = faults.error_document(error, "")
        if isinstance(error, snapshot.Refused):
            document["errorType"] = faults.SNAPSHOT_REFUSED
        self._answer_error(wire.NO_REQUEST, document)
        raise SystemExit(_INIT_FAILED)

    def serve(self, handler: Callable[[Any, Any], Any]) -> None:
        """Answer invocations until the socket ends."""
        flush_streams()
        self._channel.send(wire.INIT_DONE)
        while True:
            frame = self._channel.receive()
            if frame is None or frame.kind != wire.INVOKE:
                return
            self._invoke(handler, frame)

    def _invoke(self, handler: Callable[[Any, Any], Any], frame: wire.Frame) -> None:
        digits = frame.request.hex()
        request_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        self._output.request_id = request_id
        try:
            call, event = self._read_call(frame.payload)
            self._output.tenant_id = call.get("tenant_id")
            context = LambdaContext(self._function, call, request_id, frame.deadline)
            answer = self._marshaller.dump(handler(self._marshaller.load(event), context))
        except Exception as error:
            document = faults.error_document(error, request_id)
        else:
            self._leave_if_forked()
            flush_streams()
            self._channel.send(wire.RESULT, frame.request, answer)
            return
        self._leave_if_forked()
        self._answer_error(frame.request, document)

    def _read_call(self, payload: memoryview) -> tuple[dict[str, Any], memoryview]:
        """Metadata and event of an INVOKE."""
        start = 2 + int.from_bytes(payload[:2], "little")
        call = loads(str(payload[2:start], "utf-8")) if start > 2 else {}
        trace_id = call.get("trace_id") or ""
        if trace_id != self._trace_id:
            self._trace_id = trace_id
            surroundings.note_trace(trace_id)
        return call, payload[start:]

    def _answer_error(self, request: bytes, document: dict[str, Any]) -> None:
        self._output.write_error(document)
        flush_streams()
        self._channel.send(wire.ERROR, request, self._marshaller.encode(document))

    def _leave_if_forked(self) -> None:
        """A child that a handler forked and that returned from it must not answer in its parent's place."""
        if os.getpid() != self._pid:
            os._exit(0)


def live(
    channel: wire.Wire, output: Output, *, is_assigned: bool = False, copies: int = -1
) -> None:
    """The life of one function; returns when the channel has ended.

    Args:
        is_assigned: the variables are set, by a wrapper perhaps otherwise than ASSIGN says.
        copies: the socket of the keeper, where this is a SnapStart template.
    """
    function = _assigned(channel)
    if function is None:
        return
    if is_assigned:
        function["environment"] = dict(os.environ)
        function["handler"] = os.environ["_HANDLER"]
    else:
        surroundings.set_environment(function["environment"])
    surroundings.extend_path(function["environment"])
    output.configure(function["environment"])
    runtime = Runtime(channel, output, function)
    if not is_assigned:
        frame = channel.receive()
        if frame is None or frame.kind != wire.BOUND:
            return
    os.chdir(function["environment"]["LAMBDA_TASK_ROOT"])
    if copies < 0:
        runtime.serve(runtime.initialise())
        return
    taken = snapshot.Snapshot(copies, channel.fileno(), function["environment"])
    handler = runtime.initialise()
    if runtime.become_template(taken) and runtime.restore(taken):
        runtime.serve(handler)


def _assigned(channel: wire.Wire) -> dict[str, Any] | None:
    """What ASSIGN says; None where something else comes."""
    frame = channel.receive()
    if frame is None or frame.kind != wire.ASSIGN:
        return None
    function: dict[str, Any] = json.loads(bytes(frame.payload))
    return function
