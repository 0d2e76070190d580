"""The entities of IAM in the database; whoever mirrors them in memory hears of every change once it is durable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import delete, insert, select, update

from lambent.services.iam.model import E, Entity, decode, encode
from lambent.services.iam.tables import ENTITIES

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = ENTITIES.c


class Mirror(Protocol):
    """Told of changes in the event loop, in the order in which they were made durable."""

    def stored(self, entity: Entity) -> None: ...
    def removed(self, entity: Entity) -> None: ...


class Store:
    """Args: who hears of changes."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def find(self, tx: Tx, account_id: str, kind: type[E], name: str) -> E | None:
        """The entity of that name, in whatever case it is written."""
        row = tx.one(select(_C.document).where(_is(account_id, kind, name.lower())))
        found: E | None = None if row is None else decode(kind.kind, row.document)
        return found

    def all(self, tx: Tx, account_id: str, kind: type[E]) -> list[E]:
        """All of an account, by key."""
        where = (_C.account_id == account_id) & (_C.kind == kind.kind)
        rows = tx.all(select(_C.document).where(where).order_by(_C.key))
        return [decode(kind.kind, row.document) for row in rows]

    def put(self, tx: Tx, entity: Entity) -> None:
        """Insert or replace."""
        text = encode(entity)
        where = _is(entity.account_id, type(entity), entity.key)
        if not tx.execute(update(ENTITIES).where(where).values(document=text)):
            values = {
                "account_id": entity.account_id,
                "kind": entity.kind,
                "key": entity.key,
                "document": text,
            }
            tx.execute(insert(ENTITIES).values(values))
        tx.after_commit(self._mirror.stored, entity)

    def remove(self, tx: Tx, entity: Entity) -> None:
        tx.execute(delete(ENTITIES).where(_is(entity.account_id, type(entity), entity.key)))
        tx.after_commit(self._mirror.removed, entity)


def everything(tx: Tx) -> list[Entity]:
    """Every entity of every account."""
    return [decode(row.kind, row.document) for row in tx.all(select(ENTITIES))]


def forget_everything(tx: Tx) -> None:
    """`--test-mode`."""
    tx.execute(delete(ENTITIES))


def _is(account_id: str, kind: type[Any], key: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (
        (_C.account_id == account_id) & (_C.kind == kind.kind) & (_C.key == key)
    )
    return found
