"""What a function's result means for the client, in payload formats 1.0 and 2.0. What means nothing is a 500."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from lambent.apis.answer_headers import is_sendable
from lambent.apis.context_text import text_of
from lambent.core.http import Response
from lambent.services.apigatewayv2.data_plane.exchange import internal_error

# Those that we write ourselves, and those of the connection.
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"})
_PLAIN = "text/plain;charset=UTF-8"
_MALFORMED = (
    "The response from the Lambda function doesn't match the format that API Gateway expects"
)


def answer_of(payload: bytes, version: str) -> Response:
    """Raises Refusal."""
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise internal_error(_MALFORMED) from None
    if version == "2.0" and not (isinstance(result, dict) and "statusCode" in result):
        # "If your Lambda function returns valid JSON and doesn't return a statusCode", API Gateway assumes the rest.
        body = result.encode() if isinstance(result, str) else payload
        return Response(200, [("Content-Type", "application/json")], body)
    if not isinstance(result, dict):
        raise internal_error(_MALFORMED)
    status = _status(result.get("statusCode"))
    if status is None:
        raise internal_error(_MALFORMED)
    return Response(status, _headers(result, version), _content(result))


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 3:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        return None
    return value


def _headers(result: dict[str, Any], version: str) -> list[tuple[str, str]]:
    single, several = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    cookies = (result.get("cookies") or []) if version == "2.0" else []
    if not (isinstance(single, dict) and isinstance(several, dict) and isinstance(cookies, list)):
        raise internal_error(_MALFORMED)
    if version == "2.0":
        several = {}
    named = {name.lower() for name in several}
    fields = [(name, value) for name, value in single.items() if name.lower() not in named]
    for name, values in several.items():
        if not isinstance(values, list):
            raise internal_error(_MALFORMED)
        fields += [(name, value) for value in values]
    fields += [("Set-Cookie", cookie) for cookie in cookies]
    texts = [(n, text_of(v)) for n, v in fields if v is not None and n.lower() not in _OURS]
    if not any(name.lower() == "content-type" for name, _ in texts):
        texts.insert(0, ("Content-Type", _PLAIN))
    if not all(is_sendable(name, value) for name, value in texts):
        raise internal_error(_MALFORMED)
    return texts


def _content(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    text = body if isinstance(body, str) else orjson.dumps(body).decode()
    if not result.get("isBase64Encoded"):
        return text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise internal_error(_MALFORMED) from None
