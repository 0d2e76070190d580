"""Resource policies: the documents that AddPermission and its siblings write, statement by statement.

The JSON is AWS's, member by member in AWS's order: tools compare it as text. A document lives under
`{"statements": [...], "revision": ...}`; whose revision id it goes by is the caller's business.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    PolicyLengthExceeded,
    ResourceConflict,
    ResourceNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Statement = dict[str, Any]
# "Function resource-based policy: 20 KB" (Lambda quotas).
MAX_POLICY_BYTES = 20_480

_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-zA-Z-]*:(?:iam|sts)::\d{12}:.+")
# Alexa's skills kit is the one service outside amazonaws.com that calls functions.
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)")
# Parameter -> operator and key of the condition that it becomes.
_CONDITIONS = (
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
)
_OPERATORS = {operator for _, operator, _ in _CONDITIONS}


def statement(request: Mapping[str, Any], resource: str) -> Statement:
    """The statement that a request asks for. Raises InvalidParameterValue for a principal that is none."""
    document: Statement = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(request["Principal"]),
        "Action": request["Action"],
        "Resource": resource,
    }
    condition: dict[str, dict[str, str]] = {}
    for member, operator, key in _CONDITIONS:
        if member in request:
            value = request[member]
            text = str(value).lower() if isinstance(value, bool) else value
            condition.setdefault(operator, {})[key] = text
    if condition:
        document["Condition"] = condition
    return document


def added(statements: Sequence[Statement], new: Statement) -> list[Statement]:
    """Raises ResourceConflict where the id is taken, PolicyLengthExceeded."""
    sid = new["Sid"]
    if any(each.get("Sid") == sid for each in statements):
        raise ResourceConflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, "
            "or remove the existing statement."
        )
    return checked_size([*statements, new])


def checked_size(statements: list[Statement]) -> list[Statement]:
    """Raises PolicyLengthExceeded."""
    size = len(policy_text(statements))
    if size > MAX_POLICY_BYTES:
        raise PolicyLengthExceeded(
            f"The final policy size ({size}) is bigger than the limit ({MAX_POLICY_BYTES})."
        )
    return statements


def removed(statements: Sequence[Statement], sid: str) -> list[Statement]:
    """Raises ResourceNotFound."""
    if not statements:
        raise ResourceNotFound("No policy is associated with the given resource.")
    left = [each for each in statements if each.get("Sid") != sid]
    if len(left) == len(statements):
        raise ResourceNotFound(f"Statement {sid} is not found in resource policy.")
    return left


def policy_text(statements: Sequence[Statement]) -> str:
    """The whole policy as JSON."""
    return text({"Version": "2012-10-17", "Id": "default", "Statement": list(statements)})


def text(document: Mapping[str, Any]) -> str:
    return orjson.dumps(document).decode()


def allows(
    statements: Sequence[Statement], action: str, account_id: str, facts: Mapping[str, str]
) -> bool:
    """May a principal of that account do this? For the few decisions that this service takes itself.

    Args:
        account_id: the caller's account; "" for a caller without one.
        facts: the condition keys that are known, by their names in lower case.
    """
    effects = {
        each["Effect"]
        for each in statements
        if _matches_action(each["Action"], action)
        and _matches_principal(each["Principal"], account_id)
        and _holds(each.get("Condition", {}), facts)
    }
    return effects == {"Allow"}


def _principal(given: str) -> str | dict[str, str]:
    if given == "*":
        return given
    if _ACCOUNT.fullmatch(given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if _PRINCIPAL_ARN.fullmatch(given):
        return {"AWS": given}
    if _SERVICE.fullmatch(given):
        return {"Service": given}
    raise InvalidParameterValue(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _texts(value: str | Sequence[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _matches_action(patterns: str | Sequence[str], action: str) -> bool:
    return not _texts(patterns).isdisjoint({"*", "lambda:*", action})


def _matches_principal(principal: str | Mapping[str, Any], account_id: str) -> bool:
    if isinstance(principal, str):
        return principal == "*"
    named = _texts(principal.get("AWS", ()))
    return "*" in named or (
        bool(account_id) and not named.isdisjoint({account_id, f"arn:aws:iam::{account_id}:root"})
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], facts: Mapping[str, str]) -> bool:
    """Conditions on what is not known do not hold, nor do operators other than those that we write ourselves."""
    return all(
        operator in _OPERATORS and facts.get(key.lower()) in _texts(value)
        for operator, keys in condition.items()
        for key, value in keys.items()
    )
