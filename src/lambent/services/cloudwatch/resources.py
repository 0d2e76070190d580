"""Alarms, what happened to them, and dashboards: a JSON document each.

Every function takes the transaction it works in. Times in documents are ISO 8601 texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, insert, select, update

from lambent.core.arn import Arn
from lambent.core.context import Scope
from lambent.services.cloudwatch.tables import RESOURCES

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = RESOURCES.c
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows are found by scope and `id`."""

    name: str

    def find(self, tx: Tx, scope: Scope, id_: str) -> Document | None:
        row = tx.one(select(_C.document).where(self._is(scope, id_)))
        return None if row is None else orjson.loads(row.document)

    def put(self, tx: Tx, scope: Scope, id_: str, document: Document) -> None:
        """Insert or replace."""
        text = orjson.dumps(document).decode()
        if tx.execute(update(RESOURCES).where(self._is(scope, id_)).values(document=text)):
            return
        values = {
            "account_id": scope.account_id,
            "region": scope.region,
            "kind": self.name,
            "id": id_,
            "document": text,
        }
        tx.execute(insert(RESOURCES).values(values))

    def remove(self, tx: Tx, scope: Scope, id_: str) -> bool:
        """True if it was there."""
        return bool(tx.execute(delete(RESOURCES).where(self._is(scope, id_))))

    def remove_before(self, tx: Tx, id_: str) -> None:
        """Those of every account and region whose ids come before this one."""
        tx.execute(delete(RESOURCES).where((_C.kind == self.name) & (_C.id < id_)))

    def all(self, tx: Tx, scope: Scope) -> list[Document]:
        """All of an account and region, by id."""
        rows = tx.all(select(_C.id, _C.document).where(self._scoped(scope)))
        # Sorted here: a database may have an order of its own for text.
        return [orjson.loads(row.document) for row in sorted(rows, key=lambda row: str(row.id))]

    def everywhere(self, tx: Tx) -> list[tuple[Scope, str, Document]]:
        """All of every account and region, with scope and id."""
        rows = tx.all(select(RESOURCES).where(_C.kind == self.name))
        return [
            (Scope(row.account_id, row.region), row.id, orjson.loads(row.document)) for row in rows
        ]

    def _scoped(self, scope: Scope) -> ColumnElement[bool]:
        return (
            (_C.account_id == scope.account_id)
            & (_C.region == scope.region)
            & (_C.kind == self.name)
        )

    def _is(self, scope: Scope, id_: str) -> ColumnElement[bool]:
        return self._scoped(scope) & (_C.id == id_)


METRIC_ALARMS = Kind("metric-alarm")
COMPOSITE_ALARMS = Kind("composite-alarm")
HISTORY = Kind("alarm-history")
DASHBOARDS = Kind("dashboard")

ALARM_KINDS = {"MetricAlarm": METRIC_ALARMS, "CompositeAlarm": COMPOSITE_ALARMS}


def alarm_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:cloudwatch:{scope.region}:{scope.account_id}:alarm:{name}"


def find_alarm(tx: Tx, scope: Scope, name: str) -> tuple[Kind, Document] | None:
    """An alarm of either kind."""
    for kind in ALARM_KINDS.values():
        document = kind.find(tx, scope, name)
        if document is not None:
            return kind, document
    return None


def alarm_name(arn: str) -> str:
    """The name of the alarm of an ARN, "" where it is of something else."""
    try:
        parts = Arn.parse(arn)
    except ValueError:
        return ""
    kind, _, name = parts.resource.partition(":")
    return name if parts.service == "cloudwatch" and kind == "alarm" else ""


def remove_all(tx: Tx) -> None:
    tx.execute(delete(RESOURCES))


def moment(text: str) -> datetime:
    """As answers have it."""
    return datetime.fromisoformat(text)
