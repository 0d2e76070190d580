"""What is remembered of decisions, and when it is forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.policy.conftest import (
    ACCOUNT,
    NOBODY,
    OTHER,
    ROOT,
    USER,
    allow,
    deny,
    text,
)

from lambent.core.context import Principal
from lambent.core.ports import NamedPolicy, PolicySet
from lambent.policy.decisions import Decisions, owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping


FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
FAR = f"arn:aws:lambda:eu-west-1:{OTHER}:function:f"
INVOKE = "lambda:InvokeFunction"


@dataclass
class Source:
    """Everybody has the same policies."""

    statements: list[dict[str, Any]] = field(default_factory=list)
    moves: int = 0
    asked: int = 0

    def policies(self, principal: Principal) -> PolicySet:
        self.asked += 1
        if principal.kind != "user" or not self.statements:
            return PolicySet()
        return PolicySet((NamedPolicy("user/ann/p", text(*self.statements)),))

    def tags(self, principal: Principal) -> Mapping[str, str]:
        return {"Team": "red"}

    def generation(self, account_id: str) -> int:
        return self.moves

    def change(self, *statements: dict[str, Any]) -> None:
        self.statements, self.moves = list(statements), self.moves + 1


@dataclass
class Resources:
    """What functions have."""

    held: dict[str, str] = field(default_factory=dict)
    moves: int = 0

    def policies(self, arn: str) -> list[NamedPolicy]:
        return [NamedPolicy(arn, self.held[arn])] if arn in self.held else []

    def tags(self, arn: str) -> Mapping[str, str]:
        return {}

    def keys(self, arn: str) -> Mapping[str, tuple[str, ...]]:
        return {}

    def full_arn(self, arn: str) -> str:
        return arn.replace("user/", "user/path/")

    def generation(self, account_id: str) -> int:
        return self.moves


class Facts(dict[str, tuple[str, ...]]):
    """Counts what it is asked for."""

    def __init__(self, **values: str) -> None:
        super().__init__({key.replace("__", ":"): (value,) for key, value in values.items()})
        self.asked: list[str] = []

    def get(self, key: str, default: Any = None, /) -> Any:
        self.asked.append(key)
        return super().get(key, default)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def decisions(source: Source) -> Decisions:
    return Decisions(source)


def may(decisions: Decisions, principal: Principal = USER, facts: Any = None) -> bool:
    return decisions.permission(principal, INVOKE, FUNCTION).decide(facts or {}).is_allowed


def test_a_decision_is_taken_once_and_forgotten_when_the_account_changes(
    decisions: Decisions, source: Source
) -> None:
    source.change(allow(INVOKE))
    assert may(decisions)
    assert may(decisions)
    assert source.asked == 1
    assert decisions.permission(USER, INVOKE, FUNCTION).only is not None
    source.change(deny())
    assert not may(decisions)
    assert source.asked == 2


def test_only_the_keys_that_policies_mention_are_looked_at(
    decisions: Decisions, source: Source
) -> None:
    home = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    other = {"StringEquals": {"aws:UserAgent": "x"}}
    source.change(allow(INVOKE, Condition=home), allow("s3:*", Condition=other))
    facts = Facts(aws__sourceip="10.0.0.1", aws__useragent="y")
    assert may(decisions, facts=facts)
    assert set(facts.asked) == {"aws:sourceip"}
    facts.asked.clear()
    assert may(decisions, facts=facts)
    assert facts.asked == ["aws:sourceip"]  # looked up, and not decided again
    assert not may(decisions, facts=Facts(aws__sourceip="11.0.0.1"))
    assert not may(decisions, facts=Facts())


def test_what_asks_for_the_time_is_decided_anew(decisions: Decisions, source: Source) -> None:
    source.change(allow(INVOKE, Condition={"DateLessThan": {"aws:CurrentTime": "2026-12-01"}}))
    assert may(decisions, facts=Facts(aws__currenttime="2026-11-30T23:59:59Z"))
    assert not may(decisions, facts=Facts(aws__currenttime="2026-12-01T00:00:00Z"))
    assert decisions.permission(USER, INVOKE, FUNCTION).only is None


def test_keys_of_the_credential_are_no_reason_to_decide_anew(
    decisions: Decisions, source: Source
) -> None:
    source.change(allow(INVOKE, Condition={"StringEquals": {"aws:username": "ann"}}))
    assert may(decisions, facts=Facts(aws__username="ann"))
    assert decisions.permission(USER, INVOKE, FUNCTION).only is not None


def test_policies_of_resources_take_part_and_their_changes_are_seen(
    decisions: Decisions, source: Source
) -> None:
    resources = Resources()
    decisions.add_resources("lambda", resources)
    source.change(allow(INVOKE))
    ask = decisions.permission(USER, INVOKE, FAR).decide({})
    assert (ask.is_allowed, ask.decided_by) == (False, "resource")
    resources.held[FAR] = text(allow(INVOKE, Principal={"AWS": ACCOUNT}))
    resources.moves += 1
    permission = decisions.permission(USER, INVOKE, FAR)
    assert permission.decide({}).is_allowed
    assert permission.ask.account_id == OTHER
    assert not decisions.permission(NOBODY, INVOKE, FAR).decide({}).is_allowed


def test_only_the_own_side_decides_about_passing_roles(
    decisions: Decisions, source: Source
) -> None:
    source.change(allow("iam:PassRole"))
    role = f"arn:aws:iam::{OTHER}:role/r"
    asked = decisions.permission(USER, "iam:PassRole", role, is_own_side=True)
    assert asked.decide({}).is_allowed


def test_names_are_completed_by_who_knows_them(decisions: Decisions, source: Source) -> None:
    decisions.add_resources("iam", Resources())
    arn = f"arn:aws:iam::{ACCOUNT}:user/bob"
    assert decisions.permission(USER, "iam:GetUser", arn).ask.resource.endswith("user/path/bob")


@pytest.mark.parametrize("document", ["{", '{"Statement": []}', "null", ""])
def test_a_policy_that_cannot_be_read_denies(
    document: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Source):
        def policies(self, principal: Principal) -> PolicySet:
            good = NamedPolicy("good", text(allow()))
            return PolicySet((good, NamedPolicy("bad", document)))

    decision = Decisions(Broken()).permission(USER, INVOKE, FUNCTION).decide({})
    assert (decision.is_allowed, decision.is_explicit) == (False, True)
    assert "policy bad cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("resource", "owner"),
    [
        (FAR, OTHER),
        ("*", ACCOUNT),
        ("arn:aws:s3:::bucket/key", ACCOUNT),
        ("arn:aws:iam::aws:policy/AdministratorAccess", ACCOUNT),
        ("policy path /", ACCOUNT),
    ],
)
def test_who_owns_what(resource: str, owner: str) -> None:
    assert owner_of(resource, ROOT) == owner


def test_memory_is_bounded(decisions: Decisions, source: Source) -> None:
    agents = {"StringLike": {"aws:UserAgent": "*"}}
    source.change(allow(INVOKE, Condition=agents))
    for number in range(1000):
        assert may(decisions, facts=Facts(aws__useragent=str(number)))
    permission = decisions.permission(USER, INVOKE, FUNCTION)
    assert len(permission._kept) <= 64
    for number in range(20_000):
        decisions.permission(USER, INVOKE, f"{FUNCTION}{number}")
    assert len(decisions._permissions) <= 16_384


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [
        ("logs.amazonaws.com", True),
        ("logs.eu-west-1.amazonaws.com", True),
        ("logs.us-east-1.amazonaws.com", False),
        ("s3.amazonaws.com", False),
    ],
)
def test_services_have_a_name_in_each_region(
    decisions: Decisions, name: str, is_allowed: bool
) -> None:
    held = {FUNCTION: text(allow(INVOKE, Principal={"Service": name}))}
    decisions.add_resources("lambda", Resources(held))
    assert may(decisions, Principal("service", arn="logs.amazonaws.com")) is is_allowed
