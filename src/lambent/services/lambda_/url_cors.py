"""CORS of function URLs: what is configured is answered for the function, preflights without asking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.http import Request

Fields = list[tuple[str, str]]


def preflight(request: Request, cors: Mapping[str, Any]) -> Response | None:
    """The answer to a preflight, where CORS is configured; None for every other request."""
    asked = request.headers.get("access-control-request-method")
    if not cors or request.method != "OPTIONS" or not asked:
        return None
    headers = cors_headers(request, cors)
    if headers:
        for member, name in (("AllowMethods", "Methods"), ("AllowHeaders", "Headers")):
            if cors.get(member):
                headers.append((f"Access-Control-Allow-{name}", ",".join(cors[member])))
        if "MaxAge" in cors:
            headers.append(("Access-Control-Max-Age", str(cors["MaxAge"])))
    return Response(200, [("Content-Type", "application/json"), *headers], b"")


def cors_headers(request: Request, cors: Mapping[str, Any]) -> Fields:
    """The fields for a request from another origin; none where that origin is not allowed."""
    origin = request.headers.get("origin")
    allowed = cors.get("AllowOrigins") or ()
    if not origin or not ("*" in allowed or origin in allowed):
        return []
    with_credentials = bool(cors.get("AllowCredentials"))
    # A browser takes no "*" together with credentials (Fetch standard, CORS check).
    shown = "*" if "*" in allowed and not with_credentials else origin
    headers = [("Access-Control-Allow-Origin", shown)]
    if shown != "*":
        headers.append(("Vary", "Origin"))
    if with_credentials:
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if cors.get("ExposeHeaders"):
        headers.append(("Access-Control-Expose-Headers", ",".join(cors["ExposeHeaders"])))
    return headers
