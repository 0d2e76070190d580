"""What an integration is sent: body, headers, query and path, made from the client's request."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.apis.context_text import text_of
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.exchange import last_of
from lambent.services.apigateway.data_plane.failures import (
    UNSUPPORTED_MEDIA_TYPE,
    Failure,
    misconfigured,
)
from lambent.services.apigateway.data_plane.mapping import Sources, lowered
from lambent.services.apigateway.data_plane.media_types import media_type
from lambent.services.apigateway.data_plane.vtl.render import Inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.apigateway.data_plane.exchange import Exchange, Multi
    from lambent.services.apigateway.data_plane.templates import Templates

_JSON = "application/json"


@dataclass(slots=True)
class Mapped:
    """A request as its integration gets it. `content_type` is that of the template, where one was used."""

    body: bytes = b""
    content_type: str = ""
    headers: Multi = field(default_factory=dict)
    query: Multi = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    is_template: bool = False


async def mapped_request(exchange: Exchange, templates: Templates) -> Mapped:
    """Raises Failure."""
    integration = exchange.integration
    mapped = Mapped()
    context = template_context(exchange)
    _map_parameters(exchange, context, mapped)
    content_type = exchange.request.headers.get("content-type") or _JSON
    template = _template(integration, content_type)
    is_binary = exchange.plan.binary.match(content_type)
    if template is None:
        mapped.body = _handled(exchange.body, integration.get("contentHandling"), is_binary)
        mapped.content_type = content_type
        return mapped
    if is_binary and integration.get("contentHandling") != "CONVERT_TO_TEXT":
        raise misconfigured("A mapping template needs a body of text")
    body = exchange.body
    text = base64.b64encode(body).decode() if is_binary else body.decode(errors="replace")
    rendered = await templates.render(template, inputs_of(exchange, text, context))
    exchange.request_override = rendered.request_override
    exchange.response_override = rendered.response_override
    _override(mapped, rendered.request_override)
    mapped.body = rendered.text.encode("utf-8", "replace")
    mapped.content_type = media_type(content_type)
    mapped.is_template = True
    return mapped


def inputs_of(exchange: Exchange, body: str, context: Mapping[str, Any]) -> Inputs:
    """What a template is told."""
    return Inputs(
        body=body,
        path=dict(exchange.sent_path_parameters),
        query=last_of(exchange.query),
        headers=last_of(exchange.headers),
        context=dict(context),
        stage_variables=dict(exchange.stage_variables),
    )


def request_sources(exchange: Exchange, context: Mapping[str, Any]) -> Sources:
    return Sources(
        "method.request",
        lowered(exchange.headers),
        exchange.query,
        exchange.path_parameters,
        exchange.body.decode(errors="replace"),
        context,
        exchange.stage_variables,
    )


def _map_parameters(exchange: Exchange, context: Mapping[str, Any], mapped: Mapped) -> None:
    parameters = exchange.integration.get("requestParameters") or {}
    if not parameters:
        return
    sources = request_sources(exchange, context)
    for target, source in parameters.items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        values = sources.values(source)
        if not values:
            continue
        if place in {"header", "multivalueheader"}:
            mapped.headers[name] = values
        elif place in {"querystring", "multivaluequerystring"}:
            mapped.query[name] = values
        elif place == "path":
            mapped.path[name] = values[-1]


def _override(mapped: Mapped, override: Mapping[str, Any]) -> None:
    """`$context.requestOverride`, which templates may set."""
    for name, value in (override.get("header") or {}).items():
        mapped.headers[name] = [text_of(value)]
    for name, value in (override.get("querystring") or {}).items():
        mapped.query[name] = [text_of(value)]
    for name, value in (override.get("path") or {}).items():
        mapped.path[name] = text_of(value)


def _template(integration: Mapping[str, Any], content_type: str) -> str | None:
    """The template for a content type; None: pass the body through. Raises Failure (415)."""
    templates: Mapping[str, str] = integration.get("requestTemplates") or {}
    found = templates.get(media_type(content_type))
    if found is not None:
        return found
    behavior = integration.get("passthroughBehavior", "WHEN_NO_MATCH")
    if behavior == "NEVER" or (behavior == "WHEN_NO_TEMPLATES" and templates):
        raise Failure(
            UNSUPPORTED_MEDIA_TYPE, log="Execution failed: no template for the content type"
        )
    return None


def _handled(body: bytes, handling: str | None, is_binary: bool) -> bytes:
    """A body that is passed through ("Content type conversions in API Gateway", developer guide)."""
    if handling == "CONVERT_TO_TEXT" and is_binary:
        return base64.b64encode(body)
    if handling == "CONVERT_TO_BINARY" and not is_binary:
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error:
            raise misconfigured("Unable to base64 decode the body.") from None
    return body


def proxied_request(exchange: Exchange, context: Mapping[str, Any]) -> Mapped:
    """For HTTP_PROXY: everything as it came, and over it what is mapped."""
    mapped = Mapped(body=exchange.body)
    _map_parameters(exchange, context, mapped)
    own = {name.lower() for name in mapped.headers}
    passed = {name: each for name, each in exchange.headers.items() if name.lower() not in own}
    mapped.headers = {**passed, **mapped.headers}
    mapped.query = {**exchange.query, **mapped.query}
    return mapped
