"""Gateway responses: what a failure looks like, as AWS has it or as the API's owner has changed it.

Their templates know variables and nothing else: "a simple mapping of variables, without JSONPath or functions"
is what the developer guide allows, so they are filled in without a template engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.answer_headers import is_sendable, remapped
from lambent.apis.context_text import filled
from lambent.core.http import Response
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.failures import body_of
from lambent.services.apigateway.data_plane.media_types import media_type
from lambent.services.apigateway.data_plane.request_mapping import request_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.failures import Failure

_JSON = "application/json"
_HEADER = "gatewayresponse.header."


def answer(failure: Failure, exchange: Exchange) -> Response:
    """The response for a failure, with its headers, without those that every answer carries."""
    kind = failure.kind
    exchange.error = (kind.name, failure.message, failure.detail)
    exchange.error_log = failure.log
    own = exchange.plan.gateway_response(kind.name) if kind.name else None
    fallback = exchange.plan.gateway_response(
        "DEFAULT_5XX" if kind.status >= 500 else "DEFAULT_4XX"
    )
    configured = own or fallback or {}
    status = int(configured.get("statusCode") or kind.status)
    context = template_context(exchange)
    content_type, template = _template(configured.get("responseTemplates") or {}, exchange)
    if template is None:
        body = body_of(kind, failure.message)
    else:
        body = filled(template, context, exchange.stage_variables).encode()
    headers = [("Content-Type", content_type), ("x-amzn-ErrorType", failure.error_type)]
    headers += _headers(configured.get("responseParameters") or {}, exchange, context)
    journal = exchange.journal
    if journal is not None and not exchange.is_test:  # the answer of a test has it all
        journal.error(f"Gateway response type: {kind.name} with status code: {status}")
        journal.data(f"Gateway response body: {body.decode()}")
    return Response(status, headers, body)


def _template(templates: Mapping[str, str], exchange: Exchange) -> tuple[str, str | None]:
    if not templates:
        return _JSON, None
    accepted = media_type(exchange.request.headers.get("accept"))
    for content_type in (accepted, _JSON):
        if content_type in templates:
            return content_type, templates[content_type]
    return next(iter(templates.items()))


def _headers(
    parameters: Mapping[str, str], exchange: Exchange, context: Mapping[str, Any]
) -> list[tuple[str, str]]:
    fields = []
    for target, source in parameters.items():
        name = target.removeprefix(_HEADER)
        value = _value(source, exchange, context)
        if name != target and value is not None and is_sendable(name, value):
            fields.append((name, value))
    return remapped(fields)


def _value(source: str, exchange: Exchange, context: Mapping[str, Any]) -> str | None:
    sources = request_sources(exchange, context)
    return next(iter(sources.values(source)[-1:]), None)
