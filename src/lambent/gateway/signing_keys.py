"""Signing keys, derived once per access key and scope.

Deriving one takes four HMACs; a client uses the same one for a day.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from lambent.gateway.claim import TERMINATOR

if TYPE_CHECKING:
    from lambent.core.ports import Credential
    from lambent.gateway.claim import Claim

# 10,000 keys are 2 MB. Past it all are dropped: deriving them again is cheaper than keeping an order.
_KEPT = 10_000


class SigningKeys:
    """Keeps derived keys until they are dropped. A key is never used with another secret than it was derived from."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, str, str], tuple[str, bytes]] = {}

    def find(self, credential: Credential, claim: Claim) -> bytes:
        """The key to check the claim's signature with."""
        scope = (claim.access_key_id, claim.date, claim.region, claim.service)
        kept = self._keys.get(scope)
        secret = credential.secret_access_key
        if kept is not None and kept[0] == secret:
            return kept[1]
        key = derive_key(secret, claim.date, claim.region, claim.service)
        if len(self._keys) >= _KEPT:
            self._keys.clear()
        self._keys[scope] = (secret, key)
        return key

    def drop(self, access_key_id: str | None = None) -> None:
        """Forget the keys derived from one access key, or all."""
        if access_key_id is None:
            self._keys.clear()
            return
        for scope in [each for each in self._keys if each[0] == access_key_id]:
            del self._keys[scope]


def derive_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The signing key of a secret for one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
