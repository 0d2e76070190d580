"""What the client is sent: which integration response fits, and what it makes of the integration's answer."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import regex

from lambent.apis.answer_headers import is_sendable, remapped
from lambent.apis.context_text import text_of
from lambent.core.http import Response
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.failures import (
    API_CONFIGURATION_ERROR,
    misconfigured,
)
from lambent.services.apigateway.data_plane.mapping import Sources, lowered
from lambent.services.apigateway.data_plane.media_types import media_type
from lambent.services.apigateway.data_plane.proxy_format import status_of
from lambent.services.apigateway.data_plane.request_mapping import inputs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.apigateway.data_plane.exchange import Exchange, Multi
    from lambent.services.apigateway.data_plane.templates import Templates

_JSON = "application/json"
_HEADER = "method.response.header."
# Selection patterns are the user's; one that backtracks must not hold up everybody.
_PATTERN_TIME_S = 0.1


@dataclass(slots=True)
class Answered:
    """An integration's answer.

    Attributes:
        subject: what selection patterns are held against: a status, or a function's error message; "" for a function
            that did not fail.
        content_type: of a passed-through body.
    """

    status: int
    body: bytes
    subject: str
    headers: Multi = field(default_factory=dict)
    content_type: str = _JSON


async def mapped_response(exchange: Exchange, answered: Answered, templates: Templates) -> Response:
    """Raises Failure where no integration response fits."""
    chosen = _chosen(exchange.integration.get("integrationResponses") or {}, answered)
    context = template_context(exchange)
    text = answered.body.decode(errors="replace")
    headers = _headers(chosen, exchange, answered, context, text)
    content_type, template = _template(chosen.get("responseTemplates") or {}, exchange)
    status = status_of(str(chosen["statusCode"])) or 500
    if template:
        override = {"responseOverride": dict(exchange.response_override)}
        inputs = inputs_of(exchange, text, {**context, **override})
        rendered = await templates.render(template, inputs)
        exchange.response_override = rendered.response_override
        body = rendered.text.encode("utf-8", "replace")
    else:
        content_type = answered.content_type
        body = _handled(answered, chosen, exchange)
    override_status, headers = _overridden(exchange.response_override, headers)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", content_type))
    return Response(override_status or status, headers, body)


def _chosen(responses: Mapping[str, Mapping[str, Any]], answered: Answered) -> Mapping[str, Any]:
    default = None
    for response in responses.values():
        pattern = response.get("selectionPattern") or ""
        if not pattern:
            default = default or response
        elif answered.subject and _fits(pattern, answered.subject):
            return response
    if default is None:
        raise misconfigured(
            "No match for output mapping and no default output mapping configured. "
            f"Endpoint Response Status Code: {answered.status}"
        )
    return default


def _fits(pattern: str, subject: str) -> bool:
    try:
        return regex.fullmatch(pattern, subject, timeout=_PATTERN_TIME_S) is not None
    except (regex.error, TimeoutError):
        raise misconfigured(f"The selection pattern {pattern!r} cannot be used") from None


def _template(templates: Mapping[str, str], exchange: Exchange) -> tuple[str, str]:
    """The template for what the client accepts, else the one for JSON, else the first."""
    if not templates:
        return _JSON, ""
    for content_type in (media_type(exchange.request.headers.get("accept")), _JSON):
        if content_type in templates:
            return content_type, templates[content_type] or ""
    content_type, template = next(iter(templates.items()))
    return content_type, template or ""


def _headers(
    chosen: Mapping[str, Any],
    exchange: Exchange,
    answered: Answered,
    context: Mapping[str, Any],
    text: str,
) -> list[tuple[str, str]]:
    parameters = chosen.get("responseParameters") or {}
    if not parameters:
        return []
    sources = Sources(
        "integration.response",
        lowered(answered.headers),
        {},
        {},
        text,
        context,
        exchange.stage_variables,
    )
    fields: list[tuple[str, str]] = []
    for target, source in parameters.items():
        name = target.removeprefix(_HEADER)
        if name != target:
            fields += [(name, value) for value in sources.values(source)]
    return remapped([each for each in fields if is_sendable(*each)])


def _overridden(
    override: Mapping[str, Any], headers: list[tuple[str, str]]
) -> tuple[int | None, list[tuple[str, str]]]:
    """`$context.responseOverride`: status and headers that templates have set."""
    given = override.get("header") or {}
    if isinstance(given, dict) and given:
        names = {name.lower() for name in given}
        headers = [each for each in headers if each[0].lower() not in names]
        fields = [(name, text_of(value)) for name, value in given.items()]
        headers += remapped([each for each in fields if is_sendable(*each)])
    return status_of(override.get("status")), headers


def _handled(answered: Answered, chosen: Mapping[str, Any], exchange: Exchange) -> bytes:
    """A body that no template makes ("API Gateway response content type conversions", developer guide)."""
    binary, handling = exchange.plan.binary, chosen.get("contentHandling")
    is_binary = binary.match(answered.content_type)
    if not handling:  # as the client would have it
        accepts_binary = binary.match(exchange.request.headers.get("accept"))
        handling = "CONVERT_TO_BINARY" if accepts_binary else "CONVERT_TO_TEXT"
    if handling == "CONVERT_TO_TEXT":
        return base64.b64encode(answered.body) if is_binary else answered.body
    if is_binary:
        return answered.body
    # A function's text in base64 comes as a JSON string.
    text = answered.body.strip().strip(b'"')
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        why = "Unable to base64 decode the body."
        raise misconfigured(why, API_CONFIGURATION_ERROR) from None
