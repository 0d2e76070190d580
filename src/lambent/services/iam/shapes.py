"""Entities as the API shows them: members without a value are absent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.services.iam.documents import encoded
from lambent.services.iam.model import moment as _moment
from lambent.services.iam.tags import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.services.iam.aws_policies import AwsPolicy
    from lambent.services.iam.model import (
        Entity,
        Group,
        Identity,
        InstanceProfile,
        Policy,
        Role,
        User,
    )
    from lambent.services.iam.uses import Use

Shape = dict[str, Any]


def user(user: User, *, full: bool = True) -> Shape:
    """`full`: with boundary and tags, which lists leave out."""
    return {**_basics("User", user), **(_extras(user) if full else {})}


def group(group: Group) -> Shape:
    return _basics("Group", group)


def role(role: Role, last_used: Use | None = None, *, full: bool = True) -> Shape:
    """`full`: with boundary, tags and last use, which lists leave out."""
    shape = {
        **_basics("Role", role),
        "AssumeRolePolicyDocument": encoded(role.trust),
        "MaxSessionDuration": role.max_session_s,
    }
    if role.description is not None:
        shape["Description"] = role.description
    if full:
        shape |= _extras(role)
        shape["RoleLastUsed"] = used(last_used)
    return shape


def new_role(role: Role) -> Shape:
    """As CreateRole answers: without what nobody can know yet, and without the longest session even if it is given."""
    shape = {**_basics("Role", role), "AssumeRolePolicyDocument": encoded(role.trust)}
    if role.description is not None:
        shape["Description"] = role.description
    return shape | _extras(role)


def used(use: Use | None) -> Shape:
    return {} if use is None else {"LastUsedDate": use.moment, "Region": use.region}


def instance_profile(
    profile: InstanceProfile, roles: Sequence[Role], *, full: bool = True
) -> Shape:
    shape = _basics("InstanceProfile", profile)
    shape["Roles"] = [held_role(each) for each in roles]
    if full and profile.tags:
        shape["Tags"] = shown(profile.tags)
    return shape


def held_role(role: Role) -> Shape:
    """A role within an instance profile."""
    return {**_basics("Role", role), "AssumeRolePolicyDocument": encoded(role.trust)}


def policy(policy: Policy, attachments: int, bounds: int, *, full: bool = True) -> Shape:
    """`full`: with description and tags, which lists leave out."""
    shape = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.in_force.id,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": bounds,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": _moment(policy.updated_s),
    }
    if full and policy.description:
        shape["Description"] = policy.description
    if full and policy.tags:
        shape["Tags"] = shown(policy.tags)
    return shape


def aws_policy(policy: AwsPolicy, attachments: int, bounds: int, *, full: bool = True) -> Shape:
    shape = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version_id,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": bounds,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }
    if full:
        shape["Description"] = policy.description
    return shape


def attached(arns: Sequence[str]) -> list[Shape]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


def boundary(identity: Identity) -> Shape:
    """The member PermissionsBoundary, where there is one."""
    if not identity.boundary:
        return {}
    return {
        "PermissionsBoundary": {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": identity.boundary,
        }
    }


def _basics(noun: str, entity: Entity) -> Shape:
    return {
        "Path": entity.path,
        f"{noun}Name": entity.name,
        f"{noun}Id": entity.id,
        "Arn": entity.arn,
        "CreateDate": entity.created,
    }


def _extras(identity: Identity) -> Shape:
    shape = boundary(identity)
    if identity.tags:
        shape["Tags"] = shown(identity.tags)
    return shape
