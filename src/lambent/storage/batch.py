"""Group commit: many calls, one transaction, one fsync.

Each call runs in a savepoint of its own. One that raises takes back its own changes and nobody else's. When the
transaction as a whole is lost (COMMIT fails, the disk is full, SQLite rolled back by itself) every call of the batch
fails, those that had gone well included: none of them may be acknowledged.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.storage.connections import driver_connection
from lambent.storage.errors import CommitFailed
from lambent.storage.transaction import WriteTransaction

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from lambent.core.ports import Tx
    from lambent.storage.transaction import Callback


@dataclass(slots=True)
class Call:
    """One `write(fn)`. `result` or `error`, and `callbacks`, are set by `commit`."""

    run: Callable[[Tx], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None
    callbacks: list[Callback] = field(default_factory=list)


class _TransactionLost(Exception):
    """SQLite ended the transaction under us (sqlite.org/lang_transaction.html, section 3)."""


def commit(connection: Connection, calls: Sequence[Call]) -> None:
    """Run the calls in one transaction and make it durable; the outcome of each is written to it. Never raises."""
    driver = driver_connection(connection)
    try:
        driver.execute("BEGIN IMMEDIATE")
        for call in calls:
            _run(connection, driver, call)
        driver.execute("COMMIT")
    except (sqlite3.Error, _TransactionLost) as cause:
        for call in calls:
            _fail(call, cause)
        if driver.in_transaction:
            with contextlib.suppress(
                sqlite3.Error
            ):  # an I/O error again: SQLite has ended it by itself
                driver.execute("ROLLBACK")


def settle(calls: Sequence[Call]) -> None:
    """In the event loop: what was to run after the commit is run, then whoever waits for the calls goes on."""
    for call in calls:
        loop = call.future.get_loop()
        for callback, args in call.callbacks:
            loop.call_soon(callback, *args)
        if call.future.done():  # nobody waits any more
            continue
        if call.error is not None:
            call.future.set_exception(call.error)
        else:
            call.future.set_result(call.result)


def _run(connection: Connection, driver: sqlite3.Connection, call: Call) -> None:
    if call.future.cancelled():  # given up before it began
        return
    transaction = WriteTransaction(connection)
    driver.execute("SAVEPOINT one_call")
    try:
        call.result = call.run(transaction)
        call.callbacks = transaction.callbacks
    except Exception as error:  # noqa: BLE001 - the boundary to service code: its error is the caller's
        call.error = _presentable(error)
        if driver.in_transaction:
            driver.execute("ROLLBACK TO one_call")
    if not driver.in_transaction:
        raise _TransactionLost("the transaction was rolled back") from call.error
    driver.execute("RELEASE one_call")


def _fail(call: Call, cause: Exception) -> None:
    call.result = None
    call.callbacks = []
    call.error = CommitFailed(f"the write is lost: {cause}")
    call.error.__cause__ = cause


def _presentable(error: Exception) -> Exception:
    """The error as a future takes it: it refuses StopIteration, which would end the coroutine that awaits it."""
    if not isinstance(error, StopIteration):
        return error
    replacement = RuntimeError("the function given to write raised StopIteration")
    replacement.__cause__ = error
    return replacement
