"""The documents that APIs are kept as, by kind. Every function takes the transaction that it works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, func, insert, select, update

from lambent.apis.tables import DOCUMENTS, USAGE
from lambent.core.context import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = DOCUMENTS.c
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
    """One kind of document."""

    name: str

    def find(self, tx: Tx, scope: Scope, owner: str, id_: str) -> Document | None:
        row = tx.one(select(_C.document).where(self._is(scope, owner, id_)))
        return None if row is None else orjson.loads(row.document)

    def put(
        self, tx: Tx, scope: Scope, owner: str, id_: str, document: Mapping[str, object]
    ) -> None:
        """Insert or replace."""
        text = orjson.dumps(document).decode()
        where = self._is(scope, owner, id_)
        if tx.execute(update(DOCUMENTS).where(where).values(document=text)):
            return
        values = {
            "account_id": scope.account_id,
            "region": scope.region,
            "kind": self.name,
            "owner": owner,
            "id": id_,
            "document": text,
        }
        tx.execute(insert(DOCUMENTS).values(values))

    def remove(self, tx: Tx, scope: Scope, owner: str, id_: str) -> bool:
        """True if it was there."""
        return bool(tx.execute(delete(DOCUMENTS).where(self._is(scope, owner, id_))))

    def remove_of(self, tx: Tx, scope: Scope, owner: str) -> None:
        """All of one owner."""
        tx.execute(delete(DOCUMENTS).where(self._scoped(scope) & (_C.owner == owner)))

    def of(self, tx: Tx, scope: Scope, owner: str = "") -> list[Document]:
        """All of one owner, by id."""
        return [row.document for row in self.rows_of(tx, scope, owner)]

    def rows_of(self, tx: Tx, scope: Scope, owner: str) -> list[Row]:
        """The same, with their ids."""
        return self._rows(tx, self._scoped(scope) & (_C.owner == owner))

    def count(self, tx: Tx, scope: Scope) -> int:
        """How many there are in an account and region."""
        row = tx.one(select(func.count()).select_from(DOCUMENTS).where(self._scoped(scope)))
        return int(row[0]) if row is not None else 0

    def all(self, tx: Tx, scope: Scope) -> list[Row]:
        """All of an account and region, by owner and id."""
        return self._rows(tx, self._scoped(scope))

    def everywhere(self, tx: Tx, id_: str | None = None) -> list[Row]:
        """All of every account and region, or those with an id."""
        where = _C.kind == self.name
        return self._rows(tx, where if id_ is None else where & (_C.id == id_))

    def _rows(self, tx: Tx, where: ColumnElement[bool]) -> list[Row]:
        return [
            Row(Scope(row.account_id, row.region), row.owner, row.id, orjson.loads(row.document))
            for row in tx.all(select(DOCUMENTS).where(where).order_by(_C.owner, _C.id))
        ]

    def _scoped(self, scope: Scope) -> ColumnElement[bool]:
        return (
            (_C.account_id == scope.account_id)
            & (_C.region == scope.region)
            & (_C.kind == self.name)
        )

    def _is(self, scope: Scope, owner: str, id_: str) -> ColumnElement[bool]:
        return self._scoped(scope) & (_C.owner == owner) & (_C.id == id_)


# Custom domain names belong to both services, and so does what they lead to; documents as the REST service has them.
DOMAINS = Kind("domain-name")
BASE_PATHS = Kind("base-path-mapping")  # of a domain name
REST_APIS = Kind("rest-api")
STAGES = Kind("stage")  # of a REST API
HTTP_APIS = Kind("http-api")
HTTP_STAGES = Kind("http-stage")  # of an HTTP API


def is_free_id(tx: Tx, api_id: str) -> bool:
    """No API of the platform has it, of either kind."""
    return not REST_APIS.everywhere(tx, api_id) and not HTTP_APIS.everywhere(tx, api_id)


def remove_all(tx: Tx) -> None:
    """Everything of every account (`--test-mode`)."""
    tx.execute(delete(DOCUMENTS))
    tx.execute(delete(USAGE))
