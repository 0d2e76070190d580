"""Simulations and explanations: the statement that decided, and where it stands."""

from __future__ import annotations

import pytest
from tests.unit.policy.conftest import ACCOUNT, OTHER, ROOT, USER, allow, deny, text

from lambent.core.context import ANONYMOUS
from lambent.core.ports import NamedPolicy, PolicySet
from lambent.policy.callers import caller_of
from lambent.policy.compiled import compiled
from lambent.policy.decisions import Permission
from lambent.policy.documents import MalformedPolicy
from lambent.policy.engine import Applicable, Ask
from lambent.policy.explain import Explanation, explain
from lambent.policy.facts import facts_of
from lambent.policy.simulate import Simulator, context_keys

DOCUMENT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"},
    {
      "Sid": "NotFromOutside",
      "Effect": "Deny", "Action": "s3:*", "Resource": "*",
      "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    },
    {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:${aws:PrincipalTag/Team}"}
  ]
}"""
OBJECT = "arn:aws:s3:::b/k"
READ = NamedPolicy("PolicyInputList.1", DOCUMENT)


def test_the_statement_that_allows() -> None:
    inside = {"aws:SourceIp": ["10.1.1.1"]}
    found = Simulator(ANONYMOUS, PolicySet((READ,)), context=inside).simulate(
        "s3:GetObject", OBJECT
    )
    assert found.decision == "allowed"
    (matched,) = found.matched
    assert (matched.policy, matched.type, matched.sid) == ("PolicyInputList.1", "identity", "Read")
    assert (matched.start.line, matched.start.column) == (4, 5)
    assert (matched.end.line, matched.end.column) == (4, 92)
    assert (found.missing, found.boundary_allows, found.resource_decision) == ((), None, None)


def test_the_statement_that_denies() -> None:
    outside = {"aws:SourceIp": ["11.1.1.1"]}
    found = Simulator(USER, PolicySet((READ,)), context=outside).simulate("s3:GetObject", OBJECT)
    assert found.decision == "explicitDeny"
    assert [each.sid for each in found.matched] == ["NotFromOutside"]


def test_keys_that_nobody_gave_are_named() -> None:
    simulator = Simulator(USER, PolicySet((READ,)))
    found = simulator.simulate("s3:GetObject", OBJECT)
    assert (found.decision, found.missing) == ("explicitDeny", ("aws:SourceIp",))
    found = simulator.simulate("sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:red")
    assert (found.decision, found.missing) == ("implicitDeny", ("aws:PrincipalTag/Team",))
    assert found.matched == ()


def test_keys_of_the_principal_are_known() -> None:
    mine = text(allow("s3:*", "arn:aws:s3:::${aws:username}/*"))
    found = Simulator(USER, PolicySet((NamedPolicy("p", mine),))).simulate(
        "s3:Get", "arn:aws:s3:::ann/x"
    )
    assert (found.decision, found.missing) == ("allowed", ())


@pytest.mark.parametrize(
    ("boundary", "decision", "allows"),
    [
        ([allow("s3:*")], "allowed", True),
        ([allow("sqs:*")], "implicitDeny", False),
        ([allow(), deny("s3:*")], "explicitDeny", False),
    ],
)
def test_what_the_boundary_says(
    boundary: list[dict[str, object]], decision: str, allows: bool
) -> None:
    held = PolicySet((NamedPolicy("p", text(allow("s3:*"))),), NamedPolicy("b", text(*boundary)))
    found = Simulator(USER, held).simulate("s3:GetObject", OBJECT)
    assert (found.decision, found.boundary_allows) == (decision, allows)


def test_the_policy_of_the_resource_takes_part() -> None:
    policy = NamedPolicy("r", text(allow("s3:*", Principal={"AWS": USER.arn})))
    own = Simulator(USER, PolicySet(), resource_policy=policy).simulate("s3:GetObject", OBJECT)
    assert (own.decision, own.resource_decision) == ("allowed", "allowed")
    assert own.matched[0].type == "resource"
    far = Simulator(USER, PolicySet(), resource_policy=policy, resource_account=OTHER)
    assert far.simulate("s3:GetObject", OBJECT).decision == "implicitDeny"


def test_resources_without_a_policy_are_the_own_ones_and_arns_name_owners() -> None:
    held = PolicySet((NamedPolicy("p", text(allow("lambda:*"))),))
    far = f"arn:aws:lambda:eu-west-1:{OTHER}:function:f"
    assert Simulator(USER, held).simulate("lambda:Invoke", far).decision == "allowed"
    policy = NamedPolicy("r", text(allow("lambda:*", Principal={"AWS": OTHER})))
    closed = Simulator(USER, held, resource_policy=policy).simulate("lambda:Invoke", far)
    assert (closed.decision, closed.resource_decision) == ("implicitDeny", "implicitDeny")


@pytest.mark.parametrize(
    ("levels", "decision", "allows"),
    [
        ([], "allowed", None),
        ([[allow()], [allow("s3:*")]], "allowed", True),
        ([[allow("s3:*")], [allow("sqs:*")]], "implicitDeny", False),
        ([[allow()], [allow(), deny("s3:GetObject")]], "explicitDeny", False),
        ([[allow()], []], "implicitDeny", False),
    ],
)
def test_what_the_organization_says(
    levels: list[list[dict[str, object]]], decision: str, allows: bool | None
) -> None:
    held = PolicySet((NamedPolicy("p", text(allow("s3:*"))),))
    organization = [[NamedPolicy("scp", text(each)) for each in level] for level in levels]
    for principal in (USER, ANONYMOUS):
        found = Simulator(principal, held, organization=organization).simulate(
            "s3:GetObject", OBJECT
        )
        assert (found.decision, found.organization_allows) == (decision, allows)
        assert [each.type for each in found.matched] == (
            ["identity"] if decision == "allowed" else []
        )


def test_malformed_policies_are_refused() -> None:
    with pytest.raises(MalformedPolicy):
        Simulator(USER, PolicySet((NamedPolicy("p", "{}"),)))


def test_context_keys_are_named_as_they_are_written() -> None:
    tags = text(allow(Condition={"StringEquals": {"aws:sourceip": "${aws:UserId, 'x'}${*}"}}))
    keys = context_keys([DOCUMENT, tags])
    assert keys == ["aws:SourceIp", "aws:PrincipalTag/Team", "aws:UserId"]


def _explained(action: str, resource: str, **facts: str) -> Explanation:
    policies = Applicable(identity=(compiled(READ, "identity"),))
    permission = Permission(Ask(caller_of(USER), action, resource, ACCOUNT), policies, None)
    return explain(permission, facts_of({k.replace("__", ":"): v for k, v in facts.items()}))


def test_explanations_name_the_deciding_statement() -> None:
    found = _explained("s3:GetObject", OBJECT, aws__SourceIp="11.0.0.1")
    assert (found.is_allowed, found.reason) == (
        False,
        "with an explicit deny in an identity-based policy",
    )
    assert [str(each) for each in found.deciding] == [
        "Deny statement NotFromOutside of identity-based policy PolicyInputList.1, line 5, column 5"
    ]


def test_explanations_name_what_was_passed_over() -> None:
    found = _explained("s3:GetObject", "arn:aws:s3:::c/k", aws__SourceIp="10.0.0.1")
    assert found.reason == "because no identity-based policy allows the s3:GetObject action"
    (over,) = found.passed_over
    assert str(over).endswith("line 4, column 5: not for this resource")


def test_explanations_of_root() -> None:
    permission = Permission(Ask(caller_of(ROOT), "s3:Get", OBJECT, ACCOUNT), Applicable(), None)
    assert explain(permission, {}).reason.startswith("the root of an account")
