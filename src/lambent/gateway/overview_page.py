"""`GET /_lambent/overview`: what `lambent top` shows, as JSON."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.http import Response
from lambent.gateway.watchers import refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.core.http import Request
    from lambent.gateway.watchers import Watchers

PATH = "/_lambent/overview"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class OverviewPage:
    """A door. Args: gives the figures; who may read them."""

    def __init__(self, read: Callable[[], Awaitable[dict[str, Any]]], watchers: Watchers) -> None:
        self._read = read
        self._watchers = watchers

    def matches(self, request: Request) -> bool:
        return request.path == PATH

    async def handle(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return refused(405, f"{PATH} answers GET")
        if not self._watchers.may_read(request):
            return self._watchers.refusal(PATH)
        document = await self._read()
        document["core_memory_bytes"] = await asyncio.to_thread(_resident_bytes)
        return Response(200, [("Content-Type", "application/json")], orjson.dumps(document))


def _resident_bytes() -> int:
    """Of this process (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
