"""What stands behind a route: a function, or an HTTP backend."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import orjson

from lambent.apis.answer_headers import is_sendable
from lambent.apis.begun_call import BegunCall
from lambent.apis.callers import caller_for, with_stage_variables
from lambent.apis.hosts import climbs
from lambent.apis.http_client import is_the_endpoints
from lambent.core.errors import ServiceError
from lambent.core.http import Response
from lambent.core.ports import FunctionAnswer
from lambent.services.apigatewayv2.data_plane.answers import answer_of
from lambent.services.apigatewayv2.data_plane.events import event_of
from lambent.services.apigatewayv2.data_plane.exchange import Refusal, internal_error
from lambent.services.apigatewayv2.data_plane.mapping import map_request, map_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from lambent.apis.http_client import HttpClient
    from lambent.core.clock import Clock
    from lambent.core.ports import Answered, Functions, ServiceCaller
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange, Fields

    # Takes the integration's answer for the client, or why there is none.
    Done = Callable[[Response | Exception], None]

# "Integration timeout: 30 seconds" (quotas of HTTP APIs).
MAX_TIMEOUT_MS = 30_000
_URI = re.compile(
    r"arn:aws[a-z-]*:apigateway:[^:]+:lambda:path/2015-03-31/functions/(.+)/invocations"
)
_NOT_SENT = frozenset({"host", "content-length"})
_NOT_RETURNED = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"}
)


class Integrations:
    """Runs the integration of a route."""

    def __init__(self, functions: Functions, client: HttpClient, clock: Clock) -> None:
        self._functions = functions
        self._client = client
        self._clock = clock

    def begin(self, exchange: Exchange, done: Done) -> bool:
        """The short form of `run`, for a function that gets the request as it is: tell `done` once, now or later.
        False, and nothing has happened, for everything else.
        """
        integration = exchange.integration
        if integration.get("IntegrationType") != "AWS_PROXY" or integration.get(
            "RequestParameters"
        ):
            return False
        version = str(integration["PayloadFormatVersion"])
        told = partial(self._told, exchange, version, self._clock.monotonic(), done)

        def call(answered: Answered) -> bool:
            arn, caller = _callee(exchange, *_target(integration), exchange.source_arn)
            payload = orjson.dumps(event_of(exchange, version))
            return self._functions.begin(arn, payload, caller, exchange.trace_id, answered)

        return BegunCall(told).begin(call, _limit_s(integration))

    def _told(
        self,
        exchange: Exchange,
        version: str,
        begun: float,
        done: Done,
        result: FunctionAnswer | Exception,
    ) -> None:
        """How a call ended that was begun."""
        exchange.integration_ms = round((self._clock.monotonic() - begun) * 1000)
        end: Response | Exception
        try:
            if isinstance(result, FunctionAnswer):
                end = _function_answer(result, exchange, version)
                map_response(exchange, end)
            elif isinstance(result, ServiceError):
                end = _not_called(result)
            else:
                end = _timed_out() if isinstance(result, TimeoutError) else result
        except Exception as error:  # noqa: BLE001 - handed on
            end = error
        done(end)

    async def run(self, exchange: Exchange) -> Response:
        """The integration's answer for the client. Raises Refusal."""
        integration = exchange.integration
        if not integration:
            raise internal_error("No integration is attached to this route")
        path = map_request(exchange)
        begun = self._clock.monotonic()
        try:
            # What is called goes on, as on AWS; only its answer is not waited for.
            async with asyncio.timeout(_limit_s(integration)):
                if integration["IntegrationType"] == "AWS_PROXY":
                    response = await self._function(exchange)
                else:
                    response = await self._backend(exchange, path)
        except TimeoutError:
            raise _timed_out() from None
        finally:
            exchange.integration_ms = round((self._clock.monotonic() - begun) * 1000)
        map_response(exchange, response)
        return response

    async def _function(self, exchange: Exchange) -> Response:
        integration = exchange.integration
        version = str(integration["PayloadFormatVersion"])
        payload = orjson.dumps(event_of(exchange, version))
        answer = await call(
            self._functions, exchange, *_target(integration), payload, exchange.source_arn
        )
        return _function_answer(answer, exchange, version)

    async def _backend(self, exchange: Exchange, path: str | None) -> Response:
        integration = exchange.integration
        method = str(integration.get("IntegrationMethod") or "ANY")
        try:
            status, headers, body = await self._client.fetch(
                exchange.request.method if method == "ANY" else method,
                _url(exchange, path),
                _sent(exchange),
                exchange.body,
            )
        except TimeoutError:
            raise
        except Exception as error:
            if not is_the_endpoints(error):
                raise
            raise Refusal(
                503, "Service Unavailable", f"The integration cannot be reached: {error}"
            ) from None
        exchange.integration_status = exchange.backend_status = status
        kept = [
            each for each in headers if each[0].lower() not in _NOT_RETURNED and is_sendable(*each)
        ]
        return Response(status, kept, body)


async def call(
    functions: Functions,
    exchange: Exchange,
    uri: str,
    credentials: str,
    payload: bytes,
    source_arn: str,
) -> FunctionAnswer:
    """The answer of the function of a URI. Raises Refusal."""
    arn, caller = _callee(exchange, uri, credentials, source_arn)
    try:
        return await functions.invoke(arn, payload, caller, exchange.trace_id)
    except ServiceError as error:
        raise _not_called(error) from error


def _target(integration: Mapping[str, Any]) -> tuple[str, str]:
    """URI and role of a function."""
    return str(integration["IntegrationUri"]), integration.get("CredentialsArn") or ""


def _limit_s(integration: Mapping[str, Any]) -> float:
    """How long its answer is waited for."""
    return min(integration.get("TimeoutInMillis") or MAX_TIMEOUT_MS, MAX_TIMEOUT_MS) / 1000


def _timed_out() -> Refusal:
    return Refusal(503, "Service Unavailable", "The integration did not answer in time")


def _callee(
    exchange: Exchange, uri: str, credentials: str, source_arn: str
) -> tuple[str, ServiceCaller]:
    """The function of a URI, and in whose name it is called. Raises Refusal."""
    arn = with_stage_variables(uri, exchange.stage_variables)
    match = _URI.fullmatch(arn)
    role = with_stage_variables(credentials, exchange.stage_variables)
    caller = caller_for(role, source_arn, exchange.live.scope.account_id)
    if caller is None:
        raise internal_error("Invalid credentials: the ARN of a role is needed")
    return arn if match is None else match[1], caller


def _function_answer(answer: FunctionAnswer, exchange: Exchange, version: str) -> Response:
    """What a function's answer means, an error too. Raises Refusal."""
    exchange.integration_status = 200
    exchange.endpoint_request_id = answer.request_id
    if answer.is_error:
        raise internal_error("The Lambda function returned an error")
    response = answer_of(answer.payload, version)
    exchange.backend_status = response.status
    return response


def _not_called(error: ServiceError) -> Refusal:
    if error.status == 413:
        return Refusal(413, "Request Entity Too Large", "The event is over Lambda's limit")
    if error.status == 429:
        return Refusal(503, "Service Unavailable", "The Lambda function is throttled")
    return internal_error(
        "The IAM role configured on the integration or API Gateway doesn't have permissions to call "
        "the integration. Check the permissions and try again."
        if error.status in (403, 404)
        else f"Lambda invocation failed with status {error.status}"
    )


def _url(exchange: Exchange, path: str | None) -> str:
    """The URI with stage variables and path parameters filled in, which may not climb. Raises Refusal."""
    uri = with_stage_variables(
        str(exchange.integration["IntegrationUri"]), exchange.stage_variables
    )
    for name, value in exchange.path_parameters.items():
        uri = uri.replace(f"{{{name}}}", quote(value, safe="/~"))
    try:
        parts = urlsplit(uri)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise internal_error("Invalid endpoint address")
    query = "&".join(each for each in (parts.query, urlencode(exchange.query)) if each)
    where = parts.path if path is None else f"/{path.removeprefix('/')}"
    if climbs(where):
        raise Refusal(400, "Bad Request", "The path leads out of the endpoint's")
    return urlunsplit((parts.scheme, parts.netloc, where, query, ""))


def _sent(exchange: Exchange) -> Fields:
    """The client's fields, with who passes them on (RFC 7239)."""
    request = exchange.request
    forwarded = f"by={exchange.address.domain_name};for={request.peer};host={request.host};proto={request.scheme}"
    fields = [
        each
        for each in exchange.headers
        if each[0] not in _NOT_SENT
        and not each[0].startswith("x-forwarded-")
        and is_sendable(*each)
    ]
    fields += [("forwarded", forwarded)] if is_sendable("forwarded", forwarded) else []
    return [*fields, ("via", "HTTP/1.1 AmazonAPIGateway")]
