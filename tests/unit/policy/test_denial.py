"""How a no reads ("Troubleshoot access denied error messages", IAM user guide)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.policy.conftest import NOBODY, SESSION, USER, Case, allow, deny

from lambent.policy.denial import denial

ACTION, RESOURCE = "s3:GetObject", "arn:aws:s3:::bucket/a/b.txt"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (Case(), "because no identity-based policy allows the s3:GetObject action"),
        (Case([allow(), deny()]), "with an explicit deny in an identity-based policy"),
        (Case([allow()], [allow("sqs:*")]), "because no permissions boundary allows the s3:GetObject action"),
        (Case([allow()], [deny(), allow()]), "with an explicit deny in a permissions boundary"),
        (Case([allow()], None, [allow("sqs:*")]), "because no session policy allows the s3:GetObject action"),
        (Case([allow()], None, [deny(), allow()]), "with an explicit deny in a session policy"),
        (Case([allow()], account="444455556666"), "because no resource-based policy allows the s3:GetObject action"),
        (Case([allow()], resource=[deny(Principal="*")]), "with an explicit deny in a resource-based policy"),
    ],
)  # fmt: skip
def test_reasons(case: Any, reason: str) -> None:
    case.caller = SESSION
    text = denial(SESSION, ACTION, RESOURCE, case.ask())
    who = f"User: {SESSION.arn} is not authorized to perform: s3:GetObject"
    assert text == f"{who} on resource: {RESOURCE} {reason}"


def test_everything_is_a_resource_and_nobody_a_user() -> None:
    text = denial(USER, "lambda:ListFunctions", "*", Case().ask("lambda:ListFunctions", "*"))
    assert "lambda:ListFunctions on resource: * because no identity-based" in text
    assert denial(NOBODY, ACTION, RESOURCE, Case().ask()).startswith("User: anonymous is not")
