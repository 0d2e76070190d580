"""CORS configurations: what may be in them ("Configure CORS for HTTP APIs", developer guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "*"})
_MEMBERS = (
    "AllowCredentials",
    "AllowHeaders",
    "AllowMethods",
    "AllowOrigins",
    "ExposeHeaders",
    "MaxAge",
)


def cors_configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    """As it is kept: methods in upper case, headers and origins in lower case, as browsers send them.

    Raises BadRequest.
    """
    cors: dict[str, Any] = {"AllowCredentials": False}
    cors |= {name: given[name] for name in _MEMBERS if given.get(name) is not None}
    for name in ("AllowHeaders", "AllowOrigins", "ExposeHeaders"):
        if name in cors:
            cors[name] = [each.lower() for each in cors[name]]
    if "AllowMethods" in cors:
        cors["AllowMethods"] = [each.upper() for each in cors["AllowMethods"]]
    for method in cors.get("AllowMethods", ()):
        if method not in _METHODS:
            raise BadRequest(
                f"Invalid allowMethods specified: {method}. Valid values are "
                f"[{', '.join(sorted(_METHODS))}]"
            )
    for origin in cors.get("AllowOrigins", ()):
        if origin != "*" and "://" not in origin:
            raise BadRequest(
                f"Invalid format for origin {origin}. Origins should be * or begin with a scheme, "
                "such as https://"
            )
    if cors.get("AllowCredentials") and "*" in cors.get("AllowOrigins", ()):
        raise BadRequest("allow-credentials is not supported if 'allow-origin' is *")
    if not -1 <= cors.get("MaxAge", 0) <= 86_400:
        raise BadRequest("maxAge must be between -1 and 86400 seconds")
    return cors
