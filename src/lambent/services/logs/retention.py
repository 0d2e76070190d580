"""Retention: how long events are kept, by the calendar.

Events that are too old are not found any more, at once; they leave the disk by whole segments, which hold a day's worth
at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.services.logs.errors import InvalidParameter
from lambent.services.logs.groups import change
from lambent.services.logs.names import group_key

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        DeleteRetentionPolicyRequestTypeDef,
        PutRetentionPolicyRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.logs.registry import Registry

# The possible values of retentionInDays (PutRetentionPolicy).
DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


@dataclass(frozen=True, slots=True)
class Retention:
    """The operations, with what they need."""

    registry: Registry

    def put_retention_policy(
        self, tx: Tx, context: RequestContext, request: PutRetentionPolicyRequestTypeDef
    ) -> Document:
        days = request["retentionInDays"]
        if days not in DAYS:
            allowed = ", ".join(map(str, DAYS))
            raise InvalidParameter(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to "
                f"satisfy constraint: Member must satisfy enum value set: [{allowed}]"
            )
        self._set(tx, context, request["logGroupName"], days)
        return {}

    def delete_retention_policy(
        self, tx: Tx, context: RequestContext, request: DeleteRetentionPolicyRequestTypeDef
    ) -> Document:
        self._set(tx, context, request["logGroupName"], 0)
        return {}

    def _set(self, tx: Tx, context: RequestContext, name: str, days: int) -> None:
        key = group_key(context.scope, name)
        change(tx, self.registry, key, lambda group: replace(group, retention_days=days))
