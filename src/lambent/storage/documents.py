"""JSON documents in a table of a service's own: what it keeps by account and region, kind, owner and id.

A kind of document is one `Kind`; a service derives its own from it, with its table. Every function of it takes the
transaction that it works in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from sqlalchemy import delete, insert, select, update

from lambent.core.context import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Table

    from lambent.core.ports import Tx

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A document, and where it was found."""

    scope: Scope
    owner: str
    id: str
    document: Document


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document. Rows are found by scope, by `owner` (what they belong to, or "") and by `id`."""

    name: str
    # With the columns account_id, region, kind, owner, id and document.
    table: ClassVar[Table]

    def find(self, tx: Tx, scope: Scope, owner: str, id_: str) -> Document | None:
        row = tx.one(select(self.table.c.document).where(self._is(scope, owner, id_)))
        return None if row is None else orjson.loads(row.document)

    def put(
        self, tx: Tx, scope: Scope, owner: str, id_: str, document: Mapping[str, object]
    ) -> None:
        """Insert or replace."""
        text = orjson.dumps(document).decode()
        where = self._is(scope, owner, id_)
        if tx.execute(update(self.table).where(where).values(document=text)):
            return
        values = {
            "account_id": scope.account_id,
            "region": scope.region,
            "kind": self.name,
            "owner": owner,
            "id": id_,
            "document": text,
        }
        tx.execute(insert(self.table).values(values))

    def remove(self, tx: Tx, scope: Scope, owner: str, id_: str) -> bool:
        """True if it was there."""
        return bool(tx.execute(delete(self.table).where(self._is(scope, owner, id_))))

    def rows_of(self, tx: Tx, scope: Scope, owner: str) -> list[Row]:
        """All of one owner, by id."""
        return self._rows(tx, self._scoped(scope) & (self.table.c.owner == owner))

    def all(self, tx: Tx, scope: Scope) -> list[Row]:
        """All of an account and region, by owner and id."""
        return self._rows(tx, self._scoped(scope))

    def documents(self, tx: Tx, scope: Scope) -> list[Document]:
        """The documents of an account and region, by id."""
        # Sorted here: a database may have an order of its own for text.
        return [row.document for row in sorted(self.all(tx, scope), key=lambda row: row.id)]

    def everywhere(self, tx: Tx) -> list[Row]:
        """All of every account and region."""
        return self._rows(tx, self.table.c.kind == self.name)

    def _rows(self, tx: Tx, where: ColumnElement[bool]) -> list[Row]:
        columns = self.table.c
        return [
            Row(Scope(row.account_id, row.region), row.owner, row.id, orjson.loads(row.document))
            for row in tx.all(select(self.table).where(where).order_by(columns.owner, columns.id))
        ]

    def _scoped(self, scope: Scope) -> ColumnElement[bool]:
        columns = self.table.c
        return (
            (columns.account_id == scope.account_id)
            & (columns.region == scope.region)
            & (columns.kind == self.name)
        )

    def _is(self, scope: Scope, owner: str, id_: str) -> ColumnElement[bool]:
        return self._scoped(scope) & (self.table.c.owner == owner) & (self.table.c.id == id_)
