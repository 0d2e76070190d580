"""What the IAM user guide says of conditions and of the weighing of policies, said again as tables.

"IAM JSON policy elements: Condition operators" (with "...IfExists condition operators" and "Condition operator to check
existence of condition keys"), "Set operators for multivalued context keys", "IAM policy elements: Variables and tags",
"Policy evaluation logic". What is expected follows from the kind of an operator alone; the engine is asked about each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from tests.unit.policy.conftest import (
    ACCOUNT,
    BUCKET,
    OBJECT,
    OTHER,
    SESSION,
    USER,
    Case,
    allow,
    deny,
    outcome,
)

TOPIC = "arn:aws:sns:eu-west-1:111122223333:topic"


class Operator(NamedTuple):
    """An operator with a value of its policy, a value of a request that satisfies it and one that does not."""

    name: str
    wanted: str
    good: str
    bad: str

    @property
    def is_negated(self) -> bool:
        return "Not" in self.name


OPERATORS = [
    Operator("StringEquals", "ann", "ann", "Ann"),
    Operator("StringNotEquals", "ann", "Ann", "ann"),
    Operator("StringEqualsIgnoreCase", "ann", "ANN", "bob"),
    Operator("StringNotEqualsIgnoreCase", "ann", "bob", "ANN"),
    Operator("StringLike", "a*", "ann", "bob"),
    Operator("StringNotLike", "a*", "bob", "ann"),
    Operator("NumericEquals", "10", "10", "11"),
    Operator("NumericNotEquals", "10", "11", "10"),
    Operator("NumericLessThan", "10", "9", "10"),
    Operator("NumericLessThanEquals", "10", "10", "11"),
    Operator("NumericGreaterThan", "10", "11", "10"),
    Operator("NumericGreaterThanEquals", "10", "10", "9"),
    Operator("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    Operator("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
    Operator("DateLessThan", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    Operator("DateLessThanEquals", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"),
    Operator("DateGreaterThan", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"),
    Operator("DateGreaterThanEquals", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
    Operator("Bool", "true", "true", "false"),
    Operator("BinaryEquals", "QmluYXJ5", "QmluYXJ5", "b3RoZXI="),
    Operator("IpAddress", "203.0.113.0/24", "203.0.113.7", "203.0.114.7"),
    Operator("NotIpAddress", "203.0.113.0/24", "203.0.114.7", "203.0.113.7"),
    Operator("ArnEquals", "arn:aws:sns:*:111122223333:*", TOPIC, "arn:aws:sns:eu-west-1:444455556666:topic"),
    Operator("ArnLike", "arn:aws:sns:*:111122223333:t?pic", TOPIC, "arn:aws:sns:eu-west-1:444455556666:topic"),
    Operator("ArnNotEquals", "arn:aws:sns:*:111122223333:*", "arn:aws:sqs:eu-west-1:111122223333:q", TOPIC),
    Operator("ArnNotLike", "arn:aws:sns:*:*:t*", "arn:aws:sqs:eu-west-1:111122223333:q", TOPIC),
]  # fmt: skip
KEY = "x:Key"


def holds(operator: str, wanted: Any, *values: str, **more: Any) -> bool:
    """Does a statement with this condition apply to a request whose key has these values (none: is not there)?"""
    facts = {**more, **({KEY: list(values)} if values else {})}
    return Case([allow(Condition={operator: {KEY: wanted}})]).ask_with(facts).is_allowed


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)
def test_an_operator_of_one_value(operator: Operator) -> None:
    name, wanted, good, bad = operator
    assert holds(name, wanted, good)
    assert not holds(name, wanted, bad)
    # A key that is not there matches nothing, which is what a negated operator asks for.
    assert holds(name, wanted) is operator.is_negated


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)
def test_several_values_in_a_policy(operator: Operator) -> None:
    """One of them must match; of a negated operator none may."""
    name, wanted, good, bad = operator
    never = {"Bool": "true", "BinaryEquals": "b3RoZXIh"}.get(name, wanted)
    assert holds(name, [wanted, never], good)
    assert not holds(name, [wanted, never], bad)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)
def test_if_exists(operator: Operator) -> None:
    """A key that is not there satisfies it."""
    name, wanted, good, bad = operator
    assert holds(f"{name}IfExists", wanted, good)
    assert not holds(f"{name}IfExists", wanted, bad)
    assert holds(f"{name}IfExists", wanted)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)
def test_for_all_values(operator: Operator) -> None:
    """Every value must match; no values, or an empty text, which counts as none, do."""
    name, wanted, good, bad = operator
    name = f"ForAllValues:{name}"
    assert holds(name, wanted, good)
    assert holds(name, wanted, good, good)
    assert not holds(name, wanted, bad)
    assert not holds(name, wanted, good, bad)
    assert holds(name, wanted)
    assert holds(name, wanted, "")
    assert holds(f"{name}IfExists", wanted)
    assert not holds(f"{name}IfExists", wanted, good, bad)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)
def test_for_any_value(operator: Operator) -> None:
    """One value must match; no values do not."""
    name, wanted, good, bad = operator
    name = f"ForAnyValue:{name}"
    assert holds(name, wanted, good)
    assert holds(name, wanted, bad, good)
    assert not holds(name, wanted, bad)
    assert not holds(name, wanted)
    assert holds(f"{name}IfExists", wanted)
    assert not holds(f"{name}IfExists", wanted, bad)


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "expected"),
    [
        # True: the key is not there; false: it is there.
        ("Null", "true", [], True),
        ("Null", "true", ["x"], False),
        ("Null", "false", [], False),
        ("Null", "false", ["x"], True),
        ("Null", ["true", "false"], [], True),
        ("Null", ["true", "false"], ["x"], True),
        # An empty text is not like anything but itself.
        ("ForAnyValue:StringEquals", "a", [""], False),
        ("ForAnyValue:StringLike", "a*", [""], False),
        # Values that are none of the operator's kind match nothing.
        ("NumericLessThan", "10", ["ten"], False),
        ("DateLessThan", "2026-01-01", ["soon"], False),
        ("IpAddress", "10.0.0.0/8", ["localhost"], False),
        ("Bool", "true", ["yes"], False),
        ("NotIpAddress", "10.0.0.0/8", ["localhost"], True),
        # IPv6 and addresses without a prefix.
        ("IpAddress", "2001:db8::/32", ["2001:db8::1"], True),
        ("IpAddress", "2001:db8::/32", ["2001:db9::1"], False),
        ("IpAddress", "10.1.2.3", ["10.1.2.3"], True),
        ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], ["2001:db8::1"], True),
        # Both Equals and Like of ARNs know wildcards.
        ("ArnEquals", "arn:aws:sns:*:*:*", [TOPIC], True),
        ("ArnLike", TOPIC, [TOPIC], True),
        ("ArnLike", "arn:aws:sns:eu-west-1:*", [TOPIC], True),
        # The names of operators and of booleans do not depend on case; values of StringEquals do.
        ("bool", "TRUE", ["true"], True),
        ("foranyvalue:stringlike", "a*", ["b", "a"], True),
        # Dates may be seconds since 1970, or days.
        ("DateGreaterThan", "1767225600", ["2026-01-01T00:00:01Z"], True),
        ("DateLessThan", "2026-01-02", ["2026-01-01T23:59:59Z"], True),
    ],
)
def test_what_is_said_besides(
    operator: str, wanted: Any, values: list[str], expected: bool
) -> None:
    assert holds(operator, wanted, *values) is expected


@pytest.mark.parametrize(
    ("resource", "tags", "expected"),
    [
        # "${aws:PrincipalTag/team, 'company-wide'}" of the documentation.
        ("${aws:PrincipalTag/team, 'a'}", {}, True),
        ("${aws:PrincipalTag/team, 'a'}", {"team": "a"}, True),
        ("${aws:PrincipalTag/team, 'a'}", {"team": "b"}, False),
        ("${aws:PrincipalTag/team, 'b'}", {}, False),
        ("${aws:PrincipalTag/team}", {}, False),
        ("${aws:PrincipalTag/team}", {"team": "a"}, True),
        ("${aws:PrincipalTag/TEAM}", {"team": "a"}, True),
        ("${aws:PrincipalTag/team}${aws:PrincipalTag/more, ''}", {"team": "a"}, True),
    ],
)
def test_variables_have_defaults(resource: str, tags: dict[str, str], expected: bool) -> None:
    case = Case([allow(resource=f"{BUCKET}/{resource}/*")])
    facts = {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
    assert case.ask_with(facts).is_allowed is expected


@pytest.mark.parametrize(
    ("statements", "action", "expected"),
    [
        # "Allow with NotAction": everything else of the resources; no more than that.
        ([allow(None, NotAction="s3:DeleteBucket")], "s3:GetObject", "allow"),
        ([allow(None, NotAction="s3:DeleteBucket")], "s3:DeleteBucket", "no identity"),
        ([allow(None, NotAction="s3:Delete*")], "s3:DeleteObject", "no identity"),
        ([allow(None, f"{BUCKET}/*", NotAction="iam:*")], "s3:GetObject", "allow"),
        ([allow(None, "arn:aws:s3:::other/*", NotAction="iam:*")], "s3:GetObject", "no identity"),
        # "Deny with NotAction" grants nothing by itself.
        ([deny(None, NotAction="s3:GetObject")], "s3:GetObject", "no identity"),
        ([allow(), deny(None, NotAction="s3:GetObject")], "s3:GetObject", "allow"),
        ([allow(), deny(None, NotAction="s3:GetObject")], "s3:PutObject", "deny identity"),
        ([allow(), deny(None, NotAction=["s3:Get*", "s3:Put*"])], "s3:PutObject", "allow"),
        # "Deny with NotResource" of the documentation: everything but one's own bucket.
        ([allow("s3:*"), deny("s3:*", None, NotResource=[BUCKET, f"{BUCKET}/*"])], "s3:GetObject", "allow"),
        ([allow("s3:*"), deny("s3:*", None, NotResource=[BUCKET])], "s3:GetObject", "deny identity"),
        ([allow("s3:*", None, NotResource="arn:aws:s3:::other/*")], "s3:GetObject", "allow"),
        ([allow("s3:*", None, NotResource=[f"{BUCKET}/a/*", BUCKET])], "s3:GetObject", "no identity"),
    ],
)  # fmt: skip
def test_everything_but(statements: list[Any], action: str, expected: str) -> None:
    assert outcome(Case(statements).ask(action)) == expected


ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/builder"
YES, OTHERS = [allow("s3:*")], [allow("sqs:*")]
NO = [deny("s3:*"), allow()]


def _resource(who: str) -> list[dict[str, Any]]:
    return [allow("s3:GetObject", OBJECT, Principal={"AWS": who})]


def _expected(
    identity: Any, boundary: Any, session: Any, named: str, *, is_session: bool, is_cross: bool
) -> str:
    """The flow chart of "Policy evaluation for requests within a single account", and of those across accounts."""
    for policies, type_ in ((identity, "identity"), (boundary, "boundary"), (session, "session")):
        if policies is NO:
            return f"deny {type_}"
    if is_cross:
        if not named:
            return "no resource"
    elif named == "session" or (named == "user" and not is_session):
        return "allow"  # a grant to the very user or session asks nobody else
    is_for_role = named == "role" and not is_cross
    for policies, type_ in ((identity, "identity"), (boundary, "boundary"), (session, "session")):
        if type_ == "identity":
            if policies is not YES and not is_for_role:
                return "no identity"
        elif policies is OTHERS:
            return f"no {type_}"
    return "allow"


_WHO = {"user": USER.arn, "role": ROLE, "session": SESSION.arn, "account": ACCOUNT}


@pytest.mark.parametrize("account", [ACCOUNT, OTHER], ids=["own account", "another account"])
@pytest.mark.parametrize("named", ["", "account", "user"])
@pytest.mark.parametrize("boundary", [None, YES, OTHERS, NO], ids=["-", "yes", "others", "no"])
@pytest.mark.parametrize("identity", [[], YES, OTHERS, NO], ids=["-", "yes", "others", "no"])
def test_policies_of_a_user_are_weighed(
    identity: Any, boundary: Any, named: str, account: str
) -> None:
    resource = _resource(_WHO[named]) if named else []
    case = Case(identity, boundary, None, resource, USER, account)
    flags = {"is_session": False, "is_cross": account != ACCOUNT}
    assert outcome(case.ask()) == _expected(identity, boundary, None, named, **flags)


@pytest.mark.parametrize("account", [ACCOUNT, OTHER], ids=["own account", "another account"])
@pytest.mark.parametrize("named", ["", "account", "role", "session"])
@pytest.mark.parametrize("session", [None, YES, OTHERS, NO], ids=["-", "yes", "others", "no"])
@pytest.mark.parametrize("boundary", [None, YES, OTHERS, NO], ids=["-", "yes", "others", "no"])
@pytest.mark.parametrize("identity", [[], YES, NO], ids=["-", "yes", "no"])
def test_policies_of_a_session_are_weighed(
    identity: Any, boundary: Any, session: Any, named: str, account: str
) -> None:
    resource = _resource(_WHO[named]) if named else []
    case = Case(identity, boundary, session, resource, SESSION, account)
    flags = {"is_session": True, "is_cross": account != ACCOUNT}
    assert outcome(case.ask()) == _expected(identity, boundary, session, named, **flags)
