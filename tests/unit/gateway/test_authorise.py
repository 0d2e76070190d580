"""What the tables say is asked for, whatever they make of a request."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lambent.core.clock import VirtualClock
from lambent.core.context import Principal
from lambent.core.errors import AccessDenied
from lambent.core.http import BytesBody, Headers, Request
from lambent.gateway.authorise import Authorise
from lambent.gateway.call import Call
from lambent.policy.authority import RootOnly
from lambent.policy.decisions import Decisions

ACCOUNT = "111122223333"
USER = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAX", "AKIAX")
ROOT = Principal("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "AKIAR")


def call(service: str, operation: str, principal: Principal = USER, **document: object) -> Call:
    made: Any = Call(Request("POST", "/", "", Headers(), BytesBody()), "id")
    made.service = SimpleNamespace(name=service, signing_name=service, protocol="json")
    made.match = SimpleNamespace(operation=SimpleNamespace(name=operation, protocol="json"))
    made.principal, made.region, made.document = principal, "eu-west-1", document
    found: Call = made
    return found


@pytest.fixture
def authorise() -> Authorise:
    return Authorise(Decisions(RootOnly()), VirtualClock())


@pytest.mark.parametrize(
    ("operation", "document"),
    [("DeleteDashboards", {"DashboardNames": []}), ("ListTagsForResource", {"ResourceARN": ""})],
)
def test_a_request_that_names_nothing_is_about_everything(
    authorise: Authorise, operation: str, document: dict[str, Any]
) -> None:
    # CloudWatch says nothing of what is everything.
    with pytest.raises(AccessDenied, match=f"perform: cloudwatch:{operation} because"):
        authorise(call("cloudwatch", operation, **document))


def test_operations_of_services_without_a_table_need_the_action_of_their_name(
    authorise: Authorise,
) -> None:
    with pytest.raises(AccessDenied, match=r"perform: dynamodb:ListTables on resource: \*"):
        authorise(call("dynamodb", "ListTables"))
    authorise(call("dynamodb", "ListTables", ROOT))


def test_what_needs_nothing_is_asked_of_nobody(authorise: Authorise) -> None:
    asked = call("sts", "GetCallerIdentity")
    authorise(asked)
    assert asked.account_id == ""


def test_anybody_not_root_is_denied_in_the_status_of_the_protocol(authorise: Authorise) -> None:
    with pytest.raises(AccessDenied) as denied:
        authorise(call("logs", "DescribeLogGroups"))
    assert (denied.value.status, denied.value.code) == (400, "AccessDeniedException")


class Noting:
    """Takes note for a minute."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.told: list[tuple[str, str, str, bool]] = []

    def called(
        self, principal: Principal, action: str, resource: str, region: str, *, is_allowed: bool
    ) -> int:
        self.told.append((principal.arn, action, region, is_allowed))
        return self.clock.calendar_ms() + 60_000


def test_what_is_allowed_is_told_when_it_is_time_again_and_every_denial() -> None:
    clock = VirtualClock()
    calls = Noting(clock)
    authorise = Authorise(Decisions(RootOnly()), clock, calls)
    for _ in range(3):
        authorise(call("dynamodb", "ListTables", ROOT))
    told = (ROOT.arn, "dynamodb:ListTables", "eu-west-1", True)
    assert calls.told == [told]
    clock.advance(timedelta(minutes=1))
    authorise(call("dynamodb", "ListTables", ROOT))
    assert calls.told == [told, told]
    for _ in range(2):
        with pytest.raises(AccessDenied):
            authorise(call("dynamodb", "ListTables"))
    denied = (USER.arn, "dynamodb:ListTables", "eu-west-1", False)
    assert calls.told[2:] == [denied, denied]
