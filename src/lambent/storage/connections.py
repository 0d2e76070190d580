"""Connections to the SQLite file, set up the one way that keeps our promises.

The driver's own transaction control is off (`isolation_level=None`), and SQLAlchemy runs in its autocommit mode: who
holds a connection sends BEGIN, COMMIT and SAVEPOINT. As SQLAlchemy ships the dialect, the driver opens no transaction
before a SAVEPOINT, and the RELEASE of the first savepoint commits.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, cast

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine

# Nobody else writes while the platform runs (data_dir.py holds a lock); a person with the sqlite3 shell may, briefly.
BUSY_TIMEOUT_S = 5.0


def make_engine(path: Path, *, read_only: bool = False) -> Engine:
    """An engine whose every `connect()` opens the file anew."""

    def connect() -> sqlite3.Connection:
        return _connect(path, read_only=read_only)

    return create_engine(
        "sqlite+pysqlite://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """What is under SQLAlchemy's connection: BEGIN, SAVEPOINT and COMMIT go straight to it."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    # A reader's connection is closed by another thread than the one that used it; never two at a time.
    driver = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=not read_only
    )
    # WAL: readers and the writer do not wait for each other (sqlite.org/wal.html).
    # FULL: COMMIT returns after the fsync (sqlite.org/pragma.html#pragma_synchronous).
    driver.execute("PRAGMA journal_mode = WAL")
    driver.execute("PRAGMA synchronous = FULL")
    driver.execute("PRAGMA foreign_keys = ON")
    if read_only:
        driver.execute("PRAGMA query_only = ON")
    return driver
