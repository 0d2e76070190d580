"""The platform's own paths under `/_lambent/`: health always; reset and clock only in test mode."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from lambent.core import ids
from lambent.core.http import BodyTooLarge, Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.core.clock import SystemClock
    from lambent.core.http import Request
    from lambent.core.service import Door

_HEALTH = "/_lambent/health"
# All of them begin so.
PREFIX = "/_lambent/"
_RESET = "/_lambent/reset"
_CLOCK = "/_lambent/clock"


class OwnDoors:
    """The doors of the platform's own paths as one, for it is asked about every request. Args: them, in order."""

    def __init__(self, *doors: Door) -> None:
        self._doors = doors

    def matches(self, request: Request) -> bool:
        path = request.path
        return path.startswith(PREFIX) and any(door.matches(request) for door in self._doors)

    async def handle(self, request: Request) -> Response:
        door = next(door for door in self._doors if door.matches(request))
        return await door.handle(request)


class OwnPaths:
    """The door of the platform itself. `is_ready` says whether functions can run.

    With a clock to move (test mode), `POST /_lambent/reset` forgets functions and accounts but the default one and
    `POST /_lambent/clock` with `{"advance_s": N}` moves the calendar through `advance`, which does what falls due on
    the way; its answer holds the new reading.
    """

    def __init__(
        self,
        is_ready: Callable[[], bool],
        reset: Callable[[], Awaitable[None]],
        movable_clock: SystemClock | None = None,
        advance: Callable[[timedelta], Awaitable[None]] | None = None,
    ) -> None:
        self._is_ready = is_ready
        self._routes: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            _HEALTH: ("GET", self._health)
        }
        if movable_clock is not None:
            assert advance is not None
            self._reset, self._clock, self._advance = reset, movable_clock, advance
            self._routes[_RESET] = ("POST", self._do_reset)
            self._routes[_CLOCK] = ("POST", self._move_clock)
        else:
            self._routes |= dict.fromkeys((_RESET, _CLOCK), ("POST", self._refuse))

    def matches(self, request: Request) -> bool:
        return request.path in self._routes

    async def handle(self, request: Request) -> Response:
        method, answer = self._routes[request.path]
        if request.method != method and not (method == "GET" and request.method == "HEAD"):
            return _json(405, {"message": f"{request.path} answers {method}"})
        return await answer(request)

    async def _health(self, request: Request) -> Response:
        ready = self._is_ready()
        return _json(200 if ready else 503, {"live": True, "ready": ready})

    async def _refuse(self, request: Request) -> Response:
        return _json(404, {"message": f"{request.path} needs `lambent up --test-mode`"})

    async def _do_reset(self, request: Request) -> Response:
        await self._reset()
        return _json(200, {})

    async def _move_clock(self, request: Request) -> Response:
        try:
            advance_s = orjson.loads(await request.body.read(1024))["advance_s"]
            await self._advance(timedelta(seconds=advance_s))
        except (ValueError, KeyError, TypeError, OverflowError, BodyTooLarge):
            return _json(400, {"message": 'expected {"advance_s": SECONDS}, not negative'})
        return _json(200, {"calendar": self._clock.calendar().isoformat()})


def _json(status: int, document: dict[str, object]) -> Response:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", ids.request_id())]
    return Response(status, headers, orjson.dumps(document))
