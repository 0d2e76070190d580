"""Users: create, show, rename, delete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from lambent.services.iam import shapes
from lambent.services.iam.errors import DeleteConflict, EntityAlreadyExists
from lambent.services.iam.model import User
from lambent.services.iam.naming import get, new, user_name
from lambent.services.iam.paging import below, page
from lambent.services.iam.tables import ACCESS_KEYS
from lambent.services.iam.tags import merged

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateUserRequestTypeDef,
        DeleteUserRequestTypeDef,
        GetUserRequestTypeDef,
        ListUsersRequestTypeDef,
        UpdateUserRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.attachments import Attachments
    from lambent.services.iam.store import Store


@dataclass(frozen=True, slots=True)
class Users:
    """The operations on a user as such, with what they need."""

    store: Store
    attachments: Attachments

    def create_user(
        self, tx: Tx, context: RequestContext, request: CreateUserRequestTypeDef
    ) -> Document:
        name = request["UserName"]
        self._refuse_taken(tx, context, name)
        boundary = self.attachments.checked_boundary(tx, context, request)
        user = User(
            **new(context, User, name, request.get("Path", "/")),
            tags=merged({}, request.get("Tags", ())),
            boundary=boundary,
        )
        self.store.put(tx, user)
        return {"User": shapes.user(user)}

    def get_user(self, tx: Tx, context: RequestContext, request: GetUserRequestTypeDef) -> Document:
        if "UserName" not in request and context.principal.kind == "root":
            return {"User": _root(context)}
        user = get(self.store, tx, context, User, user_name(context, request))
        return {"User": shapes.user(user)}

    def list_users(
        self, tx: Tx, context: RequestContext, request: ListUsersRequestTypeDef
    ) -> Document:
        found = below(request, self.store.all(tx, context.scope.account_id, User))
        return page(request, "Users", found, lambda user: shapes.user(user, full=False))

    def update_user(
        self, tx: Tx, context: RequestContext, request: UpdateUserRequestTypeDef
    ) -> Document:
        user = get(self.store, tx, context, User, request["UserName"])
        name = request.get("NewUserName", user.name)
        if name.lower() != user.key:
            self._refuse_taken(tx, context, name)
        renamed = replace(user, name=name, path=request.get("NewPath", user.path))
        if renamed.key != user.key:
            self.store.remove(tx, user)
        tx.execute(
            update(ACCESS_KEYS)
            .where(
                ACCESS_KEYS.c.account_id == user.account_id,
                func.lower(ACCESS_KEYS.c.user_name) == user.key,
            )
            .values(user_name=name)
        )
        self.store.put(tx, renamed)
        return {}

    def delete_user(
        self, tx: Tx, context: RequestContext, request: DeleteUserRequestTypeDef
    ) -> Document:
        user = get(self.store, tx, context, User, request["UserName"])
        has_keys = tx.one(
            select(ACCESS_KEYS.c.access_key_id).where(
                ACCESS_KEYS.c.account_id == user.account_id,
                func.lower(ACCESS_KEYS.c.user_name) == user.key,
            )
        )
        if user.attached:
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if user.inline:
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        if has_keys is not None:
            raise DeleteConflict("Cannot delete entity, must delete access keys first.")
        if user.login is not None:
            raise DeleteConflict("Cannot delete entity, must delete login profile first.")
        if user.groups:
            raise DeleteConflict("Cannot delete entity, must remove users from group first.")
        self.store.remove(tx, user)
        return {}

    def _refuse_taken(self, tx: Tx, context: RequestContext, name: str) -> None:
        if self.store.find(tx, context.scope.account_id, User, name) is not None:
            raise EntityAlreadyExists(f"User with name {name} already exists.")


def _root(context: RequestContext) -> dict[str, object]:
    """The account's root, as GetUser shows it: it has no name and no path."""
    account_id = context.scope.account_id
    return {
        "UserId": account_id,
        "Arn": f"arn:aws:iam::{account_id}:root",
        "CreateDate": context.now.replace(microsecond=0),
    }
