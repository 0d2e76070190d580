"""Encoded authorization messages (`core.ports.AuthorizationMessages`): what a denial was decided by, for those who may
read it. They are for the account whose principal was denied, and for no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.sts.errors import InvalidAuthorizationMessage
from lambent.services.sts.seal import Seal, SealBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.ports import SealingKeys


@dataclass(frozen=True, slots=True)
class Messages:
    """Args: what they are sealed with."""

    seal: Seal

    @classmethod
    def sealed_with(cls, keys: SealingKeys) -> Messages:
        return cls(Seal("authorization message", keys))

    def encoded(self, account_id: str, message: Mapping[str, Any]) -> str:
        return self.seal.close(orjson.dumps([account_id, message]))

    def decoded(self, account_id: str, text: str) -> str:
        """As JSON. Raises InvalidAuthorizationMessage for what is none of this account."""
        try:
            owner, message = orjson.loads(self.seal.open(text))
        except (SealBroken, orjson.JSONDecodeError):
            raise InvalidAuthorizationMessage("Message is not valid") from None
        if owner != account_id:
            raise InvalidAuthorizationMessage("Message is not valid")
        return orjson.dumps(message).decode()
