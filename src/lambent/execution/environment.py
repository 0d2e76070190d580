"""An execution environment: one sandbox, the function version in it, and the invocation that runs.

Everything happens in callbacks of the event loop and is over when they return: a frame, an event of the spawner, the
deadline's timer. So an invocation is finished, logged and accounted for whether or not its caller still waits.
The allowed moves stand in `states.py`; whatever else arrives ends the environment.

Who waits for INIT holds the future of `assign`; who invokes hands in what is to be called at the end.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lambent.core import ids
from lambent.execution import failures, report
from lambent.execution.answer_stream import AnswerPieces
from lambent.execution.assignment import assign_frames
from lambent.execution.failures import Exit
from lambent.execution.frames import NO_REQUEST, FrameType
from lambent.execution.running import Ending, Running, conclude
from lambent.execution.sandbox_handle import SandboxHandle
from lambent.execution.spec import PROVISIONED, SandboxFailed, SandboxLost
from lambent.execution.states import OUTDATED, Cause, State, after

if TYPE_CHECKING:
    import asyncio

    from lambent.core.clock import Clock
    from lambent.execution.assignment import Assignment
    from lambent.execution.endpoint import Endpoint
    from lambent.execution.failures import Failure
    from lambent.execution.frames import Frame
    from lambent.execution.log_stream import LogStream
    from lambent.execution.running import Done
    from lambent.execution.spawner_link import SpawnerLink
    from lambent.execution.spec import FunctionSpec, Invocation, Observer
    from lambent.execution.starts import Start

logger = logging.getLogger(__name__)

# After the sandbox closed its socket its `exited` is on the way; longer than this it is not, and we end it ourselves.
EXIT_GRACE_S = 2.0
# Runtimes other than our own for Python give the trace header of each call to setenv, which keeps some 150 bytes for
# ever (surroundings.py): before that fills a function's memory another environment takes over. 30 MB, of at least 128.
MOST_CALLS = 200_000

_FRAME_CAUSES = {
    FrameType.READY.value: Cause.READY_FRAME,
    FrameType.INIT_DONE.value: Cause.INIT_DONE_FRAME,
    FrameType.RESULT.value: Cause.RESULT_FRAME,
    FrameType.ERROR.value: Cause.ERROR_FRAME,
    FrameType.STREAM.value: Cause.STREAM_FRAME,
}


@dataclass(frozen=True, slots=True)
class InitDone:
    """INIT went well; it took this long."""

    duration_ms: float


@dataclass(frozen=True, slots=True)
class InitFailed:
    """INIT did not. `payload` is the bootstrap's own error object, `end` how the process ended; neither: a time-out."""

    duration_ms: float
    payload: bytes | None = None
    end: Exit | None = None


InitResult = InitDone | InitFailed


class Owner(Protocol):
    """Who is told what becomes of an environment. Called when the environment's own state is settled."""

    def pooled(self, environment: Environment) -> None:
        """It is locked and warmed up."""
        ...

    def finished(self, environment: Environment) -> None:
        """An invocation is over; the environment is READY again, or DEAD."""
        ...

    def died(self, environment: Environment) -> None:
        """It ended while no invocation ran."""
        ...


class Environment:
    """Args: the link to the spawner, the clock, the loop, its owner, who may hand it on (`owner`), and who serves its
    AWS endpoint.
    """

    def __init__(
        self,
        link: SpawnerLink,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        owner: Owner,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.state = State.BOOTING
        self.owner = owner
        self.idle_since = 0.0
        self.why_dead = ""
        self.is_urgent = False  # a call waits while it is made
        self.is_hopeless = False  # another one of the same runtime will not be made either
        self.is_outdated = False  # no invocation may begin in it any more
        # Monotonic: when it got its function, and when the code was bound, once the spawner has said so.
        self.assigned_at = 0.0
        self.bound_at: float | None = None
        self._link = link
        self._clock = clock
        self._loop = loop
        self._sandbox = SandboxHandle(ids.hex_id(32), link, loop, endpoint)
        self.spec: FunctionSpec  # set when it is assigned
        self.log: LogStream
        self._observer: Observer
        self._init: asyncio.Future[InitResult] | None = None
        self._running: Running | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._calls = 0

    @property
    def id(self) -> str:
        return self._sandbox.id

    @property
    def is_provisioned(self) -> bool:
        """Was it made to be kept, rather than for a call?"""
        return self.spec.initialization == PROVISIONED

    @property
    def is_at_rest(self) -> bool:
        """Whether nobody in an idle one has anything left to do: extensions work on after the answer."""
        return self._sandbox.is_at_rest

    # --- what the plane asks ----------------------------------------------------------------------------------

    def boot(self, start: Start, *, urgent: bool) -> None:
        """Have the sandbox made; the owner hears `pooled` or `died`."""
        self._link.listen(self._sandbox.id, self)
        self.is_urgent = urgent
        self._sandbox.create(start, urgent=urgent)

    def assign(self, assignment: Assignment) -> asyncio.Future[InitResult]:
        """Put a function into it and run its INIT, which `expire_init` ends when it takes too long.

        The future fails with SandboxFailed where the platform is to blame.
        """
        self._move(Cause.ASSIGN)
        self.spec, self.log = assignment.spec, assignment.log
        self._observer = assignment.observer
        self._sandbox.attach_log(assignment.log)
        self._init = self._loop.create_future()
        self.assigned_at = self._clock.monotonic()
        if assignment.lease.lasts_s < math.inf:
            self._expiry = self._loop.call_later(assignment.lease.lasts_s, self._outdate)
        spec = assignment.spec
        sandbox = self._sandbox
        now, bound = assign_frames(
            assignment,
            sandbox.task_root(spec.code),
            sandbox.endpoint_url,
            is_executed=sandbox.is_executed,
        )
        if now:
            self._sandbox.send(now, b"")
        self._sandbox.bind(spec, bound)
        return self._init

    def expire_init(self) -> None:
        """The time for INIT is over."""
        if self._init is not None and not self._init.done():
            self._sandbox.drain_logs()
            self._init_over(InitFailed(self._since(self.assigned_at)))
            self._die("INIT took too long")

    def invoke(
        self,
        invocation: Invocation,
        done: Done,
        *,
        init_ms: float | None = None,
        restore_ms: float | None = None,
        started: float | None = None,
    ) -> None:
        """Run one invocation; `done` is told its end.

        Args:
            invocation: the call.
            done: gets the Outcome, or SandboxFailed.
            init_ms: what INIT took, where this call waited for it: billed and reported with it.
            restore_ms: the same, where the environment was restored instead.
            started: monotonic; when the invocation began, where it did before now and START has been written.

        Raises:
            ValueError: the call cannot be put into a frame; nothing has happened then.
        """
        now, now_ms = self._clock.monotonic(), self._clock.calendar_ms()
        spec = self.spec
        raw_id = bytes.fromhex(invocation.request_id.replace("-", ""))
        left_s = spec.timeout_s if started is None else started + spec.timeout_s - now
        running = Running(
            invocation,
            raw_id,
            done,
            now if started is None else started,
            now + left_s,
            init_ms,
            restore_ms,
        )
        frame_head = running.frame_head(now_ms + int(left_s * 1000), spec.tenant_id)
        if self.state is State.READY:
            self.state = State.INVOKING
        else:
            self._move(Cause.INVOKE)  # for the words of it
        self._running = running
        self._sandbox.send(frame_head, invocation.payload)
        # While the function runs already: what it says is read when we have returned.
        self._calls += 1
        if self._calls == MOST_CALLS and self._gathers:
            self.is_outdated = True
        if started is None:
            line = report.start_line(invocation.request_id, spec.function_version)
            self.log.begin(now_ms, line, keeps_tail=invocation.wants_log)
        if self._timer is None:
            self._timer = self._loop.call_later(left_s, self._check_deadline)

    def end(self, why: str) -> None:
        """Kill it. An invocation that runs fails with SandboxFailed."""
        self._die(why)

    def freeze(self) -> None:
        """Nothing in it runs until `thaw`."""
        self._move(Cause.FREEZE)
        self._sandbox.freeze()

    def thaw(self) -> None:
        """It goes on. What it is sent now it reads then: nobody has to wait."""
        self._move(Cause.THAW)
        self._sandbox.thaw()

    def throttle(self) -> None:
        """INIT had the CPUs for itself; invocations have what the function's memory stands for."""
        if self.state is not State.DEAD:
            self._sandbox.throttle()

    def peak_mib(self) -> int:
        return self._sandbox.peak_mib()

    # --- what the spawner says --------------------------------------------------------------------------------

    def on_event(self, event: dict[str, Any], descriptors: list[int]) -> None:
        name = event.get("event")
        if name == "created":
            self._created(event, descriptors)
        elif name == "assigned":
            self.bound_at = event.get("at")
            if self.state is State.ASSIGNED:
                self._move(Cause.BOUND)
        elif name == "exited":
            # An answer may still lie in the socket: Node says why it ends and ends.
            self._sandbox.drain_frames()
            self._sandbox.note_peak(int(event.get("peak_bytes") or 0))
            status = event.get("status")
            self._exited(Exit(status if isinstance(status, int) else None, bool(event.get("oom"))))
        elif name == "failed":
            if not self._sandbox.is_open:  # never came to be: no `exited` will follow
                self._link.forget(self.id)
            self.is_hopeless = bool(event.get("final"))
            self._die(str(event.get("reason", "the spawner gave no reason")), SandboxFailed)

    def on_spawner_gone(self) -> None:
        self._sandbox.leave()
        self._die("the spawner is gone")

    def _created(self, event: dict[str, Any], descriptors: list[int]) -> None:
        try:
            self._sandbox.open(event, descriptors, self._on_frame, self._on_end, self._on_exit)
        except ValueError as error:
            self._die(str(error))
        if self.state is State.DEAD:  # ended while it was being made
            self._sandbox.close()

    def _exited(self, end: Exit) -> None:
        self._sandbox.drain_logs()
        if self._running is not None:
            self._fail(self._running, failures.exited(self._running.invocation.request_id, end))
            return
        if self.state is State.INIT:
            self._init_over(InitFailed(self._since(self.assigned_at), end=end))
        self._die(end.describe())

    # --- what the sandbox says --------------------------------------------------------------------------------

    def _on_frame(self, frame: Frame) -> None:
        running = self._running
        if running is not None and frame.type == FrameType.RESULT and self.state is State.INVOKING:
            self._answered(running, frame, State.READY)  # nearly always
            return
        cause = _cause(frame)
        following = None if cause is None else after(self.state, cause)
        if following is None:
            self._breach(f"frame of type {frame.type} while {self.state.name}")
        elif running is None:
            self.state = following
            self._init_frame(frame)
        elif frame.type == FrameType.STREAM:
            self._streamed(running, frame)
        else:
            self._answered(running, frame, following)

    def _streamed(self, running: Running, frame: Frame) -> None:
        """A piece of an answer; the first one is its head."""
        piece = frame.payload or b""
        if frame.request_id != running.raw_id:
            self._breach("a piece of an answer to another request")
        elif running.pieces is None:
            stream = running.invocation.stream
            running.pieces = AnswerPieces(stream, piece, self._sandbox.pause)
        elif not running.pieces.take(piece):
            self._sandbox.drain_logs()
            self._fail(running, failures.stream_too_large())

    def _answered(self, running: Running, frame: Frame, following: State) -> None:
        """RESULT or ERROR of the invocation that runs."""
        if frame.request_id != running.raw_id and following is not State.DEAD:
            self._breach("an answer to another request")
            return
        self._sandbox.drain_logs()
        if frame.payload is None:
            ending = Ending(failures.RESPONSE_TOO_LARGE, is_error=True)
        elif running.pieces is not None and frame.type == FrameType.RESULT:
            ending = _whole(running.pieces)
        else:
            ending = Ending(frame.payload, frame.type == FrameType.ERROR)
        now = self._clock.monotonic()
        try:
            self._conclude(running, ending, now)
        finally:  # whatever its caller makes of the answer
            self._running = None
            self.state = following
            if following is State.DEAD:
                self._bury("the runtime gave up")
            self.idle_since = now
            self.owner.finished(self)

    def _init_frame(self, frame: Frame) -> None:
        """READY, INIT_DONE, or the ERROR of an INIT; the state has been moved already."""
        if self.state is State.POOLED:
            self.owner.pooled(self)
        elif self.state is State.READY:
            self._init_over(InitDone(self._since(self.assigned_at)))
        else:
            self._sandbox.drain_logs()
            payload = failures.RESPONSE_TOO_LARGE if frame.payload is None else frame.payload
            self._init_over(InitFailed(self._since(self.assigned_at), payload))
            self._bury("INIT failed")
            self.owner.died(self)

    def _on_end(self, reason: str) -> None:
        """The sandbox closed its socket, or sent what is no frame (`reason`)."""
        if reason:
            self._breach(reason)
        elif self.state not in (State.POOLED, State.READY, State.FROZEN):
            # How it ended is on its way; an idle one must not be given to anyone meanwhile.
            self._loop.call_later(EXIT_GRACE_S, self._exit_overdue)
        else:
            self._die("closed its socket")

    def _on_exit(self, status: int) -> None:
        """The runtime ended; extensions are left in the sandbox."""
        self._sandbox.drain_frames()
        if self.state is not State.DEAD:
            self._exited(Exit(status))

    def _exit_overdue(self) -> None:
        if self.state is not State.DEAD:
            self._breach("closed its socket and runs on")

    def _breach(self, what: str) -> None:
        """Not of the protocol. To the client that is a runtime which ended without a reason."""
        if self.state is not State.DEAD:
            logger.warning("sandbox %s: %s", self.id, what)
            self._exited(Exit(None))

    def _outdate(self) -> None:
        """Idle, it ends now; otherwise its owner ends it when it is done."""
        self.is_outdated = True
        if self._running is None and self.state in (State.READY, State.FROZEN):
            self._die(OUTDATED)

    # --- ends -------------------------------------------------------------------------------------------------

    def _check_deadline(self) -> None:
        """One timer serves many invocations: it finds out whether the present one is due, and re-arms itself."""
        self._timer = None
        running = self._running
        if running is None:
            return
        left_s = running.deadline - self._clock.monotonic()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._check_deadline)
            return
        self._sandbox.drain_logs()
        request_id = running.invocation.request_id
        self._fail(running, failures.timed_out(request_id, self.spec.timeout_s, self._now_ms()))

    def _fail(self, running: Running, failure: Failure) -> None:
        """The platform ends the invocation, and the environment with it."""
        ending = Ending.by(failure)
        try:
            self._conclude(running, ending, self._clock.monotonic())
        finally:
            self._running = None
            self.state = State.DEAD
            self._bury(failure.error_type)
            self.owner.finished(self)

    def _conclude(self, running: Running, ending: Ending, now: float) -> None:
        conclude(
            running.invocation,
            self.spec,
            self.log,
            ending,
            duration_ms=(now - running.started) * 1000,
            init_ms=running.init_ms,
            restore_ms=running.restore_ms,
            peak_mib=self._sandbox.peak_mib(),
            now_ms=self._clock.calendar_ms(),
            observer=self._observer,
            done=running.done,
        )

    def _init_over(self, result: InitResult) -> None:
        if isinstance(result, InitFailed):
            self._sandbox.peak_mib()  # the call's REPORT tells it, when the sandbox is gone
        if self._init is not None and not self._init.done():
            self._init.set_result(result)

    def _die(self, why: str, failure: type[SandboxFailed] = SandboxLost) -> None:
        """End it. Whoever still waits for INIT or an answer is told that the platform failed."""
        if self.state is State.DEAD:
            return
        self.state = State.DEAD
        self._bury(why)
        if self._init is not None and not self._init.done():
            self._init.set_exception(failure(why))
        running, self._running = self._running, None
        if running is None:
            self.owner.died(self)
            return
        self.log.flush()
        self.owner.finished(self)
        running.done(SandboxFailed(why))

    def _bury(self, why: str) -> None:
        self.why_dead = why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._expiry is not None:
            self._expiry.cancel()
        self._sandbox.kill(why, self._now_ms())
        self._sandbox.close()

    @property
    def _gathers(self) -> bool:
        """Whether each call leaves something behind in its memory, whatever the function does."""
        return self._sandbox.is_executed or not self.spec.runtime.startswith("python")

    # --- small change -----------------------------------------------------------------------------------------

    def _move(self, cause: Cause) -> None:
        """A move of our own: that it is not allowed is our mistake."""
        following = after(self.state, cause)
        if following is None:
            raise RuntimeError(f"{cause.name} while {self.state.name}")
        self.state = following

    def _since(self, started: float) -> float:
        return (self._clock.monotonic() - started) * 1000

    def _now_ms(self) -> int:
        return self._clock.calendar_ms()


def _whole(pieces: AnswerPieces) -> Ending:
    """The end of an answer in pieces."""
    payload = pieces.whole()
    if payload is None:
        return Ending(failures.RESPONSE_TOO_LARGE, is_error=True)
    return Ending(payload, is_error=False)


def _cause(frame: Frame) -> Cause | None:
    if frame.type == FrameType.ERROR and frame.request_id == NO_REQUEST:
        return Cause.LAST_ERROR_FRAME
    return _FRAME_CAUSES.get(frame.type)
