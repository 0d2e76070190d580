"""Parameter mappings of requests and responses ("Transform API requests and responses for HTTP APIs").

A value is a text with variables in it, as `$request.header.x` or `${request.header.x}`; a variable that means nothing
leaves nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from lambent.apis.answer_headers import is_sendable
from lambent.apis.context_text import look_up, text_of
from lambent.services.apigatewayv2.data_plane.context_values import context_of
from lambent.services.apigatewayv2.data_plane.exchange import joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.http import Response
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange, Fields

    Look = Callable[[str], str]

_VARIABLE = re.compile(
    r"\$(\{)?((?:request|response|context|stageVariables)(?:\.[A-Za-z0-9_\-\[\].]*[A-Za-z0-9_\-\]])?)(?(1)\})"
)
_STATUS = re.compile(r"[2-5]\d\d")


def map_request(exchange: Exchange) -> str | None:
    """Changes headers and query of what the integration gets; returns the path to take instead of the URI's."""
    path = None
    given = joined(exchange.headers), joined(exchange.query)

    def look(name: str) -> str:
        return _of_request(exchange, name, *given)

    for target, expression in (exchange.integration.get("RequestParameters") or {}).items():
        action, _, place = target.partition(":")
        value = _value(expression, look)
        kind, _, name = place.partition(".")
        if kind == "path":
            path = quote(value, safe="/~%:@!$&'()*+,;=")
        elif kind == "header":
            if action == "remove" or is_sendable(name, value):
                exchange.headers = _changed(exchange.headers, action, name.lower(), value)
        else:
            exchange.query = _changed(exchange.query, action, name, value)
    return path


def map_response(exchange: Exchange, response: Response) -> None:
    """Changes headers and status of the integration's answer."""
    mappings = (exchange.integration.get("ResponseParameters") or {}).get(str(response.status))
    if not mappings:
        return
    headers = {name.lower(): value for name, value in response.headers}
    body = response.body if isinstance(response.body, bytes) else b""

    def look(name: str) -> str:
        kind, _, rest = name.partition(".")
        if kind == "response":
            place, _, key = rest.partition(".")
            return headers.get(key.lower(), "") if place == "header" else _of_body(body, key)
        return _of_request(exchange, name, joined(exchange.headers), joined(exchange.query))

    for target, expression in mappings.items():
        action, _, place = target.partition(":")
        value = _value(expression, look)
        kind, _, name = place.partition(".")
        if kind == "statuscode":
            if _STATUS.fullmatch(value):
                response.status = int(value)
        elif action == "remove" or is_sendable(name, value):
            response.headers = _changed(response.headers, action, name, value)


def _value(expression: str, look: Look) -> str:
    if len(expression) > 1 and expression[0] == expression[-1] == "'":
        return expression[1:-1]
    return _VARIABLE.sub(lambda match: look(match[2]), expression)


def _changed(fields: Fields, action: str, name: str, value: str) -> Fields:
    if action == "append":
        return [*fields, (name, value)]
    kept = [each for each in fields if each[0].lower() != name.lower()]
    return kept if action == "remove" else [*kept, (name, value)]


def _of_request(
    exchange: Exchange, name: str, headers: dict[str, str], query: dict[str, str]
) -> str:
    kind, _, rest = name.partition(".")
    if kind == "context":
        return look_up(context_of(exchange), rest) or ""
    if kind == "stageVariables":
        return exchange.stage_variables.get(rest, "")
    if kind != "request":
        return ""
    place, _, key = rest.partition(".")
    values: dict[str, Callable[[], str]] = {
        "header": lambda: headers.get(key.lower(), ""),
        "querystring": lambda: query.get(key, ""),
        "body": lambda: _of_body(exchange.body, key),
        "path": lambda: exchange.path_parameters.get(key, "") if key else exchange.address.path,
    }
    return values[place]() if place in values else ""


def _of_body(body: bytes, path: str) -> str:
    """The body, or a member of it by the simple form of JSON path: names and numbers."""
    if not path:
        return body.decode(errors="replace")
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    for step in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ""
    return "" if value is None else text_of(value)
