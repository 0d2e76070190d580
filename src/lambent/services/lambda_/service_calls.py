"""Functions for other services (`core.ports.Functions`): API Gateway calls them so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.core.context import RequestContext, Scope
from lambent.core.errors import AccessDenied, RequestTooLarge
from lambent.core.http import BytesBody, Headers, Request
from lambent.core.ports import FunctionAnswer
from lambent.services.lambda_.errors import ResourceNotFound
from lambent.services.lambda_.invocations import MAX_EVENT_BYTES
from lambent.services.lambda_.names import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.ports import Authority
    from lambent.services.lambda_.invocations import Invocations

    Accept = Callable[[RequestContext, FunctionRef, bytes, str], Awaitable[None]]

_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]{1,64})(?::([^:]+))?"
)
_ACTION = "lambda:InvokeFunction"


@dataclass(frozen=True, slots=True)
class ServiceCalls:
    """Implements `core.ports.Functions`.

    Args:
        accept: puts an event into the queue of asynchronous invocations.
        authority: what callers may do; None lets everybody (`auth = "open"`).
    """

    invocations: Invocations
    accept: Accept
    authority: Authority | None
    clock: Clock

    async def invoke(
        self, arn: str, payload: bytes, caller: Principal, keys: Mapping[str, str], trace_id: str
    ) -> FunctionAnswer:
        ref = self._permitted(arn, caller, keys)
        if len(payload) > MAX_EVENT_BYTES:
            raise RequestTooLarge(f"an event of {len(payload)} bytes")
        outcome, _ = await self.invocations.call(ref, payload, ids.request_id(), trace_id)
        return FunctionAnswer(outcome.payload, outcome.is_error)

    async def send(
        self, arn: str, payload: bytes, caller: Principal, keys: Mapping[str, str], trace_id: str
    ) -> None:
        ref = self._permitted(arn, caller, keys)
        http = Request("POST", "/", "", Headers([("X-Amzn-Trace-Id", trace_id)]), BytesBody())
        now = self.clock.calendar()
        context = RequestContext(ids.request_id(), "lambda", "Invoke", ref.scope, caller, now, http)
        await self.accept(context, ref, payload, "")

    def _permitted(self, arn: str, caller: Principal, keys: Mapping[str, str]) -> FunctionRef:
        match = _ARN.fullmatch(arn)
        if match is None:
            raise ResourceNotFound(f"Function not found: {arn}")
        region, account_id, name, qualifier = match.groups(default="")
        if self.authority is not None and not self.authority.allows(caller, _ACTION, arn, keys):
            raise AccessDenied(f"{caller.arn} may not invoke {arn}")
        return FunctionRef(Scope(account_id, region), name, qualifier)
