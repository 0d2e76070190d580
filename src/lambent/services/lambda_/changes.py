"""How a change of a function gets onto the disk, into memory and to the execution plane.

Every change is one transaction on one row. What it means for the rest (the registry, the old environments, files that
nobody needs now) happens after the commit, so nothing is told of a change that did not take place.

A change that meets a function which is still settling waits for it, five seconds at most: tools from 2016 send
UpdateFunctionCode and UpdateFunctionConfiguration back to back, and AWS let them.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.services.lambda_ import events, repository, resources
from lambent.services.lambda_.code_signing import refuse_unsigned
from lambent.services.lambda_.errors import PreconditionFailed, ResourceConflict
from lambent.services.lambda_.function_policies import refuse_pinned
from lambent.services.lambda_.model import Code
from lambent.services.lambda_.names import not_found
from lambent.services.lambda_.publishing import publish
from lambent.services.lambda_.qualifiers import find_version
from lambent.services.lambda_.settling import PATIENCE_S, in_progress
from lambent.services.lambda_.timestamps import calendar_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.cleaning import Cleaning
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.packages import Packages
    from lambent.services.lambda_.ports import Plane
    from lambent.services.lambda_.registry import Registry
    from lambent.services.lambda_.snap_start import Snapshots
from lambent.services.lambda_.settling import Settling


class Changes:
    """Creates, updates and deletes functions."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        packages: Packages,
        settling: Settling,
        cleaning: Cleaning,
        snapshots: Snapshots,
        plane: Plane,
    ) -> None:
        self._database = database
        self._registry = registry
        self._packages = packages
        self._settling = settling
        self._cleaning = cleaning
        self._snapshots = snapshots
        self._plane = plane

    @asynccontextmanager
    async def package(self, archive: bytes, interpreter: str | None) -> AsyncIterator[Code]:
        """Make code of a zip and keep it while the function's row is written; whatever is not used then is removed.

        Raises: as `Packages.store` and `Packages.seal`.
        """
        async with self._packages.deploying():
            digest = await self._packages.store(archive)
            trees = []
            try:
                tree, unpacked = await self._packages.seal_measured(digest, interpreter)
                trees.append(tree)
                yield Code(digest, len(archive), tree, unpacked)
            finally:
                self._cleaning.offer([digest], [*trees, *self._packages.take_uncompiled()])

    def deploying(self) -> AbstractAsyncContextManager[None]:
        """Held from before layers are looked up until a row that uses them is written: nothing is collected."""
        return self._packages.deploying()

    async def inspect(self, archive: bytes) -> Code:
        """What `package` would make of a zip, without keeping anything. Raises as `package`."""
        async with self._packages.deploying():
            digest = await self._packages.store(archive)
            try:
                await self._packages.check(digest)
            finally:
                self._cleaning.offer([digest], [])
        return Code(digest, len(archive), tree="")

    @asynccontextmanager
    async def recompiled(self, code: Code, interpreter: str | None) -> AsyncIterator[Code]:
        """The same code for another interpreter, as `package`."""
        async with self._packages.deploying():
            tree = await self._packages.seal(code.archive, interpreter)
            try:
                yield replace(code, tree=tree)
            finally:
                self._cleaning.offer([], [tree, *self._packages.take_uncompiled()])

    async def refuse_existing(self, ref: FunctionRef, signing_arn: str = "") -> None:
        """Raises ResourceConflict when the name is taken, and what `refuse_unsigned` raises if a code signing
        configuration is named: asked before a package is worked on."""

        def look(tx: Tx) -> None:
            _refuse_existing(tx, ref)
            if signing_arn:
                refuse_unsigned(tx, ref, signing_arn)

        await self._database.read(look)

    async def refuse_unsigned(self, ref: FunctionRef) -> None:
        """Raises CodeVerificationFailed where the function takes signed code only."""
        await self._database.read(partial(refuse_unsigned, ref=ref))

    async def refuse_pinned(self, ref: FunctionRef) -> None:
        """Raises InvalidParameterValue where the function may not be given another runtime."""
        await self._database.read(partial(refuse_pinned, ref=ref))

    async def create(
        self,
        function: Function,
        ref: FunctionRef,
        also: Callable[[Tx], None] | None = None,
        *,
        publishes: bool = False,
    ) -> Function:
        """Returns the function, or the version that it was published as. Raises ResourceConflict when the name is
        taken, and what `also` raises, which writes in the same transaction."""

        def add(tx: Tx) -> Function:
            _refuse_existing(tx, ref)
            repository.add(tx, function)
            if also is not None:
                also(tx)
            tx.after_commit(self._created, function)
            return self._publish(tx, function) if publishes else function

        return await self._database.write(add)

    async def settled(self, ref: FunctionRef, revision_id: str = "") -> Function:
        """The function, once it has settled, if it is at the revision that the caller expects.

        Raises:
            ResourceNotFound, PreconditionFailed; ResourceConflict when it does not settle in time.
        """
        function = await self._database.read(partial(_get, ref=ref))
        if not function.is_settled:
            function = await self._patiently(function, ref)
        if revision_id and revision_id != function.revision_id:
            raise PreconditionFailed
        return function

    async def _patiently(self, function: Function, ref: FunctionRef) -> Function:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not function.is_settled:
                    revision_id = function.revision_id
                    await asyncio.wait({self._settling.task(function)})
                    function = await self._database.read(partial(_get, ref=ref))
                    # Still the same: the attempt failed. Otherwise another change came in between.
                    if not function.is_settled and function.revision_id == revision_id:
                        raise in_progress(function)
        except TimeoutError:
            raise in_progress(function) from None
        return function

    async def update(
        self,
        ref: FunctionRef,
        now: datetime,
        change: Callable[[Function], Function],
        revision_id: str = "",
        *,
        publishes: bool = False,
    ) -> Function:
        """Write what `change` makes of the function, and begin to settle it; returns that, or the version that it was
        published as. Raises as `settled`."""

        def write(tx: Tx, expected: Function) -> Function | None:
            current = _get(tx, ref)
            if current.revision_id != expected.revision_id:
                return None
            changed = replace(
                change(current),
                update="InProgress",
                revision_id=revision,
                deployment_id=deployment,
                modified_ms=calendar_ms(now) // 1000 * 1000,  # AWS dates updates to the second
            )
            repository.replace(tx, changed)
            tx.after_commit(self._updated, current, changed)
            if publishes:
                return self._publish(tx, changed)
            return changed

        revision, deployment = ids.uuid(), ids.hex_id()
        changed = None
        while changed is None:  # once more whenever another change came between
            expected = await self.settled(ref, revision_id)
            changed = await self._database.write(partial(write, expected=expected))
        return changed

    async def delete(self, ref: FunctionRef) -> None:
        """Raises as `settled`."""

        def remove(tx: Tx) -> None:
            _get(tx, ref)
            for version in repository.versions(tx, ref.scope, ref.name):
                tx.after_commit(self._deleted, version)
            repository.remove(tx, ref.scope, ref.name)
            resources.remove_function(tx, ref.scope, ref.name)

        await self.settled(ref)
        await self._database.write(remove)

    async def delete_all(self) -> None:
        """Every function of every account, settled or not."""

        def remove(tx: Tx) -> None:
            for function in repository.every(tx):
                repository.remove(tx, function.scope, function.name)
                tx.after_commit(self._deleted, function)
            resources.remove_all(tx)
            tx.after_commit(self._registry.book.clear)
            events.remove_all(tx)

        await self._database.write(remove)

    async def publish(
        self,
        ref: FunctionRef,
        now: datetime,
        check: Callable[[Function], None],
        *,
        description: str | None = None,
        revision_id: str = "",
    ) -> Function:
        """The version that $LATEST is published as, once it has settled. Raises as `settled`, and what `check` raises
        of it."""

        def write(tx: Tx, expected: Function) -> Function | None:
            current = _get(tx, ref)
            if current.revision_id != expected.revision_id:
                return None
            check(current)
            version = publish(tx, current, calendar_ms(now), description)
            tx.after_commit(self._snapshots.begin, version)
            tx.after_commit(self._registry.forget_qualifiers, current.key)
            return version

        version = None
        while version is None:  # once more whenever a change came between
            expected = await self.settled(ref, revision_id)
            version = await self._database.write(partial(write, expected=expected))
        return version

    async def delete_version(self, ref: FunctionRef, check: Callable[[Tx], None]) -> None:
        """Delete the version that `ref` names. Raises ResourceNotFound, and what `check` raises."""

        def remove(tx: Tx) -> None:
            version = find_version(tx, ref, ref.qualifier)
            check(tx)
            repository.remove_version(tx, version)
            resources.remove_qualifier(tx, ref.scope, ref.name, ref.qualifier)
            tx.after_commit(self._registry.book.forget, ref.arn)
            tx.after_commit(self._version_deleted, version)

        await self._database.write(remove)

    def _publish(self, tx: Tx, function: Function) -> Function:
        version = publish(tx, function, function.modified_ms)
        tx.after_commit(self._snapshots.begin, version)
        return version

    def _created(self, function: Function) -> None:
        self._registry.store(function)
        self._settling.begin(function)

    def _updated(self, old: Function, new: Function) -> None:
        self._registry.store(new)
        self._plane.retire(old.spec_key)
        self._settling.begin(new)
        self._cleaning.retire(old)

    def _version_deleted(self, version: Function) -> None:
        self._registry.forget_qualifiers(version.key)
        self._plane.retire(version.spec_key)
        self._cleaning.retire(version)

    def _deleted(self, function: Function) -> None:
        self._registry.drop(function.key)
        self._plane.reserve(function.arn, function.scope.account_id, None)
        self._plane.retire(function.spec_key)
        self._cleaning.retire(function)


def _get(tx: Tx, ref: FunctionRef) -> Function:
    function = repository.find(tx, ref.scope, ref.name)
    if function is None:
        raise not_found(ref)
    return function


def _refuse_existing(tx: Tx, ref: FunctionRef) -> None:
    if repository.find(tx, ref.scope, ref.name) is not None:
        raise ResourceConflict(f"Function already exist: {ref.name}")
