"""AWS STS ("Actions, resources, and condition keys for AWS Security Token Service", Service Authorization
Reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.policy.needs.rows import (
    NOTHING,
    Need,
    any_resource,
    arn_in,
    member,
    members,
    named,
)

if TYPE_CHECKING:
    from lambent.policy.needs.rows import Needs, Values, Where

role = arn_in("RoleArn")


def _tagged_role(where: Where) -> str | list[str]:
    return role(where) if where.document.get("Tags") else []


def _role_with_identity(where: Where) -> str | list[str]:
    return role(where) if where.document.get("SourceIdentity") else []


def federated_user(where: Where) -> str:
    return f"arn:aws:sts::{where.account_id}:federated-user/{where.text('Name')}"


def root_of_target(where: Where) -> str:
    return f"arn:aws:iam::{where.text('TargetPrincipal')}:root"


_SESSION: dict[str, Values] = {
    "sts:externalid": member("ExternalId"),
    "sts:rolesessionname": member("RoleSessionName"),
    "sts:sourceidentity": member("SourceIdentity"),
    "sts:transitivetagkeys": members("TransitiveTagKeys"),
}
_ASSUME = Need("sts:AssumeRole", role, _SESSION, has_tags="Tags", is_closed=True)

ROWS: dict[str, Needs] = {
    **named(
        "sts",
        {
            any_resource: """
                DecodeAuthorizationMessage GetAccessKeyInfo GetDelegatedAccessToken
                GetWebIdentityToken
            """,
            root_of_target: "AssumeRoot",
        },
    ),
    "GetFederationToken": (Need("sts:GetFederationToken", federated_user, has_tags="Tags"),),
    # "No permissions are required to perform this operation" (STS API reference), nor do denials matter.
    "GetCallerIdentity": NOTHING,
    "GetSessionToken": NOTHING,
    # Whoever brings a token has no credentials of an account: the role's trust policy alone decides, in the operation.
    "AssumeRoleWithSAML": NOTHING,
    "AssumeRoleWithWebIdentity": NOTHING,
    "AssumeRole": (
        _ASSUME,
        Need("sts:TagSession", _tagged_role, _SESSION, has_tags="Tags", is_closed=True),
        Need("sts:SetSourceIdentity", _role_with_identity, _SESSION, is_closed=True),
    ),
}
