"""Integrations: what stands behind a method. A table of types, each an async function of the exchange."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING

import orjson

from lambent.apis.begun_call import BegunCall
from lambent.core.errors import ServiceError
from lambent.core.ports import FunctionAnswer
from lambent.services.apigateway.data_plane.execution_log import shown
from lambent.services.apigateway.data_plane.failures import (
    BAD_JSON,
    INTEGRATION_TIMEOUT,
    Failure,
    misconfigured,
)
from lambent.services.apigateway.data_plane.functions_called import (
    call,
    callee,
    not_called,
    refused_verb,
    tell_request,
)
from lambent.services.apigateway.data_plane.proxy_format import (
    error_message,
    function_answer,
    proxy_event,
)
from lambent.services.apigateway.data_plane.request_mapping import mapped_request
from lambent.services.apigateway.data_plane.response_mapping import Answered, mapped_response
from lambent.services.apigateway.data_plane.streamed_answers import streamed_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from typing import Any

    from lambent.core.clock import Clock
    from lambent.core.http import Response
    from lambent.core.ports import Functions
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.execution_log import ExecutionLog
    from lambent.services.apigateway.data_plane.functions_called import Callee
    from lambent.services.apigateway.data_plane.http_integrations import HttpIntegrations
    from lambent.services.apigateway.data_plane.templates import Templates

    Run = Callable[[Exchange], Awaitable[Response]]
    # Takes the integration's answer for the client, or why there is none.
    Done = Callable[[Response | Exception], None]

# "Integration timeout for Regional APIs: 50 milliseconds - 29 seconds" (quotas).
MAX_TIMEOUT_MS = 29_000
# "You can stream your response for up to 15 minutes" (response transfer modes).
MAX_STREAM_MS = 900_000
# AWS reads the status that a template of a MOCK integration names, whether or not the rest is JSON.
_STATUS = re.compile(rb"\"?statusCode\"?\s*:\s*\"?(\d{3})\b")
_INVOCATION_TYPE = "x-amz-invocation-type"


class Integrations:
    """Runs the integration of a method.

    Args:
        functions: Lambda.
        http: for HTTP and HTTP_PROXY.
    """

    def __init__(
        self, functions: Functions, templates: Templates, http: HttpIntegrations, clock: Clock
    ) -> None:
        self._functions = functions
        self._templates = templates
        self._clock = clock
        self._types: dict[str, Run] = {
            "AWS": self._aws,
            "AWS_PROXY": self._aws_proxy,
            "HTTP": http.mapped,
            "HTTP_PROXY": http.proxied,
            "MOCK": self._mock,
        }

    def begin(self, exchange: Exchange, done: Done) -> bool:
        """The short form of `run`, of a proxy integration with a function, where nobody keeps an execution log: tell
        `done` once, now or later. False, and nothing has happened, for everything else. Raises Failure.
        """
        integration = exchange.method.integration
        if integration.get("type") != "AWS_PROXY" or streams(integration):
            return False
        target = self._callee(exchange)
        self._check_verb(exchange)
        payload = orjson.dumps(proxy_event(exchange))
        told = partial(self._told, exchange, self._clock.monotonic(), done)
        given = (target.arn, payload, target.caller, exchange.trace_id)
        call = partial(self._functions.begin, *given)
        return BegunCall(told).begin(call, _limit_s(integration))

    def _told(
        self,
        exchange: Exchange,
        begun: float,
        done: Done,
        result: FunctionAnswer | Exception,
    ) -> None:
        """How a call ended that was begun."""
        exchange.integration_ms = round((self._clock.monotonic() - begun) * 1000)
        try:
            if isinstance(result, FunctionAnswer):
                _note(exchange, result)
                end: Response | Exception = function_answer(result, exchange)
            elif isinstance(result, ServiceError):
                end = not_called(result)
            else:
                end = _timed_out() if isinstance(result, TimeoutError) else result
        except Exception as error:  # noqa: BLE001 - handed on
            end = error
        done(end)

    async def run(self, exchange: Exchange) -> Response:
        """The integration's answer for the client. Raises Failure."""
        integration = exchange.method.integration
        run = self._types.get(str(integration.get("type")))
        if run is None:
            raise misconfigured(f"Unknown integration type {integration.get('type')}")
        try:
            # What is called goes on, as on AWS; only its answer is not waited for.
            async with asyncio.timeout(_limit_s(integration)):
                return await run(exchange)
        except TimeoutError:
            raise _timed_out() from None

    # --- Lambda ---

    async def _aws_proxy(self, exchange: Exchange) -> Response:
        target = self._callee(exchange)
        payload = orjson.dumps(proxy_event(exchange))
        if streams(exchange.integration):
            return await self._streamed(exchange, target, payload)
        return function_answer(await self._call(exchange, target, payload), exchange)

    async def _streamed(self, exchange: Exchange, target: Callee, payload: bytes) -> Response:
        """The head of what the function writes, and the rest as it comes."""
        journal = exchange.journal
        if journal is not None:
            tell_request(journal, exchange, target, payload)
        self._check_verb(exchange)
        begun = self._clock.monotonic()
        deadline = asyncio.get_running_loop().time() + _limit_s(exchange.integration)
        try:
            stream = await self._functions.stream(
                target.arn, payload, target.caller, exchange.trace_id
            )
            exchange.integration_status = 200
            exchange.endpoint_request_id = stream.request_id
            response = await streamed_answer(stream, deadline)
        except ServiceError as error:
            raise not_called(error) from error
        finally:
            exchange.integration_ms = round((self._clock.monotonic() - begun) * 1000)
        exchange.backend_status = response.status
        return response

    async def _aws(self, exchange: Exchange) -> Response:
        uri = str(exchange.integration.get("uri", ""))
        if ":lambda:path/" not in uri:
            service = uri.split(":")[4] if uri.count(":") > 4 else uri
            raise misconfigured(f"Integrations with the service {service!r} are not implemented")
        target = self._callee(exchange)
        mapped = await mapped_request(exchange, self._templates)
        payload = mapped.body or b"{}"
        try:
            orjson.loads(payload)
        except orjson.JSONDecodeError:
            raise _not_json(exchange) from None
        types = [v[-1] for name, v in mapped.headers.items() if name.lower() == _INVOCATION_TYPE]
        if "Event" in types or uri.rstrip("/").endswith("/invoke-async"):
            return await self._send(exchange, target, payload)
        answer = await self._call(exchange, target, payload)
        subject = error_message(answer.payload) if answer.is_error else ""
        answered = Answered(200, answer.payload, subject)
        return await mapped_response(exchange, answered, self._templates)

    def _callee(self, exchange: Exchange) -> Callee:
        exchange.uses_lambda = True
        known, key = exchange.plan.callees, (exchange.method, exchange.request.method)
        found = known.get(key)
        if found is None:
            integration = exchange.integration
            credentials = integration.get("credentials") or ""
            uri = str(integration.get("uri", ""))
            found = known[key] = callee(exchange, uri, credentials, exchange.source_arn)
        return found

    def _check_verb(self, exchange: Exchange) -> None:
        """Functions are called with POST; "ANY" hands on the verb of the client. Raises Failure."""
        verb = exchange.integration.get("httpMethod") or "POST"
        if (exchange.request.method if verb == "ANY" else verb) != "POST":
            exchange.integration_status = 403
            raise refused_verb(exchange.journal, self._clock.calendar())

    async def _call(self, exchange: Exchange, target: Callee, payload: bytes) -> FunctionAnswer:
        journal = exchange.journal
        if journal is not None:
            tell_request(journal, exchange, target, payload)
        self._check_verb(exchange)
        begun = self._clock.monotonic()
        try:
            answer = await call(self._functions, target, payload, exchange.trace_id)
        finally:
            exchange.integration_ms = round((self._clock.monotonic() - begun) * 1000)
        _note(exchange, answer)
        if journal is not None:
            _tell_answer(journal, exchange, answer, self._clock.calendar())
        return answer

    async def _send(self, exchange: Exchange, target: Callee, payload: bytes) -> Response:
        """An invocation that nobody waits for. Lambda answers 202, without a body."""
        self._check_verb(exchange)
        try:
            await self._functions.send(target.arn, payload, target.caller, exchange.trace_id)
        except ServiceError as error:
            raise not_called(error) from error
        exchange.integration_status = 202
        return await mapped_response(exchange, Answered(202, b"", ""), self._templates)

    # --- MOCK ---

    async def _mock(self, exchange: Exchange) -> Response:
        mapped = await mapped_request(exchange, self._templates)
        match = _STATUS.search(mapped.body)
        if match is None:
            raise misconfigured(
                "Unable to parse statusCode. It should be an integer that is defined in the request template."
            )
        status = int(match[1])
        exchange.integration_ms, exchange.integration_status = 0, status
        answered = Answered(status, b"", str(status))
        return await mapped_response(exchange, answered, self._templates)


def streams(integration: Mapping[str, Any]) -> bool:
    """Does its answer go out as it comes?"""
    return integration.get("responseTransferMode") == "STREAM"


def _limit_s(integration: Mapping[str, Any]) -> float:
    """How long its answer is waited for, or the beginning of one that goes out as it comes."""
    longest = MAX_STREAM_MS if streams(integration) else MAX_TIMEOUT_MS
    return min(integration.get("timeoutInMillis") or longest, longest) / 1000


def _note(exchange: Exchange, answer: FunctionAnswer) -> None:
    """Keep what logs and headers say of a function's answer."""
    exchange.integration_status = 200
    exchange.answered_trace = answer.trace_id
    exchange.endpoint_request_id = answer.request_id


def _timed_out() -> Failure:
    return Failure(INTEGRATION_TIMEOUT, log="Execution failed due to a timeout error")


def _tell_answer(
    journal: ExecutionLog, exchange: Exchange, answer: FunctionAnswer, now: datetime
) -> None:
    latency = exchange.integration_ms
    journal.info(f"Received response. Status: 200, Integration latency: {latency} ms")
    headers = {
        "Date": f"{now:%a, %d %b %Y %H:%M:%S GMT}",
        "Content-Type": "application/json",
        "Content-Length": str(len(answer.payload)),
        "Connection": "keep-alive",
        "x-amzn-RequestId": answer.request_id,
        **({"X-Amz-Function-Error": "Unhandled"} if answer.is_error else {}),
        "x-amzn-Remapped-Content-Length": "0",
        "X-Amz-Executed-Version": answer.version,
        "X-Amzn-Trace-Id": answer.trace_id,
    }
    journal.data(f"Endpoint response headers: {shown(headers)}")
    text = answer.payload.decode(errors="replace")
    journal.data(f"Endpoint response body before transformations: {text}")


def _not_json(exchange: Exchange) -> Failure:
    """Lambda refuses an event that is no JSON with 400, which no pattern of ours has to fit."""
    exchange.integration_status = 400
    return Failure(
        BAD_JSON,
        log="Lambda invocation failed with status: 400. The request body is not JSON.",
    )
