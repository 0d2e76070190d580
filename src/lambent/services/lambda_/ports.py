"""What this service needs of the rest of the platform, as far as it needs it; `lambent.app` plugs it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from lambent.core.clock import Timer
    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.execution.spec import FunctionSpec, Invocation, Outcome

T = TypeVar("T")


class Plane(Protocol):
    """The execution plane (lambent.execution.plane)."""

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Raises Throttled, RuntimeUnavailable, SandboxFailed."""
        ...

    def begin(
        self,
        spec: FunctionSpec,
        invocation: Invocation,
        done: Callable[[Outcome | Exception], None],
    ) -> None:
        """The short form of `invoke`: tell `done` once, later, the outcome or what `invoke` would raise. What is known
        at once is raised.
        """
        ...

    async def seal(self, staging_name: str) -> str:
        """Take over an unpacked tree; returns its digest. Raises SealFailed."""
        ...

    def discard(self, code: str) -> None:
        """Have the spawner remove a sealed tree, some time after this returns."""
        ...

    async def describe(self) -> dict[str, Any]:
        """Under `spawner` what the spawner says of itself, after all that it was asked before; {} without one."""
        ...

    def reserve(self, function_arn: str, account_id: str, limit: int | None) -> None:
        """How many invocations of a function, all versions together, may run at once; None: as the account allows."""
        ...

    async def provision(self, spec: FunctionSpec, count: int) -> None:
        """Keep so many environments of a version initialised; returns when they are. Raises InitializationFailed,
        RuntimeUnavailable, SandboxFailed."""
        ...

    async def snapshot(self, spec: FunctionSpec) -> None:
        """Make the template that environments of a version with SnapStart are forked from. Raises SnapshotRefused,
        InitializationFailed, RuntimeUnavailable, SandboxFailed."""
        ...

    def retire(self, key: str) -> None: ...
    def is_strained(self) -> bool: ...
    def prewarm(
        self,
        runtime: str,
        memory_mib: int,
        environment: Mapping[str, str] = ...,
        trees: Sequence[str] = ...,
        function_name: str = ...,
        /,
    ) -> None: ...


class Compute(Protocol):
    """Processes for work that would hold the event loop (lambent.process.compute)."""

    async def run(self, fn: Callable[..., T], *args: object, timeout_s: float) -> T: ...


class Blobs(Protocol):
    """Content-addressed files (lambent.storage.blobs). This service's own: nobody else puts into them."""

    async def put(self, data: bytes) -> str: ...
    async def get(self, digest: str) -> bytes: ...
    async def delete(self, digest: str) -> None: ...
    def path(self, digest: str) -> Path: ...
    async def digests(self) -> list[str]: ...


class Objects(Protocol):
    """S3, as far as code comes from there."""

    async def get(self, bucket: str, key: str, version: str) -> bytes:
        """An object, or one version of it ("": the current one). Raises code_sources.ObjectUnavailable."""
        ...


class Target(Protocol):
    """A service that records of asynchronous invocations are delivered to: queues, topics, event buses."""

    async def deliver(self, arn: str, record: bytes, attributes: Mapping[str, str]) -> None:
        """Raises DeliveryFailed; then it is tried again later."""
        ...


class DeliveryFailed(Exception):
    """A record could not be delivered. The text says why, for the log."""


class Timers(Protocol):
    """Timers that go by the calendar (lambent.process.clock_driver)."""

    def at(self, due: datetime, call: Callable[[], None]) -> Timer:
        """Call `call()` in the event loop at `due`, soon if that has passed."""
        ...


class Poller(Protocol):
    """What fetches the records of one kind of source and invokes functions with them."""

    def check(self, tx: Tx, arn: str) -> None:
        """Raises ServiceError, in AWS's words, for a source that is not there or may not be polled."""
        ...

    def watch(self, scope: Scope, mapping: Mapping[str, Any]) -> None:
        """Poll from now on as this event source mapping says; it replaces what was said of its UUID before."""
        ...

    def leave(self, uuid: str) -> None:
        """Poll no more for this mapping."""
        ...
