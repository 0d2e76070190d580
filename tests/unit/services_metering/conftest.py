"""A meter on a database of its own, with a clock that stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambent.core.clock import VirtualClock
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from lambent.services.metering.allocations import Allocation
    from lambent.services.metering.service import Metering


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def held() -> list[Allocation]:
    """What is held ready; to be filled."""
    return []


@pytest.fixture
def open_metering(
    tmp_path: Path, clock: VirtualClock, held: list[Allocation]
) -> Callable[[], AbstractAsyncContextManager[Metering]]:
    """A started meter on the same directory each time."""
    from contextlib import asynccontextmanager

    from lambent.services.metering.service import Metering

    @asynccontextmanager
    async def open_one() -> AsyncIterator[Metering]:
        database = SqliteDatabase(tmp_path / "lambent.db")
        await database.open()
        metering = Metering(database, tmp_path / "usage", clock, lambda: held)
        await metering.start()
        try:
            yield metering
        finally:
            await metering.stop()
            await database.close()

    return open_one
