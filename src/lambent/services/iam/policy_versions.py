"""Versions of managed policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.iam.aws_policies import AwsPolicy
from lambent.services.iam.documents import checked, encoded, refuse_large
from lambent.services.iam.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from lambent.services.iam.managed_policies import LARGEST
from lambent.services.iam.model import PolicyVersion, moment, seconds
from lambent.services.iam.paging import page

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreatePolicyVersionRequestTypeDef,
        DeletePolicyVersionRequestTypeDef,
        GetPolicyVersionRequestTypeDef,
        ListPolicyVersionsRequestTypeDef,
        SetDefaultPolicyVersionRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.managed_policies import ManagedPolicies
    from lambent.services.iam.model import Policy

# "A managed policy can have up to 5 versions" (CreatePolicyVersion).
_MOST = 5


@dataclass(frozen=True, slots=True)
class PolicyVersions:
    """The operations on versions."""

    policies: ManagedPolicies

    def create_policy_version(
        self, tx: Tx, context: RequestContext, request: CreatePolicyVersionRequestTypeDef
    ) -> Document:
        policy = self.policies.own(tx, context, request["PolicyArn"])
        document = checked(request["PolicyDocument"], "managed")
        refuse_large("PolicySize", document, LARGEST)
        if len(policy.versions) >= _MOST:
            raise LimitExceeded(
                f"A managed policy can have up to {_MOST} versions. Before you create a new version, you must delete "
                "an existing version."
            )
        version = PolicyVersion(
            number=policy.last + 1, document=document, created_s=seconds(context.now)
        )
        default = version.number if request.get("SetAsDefault") else policy.default
        self.policies.replace(
            tx,
            context,
            policy,
            versions=(*policy.versions, version),
            default=default,
            last=version.number,
        )
        return {"PolicyVersion": _shape(version, default)}

    def get_policy_version(
        self, tx: Tx, context: RequestContext, request: GetPolicyVersionRequestTypeDef
    ) -> Document:
        policy = self.policies.find(tx, context, request["PolicyArn"])
        version_id = request["VersionId"]
        if isinstance(policy, AwsPolicy):
            if version_id != policy.version_id:
                raise _absent(policy.arn, version_id)
            return {"PolicyVersion": {"Document": encoded(policy.document), **_of_aws(policy)}}
        version = _version(policy, version_id)
        shape = {"Document": encoded(version.document), **_shape(version, policy.default)}
        return {"PolicyVersion": shape}

    def list_policy_versions(
        self, tx: Tx, context: RequestContext, request: ListPolicyVersionsRequestTypeDef
    ) -> Document:
        policy = self.policies.find(tx, context, request["PolicyArn"])
        if isinstance(policy, AwsPolicy):
            return page(request, "Versions", [_of_aws(policy)])
        newest_first = policy.versions[::-1]
        return page(request, "Versions", newest_first, lambda each: _shape(each, policy.default))

    def set_default_policy_version(
        self, tx: Tx, context: RequestContext, request: SetDefaultPolicyVersionRequestTypeDef
    ) -> Document:
        policy = self.policies.own(tx, context, request["PolicyArn"])
        version = _version(policy, request["VersionId"])
        self.policies.replace(tx, context, policy, default=version.number)
        return {}

    def delete_policy_version(
        self, tx: Tx, context: RequestContext, request: DeletePolicyVersionRequestTypeDef
    ) -> Document:
        policy = self.policies.own(tx, context, request["PolicyArn"])
        version = _version(policy, request["VersionId"])
        if version.number == policy.default:
            raise DeleteConflict("Cannot delete the default version of a policy.")
        kept = tuple(each for each in policy.versions if each is not version)
        self.policies.replace(tx, context, policy, versions=kept)
        return {}


def _version(policy: Policy, version_id: str) -> PolicyVersion:
    found = policy.version(version_id)
    if found is None:
        raise _absent(policy.arn, version_id)
    return found


def _absent(arn: str, version_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"Policy {arn} version {version_id} does not exist or is not attachable.")


def _shape(version: PolicyVersion, default: int) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.number == default,
        "CreateDate": moment(version.created_s),
    }


def _of_aws(policy: AwsPolicy) -> dict[str, Any]:
    return {
        "VersionId": policy.version_id,
        "IsDefaultVersion": True,
        "CreateDate": policy.updated,
    }
