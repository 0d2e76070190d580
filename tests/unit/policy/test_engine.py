"""Who may do what, by the rules of "Policy evaluation logic" (IAM user guide)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.policy.conftest import (
    ACCOUNT,
    BUCKET,
    NOBODY,
    OBJECT,
    OTHER,
    ROOT,
    SERVICE,
    SESSION,
    USER,
    Case,
    allow,
    deny,
    outcome,
)

from lambent.core.context import Principal, Session

EVERYBODY = "*"
GET = "s3:GetObject"
PUT = [allow("s3:PutObject")]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/builder"


def to(principal: Any, action: Any = GET) -> dict[str, Any]:
    named = principal if isinstance(principal, (str, dict)) else {"AWS": principal.arn}
    return allow(action, f"{BUCKET}/*", Principal=named)


AWS_ACCOUNT = {"AWS": ACCOUNT}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # Identity policies alone.
        (Case(), "no identity"),
        (Case([allow(GET)]), "allow"),
        (Case([allow("s3:getobject")]), "allow"),
        (Case([allow("S3:Get*")]), "allow"),
        (Case([allow("s3:G?tObject")]), "allow"),
        (Case([allow("s3:*")]), "allow"),
        (Case([allow()]), "allow"),
        (Case([allow("s3:PutObject")]), "no identity"),
        (Case([allow(["s3:PutObject", GET])]), "allow"),
        (Case([allow(resource=OBJECT)]), "allow"),
        (Case([allow(resource=f"{BUCKET}/*")]), "allow"),
        (Case([allow(resource=BUCKET)]), "no identity"),
        (Case([allow(resource=[BUCKET, f"{BUCKET}/a/*"])]), "allow"),
        (Case([allow(), deny(GET)]), "deny identity"),
        (Case([deny(GET), allow()]), "deny identity"),
        (Case([allow(), deny("s3:PutObject")]), "allow"),
        # Everything but.
        (Case([allow(None, NotAction="iam:*")]), "allow"),
        (Case([allow(None, NotAction="s3:*")]), "no identity"),
        (Case([allow(), deny(None, NotAction="iam:*")]), "deny identity"),
        (Case([allow(resource=None, NotResource=f"{BUCKET}/*")]), "no identity"),
        (Case([allow(resource=None, NotResource="arn:aws:s3:::other/*")]), "allow"),
        (Case([allow(), deny(resource=None, NotResource="arn:aws:s3:::other/*")]), "deny identity"),
        # Boundaries limit and grant nothing.
        (Case([], [allow()]), "no identity"),
        (Case([allow()], PUT), "no boundary"),
        (Case([allow()], [allow(GET)]), "allow"),
        (Case([allow()], [allow(), deny(GET)]), "deny boundary"),
        # So do session policies.
        (Case([allow()], None, PUT, caller=SESSION), "no session"),
        (Case([allow()], None, [allow(GET)], caller=SESSION), "allow"),
        (Case([], None, [allow()], caller=SESSION), "no identity"),
        (Case([allow()], None, [allow(), deny(GET)], caller=SESSION), "deny session"),
        (Case([allow()], [allow()], [allow()], caller=SESSION), "allow"),
        (Case([allow()], PUT, [allow()], caller=SESSION), "no boundary"),
        # The resource's policy, within the account.
        (Case(resource=[to(USER)]), "allow"),
        (Case(resource=[to({"AWS": USER.user_id})]), "allow"),
        (Case(resource=[to(EVERYBODY)]), "allow"),
        (Case(resource=[to({"AWS": EVERYBODY})]), "allow"),
        (Case(resource=[to(AWS_ACCOUNT)]), "no identity"),
        (Case([allow(GET)], resource=[to(AWS_ACCOUNT)]), "allow"),
        (Case(resource=[to(SESSION)]), "no identity"),
        (Case(resource=[to(USER, "s3:PutObject")]), "no identity"),
        (Case(boundary=PUT, resource=[to(USER)]), "allow"),
        (Case(boundary=[deny(GET), allow()], resource=[to(USER)]), "deny boundary"),
        (Case([deny(GET)], resource=[to(USER)]), "deny identity"),
        (Case([allow()], resource=[deny(Principal=EVERYBODY)]), "deny resource"),
        (Case([allow()], resource=[deny(Principal=AWS_ACCOUNT)]), "deny resource"),
        (Case([allow()], resource=[deny(Principal={"AWS": OTHER})]), "allow"),
        (Case(resource=[to(SESSION)], caller=SESSION), "allow"),
        (Case([], PUT, PUT, [to(SESSION)], SESSION), "allow"),
        (Case(resource=[to({"AWS": ROLE})], caller=SESSION), "allow"),
        (Case([], PUT, None, [to({"AWS": ROLE})], SESSION), "no boundary"),
        (Case([], None, PUT, [to({"AWS": ROLE})], SESSION), "no session"),
        (Case([], [allow()], [allow()], [to({"AWS": ROLE})], SESSION), "allow"),
        (Case([], PUT, PUT, [to(EVERYBODY)], SESSION), "allow"),
        (Case(resource=[to({"AWS": "AROABUILDERBUILD"})], caller=SESSION), "allow"),
        (Case(resource=[to({"AWS": f"arn:aws:iam::{OTHER}:role/builder"})], caller=SESSION), "no identity"),
        # Root.
        (Case(caller=ROOT), "allow"),
        (Case(caller=ROOT, resource=[deny(Principal=EVERYBODY)]), "deny resource"),
        (Case(caller=ROOT, account=OTHER), "no resource"),
        (Case(caller=ROOT, account=OTHER, resource=[to(AWS_ACCOUNT)]), "allow"),
        (Case(caller=ROOT, account=OTHER, resource=[to(USER)]), "no resource"),
        # Between accounts both sides must allow.
        (Case([allow()], account=OTHER), "no resource"),
        (Case(account=OTHER, resource=[to(USER)]), "no identity"),
        (Case([allow()], account=OTHER, resource=[to(USER)]), "allow"),
        (Case([allow()], account=OTHER, resource=[to(AWS_ACCOUNT)]), "allow"),
        (Case([allow()], account=OTHER, resource=[to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})]), "allow"),
        (Case([allow()], account=OTHER, resource=[to(EVERYBODY)]), "allow"),
        (Case([allow()], account=OTHER, resource=[to({"AWS": OTHER})]), "no resource"),
        (Case([allow()], PUT, None, [to(USER)], account=OTHER), "no boundary"),
        (Case([allow()], None, PUT, [to(SESSION)], SESSION, OTHER), "no session"),
        (Case([allow()], None, None, [to({"AWS": ROLE})], SESSION, OTHER), "allow"),
        (Case([], None, None, [to(SESSION)], SESSION, OTHER), "no identity"),
        (Case([allow(), deny(GET)], account=OTHER, resource=[to(USER)]), "deny identity"),
        # Services and callers without a name.
        (Case(caller=SERVICE), "no resource"),
        (Case(caller=SERVICE, resource=[to({"Service": "s3.amazonaws.com"})]), "allow"),
        (Case(caller=SERVICE, resource=[to({"Service": "sns.amazonaws.com"})]), "no resource"),
        (Case(caller=SERVICE, resource=[to(AWS_ACCOUNT)]), "no resource"),
        (Case(caller=NOBODY), "no resource"),
        (Case(caller=NOBODY, resource=[to(EVERYBODY)]), "allow"),
        (Case(caller=NOBODY, resource=[to(AWS_ACCOUNT)]), "no resource"),
        (Case(caller=NOBODY, resource=[to(EVERYBODY), deny(Principal=EVERYBODY)]), "deny resource"),
        # Roles and keys are closed unless their own policy opens them.
        (Case([allow()], closed=True), "no resource"),
        (Case(closed=True, resource=[to(USER)]), "allow"),
        (Case(closed=True, resource=[to(AWS_ACCOUNT)]), "no identity"),
        (Case([allow()], closed=True, resource=[to(AWS_ACCOUNT)]), "allow"),
        (Case(caller=ROOT, closed=True), "no resource"),
    ],
)  # fmt: skip
def test_decisions(case: Case, expected: str) -> None:
    assert outcome(case.ask()) == expected


def spared(*names: str) -> list[dict[str, Any]]:
    """A policy that denies everybody but these."""
    return [deny(None, NotPrincipal={"AWS": list(names)}, NotAction="iam:*")]


@pytest.mark.parametrize(
    ("caller", "names", "expected"),
    [
        (USER, [USER.arn, ACCOUNT], "allow"),
        (USER, [USER.arn], "deny resource"),  # without the account, the account is denied
        (USER, [ACCOUNT], "deny resource"),
        (USER, [f"arn:aws:iam::{ACCOUNT}:user/bob", ACCOUNT], "deny resource"),
        (SESSION, [SESSION.arn, ROLE, ACCOUNT], "allow"),
        (SESSION, [SESSION.arn, ACCOUNT], "deny resource"),
        (SESSION, [ROLE, ACCOUNT], "deny resource"),
        (ROOT, [f"arn:aws:iam::{ACCOUNT}:root"], "allow"),
        (NOBODY, [ACCOUNT], "deny resource"),
    ],
)
def test_not_principal_spares_those_who_are_listed_with_all_they_are(
    caller: Principal, names: list[str], expected: str
) -> None:
    policies = [*spared(*names), to(EVERYBODY)]
    assert outcome(Case(resource=policies, caller=caller).ask()) == expected


def test_not_principal_denies_whoever_has_a_boundary() -> None:
    policies = [*spared(USER.arn, ACCOUNT), to(USER)]
    assert outcome(Case(boundary=[allow()], resource=policies).ask()) == "deny resource"


def test_a_session_is_known_by_the_name_of_its_role_when_the_path_is_not_known() -> None:
    session = replace(SESSION, role_arn="")
    assert outcome(Case(resource=[to({"AWS": ROLE})], caller=session).ask()) == "allow"


def test_a_federated_user_is_limited_in_what_is_given_to_the_user_who_asked_for_it() -> None:
    session = Session("app", USER.arn, USER.user_id, issued_s=0, expires_s=1)
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/app"
    app = Principal("federated-user", ACCOUNT, arn, session=session)
    for named, expected in ((USER, "no session"), (app, "allow"), (SESSION, "no identity")):
        case = Case([], None, PUT, [to(named)], app)
        assert outcome(case.ask()) == expected


def test_actions_about_no_resource_match_the_star_alone() -> None:
    assert outcome(Case([allow()]).ask("lambda:ListFunctions", "*")) == "allow"
    some = [allow(resource="arn:aws:lambda:*:*:function:*")]
    assert outcome(Case(some).ask("lambda:ListFunctions", "*")) == "no identity"


def test_the_decision_knows_the_statements_it_rests_on() -> None:
    case = Case([allow(Sid="A"), deny(GET, Sid="B"), deny("s3:*", Sid="C")])
    assert [rule.statement.sid for rule in case.ask().rules] == ["B", "C"]
    assert [rule.statement.sid for rule in case.ask("iam:GetUser").rules] == ["A"]
