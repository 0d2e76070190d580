"""Migrations: a new file, an old one, one from the future, and whether they lead to what METADATA says."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import lambent.services
from lambent.storage import schema
from lambent.storage.connections import make_engine
from lambent.storage.errors import DataDirNewer, StorageUnusable
from lambent.storage.metadata import METADATA

if TYPE_CHECKING:
    from pathlib import Path

SECOND = """
from alembic import op
import sqlalchemy as sa
revision = "9001"
down_revision = "{down}"
def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    {rest}
"""


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A copy of our migrations, to which a test may add."""
    copy = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def add_migration(history: Path, rest: str = "pass") -> None:
    down = schema.known_revisions(history)[-1]
    (history / "versions" / "9001_later.py").write_text(SECOND.format(down=down, rest=rest))


def import_every_table() -> None:
    """Services, and what APIs share, hang their tables on METADATA when they are imported."""
    importlib.import_module("lambent.apis.tables")
    for package in pkgutil.iter_modules(lambent.services.__path__, "lambent.services."):
        if importlib.util.find_spec(f"{package.name}.tables"):
            importlib.import_module(f"{package.name}.tables")


def names(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {row[0] for row in rows}


def test_a_new_file_has_the_schema_that_the_tables_state(tmp_path: Path) -> None:
    import_every_table()
    path = tmp_path / "new.db"
    schema.upgrade(path)
    with make_engine(path).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert "accounts" in METADATA.tables


def test_the_revisions_are_those_of_the_files_in_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    newest_first = [revision.revision for revision in script.walk_revisions()]
    assert newest_first[::-1] == schema.known_revisions()


def test_upgrading_what_is_up_to_date_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "same.db"
    schema.upgrade(path)
    before = path.read_bytes()
    schema.upgrade(path)
    assert path.read_bytes() == before


def test_an_old_file_keeps_its_rows_and_gets_the_new_tables(tmp_path: Path, history: Path) -> None:
    path = tmp_path / "old.db"
    schema.upgrade(path, history)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO accounts VALUES ('123456789012', 1)")
    connection.close()
    add_migration(history)
    schema.upgrade(path, history)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT * FROM accounts").fetchall() == [("123456789012", 1)]
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [("9001",)]
    connection.close()
    assert "later" in names(path)


def test_a_file_from_a_newer_version_is_refused_in_one_line(tmp_path: Path, history: Path) -> None:
    path = tmp_path / "newer.db"
    add_migration(history)
    schema.upgrade(path, history)
    before = path.read_bytes()
    with pytest.raises(DataDirNewer) as refused:
        schema.upgrade(path)
    assert "newer version of Lambent (schema 9001" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "rest", ["op.drop_table('no_such_table')", "op.execute('INSERT INTO nowhere VALUES (1)')"]
)
def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, history: Path, rest: str
) -> None:
    path = tmp_path / "old.db"
    schema.upgrade(path, history)
    add_migration(history, rest)
    with pytest.raises(StorageUnusable, match="no such table"):
        schema.upgrade(path, history)
    assert "later" not in names(path)
    schema.upgrade(path)  # and it still opens


def test_a_migration_may_not_break_references(tmp_path: Path, history: Path) -> None:
    path = tmp_path / "old.db"
    schema.upgrade(path, history)
    add_migration(
        history, "op.execute(\"INSERT INTO access_keys VALUES ('A', 'nobody', '', '', '', 1)\")"
    )
    with pytest.raises(StorageUnusable, match="broke 1 reference"):
        schema.upgrade(path, history)
    assert "later" not in names(path)


def test_what_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is not a database, but it is long enough to be looked at " * 10)
    with pytest.raises(StorageUnusable, match="not a database") as refused:
        schema.upgrade(path)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageUnusable, match="unable to open"):
        schema.upgrade(tmp_path / "missing" / "x.db")
