"""What hangs on functions, a JSON document each: aliases, policies, layers, configurations of invoking.

A kind of resource is one `Kind`; every function of it takes the transaction it works in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import delete, select

from lambent.services.lambda_.tables import RESOURCES
from lambent.storage import documents

if TYPE_CHECKING:
    from sqlalchemy import Table

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.storage.documents import Row

_C = RESOURCES.c


class Kind(documents.Kind):
    """One kind of resource. `owner` is a function's or a layer's name, or ""."""

    __slots__ = ()
    table: ClassVar[Table] = RESOURCES

    def of(self, tx: Tx, scope: Scope, owner: str) -> list[Row]:
        """All of one owner, by id."""
        return self.rows_of(tx, scope, owner)

    def of_account(self, tx: Tx, account_id: str) -> list[Row]:
        """All of an account, in every region."""
        return self._rows(tx, (_C.account_id == account_id) & (_C.kind == self.name))

    def mentions(self, tx: Tx, text: str) -> bool:
        """Does a document of this kind hold that text, in any account?"""
        where = (_C.kind == self.name) & _C.document.contains(text)
        return tx.one(select(_C.id).where(where).limit(1)) is not None

    def holding(self, tx: Tx, text: str) -> Row | None:
        """One whose document holds that text, in any account."""
        rows = self._rows(tx, (_C.kind == self.name) & _C.document.contains(text))
        return rows[0] if rows else None


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
