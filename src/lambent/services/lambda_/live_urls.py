"""What function URLs lead to, in memory: each is read when it is called for the first time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lambent.core.context import Scope
from lambent.services.lambda_.names import FunctionRef
from lambent.services.lambda_.resources import URLS

if TYPE_CHECKING:
    from lambent.core.ports import Database, Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """What a URL leads to: a function or an alias, and the URL's configuration."""

    ref: FunctionRef
    config: dict[str, Any]


class LiveUrls:
    """By the id and the region in a URL's host name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: dict[tuple[str, str], Entry] = {}
        self._epoch = 0

    def get(self, url_id: str, region: str) -> Entry | None:
        """What is in memory; None may mean that nobody has asked yet."""
        return self._entries.get((url_id, region))

    async def load(self, url_id: str, region: str) -> Entry | None:
        """Read it, and keep it unless something changed meanwhile. None where there is no such URL."""
        epoch = self._epoch
        entry = await self._database.read(partial(_find, url_id=url_id, region=region))
        if entry is not None and epoch == self._epoch:
            self._entries[url_id, region] = entry
        return entry

    def forget(self) -> None:
        """A URL, or what one leads to, has come, changed or gone."""
        self._epoch += 1
        self._entries.clear()


def _find(tx: Tx, url_id: str, region: str) -> Entry | None:
    row = URLS.holding(tx, f'"url_id":"{url_id}"')
    if row is None or row.scope.region != region:
        return None
    ref = FunctionRef(Scope(row.scope.account_id, region), row.owner, row.id)
    return Entry(ref, row.document)
