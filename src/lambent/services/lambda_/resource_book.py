"""Resource policies and tags in memory, for whoever decides about requests (`core.ports.ResourceFacts`).

Read once at the start and changed only when a change has been committed, as the registry is, which owns the one book of
a service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.ports import NamedPolicy
from lambent.services.lambda_ import repository
from lambent.services.lambda_.layer_arns import LayerRef
from lambent.services.lambda_.names import FunctionRef
from lambent.services.lambda_.policies import policy_text
from lambent.services.lambda_.resources import LAYER_POLICIES, POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.policies import Statement


class ResourceBook:
    """Policies by ARN: of functions, versions, aliases and layer versions. Tags by the ARN of the function."""

    def __init__(self) -> None:
        self._policies: dict[str, NamedPolicy] = {}
        self._tags: dict[str, Mapping[str, str]] = {}
        self._generations: dict[str, int] = {}

    async def load(self, database: Database) -> None:
        """What the database holds; called once, before the first request."""
        found, functions = await database.read(_read)
        for arn, statements in found.items():
            self.put(arn, statements)
        for function in functions:
            self.tag(function)

    # --- what deciders ask ---------------------------------------------------------------------------------------

    def policies(self, arn: str) -> Sequence[NamedPolicy]:
        found = self._policies.get(arn)
        return () if found is None else (found,)

    def tags(self, arn: str) -> Mapping[str, str]:
        """A version or alias has the tags of its function."""
        return self._tags.get(_unqualified(arn), {})

    def keys(self, _arn: str) -> Mapping[str, tuple[str, ...]]:
        return {}

    def full_arn(self, arn: str) -> str:
        return arn

    def generation(self, account_id: str) -> int:
        return self._generations.get(account_id, 0)

    # --- what has been committed ---------------------------------------------------------------------------------

    def put(self, arn: str, statements: Sequence[Statement]) -> None:
        """The policy of this resource; without statements it has none."""
        if statements:
            self._policies[arn] = NamedPolicy(arn, policy_text(statements))
        else:
            self._policies.pop(arn, None)
        self._moved(arn)

    def tag(self, function: Function) -> None:
        if function.tags:
            self._tags[_unqualified(function.arn)] = dict(function.tags)
        else:
            self._tags.pop(_unqualified(function.arn), None)

    def forget(self, arn: str) -> None:
        """A version or alias is gone."""
        self.put(arn, ())

    def forget_function(self, arn: str) -> None:
        """A function is gone, with everything that hung on it."""
        arn = _unqualified(arn)
        for each in [each for each in self._policies if each == arn or each.startswith(f"{arn}:")]:
            del self._policies[each]
        self._tags.pop(arn, None)
        self._moved(arn)

    def forget_layers(self) -> None:
        """Every layer of every account is gone (`--test-mode`)."""
        for arn in [each for each in self._policies if ":layer:" in each]:
            self.forget(arn)

    def _moved(self, arn: str) -> None:
        account_id = arn.split(":", 5)[4]
        self._generations[account_id] = self.generation(account_id) + 1


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":", 7)[:7])


def _read(tx: Tx) -> tuple[dict[str, list[Statement]], list[Function]]:
    found = {}
    for row in POLICIES.everywhere(tx):
        found[FunctionRef(row.scope, row.owner, row.id).arn] = row.document["statements"]
    for row in LAYER_POLICIES.everywhere(tx):
        ref = LayerRef(row.scope, row.owner, int(row.id))
        found[ref.version_arn] = row.document["statements"]
    return found, [each for each in repository.every(tx) if each.tags and not each.version]
