"""Alarms, what happened to them, and dashboards: a JSON document each.

Every function takes the transaction it works in. Times in documents are ISO 8601 texts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import delete

from lambent.core.arn import Arn
from lambent.services.cloudwatch.tables import RESOURCES
from lambent.storage import documents

if TYPE_CHECKING:
    from sqlalchemy import Table

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.storage.documents import Document


class Kind(documents.Kind):
    """One kind of resource. None of them has an owner."""

    __slots__ = ()
    table: ClassVar[Table] = RESOURCES

    def remove_before(self, tx: Tx, id_: str) -> None:
        """Those of every account and region whose ids come before this one."""
        columns = RESOURCES.c
        tx.execute(delete(RESOURCES).where((columns.kind == self.name) & (columns.id < id_)))


METRIC_ALARMS = Kind("metric-alarm")
COMPOSITE_ALARMS = Kind("composite-alarm")
HISTORY = Kind("alarm-history")
ACTIONS = Kind(
    "alarm-action"
)  # to be done yet; ids are in the order of the changes that ask for them
DASHBOARDS = Kind("dashboard")

# A member of an alarm whose state somebody has set, until it finds out one itself.
STATE_IS_SET = "StateIsSet"
ALARM_KINDS = {"MetricAlarm": METRIC_ALARMS, "CompositeAlarm": COMPOSITE_ALARMS}


def alarm_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:cloudwatch:{scope.region}:{scope.account_id}:alarm:{name}"


def find_alarm(tx: Tx, scope: Scope, name: str) -> tuple[Kind, Document] | None:
    """An alarm of either kind."""
    for kind in ALARM_KINDS.values():
        document = kind.find(tx, scope, "", name)
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
