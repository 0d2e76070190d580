"""One request on its way through the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.context import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.context import Principal, Scope
    from lambent.core.http import Request
    from lambent.core.ports import Credential
    from lambent.core.service import Operation
    from lambent.gateway.claim import Claim, SignatureRefused
    from lambent.policy.decisions import Permission
    from lambent.protocol.operation import Match
    from lambent.protocol.service import ServiceCodec


class Call:
    """What the steps have found out so far; each step reads what the ones before it have written. `service` and `match`
    are not there before `route` has set them.
    """

    __slots__ = (
        "account_id",
        "body",
        "claim",
        "claim_refused",
        "credential",
        "document",
        "match",
        "operation",
        "permissions",
        "principal",
        "region",
        "request",
        "request_id",
        "result",
        "scope",
        "service",
    )

    def __init__(self, request: Request, request_id: str) -> None:
        self.request = request
        self.request_id = request_id
        # route
        self.claim: Claim | None = None
        self.claim_refused: SignatureRefused | None = None
        self.service: ServiceCodec
        self.match: Match
        self.body = b""
        # authenticate
        self.credential: Credential | None = None
        self.principal: Principal = ANONYMOUS
        self.region = ""
        # parse
        self.document: Mapping[str, Any] = {}
        # authorise
        self.permissions: Sequence[Permission] = ()
        self.account_id = ""  # whose resources the request is about; "": the principal's
        # operate, before the operation
        self.operation: Operation | None = None
        self.scope: Scope | None = None
        # operate
        self.result: Any = None

    @property
    def is_routed(self) -> bool:
        return hasattr(self, "service")

    @property
    def is_matched(self) -> bool:
        return hasattr(self, "match")

    @property
    def protocol(self) -> str | None:
        """The wire protocol as far as it is known: the operation's, else the service's own."""
        if self.is_matched:
            return self.match.operation.protocol
        return self.service.protocol if self.is_routed else None
