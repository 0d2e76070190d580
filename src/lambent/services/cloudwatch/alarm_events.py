"""The event that a function is invoked with when an alarm changes its state ("Invoke a Lambda function from an alarm",
CloudWatch user guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.services.cloudwatch.alarm_states import stamp
from lambent.services.cloudwatch.resources import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lambent.services.cloudwatch.alarm_moves import Change


def alarm_event(change: Change, now: datetime) -> dict[str, Any]:
    after = change.after
    return {
        "source": "aws.cloudwatch",
        "alarmArn": after["AlarmArn"],
        "accountId": change.scope.account_id,
        "time": stamp(now),
        "region": change.scope.region,
        "alarmData": {
            "alarmName": after["AlarmName"],
            "state": _state(after),
            "previousState": _state(change.before),
            "configuration": _configuration(after),
        },
    }


def _state(alarm: Mapping[str, Any]) -> dict[str, Any]:
    found = {"value": alarm["StateValue"], "reason": alarm["StateReason"]}
    if "StateReasonData" in alarm:
        found["reasonData"] = alarm["StateReasonData"]
    found["timestamp"] = stamp(moment(alarm["StateUpdatedTimestamp"]))
    return found


def _configuration(alarm: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "AlarmDescription" in alarm:
        found["description"] = alarm["AlarmDescription"]
    if "AlarmRule" in alarm:
        return {**found, "alarmRule": alarm["AlarmRule"]}
    queries = alarm.get("Metrics")
    if queries is None:
        stat = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        metric = {member: alarm[member] for member in ("Namespace", "MetricName", "Dimensions")}
        queries = [
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": alarm["Period"], "Stat": stat}}
        ]
        if "Unit" in alarm:
            queries[0]["MetricStat"]["Unit"] = alarm["Unit"]
    return {**found, "metrics": [_query(each) for each in queries]}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": query["Id"]}
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        found["metricStat"] = {
            "metric": {
                "namespace": metric["Namespace"],
                "name": metric["MetricName"],
                "dimensions": {
                    each["Name"]: each["Value"] for each in metric.get("Dimensions", ())
                },
            },
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
        if "Unit" in stat:
            found["metricStat"]["unit"] = stat["Unit"]
    else:
        found["expression"] = query["Expression"]
    if "Label" in query:
        found["label"] = query["Label"]
    found["returnData"] = query.get("ReturnData", True)
    return found
