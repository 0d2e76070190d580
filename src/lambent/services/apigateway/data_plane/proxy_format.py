"""Payload format 1.0 of Lambda proxy integrations, both ways.

"Lambda proxy integrations in API Gateway": input and output format (developer guide).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.answer_headers import (
    MAX_ANSWER_HEAD,
    is_head_too_long,
    is_sendable,
    remapped,
)
from lambent.apis.context_text import text_of
from lambent.core.http import Response
from lambent.services.apigateway.data_plane.context_values import request_context
from lambent.services.apigateway.data_plane.exchange import last_of
from lambent.services.apigateway.data_plane.failures import (
    BAD_GATEWAY,
    Failure,
    misconfigured,
)

if TYPE_CHECKING:
    from lambent.core.ports import FunctionAnswer
    from lambent.services.apigateway.data_plane.exchange import Exchange

# "The response from the Lambda function must be in this format": anything else is malformed.
_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def proxy_event(exchange: Exchange) -> dict[str, Any]:
    """The event of a request. Members that have nothing to say are there, and null."""
    event = request_members(exchange)
    event["requestContext"] = request_context(exchange)
    body = exchange.body
    if not body:
        event |= {"body": None, "isBase64Encoded": False}
    elif exchange.plan.binary.match(exchange.request.headers.get("content-type")):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    else:
        event |= {"body": body.decode(errors="replace"), "isBase64Encoded": False}
    return event


def request_members(exchange: Exchange) -> dict[str, Any]:
    """What a proxy event shares with the event of a REQUEST authorizer."""
    headers, query = exchange.headers, exchange.query
    return {
        "resource": exchange.method.resource_path,
        "path": exchange.address.event_path,
        "httpMethod": exchange.request.method,
        "headers": last_of(headers) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": last_of(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": exchange.sent_path_parameters or None,
        "stageVariables": dict(exchange.stage_variables) or None,
    }


def proxy_answer(payload: bytes, exchange: Exchange) -> Response:
    """What a function's result means. Raises Failure where it means nothing."""
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise malformed("the function's answer is no JSON") from None
    if not isinstance(result, dict):
        raise malformed("the function's answer is no object")
    if strange := sorted(result.keys() - _MEMBERS):
        raise malformed(f"there is no member {strange[0]!r}")
    status = status_of(result.get("statusCode"))
    body = result.get("body")
    if status is None:
        raise malformed("statusCode must be a number from 200 to 599")
    if not (body is None or isinstance(body, str)):
        raise malformed("body must be a text")
    if not isinstance(result.get("isBase64Encoded") or False, bool):
        raise malformed("isBase64Encoded must be true or false")
    headers = headers_of(result)
    content = (body or "").encode("utf-8", "surrogatepass")
    if result.get("isBase64Encoded") and exchange.plan.binary.match(
        exchange.request.headers.get("accept")
    ):
        try:
            content = base64.b64decode("".join((body or "").split()), validate=True)
        except (binascii.Error, ValueError):
            why = "Unable to base64 decode the body."
            raise misconfigured(why, BAD_GATEWAY) from None
    return Response(status, headers, content)


def function_answer(answer: FunctionAnswer, exchange: Exchange) -> Response:
    """What a function's answer means, an error too. Raises Failure."""
    if answer.is_error:
        message = error_message(answer.payload)
        raise Failure(
            BAD_GATEWAY,
            log=f"Lambda execution failed with status 200 due to customer function error: {message}. "
            f"Lambda request id: {answer.request_id}",
        )
    response = proxy_answer(answer.payload, exchange)
    exchange.backend_status = response.status
    return response


def error_message(payload: bytes) -> str:
    """What selection patterns are held against ("errorMessage"); the whole where it has none."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        document = None
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return message if isinstance(message, str) else payload.decode(errors="replace")


def malformed(reason: str) -> Exception:
    why = "Malformed Lambda proxy response"
    return misconfigured(why, BAD_GATEWAY, f"{why}: {reason}")


def status_of(value: object) -> int | None:
    """The status that somebody names as a number or in digits; None where it is none for a final answer."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 3:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        return None
    return value


def headers_of(result: dict[str, Any]) -> list[tuple[str, str]]:
    """`headers` and `multiValueHeaders` as one; where both name the same header, the latter's values."""
    single, multi = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if single == multi == {}:
        return []
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise malformed("headers and multiValueHeaders must be objects")
    fields = list(single.items())
    if multi:
        named = {name.lower() for name in multi}
        fields = [(name, value) for name, value in fields if name.lower() not in named]
    for name, values in multi.items():
        if not isinstance(values, list):
            raise malformed(f"multiValueHeaders: the values of {name!r} must be a list")
        fields += [(name, value) for value in values]
    if not_text := [name for name, value in fields if isinstance(value, dict | list)]:
        raise malformed(f"the value of the header {not_text[0]!r} must be a text")
    texts = [(name, text_of(value)) for name, value in fields if value is not None]
    kept = remapped(texts)
    if unsendable := [name for name, value in kept if not is_sendable(name, value)]:
        raise malformed(f"the header {unsendable[0]!r} cannot be sent")
    if is_head_too_long(kept):
        raise malformed(f"the headers are over {MAX_ANSWER_HEAD} bytes")
    return kept
