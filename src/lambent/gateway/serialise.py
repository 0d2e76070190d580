"""Step 6: the answer in the bytes of the protocol, and errors likewise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from lambent.core.http import Response
from lambent.gateway.claim import hinted_service
from lambent.protocol.errors import serialize_error, told_protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.errors import ServiceError
    from lambent.gateway.call import Call
    from lambent.protocol.messages import WireResponse

# The last is that of HTTP APIs, which have no other.
_REQUEST_ID_HEADERS = frozenset({"x-amzn-requestid", "x-amz-request-id", "apigw-requestid"})


def serialise(call: Call) -> Response:
    """The answer of an operation that did what it was asked."""
    wire = call.match.operation.serialize(call.result or {}, call.request_id)
    return wire if type(wire.body) is bytes else _response(wire)


def serialise_error(call: Call, error: ServiceError) -> Response:
    """The answer to a request that was refused, in as much of its protocol as is known."""
    if call.is_matched:
        return _response(call.match.operation.serialize_error(error, call.request_id))
    if call.is_routed:
        return _response(call.service.serialize_error(error, call.request_id))
    protocol = told_protocol(call.request.headers, hinted_service(call.request))
    return _response(serialize_error(protocol, error, call.request_id))


def with_request_id(response: Response, request_id: str) -> Response:
    """The same answer, with a request id if it has none."""
    for name, _ in response.headers:
        if name.lower() in _REQUEST_ID_HEADERS:
            return response
    response.headers.append(("x-amzn-RequestId", request_id))
    return response


def _response(wire: WireResponse) -> Response:
    body = wire.body
    if not isinstance(body, bytes | AsyncIterator):
        body = _stream(body)
    return Response(wire.status, wire.headers, body)


async def _stream(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
