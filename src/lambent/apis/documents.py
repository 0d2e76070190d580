"""The documents that APIs are kept as, by kind. Every function takes the transaction that it works in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import delete, func, select

from lambent.apis.tables import DOCUMENTS, USAGE
from lambent.storage import documents

if TYPE_CHECKING:
    from sqlalchemy import Table

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.storage.documents import Document, Row


class Kind(documents.Kind):
    """One kind of document."""

    __slots__ = ()
    table: ClassVar[Table] = DOCUMENTS

    def remove_of(self, tx: Tx, scope: Scope, owner: str) -> None:
        """All of one owner."""
        tx.execute(delete(DOCUMENTS).where(self._scoped(scope) & (DOCUMENTS.c.owner == owner)))

    def of(self, tx: Tx, scope: Scope, owner: str = "") -> list[Document]:
        """All of one owner, by id."""
        return [row.document for row in self.rows_of(tx, scope, owner)]

    def count(self, tx: Tx, scope: Scope) -> int:
        """How many there are in an account and region."""
        row = tx.one(select(func.count()).select_from(DOCUMENTS).where(self._scoped(scope)))
        return int(row[0]) if row is not None else 0

    def everywhere(self, tx: Tx, id_: str | None = None) -> list[Row]:
        """All of every account and region, or those with an id."""
        if id_ is None:
            return super().everywhere(tx)
        return self._rows(tx, (DOCUMENTS.c.kind == self.name) & (DOCUMENTS.c.id == id_))


# Custom domain names belong to both services, and so does what they lead to; documents as the REST service has them.
DOMAINS = Kind("domain-name")
BASE_PATHS = Kind("base-path-mapping")  # of a domain name
ROUTING_RULES = Kind("routing-rule")  # of a domain name
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
