"""Signatures of requests to a data plane, for doors that want to know who comes (`core.ports.Signatures`)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from lambent.core.context import ANONYMOUS
from lambent.gateway.authenticate import HASH_HERE_BYTES, sha256
from lambent.gateway.claim import Flaw, SignatureRefused, read_claim
from lambent.gateway.refusals import service_error
from lambent.gateway.sigv4 import SignatureChecker, needs_body_hash

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.core.ports import Credentials


class DoorSignatures:
    """Args: as of the gateway; `auth` "open" believes signatures, and takes callers without one for nobody."""

    def __init__(
        self, credentials: Credentials, clock: Clock, auth: Literal["iam", "open"] = "iam"
    ) -> None:
        self._credentials = credentials
        self._checker = SignatureChecker(credentials, clock)
        self._auth = auth

    @property
    def is_open(self) -> bool:
        return self._auth == "open"

    async def verify(self, request: Request, service: str, body: bytes) -> Principal:
        """Who signed the request. Raises ServiceError."""
        try:
            claim = read_claim(request)
            if claim is None:
                if self.is_open:
                    return ANONYMOUS
                raise SignatureRefused(Flaw.MISSING)  # noqa: TRY301 - worded below, like the others
            if self.is_open:
                credential = self._credentials.find(claim.access_key_id, claim.session_token)
                return ANONYMOUS if credential is None else credential.principal
            digest = ""
            if needs_body_hash(claim, request, service):
                is_small = len(body) <= HASH_HERE_BYTES
                digest = sha256(body) if is_small else await asyncio.to_thread(sha256, body)
            return self._checker.check(claim, request, service, digest).credential.principal
        except SignatureRefused as refused:
            raise service_error(refused, service, "rest-json") from None
