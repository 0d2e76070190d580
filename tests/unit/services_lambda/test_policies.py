"""The few decisions that the Lambda service takes by a resource policy itself."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.services.lambda_.policies import Caller, effect

ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
USER = "arn:aws:iam::111122223333:user/u"
CALLER = Caller("111122223333", USER)
NOBODY = Caller()
NONE = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}


def _says(caller: Caller, *statements: dict[str, Any]) -> str | None:
    whole = [
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl"} | each
        for each in statements
    ]
    facts = {"lambda:functionurlauthtype": "NONE"}
    return effect(whole, "lambda:InvokeFunctionUrl", caller, facts)


@pytest.mark.parametrize(
    ("statement", "of_nobody", "of_caller"),
    [
        ({}, "Allow", "Allow"),
        ({"Principal": ROOT}, None, "Allow"),
        ({"Principal": {"AWS": [USER, "x"]}}, None, "Allow"),
        ({"Principal": {"AWS": "444455556666"}}, None, None),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, None, None),
        ({"Action": "lambda:InvokeFunction"}, None, None),
        ({"Action": ["lambda:Invoke*"]}, "Allow", "Allow"),
        ({"Action": "*"}, "Allow", "Allow"),
        ({"Condition": NONE}, "Allow", "Allow"),
        ({"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": ["AWS_IAM"]}}}, None, None),
        # What is not known here lets nobody in ...
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, None, None),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": 5}}}, None, None),
        # ... and keeps everybody out.
        ({"Effect": "Deny", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, "Deny", "Deny"),
        ({"Effect": "Deny", "Principal": ROOT}, None, "Deny"),
    ],
)  # fmt: skip
def test_what_one_statement_says(
    statement: dict[str, Any], of_nobody: str | None, of_caller: str | None
) -> None:
    assert (_says(NOBODY, statement), _says(CALLER, statement)) == (of_nobody, of_caller)


def test_a_denial_wins() -> None:
    assert _says(CALLER, {}, {"Effect": "Deny", "Principal": ROOT}) == "Deny"
    assert _says(NOBODY, {}, {"Effect": "Deny", "Principal": ROOT}) == "Allow"
    assert _says(NOBODY) is None
