"""What hangs on log groups or stands beside them, a JSON document each: filters, policies, destinations, saved queries.

A kind of resource is one `Kind`; every function of it takes the transaction it works in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lambent.services.logs.tables import RESOURCES
from lambent.storage import documents

if TYPE_CHECKING:
    from sqlalchemy import Table

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.storage.documents import Document


class Kind(documents.Kind):
    """One kind of resource. `owner` is a log group's name, or ""."""

    __slots__ = ()
    table: ClassVar[Table] = RESOURCES

    def of(self, tx: Tx, scope: Scope, owner: str) -> list[Document]:
        """All of one owner, by id."""
        return [row.document for row in self.rows_of(tx, scope, owner)]


METRIC_FILTERS = Kind("metric-filter")
SUBSCRIPTION_FILTERS = Kind("subscription-filter")
# How far the filters of a log group have read.
CURSORS = Kind("cursor")
# Owned by no log group.
POLICIES = Kind("resource-policy")
DESTINATIONS = Kind("destination")
QUERY_DEFINITIONS = Kind("query-definition")
EXPORT_TASKS = Kind("export-task")
