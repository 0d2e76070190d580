"""One request on its way through the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.context import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.gateway.claim import Claim, SignatureRefused
    from lambent.protocol.operation import Match
    from lambent.protocol.service import ServiceCodec


class Call:
    """What the steps have found out so far; each step reads what the ones before it have written."""

    __slots__ = (
        "_match",
        "_service",
        "body",
        "claim",
        "claim_refused",
        "document",
        "principal",
        "region",
        "request",
        "request_id",
        "result",
    )

    def __init__(self, request: Request, request_id: str) -> None:
        self.request = request
        self.request_id = request_id
        # route
        self.claim: Claim | None = None
        self.claim_refused: SignatureRefused | None = None
        self._service: ServiceCodec | None = None
        self._match: Match | None = None
        self.body = b""
        # authenticate
        self.principal: Principal = ANONYMOUS
        self.region = ""
        # parse
        self.document: Mapping[str, Any] = {}
        # operate
        self.result: Any = None

    @property
    def service(self) -> ServiceCodec:
        """The service's codec, once routed."""
        assert self._service is not None
        return self._service

    @service.setter
    def service(self, codec: ServiceCodec) -> None:
        self._service = codec

    @property
    def match(self) -> Match:
        """The operation and the labels of its path, once routed."""
        assert self._match is not None
        return self._match

    @match.setter
    def match(self, match: Match) -> None:
        self._match = match

    @property
    def is_routed(self) -> bool:
        return self._service is not None

    @property
    def is_matched(self) -> bool:
        return self._match is not None

    @property
    def protocol(self) -> str | None:
        """The wire protocol as far as it is known: the operation's, else the service's own."""
        if self._match is not None:
            return self._match.operation.protocol
        return None if self._service is None else self._service.protocol
