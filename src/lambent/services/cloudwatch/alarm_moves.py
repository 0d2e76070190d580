"""An alarm moves to another state: its document, its line in the history and notes of what is to be done, together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.services.cloudwatch import alarm_history
from lambent.services.cloudwatch.alarm_states import ALARM, OK
from lambent.services.cloudwatch.resources import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.services.cloudwatch.resources import Kind

_ACTIONS = {OK: "OKActions", ALARM: "AlarmActions"}


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm's move from one state to another."""

    scope: Scope
    kind: Kind
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def actions(self) -> list[str]:
        member = _ACTIONS.get(self.after["StateValue"], "InsufficientDataActions")
        return list(self.after[member]) if self.after["ActionsEnabled"] else []


def move(
    tx: Tx,
    scope: Scope,
    kind: Kind,
    before: Mapping[str, Any],
    state: str,
    reason: str,
    data: str | None,
    now: datetime,
) -> None:
    """Write a state, and if it is another one what there is to do."""
    after = {
        **before,
        "StateValue": state,
        "StateReason": reason[:1023],
        "StateUpdatedTimestamp": now.isoformat(),
    }
    after.pop("StateReasonData", None)
    if data is not None:
        after["StateReasonData"] = data
    is_other = state != before["StateValue"]
    if is_other:
        after["StateTransitionedTimestamp"] = now.isoformat()
    kind.put(tx, scope, "", before["AlarmName"], after)
    if not is_other:
        return
    alarm_history.note(
        tx,
        scope,
        kind,
        before["AlarmName"],
        now,
        item="StateUpdate",
        summary=f"Alarm updated from {before['StateValue']} to {state}",
        data={"version": "1.0", "oldState": _state(before), "newState": _state(after)},
    )
    for action in Change(scope, kind, before, after).actions:
        document = {
            "alarmType": alarm_history.type_of(kind),
            "action": action,
            "before": before,
            "after": after,
            "at": now.isoformat(),
        }
        # Within a change they are done in any order.
        ACTIONS.put(tx, scope, "", f"{now.timestamp():017.6f}-{ids.hex_id(16)}", document)


def _state(alarm: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"stateValue": alarm["StateValue"], "stateReason": alarm["StateReason"]}
    if "StateReasonData" in alarm:
        found["stateReasonData"] = orjson.Fragment(alarm["StateReasonData"])
    return found
