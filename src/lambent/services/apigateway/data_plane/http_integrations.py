"""HTTP and HTTP_PROXY integrations.

Redirects are handed on, not followed; certificates are verified unless the integration's `tlsConfig` says otherwise
(`insecureSkipVerification`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from lambent.apis.answer_headers import is_sendable, remapped
from lambent.apis.callers import with_stage_variables
from lambent.apis.hosts import climbs
from lambent.apis.http_client import AddressClosed, AnswerTooLarge, is_the_endpoints
from lambent.core.http import Response
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.execution_log import shown
from lambent.services.apigateway.data_plane.failures import (
    BAD_GATEWAY,
    BAD_REQUEST_PARAMETERS,
    INTEGRATION_FAILURE,
    INTEGRATION_TIMEOUT,
    Failure,
    misconfigured,
)
from lambent.services.apigateway.data_plane.request_mapping import (
    Mapped,
    mapped_request,
    proxied_request,
)
from lambent.services.apigateway.data_plane.response_mapping import Answered, mapped_response

if TYPE_CHECKING:
    from lambent.apis.http_client import HttpClient
    from lambent.core.clock import Clock
    from lambent.services.apigateway.data_plane.exchange import Exchange, Multi
    from lambent.services.apigateway.data_plane.templates import Templates

# Of a request that is passed through: what is of its connection, or has another name for the backend.
_NOT_SENT = frozenset({"host", "content-length", "transfer-encoding", "connection", "expect", "te"})
_RENAMED = frozenset(
    {"content-md5", "date", "max-forwards", "proxy-authenticate", "server", "via", "warn"}
)


class HttpIntegrations:
    """Calls backends by HTTP."""

    def __init__(self, client: HttpClient, templates: Templates, clock: Clock) -> None:
        self._client = client
        self._templates = templates
        self._clock = clock

    async def proxied(self, exchange: Exchange) -> Response:
        """HTTP_PROXY: the request goes as it came, but for mapped parameters; the answer, too."""
        mapped = proxied_request(exchange, template_context(exchange))
        status, headers, body = await self._send(exchange, mapped)
        fields = [each for each in remapped(headers) if is_sendable(*each)]
        return Response(status, fields, body)

    async def mapped(self, exchange: Exchange) -> Response:
        """HTTP: request and answer go through templates and mappings."""
        mapped = await mapped_request(exchange, self._templates)
        if not any(name.lower() == "content-type" for name in mapped.headers):
            mapped.headers["Content-Type"] = [mapped.content_type]
        status, headers, body = await self._send(exchange, mapped)
        answered = Answered(status, body, str(status), _multi(headers))
        answered.content_type = answered.headers.get("content-type", [answered.content_type])[-1]
        return await mapped_response(exchange, answered, self._templates)

    async def _send(
        self, exchange: Exchange, mapped: Mapped
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        method = str(exchange.integration.get("httpMethod") or exchange.request.method)
        if method == "ANY":
            method = exchange.request.method
        url = _url(exchange, mapped)
        journal = exchange.journal
        sent = _sent(mapped.headers, exchange)
        if journal is not None:
            journal.info(f"Endpoint request URI: {url}")
            journal.data(f"Endpoint request headers: {shown(dict(sent))}")
            journal.data(
                f"Endpoint request body after transformations: {mapped.body.decode(errors='replace')}"
            )
            journal.info(f"Sending request to {url}")
        begun = self._clock.monotonic()
        try:
            status, headers, body = await self._answer(exchange, method, url, sent, mapped.body)
        except Failure:
            raise
        except Exception as error:
            if not is_the_endpoints(error):
                raise
            raise _unreachable(error) from error
        finally:
            exchange.integration_ms = round((self._clock.monotonic() - begun) * 1000)
        exchange.integration_status = status
        if journal is not None:
            journal.info(
                f"Received response. Status: {status}, Integration latency: {exchange.integration_ms} ms"
            )
            journal.data(f"Endpoint response headers: {shown(dict(headers))}")
            journal.data(
                f"Endpoint response body before transformations: {body.decode(errors='replace')}"
            )
        return status, headers, body

    async def _answer(
        self,
        exchange: Exchange,
        method: str,
        url: str,
        sent: list[tuple[str, str]],
        content: bytes,
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        config = exchange.integration.get("tlsConfig") or {}
        try:
            return await self._client.fetch(
                method,
                url,
                sent,
                content,
                verifies=not config.get("insecureSkipVerification"),
                shown=exchange.plan.live.certificate,
            )
        except AnswerTooLarge:
            raise Failure(BAD_GATEWAY, log="Execution failed: the answer is over 10 MB") from None


def _unreachable(error: Exception) -> Failure:
    """What to say of an endpoint that gave no answer."""
    import aiohttp  # noqa: PLC0415 - loaded by whoever failed

    if isinstance(error, TimeoutError):
        return Failure(INTEGRATION_TIMEOUT, log="Execution failed due to a timeout error")
    if isinstance(error, aiohttp.ClientSSLError):
        return misconfigured(f"the endpoint's certificate is not trusted: {error}")
    if isinstance(error, (aiohttp.InvalidURL, ValueError)):
        return misconfigured("Invalid endpoint address")
    if isinstance(error.__cause__, AddressClosed) or isinstance(error, AddressClosed):
        return misconfigured("Invalid endpoint address: the platform does not connect to it")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return Failure(
            BAD_GATEWAY, log=f"Execution failed: the endpoint's answer is no HTTP: {error}"
        )
    return Failure(INTEGRATION_FAILURE, log=f"Execution failed due to a network error: {error}")


def _url(exchange: Exchange, mapped: Mapped) -> str:
    """The URI with stage variables and path parameters filled in, which may not climb. Raises Failure."""
    uri = with_stage_variables(str(exchange.integration.get("uri", "")), exchange.stage_variables)
    for name, value in mapped.path.items():
        uri = uri.replace(f"{{{name}+}}", quote(value, safe="/~"))
        uri = uri.replace(f"{{{name}}}", quote(value, safe="/~"))
    try:
        parts = urlsplit(uri)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise misconfigured("Invalid endpoint address")
    if climbs(parts.path):
        log = "Execution failed: the path leads out of the endpoint's"
        raise Failure(BAD_REQUEST_PARAMETERS, "Invalid path parameter", log=log)
    query = urlencode(mapped.query, doseq=True)
    if query:
        uri = f"{uri}&{query}" if parts.query else f"{uri}?{query}"
    return uri


def _sent(headers: Multi, exchange: Exchange) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for name, values in headers.items():
        lower = name.lower()
        if lower in _NOT_SENT:
            continue
        shown = f"x-amzn-Remapped-{name}" if lower in _RENAMED else name
        fields += [(shown, value) for value in values if is_sendable(shown, value)]
    names = {name.lower() for name, _ in fields}
    live = exchange.plan.live
    for name, value in (
        ("User-Agent", f"AmazonAPIGateway_{live.api_id}"),
        ("x-amzn-apigateway-api-id", live.api_id),
        ("X-Amzn-Trace-Id", exchange.trace_id),
    ):
        if name.lower() not in names:
            fields.append((name, value))
    return fields


def _multi(headers: list[tuple[str, str]]) -> Multi:
    found: Multi = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found
