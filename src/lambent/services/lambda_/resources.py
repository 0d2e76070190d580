"""What hangs on functions, a JSON document each: aliases, policies, layers, configurations of invoking.

A kind of resource is one `Kind`; every function of it takes the transaction it works in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, insert, select, update

from lambent.core.context import Scope
from lambent.services.lambda_.tables import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.ports import Tx

_C = RESOURCES.c
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One row: its document, and where it was found."""

    scope: Scope
    owner: str
    id: str
    document: Document


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource. Rows are found by scope, by `owner` (a function's or a layer's name, or "") and by `id`."""

    name: str

    def find(self, tx: Tx, scope: Scope, owner: str, id_: str) -> Document | None:
        row = tx.one(select(_C.document).where(self._is(scope, owner, id_)))
        return None if row is None else orjson.loads(row.document)

    def put(
        self, tx: Tx, scope: Scope, owner: str, id_: str, document: Mapping[str, object]
    ) -> None:
        """Insert or replace."""
        text = orjson.dumps(document).decode()
        where = self._is(scope, owner, id_)
        if tx.execute(update(RESOURCES).where(where).values(document=text)):
            return
        values = {
            "account_id": scope.account_id,
            "region": scope.region,
            "kind": self.name,
            "owner": owner,
            "id": id_,
            "document": text,
        }
        tx.execute(insert(RESOURCES).values(values))

    def remove(self, tx: Tx, scope: Scope, owner: str, id_: str) -> bool:
        """True if it was there."""
        return bool(tx.execute(delete(RESOURCES).where(self._is(scope, owner, id_))))

    def of(self, tx: Tx, scope: Scope, owner: str) -> list[Resource]:
        """All of one owner, by id."""
        return self._rows(tx, self._scoped(scope) & (_C.owner == owner))

    def all(self, tx: Tx, scope: Scope) -> list[Resource]:
        """All of an account and region, by owner and id."""
        return self._rows(tx, self._scoped(scope))

    def of_account(self, tx: Tx, account_id: str) -> list[Resource]:
        """All of an account, in every region."""
        return self._rows(tx, (_C.account_id == account_id) & (_C.kind == self.name))

    def everywhere(self, tx: Tx) -> list[Resource]:
        """All of every account and region."""
        return self._rows(tx, _C.kind == self.name)

    def mentions(self, tx: Tx, text: str) -> bool:
        """Does a document of this kind hold that text, in any account?"""
        where = (_C.kind == self.name) & _C.document.contains(text)
        return tx.one(select(_C.id).where(where).limit(1)) is not None

    def holding(self, tx: Tx, text: str) -> Resource | None:
        """One whose document holds that text, in any account."""
        rows = self._rows(tx, (_C.kind == self.name) & _C.document.contains(text))
        return rows[0] if rows else None

    def _rows(self, tx: Tx, where: ColumnElement[bool]) -> list[Resource]:
        return [
            Resource(
                Scope(row.account_id, row.region), row.owner, row.id, orjson.loads(row.document)
            )
            for row in tx.all(select(RESOURCES).where(where).order_by(_C.owner, _C.id))
        ]

    def _scoped(self, scope: Scope) -> ColumnElement[bool]:
        return (
            (_C.account_id == scope.account_id)
            & (_C.region == scope.region)
            & (_C.kind == self.name)
        )

    def _is(self, scope: Scope, owner: str, id_: str) -> ColumnElement[bool]:
        return self._scoped(scope) & (_C.owner == owner) & (_C.id == id_)


ALIASES = Kind("alias")
POLICIES = Kind("policy")
CONCURRENCY = Kind("concurrency")
PROVISIONED = Kind("provisioned-concurrency")
EVENT_INVOKE = Kind("event-invoke-config")
URLS = Kind("url")
RUNTIME_MANAGEMENT = Kind("runtime-management")
RECURSION = Kind("recursion")
SIGNING = Kind("code-signing")  # of a function: which configuration it has
# Owned by no function: they stay when a function goes.
SIGNING_CONFIGS = Kind("code-signing-config")
LAYERS = Kind("layer")
LAYER_VERSIONS = Kind("layer-version")
LAYER_POLICIES = Kind("layer-policy")
EVENT_SOURCES = Kind("event-source-mapping")

OF_FUNCTIONS = (
    ALIASES,
    POLICIES,
    CONCURRENCY,
    PROVISIONED,
    EVENT_INVOKE,
    URLS,
    RUNTIME_MANAGEMENT,
    RECURSION,
    SIGNING,
)
# What belongs to one version or alias and goes with it.
OF_QUALIFIERS = (POLICIES, PROVISIONED, EVENT_INVOKE, URLS, RUNTIME_MANAGEMENT)


def remove_function(tx: Tx, scope: Scope, name: str) -> None:
    """Everything that hangs on a function, with the function."""
    kinds = [kind.name for kind in OF_FUNCTIONS]
    tx.execute(
        delete(RESOURCES).where(
            (_C.account_id == scope.account_id)
            & (_C.region == scope.region)
            & _C.kind.in_(kinds)
            & (_C.owner == name)
        )
    )


def remove_qualifier(tx: Tx, scope: Scope, name: str, qualifier: str) -> None:
    """What hangs on one version or alias, with it."""
    for kind in OF_QUALIFIERS:
        kind.remove(tx, scope, name, qualifier)


def remove_all(tx: Tx) -> None:
    """Everything of every account (`--test-mode`)."""
    tx.execute(delete(RESOURCES))
