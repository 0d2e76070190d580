"""Managed policies on users, groups and roles: attached, or as boundaries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from lambent.services.iam import aws_policies, shapes
from lambent.services.iam.errors import InvalidInput, LimitExceeded, NoSuchEntity
from lambent.services.iam.model import Group, Identity, Policy, Role, User
from lambent.services.iam.naming import get, refuse_bad_arn
from lambent.services.iam.paging import page
from lambent.services.iam.protected import refuse_protected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.aws_policies import AwsPolicy
    from lambent.services.iam.store import Store

Noun = Literal["User", "Group", "Role"]
KINDS: dict[Noun, type[Identity]] = {"User": User, "Group": Group, "Role": Role}
# "Managed policies attached to an IAM user/group: 10" (IAM and AWS STS quotas); of a role 20, as measured by
# github.com/badmintoncryer/cdk-preflight in 2026-09 in an account whose quotas nobody had raised.
_MOST: dict[Noun, int] = {"User": 10, "Group": 10, "Role": 20}


@dataclass(frozen=True, slots=True)
class Attachments:
    """The operations, for every kind of identity alike."""

    store: Store

    def policy(self, tx: Tx, account_id: str, arn: str) -> Policy | AwsPolicy | None:
        """The managed policy of that ARN that an account may attach. Raises InvalidInput for what is no ARN."""
        refuse_bad_arn(arn)
        owned = aws_policies.find(arn)
        if owned is not None:
            return owned
        found = self.store.find(tx, account_id, Policy, arn.rpartition("/")[2])
        return found if found is not None and found.arn == arn else None

    def attach(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        arn = request["PolicyArn"]
        if self.policy(tx, identity.account_id, arn) is None:
            raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
        if arn in identity.attached:
            return {}
        if len(identity.attached) >= _MOST[noun]:
            raise LimitExceeded(f"Cannot exceed quota for PoliciesPer{noun}: {_MOST[noun]}")
        self.store.put(tx, replace(identity, attached=(*identity.attached, arn)))
        return {}

    def detach(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        arn = request["PolicyArn"]
        refuse_bad_arn(arn)
        if arn not in identity.attached:
            raise NoSuchEntity(f"Policy {arn} was not found.")
        kept = tuple(each for each in identity.attached if each != arn)
        self.store.put(tx, replace(identity, attached=kept))
        return {}

    def list(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = get(self.store, tx, context, KINDS[noun], request[f"{noun}Name"])
        prefix = request.get("PathPrefix", "/")
        # Their paths stand in their ARNs, behind `policy`.
        found = [arn for arn in identity.attached if arn.partition(":policy")[2].startswith(prefix)]
        return page(request, "AttachedPolicies", shapes.attached(found))

    def put_boundary(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        boundary = self.checked_boundary(tx, context, request)
        self.store.put(tx, replace(identity, boundary=boundary))
        return {}

    def delete_boundary(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        identity = self._identity(noun, tx, context, request)
        if not identity.boundary:
            raise NoSuchEntity(
                f"{noun} {identity.name} does not have a permissions boundary attached."
            )
        self.store.put(tx, replace(identity, boundary=""))
        return {}

    def checked_boundary(self, tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> str:
        """The ARN of the boundary that a request gives, or "". Raises NoSuchEntity, InvalidInput."""
        arn: str = request.get("PermissionsBoundary", "")
        if arn.startswith("arn:") and not arn.split(":", 5)[-1].startswith("policy/"):
            raise InvalidInput(f"ARN {arn} is not valid.")
        if arn and self.policy(tx, context.scope.account_id, arn) is None:
            raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
        return arn

    def _identity(
        self, noun: Noun, tx: Tx, context: RequestContext, request: Mapping[str, Any]
    ) -> Identity:
        identity = get(self.store, tx, context, KINDS[noun], request[f"{noun}Name"])
        refuse_protected(identity)
        return identity
