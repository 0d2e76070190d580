"""Errors word for word as real AWS has answered them, with where it is quoted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    ErrorOf = Callable[..., tuple[int, str, str]]

ALARM = {
    "AlarmName": "a",
    "MetricName": "M",
    "Namespace": "N",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


class Quoted(NamedTuple):
    """A request and the message of its answer."""

    operation: str
    request: dict[str, Any]
    code: str
    text: str
    source: str


def _dashboard(kind: str, **properties: Any) -> dict[str, str]:
    body = {"widgets": [{"type": kind, "properties": properties}]}
    return {"DashboardName": "d", "DashboardBody": json.dumps(body)}


def _datum(**members: Any) -> dict[str, Any]:
    return {"Namespace": "N", "MetricData": [{"MetricName": "m", **members}]}


QUOTED = [
    Quoted(
        "put_metric_alarm",
        ALARM | {"DatapointsToAlarm": 15},
        "ValidationError",
        "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
        "github.com/hashicorp/terraform/issues/24070",
    ),
    Quoted(
        "put_metric_alarm",
        {name: value for name, value in ALARM.items() if name != "MetricName"},
        "ValidationError",
        "MetricName must not be null",
        "github.com/hashicorp/terraform-provider-aws/pull/11105",
    ),
    Quoted(
        "put_metric_alarm",
        ALARM | {"AlarmActions": ["arn:aws:sns:eu-central-1:123456789012:t"]},
        "ValidationError",
        "Invalid region eu-central-1 specified. Only us-east-1 is supported.",
        "the protocol of a workflow on GitHub that a public repository keeps",
    ),
    Quoted(
        "put_metric_data",
        {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1, "Unit": "Each"}]},
        "InvalidParameterValue",
        "The parameter MetricData.member.1.Unit must be a value in the set [ Seconds, Microseconds, "
        "Milliseconds, Bytes, Kilobytes, Megabytes, Gigabytes, Terabytes, Bits, Kilobits, Megabits, "
        "Gigabits, Terabits, Percent, Count, Bytes/Second, Kilobytes/Second, Megabytes/Second, "
        "Gigabytes/Second, Terabytes/Second, Bits/Second, Kilobits/Second, Megabits/Second, "
        "Gigabits/Second, Terabits/Second, Count/Second, None ].",
        "github.com/awslabs/collectd-cloudwatch/pull/46",
    ),
    Quoted(
        "put_metric_data",
        {
            "Namespace": "N",
            "MetricData": [
                {"MetricName": "m", "Value": 1, "Dimensions": [{"Name": "d", "Value": "v"}] * 2}
            ],
        },
        "InvalidParameterValue",
        "No metric may specify the same dimension name twice.",
        "github.com/jdamick/dropwizard-metrics-cloudwatch/issues/3",
    ),
    Quoted(
        "put_metric_data",
        {"Namespace": "AWS/AnyName", "MetricData": [{"MetricName": "m", "Value": 1}]},
        "InvalidParameterValue",
        "The value AWS/ for parameter Namespace is invalid.",
        "Eucalyptus, whose tests ran against AWS, too",
    ),
    Quoted(
        "put_metric_data",
        {"Namespace": "N"},
        "MissingParameter",
        "At least one MetricDatum object must be present in the request.",
        "answers that github.com/philipp-classen/awscr-cloudwatch has kept, of 2026-09",
    ),
    Quoted(
        "put_metric_data",
        {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1}] * 1001},
        "InvalidParameterValue",
        "The collection MetricData must not have a size greater than 1000.",
        "awscr-cloudwatch, whose tests run against AWS",
    ),
    Quoted(
        "put_metric_data",
        _datum(Value=float("nan")),
        "InvalidParameterValue",
        "The value NaN for parameter MetricData.member.1.Value is invalid.",
        "answers that awscr-cloudwatch has kept",
    ),
    Quoted(
        "put_metric_data",
        _datum(Value=float("-inf")),
        "InvalidParameterValue",
        "The value -∞ for parameter MetricData.member.1.Value is invalid.",
        "CloudWatchValueTest of Netflix' servo",
    ),
    Quoted(
        "put_metric_data",
        _datum(Value=1.7976931348623157e308),
        "InvalidParameterValue",
        f"The value 179,769,313,486,231,570{',000' * 97} for parameter MetricData.member.1.Value is invalid.",
        "the same, the largest",
    ),
    Quoted(
        "put_metric_data",
        _datum(Value=-(2.0**-361)),
        "InvalidParameterValue",
        "The value -0 for parameter MetricData.member.1.Value is invalid.",
        "the same, the first too small one",
    ),
    Quoted(
        "put_metric_data",
        _datum(StatisticValues={"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1}),
        "InvalidParameterValue",
        "The parameter MetricData.member.1.StatisticValues.Maximum must be greater than "
        "MetricData.member.1.StatisticValues.Minimum.",
        "Eucalyptus' CloudWatchService, of what the tool mon-put-data showed",
    ),
    Quoted(
        "put_metric_data",
        _datum(Value=1, StatisticValues={"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}),
        "InvalidParameterCombination",
        "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually "
        "exclusive and you have specified both.",
        "Eucalyptus' CloudWatchService, too",
    ),
    Quoted(
        "get_metric_statistics",
        {
            "Namespace": "N",
            "MetricName": "m",
            "StartTime": 0,
            "EndTime": 60,
            "Period": 60,
            "Statistics": ["Sum,Average"],
        },
        "InvalidParameterValue",
        "The parameter Statistics.member.1 must be a value in the set [ SampleCount, Average, Sum, "
        "Minimum, Maximum ].",
        "notes on the AWS CLI in two public repositories, which leave out the spaces or the names",
    ),
    Quoted(
        "put_composite_alarm",
        {"AlarmName": "c", "AlarmRule": "()"},
        "ValidationError",
        "Error in AlarmRule [Unsupported token ')' at char 1]",
        "github.com/aws/aws-cdk/issues/34662",
    ),
    Quoted(
        "put_composite_alarm",
        {"AlarmName": "c", "AlarmRule": "ALARM(x) OR ALARM(y)"},
        "ValidationError",
        "Could not save the composite alarm as alarms [x, y] in the alarm rule do not exist",
        "github.com/awsdocs/aws-cloudformation-user-guide/issues/911",
    ),
    Quoted(
        "put_dashboard",
        _dashboard("alarm", alarms=[]),
        "InvalidParameterInput",
        """The dashboard body is invalid, there are 1 validation errors:
[
  {
    "dataPath": "/widgets/0/properties/alarms",
    "message": "Should NOT have less than 1 items"
  }
]""",
        "github.com/aws-solutions-library-samples/guidance-for-automating-network-monitoring-and-alerting-on-aws"
        "/issues/7",
    ),
    Quoted(
        "put_dashboard",
        _dashboard("metric", region="us-east-1"),
        "InvalidParameterInput",
        """The dashboard body is invalid, there are 3 validation errors:
[
  {
    "dataPath": "/widgets/0/properties",
    "message": "Should have required property 'metrics'"
  },
  {
    "dataPath": "/widgets/0/properties",
    "message": "The metric widget should have specified a region and a data source or an alarm annotation"
  },
  {
    "dataPath": "/widgets/0/properties",
    "message": "Should have required property 'annotations'"
  }
]""",
        "github.com/aws-samples/aws-eda-slurm-cluster/issues/116",
    ),
    Quoted(
        "put_dashboard",
        _dashboard("metric", metrics=["AWS/Lambda"]),
        "InvalidParameterInput",
        """The dashboard body is invalid, there are 2 validation errors:
[
  {
    "dataPath": "/widgets/0/properties/metrics/0",
    "message": "Should be array"
  },
  {
    "dataPath": "/widgets/0/properties/metrics/0",
    "message": "Field \\"metrics\\" has to be an array of array of strings, with an optional metricRenderer object \
as last element"
  }
]""",
        "github.com/pulumi/pulumi/issues/13059",
    ),
]


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.source)
def test_what_aws_says(cloudwatch: Any, error_of: ErrorOf, quoted: Quoted) -> None:
    answer = error_of(getattr(cloudwatch, quoted.operation), **quoted.request)
    assert answer == (400, quoted.code, quoted.text)


def test_a_state_of_no_alarm_is_refused_without_a_word(cloudwatch: Any) -> None:
    """ "An error occurred (ResourceNotFound) when calling the SetAlarmState operation: Unknown", in a workshop: that is
    how the AWS CLI tells of an error without a message, and awscr-cloudwatch has kept one.
    """
    with pytest.raises(ClientError) as refused:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="r")
    error = refused.value.response["Error"]
    assert error["Code"] == "ResourceNotFound"
    assert not error["Message"]
