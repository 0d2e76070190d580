"""Work of a request that is done in a compute process, and what is said when it comes to no end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from lambent.process.compute import ComputeFailed
from lambent.services.logs.errors import ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.logs.ports import Compute

T = TypeVar("T")

# Clients wait for a minute. A regular expression may take longer than anybody wants to wait.
_PATIENCE_S = 50.0

_log = logging.getLogger(__name__)


async def computed(compute: Compute, fn: Callable[..., T], *args: object) -> T:
    """`fn(*args)` in a compute process. Raises ServiceUnavailable where it did not come to an end."""
    try:
        return await compute.run(fn, *args, timeout_s=_PATIENCE_S)
    except (ComputeFailed, MemoryError) as problem:
        _log.error("a search was given up: %s", problem)
        raise ServiceUnavailable("The search took too much time or memory.") from problem
