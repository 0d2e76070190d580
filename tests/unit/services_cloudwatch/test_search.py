"""Search expressions: which metrics they find."""

from __future__ import annotations

import pytest

from lambent.services.cloudwatch.math.search import compile_search
from lambent.services.cloudwatch.math.syntax import Malformed
from lambent.services.cloudwatch.store import MetricKey

ERRORS = MetricKey("1", "r", "AWS/Lambda", "Errors", (("FunctionName", "order-intake"),))
DURATION = MetricKey("1", "r", "AWS/Lambda", "Duration", (("FunctionName", "Order"),))
ALL = MetricKey("1", "r", "AWS/Lambda", "Errors", ())
SALES = MetricKey("1", "r", "My Shop", "SalesTotal", (("Till", "2"),))
METRICS = [ERRORS, DURATION, ALL, SALES]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{AWS/Lambda,FunctionName}", [ERRORS, DURATION]),
        ("{AWS/Lambda,FunctionName} Errors", [ERRORS]),
        ("{AWS/Lambda}", [ALL]),
        ('{"My Shop",Till}', [SALES]),
        ("order", [ERRORS, DURATION]),
        ("sales", [SALES]),
        ("total", [SALES]),
        ("tota", []),
        ('FunctionName="Order"', [DURATION]),
        ("FunctionName=order", [ERRORS, DURATION]),
        ('MetricName="Errors"', [ERRORS, ALL]),
        ("MetricName=(Errors OR SalesTotal)", [ERRORS, ALL, SALES]),
        ("Errors OR sales", [ERRORS, ALL, SALES]),
        ("NOT Errors", [DURATION, SALES]),
        ("{AWS/Lambda,FunctionName} AND NOT (Errors OR sales)", [DURATION]),
        ('Namespace="AWS/Lambda" intake', [ERRORS]),
        (':aws.AccountId="1" sales', [SALES]),
    ],
)
def test_a_search(text: str, found: list[MetricKey]) -> None:
    test = compile_search(text)
    assert [key for key in METRICS if test(key)] == found


@pytest.mark.parametrize(
    "text", ["", "(", "(a", "a)", "=a", "a=", "a=(b", "a=(", "NOT", '"a', "a={b}"]
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(Malformed):
        compile_search(text)
