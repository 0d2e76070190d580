"""The databases our statements have to work on: SQLite today, PostgreSQL when one machine is outgrown.

A statement that only one of them understands is found by compiling it for both: `compile_everywhere` for one, `watch`
for every statement that a test run executes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.exc import CompileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Dialect


class NotPortable(Exception):
    """A statement does not compile for one of the dialects. The text names it and says why."""


def compile_everywhere(statement: Any) -> dict[str, str]:
    """The SQL of a statement or of DDL, by dialect name. Raises NotPortable."""
    sql = {}
    for make in (sqlite.dialect, postgresql.dialect):
        dialect: Dialect = make()
        try:
            sql[dialect.name] = str(statement.compile(dialect=dialect))
        except (
            CompileError,
            AttributeError,
        ) as problem:  # the latter for parts that another dialect made
            raise NotPortable(f"{dialect.name}: {problem}") from problem
    return sql


@contextmanager
def watch() -> Iterator[None]:
    """While this is open, executing a statement that is not portable raises NotPortable, on any database."""

    def check(_connection: object, statement: Any, *_: object) -> None:
        compile_everywhere(statement)

    event.listen(Engine, "before_execute", check)
    try:
        yield
    finally:
        event.remove(Engine, "before_execute", check)
