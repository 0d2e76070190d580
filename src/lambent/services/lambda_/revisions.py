"""Revision ids change with more than code and configuration: permissions and tags belong to a revision, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import ResourceNotFound
from lambent.services.lambda_.names import LATEST, not_found
from lambent.services.lambda_.qualifiers import find_version
from lambent.services.lambda_.resources import ALIASES

if TYPE_CHECKING:
    from lambent.core.ports import Tx
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.registry import Registry


@dataclass(frozen=True, slots=True)
class Revisions:
    """Reads and renews the revision id of a function, a version or an alias."""

    registry: Registry

    def current(self, tx: Tx, ref: FunctionRef) -> str:
        """Raises ResourceNotFound, in the words for an alias where `ref` names one."""
        if _is_alias(ref):
            return str(_alias(tx, ref)["RevisionId"])
        return self._function(tx, ref).revision_id

    def renew(self, tx: Tx, ref: FunctionRef) -> str:
        """Raises as `current`."""
        revision = ids.uuid()
        if _is_alias(ref):
            document = _alias(tx, ref) | {"RevisionId": revision}
            ALIASES.put(tx, ref.scope, ref.name, ref.qualifier, document)
            return revision
        function = replace(self._function(tx, ref), revision_id=revision)
        self.write(tx, function)
        return revision

    def write(self, tx: Tx, function: Function) -> None:
        """Write a version that differs in nothing that its environments are made of."""
        repository.replace(tx, function)
        if function.version:
            tx.after_commit(self.registry.forget_qualifiers, function.key)
        else:
            tx.after_commit(self.registry.store, function)

    def _function(self, tx: Tx, ref: FunctionRef) -> Function:
        return find_version(tx, ref, ref.qualifier or LATEST)


def require(tx: Tx, ref: FunctionRef) -> None:
    """Raises ResourceNotFound unless what `ref` names is there, in the words of the operations on configurations of
    versions and aliases."""
    if repository.find(tx, ref.scope, ref.name) is None:
        raise not_found(replace(ref, qualifier=""))
    if _is_alias(ref):
        _alias(tx, ref)
    else:
        find_version(tx, ref, ref.qualifier or LATEST)


def _is_alias(ref: FunctionRef) -> bool:
    return not ref.is_latest and not ref.qualifier.isdigit()


def _alias(tx: Tx, ref: FunctionRef) -> dict[str, object]:
    if repository.find(tx, ref.scope, ref.name) is None:
        raise not_found(replace(ref, qualifier=""))
    document = ALIASES.find(tx, ref.scope, ref.name, ref.qualifier)
    if document is None:
        raise ResourceNotFound(f"Cannot find alias arn: {ref.arn}")
    return document
