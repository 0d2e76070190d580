"""Managed policies: those of the account, and those of AWS, which can be read only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.core.errors import AccessDenied
from lambent.services.iam import aws_policies, shapes
from lambent.services.iam.aws_policies import AwsPolicy
from lambent.services.iam.documents import checked, refuse_large
from lambent.services.iam.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity
from lambent.services.iam.model import Group, Policy, PolicyVersion, Role, User, seconds
from lambent.services.iam.naming import new
from lambent.services.iam.paging import below, page
from lambent.services.iam.tags import merged, shown

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreatePolicyRequestTypeDef,
        DeletePolicyRequestTypeDef,
        GetPolicyRequestTypeDef,
        ListEntitiesForPolicyRequestTypeDef,
        ListPoliciesRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.attachments import Attachments
    from lambent.services.iam.model import Identity
    from lambent.services.iam.store import Store

# "Managed policy size: 6,144 characters", white space not counted (IAM and AWS STS quotas).
LARGEST = 6144


@dataclass(frozen=True, slots=True)
class ManagedPolicies:
    """The operations on managed policies; their versions are in `policy_versions`."""

    store: Store
    attachments: Attachments

    def create_policy(
        self, tx: Tx, context: RequestContext, request: CreatePolicyRequestTypeDef
    ) -> Document:
        name, document = request["PolicyName"], checked(request["PolicyDocument"], "managed")
        refuse_large("PolicySize", document, LARGEST)
        if self.store.find(tx, context.scope.account_id, Policy, name) is not None:
            raise EntityAlreadyExists(
                f"A policy called {name} already exists. Duplicate names are not allowed."
            )
        now_s = seconds(context.now)
        policy = Policy(
            **new(context, Policy, name, request.get("Path", "/")),
            versions=(PolicyVersion(number=1, document=document, created_s=now_s),),
            description=request.get("Description", ""),
            tags=merged({}, request.get("Tags", ())),
            updated_s=now_s,
        )
        self.store.put(tx, policy)
        tags = {"Tags": shown(policy.tags)} if policy.tags else {}
        return {"Policy": shapes.policy(policy, 0, 0, full=False) | tags}

    def get_policy(
        self, tx: Tx, context: RequestContext, request: GetPolicyRequestTypeDef
    ) -> Document:
        policy = self.find(tx, context, request["PolicyArn"])
        return {"Policy": _shape(policy, Usage.read(self.store, tx, context), full=True)}

    def list_policies(
        self, tx: Tx, context: RequestContext, request: ListPoliciesRequestTypeDef
    ) -> Document:
        scope = request.get("Scope", "All")
        policies: list[Policy | AwsPolicy] = []
        if scope != "AWS":
            policies += self.store.all(tx, context.scope.account_id, Policy)
        if scope != "Local":
            policies += aws_policies.every()
        usage = Usage.read(self.store, tx, context)
        if request.get("OnlyAttached"):
            policies = [each for each in policies if usage.attached(each.arn)]
        wanted = request.get("PolicyUsageFilter")
        if wanted is not None:
            count = usage.bounds if wanted == "PermissionsBoundary" else usage.attached
            policies = [each for each in policies if count(each.arn)]
        found = below(request, policies)
        return page(request, "Policies", found, lambda each: _shape(each, usage, full=False))

    def delete_policy(
        self, tx: Tx, context: RequestContext, request: DeletePolicyRequestTypeDef
    ) -> Document:
        policy = self.own(tx, context, request["PolicyArn"])
        usage = Usage.read(self.store, tx, context)
        if usage.attached(policy.arn) or usage.bounds(policy.arn):
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        self.store.remove(tx, policy)
        return {}

    def list_entities_for_policy(
        self, tx: Tx, context: RequestContext, request: ListEntitiesForPolicyRequestTypeDef
    ) -> Document:
        policy = self.find(tx, context, request["PolicyArn"])
        usage = Usage.read(self.store, tx, context)
        wanted = request.get("PolicyUsageFilter")
        entities = [
            each
            for each in below(request, usage.identities)
            if (wanted != "PermissionsBoundary" and policy.arn in each.attached)
            or (wanted != "PermissionsPolicy" and each.boundary == policy.arn)
        ]
        only = request.get("EntityFilter")
        if only in ("User", "Group", "Role"):
            entities = [each for each in entities if type(each).__name__ == only]
        elif only is not None:  # policies, which no policy is attached to
            entities = []
        paged = page(request, "Entities", entities)
        answer: dict[str, Any] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
        for each in paged.pop("Entities"):
            noun = type(each).__name__
            answer[f"Policy{noun}s"].append({f"{noun}Name": each.name, f"{noun}Id": each.id})
        return answer | paged

    def find(self, tx: Tx, context: RequestContext, arn: str) -> Policy | AwsPolicy:
        """Raises NoSuchEntity."""
        found = self.attachments.policy(tx, context.scope.account_id, arn)
        if found is None:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        return found

    def own(self, tx: Tx, context: RequestContext, arn: str) -> Policy:
        """One that may be changed. Raises NoSuchEntity, and AccessDenied for AWS's."""
        found = self.find(tx, context, arn)
        if isinstance(found, AwsPolicy):
            raise AccessDenied(
                f"User: {context.principal.arn} is not authorized to perform: iam:{context.operation} "
                f"on resource: policy {arn}",
                code="AccessDenied",
            )
        return found

    def replace(self, tx: Tx, context: RequestContext, policy: Policy, **changes: Any) -> None:
        self.store.put(tx, replace(policy, updated_s=seconds(context.now), **changes))


@dataclass(frozen=True, slots=True)
class Usage:
    """Who in the account uses which policy."""

    identities: list[Identity]

    @classmethod
    def read(cls, store: Store, tx: Tx, context: RequestContext) -> Usage:
        found: list[Identity] = []
        for kind in (User, Group, Role):
            found += store.all(tx, context.scope.account_id, kind)
        return cls(found)

    def attached(self, arn: str) -> int:
        return sum(arn in each.attached for each in self.identities)

    def bounds(self, arn: str) -> int:
        return sum(arn == each.boundary for each in self.identities)


def _shape(policy: Policy | AwsPolicy, usage: Usage, *, full: bool) -> dict[str, Any]:
    counts = usage.attached(policy.arn), usage.bounds(policy.arn)
    if isinstance(policy, AwsPolicy):
        return shapes.aws_policy(policy, *counts, full=full)
    return shapes.policy(policy, *counts, full=full)
