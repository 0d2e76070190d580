"""Log groups as they are stored. Every function here takes the transaction it works in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, insert, select, update

from lambent.services.logs.tables import GROUPS, RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.services.logs.names import GroupKey

_C = GROUPS.c


@dataclass(frozen=True, slots=True)
class Group:
    """A log group. `retention_days` is 0 where its events never expire."""

    account_id: str
    region: str
    name: str
    created_ms: int
    retention_days: int = 0
    group_class: str = "STANDARD"
    is_protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> GroupKey:
        return (self.account_id, self.region, self.name)

    @property
    def is_standard(self) -> bool:
        return self.group_class == "STANDARD"


def find(tx: Tx, key: GroupKey) -> Group | None:
    row = tx.one(select(GROUPS).where(_is(key)))
    return None if row is None else _group(row)


def in_scope(tx: Tx, scope: Scope) -> list[Group]:
    """All of an account and region, by name."""
    where = (_C.account_id == scope.account_id) & (_C.region == scope.region)
    rows = tx.all(select(GROUPS).where(where))
    # Sorted here: a database may have an order of its own for text.
    return sorted(map(_group, rows), key=lambda group: group.name)


def everywhere(tx: Tx) -> list[Group]:
    """All of every account and region."""
    return [_group(row) for row in tx.all(select(GROUPS))]


def add(tx: Tx, group: Group) -> bool:
    """False if it is there already."""
    if find(tx, group.key) is not None:
        return False
    tx.execute(insert(GROUPS).values(**_values(group)))
    return True


def write(tx: Tx, group: Group) -> None:
    """Replace one that is there."""
    tx.execute(update(GROUPS).where(_is(group.key)).values(**_values(group)))


def remove(tx: Tx, key: GroupKey) -> None:
    """With everything that hangs on it."""
    tx.execute(delete(GROUPS).where(_is(key)))
    account_id, region, name = key
    tx.execute(
        delete(RESOURCES).where(
            (RESOURCES.c.account_id == account_id)
            & (RESOURCES.c.region == region)
            & (RESOURCES.c.owner == name)
        )
    )


def remove_all(tx: Tx) -> None:
    """Everything of every account (`--test-mode`)."""
    tx.execute(delete(GROUPS))
    tx.execute(delete(RESOURCES))


def _is(key: GroupKey) -> Any:
    account_id, region, name = key
    return (_C.account_id == account_id) & (_C.region == region) & (_C.name == name)


def _group(row: Any) -> Group:
    return Group(
        row.account_id,
        row.region,
        row.name,
        row.created_ms,
        row.retention_days,
        row.group_class,
        bool(row.is_protected),
        orjson.loads(row.tags),
    )


def _values(group: Group) -> dict[str, Any]:
    return {
        "account_id": group.account_id,
        "region": group.region,
        "name": group.name,
        "created_ms": group.created_ms,
        "retention_days": group.retention_days,
        "group_class": group.group_class,
        "is_protected": group.is_protected,
        "tags": orjson.dumps(dict(group.tags)).decode(),
    }
