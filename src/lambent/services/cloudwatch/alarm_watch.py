"""Finds out the states of alarms, once in each period, and does what they say.

A change of state, its line in the history and a note of what is to be done are one transaction. Actions follow it: a
function is invoked once its event is in Lambda's queue; then the history says how that went, and the note goes. Where
something comes between, the next look does it, or the next start: it may be done twice then, and is not left out.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.arn import Arn
from lambent.core.errors import ServiceError
from lambent.core.ports import ServiceCaller
from lambent.services.cloudwatch import alarm_history, querying, statistics, store
from lambent.services.cloudwatch.alarm_checks import period_of
from lambent.services.cloudwatch.alarm_composites import judge_composites
from lambent.services.cloudwatch.alarm_events import alarm_event
from lambent.services.cloudwatch.alarm_moves import Change, move
from lambent.services.cloudwatch.alarm_notifications import message_of, subject_of
from lambent.services.cloudwatch.alarm_states import SPARE, Verdict, judge, reason_data
from lambent.services.cloudwatch.errors import ValidationError
from lambent.services.cloudwatch.resources import (
    ACTIONS,
    ALARM_KINDS,
    METRIC_ALARMS,
    STATE_IS_SET,
    moment,
)
from lambent.services.cloudwatch.series import Span, values
from lambent.services.cloudwatch.store import MINUTE_S, dimensions_of, key_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from lambent.core.clock import Clock
    from lambent.core.context import Scope
    from lambent.core.ports import Database, Functions, Tx
    from lambent.services.cloudwatch.ports import Topics
    from lambent.services.cloudwatch.resources import Kind

_ALARMS = "lambda.alarms.cloudwatch.amazonaws.com"
_PUBLISHES = "cloudwatch.amazonaws.com"
_SHORT_S = 10

_log = logging.getLogger(__name__)


class AlarmWatch:
    """Args: `flushed` returns when everything that was measured can be read."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        functions: Functions,
        flushed: Callable[[], Awaitable[None]],
        topics: Topics | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._functions = functions
        self._flushed = flushed
        self._topics = topics
        self._lock = asyncio.Lock()
        self._periods: set[int] = set()

    @property
    def every(self) -> timedelta:
        """How often there is something to find out."""
        return timedelta(
            seconds=_SHORT_S if any(each < MINUTE_S for each in self._periods) else MINUTE_S
        )

    async def look(self) -> None:
        """Find out the state of every alarm, and act."""
        async with self._lock:
            await self._flushed()
            # Reading what alarms are about takes long where they are many; nobody's write waits for it.
            verdicts = await self._database.read(self._verdicts)
            await self._database.write(lambda tx: self._settle(tx, verdicts))
            await self._act()

    async def set_state(
        self, scope: Scope, kind: Kind, name: str, state: str, reason: str, data: str | None
    ) -> None:
        """As somebody says, until the next look. Nothing where the alarm is gone."""

        def write(tx: Tx) -> None:
            before = kind.find(tx, scope, "", name)
            if before is not None:
                now, marked = self._clock.calendar(), {**before, STATE_IS_SET: True}
                move(tx, scope, kind, marked, state, reason, data, now)
                judge_composites(tx, self._clock.calendar())

        async with self._lock:
            await self._database.write(write)
            await self._act()

    def _verdicts(self, tx: Tx) -> list[tuple[Scope, Mapping[str, Any], Verdict]]:
        """The alarms that are to be in another state."""
        now = self._clock.calendar()
        found: list[tuple[Scope, Mapping[str, Any], Verdict]] = []
        rows = METRIC_ALARMS.everywhere(tx)
        self._periods = {period_of(row.document) for row in rows}
        for row in rows:
            verdict = _verdict(tx, row.scope, row.document, now)
            if verdict is not None:
                found.append((row.scope, row.document, verdict))
        return found

    def _settle(self, tx: Tx, verdicts: list[tuple[Scope, Mapping[str, Any], Verdict]]) -> None:
        now = self._clock.calendar()
        for scope, alarm, verdict in verdicts:
            # One that was put or removed meanwhile is looked at again.
            if METRIC_ALARMS.find(tx, scope, "", alarm["AlarmName"]) == alarm:
                data = orjson.dumps(reason_data(alarm, verdict, now)).decode()
                move(tx, scope, METRIC_ALARMS, alarm, verdict.state, verdict.reason, data, now)
        alarm_history.forget_old(tx, now)
        judge_composites(tx, now)

    async def _act(self) -> None:
        """Do what changes ask for, of this look and what was left of earlier ones."""
        for row in await self._database.read(ACTIONS.everywhere):
            document = row.document
            kind = ALARM_KINDS[document["alarmType"]]
            change = Change(row.scope, kind, document["before"], document["after"])
            arn = document["action"]
            trouble = await self._do(arn, change, moment(document["at"]))
            done = _done(row.id, change, arn, trouble, self._clock.calendar())
            await self._database.write(done)

    async def _do(self, arn: str, change: Change, at: datetime) -> str:
        """The reason why it could not be done, or ""."""
        alarm, account_id = change.after["AlarmArn"], change.scope.account_id
        try:
            if Arn.parse(arn).service == "sns" and self._topics is not None:
                caller = ServiceCaller(_PUBLISHES, alarm, account_id)
                await self._topics.publish(arn, subject_of(change), message_of(change), caller)
            else:
                event = orjson.dumps(alarm_event(change, at))
                await self._functions.send(arn, event, ServiceCaller(_ALARMS, alarm, account_id))
        except ServiceError as reason:
            _log.warning("alarm %s: %s", change.after["AlarmArn"], reason)
            return str(reason)
        return ""


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _done(id_: str, change: Change, arn: str, trouble: str, now: datetime) -> Callable[[Tx], None]:
    def write(tx: Tx) -> None:
        ACTIONS.remove(tx, change.scope, "", id_)
        data = {
            "actionState": "Failed" if trouble else "Succeeded",
            "stateUpdateTimestamp": _ms(moment(change.after["StateUpdatedTimestamp"])),
            "notificationResource": arn,
            "publishedMessage": None,
            "error": trouble or None,
        }
        summary = (
            f"Failed to execute action {arn}. Received error: {trouble}"
            if trouble
            else f"Successfully executed action {arn}"
        )
        alarm_history.note(
            tx,
            change.scope,
            change.kind,
            change.after["AlarmName"],
            now,
            item="Action",
            summary=summary,
            data=data,
        )

    return write


def _verdict(tx: Tx, scope: Scope, alarm: Mapping[str, Any], now: datetime) -> Verdict | None:
    """What its data points say; None: it stays as it is."""
    period = period_of(alarm)
    end_s = int(now.timestamp())
    end_s -= end_s % min(period, MINUTE_S)
    start_s = end_s - period * (alarm["EvaluationPeriods"] + SPARE)
    span = Span(start_s, end_s, period)
    try:
        found = _values(tx, scope, alarm, span, now)
    except ValidationError as reason:
        _log.warning("alarm %s cannot be evaluated: %s", alarm["AlarmArn"], reason)
        return None
    points = [(at, found.get(at)) for at in range(start_s, end_s, period)]
    verdict = judge(alarm, points)
    if verdict is None or verdict.state == alarm["StateValue"]:
        return None
    if "Metrics" in alarm:
        return verdict
    return replace(verdict, sizes=_of_metric(tx, scope, alarm, span, "SampleCount"))


def _values(
    tx: Tx, scope: Scope, alarm: Mapping[str, Any], span: Span, now: datetime
) -> dict[int, float]:
    if "Metrics" not in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return _of_metric(tx, scope, alarm, span, statistic)
    shown = next(each for each in alarm["Metrics"] if each.get("ReturnData", True))
    answers = querying.Answers(
        tx,
        scope,
        alarm["Metrics"],
        store.moment_of(span.start_s),
        store.moment_of(span.end_s),
        now,
    )
    several = answers.of(shown["Id"])
    if len(several) > 1:
        raise ValidationError("the expression must return one time series")
    return several[0].values if several else {}


def _of_metric(
    tx: Tx, scope: Scope, alarm: Mapping[str, Any], span: Span, name: str
) -> dict[int, float]:
    """A statistic of the alarm's metric."""
    dimensions = dimensions_of((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    key = key_of(scope, alarm["Namespace"], alarm["MetricName"], dimensions)
    statistic = statistics.find(name)
    assert statistic is not None, "checked when the alarm was put"
    rows = store.read(tx, key, span.start_s, span.end_s, alarm.get("Unit"))
    return values(rows, span, statistic)
