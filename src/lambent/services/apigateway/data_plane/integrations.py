"""Integrations: what stands behind a method. A table of types, each an async function of the exchange."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import orjson

from lambent.core.errors import ServiceError
from lambent.services.apigateway.data_plane.execution_log import shown
from lambent.services.apigateway.data_plane.failures import (
    BAD_GATEWAY,
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
from lambent.services.apigateway.data_plane.proxy_format import proxy_answer, proxy_event
from lambent.services.apigateway.data_plane.request_mapping import mapped_request
from lambent.services.apigateway.data_plane.response_mapping import Answered, mapped_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from lambent.core.clock import Clock
    from lambent.core.http import Response
    from lambent.core.ports import FunctionAnswer, Functions
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.execution_log import ExecutionLog
    from lambent.services.apigateway.data_plane.functions_called import Callee
    from lambent.services.apigateway.data_plane.http_integrations import HttpIntegrations
    from lambent.services.apigateway.data_plane.templates import Templates

    Run = Callable[[Exchange], Awaitable[Response]]

# "Integration timeout for Regional APIs: 50 milliseconds - 29 seconds" (quotas).
MAX_TIMEOUT_MS = 29_000
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

    async def run(self, exchange: Exchange) -> Response:
        """The integration's answer for the client. Raises Failure."""
        integration = exchange.method.integration
        run = self._types.get(str(integration.get("type")))
        if run is None:
            raise misconfigured(f"Unknown integration type {integration.get('type')}")
        timeout_ms = integration.get("timeoutInMillis") or MAX_TIMEOUT_MS
        timeout_ms = min(timeout_ms, MAX_TIMEOUT_MS)
        try:
            # What is called goes on, as on AWS; only its answer is not waited for.
            async with asyncio.timeout(timeout_ms / 1000):
                return await run(exchange)
        except TimeoutError:
            log = "Execution failed due to a timeout error"
            raise Failure(INTEGRATION_TIMEOUT, log=log) from None

    # --- Lambda ---

    async def _aws_proxy(self, exchange: Exchange) -> Response:
        target = self._callee(exchange)
        payload = orjson.dumps(proxy_event(exchange))
        answer = await self._call(exchange, target, payload)
        if answer.is_error:
            message = _error_message(answer.payload)
            raise Failure(
                BAD_GATEWAY,
                log=f"Lambda execution failed with status 200 due to customer function error: {message}. "
                f"Lambda request id: {answer.request_id}",
            )
        return proxy_answer(answer.payload, exchange)

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
        subject = _error_message(answer.payload) if answer.is_error else ""
        answered = Answered(200, answer.payload, subject)
        return await mapped_response(exchange, answered, self._templates)

    def _callee(self, exchange: Exchange) -> Callee:
        exchange.uses_lambda = True
        source_arn, known = exchange.source_arn, exchange.plan.callees
        found = known.get((exchange.method, source_arn))
        if found is None:
            integration = exchange.integration
            credentials = integration.get("credentials") or ""
            found = callee(exchange, str(integration.get("uri", "")), credentials, source_arn)
            known[exchange.method, source_arn] = found
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
        exchange.integration_status = 200
        exchange.answered_trace = answer.trace_id
        exchange.endpoint_request_id = answer.request_id
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


def _error_message(payload: bytes) -> str:
    """What selection patterns are held against ("errorMessage"); the whole where it has none."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        document = None
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return message if isinstance(message, str) else payload.decode(errors="replace")


def _not_json(exchange: Exchange) -> Failure:
    """Lambda refuses an event that is no JSON with 400, which no pattern of ours has to fit."""
    exchange.integration_status = 400
    return Failure(
        BAD_JSON,
        log="Lambda invocation failed with status: 400. The request body is not JSON.",
    )
