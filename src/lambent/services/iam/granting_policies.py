"""ListPoliciesGrantingServiceAccess: the policies by which a user, group or role may use a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.policy import documents
from lambent.services.iam.errors import NoSuchEntity
from lambent.services.iam.naming import refuse_bad_arn
from lambent.services.iam.paging import page

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import ListPoliciesGrantingServiceAccessRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import NamedPolicy
    from lambent.core.service import Document
    from lambent.services.iam.directory import Directory


@dataclass(frozen=True, slots=True)
class GrantingPolicies:
    """The operation; the policies of a user's groups are the user's."""

    directory: Directory

    async def list(
        self, context: RequestContext, request: ListPoliciesGrantingServiceAccessRequestTypeDef
    ) -> Document:
        arn = request["Arn"]
        refuse_bad_arn(arn)
        identity = self.directory.identity_of(arn)
        if identity is None or identity.account_id != context.scope.account_id:
            raise NoSuchEntity(f"ARN {arn} does not exist.")
        held = self.directory.policies_of(identity).identity
        granting = [
            {
                "ServiceNamespace": namespace,
                "Policies": [_shape(each) for each in held if _grants(each.document, namespace)],
            }
            for namespace in request["ServiceNamespaces"]
        ]
        return page(request, "PoliciesGrantingServiceAccess", granting)


def _grants(document: str, namespace: str) -> bool:
    """Does a statement allow any action of the service, whatever its resources and conditions?"""
    for statement in documents.parse(document, "identity").statements:
        if statement.effect != "Allow":
            continue
        if statement.is_not_action and f"{namespace}:*" not in statement.actions:
            return True
        services = {action.partition(":")[0].lower() for action in statement.actions}
        if not statement.is_not_action and services & {"*", namespace.lower()}:
            return True
    return False


def _shape(policy: NamedPolicy) -> dict[str, Any]:
    if policy.name.startswith("arn:"):
        name = policy.name.rpartition("/")[2]
        return {"PolicyName": name, "PolicyType": "MANAGED", "PolicyArn": policy.name}
    kind, owner, name = policy.name.split("/")
    return {
        "PolicyName": name,
        "PolicyType": "INLINE",
        "EntityType": kind.upper(),
        "EntityName": owner,
    }
