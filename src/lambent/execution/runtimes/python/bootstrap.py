"""The Python runtime inside a sandbox: one function, one invocation at a time, over frames.

READY -> ASSIGN -> BOUND (the code is there) -> import the handler -> INIT_DONE -> (INVOKE -> RESULT | ERROR) for ever.
The socket's end is the end. A SnapStart template serves its keeper instead of calls (snapshot.py); each of its forks
goes through the same frames, and restores itself where others import the handler.
Runs in a fork of the zygote, already locked in. Whatever user code raises is answered here and nowhere else; what ends
the process (SystemExit, a signal) is core's to report.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import socket
import sys
import traceback
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
from lambent.execution.runtimes.python.output import Output, flush_streams

if TYPE_CHECKING:
    from collections.abc import Callable

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
_REHEARSALS = 12


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
            _echo_once(lambda event, context: event)
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


def run(descriptor: int, *, is_assigned: bool = False, copies: int = -1) -> NoReturn:
    """Be the runtime of this sandbox on the frame socket `descriptor`. Never returns into the zygote's code.

    Args:
        is_assigned: ASSIGN lies in the socket, and the variables are set, by a wrapper perhaps otherwise than it says.
        copies: the socket of the keeper, where this is a SnapStart template.
    """
    status = 1
    try:
        _serve(socket.socket(fileno=descriptor), is_assigned=is_assigned, copies=copies)
        status = 0
    except SystemExit as end:
        status = _exit_status(end)
    except (
        BaseException
    ):  # the boundary: KeyboardInterrupt and the like end a Python program with their trace
        traceback.print_exc()
    finally:
        _leave(status)


def _serve(sock: socket.socket, *, is_assigned: bool, copies: int) -> None:
    output = Output()
    output.take_over_logging()
    if is_assigned:
        surroundings.forget_ourselves()  # in a fork the zygote has
    else:
        _warm_up()
    surroundings.watch_children()
    channel = wire.Wire(sock)
    if not is_assigned:
        channel.send(wire.READY)
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
    taken = snapshot.Snapshot(copies, sock.fileno(), function["environment"])
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


def rehearse() -> None:
    """In the zygote: warm up so often that the interpreter has rewritten the code that every fork runs.

    Each fork would rewrite it for itself, and own 14 % more memory (PEP 659: code that has run a few times is
    specialised in place, and every run until then is counted in it). Changes the environment.
    """
    with contextlib.suppress(OSError):  # a host whose /tmp takes nothing
        for _ in range(_REHEARSALS):
            _warm_up()


def _warm_up() -> None:
    """Go once through import, environment, frames and JSON, so that the pages this touches are ours before the call."""
    directory = f"/tmp/.warm-{os.getpid()}-{os.urandom(6).hex()}"  # noqa: S108 - the sandbox's own /tmp
    os.mkdir(directory, 0o700)  # noqa: PTH102 - pathlib would be one more import
    path = sys.path[:]
    name = "warm_" + os.path.basename(directory)[6:].replace("-", "_")  # noqa: PTH119
    try:
        with open(f"{directory}/{name}.py", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("def handler(event, context):\n    return {'echo': event}\n")
        variables = {"LAMBDA_TASK_ROOT": directory, "TZ": ":UTC", "LANG": "en_US.UTF-8"}
        surroundings.set_environment(json.loads(json.dumps(variables)))
        surroundings.extend_path(variables)
        os.chdir(directory)
        _echo_once(handlers.load(f"{name}.handler"))
    finally:
        os.chdir("/")
        sys.path[:] = path
        sys.modules.pop(name, None)
        surroundings.clear_environment()
        surroundings.forget_finders()
        shutil.rmtree(directory, ignore_errors=True)


def _echo_once(handler: Callable[[Any, Any], Any]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.Wire(theirs).send(wire.INVOKE, wire.NO_REQUEST, b'\0\0{"warm": [1, "up"]}')
        frame = wire.Wire(ours).receive()
        assert frame is not None
        marshaller = Marshaller("")
        function = dict.fromkeys(
            ("log_group", "log_stream", "function_name", "memory_mib", "function_version"), ""
        )
        call = {"invoked_function_arn": "arn"}
        context = LambdaContext(function, call, frame.request.hex(), frame.deadline)
        answer = marshaller.dump(handler(marshaller.load(frame.payload[2:]), context))
        wire.Wire(ours).send(wire.RESULT, frame.request, answer)


def _exit_status(end: SystemExit) -> int:
    """As the interpreter does it: no code is 0, a number is itself, anything else is printed and is 1."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code & 0xFF
    sys.stderr.write(f"{end.code}\n")
    return 1


def _leave(status: int) -> NoReturn:
    try:
        atexit._run_exitfuncs()
        flush_streams()
    finally:
        os._exit(status)
