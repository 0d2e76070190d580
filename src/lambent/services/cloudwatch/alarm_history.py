"""What happened to alarms, and DescribeAlarmHistory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.services.cloudwatch.alarm_states import stamp
from lambent.services.cloudwatch.paging import page
from lambent.services.cloudwatch.resources import COMPOSITE_ALARMS, HISTORY, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_cloudwatch.type_defs import DescribeAlarmHistoryInputTypeDef

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.cloudwatch.resources import Kind

# "CloudWatch saves ... alarm history for 30 days".
KEPT = timedelta(days=30)
PAGE = 50
_MOST_DATA = 4095
_CHANGES = {
    (False, True): ("Create", "created"),
    (True, True): ("Update", "updated"),
    (True, False): ("Delete", "deleted"),
}


# The members that the history tells of an alarm, in the order of the samples that people have shown of metric alarms
# (tests/services/cloudwatch/test_alarm_history.py). Where those that no sample has stand among them is our choice.
_TOLD = (
    *("AlarmName", "AlarmDescription", "AlarmArn", "AlarmConfigurationUpdatedTimestamp"),
    *("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Unit"),
    *("Dimensions", "Metrics", "AlarmRule", "Threshold", "ComparisonOperator"),
    *("EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData"),
    *("EvaluateLowSampleCountPercentile", "StateValue", "StateUpdatedTimestamp"),
    *("ActionsEnabled", "AlarmActions", "InsufficientDataActions", "OKActions"),
)
_OWN_WORDS = {"OKActions": "okactions"}


def type_of(kind: Kind) -> str:
    return "CompositeAlarm" if kind is COMPOSITE_ALARMS else "MetricAlarm"


def note_configuration(
    tx: Tx,
    context: RequestContext,
    kind: Kind,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """An alarm was created, updated or deleted."""
    document = after or before
    assert document is not None
    word, done = _CHANGES[before is not None, after is not None]
    data = {"version": "1.0", "type": word, f"{done}Alarm": _own_words(document)}
    note(
        tx,
        context.scope,
        kind,
        document["AlarmName"],
        context.now,
        item="ConfigurationUpdate",
        summary=f'Alarm "{document["AlarmName"]}" {done}',
        data=data,
    )


def note(
    tx: Tx,
    scope: Scope,
    kind: Kind,
    name: str,
    now: datetime,
    *,
    item: str,
    summary: str,
    data: Mapping[str, Any],
) -> None:
    text = orjson.dumps(data).decode()
    if len(text) > _MOST_DATA:
        text = orjson.dumps({"version": "1.0", "truncated": True}).decode()
    document = {
        "AlarmName": name,
        "AlarmType": type_of(kind),
        "Timestamp": now.isoformat(),
        "HistoryItemType": item,
        "HistorySummary": summary[:255],
        "HistoryData": text,
    }
    number = int(now.timestamp() * 1000)
    HISTORY.put(tx, scope, "", f"{number:014}:{ids.hex_id(8)}", document)


def _own_words(document: Mapping[str, Any]) -> dict[str, Any]:
    """Members in AWS's order and by its names there, which are those of Java's beans: `okactions`. What is not set is
    left out, and so is why the alarm is in its state."""
    return {
        _OWN_WORDS.get(name, f"{name[0].lower()}{name[1:]}"): _own_value(name, document[name])
        for name in _TOLD
        if name in document
    }


def _own_value(name: str, value: Any) -> Any:
    if name.endswith("Timestamp"):
        return stamp(moment(value))
    if name == "Dimensions":
        return [{"value": each["Value"], "name": each["Name"]} for each in value]
    if name == "Metrics":
        return [_lowered(each) for each in value]
    return value


def _lowered(value: Any) -> Any:
    """With every member's name in camel case."""
    if isinstance(value, dict):
        return {f"{name[0].lower()}{name[1:]}": _lowered(each) for name, each in value.items()}
    return [_lowered(each) for each in value] if isinstance(value, list) else value


def forget_old(tx: Tx, now: datetime) -> None:
    oldest = int((now - KEPT).timestamp() * 1000)
    HISTORY.remove_before(tx, f"{oldest:014}")


def describe_alarm_history(
    tx: Tx, context: RequestContext, request: DescribeAlarmHistoryInputTypeDef
) -> Document:
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    found = []
    for number, each in enumerate(HISTORY.documents(tx, context.scope)):
        if _is_asked_for(each, request, list(types)):
            found.append((number, each))
    if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        found.reverse()
    shown, answer = page(
        found,
        request.get("NextToken"),
        request.get("MaxRecords", PAGE),
        lambda each: f"{each[0]}:{each[1]['Timestamp']}",
    )
    answer["AlarmHistoryItems"] = [
        {**each, "Timestamp": moment(each["Timestamp"])} for _, each in shown
    ]
    return answer


def _is_asked_for(
    document: Mapping[str, Any], request: DescribeAlarmHistoryInputTypeDef, types: list[str]
) -> bool:
    at = moment(document["Timestamp"])
    start, end = request.get("StartDate", at), request.get("EndDate", at)
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    return (
        document["AlarmType"] in types
        and request.get("AlarmName", document["AlarmName"]) == document["AlarmName"]
        and request.get("HistoryItemType", document["HistoryItemType"])
        == document["HistoryItemType"]
        and start <= at <= end
    )
