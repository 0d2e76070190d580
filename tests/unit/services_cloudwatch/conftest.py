"""A database for one test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Run = Callable[[Callable[[SqliteDatabase], Awaitable[None]]], None]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(scenario: Callable[[SqliteDatabase], Awaitable[None]]) -> None:
        async def whole() -> None:
            database = SqliteDatabase(tmp_path / "d.sqlite")
            await database.open()
            try:
                await scenario(database)
            finally:
                await database.close()

        asyncio.run(whole())

    return run
