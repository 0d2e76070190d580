"""Accounts and their root keys, on a real database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text, update

from lambent.core.clock import VirtualClock
from lambent.services.iam.accounts import AccountExists, Accounts
from lambent.services.iam.tables import ACCESS_KEYS
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def accounts(data_dir: Path) -> AsyncIterator[tuple[Accounts, SqliteDatabase]]:
    database = SqliteDatabase(data_dir / "lambent.db")
    await database.open()
    try:
        loaded = Accounts(database, VirtualClock())
        await loaded.load()
        yield loaded, database
    finally:
        await database.close()


def test_a_new_account_has_a_root_key_that_is_found_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, _):
            made = await known.create()
            assert known.find(made.access_key_id) == made
            principal = made.principal
            assert principal.kind == "root"
            assert len(principal.account_id) == 12
            assert principal.arn == f"arn:aws:iam::{principal.account_id}:root"
            assert (principal.user_id, principal.access_key_id) == (
                principal.account_id,
                made.access_key_id,
            )
            assert known.find("AKIANOBODY") is None

    asyncio.run(run())


def test_keys_are_found_again_after_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, _):
            made = [await known.create() for _ in range(3)]
        async with accounts(tmp_path) as (known, _):
            assert [known.find(key.access_key_id) for key in made] == made

    asyncio.run(run())


def test_an_account_is_not_made_twice(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, _):
            made = await known.create("123456789012")
            with pytest.raises(AccountExists, match="123456789012"):
                await known.create("123456789012")
            assert known.generation("123456789012") == 1
            assert known.find(made.access_key_id) == made

    asyncio.run(run())


def test_ensure_gives_the_same_key_however_often_it_is_asked(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, _):
            keys = await asyncio.gather(*(known.ensure("000000000000") for _ in range(5)))
            assert len(set(keys)) == 1
        async with accounts(tmp_path) as (known, _):
            assert await known.ensure("000000000000") == keys[0]
            assert known.find(keys[0].access_key_id) == keys[0]

    asyncio.run(run())


def test_an_inactive_key_is_not_found_and_ensure_makes_another(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, database):
            old = await known.ensure("000000000000")
            await database.write(
                lambda tx: tx.execute(update(ACCESS_KEYS).values(status="Inactive"))
            )
        async with accounts(tmp_path) as (known, _):
            assert known.find(old.access_key_id) is None
            new = await known.ensure("000000000000")
            assert new.access_key_id != old.access_key_id
            assert known.find(new.access_key_id) == new

    asyncio.run(run())


def test_a_users_key_is_never_taken_for_the_roots(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, database):
            key = await known.ensure("000000000000")
            await database.write(lambda tx: tx.execute(update(ACCESS_KEYS).values(user_name="ann")))
        async with accounts(tmp_path) as (known, _):
            assert known.find(key.access_key_id) is None

    asyncio.run(run())


def test_the_generation_moves_with_each_change_of_the_account_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, _):
            assert known.generation("111111111111") == 0
            await known.create("111111111111")
            await known.create("222222222222")
            assert known.generation("111111111111") == 1
            await known.ensure("111111111111")  # changes nothing
            assert known.generation("111111111111") == 1

    asyncio.run(run())


def test_a_key_that_did_not_become_durable_is_not_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with accounts(tmp_path) as (known, database):
            await database.write(lambda tx: tx.execute(text("DROP TABLE access_keys")))
            with pytest.raises(Exception, match="access_keys"):
                await known.create("111111111111")
            assert known.generation("111111111111") == 0
            rows = await database.read(lambda tx: tx.all(text("SELECT * FROM accounts")))
            assert list(rows) == []

    asyncio.run(run())
