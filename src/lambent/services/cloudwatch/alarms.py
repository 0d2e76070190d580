"""Alarms: what they are, how they are described, changed and removed. alarm_watch.py finds out their states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.cloudwatch import alarm_history, querying
from lambent.services.cloudwatch.alarm_checks import check_composite, check_metric_alarm
from lambent.services.cloudwatch.alarm_rules import Malformed, compile_rule
from lambent.services.cloudwatch.alarm_states import INSUFFICIENT_DATA
from lambent.services.cloudwatch.errors import (
    InvalidFormat,
    ResourceNotFound,
    ValidationError,
)
from lambent.services.cloudwatch.paging import page
from lambent.services.cloudwatch.resources import (
    ALARM_KINDS,
    COMPOSITE_ALARMS,
    METRIC_ALARMS,
    STATE_IS_SET,
    alarm_arn,
    find_alarm,
    moment,
)
from lambent.services.cloudwatch.tags import check_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_cloudwatch.type_defs import (
        DeleteAlarmsInputTypeDef,
        DescribeAlarmsForMetricInputTypeDef,
        DescribeAlarmsInputTypeDef,
        PutCompositeAlarmInputTypeDef,
        PutMetricAlarmInputTypeDef,
        SetAlarmStateInputTypeDef,
    )

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.cloudwatch.resources import Kind

# "The maximum number of alarm descriptions to retrieve" (DescribeAlarms).
PAGE = 50
_TIMES = (
    "AlarmConfigurationUpdatedTimestamp",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)
# Kept with an alarm, and no part of its description.
_HIDDEN = ("Tags", STATE_IS_SET)
# What is told of the relations of an alarm (ChildrenOfAlarmName, ParentsOfAlarmName), and what may be asked with them.
_CHILD = ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp")
_PARENT = ("AlarmName", "AlarmArn")
_RELATIONS = {"ChildrenOfAlarmName": _CHILD, "ParentsOfAlarmName": _PARENT}
_BESIDE_RELATIONS = {"MaxRecords", "NextToken"}


@dataclass(frozen=True, slots=True)
class Alarms:
    """The operations. `changed` is called when an alarm may be in another state now; `has_topics`: there is SNS."""

    changed: Callable[[], None]
    has_topics: bool = False

    def put_metric_alarm(
        self, tx: Tx, context: RequestContext, request: PutMetricAlarmInputTypeDef
    ) -> Document:
        check_metric_alarm(request, context.scope.region, has_topics=self.has_topics)
        querying.refuse_other_accounts(request.get("Metrics", ()), context.scope)
        return self._put(tx, context, METRIC_ALARMS, request)

    def put_composite_alarm(
        self, tx: Tx, context: RequestContext, request: PutCompositeAlarmInputTypeDef
    ) -> Document:
        check_composite(request, context.scope.region, has_topics=self.has_topics)
        name = request["AlarmName"]
        try:
            rule = compile_rule(request["AlarmRule"])
        except Malformed as reason:
            raise ValidationError(f"Error in AlarmRule [{reason}]") from None
        children = sorted(rule.children)
        if name in rule.children:
            raise ValidationError(
                "A composite alarm cannot have a child relation with itself via its AlarmRule, as it would "
                "introduce a circular dependency"
            )
        for child in children:
            if self._leads_to(tx, context.scope, child, name, set()):
                raise ValidationError(f"AlarmRule must not depend on the alarm itself: {child}.")
        if missing := [each for each in children if find_alarm(tx, context.scope, each) is None]:
            raise ValidationError(
                f"Could not save the composite alarm as alarms [{', '.join(missing)}] "
                "in the alarm rule do not exist"
            )
        return self._put(tx, context, COMPOSITE_ALARMS, request)

    def _leads_to(self, tx: Tx, scope: Scope, name: str, goal: str, seen: set[str]) -> bool:
        if name in seen:
            return False
        seen.add(name)
        document = COMPOSITE_ALARMS.find(tx, scope, "", name)
        if document is None:
            return False
        children = compile_rule(document["AlarmRule"]).children
        return goal in children or any(
            self._leads_to(tx, scope, child, goal, seen) for child in children
        )

    def _put(
        self, tx: Tx, context: RequestContext, kind: Kind, request: Mapping[str, Any]
    ) -> Document:
        scope, name, now = context.scope, request["AlarmName"], context.now.isoformat()
        found = find_alarm(tx, scope, name)
        if found is not None and found[0] is not kind:
            raise ValidationError(f"An alarm of another type has the name {name}.")
        before = found[1] if found else None
        document = _configuration(request)
        document["AlarmArn"] = alarm_arn(scope, name)
        document["AlarmConfigurationUpdatedTimestamp"] = now
        if before is None:
            document["Tags"] = check_tags(request.get("Tags", ()))
            document |= {
                "StateValue": INSUFFICIENT_DATA,
                "StateReason": "Unchecked: Initial alarm creation",
                "StateUpdatedTimestamp": now,
                "StateTransitionedTimestamp": now,
            }
        else:
            kept = ("Tags", "StateValue", "StateReason", "StateReasonData", *_TIMES[1:])
            document |= {member: before[member] for member in kept if member in before}
        kind.put(tx, scope, "", name, document)
        alarm_history.note_configuration(tx, context, kind, before, document)
        tx.after_commit(self.changed)
        return {}

    def delete_alarms(
        self, tx: Tx, context: RequestContext, request: DeleteAlarmsInputTypeDef
    ) -> Document:
        found = [find_alarm(tx, context.scope, name) for name in request["AlarmNames"]]
        composites = [each for each in found if each and each[0] is COMPOSITE_ALARMS]
        if len(composites) > 1:
            raise ValidationError("No more than one composite alarm can be deleted at a time.")
        _refuse_children(tx, context.scope, {each[1]["AlarmName"] for each in found if each})
        for each in found:
            if each is not None:
                kind, document = each
                kind.remove(tx, context.scope, "", document["AlarmName"])
                alarm_history.note_configuration(tx, context, kind, document, None)
        tx.after_commit(self.changed)
        return {}

    def enable_alarm_actions(
        self, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        return self._set_actions(tx, context, request["AlarmNames"], is_enabled=True)

    def disable_alarm_actions(
        self, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        return self._set_actions(tx, context, request["AlarmNames"], is_enabled=False)

    def _set_actions(
        self, tx: Tx, context: RequestContext, names: list[str], *, is_enabled: bool
    ) -> Document:
        for name in names:
            found = find_alarm(tx, context.scope, name)
            if found is not None and found[1]["ActionsEnabled"] is not is_enabled:
                kind, before = found
                document = {**before, "ActionsEnabled": is_enabled}
                document["AlarmConfigurationUpdatedTimestamp"] = context.now.isoformat()
                kind.put(tx, context.scope, "", name, document)
                alarm_history.note_configuration(tx, context, kind, before, document)
        return {}


def _configuration(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that an alarm is described by; lists that may be empty are always there, dimensions even
    where the alarm is of metric math.
    """
    document = {member: value for member, value in request.items() if member not in _HIDDEN}
    document.setdefault("ActionsEnabled", True)
    for member in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        document.setdefault(member, [])
    if "AlarmRule" not in document:
        document.setdefault("Dimensions", [])
    if "Metrics" in document:
        document["Metrics"] = [_query(each) for each in document["Metrics"]]
    for member in ("Threshold",):
        if member in document:
            document[member] = float(document[member])
    return document


def _query(query: Mapping[str, Any]) -> Mapping[str, Any]:
    if "MetricStat" not in query:
        return query
    stat = query["MetricStat"]
    return {**query, "MetricStat": {**stat, "Metric": {"Dimensions": [], **stat["Metric"]}}}


def _refuse_children(tx: Tx, scope: Scope, names: set[str]) -> None:
    """Raises ValidationError where a composite alarm that stays is about one of them."""
    for parent in COMPOSITE_ALARMS.documents(tx, scope):
        if parent["AlarmName"] in names:
            continue
        for name in sorted(names & compile_rule(parent["AlarmRule"]).children):
            raise ValidationError(
                f"Cannot delete {name} as there are composite alarm(s) depending on it."
            )


def checked_state(request: SetAlarmStateInputTypeDef) -> None:
    """Raises InvalidFormat."""
    text = request.get("StateReasonData")
    if text is None:
        return
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidFormat("StateReasonData must be valid JSON.") from None


def described(document: Mapping[str, Any]) -> dict[str, Any]:
    """As DescribeAlarms has it."""
    shown = {member: value for member, value in document.items() if member not in _HIDDEN}
    return shown | {member: moment(document[member]) for member in _TIMES}


def describe_alarms(
    tx: Tx, context: RequestContext, request: DescribeAlarmsInputTypeDef
) -> Document:
    if "AlarmNames" in request and "AlarmNamePrefix" in request:
        raise ValidationError(
            "The parameters AlarmNames and AlarmNamePrefix are mutually exclusive."
        )
    told = _told(request)
    chosen = []
    for type_ in request.get("AlarmTypes") or ["MetricAlarm"]:
        if kind := ALARM_KINDS.get(type_):
            chosen += [(kind, each) for each in kind.documents(tx, context.scope)]
    if told is not None:
        chosen = _related(tx, context.scope, request)
    found = [each for each in chosen if _is_asked_for(each[1], request)]
    found.sort(key=lambda each: each[1]["AlarmName"])
    shown, answer = page(
        found,
        request.get("NextToken"),
        request.get("MaxRecords", PAGE),
        lambda each: str(each[1]["AlarmName"]),
    )
    for type_, member in (("MetricAlarm", "MetricAlarms"), ("CompositeAlarm", "CompositeAlarms")):
        answer[member] = [
            {name: value for name, value in described(each).items() if told is None or name in told}
            for kind, each in shown
            if kind is ALARM_KINDS[type_]
        ]
    # Alarms of log queries, of which there are none here; AWS always tells of them.
    answer["LogAlarms"] = []
    return answer


def _told(request: DescribeAlarmsInputTypeDef) -> tuple[str, ...] | None:
    """The members that are told, None for all. "If you specify ChildrenOfAlarmName, you cannot specify any other
    parameters in the request except for MaxRecords and NextToken"; so with ParentsOfAlarmName.
    """
    for name, members in _RELATIONS.items():
        if name in request:
            if others := sorted(request.keys() - _BESIDE_RELATIONS - {name}):
                raise ValidationError(f"{name} must not be specified with {', '.join(others)}.")
            return members
    return None


def _related(
    tx: Tx, scope: Scope, request: DescribeAlarmsInputTypeDef
) -> list[tuple[Kind, dict[str, Any]]]:
    """The alarms that a composite one is about, or the composite ones that are about an alarm."""
    name = request.get("ChildrenOfAlarmName")
    if name is not None:
        document = COMPOSITE_ALARMS.find(tx, scope, "", name)
        if document is None:
            raise ResourceNotFound(f"Unknown composite alarm {name}.")
        children = compile_rule(document["AlarmRule"]).children
        found = [find_alarm(tx, scope, child) for child in children]
        return [each for each in found if each is not None]
    child = request["ParentsOfAlarmName"]
    return [
        (COMPOSITE_ALARMS, each)
        for each in COMPOSITE_ALARMS.documents(tx, scope)
        if child in compile_rule(each["AlarmRule"]).children
    ]


def _is_asked_for(document: Mapping[str, Any], request: DescribeAlarmsInputTypeDef) -> bool:
    name: str = document["AlarmName"]
    if "AlarmNames" in request and name not in request["AlarmNames"]:
        return False
    if not name.startswith(request.get("AlarmNamePrefix", "")):
        return False
    if request.get("StateValue", document["StateValue"]) != document["StateValue"]:
        return False
    prefix = request.get("ActionPrefix")
    actions = (
        *document["OKActions"],
        *document["AlarmActions"],
        *document["InsufficientDataActions"],
    )
    return prefix is None or any(each.startswith(prefix) for each in actions)


def describe_alarms_for_metric(
    tx: Tx, context: RequestContext, request: DescribeAlarmsForMetricInputTypeDef
) -> Document:
    wanted = {
        member: value
        for member, value in request.items()
        if member in {"MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit"}
    }
    dimensions = _pairs(request.get("Dimensions", ()))
    found = [
        described(each)
        for each in METRIC_ALARMS.documents(tx, context.scope)
        if all(each.get(member) == value for member, value in wanted.items())
        and _pairs(each.get("Dimensions", ())) == dimensions
    ]
    return {"MetricAlarms": found}


def _pairs(dimensions: Any) -> set[tuple[str, str]]:
    return {(each["Name"], each["Value"]) for each in dimensions}
