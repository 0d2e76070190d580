"""What a function's result means for the client, in payload formats 1.0 and 2.0. What means nothing is a 500."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from lambent.apis.answer_headers import MAX_ANSWER_HEAD, is_head_too_long, is_sendable
from lambent.apis.context_text import text_of
from lambent.core.http import Response
from lambent.services.apigatewayv2.data_plane.exchange import internal_error

if TYPE_CHECKING:
    from lambent.services.apigatewayv2.data_plane.exchange import Refusal

T = TypeVar("T")
# Those that we write ourselves, and those of the connection.
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"})
_PLAIN = "text/plain; charset=utf-8"
# `$context.integrationErrorMessage` in AWS's words ("Troubleshooting issues with HTTP API Lambda integrations"): with
# the member at fault, where it is of the wrong type.
_MALFORMED = (
    "The response from the Lambda function doesn't match the format that API Gateway expects."
)


def answer_of(payload: bytes, version: str) -> Response:
    """Raises Refusal."""
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise _malformed("Lambda body is no JSON") from None
    if version == "2.0" and not (isinstance(result, dict) and "statusCode" in result):
        # "If your Lambda function returns valid JSON and doesn't return a statusCode", API Gateway assumes the rest.
        body = result.encode() if isinstance(result, str) else payload
        return Response(200, [("Content-Type", "application/json")], body)
    if not isinstance(result, dict):
        raise _malformed("Lambda body is no object")
    status = _status(result.get("statusCode"))
    if status is None:
        raise _wrong_type("statusCode")
    return Response(status, _headers(result, version), _content(result))


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 3:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        return None
    return value


def _headers(result: dict[str, Any], version: str) -> list[tuple[str, str]]:
    single = _member(result, "headers", dict)
    several = _member(result, "multiValueHeaders", dict) if version == "1.0" else {}
    cookies = _member(result, "cookies", list) if version == "2.0" else []
    named = {name.lower() for name in several}
    fields = [
        ("headers", name, value) for name, value in single.items() if name.lower() not in named
    ]
    for name, values in several.items():
        if not isinstance(values, list):
            raise _wrong_type("multiValueHeaders")
        fields += [("multiValueHeaders", name, value) for value in values]
    fields += [("cookies", "Set-Cookie", cookie) for cookie in cookies]
    for member, _, value in fields:
        if isinstance(value, dict | list):
            raise _wrong_type(member)
    texts = [(n, text_of(v)) for _, n, v in fields if v is not None and n.lower() not in _OURS]
    if not any(name.lower() == "content-type" for name, _ in texts):
        texts.insert(0, ("Content-Type", _PLAIN))
    if unsendable := [name for name, value in texts if not is_sendable(name, value)]:
        raise _malformed(f"The header {unsendable[0]!r} cannot be sent")
    if is_head_too_long(texts):
        raise _malformed(f"The headers are over {MAX_ANSWER_HEAD} bytes")
    return texts


def _member(result: dict[str, Any], name: str, kind: type[T]) -> T:
    """A member that may be missing or null, which means an empty one."""
    value = result.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise _wrong_type(name)
    return value


def _content(result: dict[str, Any]) -> bytes:
    body, is_encoded = result.get("body"), result.get("isBase64Encoded")
    if not (body is None or isinstance(body, str)):
        raise _wrong_type("body")
    if not (is_encoded is None or isinstance(is_encoded, bool)):
        raise _wrong_type("isBase64Encoded")
    text = body or ""
    if not is_encoded:
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("Unable to base64 decode the body") from None


def _malformed(why: str) -> Refusal:
    return internal_error(f"{_MALFORMED} {why}")


def _wrong_type(member: str) -> Refusal:
    return _malformed(f'Lambda body contains the wrong type for field "{member}"')
