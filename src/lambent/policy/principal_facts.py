"""Condition keys that a principal brings ("Principal key values", IAM user guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.policy.callers import role_arn_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.context import Principal

_TYPES = {"root": "Account", "user": "User", "assumed-role": "AssumedRole"}


def principal_fact(principal: Principal, key: str) -> tuple[str, ...] | None:
    """The values of a key in lower case, None where the principal has no such key."""
    reader = _READERS.get(key)
    text = reader(principal) if reader is not None else ""
    if text:
        return (text,)
    for name, value in principal.facts:
        if name.lower() == key:
            return (value,)
    return None


def _arn(principal: Principal) -> str:
    """Of a session its role's: who writes policies knows no session names."""
    if principal.kind == "assumed-role":
        return role_arn_of(principal)
    return "" if principal.kind == "service" else principal.arn


def _type(principal: Principal) -> str:
    if principal.kind == "anonymous":
        return "Anonymous"
    if ":federated-user/" in principal.arn:
        return "FederatedUser"
    return _TYPES.get(principal.kind, "")


def _user_id(principal: Principal) -> str:
    return "anonymous" if principal.kind == "anonymous" else principal.user_id


def _user_name(principal: Principal) -> str:
    if principal.kind != "user" or ":user/" not in principal.arn:
        return ""
    return principal.arn.rpartition("/")[2]


def _is_service(principal: Principal) -> str:
    return "true" if principal.kind == "service" else "false"


def _service_name(principal: Principal) -> str:
    return principal.arn if principal.kind == "service" else ""


_READERS: dict[str, Callable[[Principal], str]] = {
    "aws:principalarn": _arn,
    "aws:principalaccount": lambda principal: principal.account_id,
    "aws:principaltype": _type,
    "aws:userid": _user_id,
    "aws:username": _user_name,
    "aws:principalisawsservice": _is_service,
    "aws:principalservicename": _service_name,
    "aws:principalservicenameslist": _service_name,
}
