"""CloudWatch Logs ("Actions, resources, and condition keys for Amazon CloudWatch Logs", Service Authorization
Reference).

What is about a log group is about the streams in it: its ARN ends with `:log-stream:`, so policies say `group:*`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.policy.needs.lambda_ import pass_role
from lambent.policy.needs.rows import any_resource, arn_in, canonical, named

if TYPE_CHECKING:
    from lambent.policy.needs.rows import Needs, Resource, Where


def _arn(where: Where, resource: str) -> str:
    return f"arn:aws:logs:{where.region}:{where.account_id}:{resource}"


def _group_arn(where: Where, named_: str) -> str:
    """Of a group that is named by its name or its ARN."""
    if named_.startswith("arn:"):
        return f"{canonical(named_).removesuffix(':*')}:log-stream:"
    return _arn(where, f"log-group:{named_}:log-stream:")


def group(where: Where) -> str:
    for name in ("logGroupName", "logGroupIdentifier", "resourceIdentifier"):
        if where.text(name):
            return _group_arn(where, where.text(name))
    return _arn(where, "log-group::log-stream:")


def every_group(where: Where) -> str:
    return _arn(where, "log-group::log-stream:")


def groups(where: Where) -> list[str]:
    """Those of a list, under whichever name the operation has it."""
    document = where.document
    named_ = [document.get("logGroupName") or ""]
    for name in ("logGroupNames", "logGroupIdentifiers", "logGroupArnList"):
        named_ += document.get(name) or ()
    return [_group_arn(where, each) for each in named_ if each] or [every_group(where)]


def stream(where: Where) -> str:
    return f"{group(where)}{where.text('logStreamName')}"


def tagged_group(where: Where) -> str:
    return _arn(where, f"log-group:{where.text('logGroupName')}")


def _by(kind: str, name: str, separator: str = ":") -> Resource:
    def resource(where: Where) -> str:
        text = where.text(name)
        if text.startswith("arn:"):
            return canonical(text)
        return _arn(where, f"{kind}{separator}{text}")

    return resource


_detector = arn_in("anomalyDetectorArn")

ROWS: dict[str, Needs] = {
    **named(
        "logs",
        {
            any_resource: """
                AssociateSourceToS3TableIntegration CancelExportTask CancelImportTask
                CreateImportTask DeleteAccountPolicy DeleteQueryDefinition
                DeleteResourcePolicy DescribeAccountPolicies DescribeConfigurationTemplates
                DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources
                DescribeDestinations DescribeExportTasks DescribeImportTaskBatches
                DescribeImportTasks DescribeLookupTables DescribeQueries DescribeQueryDefinitions
                DescribeResourcePolicies DisassociateSourceFromS3TableIntegration GetLogFields
                GetLogObject GetLogRecord GetQueryResults GetStorageTierPolicy
                ListAggregateLogGroupSummaries ListIntegrations ListLogAnomalyDetectors
                ListLogGroups ListLogGroupsForQuery ListScheduledQueries
                ListSourcesForS3TableIntegration PutAccountPolicy PutQueryDefinition
                PutResourcePolicy PutStorageTierPolicy StopQuery TestMetricFilter TestTransformer
            """,
            every_group: "DescribeLogGroups",
            group: """
                AssociateKmsKey CreateExportTask CreateLogGroup CreateLogStream
                DeleteDataProtectionPolicy DeleteIndexPolicy DeleteLogGroup DeleteMetricFilter
                DeleteRetentionPolicy DeleteSubscriptionFilter DeleteSyslogConfiguration
                DeleteTransformer DescribeLogStreams DescribeMetricFilters
                DescribeSubscriptionFilters DisassociateKmsKey FilterLogEvents
                GetDataProtectionPolicy GetLogGroupFields GetTransformer ListSyslogConfigurations
                PutBearerTokenAuthentication PutDataProtectionPolicy PutIndexPolicy
                PutLogGroupDeletionProtection PutMetricFilter PutRetentionPolicy
                PutSubscriptionFilter PutSyslogConfiguration PutTransformer
            """,
            groups: """
                CreateLogAnomalyDetector DescribeFieldIndexes DescribeIndexPolicies StartLiveTail
                StartQuery
            """,
            stream: "DeleteLogStream GetLogEvents PutLogEvents",
            tagged_group: "ListTagsLogGroup TagLogGroup UntagLogGroup",
            arn_in("resourceArn"): "ListTagsForResource TagResource UntagResource",
            _by("destination", "destinationName"): """
                DeleteDestination PutDestination PutDestinationPolicy
            """,
            _by("delivery", "id"): "DeleteDelivery GetDelivery UpdateDeliveryConfiguration",
            _by("delivery-source", "name"): """
                DeleteDeliverySource GetDeliverySource PutDeliverySource
            """,
            _by("delivery-source", "deliverySourceName"): "CreateDelivery",
            _by("delivery-destination", "name"): """
                DeleteDeliveryDestination GetDeliveryDestination PutDeliveryDestination
            """,
            _by("delivery-destination", "deliveryDestinationName"): """
                DeleteDeliveryDestinationPolicy GetDeliveryDestinationPolicy
                PutDeliveryDestinationPolicy
            """,
            _by("integration", "integrationName"): """
                DeleteIntegration GetIntegration PutIntegration
            """,
            _detector: """
                DeleteLogAnomalyDetector GetLogAnomalyDetector ListAnomalies UpdateAnomaly
                UpdateLogAnomalyDetector
            """,
            _by("lookup-table", "lookupTableName"): "CreateLookupTable",
            arn_in("lookupTableArn"): "DeleteLookupTable GetLookupTable UpdateLookupTable",
            _by("scheduled-query", "name"): "CreateScheduledQuery",
            _by("scheduled-query", "identifier"): """
                DeleteScheduledQuery GetScheduledQuery GetScheduledQueryHistory
                UpdateScheduledQuery
            """,
        },
    )
}
_PASS = pass_role("roleArn", "logs.amazonaws.com")
for _name in ("PutDestination", "PutSubscriptionFilter"):
    ROWS[_name] = (*ROWS[_name], _PASS)
for _name in (
    "CreateDelivery",
    "CreateLogAnomalyDetector",
    "CreateLogGroup",
    "CreateLookupTable",
    "CreateScheduledQuery",
    "PutDeliveryDestination",
    "PutDeliverySource",
    "PutDestination",
    "TagLogGroup",
    "TagResource",
    "UntagLogGroup",
):
    ROWS[_name] = (replace(ROWS[_name][0], has_tags="tags"), *ROWS[_name][1:])
ROWS["UntagResource"] = (replace(ROWS["UntagResource"][0], has_tags="tagKeys"),)
