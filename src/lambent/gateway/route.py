"""Step 1: which service and operation a request means; its body is read to that operation's limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.errors import UnknownOperation
from lambent.core.http import BodyTooLarge, BytesBody
from lambent.gateway.body_limits import LEAST_LIMIT_BYTES, body_limit, too_large
from lambent.gateway.claim import ClaimReader, SignatureRefused, hinted_service

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.core.http import Request
    from lambent.gateway.call import Call
    from lambent.gateway.claim import Claim
    from lambent.protocol.operation import Match
    from lambent.protocol.routing import Router
    from lambent.protocol.service import ServiceCodec

# A few hundred KB at the worst.
_KEPT = 1024
_KEPT_LENGTH = 256


class Route:
    """Fills in `claim`, `service`, `match` and `body`."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._claims = ClaimReader()
        # What signed requests mean that method and path alone tell apart.
        self._known: dict[tuple[str, str, str], tuple[ServiceCodec, Match]] = {}

    def __call__(self, call: Call) -> Awaitable[None] | None:
        """Raises `UnknownOperation`, `NotImplementedByLambent` and `RequestTooLarge`, or returns what does."""
        request = call.request
        body = request.body
        if isinstance(body, BytesBody) and len(body.data) <= LEAST_LIMIT_BYTES:
            claim = self._known_claim(request)
            if claim is not None:
                found = self._known.get((claim.service, request.method, request.path))
                if found is not None:
                    call.claim, call.body = claim, body.data
                    call.service, call.match = found
                    return None
        return self._route(call)

    def _known_claim(self, request: Request) -> Claim | None:
        try:
            return self._claims.read(request)
        except SignatureRefused:  # `_route` finds out again, and says so
            return None

    async def _route(self, call: Call) -> None:
        request = call.request
        method, path, query, headers = request.method, request.path, request.query, request.headers
        try:
            claim = call.claim = self._claims.read(request)
            signing_name = claim.service if claim else None
        except SignatureRefused as refused:
            # The client is to hear of it in the words of the service it meant.
            call.claim_refused = refused
            signing_name = hinted_service(request)
        service = call.service = await self._find_service(call, signing_name)
        if service.protocol.startswith("rest-"):
            # Method and path tell the operation, and with it how much body is taken.
            call.match = service.find_operation(method, path, query, headers, b"")
            call.body = call.body or await _read(call, service.name, call.match.operation.name)
            if signing_name is not None and self._is_sure(service, signing_name, method, path):
                self._remember((signing_name, method, path), (service, call.match))
        else:
            call.body = call.body or await _read(call, service.name, "")
            call.match = service.find_operation(method, path, query, headers, call.body)

    def _is_sure(self, service: ServiceCodec, signing_name: str, method: str, path: str) -> bool:
        is_told = self._router.is_told_by_name(signing_name)
        return is_told and service.is_told_by_path(method, path)

    def _remember(self, asked: tuple[str, str, str], found: tuple[ServiceCodec, Match]) -> None:
        if len(asked[2]) <= _KEPT_LENGTH:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[asked] = found

    async def _find_service(self, call: Call, signing_name: str | None) -> ServiceCodec:
        request = call.request
        facts = (request.method, request.path, request.query, request.headers, signing_name)
        try:
            return self._router.find_service(*facts)
        except UnknownOperation:
            if signing_name is not None:
                raise
            # Nothing but the form in its body says what an unsigned query request is for.
            call.body = await _read(call, "", "")
            return self._router.find_service(*facts, body=call.body)


async def _read(call: Call, service: str, operation: str) -> bytes:
    try:
        return await call.request.body.read(body_limit(service, operation))
    except BodyTooLarge:
        raise too_large(service, operation) from None
