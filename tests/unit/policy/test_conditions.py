"""Condition operators, policy variables, keys with many values (IAM JSON policy elements reference)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.policy.conftest import Case, allow, deny, outcome

Keys = dict[str, Any]


def holds(operator: str, wanted: Keys, facts: Keys) -> bool:
    """Does a statement with this one condition apply?"""
    return Case([allow(Condition={operator: wanted})]).ask_with(facts).is_allowed


NAME, TAGS, IP = "aws:username", "aws:TagKeys", "aws:SourceIp"
SIZE, WHEN, TLS = "s3:max-keys", "aws:CurrentTime", "aws:SecureTransport"
ARN, BLOB, MFA_AGE = "aws:SourceArn", "x:blob", "aws:MultiFactorAuthAge"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:topic"


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "value", "expected"),
    [
        ("StringEquals", NAME, "ann", "ann", True),
        ("StringEquals", NAME, "ann", "Ann", False),
        ("StringEquals", NAME, ["bob", "ann"], "ann", True),
        ("StringEquals", NAME, "a*", "ann", False),
        ("StringEquals", NAME, "ann", None, False),
        ("StringEquals", NAME, [], "ann", False),
        ("StringNotEquals", NAME, "ann", "bob", True),
        ("StringNotEquals", NAME, ["ann", "bob"], "bob", False),
        ("StringNotEquals", NAME, "ann", None, True),
        ("StringEqualsIgnoreCase", NAME, "ANN", "ann", True),
        ("StringNotEqualsIgnoreCase", NAME, "ANN", "ann", False),
        ("StringLike", NAME, "a?n*", "anna", True),
        ("StringLike", NAME, "A*", "anna", False),
        ("StringNotLike", NAME, ["b*", "c*"], "anna", True),
        ("StringNotLike", NAME, ["b*", "a*"], "anna", False),
        ("NumericEquals", SIZE, 10, "10.0", True),
        ("NumericEquals", SIZE, "10", "ten", False),
        ("NumericNotEquals", SIZE, "10", "11", True),
        ("NumericLessThan", SIZE, "10", "9", True),
        ("NumericLessThan", SIZE, "10", "10", False),
        ("NumericLessThanEquals", SIZE, "10", "10", True),
        ("NumericGreaterThan", SIZE, "-1", "0", True),
        ("NumericGreaterThanEquals", SIZE, "10", "9.99", False),
        ("NumericLessThan", SIZE, ["5", "20"], "10", True),
        ("NumericEquals", SIZE, "9007199254740993", "9007199254740992", False),
        ("DateEquals", WHEN, "2026-11-25T10:00:00Z", "2026-11-25T11:00:00+01:00", True),
        ("DateNotEquals", WHEN, "2026-11-25T10:00:00Z", "2026-11-25T10:00:01Z", True),
        ("DateLessThan", WHEN, "2026-11-26", "2026-11-25T23:59:59Z", True),
        ("DateLessThan", WHEN, "2026-11-26", "2026-11-26T00:00:00Z", False),
        ("DateLessThanEquals", WHEN, "2026-11-26", "2026-11-26T00:00:00Z", True),
        ("DateGreaterThan", WHEN, "2026", "2026-01-01T00:00:01Z", True),
        ("DateGreaterThanEquals", WHEN, 1764000000, "2025-11-24T16:00:00Z", True),
        ("DateLessThan", "aws:EpochTime", "2026-11-26", "1764000000", True),
        ("Bool", TLS, "true", "true", True),
        ("Bool", TLS, True, "true", True),
        ("Bool", TLS, "TRUE", "true", True),
        ("Bool", TLS, "false", "true", False),
        ("Bool", TLS, "false", None, False),
        ("BoolIfExists", TLS, "false", None, True),
        ("BoolIfExists", TLS, "false", "true", False),
        ("BinaryEquals", BLOB, "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", BLOB, "QmluYXJ5", "QmluYXJ6", False),
        ("IpAddress", IP, "203.0.113.0/24", "203.0.113.77", True),
        ("IpAddress", IP, "203.0.113.0/24", "203.0.114.1", False),
        ("IpAddress", IP, "203.0.113.7", "203.0.113.7", True),
        ("IpAddress", IP, "203.0.113.9/24", "203.0.113.77", True),
        ("IpAddress", IP, "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:a::1", True),
        ("IpAddress", IP, "10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("IpAddress", IP, "10.0.0.0/8", "2001:db8::1", False),
        ("IpAddress", IP, ["10.0.0.0/8", "192.168.0.0/16"], "192.168.1.1", True),
        ("NotIpAddress", IP, ["10.0.0.0/8", "192.168.0.0/16"], "192.168.1.1", False),
        ("NotIpAddress", IP, "10.0.0.0/8", "11.0.0.1", True),
        ("NotIpAddress", IP, "10.0.0.0/8", None, True),
        ("ArnEquals", ARN, TOPIC, TOPIC, True),
        ("ArnEquals", ARN, "arn:aws:sns:*:111122223333:t*", TOPIC, True),
        ("ArnLike", ARN, "arn:aws:sns:*:*:topic", TOPIC, True),
        ("ArnLike", ARN, "arn:aws:sns:*:topic", TOPIC, False),  # no star takes a colon
        ("ArnLike", ARN, "arn:aws:sns:*", TOPIC, True),
        ("ArnLike", ARN, "*", TOPIC, True),
        ("ArnLike", ARN, "arn:aws:sns:*:*:topic", "topic", False),
        ("ArnNotEquals", ARN, TOPIC, f"{TOPIC}2", True),
        ("ArnNotLike", ARN, "arn:aws:sns:*:*:*", TOPIC, False),
        ("ArnNotLike", ARN, "arn:aws:sns:*:*:*", None, True),
        ("Null", NAME, "true", None, True),
        ("Null", NAME, "true", "ann", False),
        ("Null", NAME, "false", "ann", True),
        ("Null", NAME, "false", None, False),
        ("StringEqualsIfExists", NAME, "ann", None, True),
        ("StringEqualsIfExists", NAME, "ann", "bob", False),
        ("StringNotEqualsIfExists", NAME, "ann", "ann", False),
        ("NumericLessThanIfExists", MFA_AGE, "3600", None, True),
        ("ArnLikeIfExists", ARN, TOPIC, None, True),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], [], True),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], None, True),
        ("ForAllValues:StringEquals", TAGS, ["a", "b"], [""], True),
        ("ForAllValues:StringNotEquals", TAGS, ["a"], ["b", "c"], True),
        ("ForAllValues:StringNotEquals", TAGS, ["a"], ["a", "c"], False),
        ("ForAllValues:StringLike", TAGS, ["a*"], ["a1", "a2"], True),
        ("ForAnyValue:StringEquals", TAGS, ["a", "b"], ["c", "b"], True),
        ("ForAnyValue:StringEquals", TAGS, ["a", "b"], ["c"], False),
        ("ForAnyValue:StringEquals", TAGS, ["a", "b"], [], False),
        ("ForAnyValue:StringEquals", TAGS, ["a", "b"], None, False),
        ("ForAnyValue:StringEqualsIfExists", TAGS, ["a", "b"], None, True),
        ("ForAnyValue:StringNotEquals", TAGS, ["a"], ["a", "b"], True),
        ("ForAnyValue:StringNotEquals", TAGS, ["a"], ["a"], False),
        ("ForAnyValue:StringNotEquals", TAGS, ["a"], None, False),
        ("ForAnyValue:IpAddress", IP, ["10.0.0.0/8"], ["1.1.1.1", "10.1.1.1"], True),
        ("stringequals", NAME, "ann", "ann", True),
    ],
)
def test_operators(operator: str, key: str, wanted: object, value: object, expected: bool) -> None:
    facts = {} if value is None else {key: value}
    assert holds(operator, {key: wanted}, facts) is expected


def test_key_names_are_known_in_any_case() -> None:
    assert holds("StringEquals", {"AWS:UserName": "ann"}, {"aws:username": "ann"})
    wanted = {"aws:PrincipalTag/Team": "red"}
    assert holds("StringEquals", wanted, {"aws:principaltag/TEAM": "red"})


def test_keys_and_operators_must_all_hold() -> None:
    both = {"StringEquals": {NAME: "ann", TLS: "true"}, "IpAddress": {IP: "10.0.0.0/8"}}
    case = Case([allow(Condition=both)])
    good = {NAME: "ann", TLS: "true", IP: "10.1.1.1"}
    assert case.ask_with(good).is_allowed
    for key in good:
        assert not case.ask_with({**good, key: "1.1.1.1"}).is_allowed


@pytest.mark.parametrize(
    ("resource", "facts", "expected"),
    [
        ("arn:aws:s3:::bucket/${aws:username}/*", {NAME: "a"}, True),
        ("arn:aws:s3:::bucket/${AWS:UserName}/*", {NAME: "a"}, True),
        ("arn:aws:s3:::bucket/${aws:username}/*", {NAME: "b"}, False),
        ("arn:aws:s3:::bucket/${aws:username}/*", {}, False),
        ("arn:aws:s3:::bucket/${aws:username}/*", {NAME: "*"}, False),  # a value is no pattern
        ("arn:aws:s3:::bucket/${aws:username, 'a'}/*", {}, True),
        ("arn:aws:s3:::bucket/${aws:username,'a'}/*", {}, True),
        ("arn:aws:s3:::bucket/${aws:username, 'a'}/*", {NAME: "b"}, False),
        ("arn:aws:s3:::${aws:PrincipalTag/b, 'bucket'}/a/*", {}, True),
        ("arn:aws:s3:::bucket/${aws:TagKeys}/*", {TAGS: ["a"]}, False),  # a key of many values
        ("arn:aws:s3:::bucket/${*}/*", {}, False),
        ("arn:aws:s3:::bucket/a/b${?}txt", {}, False),
    ],
)
def test_variables_in_resources(resource: str, facts: Keys, expected: bool) -> None:
    assert Case([allow(resource=resource)]).ask_with(facts).is_allowed is expected


@pytest.mark.parametrize(
    ("pattern", "key"),
    [("${*}.txt", "*.txt"), ("${?}", "?"), ("${$}{aws:username}", "${aws:username}")],
)
def test_signs_that_mean_themselves(pattern: str, key: str) -> None:
    case = Case([allow(resource=f"arn:aws:s3:::b/{pattern}")])
    assert case.ask(resource=f"arn:aws:s3:::b/{key}").is_allowed
    assert not case.ask(resource="arn:aws:s3:::b/ann.txt").is_allowed


def test_in_the_older_version_variables_are_plain_text() -> None:
    case = Case([allow(resource="arn:aws:s3:::bucket/${aws:username}/*")], version="2008-10-17")
    assert not case.ask(resource="arn:aws:s3:::bucket/ann/x", aws__username="ann").is_allowed
    assert case.ask(resource="arn:aws:s3:::bucket/${aws:username}/x").is_allowed


@pytest.mark.parametrize(
    ("operator", "facts", "expected"),
    [
        ("StringEquals", {"s3:tag/team": "red", "aws:PrincipalTag/team": "red"}, True),
        ("StringEquals", {"s3:tag/team": "red", "aws:PrincipalTag/team": "blue"}, False),
        ("StringEquals", {"s3:tag/team": "red"}, False),
        ("StringNotEquals", {"s3:tag/team": "red"}, True),
        ("StringNotEquals", {"s3:tag/team": "red", "aws:PrincipalTag/team": "red"}, False),
        ("StringLike", {"s3:tag/team": "red", "aws:PrincipalTag/team": "r*"}, False),
    ],
)
def test_variables_in_conditions(operator: str, facts: Keys, expected: bool) -> None:
    wanted = {"s3:tag/team": "${aws:PrincipalTag/team}"}
    assert holds(operator, wanted, facts) is expected


def test_arns_may_hold_variables_in_conditions() -> None:
    wanted = {ARN: "arn:aws:sns:*:${aws:PrincipalAccount}:t*"}
    assert holds("ArnLike", wanted, {ARN: TOPIC, "aws:PrincipalAccount": "111122223333"})
    assert not holds("ArnLike", wanted, {ARN: TOPIC, "aws:PrincipalAccount": "444455556666"})


def test_a_variable_without_a_value_lets_not_resource_match_everything_else() -> None:
    statement = deny(resource=None, NotResource="arn:aws:s3:::bucket/${aws:username}/*")
    case = Case([allow(), statement])
    assert outcome(case.ask()) == "deny identity"
    assert outcome(case.ask(aws__username="a")) == "allow"


def test_mfa_must_be_there_by_the_pattern_of_the_documentation() -> None:
    guard = deny(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})
    case = Case([allow(), guard])
    assert outcome(case.ask_with({"aws:MultiFactorAuthPresent": "true"})) == "allow"
    assert outcome(case.ask_with({"aws:MultiFactorAuthPresent": "false"})) == "deny identity"
    assert outcome(case.ask_with({})) == "deny identity"  # long-term keys bring no such key
