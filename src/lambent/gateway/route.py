"""Step 1: which service and operation a request means; its body is read to that operation's limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.errors import UnknownOperation
from lambent.core.http import BodyTooLarge
from lambent.gateway.body_limits import body_limit, too_large
from lambent.gateway.claim import ClaimReader, SignatureRefused, hinted_service

if TYPE_CHECKING:
    from lambent.gateway.call import Call
    from lambent.protocol.routing import Router
    from lambent.protocol.service import ServiceCodec


class Route:
    """Fills in `claim`, `service`, `match` and `body`."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._claims = ClaimReader()

    async def __call__(self, call: Call) -> None:
        """Raises `UnknownOperation` and `RequestTooLarge`."""
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
        else:
            call.body = call.body or await _read(call, service.name, "")
            call.match = service.find_operation(method, path, query, headers, call.body)

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
