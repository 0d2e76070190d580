"""Documents and patterns made to do harm: always MalformedPolicy or a policy, never another error, never long."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.conftest import ACCOUNT, USER, allow, policy, steps_of, text

from lambent.core.ports import NamedPolicy
from lambent.policy.callers import caller_of
from lambent.policy.compiled import CompiledPolicy, compiled
from lambent.policy.documents import MalformedPolicy, PolicyDocument, parse
from lambent.policy.engine import Applicable, Ask, decide

KINDS: Any = ["identity", "managed", "boundary", "session", "trust", "resource"]
GOOD = text(
    allow(
        ["s3:Get*", "sqs:*"],
        ["arn:aws:s3:::b/${aws:username}/*", "*"],
        Sid="One",
        Condition={"StringLike": {"aws:username": ["a*"]}, "Bool": {"aws:SecureTransport": True}},
    )
)


def test_a_thousand_mutilated_documents_are_refused_or_are_policies() -> None:
    chance = random.Random(20261126)
    faults = 0
    for number in range(2000):
        found = _parsed(_mutilated(chance, GOOD), KINDS[number % len(KINDS)])
        if isinstance(found, MalformedPolicy):
            faults += 1
            assert found.message
            assert min(found.line, found.column) >= 1
        else:
            assert all(each.effect in {"Allow", "Deny"} for each in found.statements)
            assert all(each.actions for each in found.statements)
    assert faults > 1500


def _parsed(document: str, kind: Any) -> PolicyDocument | MalformedPolicy:
    try:
        return parse(document, kind)
    except MalformedPolicy as fault:
        return fault


def _mutilated(chance: random.Random, good: str) -> str:
    letters = list(good)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(letters))
        kind = chance.randrange(4)
        if kind == 0:
            del letters[at : at + chance.randint(1, 20)]
        elif kind == 1:
            letters[at:at] = chance.choice(['"', "{", "}", "[", "]", ",", ":", "\\", "\x00", "${"])
        elif kind == 2:
            letters[at] = chr(chance.randrange(0x250))
        else:
            at, to = sorted((at, chance.randrange(len(letters))))
            letters[at:to] = letters[at:to] * 2
        if not letters:
            return ""
    return "".join(letters)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition",
                 "NotAction", "StringLike", "aws:x", "Sid", "AWS"]
            ),
            inner
            | st.sampled_from(["Allow", "Deny", "2012-10-17", "*", "s3:*", "arn:aws:s3:::b/*"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(JSON, st.sampled_from(KINDS))
def test_any_json_is_refused_or_is_a_policy(document: object, kind: Any) -> None:
    _try(json.dumps(document), kind)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60), st.sampled_from(KINDS))
def test_any_text_is_refused(document: str, kind: Any) -> None:
    with pytest.raises(MalformedPolicy):
        parse(document, kind)


def _try(document: str, kind: Any) -> CompiledPolicy | None:
    try:
        return compiled(NamedPolicy("p", document), kind)
    except MalformedPolicy:
        return None


@settings(max_examples=300, deadline=None)
@given(st.text("arn:s3*?${}/,' @", max_size=40), st.text("arn:s3*?/", max_size=40))
def test_any_pattern_can_be_asked(pattern: str, resource: str) -> None:
    found = _try(text(allow("s3:*", f"arn:aws:s3:::{pattern}x")), "identity")
    if found is not None:
        ask = Ask(caller_of(USER), "s3:GetObject", resource, ACCOUNT)
        decide(ask, Applicable(identity=(found,)), {"aws:username": ("ann",)})


def test_the_longest_hostile_policy_is_decided_in_bounded_steps() -> None:
    """6,144 characters is what a managed policy may have."""
    stars = "*a" * 1000
    hostile = policy(
        allow(f"s3:{stars}b", f"arn:aws:s3:::{stars}b"),
        allow("s3:*", f"arn:aws:sqs:{stars}b::x"),
        allow("s3:*", "*", Condition={"StringLike": {"aws:UserAgent": f"{stars}b"}}),
    )
    ask = Ask(caller_of(USER), f"s3:{'a' * 120}", f"arn:aws:s3:::{'a' * 1024}", ACCOUNT)
    facts = {"aws:useragent": ("a" * 4000,)}
    policies = Applicable(identity=(hostile,))
    assert not decide(ask, policies, facts).is_allowed
    assert steps_of(lambda: decide(ask, policies, facts)) < 100_000
