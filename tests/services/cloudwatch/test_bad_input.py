"""Requests made up from the service model, most of them wrong in some way: never a 5xx, never a hang, and what is
refused changes nothing.

They go over HTTP as JSON, signed, past everything that a client checks beforehand.
"""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lambent.services.cloudwatch.service import CloudWatchService
from lambent.services.cloudwatch.tables import METRICS, POINTS, RESOURCES

MODEL: Any = botocore.session.get_session().get_service_model("cloudwatch")
NOW = int(datetime.now(UTC).timestamp())
TEXTS = [
    "a", "b", "both", "nope", "N", "m", "AWS/Lambda", "m1", "e1", "m1 + e1", "SUM(METRICS())", "FILL(m1, 0) / 0",
    "SEARCH('{N,d} m', 'Sum', 60)", "IF(m1, 1)", "2 ^ 9999", "-1 ^ 0.5", "SORT(METRICS(), AVG, ASC)",
    "SLICE(METRICS(), -1)",
    "Sum", "p99.9", "tm(10%:90%)", "PR(:1)", "p0", "ALARM(a)", "NOT ALARM(b) AND (OK(a) OR TRUE)", "ALARM(both)", "{}",
    '{"widgets": []}', "missing", "ignore", "GreaterThanThreshold", "PT3H", "${MAX} ${PROP('Dim.d')}", "d", "+0130",
    "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a", "arn:aws:lambda:us-east-1:123456789012:function:f",
]  # fmt: skip
NASTY = ["", " ", "\x00", "é€𝄞", "(" * 3000, "a" * 3000, "'; DROP TABLE x", "NaN", "-1", "1e400"]
NUMBERS = [-1, 0, 1, 2, 10, 60, 300, 3600, 86400, 2**31, 2**63, 0.5, 1e308, -1e308, 5e-324]
TIMES = [0, NOW, NOW - 60, NOW - 3600, NOW + 3600, -1, 1e12, 1e300, "2026-01-01T00:00:00Z", "no"]
SIMPLE: dict[str, list[Any]] = {
    "boolean": [True, False],
    "double": NUMBERS,
    "integer": NUMBERS,
    "long": NUMBERS,
    "timestamp": TIMES,
}
JUNK: st.SearchStrategy[Any] = st.sampled_from([None, True, [], {}, [[]], {"a": {}}, 2**70, *NASTY])


def _plausible(shape: Any, depth: int) -> st.SearchStrategy[Any]:
    """Values that are of the shape, or nearly."""
    kind = shape.type_name
    if kind == "string":
        return st.sampled_from(list(getattr(shape, "enum", None) or TEXTS))
    if kind in SIMPLE:
        return st.sampled_from(SIMPLE[kind])
    if kind == "list":
        return st.lists(_value(shape.member, depth + 1), min_size=1, max_size=3)
    if kind == "map":
        return st.dictionaries(st.sampled_from(TEXTS), _value(shape.value, depth + 1), max_size=2)
    wanted = set(shape.required_members)
    members = {name: _value(held, depth + 1) for name, held in shape.members.items()}
    return st.fixed_dictionaries(
        {name: value for name, value in members.items() if name in wanted},
        optional={name: value for name, value in members.items() if name not in wanted},
    )


def _value(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Nearly always plausible, or most requests would fail at their first member."""
    plausible = _plausible(shape, depth)
    return st.integers(0, 15).flatmap(lambda chance: JUNK if chance == 0 else plausible)


def _requests(name: str) -> st.SearchStrategy[dict[str, Any]]:
    shape = MODEL.operation_model(name).input_shape
    anything = {member: _value(held) for member, held in shape.members.items()}
    return st.one_of(_plausible(shape, 0), st.fixed_dictionaries({}, optional=anything))


def _served() -> list[str]:
    unused: Any = None
    return sorted(CloudWatchService(unused, unused, unused).operations)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", _served())
def test_bad_input_is_refused_in_good_order(cloudwatch: Any, running: Any, name: str) -> None:
    cloudwatch.put_metric_data(
        Namespace="N",
        MetricData=[
            {"MetricName": "m", "Value": value, "Dimensions": dimensions}
            for value, dimensions in ((1, []), (-2, [{"Name": "d", "Value": "x"}]))
        ],
    )
    for alarm in ("a", "b"):
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            Namespace="N",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=10,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(a) AND ALARM(b)")
    cloudwatch.put_dashboard(DashboardName="a", DashboardBody='{"widgets": []}')
    account_id = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmArn"].split(":")[4]
    host, port = running.platform.address
    connection = http.client.HTTPConnection(host, port, timeout=30)
    signer = SigV4Auth(cloudwatch._request_signer._credentials, "monitoring", "us-east-1")

    def state() -> set[tuple[Any, ...]]:
        def read(tx: Any) -> list[tuple[Any, ...]]:
            mine = METRICS.c.account_id == account_id
            ids = select(METRICS.c.id).where(mine)
            theirs = RESOURCES.c.account_id == account_id
            # Alarms move by themselves once they are put: their looks are waited for.
            return [
                *map(tuple, tx.all(select(METRICS).where(mine))),
                *map(tuple, tx.all(select(POINTS).where(POINTS.c.metric_id.in_(ids)))),
                *map(tuple, tx.all(select(RESOURCES).where(theirs))),
            ]

        cloudwatch.describe_alarms()
        return set(running.run(running.platform.database.read(read)))

    @seed(1)
    @settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(_requests(name))
    def attempt(request: dict[str, Any]) -> None:
        before = state()
        body = json.dumps(request).replace("123456789012", account_id).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"GraniteServiceVersion20100801.{name}",
        }
        signed = AWSRequest("POST", f"{running.platform.endpoint}/", headers, body)
        signer.add_auth(signed)
        connection.request("POST", "/", body, dict(signed.headers.items()))
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 500, (answer.status, text[:500], request)
        assert answer.status < 400 or state() == before, (answer.status, text[:500], request)

    attempt()
    connection.close()
