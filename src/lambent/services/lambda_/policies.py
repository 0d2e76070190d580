"""Resource policies: the documents that AddPermission and its siblings write, statement by statement.

The JSON is AWS's, member by member in AWS's order: tools compare it as text. A document lives under
`{"statements": [...], "revision": ...}`; whose revision id it goes by is the caller's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

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
Effect = Literal["Allow", "Deny"]
# "Function resource-based policy: 20 KB" (Lambda quotas).
MAX_POLICY_BYTES = 20_480

_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-zA-Z-]*:(?:iam|sts)::\d{12}:.+")
# Alexa's skills kit is the one service outside amazonaws.com that calls functions.
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)")
_BARE_NAME = re.compile(r"[\w+=,.@-]*")
# Parameter -> operator and key of the condition that it becomes, in the order that AWS writes them in.
_CONDITIONS = (
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as policies see it; empty for a caller without a name."""

    account_id: str = ""
    arn: str = ""


def effect(
    statements: Sequence[Statement], action: str, caller: Caller, facts: Mapping[str, str]
) -> Effect | None:
    """What the statements say about a call, None if nothing. For the few decisions that this service takes itself.

    A condition on what is not known here, or with an operator that is not, lets nobody in and keeps everybody out.

    Args:
        facts: the condition keys that are known, by their names in lower case.
    """
    found: set[Effect] = set()
    for each in statements:
        if _matches_action(each["Action"], action) and _matches_principal(
            each["Principal"], caller
        ):
            says: Effect = each["Effect"]
            holds = _holds(each.get("Condition", {}), facts)
            if holds or (holds is None and says == "Deny"):
                found.add(says)
    return "Deny" if "Deny" in found else "Allow" if found else None


def _principal(given: str) -> str | dict[str, str]:
    if given == "*":
        return given
    if _ACCOUNT.fullmatch(given):
        return {"AWS": f"arn:aws:iam::{given}:root"}
    if _PRINCIPAL_ARN.fullmatch(given):
        return {"AWS": given}
    if _SERVICE.fullmatch(given):
        return {"Service": given}
    if not _BARE_NAME.fullmatch(given):
        raise InvalidParameterValue(
            f"The provided input'{given}'was invalid. Member must satisfy expression: {_BARE_NAME.pattern} "
            "Please check your input and try again."
        )
    raise InvalidParameterValue(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _texts(value: object) -> set[str]:
    """One value or a list of them."""
    return set(map(str, value)) if isinstance(value, list) else {str(value)}


def _matches_action(patterns: object, action: str) -> bool:
    return any(fnmatchcase(action.lower(), each.lower()) for each in _texts(patterns))


def _matches_principal(principal: str | Mapping[str, Any], caller: Caller) -> bool:
    if isinstance(principal, str):
        return principal == "*"
    named = _texts(principal.get("AWS", []))
    if "*" in named:
        return True
    account_id = caller.account_id
    return bool(account_id) and not named.isdisjoint(
        {account_id, f"arn:aws:iam::{account_id}:root", caller.arn}
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], facts: Mapping[str, str]) -> bool | None:
    """None where it is not known."""
    is_known = True
    for operator, keys in condition.items():
        for key, value in keys.items():
            fact = facts.get(key.lower())
            if operator not in _OPERATORS or fact is None:
                is_known = False
            elif not any(fnmatchcase(fact, each) for each in _texts(value)):
                return False
    return True if is_known else None
