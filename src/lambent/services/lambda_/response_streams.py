"""InvokeWithResponseStream: the answer goes out as the handler writes it.

A handler that does not stream answers in one piece. What fails before the first piece is an ordinary error of the
operation; what fails later, and a function's own error, is told by the last event, InvokeComplete, because the answer's
head is long gone.
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

from lambent.core.errors import ServiceError
from lambent.core.http import DroppableBody
from lambent.execution.answer_stream import AnswerStream
from lambent.execution.spec import Invocation
from lambent.services.lambda_.invocations import LOG_TAIL_BYTES, event_of, unforeseen
from lambent.services.lambda_.names import parse_function_name
from lambent.services.lambda_.payloads import client_context
from lambent.services.lambda_.tenancy import check_tenant, spec_for
from lambent.services.lambda_.unserved import refuse_unserved

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from types_boto3_lambda.type_defs import InvokeWithResponseStreamRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.execution.spec import FunctionSpec, Outcome
    from lambent.services.lambda_.invocations import Invocations
    from lambent.services.lambda_.names import FunctionRef


class ResponseStreams:
    """The operation, and the invocations whose answers are on their way."""

    def __init__(self, invocations: Invocations) -> None:
        self._invocations = invocations
        self._tasks: set[asyncio.Task[None]] = set()

    async def invoke_with_response_stream(
        self, context: RequestContext, request: InvokeWithResponseStreamRequestTypeDef
    ) -> Document:
        refuse_unserved("InvokeWithResponseStream", request)
        ref = parse_function_name(
            request["FunctionName"], context.scope, request.get("Qualifier", "")
        )
        payload = await event_of(request)
        identity = client_context(request.get("ClientContext", ""))
        entry = await self._invocations.invocable(ref)
        spec = spec_for(entry, request.get("TenantId", ""))
        if request.get("InvocationType") == "DryRun":
            return {"StatusCode": 204}
        stream = AnswerStream(asyncio.get_running_loop())
        invocation = Invocation(
            request_id=context.request_id,
            payload=payload,
            invoked_function_arn=f"{entry.arn}:{ref.qualifier}" if ref.qualifier else entry.arn,
            client_context=identity,
            stream=stream,
            wants_log=request.get("LogType") == "Tail",
        )
        self._invocations.mark(invocation, context, entry)
        await self._begin(spec, invocation, stream)
        return {
            "StatusCode": 200,
            "ExecutedVersion": entry.spec.function_version,
            "EventStream": DroppableBody(
                _events(stream, wants_log=invocation.wants_log), stream.abandon
            ),
        }

    async def open(
        self, ref: FunctionRef, payload: bytes, request_id: str, trace: str
    ) -> AnswerStream:
        """For callers within the platform: the answer, once it has begun. Raises as Invoke."""
        entry = await self._invocations.invocable(ref)
        check_tenant(entry.function, "")
        stream = AnswerStream(asyncio.get_running_loop())
        arn = f"{entry.arn}:{ref.qualifier}" if ref.qualifier else entry.arn
        invocation = Invocation(request_id, payload, arn, stream=stream, wants_log=False)
        self._invocations.tracing.mark(invocation, trace, entry)
        await self._begin(entry.spec, invocation, stream)
        return stream

    async def stop(self) -> None:
        """Wait for what is on its way; the plane ends it."""
        await asyncio.gather(*self._tasks)

    async def _begin(
        self, spec: FunctionSpec, invocation: Invocation, stream: AnswerStream
    ) -> None:
        """Returns when the answer begins. Raises ServiceError where there will be none."""
        # A task of its own: a client that leaves must not end the invocation.
        task = asyncio.create_task(self._run(spec, invocation, stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await stream.begun()
        except BaseException:  # nobody waits any more
            stream.abandon()
            raise
        if isinstance(stream.outcome, Exception):
            raise stream.outcome

    async def _run(self, spec: FunctionSpec, invocation: Invocation, stream: AnswerStream) -> None:
        try:
            stream.finish(await self._invocations.run(spec, invocation))
        except ServiceError as error:
            stream.finish(error)
        except Exception as error:  # noqa: BLE001 - the boundary of a task: who reads is told
            stream.finish(unforeseen(invocation, error))


async def _events(
    stream: AnswerStream, *, wants_log: bool
) -> AsyncGenerator[dict[str, object] | ServiceError, None]:
    """PayloadChunk for each piece, then InvokeComplete."""
    try:
        async for piece in stream:
            yield {"PayloadChunk": {"Payload": piece}}
        outcome = stream.outcome
        if isinstance(outcome, ServiceError):
            yield outcome
            return
        assert outcome is not None
        assert not isinstance(outcome, Exception)
        if outcome.payload and not outcome.is_error:
            yield {"PayloadChunk": {"Payload": outcome.payload}}
        yield {"InvokeComplete": _complete(outcome, wants_log=wants_log)}
    finally:
        stream.abandon()


def _complete(outcome: Outcome, *, wants_log: bool) -> dict[str, str]:
    document = {}
    if outcome.is_error:
        # From the sandbox, so it may be anything.
        details = outcome.payload.decode("utf-8", "replace")
        document = {"ErrorCode": "Unhandled", "ErrorDetails": details}
    if wants_log:
        document["LogResult"] = base64.b64encode(outcome.log[-LOG_TAIL_BYTES:]).decode()
    return document
