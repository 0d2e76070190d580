"""CORS as the API's owner has configured it: preflights are answered here, what backends say is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.http import Request

    Fields = list[tuple[str, str]]

_PREFIX = "access-control-"


def preflight(request: Request, cors: Mapping[str, Any]) -> Response | None:
    """The answer to a preflight, where CORS is configured; None for every other request."""
    asked = request.headers.get("access-control-request-method")
    if not cors or request.method != "OPTIONS" or not asked or "origin" not in request.headers:
        return None
    headers = _fields(request, cors)
    if headers:
        for member, name in (("AllowMethods", "Methods"), ("AllowHeaders", "Headers")):
            if cors.get(member):
                headers.append((f"Access-Control-Allow-{name}", ",".join(cors[member])))
        if "MaxAge" in cors:
            headers.append(("Access-Control-Max-Age", str(cors["MaxAge"])))
    return Response(204, headers, b"")


def apply(response: Response, request: Request, cors: Mapping[str, Any]) -> None:
    """ "API Gateway ignores CORS headers returned from your backend integration." """
    if not cors:
        return
    kept = [each for each in response.headers if not each[0].lower().startswith(_PREFIX)]
    response.headers = kept + _fields(request, cors)


def _fields(request: Request, cors: Mapping[str, Any]) -> Fields:
    """None where the origin is not allowed."""
    origin, allowed = request.headers.get("origin"), cors.get("AllowOrigins") or ()
    if not origin or not _is_allowed(origin, allowed):
        return []
    shown = "*" if "*" in allowed else origin
    headers = [("Access-Control-Allow-Origin", shown)]
    if shown != "*":
        headers.append(("Vary", "Origin"))
    if cors.get("AllowCredentials"):
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if cors.get("ExposeHeaders"):
        headers.append(("Access-Control-Expose-Headers", ",".join(cors["ExposeHeaders"])))
    return headers


def _is_allowed(origin: str, allowed: Sequence[str]) -> bool:
    """`https://*` allows every origin with that scheme."""
    return any(
        each in ("*", origin) or (each.endswith("://*") and origin.startswith(each[:-1]))
        for each in allowed
    )
