"""Rules of composite alarms."""

from __future__ import annotations

import pytest

from lambent.services.cloudwatch.alarm_rules import Malformed, compile_rule

STATES = {"a": "ALARM", "o": "OK", "two words": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("a")', True),
        ("ALARM('o')", False),
        ("OK(o) AND ALARM(a)", True),
        ("OK(a) OR ALARM(o)", False),
        ("NOT OK(a)", True),
        ("NOT (OK(o) AND ALARM(a))", False),
        ('INSUFFICIENT_DATA("two words")', True),
        ("ALARM(arn:aws:cloudwatch:eu-west-1:111111111111:alarm:a)", True),
        ("OK(a) OR OK(o) AND FALSE", False),
        ("TRUE", True),
        ("ALARM(unknown)", False),
    ],
)
def test_a_rule(text: str, holds: bool) -> None:
    assert compile_rule(text).test(STATES).holds is holds


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("ALARM(a) OR ALARM(o)", {"a"}),
        ("OK(a) OR ALARM(o)", {"a", "o"}),
        ("ALARM(a) AND ALARM(o)", {"o"}),
        ("ALARM(a) AND OK(o)", {"a", "o"}),
        ("NOT (ALARM(a) OR ALARM(o))", {"a"}),
        ("TRUE", set()),
        ("ALARM(unknown)", {"unknown"}),
    ],
)
def test_why_a_rule_comes_out_as_it_does(text: str, causes: set[str]) -> None:
    assert compile_rule(text).test(STATES).causes == causes


def test_a_rule_names_its_alarms() -> None:
    assert compile_rule('ALARM(a) OR NOT (OK("two words") AND TRUE)').children == {"a", "two words"}


@pytest.mark.parametrize(
    "text",
    ["", "ALARM", "ALARM(", "ALARM()", "ALARM(a", "BROKEN(a)", "ALARM(a) OK(o)", "(ALARM(a)", "AND", "NOT",
     "ALARM(a))", "(" * 60 + "TRUE" + ")" * 60, "TRUE OR " * 2000 + "TRUE"],
)  # fmt: skip
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(Malformed):
        compile_rule(text)
