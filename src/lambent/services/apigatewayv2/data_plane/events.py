"""The events that functions get, in payload formats 1.0 and 2.0.

"Create AWS Lambda proxy integrations for HTTP APIs" (developer guide). Names of headers are in lower case in format
2.0. In format 1.0 some of them are not: see `named_1`.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lambent.services.apigatewayv2.data_plane.exchange import joined

if TYPE_CHECKING:
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange, Fields

# Written by the gateway itself, and so without regard to how the client has.
_TITLED = {
    name.lower(): name
    for name in (
        "Content-Length",
        "Content-Type",
        "Host",
        "User-Agent",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    )
}
# Field names of HTTP itself (RFC 9110, 9111, 6265, 6454, 7240): in lower case however they came.
_STANDARD = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "authorization"),
        *(
            "cache-control",
            "content-encoding",
            "content-language",
            "content-location",
            "content-range",
        ),
        *("cookie", "date", "expires", "forwarded", "from", "if-match", "if-modified-since"),
        *("if-none-match", "if-range", "if-unmodified-since", "last-modified", "max-forwards"),
        *("origin", "pragma", "prefer", "proxy-authorization", "range", "referer", "trailer"),
        *("via", "warning"),
    }
)
# Bodies of these types come as text, all others in base64.
_TEXT = re.compile(r"text/.*|application/(?:json|javascript|xml|.+\+json|.+\+xml)", re.IGNORECASE)


def event_of(exchange: Exchange, version: str) -> dict[str, Any]:
    """The event for an integration with this payload format."""
    event = members_2(exchange) if version == "2.0" else members_1(exchange)
    if version == "1.0":
        event |= {
            "pathParameters": exchange.path_parameters or None,
            "stageVariables": dict(exchange.stage_variables) or None,
        }
    content_type = dict(exchange.headers).get("content-type", "")
    return event | _body(exchange.body, content_type, version)


def members_2(exchange: Exchange) -> dict[str, Any]:
    """What an event of format 2.0 shares with that of an authorizer."""
    cookies = [
        cookie.strip()
        for name, line in exchange.headers
        if name == "cookie"
        for cookie in line.split(";")
        if cookie.strip()
    ]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": exchange.route.key,
        "rawPath": unquote(exchange.address.raw_path),  # decoded, whatever its name says
        "rawQueryString": exchange.request.query,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = joined([each for each in exchange.headers if each[0] != "cookie"])
    if exchange.query:
        event["queryStringParameters"] = joined(exchange.query)
    event["requestContext"] = context_2(exchange)
    if exchange.path_parameters:
        event["pathParameters"] = dict(exchange.path_parameters)
    if exchange.stage_variables:
        event["stageVariables"] = dict(exchange.stage_variables)
    return event


def context_2(exchange: Exchange) -> dict[str, Any]:
    live, request, address = exchange.live, exchange.request, exchange.address
    context: dict[str, Any] = {"accountId": live.scope.account_id, "apiId": live.api_id}
    if exchange.authorizer:
        context["authorizer"] = exchange.authorizer
    return context | {
        "domainName": address.domain_name,
        "domainPrefix": address.domain_name.partition(".")[0],
        "http": {
            "method": request.method,
            "path": unquote(address.raw_path),
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": request.headers.get("user-agent"),
        },
        "requestId": exchange.request_id,
        "routeKey": exchange.route.key,
        "stage": live.name,
        "time": exchange.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(exchange.now.timestamp() * 1000),
    }


def members_1(exchange: Exchange) -> dict[str, Any]:
    """The same for format 1.0."""
    headers, query = multi(named_1(exchange)), multi(exchange.query)
    return {
        "version": "1.0",
        "resource": exchange.route.path,
        "path": exchange.address.event_path,
        "httpMethod": exchange.request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: each[-1] for name, each in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": context_1(exchange),
    }


def named_1(exchange: Exchange) -> Fields:
    """Headers under the names that events of format 1.0 have for them: as sent, but for those of HTTP and our own."""
    sent = {name.lower(): name for name, _ in exchange.request.headers.items()}
    fields = [
        (_TITLED.get(name) or (name if name in _STANDARD else sent.get(name, name)), value)
        for name, value in exchange.headers
    ]
    return sorted(fields, key=lambda field: field[0])


def context_1(exchange: Exchange) -> dict[str, Any]:
    live, address = exchange.live, exchange.address
    iam = exchange.authorizer.get("iam") or {}
    context: dict[str, Any] = {"accountId": live.scope.account_id, "apiId": live.api_id}
    if "jwt" in exchange.authorizer:
        context["authorizer"] = exchange.authorizer["jwt"]
    elif "lambda" in exchange.authorizer:
        context["authorizer"] = {"claims": None, "scopes": None, **exchange.authorizer["lambda"]}
    return context | {
        "domainName": address.domain_name,
        "domainPrefix": address.domain_name.partition(".")[0],
        "extendedRequestId": exchange.request_id,
        "httpMethod": exchange.request.method,
        "identity": {
            "accessKey": iam.get("accessKey"),
            "accountId": iam.get("accountId"),
            "caller": iam.get("callerId"),
            "cognitoAmr": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": exchange.request.peer,
            "user": iam.get("userId"),
            "userAgent": exchange.request.headers.get("user-agent"),
            "userArn": iam.get("userArn"),
        },
        "path": address.event_path,
        "protocol": "HTTP/1.1",
        "requestId": exchange.request_id,
        "requestTime": exchange.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(exchange.now.timestamp() * 1000),
        "resourceId": exchange.route.key,
        "resourcePath": exchange.route.path,
        "stage": live.name,
    }


def multi(fields: Fields) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found


def _body(body: bytes, content_type: str, version: str) -> dict[str, Any]:
    if not body:
        empty = {"body": None} if version == "1.0" else {}
        return {**empty, "isBase64Encoded": False}
    if not content_type or _TEXT.match(content_type):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
