"""CloudWatch ("Actions, resources, and condition keys for Amazon CloudWatch", Service Authorization Reference)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.policy.needs.lambda_ import pass_role
from lambent.policy.needs.rows import any_resource, arn_in, canonical, member, members, named

if TYPE_CHECKING:
    from lambent.policy.needs.rows import Needs, Resource, Where


def _arn(where: Where, resource: str) -> str:
    return f"arn:aws:cloudwatch:{where.region}:{where.account_id}:{resource}"


def _one(kind: str, name: str) -> Resource:
    """`KIND` ends with the sign that stands before names (`alarm:`)."""
    return lambda where: _arn(where, f"{kind}{where.text(name)}")


def _many(kind: str, name: str) -> Resource:
    def resource(where: Where) -> list[str]:
        names = where.document.get(name) or ("*",)
        return [_arn(where, f"{kind}{each}") for each in names]

    return resource


def every_alarm(where: Where) -> str:
    return _arn(where, "alarm:*")


def _dashboard(where: Where, name: str) -> str:
    return f"arn:aws:cloudwatch::{where.account_id}:dashboard/{name}"


def dashboard(where: Where) -> str:
    return _dashboard(where, where.text("DashboardName"))


def dashboards(where: Where) -> list[str]:
    return [_dashboard(where, name) for name in where.document.get("DashboardNames") or ()]


def dataset(where: Where) -> str:
    text = where.text("DatasetIdentifier")
    return canonical(text) if text.startswith("arn:") else _arn(where, f"dataset/{text}")


ROWS: dict[str, Needs] = {
    **named(
        "cloudwatch",
        {
            any_resource: """
                DeleteAnomalyDetector DeleteMetricDataQueryDefinition DescribeAlarmsForMetric
                DescribeAnomalyDetectors DescribeInsightRules GetMetricData
                GetMetricDataQueryDefinition GetMetricStatistics GetMetricWidgetImage
                GetOTelEnrichment ListAlarmMuteRules ListDashboards ListManagedInsightRules
                ListMetricDataQueryDefinitions ListMetricStreams ListMetrics PutAnomalyDetector
                PutManagedInsightRules PutMetricData PutMetricDataQueryDefinition
                StartOTelEnrichment StopOTelEnrichment UpdateOTelEnrichment
            """,
            _one("alarm:", "AlarmName"): """
                DescribeAlarmContributors DescribeAlarmHistory PutCompositeAlarm PutLogAlarm
                PutMetricAlarm SetAlarmState
            """,
            _many("alarm:", "AlarmNames"): "DeleteAlarms DisableAlarmActions EnableAlarmActions",
            every_alarm: "DescribeAlarms",
            _one("alarm-mute-rule:", "AlarmMuteRuleName"): "DeleteAlarmMuteRule GetAlarmMuteRule",
            _one("alarm-mute-rule:", "Name"): "PutAlarmMuteRule",
            dashboard: "GetDashboard PutDashboard",
            dashboards: "DeleteDashboards",
            dataset: "AssociateDatasetKmsKey DisassociateDatasetKmsKey GetDataset",
            _one("insight-rule/", "RuleName"): "GetInsightRuleReport PutInsightRule",
            _many("insight-rule/", "RuleNames"): """
                DeleteInsightRules DisableInsightRules EnableInsightRules
            """,
            _one("metric-stream/", "Name"): "DeleteMetricStream GetMetricStream PutMetricStream",
            _many("metric-stream/", "Names"): "StartMetricStreams StopMetricStreams",
            arn_in("ResourceARN"): "ListTagsForResource TagResource UntagResource",
            arn_in("ResourceArn"): """
                CreateResourceMetricsConfiguration DeleteResourceMetricsConfiguration
                GetResourceMetricsConfiguration UpdateResourceMetricsConfiguration
            """,
        },
    )
}
ROWS["PutMetricData"] = (
    replace(ROWS["PutMetricData"][0], keys={"cloudwatch:namespace": member("Namespace")}),
)
_ACTIONS = {"cloudwatch:alarmactions": members("AlarmActions")}
for _name in ("PutMetricAlarm", "PutCompositeAlarm", "PutLogAlarm"):
    ROWS[_name] = (replace(ROWS[_name][0], keys=_ACTIONS, has_tags="Tags"),)
for _name in ("PutAlarmMuteRule", "PutDashboard", "PutInsightRule", "TagResource"):
    ROWS[_name] = (replace(ROWS[_name][0], has_tags="Tags"),)
ROWS["UntagResource"] = (replace(ROWS["UntagResource"][0], has_tags="TagKeys"),)
ROWS["PutMetricStream"] = (
    replace(ROWS["PutMetricStream"][0], has_tags="Tags"),
    pass_role("RoleArn", "streams.metrics.cloudwatch.amazonaws.com"),
)
