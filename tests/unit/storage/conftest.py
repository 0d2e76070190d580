"""A database with one table of its own, in a directory of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, text

from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

NOTES = Table(
    "notes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("body", String(64), nullable=False, unique=True),
)
# Checked at COMMIT only: the way to make a COMMIT fail.
_LINKS = "CREATE TABLE links (note INTEGER REFERENCES notes(id) DEFERRABLE INITIALLY DEFERRED)"


@pytest.fixture
def notes() -> Table:
    return NOTES


@pytest.fixture
def database(
    tmp_path: Path,
) -> Callable[[], AbstractAsyncContextManager[SqliteDatabase]]:
    """Opens the test's database; it may be opened again."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[SqliteDatabase]:
        database = SqliteDatabase(tmp_path / "lambent.db")
        await database.open()
        try:
            await database.write(
                lambda tx: tx.execute(
                    text("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, body UNIQUE)")
                )
            )
            await database.write(
                lambda tx: tx.execute(text(_LINKS.replace("TABLE", "TABLE IF NOT EXISTS", 1)))
            )
            yield database
        finally:
            await database.close()

    return opened
