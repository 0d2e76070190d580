"""What hangs on log groups or stands beside them, a JSON document each: filters, policies, destinations, saved queries.

A kind of resource is one `Kind`; every function of it takes the transaction it works in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, insert, select, update

from lambent.core.context import Scope
from lambent.services.logs.tables import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = RESOURCES.c
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows are found by scope, by `owner` (a log group's name, or "") and by `id`."""

    name: str

    def find(self, tx: Tx, scope: Scope, owner: str, id_: str) -> Document | None:
        row = tx.one(select(_C.document).where(self._is(scope, owner, id_)))
        return None if row is None else orjson.loads(row.document)

    def put(
        self, tx: Tx, scope: Scope, owner: str, id_: str, document: Mapping[str, object]
    ) -> None:
        """Insert or replace."""
        text = orjson.dumps(document).decode()
        if tx.execute(update(RESOURCES).where(self._is(scope, owner, id_)).values(document=text)):
            return
        values = {
            "account_id": scope.account_id,
            "region": scope.region,
            "kind": self.name,
            "owner": owner,
            "id": id_,
            "document": text,
        }
        tx.execute(insert(RESOURCES).values(values))

    def remove(self, tx: Tx, scope: Scope, owner: str, id_: str) -> bool:
        """True if it was there."""
        return bool(tx.execute(delete(RESOURCES).where(self._is(scope, owner, id_))))

    def of(self, tx: Tx, scope: Scope, owner: str) -> list[Document]:
        """All of one owner, by id."""
        return self._documents(tx, self._scoped(scope) & (_C.owner == owner))

    def all(self, tx: Tx, scope: Scope) -> list[Document]:
        """All of an account and region, by id."""
        return self._documents(tx, self._scoped(scope))

    def everywhere(self, tx: Tx) -> list[tuple[Scope, str, Document]]:
        """All of every account and region, with scope and owner."""
        rows = tx.all(select(RESOURCES).where(_C.kind == self.name))
        return [
            (Scope(row.account_id, row.region), row.owner, orjson.loads(row.document))
            for row in rows
        ]

    def _documents(self, tx: Tx, where: ColumnElement[bool]) -> list[Document]:
        rows = tx.all(select(_C.id, _C.document).where(where))
        # Sorted here: a database may have an order of its own for text.
        return [orjson.loads(row.document) for row in sorted(rows, key=lambda row: str(row.id))]

    def _scoped(self, scope: Scope) -> ColumnElement[bool]:
        return (
            (_C.account_id == scope.account_id)
            & (_C.region == scope.region)
            & (_C.kind == self.name)
        )

    def _is(self, scope: Scope, owner: str, id_: str) -> ColumnElement[bool]:
        return self._scoped(scope) & (_C.owner == owner) & (_C.id == id_)


METRIC_FILTERS = Kind("metric-filter")
SUBSCRIPTION_FILTERS = Kind("subscription-filter")
# How far the filters of a log group have read.
CURSORS = Kind("cursor")
# Owned by no log group.
POLICIES = Kind("resource-policy")
DESTINATIONS = Kind("destination")
QUERY_DEFINITIONS = Kind("query-definition")
