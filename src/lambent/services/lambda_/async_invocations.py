"""Invoke with InvocationType Event, and its predecessor InvokeAsync: accepted once the event is on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.core import trace
from lambent.core.errors import RequestTooLarge
from lambent.services.lambda_.events import Event
from lambent.services.lambda_.lineage import extended
from lambent.services.lambda_.names import parse_function_name
from lambent.services.lambda_.payloads import check_event
from lambent.services.lambda_.tenancy import check_tenant
from lambent.services.lambda_.timestamps import calendar_ms

if TYPE_CHECKING:
    from typing import Any

    from lambent.core.context import RequestContext
    from lambent.core.ports import Meter
    from lambent.core.service import Document
    from lambent.services.lambda_.event_queue import EventQueue
    from lambent.services.lambda_.invocations import Invocations
    from lambent.services.lambda_.names import FunctionRef

# "1 MB (asynchronous)" (Lambda quotas, payload).
MAX_EVENT_BYTES = 1_048_576
# "1 request per each asynchronous Event for first 256 KB. Individual event size beyond 256 KB is charged 1 additional
# request for each 64 KB of chunk" (Lambda pricing).
_FIRST_BYTES, _CHUNK_BYTES = 262_144, 65_536


@dataclass(frozen=True, slots=True)
class AsyncInvocations:
    """Accepts events."""

    invocations: Invocations
    queue: EventQueue
    meter: Meter | None = None

    async def accept(
        self,
        context: RequestContext,
        ref: FunctionRef,
        payload: bytes,
        client_context: str,
        tenant_id: str = "",
    ) -> None:
        """Returns when the event is on the disk. Raises RequestTooLarge, ResourceNotFound, InvalidParameterValue."""
        await self.put(
            ref,
            payload,
            request_id=context.request_id,
            now_ms=calendar_ms(context.now),
            trace_id=trace.given(context.http.headers) or trace.fresh(int(context.now.timestamp())),
            client_context=client_context,
            tenant_id=tenant_id,
        )

    async def put(
        self,
        ref: FunctionRef,
        payload: bytes,
        *,
        request_id: str,
        now_ms: int,
        trace_id: str,
        client_context: str = "",
        tenant_id: str = "",
    ) -> None:
        """As `accept`, for callers within the platform."""
        if len(payload) > MAX_EVENT_BYTES:
            raise RequestTooLarge(
                f"{len(payload)} byte payload is too large for the Event invocation type "
                f"(limit {MAX_EVENT_BYTES} bytes)"
            )
        check_tenant(await self.invocations.require(ref), tenant_id)
        await self.queue.accept(
            Event(
                id=request_id,
                account_id=ref.scope.account_id,
                region=ref.scope.region,
                name=ref.name,
                qualifier=ref.qualifier,
                target="",
                request_id=request_id,
                payload=payload,
                client_context=client_context,
                trace_id=extended(trace_id, ref.qualified("").arn),
                sent_ms=now_ms,
                due_ms=now_ms,
                tenant_id=tenant_id,
            )
        )
        surplus = len(payload) - _FIRST_BYTES
        if surplus > 0 and self.meter is not None:
            chunks = -(-surplus // _CHUNK_BYTES)
            self.meter.requests(ref.scope, "lambda", ref.name, "events/on-demand", chunks)

    async def invoke_async(self, context: RequestContext, request: dict[str, Any]) -> Document:
        ref = parse_function_name(request["FunctionName"], context.scope)
        payload: bytes = request["InvokeArgs"] or b"{}"
        await check_event(payload)
        await self.accept(context, ref, payload, "")
        return {"Status": 202}
