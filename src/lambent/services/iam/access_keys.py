"""Access keys of users and of an account's root. The secret is shown once, when the key is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from lambent.core import ids
from lambent.services.iam import uses
from lambent.services.iam.accounts import ACTIVE, root_credential, user_credential
from lambent.services.iam.errors import LimitExceeded, NoSuchEntity
from lambent.services.iam.model import User, moment
from lambent.services.iam.naming import get, user_name
from lambent.services.iam.paging import page
from lambent.services.iam.tables import ACCESS_KEYS

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from types_boto3_iam.type_defs import (
        CreateAccessKeyRequestTypeDef,
        DeleteAccessKeyRequestTypeDef,
        GetAccessKeyLastUsedRequestTypeDef,
        ListAccessKeysRequestTypeDef,
        UpdateAccessKeyRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Credential, Tx
    from lambent.core.service import Document
    from lambent.services.iam.accounts import Accounts
    from lambent.services.iam.store import Store

# "Access keys assigned to an IAM user: 2" (IAM and AWS STS quotas).
MOST_KEYS = 2
_C = ACCESS_KEYS.c


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """The operations on access keys. `accounts` holds the active ones in memory."""

    store: Store
    accounts: Accounts

    def create_access_key(
        self, tx: Tx, context: RequestContext, request: CreateAccessKeyRequestTypeDef
    ) -> Document:
        user = self._owner(tx, context, request)
        if len(self._rows(tx, context, user)) >= MOST_KEYS:
            raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}")
        key_id, secret = ids.access_key_id(), ids.secret_access_key()
        created_ms = int(context.now.timestamp()) * 1000
        tx.execute(
            insert(ACCESS_KEYS).values(
                access_key_id=key_id,
                account_id=context.scope.account_id,
                user_name=None if user is None else user.name,
                secret_access_key=secret,
                status=ACTIVE,
                created_ms=created_ms,
            )
        )
        tx.after_commit(self.accounts.remember, _credential(context, user, key_id, secret))
        return {
            "AccessKey": {
                **({} if user is None else {"UserName": user.name}),
                "AccessKeyId": key_id,
                "Status": ACTIVE,
                "SecretAccessKey": secret,
                "CreateDate": moment(created_ms // 1000),
            }
        }

    def list_access_keys(
        self, tx: Tx, context: RequestContext, request: ListAccessKeysRequestTypeDef
    ) -> Document:
        user = self._owner(tx, context, request)
        return page(request, "AccessKeyMetadata", self._rows(tx, context, user), _shown)

    def update_access_key(
        self, tx: Tx, context: RequestContext, request: UpdateAccessKeyRequestTypeDef
    ) -> Document:
        user = self._owner(tx, context, request)
        row = self._row(tx, context, user, request["AccessKeyId"])
        status = request["Status"]
        where = _C.access_key_id == row.access_key_id
        tx.execute(update(ACCESS_KEYS).where(where).values(status=status))
        if status == ACTIVE:
            found = _credential(context, user, row.access_key_id, row.secret_access_key)
            tx.after_commit(self.accounts.remember, found)
        else:
            tx.after_commit(self.accounts.forget, row.account_id, row.access_key_id)
        return {}

    def delete_access_key(
        self, tx: Tx, context: RequestContext, request: DeleteAccessKeyRequestTypeDef
    ) -> Document:
        user = self._owner(tx, context, request)
        row = self._row(tx, context, user, request["AccessKeyId"])
        tx.execute(delete(ACCESS_KEYS).where(_C.access_key_id == row.access_key_id))
        tx.after_commit(self.accounts.forget, row.account_id, row.access_key_id)
        return {}

    def get_access_key_last_used(
        self, tx: Tx, context: RequestContext, request: GetAccessKeyLastUsedRequestTypeDef
    ) -> Document:
        account_id, key_id = context.scope.account_id, request["AccessKeyId"]
        where = (_C.access_key_id == key_id) & (_C.account_id == account_id)
        row = tx.one(select(ACCESS_KEYS).where(where))
        if row is None:
            raise _absent(key_id)
        use = uses.latest(tx, account_id, key_id)
        last: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
        if use is not None:
            last = {
                "LastUsedDate": use.moment,
                "ServiceName": use.service,
                "Region": use.region,
            }
        name = {} if row.user_name is None else {"UserName": row.user_name}
        return {**name, "AccessKeyLastUsed": last}

    def _owner(self, tx: Tx, context: RequestContext, request: Any) -> User | None:
        """The user whose keys are meant, None for the root of the account."""
        if "UserName" not in request and context.principal.kind == "root":
            return None
        return get(self.store, tx, context, User, user_name(context, request))

    def _rows(self, tx: Tx, context: RequestContext, user: User | None) -> list[Any]:
        where = owned_by(context.scope.account_id, user)
        order = (_C.created_ms, _C.access_key_id)
        return list(tx.all(select(ACCESS_KEYS).where(where).order_by(*order)))

    def _row(self, tx: Tx, context: RequestContext, user: User | None, key_id: str) -> Any:
        where = owned_by(context.scope.account_id, user) & (_C.access_key_id == key_id)
        row = tx.one(select(ACCESS_KEYS).where(where))
        if row is None:
            raise _absent(key_id)
        return row


def owned_by(account_id: str, user: User | None) -> ColumnElement[bool]:
    owner = _C.user_name.is_(None) if user is None else func.lower(_C.user_name) == user.key
    return (_C.account_id == account_id) & owner


def _absent(key_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"The Access Key with id {key_id} cannot be found.")


def _credential(context: RequestContext, user: User | None, key_id: str, secret: str) -> Credential:
    if user is None:
        return root_credential(context.scope.account_id, key_id, secret)
    return user_credential(user, key_id, secret)


def _shown(row: Any) -> dict[str, Any]:
    return {
        **({} if row.user_name is None else {"UserName": row.user_name}),
        "AccessKeyId": row.access_key_id,
        "Status": row.status,
        "CreateDate": moment(row.created_ms // 1000),
    }
