"""Policies, tags and condition keys of resources, in memory for who decides about requests (`ResourceFacts`).

Read once at the start and changed only when a change has been committed, as the registry is, which owns the one book of
a service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lambent.core.ports import NamedPolicy
from lambent.services.lambda_ import repository
from lambent.services.lambda_.layer_arns import LayerRef
from lambent.services.lambda_.names import FunctionRef
from lambent.services.lambda_.policies import policy_text
from lambent.services.lambda_.resources import (
    EVENT_SOURCES,
    LAYER_POLICIES,
    POLICIES,
    SIGNING_CONFIGS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.policies import Statement


class ResourceBook:
    """By ARN: the policies of functions, versions, aliases and layer versions; the tags of functions, event source
    mappings and code signing configurations; the function of a mapping.
    """

    def __init__(self) -> None:
        self._policies: dict[str, NamedPolicy] = {}
        self._tags: dict[str, Mapping[str, str]] = {}
        self._functions: dict[str, str] = {}  # of event source mappings
        self._generations: dict[str, int] = {}

    async def load(self, database: Database) -> None:
        """What the database holds; called once, before the first request."""
        held = await database.read(_read)
        for arn, statements in held.policies.items():
            self.put(arn, statements)
        for function in held.functions:
            self.tag(function)
        for row in held.mappings:
            self.put_mapping(row)
        for row in held.signing_configs:
            self.put_tags(row["config"]["CodeSigningConfigArn"], row["tags"])

    # --- what deciders ask ---------------------------------------------------------------------------------------

    def policies(self, arn: str) -> Sequence[NamedPolicy]:
        found = self._policies.get(arn)
        return () if found is None else (found,)

    def tags(self, arn: str) -> Mapping[str, str]:
        """A version or alias has the tags of its function."""
        return self._tags.get(_unqualified(arn), {})

    def keys(self, arn: str) -> Mapping[str, tuple[str, ...]]:
        """`lambda:FunctionArn` of an event source mapping."""
        function_arn = self._functions.get(arn)
        return {} if function_arn is None else {"lambda:functionarn": (function_arn,)}

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
        self.put_tags(function.arn, function.tags)

    def put_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """All the tags that it has now."""
        if tags:
            self._tags[arn] = dict(tags)
        else:
            self._tags.pop(arn, None)

    def put_mapping(self, row: Mapping[str, Any]) -> None:
        arn = row["EventSourceMappingArn"]
        self._functions[arn] = row["FunctionArn"]
        self.put_tags(arn, row.get("tags", {}))

    def forget_mapping(self, arn: str) -> None:
        self._functions.pop(arn, None)
        self._tags.pop(arn, None)

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

    def clear(self) -> None:
        """Everything of every account is gone (`--test-mode`)."""
        for held in (self._policies, self._tags, self._functions):
            held.clear()
        for account_id in self._generations:
            self._generations[account_id] += 1

    def _moved(self, arn: str) -> None:
        account_id = arn.split(":", 5)[4]
        self._generations[account_id] = self.generation(account_id) + 1


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":", 7)[:7])


class _Held(NamedTuple):
    policies: dict[str, list[Statement]]
    functions: list[Function]
    mappings: list[dict[str, Any]]
    signing_configs: list[dict[str, Any]]


def _read(tx: Tx) -> _Held:
    found = {}
    for row in POLICIES.everywhere(tx):
        found[FunctionRef(row.scope, row.owner, row.id).arn] = row.document["statements"]
    for row in LAYER_POLICIES.everywhere(tx):
        ref = LayerRef(row.scope, row.owner, int(row.id))
        found[ref.version_arn] = row.document["statements"]
    return _Held(
        found,
        [each for each in repository.every(tx) if each.tags and not each.version],
        [row.document for row in EVENT_SOURCES.everywhere(tx)],
        [row.document for row in SIGNING_CONFIGS.everywhere(tx)],
    )
