"""Finds out the states of composite alarms, by the states of the alarms that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.cloudwatch.alarm_moves import move
from lambent.services.cloudwatch.alarm_rules import compile_rule
from lambent.services.cloudwatch.alarm_states import ALARM, INSUFFICIENT_DATA, OK, stamp
from lambent.services.cloudwatch.resources import (
    COMPOSITE_ALARMS,
    METRIC_ALARMS,
    STATE_IS_SET,
    moment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from lambent.core.context import Scope
    from lambent.core.ports import Tx

    Alarms = Mapping[str, Mapping[str, Any]]


def judge_composites(tx: Tx, now: datetime) -> None:
    """Until nothing changes any more: they may be about each other, though not in a circle."""
    is_other = True
    while is_other:
        alarms: dict[Scope, dict[str, Mapping[str, Any]]] = {}
        composites = COMPOSITE_ALARMS.everywhere(tx)
        for row in (*METRIC_ALARMS.everywhere(tx), *composites):
            alarms.setdefault(row.scope, {})[row.id] = row.document
        moved = [_judge(tx, row.scope, row.document, alarms[row.scope], now) for row in composites]
        is_other = any(moved)


def _judge(tx: Tx, scope: Scope, alarm: Mapping[str, Any], alarms: Alarms, now: datetime) -> bool:
    """Whether it is in another state now."""
    rule = compile_rule(alarm["AlarmRule"])
    if alarm.get(STATE_IS_SET) and not _has_moved(alarm, rule.children, alarms):
        return False
    states = {name: each["StateValue"] for name, each in alarms.items()}
    outcome = rule.test(states)
    state = ALARM if outcome.holds else OK
    if state == alarm["StateValue"]:
        return False
    # By name first, so that those that moved in one look have an order.
    triggers = [alarms[name] for name in sorted(outcome.causes) if name in alarms]
    triggers.sort(key=_moved_at, reverse=True)
    data = {"triggeringAlarms": [_trigger(each) for each in triggers]}
    move(
        tx,
        scope,
        COMPOSITE_ALARMS,
        {name: value for name, value in alarm.items() if name != STATE_IS_SET},
        state,
        _reason(alarm, state, triggers),
        orjson.dumps(data).decode(),
        now,
    )
    return True


def _has_moved(alarm: Mapping[str, Any], children: Iterable[str], alarms: Alarms) -> bool:
    """ "It returns to its actual state only once any of its children alarms change state" (SetAlarmState)."""
    since = moment(alarm["StateUpdatedTimestamp"])
    return any(_moved_at(alarms[name]) > since for name in children if name in alarms)


def _reason(alarm: Mapping[str, Any], state: str, triggers: Sequence[Mapping[str, Any]]) -> str:
    """The first two forms are of AWS's page "Alarm events and EventBridge"; the third, of a rule that was changed, is
    formed after the first."""
    if alarm["StateValue"] == INSUFFICIENT_DATA:
        return f"{alarm['AlarmArn']} was created and its alarm rule evaluates to {state}"
    if triggers and _moved_at(triggers[0]) >= moment(alarm["AlarmConfigurationUpdatedTimestamp"]):
        newest = triggers[0]
        at = f"{_moved_at(newest):%A %d %B, %Y %H:%M:%S} UTC"
        return f"{newest['AlarmArn']} transitioned to {newest['StateValue']} at {at}"
    return f"{alarm['AlarmArn']} was updated and its alarm rule evaluates to {state}"


def _trigger(alarm: Mapping[str, Any]) -> dict[str, Any]:
    state = {"value": alarm["StateValue"], "timestamp": stamp(_moved_at(alarm))}
    return {"arn": alarm["AlarmArn"], "state": state}


def _moved_at(alarm: Mapping[str, Any]) -> datetime:
    return moment(alarm["StateTransitionedTimestamp"])
