"""What the execution plane is asked to run and what it answers: plain values, no AWS types.

Names of functions, ARNs and log groups are opaque text here; they are handed to the handler's context and never read.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lambent.execution.answer_stream import AnswerStream

    # The methods of an `Observer`.
    Told = Callable[["FunctionSpec", "Invocation", "Outcome", int], None]
    ToldThrottled = Callable[["FunctionSpec", "Invocation", int], None]

# How environments are initialised, in AWS's words (AWS_LAMBDA_INITIALIZATION_TYPE).
ON_DEMAND = "on-demand"
PROVISIONED = "provisioned-concurrency"
SNAP_START = "snap-start"
# Between the key of a version and a tenant. Neither names of functions nor tenants can hold it.
_TENANT = "#"


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """Everything an environment is made from. Two specs with one `key` are the same version at the same revision.

    `code` and `layers` are digests of sealed trees. `environment` holds the function's own variables; the plane
    adds the reserved ones. `timeout_s` is in seconds, `memory_mib` and `ephemeral_storage_mib` (/tmp) in MiB (what
    AWS calls MB). `role` names whose credentials it gets, `account_id` whose concurrency limit counts its
    invocations. `log_format` is Text or JSON; the two levels have an effect in JSON alone. `initialization`
    SNAP_START: environments are forked from a template. `tenant_id`: whom alone its environments serve. `compiles`:
    instead of the handler it runs what compiles its code (`runtimes/python/compiler.py`).
    """

    key: str
    runtime: str
    handler: str
    code: str
    memory_mib: int
    timeout_s: int
    function_name: str
    function_version: str
    function_arn: str
    region: str
    log_group: str
    layers: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    account_id: str = ""
    ephemeral_storage_mib: int = 512
    initialization: str = ON_DEMAND
    log_format: str = "Text"
    application_log_level: str = "INFO"
    role: str = ""
    system_log_level: str = "INFO"
    compiles: bool = False
    architecture: str = "x86_64"  # what it is billed as
    tenant_id: str = ""

    def for_tenant(self, tenant_id: str) -> FunctionSpec:
        """The same version with environments of this tenant's own."""
        return replace(self, key=f"{self.key}{_TENANT}{tenant_id}", tenant_id=tenant_id)


# Not frozen: one is made per call, and a frozen one costs 1.2 us instead of 0.3.
@dataclass(slots=True)
class Invocation:
    """One call. `payload` is the event's JSON as the client sent it; it passes through unread.

    A handler that streams its answer feeds `stream`; without one its pieces are gathered and are the answer. Where an
    invocation is recorded as a span, `trace_id` (a header) names that as the parent; `caller_trace` is the caller's.
    `is_sampled`: REPORT names the trace. Whoever does not want the log with the outcome is told sooner: before it is
    written.
    """

    request_id: str
    payload: bytes
    invoked_function_arn: str
    client_context: str = ""
    trace_id: str = ""
    stream: AnswerStream | None = None
    caller_trace: str = ""
    wants_log: bool = True
    is_sampled: bool = False


# Not frozen: one is made per call, and a frozen one costs 1.2 us instead of 0.3.
@dataclass(slots=True)
class Outcome:
    """How a call ended. `is_error` is AWS's FunctionError; the payload is then the error object.

    Times in milliseconds; `init_ms` only where this call waited for an INIT. `log` holds the call's lines,
    START, END and REPORT included, where the invocation wants them.
    """

    payload: bytes
    is_error: bool
    log: bytes
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    peak_memory_mib: int


def is_of_tenant(key: str, of: str) -> bool:
    """Whether `key` is that of a tenant of the version with the key `of`."""
    return key.startswith(of + _TENANT)


class Observer(Protocol):
    """Is told of every invocation, for metrics and the bill. Called all the time: cheap, never waits, never raises.

    `now_ms` is the calendar.
    """

    def answers(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        """It is over, and its caller has not been told yet: for what must not be lost once it has."""
        ...

    def ended(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        """Its caller has been told. It still counts as running."""
        ...

    def throttled(self, spec: FunctionSpec, invocation: Invocation, now_ms: int) -> None:
        """It was not let in."""
        ...


class Nobody:
    """An observer that does not look."""

    def answers(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        pass

    def ended(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        pass

    def throttled(self, spec: FunctionSpec, invocation: Invocation, now_ms: int) -> None:
        pass


NOBODY = Nobody()


class Observers:
    """Several that are told as one observer, in this order. Args: who is told what, as `Observer` has it."""

    def __init__(
        self, *, answers: Sequence[Told], ended: Sequence[Told], throttled: Sequence[ToldThrottled]
    ) -> None:
        self.answers: Told = _telling(answers)
        self.ended: Told = _telling(ended)
        self.throttled: ToldThrottled = _telling(throttled)


def _telling(told: Sequence[Callable[..., None]]) -> Callable[..., None]:
    """What tells all of them; the only one itself, for most invocations tell one."""
    if len(told) == 1:
        return told[0]

    def tell(*facts: object) -> None:
        for each in told:
            each(*facts)

    return tell


class Throttled(Exception):
    """No environment may be started for this call now. Args: AWS's reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RuntimeUnavailable(Exception):
    """No interpreter on this host serves the runtime. The text says what was looked for."""


class SandboxFailed(Exception):
    """The platform could not start or keep a sandbox; the function is not to blame (AWS: 500 ServiceException).

    The text says what happened, for the log.
    """


class SandboxLost(SandboxFailed):
    """It ended before anything of the function ran. Another one can be had."""


class InitializationFailed(Exception):
    """The function's own INIT fails, so no environment of it can be kept ready. The text is the type of the error."""


class SnapshotRefused(Exception):
    """No environments can be forked from what the function's INIT leaves, or on this host. The text says why."""


class RestoreFailed(Exception):
    """The function's after-restore hook failed (AWS: 400 SnapStartException)."""


class RestoreTimedOut(Exception):
    """The function's after-restore hooks took too long (AWS: 408 SnapStartTimeoutException)."""


class SealFailed(Exception):
    """The spawner would not seal a staged code tree. The text says why."""
