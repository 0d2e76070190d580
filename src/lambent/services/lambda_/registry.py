"""Functions in memory, ready to be invoked: a warm invocation asks no database.

An entry is made by the first read of its function and replaced or dropped when a change has been committed. A read that
began before such a change must not overwrite what the change left: it takes the registry's `epoch` before and gives it
back with what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.services.lambda_ import repository

if TYPE_CHECKING:
    from lambent.core.context import Scope
    from lambent.core.ports import Database
    from lambent.execution.spec import FunctionSpec
    from lambent.services.lambda_.model import Function, Key


@dataclass(frozen=True, slots=True)
class Invocable:
    """A function, and what the execution plane makes environments from, built once."""

    function: Function
    spec: FunctionSpec
    arn: str

    @classmethod
    def of(cls, function: Function) -> Invocable:
        return cls(function, function.spec(), function.arn)


class Registry:
    """The invocable functions by (account id, region, name)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: dict[Key, Invocable] = {}
        self._epoch = 0

    def get(self, key: Key) -> Invocable | None:
        """What is in memory; None may mean that nobody has asked yet."""
        return self._entries.get(key)

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

    def store(self, function: Function) -> None:
        """A change of this function was committed."""
        self._epoch += 1
        self._entries[function.key] = Invocable.of(function)

    def drop(self, key: Key) -> None:
        """The function's deletion was committed."""
        self._epoch += 1
        self._entries.pop(key, None)
