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
        ('{"My Shop",Till}, "SalesTotal"', [SALES]),
        ("SalesTotal", [SALES]),
        ("salesTotal", []),
        ("Order-Intake", [ERRORS]),
    ],
)
def test_a_search(text: str, found: list[MetricKey]) -> None:
    test = compile_search(text)
    assert [key for key in METRICS if test(key)] == found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("count", True),
        ("COUNT", True),
        ("couNT", False),
        ("CustomCount", True),
        ("Count1", True),
        ("customcount", False),
        ("count1", False),
        ("custom/count", True),
    ],
)
def test_partial_matches_of_the_user_guide(text: str, is_found: bool) -> None:
    """ "CloudWatch search expressions: Partial matches": what finds `CustomCount1`."""
    assert compile_search(text)(MetricKey("1", "r", "N", "CustomCount1", ())) is is_found


@pytest.mark.parametrize(
    "text", ["", "(", "(a", "a)", "=a", "a=", "a=(b", "a=(", "NOT", '"a', "a={b}"]
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(Malformed):
        compile_search(text)
