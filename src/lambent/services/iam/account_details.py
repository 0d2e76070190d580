"""GetAccountAuthorizationDetails: everything in an account that says who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.iam import aws_policies, shapes, uses
from lambent.services.iam.documents import encoded
from lambent.services.iam.managed_policies import Usage
from lambent.services.iam.model import Group, InstanceProfile, Policy, Role, User, moment
from lambent.services.iam.paging import page
from lambent.services.iam.tags import shown

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import GetAccountAuthorizationDetailsRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.aws_policies import AwsPolicy
    from lambent.services.iam.instance_profiles import InstanceProfiles
    from lambent.services.iam.model import Identity
    from lambent.services.iam.store import Store

# What a page lists, the member for it, and the filter's word.
_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """The one operation."""

    store: Store
    profiles: InstanceProfiles

    def get_account_authorization_details(
        self, tx: Tx, context: RequestContext, request: GetAccountAuthorizationDetailsRequestTypeDef
    ) -> Document:
        usage = Usage.read(self.store, tx, context)
        wanted = set(request.get("Filter", ()))
        items: list[tuple[str, dict[str, Any]]] = []
        for identity in usage.identities:
            noun = type(identity).__name__
            if not wanted or noun in wanted:
                items.append((f"{noun}DetailList", self._identity(tx, identity)))
        if not wanted or "LocalManagedPolicy" in wanted:
            own = self.store.all(tx, context.scope.account_id, Policy)
            items += [("Policies", _local(each, usage)) for each in own]
        if not wanted or "AWSManagedPolicy" in wanted:
            used = [each for each in aws_policies.every() if usage.attached(each.arn)]
            items += [("Policies", _of_aws(each, usage)) for each in used]
        paged = page(request, "Items", items)
        answer: dict[str, Any] = {name: [] for name in _LISTS}
        for name, item in paged.pop("Items"):
            answer[name].append(item)
        return answer | paged

    def _identity(self, tx: Tx, identity: Identity) -> dict[str, Any]:
        noun = type(identity).__name__
        shape: dict[str, Any] = {
            "Path": identity.path,
            f"{noun}Name": identity.name,
            f"{noun}Id": identity.id,
            "Arn": identity.arn,
            "CreateDate": identity.created,
            "AttachedManagedPolicies": shapes.attached(identity.attached),
        }
        inline = [
            {"PolicyName": name, "PolicyDocument": encoded(text)}
            for name, text in identity.inline.items()
        ]
        if isinstance(identity, Role):
            shape |= self._role(tx, identity)
        elif isinstance(identity, User):
            names = (
                self.store.find(tx, identity.account_id, Group, key) for key in identity.groups
            )
            shape["GroupList"] = [group.name for group in names if group is not None]
        if inline or noun != "User":
            shape[f"{noun}PolicyList"] = inline
        if noun != "Group":
            shape["Tags"] = shown(identity.tags)
        return shape | shapes.boundary(identity)

    def _role(self, tx: Tx, role: Role) -> dict[str, Any]:
        profiles = self.store.all(tx, role.account_id, InstanceProfile)
        return {
            "AssumeRolePolicyDocument": encoded(role.trust),
            "InstanceProfileList": [
                self.profiles.shape(tx, profile, full=False)
                for profile in profiles
                if role.key in profile.roles
            ],
            "RoleLastUsed": shapes.used(uses.latest(tx, role.account_id, role.id)),
        }


def _local(policy: Policy, usage: Usage) -> dict[str, Any]:
    counts = usage.attached(policy.arn), usage.bounds(policy.arn)
    versions = [
        {
            "Document": encoded(version.document),
            "VersionId": version.id,
            "IsDefaultVersion": version.number == policy.default,
            "CreateDate": moment(version.created_s),
        }
        for version in reversed(policy.versions)
    ]
    return {**shapes.policy(policy, *counts, full=False), "PolicyVersionList": versions}


def _of_aws(policy: AwsPolicy, usage: Usage) -> dict[str, Any]:
    counts = usage.attached(policy.arn), usage.bounds(policy.arn)
    version = {
        "Document": encoded(policy.document),
        "VersionId": policy.version_id,
        "IsDefaultVersion": True,
        "CreateDate": policy.updated,
    }
    return {**shapes.aws_policy(policy, *counts, full=False), "PolicyVersionList": [version]}
