"""Invoke. A warm call asks no database and waits for nothing but the function itself."""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lambent.core import ids, trace
from lambent.core.errors import InternalFailure, RequestTooLarge, ServiceError
from lambent.execution.spec import (
    Invocation,
    RestoreFailed,
    RestoreTimedOut,
    RuntimeUnavailable,
    SandboxFailed,
    Throttled,
)
from lambent.services.lambda_.errors import (
    ExecutionFailed,
    InvalidRuntime,
    ResourceConflict,
    SnapStartFailed,
    SnapStartNotReady,
    SnapStartTimedOut,
    TooManyRequests,
)
from lambent.services.lambda_.names import LATEST, not_found, parse_function_name
from lambent.services.lambda_.payloads import (
    INLINE_LIMIT,
    check_event,
    client_context,
    json_fault,
    refuse_fault,
)
from lambent.services.lambda_.settling import PATIENCE_S
from lambent.services.lambda_.tenancy import check_tenant, spec_for
from lambent.services.lambda_.unserved import refuse_unserved

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from types_boto3_lambda.type_defs import (
        InvocationRequestTypeDef,
        InvokeWithResponseStreamRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.service import Document, Done
    from lambent.execution.spec import FunctionSpec, Outcome
    from lambent.services.lambda_.model import Function, Key
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.ports import Plane
    from lambent.services.lambda_.registry import Invocable, Registry, Target
    from lambent.services.lambda_.settling import Settling
    from lambent.services.lambda_.snap_start import Snapshots
    from lambent.services.lambda_.tracing import Tracing

_log = logging.getLogger(__name__)
_WAITS = "RequestResponse"
# "6 MB each for request and response (synchronous)" (Lambda quotas).
MAX_EVENT_BYTES = 6_291_456
# Of the plane, with words of their own.
_FAILURES = (Throttled, RuntimeUnavailable, RestoreFailed, RestoreTimedOut, SandboxFailed)
# "The last 4 KB of the execution log" (Lambda API reference, Invoke, LogResult).
LOG_TAIL_BYTES = 4096


class Ran(NamedTuple):
    """The outcome of an invocation, its id, the version that ran, and the trace header that it found."""

    outcome: Outcome
    request_id: str
    version: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Invocations:
    """The Invoke operation, with what it needs."""

    registry: Registry
    settling: Settling
    snapshots: Snapshots
    plane: Plane
    # Puts an event into the queue of asynchronous invocations.
    accept: Callable[[RequestContext, FunctionRef, bytes, str, str], Awaitable[None]]
    tracing: Tracing

    def begin(self, context: RequestContext, request: InvocationRequestTypeDef, done: Done) -> bool:
        """The short form of `invoke`: a small event, a function in memory."""
        payload = request.get("Payload", b"")
        assert isinstance(payload, bytes), "the protocol hands blobs on as bytes"
        if len(payload) > INLINE_LIMIT or request.get("InvocationType", _WAITS) != _WAITS:
            return False
        scope = context.scope
        qualifier = request.get("Qualifier", "")
        # An ARN is no key; the long form takes it apart.
        key = (scope.account_id, scope.region, request["FunctionName"])
        entry = self._in_memory(key, qualifier) if qualifier else self.registry.get(key)
        if entry is None or entry.function.state != "Active":
            return False
        refuse_unserved("Invoke", request)
        if payload and (fault := json_fault(payload)) is not None:
            refuse_fault(fault)
        identity = request.get("ClientContext", "")
        spec = spec_for(entry, request.get("TenantId", ""))
        invocation = Invocation(
            request_id=context.request_id,
            payload=payload or b"{}",
            invoked_function_arn=f"{entry.arn}:{qualifier}" if qualifier else entry.arn,
            client_context=client_context(identity) if identity else "",
            wants_log=request.get("LogType") == "Tail",
        )
        self.mark(invocation, context, entry)
        self._begin(spec, invocation, partial(_finish, spec, invocation, done))
        return True

    async def invoke(self, context: RequestContext, request: InvocationRequestTypeDef) -> Document:
        refuse_unserved("Invoke", request)
        invocation_type = request.get("InvocationType", _WAITS)
        ref = parse_function_name(
            request["FunctionName"], context.scope, request.get("Qualifier", "")
        )
        payload = await event_of(request)
        identity = client_context(request.get("ClientContext", ""))
        tenant_id = request.get("TenantId", "")
        if invocation_type == "Event":
            await self.accept(context, ref, payload, identity, tenant_id)
            return {"StatusCode": 202}
        entry = await self.invocable(ref)
        spec = spec_for(entry, tenant_id)
        if invocation_type == "DryRun":
            return {"StatusCode": 204}
        invocation = Invocation(
            request_id=context.request_id,
            payload=payload,
            invoked_function_arn=f"{entry.arn}:{ref.qualifier}" if ref.qualifier else entry.arn,
            client_context=identity,
            wants_log=request.get("LogType") == "Tail",
        )
        self.mark(invocation, context, entry)
        outcome = await self.run(spec, invocation)
        return _answer(outcome, spec.function_version, wants_log=invocation.wants_log)

    async def require(self, ref: FunctionRef) -> Function:
        """The function, or one of the versions behind a qualifier. Raises ResourceNotFound unless there is one."""
        key = (ref.scope.account_id, ref.scope.region, ref.name)
        if ref.is_latest:
            entry = self.registry.get(key) or await self.registry.load(ref.scope, ref.name)
            if entry is None:
                raise not_found(ref.invoked())
            return entry.function
        target = self.registry.target(key, ref.qualifier) or await self.registry.load_target(ref)
        return target.first.function

    async def call(
        self,
        ref: FunctionRef,
        payload: bytes,
        request_id: str,
        trace_id: str,
        *,
        client_context: str = "",
        tenant_id: str = "",
    ) -> Ran:
        """For callers within the platform. Raises as Invoke."""
        entry = await self.invocable(ref)
        spec = spec_for(entry, tenant_id)
        arn = f"{entry.arn}:{ref.qualifier}" if ref.qualifier else entry.arn
        invocation = Invocation(request_id, payload, arn, client_context, wants_log=False)
        self.tracing.mark(invocation, trace_id, entry)
        outcome = await self.run(spec, invocation)
        return Ran(outcome, request_id, spec.function_version, invocation.trace_id)

    def begin_call(
        self,
        ref: FunctionRef,
        payload: bytes,
        request_id: str,
        trace_id: str,
        done: Callable[[Ran | ServiceError], None],
    ) -> bool:
        """The short form of `call`: a function in memory. Raises as Invoke."""
        scope, qualifier = ref.scope, ref.qualifier
        key = (scope.account_id, scope.region, ref.name)
        entry = self._in_memory(key, qualifier) if qualifier else self.registry.get(key)
        if entry is None or entry.function.state != "Active":
            return False
        check_tenant(entry.function, "")
        arn = f"{entry.arn}:{qualifier}" if qualifier else entry.arn
        invocation = Invocation(request_id, payload, arn, "", wants_log=False)
        self.tracing.mark(invocation, trace_id, entry)
        self._begin(entry.spec, invocation, partial(_finish_call, entry.spec, invocation, done))
        return True

    def _begin(
        self,
        spec: FunctionSpec,
        invocation: Invocation,
        done: Callable[[Outcome | Exception], None],
    ) -> None:
        """Raises as `run` what is known at once."""
        try:
            self.plane.begin(spec, invocation, done)
        except _FAILURES as failure:
            raise _refusal(invocation, failure) from failure

    def mark(self, invocation: Invocation, context: RequestContext, entry: Invocable) -> None:
        """Give it the trace header that the function finds."""
        self.tracing.mark(invocation, trace.given(context.http.headers), entry)

    def _in_memory(self, key: Key, qualifier: str) -> Invocable | None:
        if qualifier in {"", LATEST}:
            return self.registry.get(key)
        target = self.registry.target(key, qualifier)
        return None if target is None else _chosen(target)

    async def invocable(self, ref: FunctionRef) -> Invocable:
        """The function, ready to run. Raises ResourceNotFound; ResourceConflict while it will not become Active."""
        key = (ref.scope.account_id, ref.scope.region, ref.name)
        if not ref.is_latest:
            return await self._qualified(key, ref)
        entry = self.registry.get(key) or await self.registry.load(ref.scope, ref.name)
        if entry is not None and entry.function.state == "Pending":
            await asyncio.wait({self.settling.task(entry.function)}, timeout=PATIENCE_S)
            entry = self.registry.get(key)
        if entry is None:
            raise not_found(ref.invoked())
        if entry.function.state == "Pending":
            raise ResourceConflict(
                "The operation cannot be performed at this time. "
                "The function is currently in the following state: Pending"
            )
        return entry

    async def _qualified(self, key: Key, ref: FunctionRef) -> Invocable:
        """As `invocable`, for a version, or for an alias one of its versions by their weights."""
        target = self.registry.target(key, ref.qualifier) or await self.registry.load_target(ref)
        if target.first.function.state == "Pending":
            await self._wait_for_version(target.first.function)
            target = await self.registry.load_target(ref)
        chosen = _chosen(target)
        if chosen.function.awaits_snapshot:
            raise SnapStartNotReady
        if chosen.function.state == "Failed":
            raise ResourceConflict(
                "The operation cannot be performed at this time. "
                "The function is currently in the following state: Failed"
            )
        return chosen

    async def _wait_for_version(self, version: Function) -> None:
        """One that was published with the function itself, or whose snapshot is being made."""
        task = self.snapshots.task(version)
        if task is None:
            latest = await self.registry.load(version.scope, version.name)
            if latest is None:
                return
            task = self.settling.task(latest.function)
        await asyncio.wait({task}, timeout=PATIENCE_S)

    async def run(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """To the end. Raises TooManyRequests, InvalidRuntime, SnapStartFailed, SnapStartTimedOut, ExecutionFailed."""
        try:
            return await self.plane.invoke(spec, invocation)
        except _FAILURES as failure:
            raise _refusal(invocation, failure) from failure


def _chosen(target: Target) -> Invocable:
    """One of the versions behind a qualifier, by their weights."""
    if target.second is not None and ids.fraction() < target.weight:
        return target.second
    return target.first


def _finish(
    spec: FunctionSpec,
    invocation: Invocation,
    done: Done,
    result: Outcome | Exception,
) -> None:
    """Answer an invocation that was begun."""
    if isinstance(result, Exception):
        done(_refusal(invocation, result))
    elif result.is_error or invocation.wants_log:
        done(_answer(result, spec.function_version, wants_log=invocation.wants_log))
    else:
        version = spec.function_version
        done({"StatusCode": 200, "ExecutedVersion": version, "Payload": result.payload})


def _finish_call(
    spec: FunctionSpec,
    invocation: Invocation,
    done: Callable[[Ran | ServiceError], None],
    result: Outcome | Exception,
) -> None:
    """Tell of a call that was begun."""
    if isinstance(result, Exception):
        refusal = _refusal(invocation, result)
        done(refusal if isinstance(refusal, ServiceError) else unforeseen(invocation, refusal))
    else:
        done(Ran(result, invocation.request_id, spec.function_version, invocation.trace_id))


def _refusal(invocation: Invocation, failure: Exception) -> Exception:
    """What Lambda's API makes of a failure of the plane's; of any other, nothing."""
    match failure:
        case Throttled():
            return TooManyRequests(failure.reason)
        case RuntimeUnavailable():
            return InvalidRuntime(str(failure))
        case RestoreFailed():
            return SnapStartFailed()
        case RestoreTimedOut():
            return SnapStartTimedOut()
        case SandboxFailed():
            _log.error("an invocation was not run: %s", failure, extra=_fields(invocation))
            return ExecutionFailed("The function could not be run: see the platform's log.")
    return failure


def unforeseen(invocation: Invocation, error: Exception) -> ServiceError:
    """For those who take no other exceptions."""
    _log.error("an invocation failed", exc_info=error, extra=_fields(invocation))
    return InternalFailure("Internal failure; the log of Lambent has more")


def _fields(invocation: Invocation) -> dict[str, str]:
    return {
        "request_id": invocation.request_id,
        "function": invocation.invoked_function_arn,
    }


async def event_of(
    request: InvocationRequestTypeDef | InvokeWithResponseStreamRequestTypeDef,
) -> bytes:
    """The event as it goes to the function. Nothing sent means an empty object, as on AWS."""
    payload = request.get("Payload", b"")
    assert isinstance(payload, bytes), "the protocol hands blobs on as bytes"
    if not payload:
        return b"{}"
    if len(payload) > MAX_EVENT_BYTES:
        raise RequestTooLarge(
            f"Request must be smaller than {MAX_EVENT_BYTES} bytes for the InvokeFunction operation"
        )
    await check_event(payload)
    return payload


def _answer(outcome: Outcome, version: str, *, wants_log: bool) -> Document:
    document: dict[str, object] = {
        "StatusCode": 200,
        "ExecutedVersion": version,
        "Payload": outcome.payload,
    }
    if outcome.is_error:
        document["FunctionError"] = "Unhandled"
    if wants_log:
        document["LogResult"] = base64.b64encode(outcome.log[-LOG_TAIL_BYTES:]).decode()
    return document
