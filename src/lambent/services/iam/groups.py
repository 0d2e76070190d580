"""Groups, and who is in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.services.iam import shapes
from lambent.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    LimitExceeded,
)
from lambent.services.iam.model import Group, User
from lambent.services.iam.naming import get, new
from lambent.services.iam.paging import below, page

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AddUserToGroupRequestTypeDef,
        CreateGroupRequestTypeDef,
        DeleteGroupRequestTypeDef,
        GetGroupRequestTypeDef,
        ListGroupsForUserRequestTypeDef,
        ListGroupsRequestTypeDef,
        RemoveUserFromGroupRequestTypeDef,
        UpdateGroupRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# "Groups per user: 10" (IAM and AWS STS quotas).
_MOST_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Groups:
    """The operations on groups."""

    store: Store

    def create_group(
        self, tx: Tx, context: RequestContext, request: CreateGroupRequestTypeDef
    ) -> Document:
        name = request["GroupName"]
        self._refuse_taken(tx, context, name)
        group = Group(**new(context, Group, name, request.get("Path", "/")))
        self.store.put(tx, group)
        return {"Group": shapes.group(group)}

    def get_group(
        self, tx: Tx, context: RequestContext, request: GetGroupRequestTypeDef
    ) -> Document:
        group = get(self.store, tx, context, Group, request["GroupName"])
        members = self._members(tx, group)
        answer = page(request, "Users", members, lambda user: shapes.user(user, full=False))
        return {"Group": shapes.group(group), **answer}

    def list_groups(
        self, tx: Tx, context: RequestContext, request: ListGroupsRequestTypeDef
    ) -> Document:
        found = below(request, self.store.all(tx, context.scope.account_id, Group))
        return page(request, "Groups", found, shapes.group)

    def list_groups_for_user(
        self, tx: Tx, context: RequestContext, request: ListGroupsForUserRequestTypeDef
    ) -> Document:
        user = get(self.store, tx, context, User, request["UserName"])
        every = self.store.all(tx, user.account_id, Group)
        found = [group for group in every if group.key in user.groups]
        return page(request, "Groups", found, shapes.group)

    def update_group(
        self, tx: Tx, context: RequestContext, request: UpdateGroupRequestTypeDef
    ) -> Document:
        group = get(self.store, tx, context, Group, request["GroupName"])
        name = request.get("NewGroupName", group.name)
        if name.lower() != group.key:
            self._refuse_taken(tx, context, name)
        renamed = replace(group, name=name, path=request.get("NewPath", group.path))
        if renamed.key != group.key:
            for user in self._members(tx, group):
                kept = (renamed.key if key == group.key else key for key in user.groups)
                self.store.put(tx, replace(user, groups=tuple(kept)))
            self.store.remove(tx, group)
        self.store.put(tx, renamed)
        return {}

    def delete_group(
        self, tx: Tx, context: RequestContext, request: DeleteGroupRequestTypeDef
    ) -> Document:
        group = get(self.store, tx, context, Group, request["GroupName"])
        if self._members(tx, group):
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        if group.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if group.inline:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        self.store.remove(tx, group)
        return {}

    def add_user_to_group(
        self, tx: Tx, context: RequestContext, request: AddUserToGroupRequestTypeDef
    ) -> Document:
        group, user = self._pair(tx, context, request)
        if group.key in user.groups:
            return {}
        if len(user.groups) >= _MOST_GROUPS:
            raise LimitExceeded(f"Cannot exceed quota for GroupsPerUser: {_MOST_GROUPS}")
        self.store.put(tx, replace(user, groups=(*user.groups, group.key)))
        return {}

    def remove_user_from_group(
        self, tx: Tx, context: RequestContext, request: RemoveUserFromGroupRequestTypeDef
    ) -> Document:
        group, user = self._pair(tx, context, request)
        kept = tuple(key for key in user.groups if key != group.key)
        self.store.put(tx, replace(user, groups=kept))
        return {}

    def _pair(
        self,
        tx: Tx,
        context: RequestContext,
        request: AddUserToGroupRequestTypeDef | RemoveUserFromGroupRequestTypeDef,
    ) -> tuple[Group, User]:
        group = get(self.store, tx, context, Group, request["GroupName"])
        return group, get(self.store, tx, context, User, request["UserName"])

    def _members(self, tx: Tx, group: Group) -> list[User]:
        users = self.store.all(tx, group.account_id, User)
        return [user for user in users if group.key in user.groups]

    def _refuse_taken(self, tx: Tx, context: RequestContext, name: str) -> None:
        if self.store.find(tx, context.scope.account_id, Group, name) is not None:
            raise EntityAlreadyExists(f"Group with name {name} already exists.")
