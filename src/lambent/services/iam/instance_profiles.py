"""Instance profiles: a role in a box, for tools that make one with every role."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.services.iam import shapes
from lambent.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
    NoSuchEntity,
)
from lambent.services.iam.model import InstanceProfile, Role
from lambent.services.iam.naming import get, new
from lambent.services.iam.paging import below, page
from lambent.services.iam.protected import refuse_protected
from lambent.services.iam.tags import merged

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AddRoleToInstanceProfileRequestTypeDef,
        CreateInstanceProfileRequestTypeDef,
        DeleteInstanceProfileRequestTypeDef,
        GetInstanceProfileRequestTypeDef,
        ListInstanceProfilesForRoleRequestTypeDef,
        ListInstanceProfilesRequestTypeDef,
        RemoveRoleFromInstanceProfileRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store


@dataclass(frozen=True, slots=True)
class InstanceProfiles:
    """The operations on instance profiles."""

    store: Store

    def create_instance_profile(
        self, tx: Tx, context: RequestContext, request: CreateInstanceProfileRequestTypeDef
    ) -> Document:
        name = request["InstanceProfileName"]
        if self.store.find(tx, context.scope.account_id, InstanceProfile, name) is not None:
            raise EntityAlreadyExists(f"Instance Profile {name} already exists.")
        profile = InstanceProfile(
            **new(context, InstanceProfile, name, request.get("Path", "/")),
            tags=merged({}, request.get("Tags", ())),
        )
        self.store.put(tx, profile)
        return {"InstanceProfile": shapes.instance_profile(profile, ())}

    def get_instance_profile(
        self, tx: Tx, context: RequestContext, request: GetInstanceProfileRequestTypeDef
    ) -> Document:
        profile = get(self.store, tx, context, InstanceProfile, request["InstanceProfileName"])
        return {"InstanceProfile": self.shape(tx, profile)}

    def list_instance_profiles(
        self, tx: Tx, context: RequestContext, request: ListInstanceProfilesRequestTypeDef
    ) -> Document:
        found = below(request, self.store.all(tx, context.scope.account_id, InstanceProfile))
        return page(request, "InstanceProfiles", found, lambda each: self._listed(tx, each))

    def list_instance_profiles_for_role(
        self, tx: Tx, context: RequestContext, request: ListInstanceProfilesForRoleRequestTypeDef
    ) -> Document:
        role = get(self.store, tx, context, Role, request["RoleName"])
        every = self.store.all(tx, role.account_id, InstanceProfile)
        found = [profile for profile in every if role.key in profile.roles]
        return page(request, "InstanceProfiles", found, lambda each: self._listed(tx, each))

    def add_role_to_instance_profile(
        self, tx: Tx, context: RequestContext, request: AddRoleToInstanceProfileRequestTypeDef
    ) -> Document:
        profile = get(self.store, tx, context, InstanceProfile, request["InstanceProfileName"])
        role = get(self.store, tx, context, Role, request["RoleName"])
        refuse_protected(role)
        if profile.roles:
            # "An instance profile can contain only one role, and this quota cannot be increased."
            raise LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
        self.store.put(tx, replace(profile, roles=(role.key,)))
        return {}

    def remove_role_from_instance_profile(
        self, tx: Tx, context: RequestContext, request: RemoveRoleFromInstanceProfileRequestTypeDef
    ) -> Document:
        profile = get(self.store, tx, context, InstanceProfile, request["InstanceProfileName"])
        name = request["RoleName"]
        if name.lower() not in profile.roles:
            raise NoSuchEntity(f"The role with name {name} cannot be found.")
        self.store.put(tx, replace(profile, roles=()))
        return {}

    def delete_instance_profile(
        self, tx: Tx, context: RequestContext, request: DeleteInstanceProfileRequestTypeDef
    ) -> Document:
        profile = get(self.store, tx, context, InstanceProfile, request["InstanceProfileName"])
        if profile.roles:
            raise DeleteConflict(
                "Cannot delete entity, must remove roles from instance profile first."
            )
        self.store.remove(tx, profile)
        return {}

    def shape(self, tx: Tx, profile: InstanceProfile, *, full: bool = True) -> dict[str, Any]:
        """With its role."""
        found = (self.store.find(tx, profile.account_id, Role, key) for key in profile.roles)
        return shapes.instance_profile(
            profile, [role for role in found if role is not None], full=full
        )

    def _listed(self, tx: Tx, profile: InstanceProfile) -> dict[str, Any]:
        return self.shape(tx, profile, full=False)
