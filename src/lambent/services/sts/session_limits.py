"""What is given to a session when it is made: policies, tags, a source identity; checked once for all operations."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core.ports import NamedPolicy
from lambent.policy import documents
from lambent.services.sts.errors import (
    AccessDenied,
    InvalidParameterValue,
    MalformedPolicyDocument,
    NotServed,
    PackedPolicyTooLarge,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Session
    from lambent.core.ports import Roles

# "The plaintext that you use for both inline and managed session policies can't exceed 2,048 characters", up to ten
# managed ones, "up to 50 session tags" (AssumeRole).
_LARGEST_POLICY = 2048
_MOST_POLICIES = 10
_MOST_TAGS = 50
# How much packed policies and tags may come to; AWS keeps its own limit to itself.
_PACKED_BYTES = 2048

Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Given:
    """`packed` is what they take of what they may, in per cent; None where nothing was given."""

    policies: tuple[NamedPolicy, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Tags = ()
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    packed: int | None = None


def given(
    request: Mapping[str, Any], account_id: str, roles: Roles, caller: Session | None = None
) -> Given:
    """What a request gives to the session, with what the caller's own session hands on.

    Args:
        account_id: of the session, whose managed policies may be named.
        caller: of a chained session: its transitive tags and source identity stay.
    """
    if "ProvidedContexts" in request or "MinimumSessionTokenSize" in request:
        name = "ProvidedContexts" if "ProvidedContexts" in request else "MinimumSessionTokenSize"
        raise NotServed(f"The parameter {name} is not implemented by Lambent")
    if "SerialNumber" in request or "TokenCode" in request:
        # There are no MFA devices, so no code is one of theirs.
        raise AccessDenied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
            "valid and associated with this user."
        )
    policies = _policies(request)
    arns = _policy_arns(request, account_id, roles)
    tags, transitive = _tags(request, caller)
    identity: str = request.get("SourceIdentity", "")
    if caller is not None and caller.source_identity:
        if identity not in ("", caller.source_identity):
            raise AccessDenied("The source identity of a session cannot be changed.")
        identity = caller.source_identity
    return Given(policies, arns, tags, transitive, identity, _packed(policies, arns, tags))


def _policies(request: Mapping[str, Any]) -> tuple[NamedPolicy, ...]:
    text = request.get("Policy")
    if text is None:
        return ()
    if len(text) > _LARGEST_POLICY:
        raise ValidationError(
            f"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_LARGEST_POLICY}"
        )
    try:
        documents.parse(text, "session")
    except documents.MalformedPolicy as fault:
        raise MalformedPolicyDocument(fault.message, headers=(fault.header,)) from None
    return (NamedPolicy("session policy", text),)


def _policy_arns(request: Mapping[str, Any], account_id: str, roles: Roles) -> tuple[str, ...]:
    arns = tuple(each.get("arn", "") for each in request.get("PolicyArns", ()))
    if len(arns) > _MOST_POLICIES:
        raise ValidationError(f"Cannot exceed quota for PolicyArns: {_MOST_POLICIES}")
    for arn in arns:
        if roles.managed_policy(account_id, arn) is None:
            raise ValidationError(f"Policy {arn} does not exist or is not attachable.")
    return arns


def _tags(request: Mapping[str, Any], caller: Session | None) -> tuple[Tags, tuple[str, ...]]:
    tags = [(each["Key"], each["Value"]) for each in request.get("Tags", ())]
    keys = [key.lower() for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if len(keys) > _MOST_TAGS:
        raise ValidationError(f"Cannot exceed quota for Tags: {_MOST_TAGS}")
    transitive = tuple(request.get("TransitiveTagKeys", ()))
    absent = [key for key in transitive if key.lower() not in keys]
    if absent:
        raise InvalidParameterValue(
            "The specified transitive tag key must be included in the requested tags."
        )
    if caller is None:
        return tuple(tags), transitive
    handed_on = {key.lower() for key in caller.transitive_tags}
    if handed_on & set(keys):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    tags += [(key, value) for key, value in caller.tags if key.lower() in handed_on]
    return tuple(tags), (*transitive, *caller.transitive_tags)


def _packed(policies: tuple[NamedPolicy, ...], arns: tuple[str, ...], tags: Tags) -> int | None:
    if not policies and not arns and not tags:
        return None
    parts = [each.document for each in policies] + list(arns) + [f"{k}={v}" for k, v in tags]
    size = len(zlib.compress("\0".join(parts).encode(), 9))
    percent = max(1, size * 100 // _PACKED_BYTES)
    if percent > 100:
        raise PackedPolicyTooLarge(
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )
    return percent
