"""Functions in memory, ready to be invoked: a warm invocation asks no database.

An entry is made by the first read of its function and replaced or dropped when a change has been committed. A read that
began before such a change must not overwrite what the change left: it takes the registry's `epoch` before and gives it
back with what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.context import Scope
from lambent.services.lambda_ import repository
from lambent.services.lambda_.live_urls import LiveUrls
from lambent.services.lambda_.names import function_arn
from lambent.services.lambda_.qualifiers import route
from lambent.services.lambda_.resource_book import ResourceBook

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.ports import Database
    from lambent.execution.spec import FunctionSpec
    from lambent.services.lambda_.model import Function, Key
    from lambent.services.lambda_.names import FunctionRef


@dataclass(frozen=True, slots=True)
class Invocable:
    """A function, and what the execution plane makes environments from, built once."""

    function: Function
    spec: FunctionSpec
    arn: str

    @classmethod
    def of(cls, function: Function) -> Invocable:
        return cls(function, function.spec(), function.arn)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a qualifier leads: `weight` of the calls go to `second`, the others to `first`."""

    first: Invocable
    second: Invocable | None
    weight: float


class Registry:
    """The invocable functions by (account id, region, name), and what their qualifiers lead to. `book` has their
    policies and tags, `urls` what their URLs lead to.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: dict[Key, Invocable] = {}
        self._targets: dict[Key, dict[str, Target]] = {}
        self._epoch = 0
        self.book = ResourceBook()
        self.urls = LiveUrls(database)
        # What is in memory; None may mean that nobody has asked yet.
        self.get: Callable[[Key], Invocable | None] = self._entries.get

    async def load(self, scope: Scope, name: str) -> Invocable | None:
        """Read the function, and keep it unless something changed meanwhile. None where there is no such function."""
        epoch = self._epoch
        function = await self._database.read(partial(repository.find, scope=scope, name=name))
        if function is None:
            return None
        entry = Invocable.of(function)
        if epoch == self._epoch:
            self._entries[function.key] = entry
        return entry

    def target(self, key: Key, qualifier: str) -> Target | None:
        """As `get`, for a version or an alias."""
        targets = self._targets.get(key)
        return None if targets is None else targets.get(qualifier)

    async def load_target(self, ref: FunctionRef) -> Target:
        """As `load`, for a version or an alias. Raises ResourceNotFound."""
        epoch = self._epoch
        found = await self._database.read(partial(route, ref=ref))
        second = None if found.second is None else Invocable.of(found.second)
        target = Target(Invocable.of(found.first), second, found.weight)
        if epoch == self._epoch:
            self._targets.setdefault(found.first.key, {})[ref.qualifier] = target
        return target

    def forget_qualifiers(self, key: Key) -> None:
        """A change of the function's versions or aliases was committed."""
        self._epoch += 1
        self._targets.pop(key, None)
        self.urls.forget()

    def store(self, function: Function) -> None:
        """A change of this function was committed."""
        self.forget_qualifiers(function.key)
        self._entries[function.key] = Invocable.of(function)
        self.book.tag(function)

    def drop(self, key: Key) -> None:
        """The function's deletion was committed."""
        self.forget_qualifiers(key)
        self._entries.pop(key, None)
        account_id, region, name = key
        self.book.forget_function(function_arn(Scope(account_id, region), name))
