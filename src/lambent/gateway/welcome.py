"""`GET /` without a signature: a person has opened the endpoint, and is told what it is.

AWS clients sign, name an operation in a header or the query string, or address a service by its host: none of those
come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.http import Headers, Request

_TEXT = """\
Lambent {version}: a self-hosted AWS Lambda. This is its endpoint, for AWS clients.

On the machine that runs it, this shows a client the way, and calls it:

    eval "$(lambent env)"
    aws lambda list-functions

{url}/_lambent/health     whether it is ready
{url}/_lambent/metrics    its figures, for Prometheus
"""


class Welcome:
    """A door, the last one. Args: the version; says whether a request's host names a service."""

    def __init__(self, version: str, names_service: Callable[[Headers], bool]) -> None:
        self._version = version
        self._names_service = names_service

    def matches(self, request: Request) -> bool:
        if request.path != "/" or request.query or request.method not in {"GET", "HEAD"}:
            return False
        first = request.headers.first
        is_for_aws = "authorization" in first or "x-amz-target" in first
        return not is_for_aws and not self._names_service(request.headers)

    async def handle(self, request: Request) -> Response:
        text = _TEXT.format(version=self._version, url=f"{request.scheme}://{request.host}")
        return Response(200, [("Content-Type", "text/plain; charset=utf-8")], text.encode())
