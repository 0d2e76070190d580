"""What this service needs of the rest of the platform, as far as it needs it; `lambent.app` plugs it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Compute(Protocol):
    """Processes for work that would hold the event loop (lambent.process.compute)."""

    async def run(self, fn: Callable[..., T], *args: object, timeout_s: float) -> T: ...
