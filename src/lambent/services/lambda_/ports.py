"""What this service needs of the rest of the platform, as far as it needs it; `lambent.app` plugs it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lambent.execution.spec import FunctionSpec, Invocation, Outcome

T = TypeVar("T")


class Plane(Protocol):
    """The execution plane (lambent.execution.plane)."""

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Raises Throttled, RuntimeUnavailable, SandboxFailed."""
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

    def retire(self, key: str) -> None: ...
    def prewarm(
        self, runtime: str, memory_mib: int, environment: Mapping[str, str] = ..., /
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
