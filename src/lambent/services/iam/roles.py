"""Roles and their trust policies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.services.iam import shapes, uses
from lambent.services.iam.errors import DeleteConflict, EntityAlreadyExists
from lambent.services.iam.model import InstanceProfile, Role
from lambent.services.iam.naming import get, new
from lambent.services.iam.paging import below, page
from lambent.services.iam.protected import refuse_protected
from lambent.services.iam.tags import merged
from lambent.services.iam.trust import checked_trust

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateRoleRequestTypeDef,
        DeleteRoleRequestTypeDef,
        GetRoleRequestTypeDef,
        ListRolesRequestTypeDef,
        UpdateAssumeRolePolicyRequestTypeDef,
        UpdateRoleDescriptionRequestTypeDef,
        UpdateRoleRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.attachments import Attachments
    from lambent.services.iam.store import Store


@dataclass(frozen=True, slots=True)
class Roles:
    """The operations on a role as such."""

    store: Store
    attachments: Attachments

    def create_role(
        self, tx: Tx, context: RequestContext, request: CreateRoleRequestTypeDef
    ) -> Document:
        name, account_id = request["RoleName"], context.scope.account_id
        trust = checked_trust(self.store, tx, request["AssumeRolePolicyDocument"])
        if self.store.find(tx, account_id, Role, name) is not None:
            raise EntityAlreadyExists(f"Role with name {name} already exists.")
        role = Role(
            **new(context, Role, name, request.get("Path", "/")),
            trust=trust,
            description=request.get("Description"),
            max_session_s=request.get("MaxSessionDuration", 3600),
            boundary=self.attachments.checked_boundary(tx, context, request),
            tags=merged({}, request.get("Tags", ())),
        )
        self.store.put(tx, role)
        return {"Role": shapes.new_role(role)}

    def get_role(self, tx: Tx, context: RequestContext, request: GetRoleRequestTypeDef) -> Document:
        role = get(self.store, tx, context, Role, request["RoleName"])
        return {"Role": shapes.role(role, uses.latest(tx, role.account_id, role.id))}

    def list_roles(
        self, tx: Tx, context: RequestContext, request: ListRolesRequestTypeDef
    ) -> Document:
        found = below(request, self.store.all(tx, context.scope.account_id, Role))
        return page(request, "Roles", found, lambda role: shapes.role(role, full=False))

    def update_role(
        self, tx: Tx, context: RequestContext, request: UpdateRoleRequestTypeDef
    ) -> Document:
        role = self._own(tx, context, request["RoleName"])
        changed = replace(
            role,
            description=request.get("Description", role.description),
            max_session_s=request.get("MaxSessionDuration", role.max_session_s),
        )
        self.store.put(tx, changed)
        return {}

    def update_role_description(
        self, tx: Tx, context: RequestContext, request: UpdateRoleDescriptionRequestTypeDef
    ) -> Document:
        role = get(self.store, tx, context, Role, request["RoleName"])
        changed = replace(role, description=request["Description"])
        self.store.put(tx, changed)
        return {"Role": shapes.role(changed, full=False)}

    def update_assume_role_policy(
        self, tx: Tx, context: RequestContext, request: UpdateAssumeRolePolicyRequestTypeDef
    ) -> Document:
        role = self._own(tx, context, request["RoleName"])
        trust = checked_trust(self.store, tx, request["PolicyDocument"])
        self.store.put(tx, replace(role, trust=trust))
        return {}

    def delete_role(
        self, tx: Tx, context: RequestContext, request: DeleteRoleRequestTypeDef
    ) -> Document:
        role = self._own(tx, context, request["RoleName"])
        profiles = self.store.all(tx, role.account_id, InstanceProfile)
        if any(role.key in profile.roles for profile in profiles):
            raise DeleteConflict(
                "Cannot delete entity, must remove roles from instance profile first."
            )
        if role.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if role.inline:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        self.store.remove(tx, role)
        return {}

    def _own(self, tx: Tx, context: RequestContext, name: str) -> Role:
        role = get(self.store, tx, context, Role, name)
        refuse_protected(role)
        return role
