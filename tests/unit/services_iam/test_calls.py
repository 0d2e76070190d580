"""What is noted of calls, on a real database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from lambent.core.clock import VirtualClock
from lambent.core.context import ANONYMOUS, Principal, Session
from lambent.services.iam.calls import MOST_CALLS, SPAN_MS, Calls
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
SESSION = Principal(
    "assumed-role",
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s",
    "AROAR:s",
    role_arn=ROLE,
    session=Session("s", ROLE, "AROAR", 0, 1),
)
USER = Principal("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/u", "AIDAU")
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"


@asynccontextmanager
async def noting(directory: Path) -> AsyncIterator[tuple[Calls, VirtualClock]]:
    database, clock = SqliteDatabase(directory / "lambent.db"), VirtualClock()
    await database.open()
    calls = Calls(database, clock)
    try:
        yield calls, clock
    finally:
        await calls.settled()
        await database.close()


def _call(calls: Calls, who: Principal, resource: str = FUNCTION, is_allowed: bool = True) -> int:
    return calls.called(who, "lambda:GetFunction", resource, "eu-west-1", is_allowed=is_allowed)


def test_the_last_time_is_known_to_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async def run() -> None:
        async with noting(tmp_path) as (calls, clock):
            began_ms = clock.calendar_ms()
            until_ms = _call(calls, SESSION)
            assert until_ms == began_ms + SPAN_MS
            clock.advance(timedelta(minutes=14))
            assert _call(calls, SESSION) == until_ms
            assert [call.used_ms for call in await calls.of(["AROAR"])] == [began_ms]
            # It was called a minute ago, though it is noted as called before.
            recent_ms = clock.calendar_ms() - 60_000
            assert [call.resource for call in await calls.of(["AROAR"], since_ms=recent_ms)] == [
                FUNCTION
            ]
            clock.advance(timedelta(minutes=1))
            assert _call(calls, SESSION) == until_ms + SPAN_MS
            (call,) = await calls.of(["AROAR"])
            assert (call.used_ms, call.region) == (until_ms, "eu-west-1")
            clock.advance(timedelta(days=1))
            assert await calls.of(["AROAR"], since_ms=clock.calendar_ms()) == []

    asyncio.run(run())


def test_what_was_refused_is_apart_from_what_was_allowed(tmp_path: Path) -> None:
    async def run() -> None:
        async with noting(tmp_path) as (calls, _):
            for is_allowed in (True, False):
                _call(calls, USER, is_allowed=is_allowed)
            assert [call.is_allowed for call in await calls.of(["AIDAU"])] == [False, True]
            assert await calls.of(["AROAR"]) == []

    asyncio.run(run())


def test_roots_services_and_nobody_are_not_noted(tmp_path: Path) -> None:
    root = Principal("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    service = Principal("service", "", "s3.amazonaws.com")

    async def run() -> None:
        async with noting(tmp_path) as (calls, clock):
            clock.advance(timedelta(days=40_000))
            for who in (root, service, ANONYMOUS):
                assert _call(calls, who) > clock.calendar_ms()
            assert await calls.of([ACCOUNT, "", "s3.amazonaws.com"]) == []

    asyncio.run(run())


def test_what_comes_after_many_resources_is_done_to_anything(tmp_path: Path) -> None:
    async def run() -> None:
        async with noting(tmp_path) as (calls, clock):
            for number in range(MOST_CALLS + 5):
                _call(calls, USER, f"{FUNCTION}{number}")
            clock.advance(timedelta(milliseconds=SPAN_MS))
            _call(calls, USER, f"{FUNCTION}0")  # known, and still called by its name
            found = {call.resource: call.used_ms for call in await calls.of(["AIDAU"])}
            assert len(found) == MOST_CALLS + 1
            assert found["*"] < found[f"{FUNCTION}0"] == clock.calendar_ms()

    asyncio.run(run())
