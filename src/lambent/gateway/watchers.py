"""Who may see the figures of the platform.

They name functions and accounts, so clients on this machine alone, or whoever brings the token of the settings.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING

import orjson

from lambent.core.http import Response

if TYPE_CHECKING:
    from lambent.core.http import Request


class Watchers:
    """Args: the token that all clients need then, "" for none: those on this machine may."""

    def __init__(self, token: str = "") -> None:
        self._token = token

    def may_read(self, request: Request) -> bool:
        given = request.headers.get("authorization").removeprefix("Bearer ")
        if self._token:
            return hmac.compare_digest(given.encode("latin-1"), self._token.encode())
        try:
            return ipaddress.ip_address(request.peer).is_loopback
        except ValueError:
            return False

    def refusal(self, path: str) -> Response:
        if self._token:
            return refused(403, f"{path} wants the token of the setting metrics_token")
        return refused(403, f"{path} answers clients on this machine, or with a token")


def refused(status: int, message: str) -> Response:
    headers = [("Content-Type", "application/json")]
    return Response(status, headers, orjson.dumps({"message": message}))
