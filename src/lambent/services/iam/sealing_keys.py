"""What temporary credentials are sealed with: made at the first start, kept in the database as access keys are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from lambent.core import ids
from lambent.services.iam.tables import SEALING_KEYS

if TYPE_CHECKING:
    from lambent.core.ports import Database, Tx

_NAME = "sessions"
_BYTES = 32  # AES-256


class SealingKeys:
    """`core.ports.SealingKeys`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = b""

    async def load(self) -> None:
        """Read the key, or make it."""
        fresh = ids.secret_bytes(_BYTES)
        self._key = await self._database.write(partial(_find_or_add, fresh=fresh))

    def key(self) -> bytes:
        """The key, once it has been loaded."""
        assert self._key
        return self._key


def _find_or_add(tx: Tx, fresh: bytes) -> bytes:
    row = tx.one(select(SEALING_KEYS.c.secret).where(SEALING_KEYS.c.name == _NAME))
    if row is not None:
        return bytes.fromhex(row.secret)
    tx.execute(insert(SEALING_KEYS).values(name=_NAME, secret=fresh.hex()))
    return fresh
