"""Links from which a function's zip can be downloaded, as GetFunction gives them.

A link names the archive and the second until which it is good, and carries an HMAC over both: no database is asked and
no credentials are needed, as with the presigned S3 links that AWS gives. The key lives as long as the process, which
only shortens the ten minutes of links given just before a restart.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from lambent.core import ids
from lambent.core.http import Response

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.http import Request
    from lambent.services.lambda_.ports import Blobs

PREFIX = "/_lambent/code/"
# "a presigned URL that's valid for 10 minutes" (Lambda API reference, GetFunction).
LIFETIME_S = 600


class CodeLinks:
    """Makes and checks links. Their age goes by the wall clock, like that of every presigned URL."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = ids.hex_id(64).encode()

    def make(self, endpoint: str, archive: str) -> str:
        """A link to the archive at `endpoint` (`http://127.0.0.1:4566`), good for ten minutes."""
        expires = int(self._clock.wall().timestamp()) + LIFETIME_S
        signature = self._sign(archive, str(expires))
        return f"{endpoint}{PREFIX}{archive}?Expires={expires}&Signature={signature}"

    def refusal(self, archive: str, expires: str, signature: str) -> str | None:
        """Why a link is not good, or None."""
        if not hmac.compare_digest(self._sign(archive, expires).encode(), signature.encode()):
            return "The signature of this link is not valid"
        if int(expires) < self._clock.wall().timestamp():
            return "Request has expired"
        return None

    def _sign(self, archive: str, expires: str) -> str:
        return hmac.digest(self._key, f"{archive} {expires}".encode(), "sha256").hex()


class CodeDoor:
    """Serves those links: GET and HEAD, no AWS signature."""

    def __init__(self, links: CodeLinks, blobs: Blobs) -> None:
        self._links = links
        self._blobs = blobs

    def matches(self, request: Request) -> bool:
        return request.path.startswith(PREFIX)

    async def handle(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return _refused(405, "MethodNotAllowed", "Links to code can only be read")
        archive = request.path.removeprefix(PREFIX)
        query = parse_qs(request.query)
        expires, signature = (query.get(name, [""])[0] for name in ("Expires", "Signature"))
        if refusal := self._links.refusal(archive, expires, signature):
            return _refused(403, "AccessDenied", refusal)
        try:
            data = await self._blobs.get(archive)
        except FileNotFoundError:
            return _refused(404, "NoSuchKey", "The code was deleted since the link was made")
        return _answer(200, "application/zip", data)


def _refused(status: int, code: str, message: str) -> Response:
    """In the shape of S3, where AWS's own links lead to."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return _answer(status, "application/xml", body.encode())


def _answer(status: int, content_type: str, body: bytes) -> Response:
    headers = [("Content-Type", content_type), ("x-amzn-RequestId", ids.request_id())]
    return Response(status, headers, body)
