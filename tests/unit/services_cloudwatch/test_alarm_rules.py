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
        ("AT_LEAST(1, ALARM, (a, o))", True),
        ("AT_LEAST(2, ALARM, (a, o))", False),
        ('AT_LEAST(2, NOT ALARM, (a, o, "two words"))', True),
        ("AT_LEAST(50%, OK, (a, o))", True),
        ('AT_LEAST("51%", OK, (a, o))', False),
        ("AT_LEAST(1, OK, (o)) AND NOT ALARM(o)", True),
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
        ("AT_LEAST(1, ALARM, (a, o))", {"a"}),
        ("AT_LEAST(2, NOT OK, (a, o))", {"o"}),
    ],
)
def test_why_a_rule_comes_out_as_it_does(text: str, causes: set[str]) -> None:
    assert compile_rule(text).test(STATES).causes == causes


def test_a_rule_names_its_alarms() -> None:
    assert compile_rule('ALARM(a) OR NOT (OK("two words") AND TRUE)').children == {"a", "two words"}
    assert compile_rule("AT_LEAST(1, OK, (a, b))").children == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    ["", "ALARM", "ALARM(", "ALARM()", "ALARM(a", "BROKEN(a)", "ALARM(a) OK(o)", "(ALARM(a)", "AND", "NOT",
     "ALARM(a))", "AT_LEAST(ALARM, (a))", "AT_LEAST(1, BROKEN, (a))", "AT_LEAST(1, OK, ())", "AT_LEAST(1, OK, (a)",
     "AT_LEAST(1, OK, a)", "ALARM(a, b)", "(" * 60 + "TRUE" + ")" * 60, "TRUE OR " * 2000 + "TRUE"],
)  # fmt: skip
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(Malformed):
        compile_rule(text)
