"""SnapStart: which functions may have it, and how a version gets its snapshot.

A version that is published with it is Pending until the execution plane has made the template that its environments
are forked from. One whose INIT fails is Failed, as on AWS. One that the plane cannot fork (INIT left threads running;
a Java virtual machine) works like any other version: it is Active, with the status Off, and its StateReason says why.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from lambent.core import ids
from lambent.execution.spec import (
    SNAP_START,
    InitializationFailed,
    RuntimeUnavailable,
    SandboxFailed,
    SnapshotRefused,
)
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import InvalidParameterValue
from lambent.services.lambda_.model import PUBLISHED_VERSIONS, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.model import Function, Key, Settings, State
    from lambent.services.lambda_.ports import Plane

_log = logging.getLogger(__name__)
# "SnapStart: supported features and limitations" (Lambda developer guide): the first version of each language.
_FIRST = {"python": (3, 12), "java": (11,), "dotnet": (8,)}
_RUNTIME = re.compile(r"(python|java|dotnet)(\d+)(?:\.(\d+))?")
_MOST_EPHEMERAL_MIB = 512
_OUT_OF_MEMORY = "Runtime.OutOfMemory"
_TIMED_OUT = "Sandbox.Timedout"
_REASON_CODES: Final = {
    _OUT_OF_MEMORY: "FunctionError.InitResourceExhausted",
    _TIMED_OUT: "FunctionError.InitTimeout",
}
# What AWS answers of an INIT that raises, and why.
_INIT_ERROR = "FunctionError"
_INIT_REASON = "An error occurred during function initialization."


def check_settings(settings: Settings) -> None:
    """Raises InvalidParameterValue for what cannot be had together with SnapStart."""
    if settings.snap_start != PUBLISHED_VERSIONS:
        return
    if not _may_have_it(settings.runtime):
        raise InvalidParameterValue(
            f"{settings.runtime} is not supported for SnapStart enabled functions."
        )
    if settings.ephemeral_mib > _MOST_EPHEMERAL_MIB:
        raise InvalidParameterValue(
            f"EphemeralStorage larger than {_MOST_EPHEMERAL_MIB} MB is not supported for SnapStart "
            "enabled functions."
        )


def refuse_provisioning(version: Function) -> None:
    """Raises InvalidParameterValue for a version that has SnapStart."""
    if version.settings.snap_start == PUBLISHED_VERSIONS:
        raise InvalidParameterValue(
            "Provisioned Concurrency is not supported for SnapStart enabled functions."
        )


def _may_have_it(runtime: str) -> bool:
    named = _RUNTIME.match(runtime)
    if named is None:
        return False
    return tuple(int(number) for number in named.groups()[1:] if number) >= _FIRST[named[1]]


class Snapshots:
    """The versions that wait for their snapshot. Args: `forget` is told of a function whose versions have changed."""

    def __init__(self, database: Database, plane: Plane, forget: Callable[[Key], None]) -> None:
        self._database = database
        self._plane = plane
        self._forget = forget
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, version: Function) -> None:
        """A version has been published: have its snapshot made, if it is to have one."""
        self.task(version)

    def task(self, version: Function) -> asyncio.Task[None] | None:
        """The attempt to make the snapshot that goes on, or a new one; None where none is wanted (any more)."""
        if not version.awaits_snapshot:
            return None
        task = self._tasks.get(version.spec_key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._settle(version))
            self._tasks[version.spec_key] = task
            task.add_done_callback(lambda _: self._tasks.pop(version.spec_key, None))
        return task

    async def begin_all(self) -> None:
        """At start: what the last process has left Pending."""
        for version in await self._database.read(repository.awaiting_snapshots):
            self.begin(version)

    async def stop(self) -> None:
        """What has not settled is settled after the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, version: Function) -> None:
        try:
            state, snapshot = await self._attempt(version)
            await self._database.write(
                partial(
                    _conclude,
                    version=version,
                    state=state,
                    snapshot=snapshot,
                    revision_id=ids.uuid(),
                    forget=self._forget,
                )
            )
        except Exception:  # noqa: BLE001 - a task's boundary; the next start tries again
            _log.exception("the snapshot of %s:%d is unsettled", version.arn, version.version)

    async def _attempt(self, version: Function) -> tuple[State, Snapshot]:
        try:
            await self._plane.snapshot(replace(version.spec(), initialization=SNAP_START))
        except SnapshotRefused as refused:
            _log.warning("%s:%d has no snapshot: %s", version.arn, version.version, refused)
            return "Active", Snapshot(is_on=False, reason=f"{refused}.")
        except InitializationFailed as failed:
            _log.warning("INIT of %s:%d failed: %s", version.arn, version.version, failed)
            code, reason = _REASON_CODES.get(str(failed), _INIT_ERROR), _INIT_REASON
            if code != _INIT_ERROR:
                reason = f"The function's initialization failed with {failed}: see its log."
            return "Failed", Snapshot(is_on=False, reason=reason, reason_code=code)
        except (RuntimeUnavailable, SandboxFailed) as failed:
            _log.error("no snapshot of %s:%d: %s", version.arn, version.version, failed)
            reason = "The snapshot could not be made: see the platform's log."
            return "Failed", Snapshot(is_on=False, reason=reason, reason_code="InternalError")
        return "Active", Snapshot(is_on=True)


def _conclude(
    tx: Tx,
    version: Function,
    state: State,
    snapshot: Snapshot,
    revision_id: str,
    forget: Callable[[Key], None],
) -> None:
    """Unless the version has been deleted meanwhile."""
    current = repository.find(tx, version.scope, version.name, version.version)
    if current is None or current.deployment_id != version.deployment_id:
        return
    settled = replace(
        current,
        state=state,
        update="Successful" if state == "Active" else None,
        snapshot=snapshot,
        revision_id=revision_id,
    )
    repository.replace(tx, settled)
    tx.after_commit(forget, version.key)
