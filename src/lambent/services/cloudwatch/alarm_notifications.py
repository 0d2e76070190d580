"""What an alarm publishes to a topic of SNS when it changes its state: the subject, and a message of JSON.

Its members are those of messages that users have kept: of a metric's alarm and one of metric math
https://github.com/aws/aws-lambda-go/tree/main/events/testdata (cloudwatch-alarm-sns-payload-*.json) and
https://gist.github.com/totegamma/9dd1393d1b71d45ea39994e30afa10ea; those of composite alarms were found in public
repositories, of 2021 and 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.protocol.regions import region_name
from lambent.services.cloudwatch.alarm_states import stamp
from lambent.services.cloudwatch.resources import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.services.cloudwatch.alarm_moves import Change


def subject_of(change: Change) -> str:
    after = change.after
    return f'{after["StateValue"]}: "{after["AlarmName"]}" in {_region(change)}'


def message_of(change: Change) -> str:
    after = change.after
    message = {
        "AlarmName": after["AlarmName"],
        "AlarmDescription": after.get("AlarmDescription"),
        "AWSAccountId": change.scope.account_id,
    }
    if "AlarmRule" not in after:
        updated = moment(after["AlarmConfigurationUpdatedTimestamp"])
        message["AlarmConfigurationUpdatedTimestamp"] = stamp(updated)
    message |= {
        "NewStateValue": after["StateValue"],
        "NewStateReason": after["StateReason"],
        "StateChangeTime": stamp(moment(after["StateUpdatedTimestamp"])),
        "Region": _region(change),
        "AlarmArn": after["AlarmArn"],
        "OldStateValue": change.before["StateValue"],
        **{name: after[name] for name in ("OKActions", "AlarmActions", "InsufficientDataActions")},
    }
    if "AlarmRule" in after:
        message |= {"AlarmRule": after["AlarmRule"], "TriggeringChildren": _children(after)}
    else:
        message["Trigger"] = _trigger(after)
    return orjson.dumps(message).decode()


def _region(change: Change) -> str:
    # AWS has given European regions another name since; the messages have kept the one of then.
    return region_name(change.scope.region).replace("Europe (", "EU (")


def _children(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The alarms that moved a composite one; none where somebody has set its state."""
    data = orjson.loads(alarm.get("StateReasonData") or "{}")
    if not isinstance(data, dict):
        return []
    return [
        {
            "Arn": each["arn"],
            "State": {"Value": each["state"]["value"], "Timestamp": each["state"]["timestamp"]},
        }
        for each in data.get("triggeringAlarms", ())
    ]


def _trigger(alarm: Mapping[str, Any]) -> dict[str, Any]:
    trigger: dict[str, Any] = {}
    if "Metrics" not in alarm:
        trigger = {"MetricName": alarm["MetricName"], "Namespace": alarm["Namespace"]}
        if "Statistic" in alarm:
            trigger |= {"StatisticType": "Statistic", "Statistic": alarm["Statistic"].upper()}
        else:
            extended = {"ExtendedStatistic": alarm["ExtendedStatistic"]}
            trigger |= {"StatisticType": "ExtendedStatistic", **extended}
        trigger |= {
            "Unit": alarm.get("Unit"),
            "Dimensions": _dimensions(alarm["Dimensions"]),
            "Period": alarm["Period"],
        }
    trigger["EvaluationPeriods"] = alarm["EvaluationPeriods"]
    if "DatapointsToAlarm" in alarm:
        trigger["DatapointsToAlarm"] = alarm["DatapointsToAlarm"]
    trigger |= {
        "ComparisonOperator": alarm["ComparisonOperator"],
        "Threshold": alarm["Threshold"],
        "TreatMissingData": alarm.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": alarm.get("EvaluateLowSampleCountPercentile", ""),
    }
    if "Metrics" in alarm:
        trigger["Metrics"] = [_query(each) for each in alarm["Metrics"]]
    return trigger


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    found = {"ReturnData": True, **query}
    if "MetricStat" in query:
        metric = query["MetricStat"]["Metric"]
        dimensions = _dimensions(metric.get("Dimensions", ()))
        found["MetricStat"] = {
            **query["MetricStat"],
            "Metric": {**metric, "Dimensions": dimensions},
        }
    return found


def _dimensions(dimensions: Any) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in dimensions]
