"""Every table and every statement compiles for SQLite and for PostgreSQL."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pkgutil
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import HSTORE
from sqlalchemy.schema import CreateIndex, CreateTable

import lambent.services
from lambent.core.clock import VirtualClock
from lambent.services.iam.accounts import Accounts
from lambent.storage.dialects import NotPortable, compile_everywhere, watch
from lambent.storage.metadata import METADATA
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from lambent.core.ports import Tx

THINGS = Table("things", MetaData(), Column("id", Integer, primary_key=True))
UPSERT_OF_SQLITE = sqlite.insert(THINGS).values(id=1).on_conflict_do_nothing()


def test_every_table_can_be_made_everywhere() -> None:
    for package in pkgutil.iter_modules(lambent.services.__path__, "lambent.services."):
        if importlib.util.find_spec(f"{package.name}.tables"):
            importlib.import_module(f"{package.name}.tables")
    tables = METADATA.sorted_tables
    assert {"accounts", "access_keys"} <= {table.name for table in tables}
    for table in tables:
        ddl = [CreateTable(table), *(CreateIndex(index) for index in sorted_indexes(table))]
        for statement in ddl:
            assert set(compile_everywhere(statement)) == {"sqlite", "postgresql"}


def sorted_indexes(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


@pytest.mark.parametrize(
    "statement",
    [UPSERT_OF_SQLITE, CreateTable(Table("t", MetaData(), Column("map", HSTORE)))],
)
def test_what_only_one_of_them_understands_is_found(statement: object) -> None:
    with pytest.raises(NotPortable):
        compile_everywhere(statement)


def test_statements_are_watched_while_they_run(tmp_path: Path) -> None:
    def only_here(tx: Tx) -> None:
        tx.execute(UPSERT_OF_SQLITE)

    async def run() -> None:
        database = SqliteDatabase(tmp_path / "lambent.db")
        await database.open()
        try:
            with watch(), pytest.raises(NotPortable, match="postgresql"):
                await database.write(only_here)
        finally:
            await database.close()

    asyncio.run(run())


def test_accounts_ask_nothing_that_only_sqlite_understands(tmp_path: Path) -> None:
    async def run() -> None:
        database = SqliteDatabase(tmp_path / "lambent.db")
        with watch():
            await database.open()  # the migrations are watched too
            try:
                accounts = Accounts(database, VirtualClock())
                await accounts.load()
                made = await accounts.create()
                await accounts.ensure("000000000000")
                assert await accounts.ensure(made.principal.account_id) == made
            finally:
                await database.close()

    asyncio.run(run())
