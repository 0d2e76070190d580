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


# Rules that were each tried on AWS.
PREFLIGHT = "github.com/badmintoncryer/cdk-preflight, measured on AWS in 2026-09"


def _dashboard(kind: str, **properties: Any) -> dict[str, str]:
    body = {"widgets": [{"type": kind, "properties": properties}]}
    return {"DashboardName": "d", "DashboardBody": json.dumps(body)}


def _refused_dashboard(faults: dict[str, list[str]], *widgets: Any, **body: Any) -> Quoted:
    """`faults`: the messages by their data paths."""
    body = body or {"widgets": list(widgets)}
    told = [{"dataPath": path, "message": text} for path, texts in faults.items() for text in texts]
    return Quoted(
        "put_dashboard",
        {"DashboardName": "d", "DashboardBody": json.dumps(body)},
        "InvalidParameterInput",
        f"The dashboard body is invalid, there are {len(told)} validation errors:\n{json.dumps(told, indent=2)}",
        PREFLIGHT,
    )


def _shown(**properties: Any) -> dict[str, Any]:
    """A widget of a metric."""
    return {"type": "metric", "properties": {"metrics": [["N", "m"]], "region": "r"} | properties}


def _widget(**members: Any) -> dict[str, Any]:
    return {"type": "text", "properties": {"markdown": "t"}, **members}


def _refused_alarm(text: str, source: str = PREFLIGHT, **change: Any) -> Quoted:
    alarm = {name: value for name, value in {**ALARM, **change}.items() if value is not None}
    return Quoted("put_metric_alarm", alarm, "ValidationError", text, source)


def _refused_metrics(text: str, *metrics: dict[str, Any], source: str = PREFLIGHT) -> Quoted:
    own = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    return _refused_alarm(text, source, **own, Metrics=list(metrics))


def _stat(id_: str, stat: str = "Sum", period: int = 60) -> dict[str, Any]:
    metric = {"Namespace": "N", "MetricName": "m"}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Stat": stat, "Period": period}}


def _datum(**members: Any) -> dict[str, Any]:
    return {"Namespace": "N", "MetricData": [{"MetricName": "m", **members}]}


QUOTED = [
    _refused_alarm(
        "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) "
        "for alarms using period >= 3600",
        Period=3600,
        EvaluationPeriods=169,
    ),
    _refused_alarm("PutMetricAlarm request should have valid Threshold parameter", Threshold=None),
    _refused_alarm(
        "ComparisonOperators for ranges require ThresholdMetricId to be set",
        ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
    ),
    _refused_alarm(
        "Option evaluateLowSampleCountPercentile can not be applied with statistic Average. This option is "
        "enabled only for percentile statistics.",
        Statistic="Average",
        EvaluateLowSampleCountPercentile="ignore",
    ),
    _refused_alarm(
        "aws: prefixed tag key names are not allowed for external use.",
        Tags=[{"Key": "aws:cloudformation:stack-name", "Value": "s"}],
    ),
    _refused_alarm("Unsupported AWS vendor s3", AlarmActions=["arn:aws:s3:::pf-bucket"]),
    _refused_alarm("Namespace must not contain Non-ASCII characters.", Namespace="テスト用"),
    _refused_alarm(
        "The value p101 for parameter ExtendedStatistic is not supported.",
        Statistic=None,
        ExtendedStatistic="p101",
    ),
    _refused_alarm(
        "Unit should not be set if list of Metrics is set.",
        "github.com/aws-cloudformation/cfn-lint/pull/1306",
        **dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period")),
        Unit="Count",
        Metrics=[_stat("m")],
    ),
    _refused_alarm(
        "Statistic should not be set if list of Metrics is set.",
        "github.com/cloudtools/troposphere/pull/1276",
        **dict.fromkeys(("MetricName", "Namespace", "Period")),
        Metrics=[_stat("m")],
    ),
    _refused_metrics(
        "Too many expressions in alarm, maximum is 10",
        *({"Id": f"e{number}", "Expression": "1"} for number in range(11)),
    ),
    _refused_metrics(
        "Too many metrics in alarm, maximum is 10", *(_stat(f"m{number}") for number in range(11))
    ),
    _refused_metrics("Invalid metrics list", _stat("m", "Avg")),
    _refused_metrics(
        "Invalid metrics list", _stat("XYZ"), source="github.com/hashicorp/terraform/issues/30804"
    ),
    _refused_metrics("Period must be 10, 20, 30 or a multiple of 60", _stat("m", period=45)),
    _refused_metrics("Period must not be null", {"Id": "m"}),
    _refused_metrics(
        "The parameters MetricDataQuery Expression and MetricStat are mutually exclusive and you have "
        "specified both.",
        {**_stat("m"), "Expression": "1"},
    ),
    _refused_metrics(
        "Exactly one element of the metrics list should return data.", _stat("a"), _stat("b")
    ),
    _refused_metrics(
        "SEARCH is not supported on Metric Alarms.",
        {
            "Id": "e",
            "Expression": "SEARCH('{AWS/EC2,InstanceId} MetricName=\"CPUUtilization\"', 'Average', 300)",
        },
    ),
    _refused_metrics(
        "Error in expression 'expr_1': Invalid syntax",
        {"Id": "expr_1", "Expression": "m1 +"},
        source="Grafana's tests, and the comment of a public CDK stack",
    ),
    _refused_metrics(
        "Error in expression 'e1': Function 'ANOMALY_DETECTOR' not found",
        {"Id": "e1", "Expression": "ANOMALY_DETECTOR(m1)"},
        _stat("m1") | {"ReturnData": False},
        source="the notes of a public Terraform project, of 2025",
    ),
    _refused_metrics(
        "Metrics expression that return multi time series are only allowed for MetricsInsights expression "
        "with an ORDER BY clause",
        {"Id": "e1", "Expression": "RATE(e2)"},
        {"Id": "e2", "Expression": "-[m1, m1]", "ReturnData": False},
        _stat("m1") | {"ReturnData": False},
        source="the same, and the notes of another one, of 2026-07",
    ),
    Quoted(
        "put_composite_alarm",
        {"AlarmName": "c", "AlarmRule": "GARBAGE(not a rule"},
        "ValidationError",
        "Error in AlarmRule [Unsupported token 'GARBAGE' at char 0, must be: '(', 'NOT', AT_LEAST, TRUE or "
        "FALSE, ALARM, OK, or INSUFFICIENT_DATA]",
        PREFLIGHT,
    ),
    Quoted(
        "put_composite_alarm",
        {"AlarmName": "pf-self", "AlarmRule": 'ALARM("pf-self")'},
        "ValidationError",
        "A composite alarm cannot have a child relation with itself via its AlarmRule, as it would introduce "
        "a circular dependency",
        PREFLIGHT,
    ),
    _refused_dashboard({"": ["Should have required property 'widgets'"]}, start="-PT1H"),
    _refused_dashboard({"/widgets": ["Should be array"]}, widgets={}),
    _refused_dashboard(
        {"/widgets/0": ["Should have required property 'type'"]}, {"properties": {}}
    ),
    _refused_dashboard(
        {"/widgets/0": ["Should have required property 'properties'"]}, {"type": "text"}
    ),
    _refused_dashboard(
        {"/widgets/0/properties": ["Should have required property 'markdown'"]},
        {"type": "text", "properties": {}},
    ),
    _refused_dashboard(
        {"/widgets/0/properties": ["Should have required property 'alarms'"]},
        {"type": "alarm", "properties": {}},
    ),
    _refused_dashboard(
        {"/widgets/0/x": ["Should be <= 23"], "/widgets/1/width": ["Should be <= 24"]},
        _widget(x=24),
        _widget(width=25),
    ),
    _refused_dashboard({"/widgets/0/x": ["Should be >= 0"]}, _widget(x=-1)),
    _refused_dashboard({"/widgets/0/height": ["Should be <= 1000"]}, _widget(height=1001)),
    _refused_dashboard(
        {
            "/widgets/0/properties/period": [
                "Should be >= 60",
                "Should be multiple of 60",
                "Should match exactly one schema in oneOf",
            ]
        },
        _shown(period=45),
    ),
    _refused_dashboard(
        {"/widgets/0/properties/yAxis/left": ["Should be <= 10", "Should be >= 100"]},
        _shown(yAxis={"left": {"min": 100, "max": 10}}),
    ),
    # github.com/aws/aws-cdk/issues/5026
    _refused_dashboard(
        {"/widgets/0/properties/metrics/0": ["Should NOT have more than 2 items"]},
        _shown(metrics=[["ECSLogs", "Errors", {"stat": "Sum", "color": "red"}]]),
    ),
    # A public dashboard's notes of 2025.
    _refused_dashboard(
        {"/widgets/0/properties/metrics/1": ["Should NOT have more than 4 items"]},
        _shown(
            metrics=[
                ["AWS/Billing", "EstimatedCharges", "Currency", "USD"],
                [".", ".", ".", "Service", "AmazonS3"],
            ]
        ),
    ),
    # Of a stack that was changed on 2026-08-28.
    _refused_dashboard(
        {
            "/widgets/0/properties/metrics/0/3": [
                'Invalid metric field type, only "String" type is allowed'
            ]
        },
        _shown(metrics=[["AWS/ApplicationELB", "RequestCount", "TargetGroup", ""]]),
    ),
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


def test_what_aws_takes(cloudwatch: Any) -> None:
    """By the same measurements."""
    cloudwatch.put_metric_alarm(
        **{name: value for name, value in ALARM.items() if name != "Statistic"},
        ExtendedStatistic="p100.99",
    )
    widgets = [{"type": "metricc", "properties": {}}, _widget(x=23, width=24, height=1000)]
    metrics = [
        [
            "AWS/Lambda",
            "Errors",
            "FunctionName",
            "f",
            {"stat": "p99", "color": "#ff0000", "id": "m1"},
        ],
        ["...", "g"],
        [".", "Throttles", ".", ".", {"yAxis": "right", "visible": False}],
        [{"expression": "m1 * 2", "label": "e", "id": "e1", "period": 60, "region": "us-east-1"}],
        ["N", "m"],
    ]
    widgets += [_shown(period=30), _shown(metrics=metrics, stat="TM(10%:90%)")]
    body = json.dumps({"widgets": widgets})
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)


def test_a_state_of_no_alarm_is_refused_without_a_word(cloudwatch: Any) -> None:
    """ "An error occurred (ResourceNotFound) when calling the SetAlarmState operation: Unknown", in a workshop: that is
    how the AWS CLI tells of an error without a message, and awscr-cloudwatch has kept one.
    """
    with pytest.raises(ClientError) as refused:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="r")
    error = refused.value.response["Error"]
    assert error["Code"] == "ResourceNotFound"
    assert not error["Message"]
