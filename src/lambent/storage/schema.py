"""Brings the database file to the schema of this version, by Alembic's migrations; refuses one from the future.

Alembic is only imported when there is something to do: it costs a noticeable part of the start.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from lambent.storage.connections import driver_connection, make_engine
from lambent.storage.errors import DataDirNewer, StorageUnusable

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def known_revisions(migrations: Path = MIGRATIONS) -> list[str]:
    """The revisions of this version, oldest first. A migration's file begins with its number: `0001_accounts.py`."""
    return sorted(path.name[:4] for path in (migrations / "versions").glob("[0-9]*.py"))


def upgrade(path: Path, migrations: Path = MIGRATIONS) -> None:
    """Create the file at `path`, or bring it up to date; in one transaction, so that it happens whole or not at all.

    Raises:
        DataDirNewer: the file has a revision that this version does not know.
        StorageUnusable: it cannot be opened, is no database, or a migration failed.
    """
    revisions = known_revisions(migrations)
    try:
        with make_engine(path).connect() as connection:
            current = _current(driver_connection(connection))
            if current is not None and current not in revisions:
                raise DataDirNewer(
                    f"{path} was written by a newer version of Lambent (schema {current}, "
                    f"this version knows up to {revisions[-1]})"
                )
            if current != revisions[-1]:
                _migrate(connection, migrations)
    except (sqlite3.Error, DBAPIError) as problem:
        reason = problem.orig if isinstance(problem, DBAPIError) else problem
        raise StorageUnusable(f"{path} cannot be used as a database: {reason}") from problem


def _current(driver: sqlite3.Connection) -> str | None:
    """The revision of the file; None for a new one."""
    table = driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    if table is None:
        return None
    row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _migrate(connection: Connection, migrations: Path) -> None:
    from alembic import command  # noqa: PLC0415 - see the file's head
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    driver = driver_connection(connection)
    # Rebuilding a table drops it for a moment (sqlite.org/lang_altertable.html, section 7); checked below instead.
    driver.execute("PRAGMA foreign_keys = OFF")
    driver.execute("BEGIN IMMEDIATE")
    command.upgrade(config, "head")
    broken = driver.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StorageUnusable(f"a migration broke {len(broken)} references between tables")
    driver.execute("COMMIT")
