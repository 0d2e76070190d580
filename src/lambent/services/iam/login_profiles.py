"""Passwords of users. Nothing here signs in with one; that there is one, and since when, is told and reported."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.services.iam.account_settings import settings_of
from lambent.services.iam.errors import (
    EntityAlreadyExists,
    InvalidUserType,
    NoSuchEntity,
    PasswordPolicyViolation,
)
from lambent.services.iam.model import LoginProfile, User, moment, seconds
from lambent.services.iam.naming import get, user_name
from lambent.services.iam.password_policies import complaint

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        ChangePasswordRequestTypeDef,
        CreateLoginProfileRequestTypeDef,
        DeleteLoginProfileRequestTypeDef,
        GetLoginProfileRequestTypeDef,
        UpdateLoginProfileRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.iam.store import Store

# 8 MB and about 20 ms for each try (RFC 7914); hashed in the writer's thread.
_COST, _BLOCK, _LANES = 2**13, 8, 1


@dataclass(frozen=True, slots=True)
class LoginProfiles:
    """The operations on passwords."""

    store: Store

    def create_login_profile(
        self, tx: Tx, context: RequestContext, request: CreateLoginProfileRequestTypeDef
    ) -> Document:
        user = get(self.store, tx, context, User, user_name(context, request))
        if user.login is not None:
            raise EntityAlreadyExists(f"Login Profile for user {user.name} already exists.")
        must_change = request.get("PasswordResetRequired", False)
        login = self._profile(tx, context, request.get("Password", ""), must_change=must_change)
        self.store.put(tx, replace(user, login=login))
        return {"LoginProfile": _shape(user, login)}

    def get_login_profile(
        self, tx: Tx, context: RequestContext, request: GetLoginProfileRequestTypeDef
    ) -> Document:
        user, login = self._known(tx, context, request)
        return {"LoginProfile": _shape(user, login)}

    def update_login_profile(
        self, tx: Tx, context: RequestContext, request: UpdateLoginProfileRequestTypeDef
    ) -> Document:
        user, login = self._known(tx, context, request)
        must_change = request.get("PasswordResetRequired", login.must_change)
        if "Password" in request:
            fresh = self._profile(tx, context, request["Password"], must_change=must_change)
            login = replace(fresh, created_s=login.created_s)
        login = replace(login, must_change=must_change)
        self.store.put(tx, replace(user, login=login))
        return {}

    def delete_login_profile(
        self, tx: Tx, context: RequestContext, request: DeleteLoginProfileRequestTypeDef
    ) -> Document:
        user, _ = self._known(tx, context, request)
        self.store.put(tx, replace(user, login=None))
        return {}

    def change_password(
        self, tx: Tx, context: RequestContext, request: ChangePasswordRequestTypeDef
    ) -> Document:
        if context.principal.kind != "user":
            raise InvalidUserType("Only users can change their password.")
        user, login = self._known(tx, context, {})
        digest = _digest(request["OldPassword"], login.salt)
        if not hmac.compare_digest(digest, login.digest):
            raise PasswordPolicyViolation("The old password was incorrect.")
        fresh = self._profile(tx, context, request["NewPassword"], must_change=False)
        self.store.put(tx, replace(user, login=replace(fresh, created_s=login.created_s)))
        return {}

    def _profile(
        self, tx: Tx, context: RequestContext, password: str, *, must_change: bool
    ) -> LoginProfile:
        policy = settings_of(self.store, tx, context).password_policy
        wrong = complaint(password, policy)
        if wrong:
            raise PasswordPolicyViolation(wrong)
        salt, now_s = ids.hex_id(), seconds(context.now)
        return LoginProfile(
            created_s=now_s,
            changed_s=now_s,
            salt=salt,
            digest=_digest(password, salt),
            must_change=must_change,
        )

    def _known(self, tx: Tx, context: RequestContext, request: Any) -> tuple[User, LoginProfile]:
        user = get(self.store, tx, context, User, user_name(context, request))
        if user.login is None:
            raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
        return user, user.login


def _digest(password: str, salt: str) -> str:
    raw = hashlib.scrypt(
        password.encode(), salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_LANES, dklen=32
    )
    return raw.hex()


def _shape(user: User, login: LoginProfile) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "CreateDate": moment(login.created_s),
        "PasswordResetRequired": login.must_change,
    }
