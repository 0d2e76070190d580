"""Accounts and the access keys of their roots and users: kept in the database, looked up in memory.

Every signed request asks for its key, so the active ones are held in a dict, loaded at the start and changed only once
a change is durable. `generation` counts those changes per account: who caches what it derived from a key (signing keys,
decisions) drops it when the number has moved, before the change is answered.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, select

from lambent.core import ids
from lambent.core.context import Principal
from lambent.core.ports import Credential
from lambent.services.iam.model import User, decode
from lambent.services.iam.tables import ACCESS_KEYS, ACCOUNTS, ENTITIES

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Select

    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Tx

ACTIVE = "Active"


class Accounts:
    """Every account of the platform (`core.ports.Credentials`)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._keys: dict[str, Credential] = {}
        self._generations: dict[str, int] = {}

    async def load(self) -> None:
        """Read all active keys; called once, before the first `find`."""
        credentials = await self._database.read(_active_keys)
        self._keys = {credential.access_key_id: credential for credential in credentials}

    def find(self, access_key_id: str, session_token: str = "") -> Credential | None:
        """The active long-term key of this id, or None. Asks memory only."""
        return self._keys.get(access_key_id)

    def generation(self, account_id: str) -> int:
        """A number that moves whenever one of the account's keys or policies changes."""
        return self._generations.get(account_id, 0)

    def changed(self, account_id: str) -> None:
        """Something of the account has changed: what was derived from it no longer holds."""
        self._generations[account_id] = self.generation(account_id) + 1

    def remember(self, credential: Credential) -> None:
        """A key is active from now on."""
        self._keys[credential.access_key_id] = credential
        self.changed(credential.principal.account_id)

    def forget(self, account_id: str, access_key_id: str) -> None:
        """A key is deleted, or not active any more."""
        self._keys.pop(access_key_id, None)
        self.changed(account_id)

    def follow(self, user: User) -> None:
        """A user has changed: its keys stand for it under the name that it has now."""
        for key_id, kept in self._keys.items():
            principal = kept.principal
            if principal.user_id == user.id and principal.arn != user.arn:
                self._keys[key_id] = user_credential(user, key_id, kept.secret_access_key)

    async def create(self, account_id: str | None = None) -> Credential:
        """Make an account (a random id when none is given) and its root access key.

        Raises:
            AccountExists: there is such an account.
        """
        new = self._new_root_key(account_id or ids.account_id())
        return await self._database.write(partial(self._add, new=new))

    async def ensure(self, account_id: str) -> Credential:
        """The root access key of the account, which is made if there is none yet."""
        new = self._new_root_key(account_id)
        return await self._database.write(partial(self._find_or_add, new=new))

    async def reset(self, kept_account_id: str) -> None:
        """Forget every account but one, and of that one every key but its root's (`--test-mode`)."""

        def remove(tx: Tx) -> None:
            tx.execute(delete(ACCESS_KEYS).where(ACCESS_KEYS.c.account_id != kept_account_id))
            tx.execute(delete(ACCESS_KEYS).where(ACCESS_KEYS.c.user_name.is_not(None)))
            tx.execute(delete(ACCOUNTS).where(ACCOUNTS.c.account_id != kept_account_id))
            tx.after_commit(self._forget_others, kept_account_id)

        await self._database.write(remove)

    def _forget_others(self, kept_account_id: str) -> None:
        for credential in list(self._keys.values()):
            principal = credential.principal
            if principal.account_id != kept_account_id or principal.kind != "root":
                self.forget(principal.account_id, credential.access_key_id)

    def _new_root_key(self, account_id: str) -> Credential:
        key_id = ids.access_key_id()
        return root_credential(account_id, key_id, ids.secret_access_key())

    def _add(self, tx: Tx, new: Credential) -> Credential:
        account_id = new.principal.account_id
        if _has_account(tx, account_id):
            raise AccountExists(account_id)
        self._add_account(tx, account_id)
        self._add_key(tx, new)
        return new

    def _find_or_add(self, tx: Tx, new: Credential) -> Credential:
        account_id = new.principal.account_id
        row = tx.one(_root_keys(account_id).limit(1))
        if row is not None:
            return _credential(row)
        if not _has_account(tx, account_id):
            self._add_account(tx, account_id)
        self._add_key(tx, new)
        return new

    def _add_account(self, tx: Tx, account_id: str) -> None:
        tx.execute(insert(ACCOUNTS).values(account_id=account_id, created_ms=self._now_ms()))

    def _add_key(self, tx: Tx, new: Credential) -> None:
        tx.execute(
            insert(ACCESS_KEYS).values(
                access_key_id=new.access_key_id,
                account_id=new.principal.account_id,
                secret_access_key=new.secret_access_key,
                status=ACTIVE,
                created_ms=self._now_ms(),
            )
        )
        tx.after_commit(self.remember, new)

    def _now_ms(self) -> int:
        return int(self._clock.calendar().timestamp() * 1000)


class AccountExists(Exception):
    """There is an account with this id already. Args: the id."""


_ACTIVE_ROOT_KEYS = select(
    ACCESS_KEYS.c.access_key_id, ACCESS_KEYS.c.account_id, ACCESS_KEYS.c.secret_access_key
).where(ACCESS_KEYS.c.status == ACTIVE, ACCESS_KEYS.c.user_name.is_(None))


def _root_keys(account_id: str) -> Select[Any]:
    statement = _ACTIVE_ROOT_KEYS.where(ACCESS_KEYS.c.account_id == account_id)
    return statement.order_by(ACCESS_KEYS.c.created_ms, ACCESS_KEYS.c.access_key_id)


def _has_account(tx: Tx, account_id: str) -> bool:
    return tx.one(select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id)) is not None


def _active_keys(tx: Tx) -> list[Credential]:
    found = [_credential(row) for row in tx.all(_ACTIVE_ROOT_KEYS)]
    for row in tx.all(_ACTIVE_USER_KEYS):
        user: User = decode(User.kind, row.document)
        found.append(user_credential(user, row.access_key_id, row.secret_access_key))
    return found


_ACTIVE_USER_KEYS = (
    select(ACCESS_KEYS.c.access_key_id, ACCESS_KEYS.c.secret_access_key, ENTITIES.c.document)
    .join(
        ENTITIES,
        and_(
            ENTITIES.c.account_id == ACCESS_KEYS.c.account_id,
            ENTITIES.c.kind == User.kind,
            ENTITIES.c.key == func.lower(ACCESS_KEYS.c.user_name),
        ),
    )
    .where(ACCESS_KEYS.c.status == ACTIVE)
)


def user_credential(user: User, access_key_id: str, secret: str) -> Credential:
    """A user's key as the gateway needs it."""
    principal = Principal("user", user.account_id, user.arn, user.id, access_key_id)
    return Credential(access_key_id, secret, principal)


def _credential(row: Any) -> Credential:
    return root_credential(row.account_id, row.access_key_id, row.secret_access_key)


def root_credential(account_id: str, access_key_id: str, secret: str) -> Credential:
    principal = Principal(
        kind="root",
        account_id=account_id,
        arn=f"arn:aws:iam::{account_id}:root",
        user_id=account_id,  # as GetCallerIdentity answers for the root user
        access_key_id=access_key_id,
    )
    return Credential(access_key_id, secret, principal)
