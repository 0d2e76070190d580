"""A transaction as service code sees it (`core.ports.Tx`), on an SQLAlchemy connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.storage.errors import ReadOnlyTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    # What to call once the transaction is durable, and with what.
    Callback = tuple[Callable[..., None], tuple[object, ...]]


class ReadTransaction:
    """One snapshot: everything in it is seen as of its first statement."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: Any, parameters: Any = None) -> int:
        """Run a statement; returns the number of rows it touched (-1 for one that returns rows)."""
        with self._connection.execute(statement, parameters) as result:
            return int(getattr(result, "rowcount", -1))

    def one(self, statement: Any, parameters: Any = None) -> Any | None:
        """The first row, or None."""
        return self._connection.execute(statement, parameters).first()

    def all(self, statement: Any, parameters: Any = None) -> Sequence[Any]:
        """All rows."""
        return self._connection.execute(statement, parameters).all()

    def after_commit(self, call: Callable[..., None], *args: object) -> None:
        """Raises ReadOnlyTransaction: nothing is committed here."""
        raise ReadOnlyTransaction(f"{call!r} was to run after the commit of a read")


class WriteTransaction(ReadTransaction):
    """One call's part of the writer's transaction. `callbacks` is what it registered, in order."""

    __slots__ = ("callbacks",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.callbacks: list[Callback] = []

    def after_commit(self, call: Callable[..., None], *args: object) -> None:
        """Call `call(*args)` in the event loop once the transaction is durable; not at all if it is not."""
        self.callbacks.append((call, args))
