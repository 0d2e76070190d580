"""Payload format 2.0 of function URLs: from a request to an event, from what a handler returns to an answer.

"Request and response payloads" under "Invoking Lambda function URLs" in the Lambda developer guide.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from lambent.core import trace
from lambent.core.http import Response

if TYPE_CHECKING:
    from datetime import datetime

    from lambent.core.context import Principal
    from lambent.core.http import Request

# Bodies of these types come as text, all others in base64.
_TEXT = re.compile(r"text/.*|application/(?:json|javascript|xml|.+\+json|.+\+xml)")
# Names and values that may not stand in an HTTP message (RFC 9110, section 5.5): a handler could split it with them.
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
# Those that we write ourselves, and those of the connection.
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"})


def url_event(
    request: Request,
    body: bytes,
    url_id: str,
    principal: Principal | None,
    request_id: str,
    now: datetime,
) -> dict[str, Any]:
    """The event for a request."""
    headers = _headers(request, now)
    cookies = [
        cookie.strip()
        for line in request.headers.getall("cookie")
        for cookie in line.split(";")
        if cookie.strip()
    ]
    headers.pop("cookie", None)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if request.query:
        event["queryStringParameters"] = _query(request.query)
    event["requestContext"] = _context(request, url_id, principal, request_id, now)
    is_text = not headers.get("content-type") or _TEXT.match(headers["content-type"].lower())
    if body:
        event |= _body(body, is_text=bool(is_text))
    else:
        event["isBase64Encoded"] = False
    return event


def url_answer(payload: bytes) -> Response | None:
    """The answer that a handler's result means; None where it cannot be one."""
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode() if isinstance(result, str) else payload
        return Response(200, [("Content-Type", "application/json")], body)
    status = status_of(result["statusCode"])
    headers = answer_headers(result)
    content = _answer_body(result)
    if status is None or headers is None or content is None:
        return None
    return Response(status, headers, content)


def _headers(request: Request, now: datetime) -> dict[str, str]:
    """By lower-case name, repeated ones joined, with what the front adds."""
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    port = request.host.rpartition(":")[2] if ":" in request.host else "443"
    if not joined.get("x-amzn-trace-id"):
        seconds = int(now.timestamp())
        joined["x-amzn-trace-id"] = trace.given(request.headers) or trace.fresh(seconds)
    return joined | {
        "x-forwarded-for": request.peer,
        "x-forwarded-proto": request.scheme,
        "x-forwarded-port": port,
    }


def _query(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=None):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _context(
    request: Request, url_id: str, principal: Principal | None, request_id: str, now: datetime
) -> dict[str, Any]:
    context: dict[str, Any] = {
        "accountId": "anonymous" if principal is None else principal.account_id,
        "apiId": url_id,
    }
    if principal is not None:
        context["authorizer"] = {
            "iam": {
                "accessKey": principal.access_key_id,
                "accountId": principal.account_id,
                "callerId": principal.user_id,
                "cognitoIdentity": None,
                "principalOrgId": None,
                "userArn": principal.arn,
                "userId": principal.user_id,
            }
        }
    return context | {
        "domainName": request.host.partition(":")[0],
        "domainPrefix": url_id,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": request.headers.get("user-agent"),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _body(body: bytes, *, is_text: bool) -> dict[str, Any]:
    if is_text:
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def status_of(value: object) -> int | None:
    """The status that a handler names; None where it is none for a final answer."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) == 3:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        return None
    return value


def answer_headers(result: dict[str, Any]) -> list[tuple[str, str]] | None:
    """The header fields that a handler names, with those for its cookies; None where they may not be sent."""
    given, cookies = result.get("headers") or {}, result.get("cookies") or []
    if not isinstance(given, dict) or not isinstance(cookies, list):
        return None
    headers = [(name, _text(value)) for name, value in given.items() if name.lower() not in _OURS]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.insert(0, ("Content-Type", "application/json"))
    headers += [("Set-Cookie", _text(cookie)) for cookie in cookies]
    for name, value in headers:
        if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            return None
        try:
            value.encode("latin-1")
        except UnicodeEncodeError:
            return None
    return headers


def _answer_body(result: dict[str, Any]) -> bytes | None:
    body = result.get("body")
    if body is None:
        return b""
    text = body if isinstance(body, str) else orjson.dumps(body).decode()
    if not result.get("isBase64Encoded"):
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
