"""`read` and `write`, group commit, savepoints, and what happens when a COMMIT fails."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from lambent.storage import batch
from lambent.storage.errors import CommitFailed, DatabaseClosed, ReadOnlyTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sqlalchemy import Table

    from lambent.core.ports import Tx
    from lambent.storage.sqlite import SqliteDatabase

    Opened = Callable[[], AbstractAsyncContextManager[SqliteDatabase]]


class Gate:
    """Holds the writer thread in a call, so that what is written meanwhile becomes one batch."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def hold(self, tx: Tx) -> None:
        self._entered.set()
        assert self._open.wait(10)

    async def close(self, database: SqliteDatabase) -> asyncio.Task[None]:
        held = asyncio.create_task(database.write(self.hold))
        assert await asyncio.to_thread(self._entered.wait, 10)
        return held

    def release(self) -> None:
        self._open.set()


async def one_batch(
    database: SqliteDatabase, *functions: Callable[[Tx], Any]
) -> list[asyncio.Task[Any]]:
    """Write all functions in one transaction; returns the finished tasks."""
    gate = Gate()
    held = await gate.close(database)
    tasks = [asyncio.create_task(database.write(function)) for function in functions]
    await database.read(lambda tx: None)  # every task has run up to its await by now
    gate.release()
    await held
    if tasks:
        await asyncio.wait(tasks)
    return tasks


def adds(table: Table, body: str) -> Callable[[Tx], str]:
    def add(tx: Tx) -> str:
        tx.execute(insert(table).values(body=body))
        return body

    return add


def bodies(table: Table) -> Callable[[Tx], list[str]]:
    return lambda tx: [row.body for row in tx.all(select(table.c.body).order_by(table.c.body))]


def asks(statement: Any) -> Callable[[Tx], Any]:
    return lambda tx: tx.all(statement)


def outcome(task: asyncio.Task[Any]) -> object:
    return task.exception() or task.result()


@pytest.fixture
def driver_statements() -> Iterator[list[str]]:
    """What reaches SQLite on connections opened from now on, by the driver's own trace."""
    statements: list[str] = []

    def trace(driver: Any, _record: object) -> None:
        driver.set_trace_callback(statements.append)

    event.listen(Engine, "connect", trace)
    yield statements
    event.remove(Engine, "connect", trace)


def test_a_write_is_there_for_reads_and_after_reopening(database: Opened, notes: Table) -> None:
    async def run() -> None:
        async with database() as db:
            assert await db.write(adds(notes, "one")) == "one"
            assert await db.read(bodies(notes)) == ["one"]
        async with database() as db:
            assert await db.read(bodies(notes)) == ["one"]

    asyncio.run(run())


def test_concurrent_writes_share_one_transaction(
    driver_statements: list[str], database: Opened, notes: Table
) -> None:
    async def run() -> None:
        async with database() as db:
            del driver_statements[:]
            tasks = await one_batch(db, *(adds(notes, f"{n:03}") for n in range(100)))
            assert [task.result() for task in tasks] == [f"{n:03}" for n in range(100)]
            # One transaction for the call that held the writer, one for the hundred.
            assert driver_statements.count("COMMIT") == 2
            assert driver_statements.count("BEGIN IMMEDIATE") == 2
            assert sum(s.startswith("RELEASE") for s in driver_statements) == 101

    asyncio.run(run())


def test_a_batch_is_bounded(driver_statements: list[str], database: Opened, notes: Table) -> None:
    async def run() -> None:
        async with database() as db:
            del driver_statements[:]
            await one_batch(db, *(adds(notes, str(n)) for n in range(300)))
            assert driver_statements.count("COMMIT") == 3
            assert len(await db.read(bodies(notes))) == 300

    asyncio.run(run())


def test_a_function_that_raises_takes_back_only_its_own_changes(
    database: Opened, notes: Table
) -> None:
    def fails_half_way(tx: Tx) -> None:
        tx.execute(insert(notes).values(body="half"))
        raise LookupError("on purpose")

    async def run() -> None:
        async with database() as db:
            first, failed, twice, last = await one_batch(
                db, adds(notes, "a"), fails_half_way, adds(notes, "a"), adds(notes, "b")
            )
            assert (first.result(), last.result()) == ("a", "b")
            assert isinstance(failed.exception(), LookupError)
            assert isinstance(twice.exception(), IntegrityError)
            assert await db.read(bodies(notes)) == ["a", "b"]

    asyncio.run(run())


def test_an_error_may_leave_a_query_half_read(database: Opened, notes: Table) -> None:
    def stops_reading(tx: Tx) -> None:
        for _row in tx.all(select(notes)):
            raise StopIteration

    async def run() -> None:
        async with database() as db:
            await db.write(adds(notes, "a"))
            stopped, after = await one_batch(db, stops_reading, adds(notes, "b"))
            assert isinstance(stopped.exception(), RuntimeError)  # a future takes no StopIteration
            assert after.result() == "b"

    asyncio.run(run())


def test_every_call_of_the_batch_fails_when_commit_fails(database: Opened, notes: Table) -> None:
    called: list[str] = []

    def registers(tx: Tx) -> None:
        tx.execute(insert(notes).values(body="b"))
        tx.after_commit(called.append, "never")

    async def run() -> None:
        async with database() as db:
            tasks = await one_batch(
                db,
                adds(notes, "a"),
                registers,
                lambda tx: tx.execute(text("INSERT INTO links VALUES (4711)")),
            )
            for task in tasks:
                error = task.exception()
                assert isinstance(error, CommitFailed)
                assert "FOREIGN KEY" in str(error)
            assert await db.read(bodies(notes)) == []
            await db.write(adds(notes, "c"))
            assert await db.read(bodies(notes)) == ["c"]
        assert called == []

    asyncio.run(run())


def test_every_call_fails_when_sqlite_gives_the_transaction_up(
    database: Opened, notes: Table
) -> None:
    def rolled_back(tx: Tx) -> None:  # what SQLite does by itself when the disk is full
        tx.execute(insert(notes).values(body="a").prefix_with("OR ROLLBACK"))

    async def run() -> None:
        async with database() as db:
            await db.write(adds(notes, "a"))
            before, lost, after = await one_batch(
                db, adds(notes, "x"), rolled_back, adds(notes, "y")
            )
            assert [type(outcome(task)) for task in (before, lost, after)] == [CommitFailed] * 3
            assert await db.read(bodies(notes)) == ["a"]
            await db.write(adds(notes, "b"))

    asyncio.run(run())


def test_a_locked_database_fails_the_batch_and_nothing_else(
    database: Opened, notes: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambent.storage.connections.BUSY_TIMEOUT_S", 0.01)

    async def run() -> None:
        async with database() as db:
            shell = sqlite3.connect(tmp_path / "lambent.db", isolation_level=None)
            shell.execute("BEGIN IMMEDIATE")
            with pytest.raises(CommitFailed, match="locked"):
                await db.write(adds(notes, "a"))
            shell.execute("ROLLBACK")
            shell.close()
            assert await db.write(adds(notes, "b")) == "b"

    asyncio.run(run())


def test_after_commit_runs_in_the_loop_before_the_awaiter_goes_on(
    database: Opened, notes: Table
) -> None:
    order: list[str] = []
    loop_thread = threading.get_ident()

    def note(what: str) -> None:
        assert threading.get_ident() == loop_thread
        order.append(what)

    def writes(tx: Tx) -> None:
        tx.execute(insert(notes).values(body="a"))
        tx.after_commit(note, "first")
        tx.after_commit(note, "second")
        assert order == []

    async def run() -> None:
        async with database() as db:
            await db.write(writes)
            order.append("awaiter")

    asyncio.run(run())
    assert order == ["first", "second", "awaiter"]


def test_after_commit_of_a_function_that_raised_does_not_run(
    database: Opened, notes: Table
) -> None:
    called: list[str] = []

    def fails(tx: Tx) -> None:
        tx.after_commit(called.append, "no")
        raise LookupError

    async def run() -> None:
        async with database() as db:
            failed, fine = await one_batch(
                db, fails, lambda tx: tx.after_commit(called.append, "yes")
            )
            assert isinstance(failed.exception(), LookupError)
            assert fine.exception() is None

    asyncio.run(run())
    assert called == ["yes"]


def test_a_failing_callback_does_not_keep_the_answer_back(database: Opened, notes: Table) -> None:
    problems: list[Any] = []

    def breaks() -> None:
        raise LookupError("callback")

    def writes(tx: Tx) -> str:
        tx.after_commit(breaks)
        return "written"

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: problems.append(context["exception"])
        )
        async with database() as db:
            assert await db.write(writes) == "written"

    asyncio.run(run())
    assert [str(problem) for problem in problems] == ["callback"]


def test_a_cancelled_awaiter_does_not_disturb_the_batch(database: Opened, notes: Table) -> None:
    async def run() -> None:
        async with database() as db:
            gate = Gate()
            held = await gate.close(db)
            given_up = asyncio.create_task(db.write(adds(notes, "given up")))
            other = asyncio.create_task(db.write(adds(notes, "other")))
            await db.read(lambda tx: None)
            given_up.cancel()
            held.cancel()  # this one is running already
            gate.release()
            assert await other == "other"
            assert (await asyncio.gather(given_up, held, return_exceptions=True))[0] is not None
            assert given_up.cancelled()
            assert held.cancelled()
            assert await db.read(bodies(notes)) == ["other"]  # it had not begun

    asyncio.run(run())


def test_close_finishes_what_was_asked_for(database: Opened, notes: Table) -> None:
    async def run() -> None:
        async with database() as db:
            gate = Gate()
            held = await gate.close(db)
            tasks = [asyncio.create_task(db.write(adds(notes, str(n)))) for n in range(3)]
            reading = asyncio.create_task(db.read(bodies(notes)))
            await db.read(lambda tx: None)
            closing = asyncio.create_task(db.close())
            gate.release()
            await closing
            assert [await task for task in tasks] == ["0", "1", "2"]
            assert set(await reading) <= {"0", "1", "2"}
            await held
            with pytest.raises(DatabaseClosed):
                await db.write(adds(notes, "late"))
            with pytest.raises(DatabaseClosed):
                await db.read(bodies(notes))
        async with database() as db:
            assert await db.read(bodies(notes)) == ["0", "1", "2"]

    asyncio.run(run())


def test_no_thread_and_no_file_is_left_after_close(
    database: Opened, notes: Table, tmp_path: Path
) -> None:
    async def run() -> None:
        async with database() as db:
            await asyncio.gather(*(db.read(bodies(notes)) for _ in range(8)))

    before = set(threading.enumerate())
    asyncio.run(run())
    gc.collect()  # a connection left open would warn here
    assert {t.name for t in set(threading.enumerate()) - before} == set()
    assert [path.name for path in tmp_path.iterdir()] == ["lambent.db"]


def test_a_read_is_a_snapshot(database: Opened, notes: Table) -> None:
    between, written = threading.Event(), threading.Event()

    def reads_twice(tx: Tx) -> tuple[int, int]:
        first = len(tx.all(select(notes)))
        between.set()
        assert written.wait(10)
        return first, len(tx.all(select(notes)))

    async def run() -> None:
        async with database() as db:
            reading = asyncio.create_task(db.read(reads_twice))
            assert await asyncio.to_thread(between.wait, 10)
            await db.write(adds(notes, "a"))
            written.set()
            assert await reading == (0, 0)
            assert await db.read(bodies(notes)) == ["a"]

    asyncio.run(run())


def test_a_read_cannot_write(database: Opened, notes: Table) -> None:
    async def run() -> None:
        async with database() as db:
            with pytest.raises(OperationalError, match="readonly"):
                await db.read(adds(notes, "a"))
            with pytest.raises(ReadOnlyTransaction):
                await db.read(lambda tx: tx.after_commit(print))
            assert await db.read(bodies(notes)) == []

    asyncio.run(run())


def test_rows_touched_are_counted(database: Opened, notes: Table) -> None:
    async def run() -> None:
        async with database() as db:
            several = [{"body": "a"}, {"body": "b"}, {"body": "c"}]
            assert await db.write(lambda tx: tx.execute(insert(notes), several)) == 3
            assert await db.write(lambda tx: tx.execute(notes.delete())) == 3
            assert await db.read(lambda tx: tx.one(select(notes))) is None

    asyncio.run(run())


def test_a_transaction_cannot_be_used_after_its_function_returned(
    database: Opened, notes: Table
) -> None:
    async def run() -> None:
        async with database() as db:
            leaked = await db.write(lambda tx: tx)
            with pytest.raises(Exception, match="thread"):
                leaked.execute(insert(notes).values(body="late"))
            assert await db.read(bodies(notes)) == []
            assert await db.write(adds(notes, "fine")) == "fine"

    asyncio.run(run())


def test_writes_are_durable_before_they_are_acknowledged(
    database: Opened, notes: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order within a batch: COMMIT has returned before any awaiter goes on."""
    committed: list[bool] = []
    real = batch.commit

    def slow(connection: Any, calls: Any) -> None:
        real(connection, calls)
        committed.append(not any(call.future.done() for call in calls))

    async def run() -> None:
        async with database() as db:
            monkeypatch.setattr("lambent.storage.writer.commit", slow)
            await db.write(adds(notes, "a"))
            values = [
                await db.write(asks(text(f"PRAGMA {name}")))
                for name in ("synchronous", "journal_mode", "foreign_keys")
            ]
            assert values == [[(2,)], [("wal",)], [(1,)]]

    asyncio.run(run())
    assert committed
    assert all(committed)
