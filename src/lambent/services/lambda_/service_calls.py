"""Functions for other services (`core.ports.Functions`): API Gateway, log groups and alarms call them so.

Whether they may is decided by the policies of the platform, like everything: the function's resource policy has to name
the service, or a role that the service takes on has to allow the call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from lambent.core import ids, trace
from lambent.core.context import Principal, Scope
from lambent.core.errors import AccessDenied, RequestTooLarge, ServiceError
from lambent.core.ports import FunctionAnswer, FunctionStream
from lambent.services.lambda_.errors import ResourceNotFound
from lambent.services.lambda_.invocations import MAX_EVENT_BYTES
from lambent.services.lambda_.names import FunctionRef

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.ports import Answered, AssumedRoles, Authority, ServiceCaller
    from lambent.services.lambda_.async_invocations import AsyncInvocations
    from lambent.services.lambda_.invocations import Invocations, Ran
    from lambent.services.lambda_.response_streams import ResponseStreams

_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]{1,64})(?::([^:]+))?"
)
_ACTION = "lambda:InvokeFunction"
# What API Gateway calls its own sessions.
_SESSION = "BackplaneAssumeRoleSession"


@lru_cache(1024)
def _ref(arn: str) -> FunctionRef | None:
    """The function that an ARN names; None where it names none."""
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    region, account_id, name, qualifier = match.groups(default="")
    return FunctionRef(Scope(account_id, region), name, qualifier)


@lru_cache(64)
def _service(name: str) -> Principal:
    """A service as itself."""
    return Principal("service", arn=name)


@dataclass(frozen=True, slots=True)
class ServiceCalls:
    """Implements `core.ports.Functions`.

    Args:
        authority: what callers may do; None lets everybody (`auth = "open"`).
        roles: makes the sessions of roles that services take on.
    """

    invocations: Invocations
    streams: ResponseStreams
    accepting: AsyncInvocations
    authority: Authority | None
    roles: AssumedRoles | None
    clock: Clock

    async def check(self, arn: str, caller: ServiceCaller) -> None:
        await self.invocations.require(self._permitted(arn, caller))

    async def invoke(
        self, arn: str, payload: bytes, caller: ServiceCaller, trace_id: str
    ) -> FunctionAnswer:
        ref = self._permitted(arn, caller)
        if len(payload) > MAX_EVENT_BYTES:
            raise RequestTooLarge(f"an event of {len(payload)} bytes")
        return _answer_of(await self.invocations.call(ref, payload, ids.request_id(), trace_id))

    async def stream(
        self, arn: str, payload: bytes, caller: ServiceCaller, trace_id: str
    ) -> FunctionStream:
        ref = self._permitted(arn, caller)
        if len(payload) > MAX_EVENT_BYTES:
            raise RequestTooLarge(f"an event of {len(payload)} bytes")
        request_id = ids.request_id()
        stream = await self.streams.open(ref, payload, request_id, trace_id)
        return FunctionStream(stream, stream.abandon, stream.has_failed, request_id)

    def begin(
        self,
        arn: str,
        payload: bytes,
        caller: ServiceCaller,
        trace_id: str,
        done: Answered,
    ) -> bool:
        ref = self._permitted(arn, caller)
        if len(payload) > MAX_EVENT_BYTES:
            raise RequestTooLarge(f"an event of {len(payload)} bytes")
        return self.invocations.begin_call(
            ref, payload, ids.request_id(), trace_id, partial(_answer, done)
        )

    async def send(
        self, arn: str, payload: bytes, caller: ServiceCaller, trace_id: str = ""
    ) -> None:
        ref = self._permitted(arn, caller)
        now_ms = self.clock.calendar_ms()
        await self.accepting.put(
            ref,
            payload,
            request_id=ids.request_id(),
            now_ms=now_ms,
            trace_id=trace_id or trace.fresh(now_ms // 1000),
        )

    def _permitted(self, arn: str, caller: ServiceCaller) -> FunctionRef:
        ref = _ref(arn)
        if ref is None:
            raise ResourceNotFound(f"Function not found: {arn}")
        if self.authority is not None and not self._is_allowed(self.authority, arn, caller):
            who = caller.role_arn or caller.principal
            raise AccessDenied(f"{who} may not invoke {arn} for {caller.source_arn}")
        return ref

    def _is_allowed(self, authority: Authority, arn: str, caller: ServiceCaller) -> bool:
        if not caller.role_arn:
            return authority.allows(_service(caller.principal), _ACTION, arn, caller.keys)
        session = None if self.roles is None else self.roles.assumed(caller, _SESSION)
        return session is not None and authority.allows(session, _ACTION, arn, {})


def _answer(done: Answered, result: Ran | ServiceError) -> None:
    """Tell whoever asked for a call that was begun."""
    done(result if isinstance(result, ServiceError) else _answer_of(result))


def _answer_of(ran: Ran) -> FunctionAnswer:
    outcome = ran.outcome
    return FunctionAnswer(
        outcome.payload, outcome.is_error, ran.request_id, ran.version, ran.trace_id
    )
